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
import { newStore, inlineEngine, batchNode, node, rejection, workflowOf, type TestStore } from './harness.ts';

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

test('a phase that returns a promise is not taken to have blocked', async () => {
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

test('a cancelled run has the visit in it that it stood in; a live one has not yet', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], exec: () => later(clock, 1000) });
  const run = engine.start(workflowOf(work), newStore());
  await clock.advance(400);
  assert.deepEqual([run.report().nodes[0]?.wallMs, run.report().wallMs], [0, 400]);
  assert.deepEqual([run.report().analysis.wall.other, run.report().analysis.path], [400, []]);
  run.cancel();
  const error = await rejection(clock.until(run.result), RunCancelledError);
  assert.equal(error.report.nodes[0]?.wallMs, 400);
  assert.ok(!('analysis' in error.report), 'an error carries the sums');
  assert.equal(run.report().analysis.path[0]?.selfMs, 400);
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
