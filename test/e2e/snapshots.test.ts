/** `reads`: what an exec sees of the store, on threads and on the main thread. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import {
  batchNodeFor,
  createEngine,
  MemoryStore,
  nodeFor,
  RunFailedError,
  Workflow,
  type Engine,
  type Node,
  type RunReport,
} from '../../src/index.ts';
import { lookForMore, lookInStore, lookPerItem, waitThenLook, type Model } from '../fixtures/execs/sharing.ts';

interface Schema {
  model: Model;
  count: number;
  extra?: string;
  out: unknown;
}
type TestStore = MemoryStore<Schema>;
const node = nodeFor<TestStore>();
const batchNode = batchNodeFor<TestStore>();
const put = (store: TestStore, output: unknown): 'Done' => {
  store.put('out', output);
  return 'Done';
};

const modelOf = (name: string, size = 10): Model => ({ weights: new Float64Array(size).fill(0.5), names: [name] });
const storeOf = (model: Model): TestStore => new MemoryStore<Schema>({ model, count: 1 });

async function runOn(engine: Engine, work: Node<TestStore, 'Done', unknown>, store: TestStore): Promise<RunReport> {
  const workflow = new Workflow<'Work' | 'Done', TestStore>('test', 'Work')
    .registerNode('Work', work)
    .addExitStates('Done');
  return (await engine.start(workflow, store).result).report();
}

const threads = createEngine({ threads: 1 });
const inline = createEngine({ inline: true });
after(async () => {
  await threads.close();
  await inline.close();
});

const look = node({ name: 'look', outcomes: ['Done'], reads: ['model', 'count'], exec: lookInStore, post: put });

for (const [where, engine] of [
  ['a thread', threads],
  ['the main thread', inline],
] as const) {
  describe(`reads on ${where}`, () => {
    test('gives the keys as they are', async () => {
      const store = storeOf(modelOf('a'));
      await runOn(engine, look, store);
      assert.deepEqual((store.get('out') as { names: string[] }).names, ['a']);
    });

    test('gives the items of a batch the same value', async () => {
      const store = storeOf(modelOf('batch'));
      const work = batchNode({
        name: 'look',
        outcomes: ['Done'],
        reads: ['model'],
        prep: () => [0, 1, 2, 3, 4],
        exec: lookPerItem,
        post: put,
      });
      await runOn(engine, work, store);
      const seen = store.get('out') as { object: number; weight: number }[];
      assert.deepEqual([...new Set(seen.map(({ weight }) => weight))], [0.5]);
      assert.equal(new Set(seen.map(({ object }) => object)).size, 1);
    });

    test('leaves out a key that the store does not have', async () => {
      const work = node({ name: 'more', outcomes: ['Done'], reads: ['extra'], exec: lookForMore, post: put });
      const store = storeOf(modelOf('a'));
      await runOn(engine, work, store);
      assert.deepEqual(store.get('out'), [false, 'none']);
      store.put('extra', 'here');
      await runOn(engine, work, store);
      assert.deepEqual(store.get('out'), [true, 'here']);
    });

    test('fails without a retry when a key that must be there is missing', async () => {
      const store = new MemoryStore<Schema>({ count: 1 });
      await assert.rejects(runOn(engine, look, store), (error: unknown) => {
        assert.ok(error instanceof RunFailedError);
        assert.match(error.message, /the store has no key 'model' \(it holds 'count'\)/);
        assert.equal(error.report.nodes[0]?.attempts, 1);
        return true;
      });
    });
  });
}

test('a write during exec is not seen', async () => {
  let arrived!: () => void;
  let open!: () => void;
  const started = new Promise<void>((resolve) => (arrived = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  const gate = {
    open: async (): Promise<void> => {
      arrived();
      await opened;
    },
  };
  const engine = createEngine({ threads: 1, services: { gate } });
  const work = nodeFor<TestStore, { gate: typeof gate }>()({
    name: 'wait',
    outcomes: ['Done'],
    reads: ['model', 'count'],
    exec: waitThenLook,
    post: put,
  });
  const workflow = new Workflow<'Work' | 'Done', TestStore>('test', 'Work')
    .registerNode('Work', work)
    .addExitStates('Done');
  const store = storeOf(modelOf('before'));
  const run = engine.start(workflow, store);
  await started;
  store.put('model', modelOf('after'));
  store.put('count', 2);
  open();
  await run.result;
  assert.deepEqual(store.get('out'), { names: ['before'], count: 1 });
  await engine.close();
});

test('a value that has not changed is neither copied nor sent again, one that has is', async () => {
  const engine = createEngine({ threads: 1 });
  const store = storeOf(modelOf('same', 1_000_000));
  const objects: unknown[] = [];
  const bytes: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    if (round === 2) store.put('count', 7);
    if (round === 3) store.put('model', modelOf('other', 1_000_000));
    const report = await runOn(engine, look, store);
    const out = store.get('out') as { object: number; count: number };
    objects.push([out.object, out.count]);
    bytes.push(report.nodes[0]?.bytesIn ?? 0);
  }
  const [[first]] = objects as [[number]];
  assert.deepEqual(objects.slice(0, 3), [
    [first, 1],
    [first, 1],
    [first, 7],
  ]);
  assert.notEqual((objects[3] as number[])[0], first);
  for (const weight of bytes) assert.ok(weight < 500, `${weight} bytes for 8 MB that are shared`);
  await engine.close();
});

test('what a store held before another run is not taken for what it holds now', async () => {
  const model = { weights: new Float64Array(1), names: ['old'] };
  const first = storeOf(model);
  await runOn(threads, look, first);
  model.names[0] = 'new';
  const second = storeOf(model);
  await runOn(threads, look, second);
  assert.deepEqual((second.get('out') as { names: string[] }).names, ['new']);
});

describe('a store of the user', () => {
  class OwnStore {
    out: unknown;
    readonly model = modelOf('own');
    snapshot(keys: readonly string[]): { model: Model; count: number } {
      assert.deepEqual(keys, ['model', 'count']);
      return { model: this.model, count: 3 };
    }
  }

  test('is read through its snapshot', async () => {
    const work = nodeFor<OwnStore>()({
      name: 'look',
      outcomes: ['Done'],
      reads: ['model', 'count'],
      exec: lookInStore,
      post: (store, out) => {
        store.out = out;
        return 'Done';
      },
    });
    const workflow = new Workflow<'Work' | 'Done', OwnStore>('own', 'Work')
      .registerNode('Work', work)
      .addExitStates('Done');
    const store = new OwnStore();
    await threads.start(workflow, store).result;
    assert.deepEqual((store.out as { names: string[]; count: number }).names, ['own']);
  });

  test('is refused when it offers none, or one that is no object', async () => {
    const workflow = new Workflow<'Work' | 'Done', TestStore>('own', 'Work')
      .registerNode('Work', look)
      .addExitStates('Done');
    const cases = [
      [{}, /node 'look' reads model, count, and its store \(an object\) offers no snapshot\(keys\)/],
      [{ snapshot: () => 5 }, /snapshot\(\) of its store must return an object of values by key, got 5/],
    ] as const;
    for (const [store, message] of cases) {
      await assert.rejects(threads.start(workflow, store as unknown as TestStore).result, message);
    }
  });
});

test('an exec whose node reads nothing is told how to', async () => {
  const exec = lookInStore as unknown as typeof lookForMore;
  const work = node({ name: 'blind', outcomes: ['Done'], exec: exec as never, post: put });
  await assert.rejects(
    runOn(threads, work, storeOf(modelOf('a'))),
    /ctx\.store: the node of this exec reads nothing: name the keys in its option reads, such as reads: \['model'\]/,
  );
});

test('reads that are no keys are refused when the node is made', () => {
  for (const [reads, message] of [
    ['model', /node 'bad': reads must be a list of keys of the store, got 'model'/],
    [[5], /node 'bad': reads must be keys of the store, got 5 at index 0/],
  ] as const) {
    assert.throws(
      () => node({ name: 'bad', outcomes: ['Done'], reads: reads as never, exec: lookInStore as never, post: put }),
      message,
    );
  }
});
