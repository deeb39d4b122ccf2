/** What a run waits for: as data with exact numbers, and as a sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retry, type RunExplanation } from '../../../src/index.ts';
import { explainRun, type RunViews } from '../../../src/orchestrator/explain.ts';
import { batchNode, inlineEngine, newStore, node, workflowOf } from './harness.ts';

const views: RunViews = {
  run: { runId: 'r', workflow: 'w', status: 'running', state: 'S', visit: 2 },
  admission: undefined,
  visit: [],
  dispatch: { queued: 0, aheadByPriority: 0, aheadByShare: 0, inFlight: 0, threads: [] },
  threads: [],
};

const tell = (given: Partial<RunViews>): string => explainRun({ ...views, ...given }).text;
const rest = (text: string): string => text.replace("run 'r' of workflow 'w' is running in state 'S': ", '');

test('every reason has its sentence', () => {
  const dispatch = { queued: 0, aheadByPriority: 0, aheadByShare: 0, inFlight: 0, threads: [] };
  const busy = { busyMs: 1, inFlight: 1 };
  const cases: readonly [Partial<RunViews>, string][] = [
    [{}, 'it goes on at once'],
    [{ admission: { maxRuns: 8, waiting: 1, ahead: 1 } }, 'it waits for room (maxRuns: 8), 1 run ahead of it'],
    [{ admission: { maxRuns: 8, waiting: 0, ahead: 0 } }, 'it goes on at once'],
    [
      { visit: [{ kind: 'prep', node: 'n', forMs: 12.4 }] },
      "prep of 'n' has been running on the main thread for 12 ms",
    ],
    [{ visit: [{ kind: 'back_off', node: 'n', leftMs: 30_000 }] }, "'n' is tried again in 30.0 s"],
    [
      { visit: [{ kind: 'back_off', node: 'n', leftMs: 5, items: 2 }] },
      "2 items of 'n' are tried again, the first in 5 ms",
    ],
    [{ visit: [{ kind: 'source', node: 'n' }] }, "the source of 'n' has not given its next item"],
    [{ dispatch: { ...dispatch, inFlight: 2, threads: [0, 1] } }, '2 executions are with threads 0, 1'],
    [{ dispatch: { ...dispatch, inFlight: 1 } }, '1 execution is on the main thread'],
    [
      { visit: [{ kind: 'concurrency', node: 'n', limit: 2, executions: 3, ahead: 4 }] },
      "3 executions wait for node 'n' (concurrency: 2), behind 4 of other runs",
    ],
    [
      {
        dispatch: { ...dispatch, queued: 12, aheadByPriority: 3, aheadByShare: 5 },
        threads: [
          {
            ...busy,
            thread: 0,
            status: 'busy',
            execution: { runId: 'x', state: 'S', node: 'm', item: 7, runningMs: 12 },
          },
          { ...busy, thread: 1, status: 'idle' },
        ],
      },
      "12 executions wait for a thread, behind 3 of a higher priority and 5 by fair share; thread 0 executes 'm' (item 7) of " +
        "run 'x' for 12 ms; thread 1 is idle",
    ],
  ];
  for (const [given, text] of cases) assert.equal(rest(tell(given)), text);
});

const waitsOf = (explained: RunExplanation | undefined): RunExplanation['waitsFor'] | undefined => explained?.waitsFor;

test('a run that is not live is undefined', async () => {
  const { engine, clock } = inlineEngine();
  assert.equal(engine.explain('nobody'), undefined);
  const run = engine.start(workflowOf(node({ name: 'n', outcomes: ['Done'], exec: () => 1 })), newStore());
  assert.deepEqual(
    [engine.explain(run.id)?.status, engine.explain(run.id)?.visit, waitsOf(engine.explain(run.id))],
    ['pending', 0, []],
  );
  await clock.until(run.result);
  assert.equal(engine.explain(run.id), undefined);
});

test('its own code on the main thread: prep, exec, post', async () => {
  const { engine, clock } = inlineEngine();
  const steps: (() => void)[] = [];
  const wait = (): Promise<void> => new Promise((resolve) => steps.push(resolve));
  const work = node({
    name: 'slow',
    outcomes: ['Done'],
    prep: wait,
    exec: wait,
    post: async () => {
      await wait();
      return 'Done';
    },
  });
  const run = engine.start(workflowOf(work), newStore());
  for (const kind of ['prep', 'exec', 'post']) {
    await clock.flush();
    clock.pass(40);
    assert.deepEqual(waitsOf(engine.explain(run.id)), [{ kind, node: 'slow', forMs: 40 }]);
    steps.shift()?.();
  }
  await clock.until(run.result);
});

test('the back-off of a visit, and of items of a batch', async () => {
  const { engine, clock } = inlineEngine();
  const fails = (): never => {
    throw new Error('no');
  };
  const policy = { retry: retry.fixed({ retries: 1, delay: '10s' }) };
  const single = engine.start(
    workflowOf(node({ name: 'one', outcomes: ['Done'], exec: fails, ...policy })),
    newStore(),
  );
  const many = engine.start(
    workflowOf(batchNode({ name: 'many', outcomes: ['Done'], prep: () => [1, 2, 3], exec: fails, ...policy })),
    newStore(),
  );
  await clock.flush();
  clock.pass(4_000);
  assert.deepEqual(waitsOf(engine.explain(single.id)), [{ kind: 'back_off', node: 'one', leftMs: 6_000 }]);
  assert.equal(engine.explain(single.id)?.status, 'waiting');
  assert.deepEqual(waitsOf(engine.explain(many.id)), [{ kind: 'back_off', node: 'many', leftMs: 6_000, items: 3 }]);
  await clock.until(Promise.allSettled([single.result, many.result]));
});

test('an async source, and executions on the main thread', async () => {
  const { engine, clock } = inlineEngine();
  let end!: () => void;
  const forever = new Promise<void>((resolve) => (end = resolve));
  const source = async function* (): AsyncGenerator<number> {
    yield 1;
    await forever;
  };
  const run = engine.start(
    workflowOf(batchNode({ name: 'many', outcomes: ['Done'], prep: source, exec: () => forever })),
    newStore(),
  );
  await clock.advance(5);
  assert.deepEqual(waitsOf(engine.explain(run.id)), [
    { kind: 'source', node: 'many' },
    { kind: 'executions', executions: 1, threads: [] },
  ]);
  end();
  await clock.until(run.result);
});

test('the concurrency of a node, with who is ahead', async () => {
  const { engine, clock } = inlineEngine();
  const ends: (() => void)[] = [];
  const work = node({
    name: 'narrow',
    outcomes: ['Done'],
    exec: () => new Promise<void>((resolve) => ends.push(resolve)),
    concurrency: 1,
  });
  const runs = [0, 0, 0, 1].map((priority) => engine.start(workflowOf(work), newStore(), { priority }));
  await clock.flush();
  const at = (ahead: number): unknown => ({ kind: 'concurrency', node: 'narrow', limit: 1, executions: 1, ahead });
  assert.deepEqual(
    runs.map(({ id }) => waitsOf(engine.explain(id))),
    [[{ kind: 'executions', executions: 1, threads: [] }], [at(1)], [at(2)], [at(0)]],
  );
  for (const run of runs) run.cancel();
  await Promise.allSettled(runs.map(({ result }) => result));
});
