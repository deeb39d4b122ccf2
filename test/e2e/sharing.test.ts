/** Shared values on real threads: copied once, found wherever they stand, let go of when nobody holds them. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, describe, test } from 'node:test';
import {
  batchNodeFor,
  createEngine,
  MemoryStore,
  nodeFor,
  read,
  RunFailedError,
  share,
  shareMutable,
  Workflow,
  type BoundExec,
  type Engine,
  type ExecFinished,
  type Shared,
} from '../../src/index.ts';
import { dieAt, fill, giveBack, look, lookInCommon, lookInside, type Model } from '../fixtures/execs/sharing.ts';

const SIZE = 1_000_000;

function modelOf(name: string, size = SIZE): Shared<Model> {
  return share({ weights: new Float64Array(size).fill(1.5), names: [name, 'b', 'c'] });
}

/** Runs an exec once for each input, all of them as a batch or as runs of their own, and returns outputs and events. */
async function outputsOf<Input, Output>(
  engine: Engine,
  exec: BoundExec<Input, Output>,
  inputs: readonly Input[],
): Promise<{ readonly outputs: Output[]; readonly events: ExecFinished[] }> {
  const node = nodeFor<MemoryStore<{ input: Input; output: Output }>>()({
    name: 'work',
    outcomes: ['Done'],
    prep: (store) => store.get('input') as never,
    exec,
    post: (store, output) => {
      store.put('output', output);
      return 'Done';
    },
  });
  const workflow = new Workflow<'Work' | 'Done', MemoryStore<{ input: Input; output: Output }>>('one', 'Work')
    .registerNode('Work', node)
    .addExitStates('Done');
  const events: ExecFinished[] = [];
  const stores = inputs.map((input) => new MemoryStore<{ input: Input; output: Output }>({ input }));
  await Promise.all(
    stores.map(
      (store) =>
        engine.start(workflow, store, {
          onEvent: (event) => {
            if (event.type === 'exec.finished') events.push(event);
          },
        }).result,
    ),
  );
  return { outputs: stores.map((store) => store.get('output') as Output), events };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(1);
}

const engine = createEngine({ threads: 2 });
after(() => engine.close());

describe('a shared value', () => {
  test('is read in place, made once per thread, and weighs nothing on its way', async () => {
    const model = modelOf('big');
    const inputs = Array.from({ length: 40 }, (_value, at) => ({ model, at }));
    const { outputs, events } = await outputsOf(engine, look, inputs);
    assert.deepEqual(outputs[1], { thread: outputs[1]?.thread, object: outputs[1]?.object, weight: 1.5, name: 'b' });
    const objects = new Set(outputs.map(({ thread, object }) => `${thread}:${object}`));
    assert.equal(objects.size, new Set(outputs.map(({ thread }) => thread)).size, [...objects].join());
    assert.equal(events.length, 40);
    for (const { bytesIn } of events) assert.ok(bytesIn < 200, `${bytesIn} bytes`);
  });

  test('is still there when a lease has ended and the next begins', async () => {
    const one = createEngine({ threads: 1 });
    const model = modelOf('kept');
    const first = await outputsOf(one, look, [{ model, at: 0 }]);
    await until(() => one.stats().threads[0]?.status === 'off');
    const second = await outputsOf(one, look, [{ model, at: 0 }]);
    assert.deepEqual(second.outputs, first.outputs);
    await one.close();
  });

  test('can be the common value of a batch', async () => {
    const model = modelOf('common');
    const node = batchNodeFor<MemoryStore<{ out: { object: number; weight: number | undefined }[] }>>()({
      name: 'work',
      outcomes: ['Done'],
      prep: () => ({ items: Array.from({ length: 50 }, (_value, at) => at), common: { model } }),
      exec: lookInCommon,
      post: (store, out) => {
        store.put('out', out);
        return 'Done';
      },
    });
    const workflow = new Workflow<
      'Work' | 'Done',
      MemoryStore<{ out: { object: number; weight: number | undefined }[] }>
    >('batch', 'Work')
      .registerNode('Work', node)
      .addExitStates('Done');
    const store = new MemoryStore<{ out: { object: number; weight: number | undefined }[] }>();
    const { report } = await engine.start(workflow, store).result;
    assert.ok(store.get('out').every(({ weight }) => weight === 1.5));
    assert.ok((report().nodes[0]?.bytesIn ?? 0) < 20_000, `${report().nodes[0]?.bytesIn} bytes`);
  });

  test('can stand inside another one', async () => {
    const outer = share({ models: [modelOf('first', 10), modelOf('second', 10)] });
    const { outputs } = await outputsOf(engine, lookInside, [outer]);
    assert.deepEqual(outputs, [['first,b,c', 'second,b,c']]);
  });

  test('can be read when it comes back in a result', async () => {
    const model = modelOf('back', 10);
    const { outputs } = await outputsOf(engine, giveBack, [model]);
    assert.equal(read((outputs[0] as { model: Shared<Model> }).model), read(model));
  });

  test('reaches the thread that replaces one that died', async () => {
    const model = modelOf('survivor');
    const inputs = Array.from({ length: 12 }, (_value, at) => ({ model, die: at % 4 === 0 }));
    const { outputs } = await outputsOf(engine, dieAt, inputs);
    assert.deepEqual(
      outputs.map(({ names }) => names),
      inputs.map(() => 'survivor,b,c'),
    );
  });

  test('is sent again when a thread had no room to keep it', async () => {
    const tight = createEngine({ threads: 1, sharedCacheMb: 0 });
    const models = [modelOf('a', 10), modelOf('b', 10), modelOf('c', 10)];
    const inputs = Array.from({ length: 60 }, (_value, at) => ({ model: models[at % 3] as Shared<Model>, at: 0 }));
    const { outputs, events } = await outputsOf(tight, look, inputs);
    assert.deepEqual(
      outputs.map(({ name }) => name),
      inputs.map((_input, at) => 'abc'[at % 3]),
    );
    assert.ok(events.every(({ attempt }) => attempt === 1));
    await tight.close();
  });

  test('is read on the main thread as well', async () => {
    const inline = createEngine({ inline: true });
    const { outputs } = await outputsOf(inline, look, [{ model: modelOf('inline', 10), at: 0 }]);
    assert.equal(outputs[0]?.name, 'inline');
    await inline.close();
  });

  test('is refused as a param', async () => {
    const exec = { ...look, key: `${look.key}#params`, params: { model: modelOf('p', 10) } } as unknown as typeof look;
    await assert.rejects(outputsOf(engine, exec, [{ model: modelOf('p', 10), at: 0 }]), (error: unknown) => {
      assert.ok(error instanceof RunFailedError);
      assert.match((error.cause as Error).message, /params of exec 'look' hold a shared value/);
      return true;
    });
  });

  test('may be written to by all threads when it was shared for that', async () => {
    const cells = shareMutable(new Int32Array(1_000));
    const inputs = Array.from({ length: 10 }, (_value, at) => ({ cells, from: at * 100, to: at * 100 + 100 }));
    await outputsOf(engine, fill, inputs);
    assert.ok(read(cells).every((cell) => cell > 0));
  });

  test('is let go of by everybody when nobody holds it any more', async () => {
    const rss = (): number => process.memoryUsage().rss / 2 ** 20;
    const [count, megabytes] = [80, 16];
    const before = rss();
    let most = before;
    for (let round = 0; round < count; round += 1) {
      const model = modelOf(`model ${round}`, (megabytes * 2 ** 20) / Float64Array.BYTES_PER_ELEMENT);
      const { outputs } = await outputsOf(engine, look, [
        { model, at: 0 },
        { model, at: 1 },
      ]);
      assert.equal(outputs[0]?.name, `model ${round}`);
      most = Math.max(most, rss());
    }
    // Held by one side alone they would come to count × megabytes, 1,280 MiB.
    assert.ok(most - before < 640, `from ${before.toFixed(0)} to ${most.toFixed(0)} MiB`);
  });
});
