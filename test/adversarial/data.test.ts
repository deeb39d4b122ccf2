/** What crosses threads and what cannot. Cases of facts/threads.md §7: 6 to 12, 38. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  batchNodeFor,
  createEngine,
  MemoryStore,
  NotCloneableError,
  Workflow,
  type BoundExec,
  type Engine,
} from '../../src/index.ts';
import { act, type Act } from '../fixtures/execs/acts.ts';
import { keyed, reuseObject, reuseView } from '../fixtures/execs/resources.ts';
import { failure, Innocents, launch, perform, performAll, watchedEngine, within } from '../support/faults.ts';

async function ok(engine: Engine, what: Act): Promise<unknown> {
  return within(perform(engine, what).value, what.kind);
}

async function batchOf<Item>(
  engine: Engine,
  exec: BoundExec<Item, unknown>,
  items: readonly Item[],
): Promise<unknown[]> {
  const node = batchNodeFor<MemoryStore<{ output: unknown[] }>>();
  const workflow = new Workflow<'Work' | 'Done', MemoryStore<{ output: unknown[] }>>('b', 'Work')
    .registerNode(
      'Work',
      node({
        name: 'b',
        outcomes: ['Done'],
        prep: () => items,
        exec,
        post: (store, output) => (store.put('output', output), 'Done'),
      }),
    )
    .addExitStates('Done');
  const store = new MemoryStore<{ output: unknown[] }>();
  await within(engine.start(workflow, store).result, 'the batch');
  return [...store.get('output')];
}

describe('results that cannot be cloned', () => {
  const cases: readonly [string, string][] = [
    ['function', ''],
    ['symbol', '.tag'],
    ['proxy', '.deep'],
    ['promise', '[1][0]'],
    ['weak', '.cache'],
    ['method', '.who.reveal'],
    ['getter', '.a.b'],
    ['nested', ".a[0].b.get('k').values[0].c"],
  ];

  it('fail their own execution, with the path, in a burst with 20 others', async () => {
    await using watched = watchedEngine();
    const { engine } = watched;
    const others = new Innocents(engine, 20, 0);
    const culprits = cases.map(([value]) => perform(engine, { kind: 'unclonable', value }));
    for (const [index, [value, path]] of cases.entries()) {
      const error = await failure(culprits[index] as never);
      assert.ok(error instanceof NotCloneableError, `${value}: ${String(error)}`);
      assert.equal(error.path, path);
      assert.ok(error.message.startsWith(`act: exec result${path === '' ? '' : ` ${path}`} is `), error.message);
      assert.equal(culprits[index]?.attempts(), 1, 'it is never retried');
    }
    await others.assertUnharmed();
    assert.deepEqual(watched.deaths(), []);
  });

  it('fail their own item of a chunk', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const acts = Array.from({ length: 60 }, (_value, id): Act =>
      id % 20 === 19 ? { kind: 'unclonable', value: 'nested' } : { kind: 'value', value: id },
    );
    const ends = await within(performAll(watched.engine, acts).ends, 'the batch');
    for (const [index, end] of ends.entries()) {
      if (index % 20 === 19) assert.ok(!end.ok && (end.error as NotCloneableError).code === 'CANO_NOT_CLONEABLE');
      else assert.deepEqual(end, { ok: true, index, value: index });
    }
    assert.deepEqual(watched.deaths(), []);
  });
});

describe('inputs that cannot be cloned', () => {
  const throwing = {
    a: {
      get b(): never {
        throw new Error('no');
      },
    },
  };
  const inputs: readonly [unknown, string][] = [
    [{ deep: [() => 1] }, '.value.deep[0]'],
    [throwing, '.value.a.b'],
    [new Proxy({}, {}), '.value'],
    [new WeakMap(), '.value'],
  ];

  it('fail their own execution, with the path, in a burst with 20 others', async () => {
    await using watched = watchedEngine();
    const { engine } = watched;
    const before = new Innocents(engine, 10, 0);
    const culprits = inputs.map(([value]) => perform(engine, { kind: 'value', value }));
    const after = new Innocents(engine, 10, 0);
    for (const [index, [, path]] of inputs.entries()) {
      const error = await failure(culprits[index] as never);
      assert.ok(error instanceof NotCloneableError, String(error));
      assert.equal(error.path, path);
      assert.ok(error.message.startsWith(`work: exec input ${path} is `), error.message);
    }
    await before.assertUnharmed();
    await after.assertUnharmed();
    assert.deepEqual(watched.deaths(), []);
  });

  it('fail their own item of a chunk', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const acts = Array.from({ length: 60 }, (_value, id): Act => ({
      kind: 'value',
      value: id % 20 === 19 ? () => 1 : id,
    }));
    const ends = await within(performAll(watched.engine, acts).ends, 'the batch');
    for (const [index, end] of ends.entries()) {
      if (index % 20 === 19) assert.ok(!end.ok && (end.error as NotCloneableError).path === '.value');
      else assert.deepEqual(end, { ok: true, index, value: index });
    }
    assert.equal(watched.engine.stats().inFlight, 0);
  });

  // What takes so long has nothing behind it on its thread: when it is refused, no result comes that would call for the next.
  it('leave their thread to what waits, also when nothing else is on it', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    const before = perform(engine, { kind: 'block', ms: 20 });
    const culprit = perform(engine, { kind: 'block', ms: 20, value: () => 1 });
    const next = perform(engine, { kind: 'block', ms: 20 });
    await before.value;
    const error = await failure(culprit);
    assert.ok(error instanceof NotCloneableError, String(error));
    await within(next.value, 'what waits behind it');
  });

  it('fail with their params, before anything is sent', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const bad = keyed.with({ settings: { self: { f: () => 1 } } });
    const error = await failure(launch(watched.engine, bad, 1));
    assert.ok(error instanceof NotCloneableError);
    assert.equal(error.path, '.settings.self.f');
    assert.match(error.message, /^params of exec 'keyed' \.settings\.self\.f is the function f/);
    assert.deepEqual(watched.threadEvents, []);
  });

  it('fail with their common value, and only that batch does', async () => {
    await using watched = watchedEngine();
    const { engine } = watched;
    const others = new Innocents(engine, 10, 0);
    const acts = Array.from({ length: 30 }, (): Act => ({ kind: 'value' }));
    const ends = await within(performAll(engine, acts, { counts: { f: () => 1 } as never }).ends, 'the batch');
    for (const end of ends) {
      assert.ok(!end.ok);
      assert.equal((end.error as NotCloneableError).path, '.f');
      assert.match((end.error as Error).message, /^work: common \.f is /);
    }
    await others.assertUnharmed();
    assert.equal(await ok(engine, { kind: 'value', value: 1 }), 1);
  });
});

describe('params', () => {
  it('tell resources apart however they differ, and share them when they are equal', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const made = async (settings: Parameters<typeof keyed.with>[0]['settings']): Promise<Record<string, unknown>> =>
      (await within(launch(watched.engine, keyed.with({ settings: settings ?? {} }), 1).value, 'keyed')) as Record<
        string,
        unknown
      >;
    assert.equal((await made({ pattern: /a/ }))['pattern'], '/a/');
    assert.equal((await made({ pattern: /b/ }))['pattern'], '/b/');
    assert.equal((await made({ number: null }))['number'], 'null');
    assert.equal((await made({ number: Number.NaN }))['number'], 'NaN');
    const cyclic: { self?: object } = {};
    cyclic.self = cyclic;
    assert.equal((await made(cyclic))['number'], 'undefined');
    for (const first of [1, 2]) {
      const shared = new SharedArrayBuffer(4);
      new Uint8Array(shared)[0] = first;
      assert.equal((await made({ shared }))['first'], first);
    }
    assert.deepEqual(watched.deaths(), []);
  });
});

describe('what is thrown', () => {
  it('arrives as it was, or as its description', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    const thrown = async (value: string): Promise<unknown> => failure(perform(engine, { kind: 'throw', value }));
    const subclass = (await thrown('subclass')) as RangeError & { code: string; details: unknown };
    assert.ok(subclass instanceof RangeError);
    assert.deepEqual([subclass.message, subclass.code, subclass.details], ['out of range', 'E_MINE', { row: 7 }]);
    const aggregate = (await thrown('aggregate')) as AggregateError;
    assert.deepEqual(aggregate.errors.map(String), ['Error: one', 'TypeError: two']);
    const cycle = (await thrown('cycle')) as Error;
    assert.equal((cycle.cause as Error).message, 'inner');
    assert.equal((cycle.cause as Error).cause, '[Circular]');
    assert.equal(await thrown('string'), 'just text');
    assert.equal(await thrown('undefined'), undefined);
    assert.equal(await thrown('null'), null);
    assert.equal(((await thrown('frozen')) as Error).message, 'frozen');
    assert.ok((await thrown('getter')) instanceof Error);
    const rich = (await thrown('props')) as Error & { note: string };
    assert.deepEqual([rich.message, rich.note, 'socket' in rich, 'retry' in rich], ['rich', 'kept', false, false]);
    assert.match(String(await failure(perform(engine, { kind: 'overflow' }))), /RangeError: Maximum call stack/);
    assert.deepEqual(watched.deaths(), []);
  });
});

describe('buffers', () => {
  it('carry what they show, in both directions', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    const secret = Buffer.from('SECRET of a neighbour');
    const pooled = Buffer.from('abc');
    assert.ok(pooled.buffer.byteLength > 1_000);
    assert.equal(await ok(engine, { kind: 'backing', value: pooled }), 3);
    const slab = Buffer.from((await ok(engine, { kind: 'slab', value: pooled })) as Uint8Array);
    assert.ok(!slab.includes('SECRET'));
    assert.equal(secret.toString(), 'SECRET of a neighbour');
    const back = (await ok(engine, { kind: 'value', value: new Uint8Array(1_000).subarray(1, 3) })) as Uint8Array;
    assert.equal(back.buffer.byteLength, 2);
  });

  it('of 1 MB go in and of 64 MB come out, and small ones do not wait behind them', async () => {
    await using watched = watchedEngine();
    const { engine } = watched;
    const input = new Uint8Array(1 << 20).map((_value, index) => index);
    const large = Array.from({ length: 8 }, () => perform(engine, { kind: 'value', value: input }));
    const others = new Innocents(engine, 20, 0);
    for (const { value } of large) assert.deepEqual(await within(value, '1 MB'), input);
    const result = (await ok(engine, { kind: 'bytes', ms: 64 << 20 })) as Uint8Array;
    assert.equal(result.byteLength, 64 << 20);
    assert.deepEqual([result[0], result.at(-1)], [7, 7]);
    await others.assertUnharmed();
  });

  it('in shared memory are seen by both sides', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const counts = new SharedArrayBuffer(4);
    const waiting = perform(watched.engine, { kind: 'busy', ms: 20, id: 0, counts });
    while (Atomics.load(new Int32Array(counts), 0) === 0) await new Promise((resolve) => setImmediate(resolve));
    await within(waiting.value, 'the exec');
  });
});

describe('a result is what it was when exec returned', () => {
  const items = Array.from({ length: 300 }, (_value, index) => index);

  it('when exec gives back the same typed array each time', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const results = (await batchOf(watched.engine, reuseView, items)) as Float32Array[];
    assert.deepEqual(
      results.map((one) => one[0]),
      items,
    );
  });

  it('when exec gives back the same object each time', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const results = (await batchOf(watched.engine, reuseObject, items)) as { n: number; inner: { list: number[] } }[];
    assert.deepEqual(
      results.map(({ n, inner }) => [n, inner.list[0]]),
      items.map((n) => [n, n]),
    );
  });

  it('when many executions of one node are in flight', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const runs = items.map((n) => launch(watched.engine, reuseView, n));
    const results = await within(Promise.all(runs.map(async ({ value }) => value)), 'the runs');
    assert.deepEqual(
      results.map((one) => (one as Float32Array)[0]),
      items,
    );
  });
});

it('a thread exec needs no engine of its own', () => {
  assert.throws(() => createEngine({ threads: 0 }), { code: 'CANO_INVALID_OPTION' });
  assert.equal(act.name, 'act');
});
