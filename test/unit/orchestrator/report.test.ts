/** The sums that a run's report is made of: who was waited for, for how long, and what blocked the main thread. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  branchFor,
  createEngine,
  join,
  retry,
  RunCancelledError,
  Workflow,
  type AnalysedReport,
} from '../../../src/index.ts';
import type { Clock } from '../../../src/core/clock.ts';
import type { JoinRule } from '../../../src/core/join.ts';
import { cheap } from '../../fixtures/execs/cheap.ts';
import type { Execution, ItemEnd } from '../../../src/dispatch/execution.ts';
import {
  batchNode,
  Bench,
  FakeDispatcher,
  inlineEngine,
  newStore,
  node,
  rejection,
  workflowOf,
  type TestStore,
} from './harness.ts';

const branch = branchFor<TestStore>();

const later = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(() => resolve(), ms));

const sumOf = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

test('a visit is booked from its entry to its outcome, by phases, and by what blocked', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: () => clock.pass(5),
    exec: () => later(clock, 30),
    post: () => {
      clock.pass(2);
      return 'Done' as const;
    },
  });
  const { report } = await clock.until(engine.start(workflowOf(work), newStore()).result);
  const [{ kind, wallMs, pathMs, prepMs, execMs, inlineMs, postMs, blockedMs, longestMs } = assert.fail('no row')] =
    report().nodes;
  assert.deepEqual(
    { kind, wallMs, pathMs, prepMs, execMs, inlineMs, postMs, blockedMs, longestMs },
    {
      kind: 'node',
      wallMs: 37,
      pathMs: 37,
      prepMs: 5,
      execMs: 30,
      inlineMs: 30,
      postMs: 2,
      blockedMs: 7,
      longestMs: 30,
    },
  );
  assert.equal(report().threads, 0);
});

test('what a phase waits for is not taken to have blocked', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: () => later(clock, 40),
    exec: () => clock.pass(3),
    post: async () => {
      await later(clock, 20);
      return 'Done' as const;
    },
  });
  const { report } = await clock.until(engine.start(workflowOf(work), newStore()).result);
  const [{ wallMs, prepMs, postMs, blockedMs } = assert.fail('no row')] = report().nodes;
  assert.deepEqual([wallMs, prepMs, postMs, blockedMs], [63, 40, 20, 3]);
});

test('an exec that returns no promise blocks; its retries and back-off belong to the visit', async () => {
  const { engine, clock } = inlineEngine();
  let attempts = 0;
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    exec: () => {
      attempts += 1;
      clock.pass(attempts * 10);
      if (attempts === 1) throw new Error('once');
    },
    retry: retry.fixed({ retries: 1, delay: 100 }),
  });
  const { report } = await clock.until(engine.start(workflowOf(work), newStore()).result);
  const [{ wallMs, execMs, backoffMs, blockedMs, longestMs } = assert.fail('no row')] = report().nodes;
  assert.deepEqual([wallMs, execMs, backoffMs, blockedMs, longestMs], [130, 30, 100, 30, 20]);
});

test('what ran on threads is not inline, and blocks nothing', async () => {
  await using engine = createEngine({ threads: 1 });
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: () => ({ xy: new Float64Array(1), name: 'a' }),
    exec: cheap,
  });
  const { report } = await engine.start(workflowOf(work), newStore()).result;
  const [{ inlineMs, execMs } = assert.fail('no row')] = report().nodes;
  assert.deepEqual([inlineMs, report().threads], [0, 1]);
  assert.equal(sumOf(report().threadMs), execMs);
});

/** Runs a split whose branches take so long, and gives the time that each was waited for. */
async function pathOf(
  times: Readonly<Record<string, number>>,
  rule: JoinRule,
  concurrency?: number,
): Promise<{ readonly report: AnalysedReport; readonly path: Record<string, number> }> {
  const { engine, clock } = inlineEngine();
  const branches = Object.fromEntries(
    Object.entries(times).map(([name, ms]) => [name, branch({ exec: () => later(clock, ms) })]),
  );
  const workflow = new Workflow<'Race' | 'Done', TestStore>('race', 'Race')
    .registerSplit('Race', {
      branches,
      join: rule,
      outcomes: 'Done',
      post: () => 'Done' as const,
      ...(concurrency === undefined ? {} : { concurrency }),
    })
    .addExitStates('Done');
  const { report } = (await clock.until(engine.start(workflow as never, newStore()).result)) as {
    report: () => AnalysedReport;
  };
  const rows = report().nodes.filter(({ branch: of }) => of !== undefined);
  return { report: report(), path: Object.fromEntries(rows.map(({ branch: of, pathMs }) => [of, pathMs])) };
}

test('a split hangs on the branch that decides its join', async () => {
  assert.deepEqual((await pathOf({ a: 10, b: 30, c: 20 }, join.all())).path, { a: 0, b: 30, c: 0 });
  assert.deepEqual((await pathOf({ a: 40, b: 30, c: 20 }, join.atLeast(2))).path, { a: 0, b: 30, c: 0 });
  const { report, path } = await pathOf({ a: 40, b: 30, c: 20 }, join.any());
  assert.deepEqual(path, { a: 0, b: 0, c: 20 });
  assert.deepEqual([report.nodes[0]?.kind, report.nodes[0]?.wallMs, report.nodes[0]?.pathMs], ['split', 20, 20]);
});

test('branches that wait for a place hang on those that had it', async () => {
  assert.deepEqual((await pathOf({ a: 10, b: 30, c: 20 }, join.all(), 1)).path, { a: 10, b: 30, c: 20 });
  // a ends at 10 and gives its place to c, which ends at 60; b ends at 30 and lets d start, which ends at 35.
  const { path } = await pathOf({ a: 10, b: 30, c: 50, d: 5 }, join.all(), 2);
  assert.deepEqual(path, { a: 10, b: 0, c: 50, d: 0 });
});

test('a join that is decided by time hangs on no branch', async () => {
  const { report, path } = await pathOf({ a: 10, b: 900 }, join.all({ settle: true, deadline: 100 }));
  assert.deepEqual(path, { a: 0, b: 0 });
  assert.deepEqual(
    report.analysis.path.map(({ state, branch: of, selfMs }) => [state, of, selfMs]),
    [['Race', undefined, 100]],
  );
});

test('a state that holds a sub-workflow has the time of the visits in it', async () => {
  const { engine, clock } = inlineEngine();
  const child = new Workflow<'One' | 'Two' | 'End', TestStore>('child', 'One')
    .registerNode('One', node({ name: 'one', outcomes: ['Two'], exec: () => later(clock, 30) }))
    .registerNode('Two', node({ name: 'two', outcomes: ['End'], exec: () => later(clock, 12) }))
    .addExitStates('End');
  const parent = new Workflow<'Hold' | 'Done', TestStore>('parent', 'Hold')
    .registerWorkflow('Hold', child, {
      store: (store) => {
        clock.pass(3);
        return store;
      },
      routes: { End: 'Done' },
    })
    .addExitStates('Done');
  const { report } = await clock.until(engine.start(parent, newStore()).result);
  assert.deepEqual(
    report().nodes.map(({ state, kind, wallMs }) => [state, kind, wallMs]),
    [
      ['Hold', 'workflow', 45],
      ['Hold/One', 'node', 30],
      ['Hold/Two', 'node', 12],
    ],
  );
  const { path, wall } = report().analysis;
  assert.deepEqual(
    path.map(({ selfMs }) => selfMs),
    [3, 30, 12],
  );
  assert.deepEqual([wall.main, wall.other], [45, 0]);
});

test('of a run under way, visits are counted up to now, and figures about its threads are not there', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], prep: () => clock.pass(50), exec: () => later(clock, 1000) });
  const run = engine.start(workflowOf(work), newStore());
  await clock.advance(400);
  const [{ wallMs, pathMs, prepMs, visits } = assert.fail('no row')] = run.report().nodes;
  assert.deepEqual([wallMs, pathMs, prepMs, visits, run.report().wallMs], [400, 400, 50, 1, 400]);
  const { wall, path, efficiency, speedUp, serialFraction, advice } = run.report().analysis;
  assert.deepEqual([wall.main, wall.other, path.map(({ selfMs }) => selfMs)], [50, 350, [400]]);
  assert.deepEqual([efficiency, speedUp, serialFraction, advice], [undefined, undefined, undefined, []]);
  run.cancel();
  const error = await rejection(clock.until(run.result), RunCancelledError);
  assert.equal(error.report.nodes[0]?.wallMs, 400);
  assert.ok(!('analysis' in error.report), 'an error carries the sums');
  assert.equal(run.report().analysis.path[0]?.selfMs, 400);
});

test('a visit under way is counted once: in the state that holds it, too, and not any more when it is over', async () => {
  const { engine, clock } = inlineEngine();
  const child = new Workflow<'One' | 'Two' | 'End', TestStore>('child', 'One')
    .registerNode('One', node({ name: 'one', outcomes: ['Two'], exec: () => later(clock, 30) }))
    .registerNode('Two', node({ name: 'two', outcomes: ['End'], exec: () => later(clock, 100) }))
    .addExitStates('End');
  const parent = new Workflow<'Hold' | 'After' | 'Done', TestStore>('parent', 'Hold')
    .registerWorkflow('Hold', child, { store: (store) => store, routes: { End: 'After' } })
    .registerNode('After', node({ name: 'after', outcomes: ['Done'], exec: () => later(clock, 100) }))
    .addExitStates('Done');
  const run = engine.start(parent, newStore());
  const seen = (): unknown => run.report().nodes.map(({ state, wallMs }) => [state, wallMs]);
  await clock.advance(40);
  assert.deepEqual(seen(), [
    ['Hold', 40],
    ['Hold/One', 30],
    ['Hold/Two', 10],
  ]);
  await clock.advance(100);
  assert.deepEqual(seen(), [
    ['Hold', 130],
    ['Hold/One', 30],
    ['Hold/Two', 100],
    ['After', 10],
  ]);
  await clock.until(run.result);
});

test('what blocked the main thread is known on every way to it, up to the promise that it returns', async () => {
  const { engine, clock } = inlineEngine();
  const half = async (): Promise<void> => {
    clock.pass(10);
    await later(clock, 7);
  };
  const outcomes = ['Done'] as const;
  const post = async (): Promise<'Done'> => {
    await half();
    return 'Done';
  };
  const blocked = async (work: Parameters<typeof workflowOf>[0]): Promise<readonly number[]> => {
    const { report } = await clock.until(engine.start(workflowOf(work), newStore()).result);
    const [{ blockedMs, feedMs, wallMs } = assert.fail('no row')] = report().nodes;
    assert.equal(report().analysis.wall.main, wallMs, 'all of it was on the main thread');
    return [blockedMs, feedMs];
  };
  assert.deepEqual(await blocked(node({ name: 'n', outcomes, prep: half, exec: half, post })), [30, 0]);
  assert.deepEqual(await blocked(node({ name: 'n', outcomes, exec: half, timeout: '1h' })), [10, 0]);
  assert.deepEqual(await blocked(node({ name: 'n', outcomes, exec: () => clock.pass(5), concurrency: 1 })), [5, 0]);
  const items = batchNode({ name: 'n', outcomes, prep: () => [1, 2, 3], exec: () => clock.pass(4) });
  assert.deepEqual(await blocked(items), [12, 0]);
  const fed = batchNode({
    name: 'n',
    outcomes,
    prep: function* () {
      for (let item = 0; item < 3; item += 1) yield clock.pass(6);
    },
    exec: () => clock.pass(1),
    reduce: { initial: () => 0, step: (sum) => (clock.pass(2), sum + 1) },
  });
  assert.deepEqual(await blocked(fed), [3 * (6 + 1 + 2), 3 * (6 + 2)]);
  let tries = 0;
  const throws = node({
    name: 'n',
    outcomes,
    prep: () => {
      clock.pass(3);
      tries += 1;
      if (tries === 1) throw new Error('once');
    },
    exec: () => {},
    retry: retry.fixed({ retries: 1, delay: 0 }),
  });
  assert.deepEqual(await blocked(throws), [6, 0]);
});

test('a run that waits for room has waited, and has done nothing else meanwhile', async () => {
  const { engine, clock } = inlineEngine({ maxRuns: 1, whenFull: 'wait' });
  const work = node({ name: 'work', outcomes: ['Done'], exec: () => later(clock, 100) });
  const [first, second, third] = [1, 2, 3].map(() => engine.start(workflowOf(work), newStore()));
  if (first === undefined || second === undefined || third === undefined) return assert.fail('three runs');
  await clock.advance(60);
  assert.deepEqual([second.report().pendingMs, second.report().wallMs], [60, 60]);
  third.cancel();
  await rejection(clock.until(third.result), RunCancelledError);
  assert.deepEqual([third.report().pendingMs, third.report().analysis.wall.pending], [60, 60]);
  await clock.until(second.result);
  assert.deepEqual([first.report().pendingMs, second.report().pendingMs, second.report().wallMs], [0, 100, 200]);
  assert.deepEqual([second.report().analysis.wall.pending, second.report().analysis.wall.other], [100, 0]);
});

/** Has an execution end as a thread would: what it did lay between these times. */
function endOnThread(
  dispatcher: FakeDispatcher,
  execution: Execution,
  outcome: ItemEnd['outcome'],
  [startedAt, endedAt]: readonly [number, number],
): void {
  execution.thread = 0;
  const [value, error] = outcome === 'ok' ? [1, undefined] : [undefined, new Error(outcome)];
  dispatcher.settle(execution, { outcome, value, error, startedAt, endedAt });
}

test('what a branch does after its split is over is lost, and at its end the run waits for it', async () => {
  const dispatcher = new FakeDispatcher(2);
  dispatcher.settlesAtCancel = false;
  const bench = new Bench(dispatcher);
  const { clock } = bench;
  const slow = branch({ exec: () => 1, timeout: '1m' });
  const workflow = new Workflow<'Race' | 'Next' | 'Done', TestStore>('race', 'Race')
    .registerSplit('Race', {
      branches: { short: slow, endless: slow },
      join: join.any(),
      outcomes: 'Next',
      post: () => 'Next' as const,
    })
    .registerNode('Next', node({ name: 'next', outcomes: ['Done'], exec: () => later(clock, 40) }))
    .addExitStates('Done');
  const run = bench.start(workflow, newStore());
  const since = clock.now();
  await clock.advance(100);
  const [short, endless] = dispatcher.open as [Execution, Execution];
  endOnThread(dispatcher, short, 'ok', [since, since + 100]);
  await clock.advance(500);
  assert.deepEqual([run.isOver, run.report().stoppingMs, run.report().analysis.wall.stopping], [false, 460, 460]);
  await clock.advance(500);
  endOnThread(dispatcher, endless, 'cancelled', [since, since + 1100]);
  await run.result;
  const { wallMs, stoppingMs, nodes, analysis } = run.report();
  assert.deepEqual(
    [wallMs, stoppingMs, nodes.map(({ lostMs, overrunMs }) => [lostMs, overrunMs])],
    [
      1100,
      960,
      [
        [0, 0],
        [0, 0],
        [1000, 0],
        [0, 0],
      ],
    ],
  );
  const { full, uneven, main, stopping, other } = analysis.wall;
  assert.deepEqual([full, uneven, main, stopping, other], [100, 0, 40, 960, 0]);
  assert.deepEqual(analysis.threadTime, { execMs: 200, stoppedMs: 1000, copyMs: 0, idleMs: 1000 });
  assert.deepEqual(
    analysis.path.map(({ state, branch: of, isStopping, selfMs, busyThreads }) => [
      state,
      of,
      isStopping,
      selfMs,
      busyThreads,
    ]),
    [
      ['Race', 'short', undefined, 100, 2],
      ['Next', undefined, undefined, 40, 0],
      ['Race', 'endless', true, 960, 0],
    ],
  );
});

test('what an execution does after its timeout, or after its batch has failed, has its visit wait', async () => {
  const dispatcher = new FakeDispatcher(2);
  dispatcher.settlesAtCancel = false;
  const bench = new Bench(dispatcher);
  const { clock } = bench;
  const overrun = async (
    work: Parameters<typeof workflowOf>[0],
    act: (since: number, open: readonly Execution[]) => void,
  ): Promise<readonly unknown[]> => {
    const run = bench.start(workflowOf(work), newStore());
    const since = clock.now();
    await clock.advance(1200);
    act(since, [...dispatcher.open]);
    await clock.until(run.result.catch(() => {}));
    const { nodes, analysis } = run.report();
    return [nodes[0]?.overrunMs, nodes[0]?.lostMs, analysis.wall.stopping];
  };
  const timed = node({ name: 'n', outcomes: ['Done'], exec: () => 1, timeout: 200, retry: retry.none() });
  assert.deepEqual(
    await overrun(timed, (since, [execution]) =>
      endOnThread(dispatcher, execution as Execution, 'timeout', [since, since + 1200]),
    ),
    [1000, 0, 1000],
  );
  const inTime = node({ name: 'n', outcomes: ['Done'], exec: () => 1, timeout: '1h' });
  assert.deepEqual(
    await overrun(inTime, (since, [execution]) =>
      endOnThread(dispatcher, execution as Execution, 'ok', [since, since + 1200]),
    ),
    [0, 0, 0],
  );
  const items = batchNode({ name: 'n', outcomes: ['Done'], prep: () => [1, 2], exec: () => 1, retry: retry.none() });
  assert.deepEqual(
    await overrun(items, (since, [one, other]) => {
      endOnThread(dispatcher, one as Execution, 'error', [since, since + 1200]);
      clock.pass(300);
      endOnThread(dispatcher, other as Execution, 'cancelled', [since, since + 1500]);
    }),
    [300, 0, 300],
  );
});

test('the report of a result is worked out anew at every call, and nobody can spoil it', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], exec: () => later(clock, 10) });
  const result = await clock.until(engine.start(workflowOf(work), newStore()).result);
  const [first, second] = [result.report(), result.report()];
  assert.notEqual(first, second);
  (first.nodes[0] ?? assert.fail('no row')).execMs = 1e9;
  assert.equal(result.report().nodes[0]?.execMs, 10);
  assert.deepEqual(JSON.parse(JSON.stringify(second)).analysis.threads, 0);
});

test('whatever the phases take, they add up', async () => {
  const ms = fc.integer({ min: 0, max: 50 });
  const states = fc.array(fc.record({ prep: ms, exec: ms, post: ms, isBatch: fc.boolean(), isAsync: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(states, async (times) => {
      const { engine, clock } = inlineEngine();
      let workflow = new Workflow<string, TestStore>('law', 'S0') as never as {
        registerNode: (...args: unknown[]) => never;
        addExitStates: (...args: unknown[]) => never;
      };
      times.forEach(({ prep, exec, post, isBatch, isAsync }, index) => {
        const next = `S${index + 1}`;
        const doExec = (): unknown => (isAsync ? later(clock, exec) : clock.pass(exec));
        const phases = {
          name: `n${index}`,
          outcomes: [next],
          prep: () => {
            clock.pass(prep);
            return [1, 2, 3];
          },
          exec: doExec,
          post: () => {
            clock.pass(post);
            return next;
          },
        };
        workflow = workflow.registerNode(`S${index}`, isBatch ? batchNode(phases as never) : node(phases as never));
      });
      const whole = workflow.addExitStates(`S${times.length}`);
      const { report } = (await clock.until(engine.start(whole, newStore() as never).result)) as {
        report: () => AnalysedReport;
      };
      const { wallMs, nodes, analysis } = report();
      assert.equal(sumOf(nodes.map((each) => each.wallMs)), wallMs);
      assert.equal(sumOf(Object.values(analysis.wall)), wallMs);
      assert.equal(sumOf(analysis.path.map(({ selfMs }) => selfMs)), wallMs);
      assert.deepEqual(
        nodes.map(({ prepMs, postMs }) => [prepMs, postMs]),
        times.map(({ prep, post }) => [prep, post]),
      );
    }),
    { numRuns: 40 },
  );
});

test('post may ask what its run has done so far; the report may be taken off its context', async () => {
  const { engine, clock } = inlineEngine();
  let seen: readonly number[] = [];
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    exec: () => later(clock, 30),
    post: (_store, _result, { report }) => {
      const { wallMs, nodes, status } = report();
      seen = [wallMs, nodes.length, nodes[0]?.execMs ?? -1];
      assert.equal(status, 'running');
      return 'Done' as const;
    },
  });
  await clock.until(engine.start(workflowOf(work), newStore()).result);
  assert.deepEqual(seen, [30, 1, 30]);
});
