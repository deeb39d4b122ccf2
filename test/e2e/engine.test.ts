/** The engine on real threads: batches, limits, stopping, several engines at once. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import {
  batchNodeFor,
  createEngine,
  defaultEngine,
  MemoryStore,
  nodeFor,
  retry,
  RunCancelledError,
  RunFailedError,
  Workflow,
  type Node,
} from '../../src/index.ts';
import { crowd, obedient, spin, whoami } from '../fixtures/engine/execs.ts';
import { assertStream } from '../unit/orchestrator/event-shape.ts';
import { rejection, startAndListen } from '../unit/orchestrator/harness.ts';

interface Schema {
  n: number;
  out: unknown;
}
type TestStore = MemoryStore<Schema>;
const node = nodeFor<TestStore>();
const batchNode = batchNodeFor<TestStore>();

const engine = createEngine({ threads: 2, grace: 100 });
after(() => engine.close());

type One = Workflow<'Work' | 'Done', TestStore, never, 'Done'>;

function workflowOf(work: Node<TestStore, 'Done', unknown>): One {
  return new Workflow<'Work' | 'Done', TestStore>('test', 'Work').registerNode('Work', work).addExitStates('Done');
}

const put = (store: TestStore, output: unknown): 'Done' => {
  store.put('out', output);
  return 'Done';
};
const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

test('a node without an exec of its own file runs on a thread and its result comes back', async () => {
  const store = new MemoryStore<Schema>({ n: 4 });
  const work = node({
    name: 'spin',
    outcomes: ['Done'],
    prep: (s) => ({ n: s.get('n') }),
    exec: spin,
    post: put,
  });
  const { run, events } = startAndListen(engine, workflowOf(work), store);
  const { report } = await run.result;
  assert.equal(store.get('out'), 40);
  assertStream(events);
  assert.equal(report().nodes[0]?.attempts, 1);
  assert.equal(report().threadMs.length > 0, true);
});

test('thousands of items: in input order, each with its own identity, `common` and params', async () => {
  const store = new MemoryStore<Schema>();
  const count = 5_000;
  const work = batchNode({
    name: 'whoami',
    outcomes: ['Done'],
    prep: () => ({ items: upTo(count), common: { tag: 'shared' } }),
    exec: whoami.with({ base: 7 }),
    post: put,
  });
  const { run, events } = startAndListen(engine, workflowOf(work), store, { runId: 'mine' });
  const { report } = await run.result;
  assert.deepEqual(
    store.get('out'),
    upTo(count).map((n) => ({ n, runId: 'mine', visit: 1, item: n, attempt: 1, tag: 'shared', base: 7 })),
  );
  assertStream(events);
  assert.deepEqual([report().nodes[0]?.executions, report().nodes[0]?.attempts], [count, count]);
});

test('random costs, failures and sources: the results do not depend on them', async () => {
  const plan = fc.record({
    items: fc.array(fc.record({ ms: fc.constantFrom(0, 0, 0, 1, 4), fails: fc.constantFrom(0, 0, 0, 1, 2, 3) }), {
      maxLength: 60,
    }),
    source: fc.constantFrom('array', 'generator', 'async generator'),
    retries: fc.nat({ max: 2 }),
    concurrency: fc.constantFrom(undefined, 1, 3),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ items, source, retries, concurrency }) => {
      const inputs = items.map(({ ms, fails }, n) => ({ n, ms, fails }));
      const sources = {
        array: () => inputs,
        generator: () => inputs.values(),
        'async generator': async function* () {
          for (const input of inputs) {
            if (input.n % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
            yield input;
          }
        },
      };
      const work = batchNode({
        name: 'spin',
        outcomes: ['Done'],
        prep: () => sources[source as 'array'](),
        exec: spin,
        retry: retry.fixed({ retries }),
        onItemError: 'collect',
        post: (store, results) => {
          store.put(
            'out',
            results.map((result) => (result.ok ? result.value : (result.error as Error).message)),
          );
          return 'Done';
        },
        ...(concurrency === undefined ? {} : { concurrency }),
      });
      const store = new MemoryStore<Schema>();
      const { run, events } = startAndListen(engine, workflowOf(work), store);
      const { report } = await run.result;
      assert.deepEqual(
        store.get('out'),
        inputs.map(({ n, fails }) => (fails > retries ? `item ${n} fails ${retries + 1}` : n * 10)),
      );
      assert.equal(
        report().nodes[0]?.retries ?? 0,
        inputs.reduce((sum, { fails }) => sum + Math.min(fails, retries), 0),
      );
      assertStream(events);
    }),
    { numRuns: 25 },
  );
});

test('reduce folds a hundred thousand results of a generator in order', async () => {
  const store = new MemoryStore<Schema>();
  const count = 100_000;
  let ahead = 0;
  let pulled = 0;
  function* numbers(): Generator<{ n: number }> {
    for (let n = 0; n < count; n += 1) {
      pulled += 1;
      yield { n };
    }
  }
  const work = batchNode({
    name: 'spin',
    outcomes: ['Done'],
    prep: numbers,
    exec: spin,
    reduce: {
      initial: () => 0,
      step: (sum: number, output: number, index) => {
        assert.equal(output, index * 10);
        ahead = Math.max(ahead, pulled - index);
        return sum + output;
      },
    },
    post: put,
  });
  await engine.start(workflowOf(work), store).result;
  assert.equal(store.get('out'), (count * (count - 1) * 10) / 2);
  assert.ok(ahead <= 50_001, `the source was ${ahead} items ahead`);
});

test('concurrency holds on threads over all runs of the engine', async () => {
  const inside = new Int32Array(new SharedArrayBuffer(8));
  const work = batchNode({
    name: 'crowd',
    outcomes: ['Done'],
    prep: () => ({ items: upTo(12), common: { inside, ms: 2 } }),
    exec: crowd,
    concurrency: 1,
  });
  await Promise.all(upTo(3).map(() => engine.start(workflowOf(work), new MemoryStore<Schema>()).result));
  assert.deepEqual([inside[0], inside[1]], [0, 1]);
});

test('an item that fails for good stops the others; the engine goes on', async () => {
  const work = batchNode({
    name: 'whoami',
    outcomes: ['Done'],
    prep: () => ({ items: upTo(400).map((n) => (n === 137 ? -1 : n)), common: { tag: '' } }),
    exec: whoami,
  });
  const error = await rejection(engine.start(workflowOf(work), new MemoryStore<Schema>()).result, RunFailedError);
  assert.match(error.message, /exec of node 'whoami' \(item 137\) failed: negative: -1/);
  assert.deepEqual([error.where.item, error.where.attempt], [137, 1]);
  assert.equal((error.cause as { code?: string }).code, 'CANO_NON_RETRYABLE');
  const { inFlight, queued } = engine.stats();
  assert.deepEqual([inFlight, queued], [0, 0]);
});

test('a spinning batch is cancelled softly, whatever of it runs, waits or is not pulled yet', async () => {
  let isClosed = false;
  function* endless(): Generator<number> {
    try {
      for (let n = 0; ; n += 1) yield n;
    } finally {
      isClosed = true;
    }
  }
  const work = batchNode({ name: 'obedient', outcomes: ['Done'], prep: endless, exec: obedient });
  const { run, events } = startAndListen(engine, workflowOf(work), new MemoryStore<Schema>());
  for await (const event of run.events()) if (event.type === 'progress') break;
  run.cancel('enough');
  const error = await rejection(run.result, RunCancelledError);
  assert.equal(error.cause, 'enough');
  assert.ok(isClosed);
  assertStream(events);
  const finished = events.filter(({ type }) => type === 'exec.finished');
  assert.ok(finished.length > 0);
  assert.ok(finished.every((event) => event.type === 'exec.finished' && event.outcome === 'cancelled'));
  assert.deepEqual([engine.stats().inFlight, engine.stats().queued, engine.stats().runs], [0, 0, 0]);
});

test('a run times out while its exec spins; the engine runs the next workflow', async () => {
  const work = node({ name: 'obedient', outcomes: ['Done'], prep: () => 1, exec: obedient });
  const run = engine.start(workflowOf(work), new MemoryStore<Schema>(), { timeout: 200 });
  await assert.rejects(run.result, { code: 'CANO_RUN_TIMED_OUT' });
  assert.equal(run.status, 'timed_out');
  const next = node({ name: 'spin', outcomes: ['Done'], prep: () => ({ n: 1 }), exec: spin });
  await engine.start(workflowOf(next), new MemoryStore<Schema>()).result;
});

test('two engines at once do not disturb each other', async () => {
  const work = batchNode({
    name: 'spin',
    outcomes: ['Done'],
    prep: (store: TestStore) => upTo(50).map((i) => ({ n: store.get('n') + i })),
    exec: spin,
    post: put,
  });
  const workflow = workflowOf(work);
  await using first = createEngine({ threads: 1, name: 'first' });
  await using second = createEngine({ threads: 1, name: 'second' });
  const stores = upTo(6).map((n) => new MemoryStore<Schema>({ n: n * 1_000 }));
  await Promise.all(stores.map((store, i) => (i % 2 === 0 ? first : second).start(workflow, store).result));
  for (const [i, store] of stores.entries())
    assert.deepEqual(
      store.get('out'),
      upTo(50).map((j) => (i * 1_000 + j) * 10),
    );
});

test('a thousand runs of one workflow at once share the threads', async () => {
  const work = node({ name: 'spin', outcomes: ['Done'], prep: (s) => ({ n: s.get('n') }), exec: spin, post: put });
  const workflow = workflowOf(work);
  const stores = upTo(1_000).map((n) => new MemoryStore<Schema>({ n }));
  const results = await Promise.all(stores.map((store) => engine.start(workflow, store).result));
  assert.equal(new Set(results.map(({ runId }) => runId)).size, 1_000);
  assert.ok(stores.every((store, n) => store.get('out') === n * 10));
});

test('orchestrate uses the engine of the process, or the one it is given', async () => {
  const seen: string[] = [];
  const local = createEngine({ inline: true, name: 'local', onEvent: ({ type }) => seen.push(type) });
  const work = node({ name: 'pass', outcomes: ['Done'], exec: () => 1 });
  const workflow = workflowOf(work);
  const { state } = await workflow.orchestrate(new MemoryStore<Schema>());
  assert.equal(state, 'Done');
  assert.deepEqual(seen, []);
  assert.equal(defaultEngine(), defaultEngine());
  await workflow.orchestrate(new MemoryStore<Schema>(), { engine: local });
  assert.equal(seen.at(-1), 'run.finished');
  await local.close();
});

test('close waits for executions on threads, then cancels what is left', async () => {
  const closing = createEngine({ threads: 1, grace: 50 });
  const workflow = workflowOf(node({ name: 'spin', outcomes: ['Done'], prep: () => ({ n: 1, ms: 30 }), exec: spin }));
  const good = closing.start(workflow, new MemoryStore<Schema>());
  await closing.close();
  assert.equal(good.status, 'completed');

  const impatient = createEngine({ threads: 1, grace: 50 });
  const endless = workflowOf(node({ name: 'obedient', outcomes: ['Done'], prep: () => 1, exec: obedient }));
  const bad = impatient.start(endless, new MemoryStore<Schema>());
  for await (const event of bad.events()) if (event.type === 'progress') break;
  await impatient.close({ timeout: 20 });
  const error = await rejection(bad.result, RunCancelledError);
  assert.equal((error.cause as { code?: string }).code, 'CANO_ENGINE_CLOSED');
});
