/** One run: its life, its end, its limits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  InvalidOptionError,
  InvalidWorkflowError,
  NonRetryableError,
  retry,
  RunError,
  RunFailedError,
  Workflow,
  type Node,
  type Run,
} from '../../../src/index.ts';
import {
  inlineEngine,
  newStore,
  node,
  ofType,
  rejection,
  startAndListen,
  workflowOf,
  type TestStore,
} from './harness.ts';

const pass = node({ name: 'pass', outcomes: ['Done'], exec: () => 1 });

/** A workflow that goes round in one state until `n` reaches `limit`. */
function countTo(limit: number): Workflow<'Work' | 'Done', TestStore, never, 'Done'> {
  const count = node({
    name: 'count',
    outcomes: ['Work', 'Done'],
    prep: (store) => store.get('n'),
    exec: (n) => n + 1,
    post: (store, n) => {
      store.put('n', n);
      return n >= limit ? 'Done' : 'Work';
    },
  });
  return new Workflow<'Work' | 'Done', TestStore>('count', 'Work').registerNode('Work', count).addExitStates('Done');
}

test('a run is pending until the next microtask, then running, waiting in a back-off, completed at its exit state', async () => {
  const { engine, clock } = inlineEngine();
  let fails = true;
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    exec: async () => {
      if (fails) throw new Error('once');
      await Promise.resolve();
    },
    retry: retry.fixed({ retries: 1, delay: 500 }),
  });
  const run = engine.start(workflowOf(work), newStore());
  assert.deepEqual([run.status, run.state], ['pending', 'Work']);
  await Promise.resolve();
  assert.equal(run.status, 'running');
  await clock.flush();
  assert.equal(run.status, 'waiting');
  assert.equal(run.report().status, 'waiting');
  assert.deepEqual(engine.runs(), [run]);
  fails = false;
  await clock.advance(500);
  assert.deepEqual([run.status, run.state], ['completed', 'Done']);
  assert.deepEqual(engine.runs(), []);
  const { state, runId, report } = await run.result;
  assert.deepEqual([state, runId, report().status], ['Done', run.id, 'completed']);
  assert.deepEqual(report(), run.report());
});

test('the report counts while the run goes on and stands still after it', async () => {
  const { engine, clock } = inlineEngine();
  let go: () => void = assert.fail;
  const slow = node({
    name: 'slow',
    outcomes: ['Done'],
    exec: () => new Promise<void>((resolve) => (go = resolve)),
  });
  const run = engine.start(workflowOf(slow), newStore());
  await clock.advance(40);
  assert.deepEqual([run.report().wallMs, run.report().nodes[0]?.visits, run.report().transitions], [40, 1, 0]);
  go();
  await clock.until(run.result);
  const { report } = await run.result;
  assert.deepEqual([report().wallMs, report().busyThreads, report().transitions, report().threadMs], [40, 1, 1, []]);
  await clock.advance(1_000);
  assert.deepEqual(run.report(), report());
});

test('a failed run names workflow, state, node, phase and attempts; it has the cause, where and the report', async () => {
  const { engine, clock } = inlineEngine();
  const cause = new Error('disk full');
  const first = node({ name: 'first', outcomes: ['Second'], exec: () => 1 });
  const second = node({
    name: 'second',
    outcomes: ['Done'],
    exec: () => {
      throw cause;
    },
    retry: retry.fixed({ retries: 2 }),
  });
  const workflow = new Workflow<'First' | 'Second' | 'Done', TestStore>('etl', 'First')
    .registerNode('First', first)
    .registerNode('Second', second)
    .addExitStates('Done');
  const run = engine.start(workflow, newStore(), { runId: 'r1' });
  const error = await rejection(clock.until(run.result), RunFailedError);
  assert.equal(
    error.message,
    "workflow 'etl' failed in state 'Second': exec of node 'second' failed after 3 attempts: disk full",
  );
  assert.equal(error.code, 'CANO_RUN_FAILED');
  assert.equal(error.name, 'RunFailedError');
  assert.equal(error.cause, cause);
  assert.deepEqual(error.where, {
    workflow: 'etl',
    runId: 'r1',
    state: 'Second',
    visit: 2,
    node: 'second',
    attempt: 3,
  });
  assert.deepEqual([error.runId, error.state], ['r1', 'Second']);
  assert.equal(error.report.status, 'failed');
  assert.equal(error.report.transitions, 1);
  assert.deepEqual(
    error.report.nodes.map(({ state, visits, failures }) => [state, visits, failures]),
    [
      ['First', 1, 0],
      ['Second', 1, 1],
    ],
  );
  assert.ok(error instanceof RunError);
  assert.deepEqual([run.status, run.state], ['failed', 'Second']);
});

test('one attempt is not counted in the message', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: () => {
      throw new NonRetryableError('at once');
    },
    exec: () => 1,
  });
  const error = await rejection(clock.until(engine.start(workflowOf(work), newStore()).result), RunFailedError);
  assert.equal(error.message, "workflow 'test' failed in state 'Work': prep of node 'work' failed: at once");
});

test('maxTransitions fails a run that needs more, and no other', async () => {
  const { engine, clock } = inlineEngine();
  const start = (maxTransitions: number): Run => engine.start(countTo(10), newStore({ n: 0 }), { maxTransitions });
  assert.equal((await clock.until(start(10).result)).state, 'Done');
  const error = await rejection(clock.until(start(9).result), RunFailedError);
  assert.match(error.message, /the run took maxTransitions \(9\) without reaching an exit state/);
  assert.equal((error.cause as { code?: string }).code, 'CANO_MAX_TRANSITIONS');
  assert.equal(error.report.transitions, 9);
  assert.equal(error.report.nodes[0]?.visits, 9);
});

test('100,000 transitions warn once and go on', async () => {
  const { engine, clock } = inlineEngine();
  const { run, events } = startAndListen(engine, countTo(100_002), newStore({ n: 0 }));
  const { report } = await clock.until(run.result);
  assert.equal(report().transitions, 100_002);
  const warnings = ofType(events, 'warning');
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['many_transitions'],
  );
  assert.match(warnings[0]?.message ?? '', /100000 transitions/);
  const transitions = ofType(events, 'transition');
  assert.ok((warnings[0]?.seq ?? 0) > (transitions[99_999]?.seq ?? Infinity));
  assert.ok((warnings[0]?.seq ?? 0) < (transitions[100_000]?.seq ?? 0));
});

test('a run of purely sync nodes lets timers run and can be cancelled', async () => {
  const { engine } = inlineEngine();
  const endless = countTo(Infinity);
  let turns = 0;
  const run = engine.start(endless, newStore({ n: 0 }));
  const turn = (): void => {
    turns += 1;
    if (turns === 5) run.cancel();
    else setImmediate(turn);
  };
  setImmediate(turn);
  await assert.rejects(run.result, { code: 'CANO_RUN_CANCELLED' });
  assert.equal(turns, 5);
  assert.ok(run.report().transitions > 512, `${run.report().transitions} transitions`);
});

test('two sync runs take turns', async () => {
  const { engine } = inlineEngine();
  const workflow = countTo(5_000);
  const states: number[] = [];
  const runs = [1, 2].map((id) => engine.start(workflow, newStore({ n: 0 }), { runId: `r${id}` }));
  let isOver = false;
  const look = (): void => {
    if (isOver) return;
    states.push(runs.filter(({ status }) => status === 'running').length);
    setImmediate(look);
  };
  setImmediate(look);
  await Promise.all(runs.map(({ result }) => result));
  isOver = true;
  assert.ok(states.filter((running) => running === 2).length > 3, String(states));
});

test('an id in use is refused, and free again the moment the result is there', async () => {
  const { engine, clock } = inlineEngine();
  const first = engine.start(workflowOf(pass), newStore(), { runId: 'same' });
  assert.throws(() => engine.start(workflowOf(pass), newStore(), { runId: 'same' }), {
    code: 'CANO_INVALID_OPTION',
    message: /runId 'same' belongs to a run that is still live/,
  });
  assert.equal(engine.runs().length, 1);
  await first.result;
  assert.equal(engine.cancel('same'), false);
  assert.equal(engine.stats().runs, 0);
  const again = engine.start(workflowOf(pass), newStore(), { runId: 'same' });
  assert.equal((await clock.until(again.result)).runId, 'same');
});

test('a listener of run.finished may start the next run under the same id', async () => {
  const { engine, clock } = inlineEngine();
  const next = new Promise<Run>((resolve) => {
    engine.start(workflowOf(pass), newStore(), {
      runId: 'same',
      onEvent: ({ type }) => {
        if (type === 'run.finished') resolve(engine.start(workflowOf(pass), newStore(), { runId: 'same' }));
      },
    });
  });
  assert.equal((await clock.until((await clock.until(next)).result)).runId, 'same');
});

test('ids are of version 7 and sort by time', () => {
  const { engine, clock } = inlineEngine();
  const ids = Array.from({ length: 50 }, () => {
    clock.pass(1);
    return engine.start(workflowOf(pass), newStore()).id;
  });
  assert.deepEqual(ids.toSorted(), ids);
  assert.equal(new Set(ids).size, 50);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

const badOptions: readonly [options: object, message: RegExp][] = [
  [{ signal: {} }, /run option signal must be an AbortSignal, got an object/],
  [{ runId: '' }, /run option runId must be a string that is not empty, got ''/],
  [{ runId: 7 }, /runId .* got 7/],
  [{ priority: Number.NaN }, /priority must be a number, got NaN/],
  [{ priority: '1' }, /priority must be a number, got '1'/],
  [{ onEvent: 'log' }, /onEvent must be a function, got 'log'/],
  [{ maxTransitions: 0 }, /maxTransitions must be an integer >= 1, got 0/],
  [{ maxTransitions: 1.5 }, /maxTransitions must be an integer >= 1, got 1.5/],
  [{ timeout: '5 s' }, /timeout of a run must be milliseconds >= 0 or a duration .* got '5 s'/],
  [{ timeout: -1 }, /timeout of a run .* got -1/],
  [{ timeout: 0 }, /run option timeout must be above 0, got 0/],
];

for (const [options, message] of badOptions) {
  test(`the option ${JSON.stringify(options)} is refused`, () => {
    const { engine } = inlineEngine();
    assert.throws(
      () => engine.start(workflowOf(pass), newStore(), options),
      (error) => error instanceof InvalidOptionError && message.test(error.message),
    );
    assert.deepEqual(engine.runs(), []);
  });
}

test('a workflow that does not hold together is refused at start', () => {
  const { engine } = inlineEngine();
  const open = new Workflow<'Work' | 'Done', TestStore>('open', 'Work').registerNode('Work', pass);
  assert.throws(() => engine.start(open as never, newStore() as never), InvalidWorkflowError);
  assert.deepEqual(engine.runs(), []);
});

test('a result that nobody looks at is no unhandled rejection, and is there for who looks late', async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  try {
    const { engine, clock } = inlineEngine();
    const bad: Node<TestStore, 'Done', unknown> = node({
      name: 'bad',
      outcomes: ['Done'],
      exec: async () => Promise.reject(new Error('x')),
      retry: retry.none(),
    });
    const runs = Array.from({ length: 3 }, () => engine.start(workflowOf(bad), newStore()));
    runs[1]?.cancel();
    await clock.flush(20);
    assert.deepEqual(unhandled, []);
    await assert.rejects(runs[0]?.result ?? assert.fail(), RunFailedError);
    await assert.rejects(runs[1]?.result ?? assert.fail(), { code: 'CANO_RUN_CANCELLED' });
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
});

test('routes lead outcomes to states, and win over a state of the same name', async () => {
  const { engine, clock } = inlineEngine();
  const choose = node({
    name: 'choose',
    outcomes: ['yes', 'Other'],
    exec: () => 1,
    post: (store) => (store.has('n') ? 'yes' : 'Other'),
  });
  const workflow = new Workflow<'Work' | 'Other' | 'Done', TestStore>('routes', 'Work')
    .registerNode('Work', choose, { yes: 'Other', Other: 'Done' })
    .addExitStates('Done', 'Other');
  assert.equal((await clock.until(engine.start(workflow, newStore({ n: 1 })).result)).state, 'Other');
  assert.equal((await clock.until(engine.start(workflow, newStore()).result)).state, 'Done');
});
