/** The concurrency limit of a node: one for all runs of an engine, single executions and batches alike. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Execution } from '../../../src/dispatch/execution.ts';
import { defineExec, retry, RunCancelledError, Workflow, type Node, type Run } from '../../../src/index.ts';
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

const onThread = defineExec(import.meta.url, { name: 'work', exec: (item: unknown) => item });

/** Counts who is inside at once. */
class Room {
  inside = 0;
  most = 0;
  readonly waiting: (() => void)[] = [];

  async enter(): Promise<void> {
    this.inside += 1;
    this.most = Math.max(this.most, this.inside);
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.inside -= 1;
  }
}

test('runs of one engine share the limit of a node, and are served in the order of their coming', async () => {
  const { engine, clock } = inlineEngine();
  const room = new Room();
  const order: number[] = [];
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: (store) => store.get('n'),
    exec: async (n) => {
      order.push(n);
      await room.enter();
    },
    concurrency: 3,
  });
  const runs = Array.from({ length: 20 }, (_, n) => engine.start(workflowOf(work), newStore({ n })));
  await clock.flush();
  assert.equal(room.inside, 3);
  while (room.waiting.length > 0) {
    room.waiting.shift()?.();
    await clock.flush();
  }
  await clock.until(Promise.all(runs.map(({ result }) => result)));
  assert.equal(room.most, 3);
  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, n) => n),
  );
});

test('another engine has a limit of its own, and so has another node', async () => {
  const room = new Room();
  const make = (): Node<TestStore, 'Done', unknown> =>
    node({ name: 'work', outcomes: ['Done'], exec: () => room.enter(), concurrency: 1 });
  const shared = make();
  const [a, b] = [inlineEngine(), inlineEngine()];
  a.engine.start(workflowOf(shared), newStore());
  b.engine.start(workflowOf(shared), newStore());
  a.engine.start(workflowOf(make()), newStore());
  a.engine.start(workflowOf(shared), newStore());
  await a.clock.flush();
  assert.equal(room.inside, 3);
});

test('two batches and single runs share a limit; none of them starves', async () => {
  const { engine, clock } = inlineEngine();
  let [inside, most] = [0, 0];
  const served: string[] = [];
  const exec = async (who: string): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    served.push(who);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  const batch = batchNode({
    name: 'batch',
    outcomes: ['Done'],
    prep: (store) => store.get('log'),
    exec: (who) => exec(who),
    concurrency: 2,
  });
  const started = ['a', 'b'].map((who) =>
    engine.start(workflowOf(batch), newStore({ log: Array.from({ length: 30 }, () => who) })),
  );
  await clock.flush(8);
  const late = engine.start(workflowOf(batch), newStore({ log: ['late'] }));
  await clock.until(late.result);
  assert.ok(served.length < 40, `it was served only after ${served.length} others`);
  await clock.until(Promise.all(started.map(({ result }) => result)));
  assert.equal(most, 2);
  assert.equal(served.length, 61);
  const half = served.slice(0, 30);
  assert.ok(half.filter((who) => who === 'a').length > 5 && half.filter((who) => who === 'b').length > 5);
});

test('a run that is cancelled while it waits for the limit ends at once and passes its place on', async () => {
  const { engine, clock } = inlineEngine();
  const room = new Room();
  const work = node({ name: 'work', outcomes: ['Done'], exec: () => room.enter(), concurrency: 1 });
  const [first, second, third] = [1, 2, 3].map(() => engine.start(workflowOf(work), newStore())) as [Run, Run, Run];
  await clock.flush();
  second.cancel();
  const error = await rejection(clock.until(second.result), RunCancelledError);
  assert.equal(error.report.nodes[0]?.attempts, 0);
  assert.equal(room.inside, 1);
  room.waiting.shift()?.();
  await clock.until(first.result);
  await clock.flush();
  assert.equal(room.inside, 1);
  room.waiting.shift()?.();
  await clock.until(third.result);
});

test('a place is given back when an attempt fails, and is not held during the back-off', async () => {
  const { engine, clock } = inlineEngine();
  let fails = true;
  const order: string[] = [];
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: (store) => store.get('n'),
    exec: (n) => {
      order.push(`run ${n}`);
      if (n === 1 && fails) {
        fails = false;
        throw new Error('once');
      }
    },
    concurrency: 1,
    retry: retry.fixed({ retries: 1, delay: '1m' }),
  });
  const runs = [1, 2].map((n) => engine.start(workflowOf(work), newStore({ n })));
  await clock.flush();
  assert.deepEqual(order, ['run 1', 'run 2']);
  await clock.until(Promise.all(runs.map(({ result }) => result)));
  assert.deepEqual(order, ['run 1', 'run 2', 'run 1']);
});

test('a chunk is divided only when its rest may run at once', () => {
  const dispatcher = new FakeDispatcher(4);
  const bench = new Bench(dispatcher);
  const batch = (concurrency: number | undefined): Node<TestStore, 'Done', unknown> =>
    batchNode({
      name: 'batch',
      outcomes: ['Done'],
      prep: () => Array.from({ length: 200 }, (_, i) => i),
      exec: onThread,
      ...(concurrency === undefined ? {} : { concurrency }),
    });
  const openOf = (run: Run): Execution[] => dispatcher.open.filter(({ request }) => request.runId === run.id);
  /** Works until the source has come to its end and a chunk of several items is still open, among `most` at most. */
  const warm = (run: Run, most: number): Execution => {
    for (;;) {
      const open = openOf(run);
      const large = open.find(({ items }) => items.length > 2);
      if (large !== undefined && open.length <= most) return large;
      const next = open.find((each) => each !== large);
      if (next === undefined) return assert.fail('it ended before');
      dispatcher.finish(next, () => dispatcher.ok(1, 0.1));
    }
  };
  const free = bench.start(workflowOf(batch(undefined)), newStore());
  const chunk = warm(free, 3);
  const before = openOf(free).length;
  const all = chunk.items;
  assert.equal(dispatcher.divide(chunk, 0), true);
  const rest = openOf(free).at(-1);
  assert.equal(openOf(free).length, before + 1);
  assert.deepEqual([...chunk.items, ...(rest?.items ?? [])], all);
  assert.deepEqual(rest?.indexAt(0), chunk.indexAt(0) + 1);

  const bound = bench.start(workflowOf(batch(2)), newStore());
  const full = warm(bound, 2);
  assert.equal(openOf(bound).length, 2);
  assert.equal(dispatcher.divide(full, 0), false);
  free.cancel();
  assert.equal(dispatcher.divide(rest ?? full, 0), false);
});

test('a batch that is cancelled takes back the chunks that wait, and gives back the places of the others', async () => {
  const dispatcher = new FakeDispatcher(4);
  const bench = new Bench(dispatcher);
  const work = batchNode({
    name: 'batch',
    outcomes: ['Done'],
    prep: () => Array.from({ length: 100 }, (_, i) => i),
    exec: onThread,
    concurrency: 2,
  });
  const [a, b] = [bench.start(workflowOf(work), newStore()), bench.start(workflowOf(work), newStore())];
  assert.equal(dispatcher.open.length, 2);
  const ofRun = (run: Run): number => dispatcher.open.filter(({ request }) => request.runId === run.id).length;
  assert.deepEqual([ofRun(a), ofRun(b)], [2, 0]);
  a.cancel();
  assert.deepEqual([ofRun(a), ofRun(b)], [0, 2]);
  assert.equal(dispatcher.cancelled.length, 2);
  b.cancel();
  await bench.clock.flush();
  assert.ok(a.isOver && b.isOver);
  assert.equal(bench.limitOf(work as never)?.holders, 0);
});

test('laws: whatever runs, fails and is cancelled, the limit holds, all end, and no place is lost', async () => {
  const plan = fc.record({
    limit: fc.integer({ min: 1, max: 3 }),
    threads: fc.integer({ min: 1, max: 3 }),
    runs: fc.array(
      fc.record({
        items: fc.option(fc.nat({ max: 12 })),
        cancelAt: fc.option(fc.nat({ max: 40 })),
        fails: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    choices: fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ limit, threads, runs, choices }) => {
      const dispatcher = new FakeDispatcher(threads);
      const bench = new Bench(dispatcher);
      const shared = {
        outcomes: ['Done'],
        exec: onThread,
        concurrency: limit,
        retry: retry.fixed({ retries: 1 }),
      } as const;
      const batch = batchNode({
        ...shared,
        name: 'batch',
        prep: (store: TestStore) => Array.from({ length: store.get('n') }, (_, i) => i),
      });
      const workflow = new Workflow<'Work' | 'Done', TestStore>('batch', 'Work')
        .registerNode('Work', batch)
        .addExitStates('Done');
      const started = runs.map(({ items }) => bench.start(workflow, newStore({ n: items ?? 1 })));
      for (let step = 0; started.some((run) => !run.isOver); step += 1) {
        for (const [i, { cancelAt }] of runs.entries()) if (cancelAt === step) started[i]?.cancel();
        assert.ok(dispatcher.open.length <= limit);
        assert.ok((bench.limitOf(batch as never)?.holders ?? 0) >= dispatcher.open.length);
        const choice = choices[step % choices.length] ?? 0;
        const execution = dispatcher.open[choice % Math.max(1, dispatcher.open.length)];
        if (execution !== undefined) {
          if (choice % 4 === 0) dispatcher.divide(execution, choice % 3);
          const isBad = choice % 5 === 0 && runs[Number(execution.request.runId.slice(4)) - 1]?.fails === true;
          dispatcher.settle(execution, isBad ? dispatcher.failed(new Error('x')) : dispatcher.ok(1));
        }
        if (choice % 3 === 0) await bench.clock.advance(0);
        else if (execution === undefined) await bench.clock.flush(1);
        assert.ok(step < 5_000, 'stuck');
      }
      await bench.clock.flush();
      assert.equal(bench.limitOf(batch as never)?.holders ?? 0, 0);
      await Promise.allSettled(started.map(({ result }) => result));
    }),
    { numRuns: 150 },
  );
});
