/** Batches: their sources, how far ahead they pull, their order, their failures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defineExec,
  NonRetryableError,
  retry,
  RunCancelledError,
  RunFailedError,
  type Node,
} from '../../../src/index.ts';
import {
  batchNode,
  Bench,
  FakeDispatcher,
  inlineEngine,
  newStore,
  ofType,
  rejection,
  startAndListen,
  workflowOf,
  type TestStore,
} from './harness.ts';

const onThread = defineExec(import.meta.url, { name: 'work', exec: (item: number) => item });

type Fields = Record<string, unknown>;

/** A batch over a source, with whatever else a test needs; post puts what it gets under 'out'. */
function batchOf(source: () => unknown, fields: Fields = {}): Node<TestStore, 'Done', unknown> {
  const spec = {
    name: 'batch',
    outcomes: ['Done'],
    prep: source,
    exec: (item: unknown) => item,
    post: (store: TestStore, output: unknown) => {
      store.put('out', output);
      return 'Done';
    },
    retry: retry.none(),
    ...fields,
  };
  return batchNode(spec as never) as never;
}

/** Runs a batch on the main thread and gives what post got. */
async function outputOf(source: () => unknown, fields?: Fields): Promise<unknown> {
  const { engine, clock } = inlineEngine();
  const store = newStore();
  await clock.until(engine.start(workflowOf(batchOf(source, fields)), store).result);
  return store.get('out');
}

async function failureOf(source: () => unknown, fields?: Fields): Promise<RunFailedError> {
  const { engine, clock } = inlineEngine();
  const { result } = engine.start(workflowOf(batchOf(source, fields)), newStore());
  return rejection(clock.until(result), RunFailedError);
}

/** A source that counts what is asked of it. */
function counted(length: number): {
  readonly source: Iterable<number>;
  readonly seen: { pulled: number; returned: number };
} {
  const seen = { pulled: 0, returned: 0 };
  const source: Iterable<number> = {
    [Symbol.iterator]: () => ({
      next: () => {
        if (seen.pulled >= length) return { value: undefined, done: true };
        seen.pulled += 1;
        return { value: seen.pulled - 1, done: false };
      },
      return: () => {
        seen.returned += 1;
        return { value: undefined, done: true };
      },
    }),
  };
  return { source, seen };
}

const sources: Record<string, readonly [make: () => unknown, expected: readonly unknown[]]> = {
  'an array': [() => ['a', 'b', 'c'], ['a', 'b', 'c']],
  'an empty array': [() => [], []],
  'an array with holes': [() => [1, , 3], [1, undefined, 3]], // oxlint-disable-line no-sparse-arrays
  'a Set': [() => new Set([3, 1, 2]), [3, 1, 2]],
  'a Map': [() => new Map([['k', 1]]), [['k', 1]]],
  'a typed array': [() => Float64Array.of(0.5, 1.5), [0.5, 1.5]],
  'a BigInt array': [() => BigInt64Array.of(1n, 2n), [1n, 2n]],
  'an iterator': [() => [1, 2].values(), [1, 2]],
  'a generator': [
    function* () {
      yield 1;
      yield 2;
    },
    [1, 2],
  ],
  'an async generator': [
    async function* () {
      yield 1;
      await Promise.resolve();
      yield 2;
    },
    [1, 2],
  ],
  'a promise of an array': [async () => [1, 2], [1, 2]],
  'items and common': [() => ({ items: [1, 2], common: 5 }), [1, 2]],
  'items without common': [() => ({ items: new Set([1]) }), [1]],
  'undefined items': [() => [undefined, undefined], [undefined, undefined]],
};

for (const [name, [make, expected]] of Object.entries(sources)) {
  test(`${name} is a source`, async () => {
    assert.deepEqual(await outputOf(make), expected);
  });
}

for (const [what, value] of [
  ["'abc'", 'abc'],
  ['undefined', undefined],
  ['null', null],
  ['5', 5],
  ['an object', {}],
  ['an object', { items: 'abc' }],
  ['an instance of DataView', new DataView(new ArrayBuffer(8))],
] as const) {
  test(`${JSON.stringify(value) ?? what} is refused as a source`, async () => {
    const error = await failureOf(() => value);
    assert.match(error.message, new RegExp(`must return an iterable of items, or \\{ items, common \\}, got ${what}`));
    assert.equal((error.cause as { code?: string }).code, 'CANO_INVALID_OPTION');
    if (value === 'abc') assert.match(error.message, /a string is refused/);
  });
}

test('the number of items is announced at the start when it is known, at the end when not, again when it was wrong', async () => {
  const sizes = async (make: () => unknown): Promise<number[]> => {
    const { engine, clock } = inlineEngine();
    const { run, events } = startAndListen(engine, workflowOf(batchOf(make)), newStore());
    await clock.until(run.result);
    const firstExec = events.findIndex(({ type }) => type === 'exec.finished');
    return ofType(events, 'batch.sized').map(({ items }, i) =>
      events.indexOf(ofType(events, 'batch.sized')[i]!) < firstExec ? items : -items,
    );
  };
  assert.deepEqual(await sizes(() => [1, 2, 3]), [3]);
  assert.deepEqual(await sizes(() => [1, 2, 3].values()), [-3]);
  const growing = [1, 2];
  const grow = (item: unknown): unknown => (item === 1 && growing.length === 2 ? growing.push(9) : item);
  assert.deepEqual(await outputOf(() => growing, { exec: grow, concurrency: 1 }), [3, 2, 9]);
});

test('the source is pulled only as far as chunks are open', async () => {
  const { source, seen } = counted(1_000);
  const dispatcher = new FakeDispatcher(2);
  const bench = new Bench(dispatcher);
  const run = bench.start(workflowOf(batchOf(() => source, { exec: onThread })), newStore());
  let settled = 0;
  let largest = 0;
  await bench.clock.flush();
  assert.equal(seen.pulled, 6);
  for (let execution = dispatcher.open[0]; execution !== undefined; execution = dispatcher.open[0]) {
    largest = Math.max(largest, ...dispatcher.open.map(({ items }) => items.length));
    assert.ok(dispatcher.open.length <= 6);
    assert.ok(seen.pulled - settled <= 6 * largest, `${seen.pulled - settled} items are ahead`);
    settled += execution.items.length;
    dispatcher.finish(execution, (item) => dispatcher.ok(item, 1));
  }
  await bench.clock.until(run.result);
  // 1 ms each: chunks of 10 ms.
  assert.equal(largest, 10);
  assert.deepEqual([seen.pulled, seen.returned, settled], [1_000, 0, 1_000]);
});

test('on the main thread 16 items are open, or as many as concurrency says', async () => {
  for (const [concurrency, expected] of [
    [undefined, 16],
    [3, 3],
    [40, 40],
  ] as const) {
    const { source, seen } = counted(100);
    let active = 0;
    let most = 0;
    const exec = async (item: unknown): Promise<unknown> => {
      active += 1;
      most = Math.max(most, active);
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(seen.pulled <= (item as number) + expected + 1);
      active -= 1;
      return item;
    };
    await outputOf(() => source, { exec, ...(concurrency === undefined ? {} : { concurrency }) });
    assert.equal(most, expected);
  }
});

test('concurrency on threads bounds the open chunks, and never widens them', () => {
  for (const [concurrency, expected] of [
    [1, 1],
    [4, 4],
    [500, 6],
  ] as const) {
    const dispatcher = new FakeDispatcher(2);
    new Bench(dispatcher).start(
      workflowOf(batchOf(() => counted(1_000).source, { exec: onThread, concurrency })),
      newStore(),
    );
    assert.equal(dispatcher.open.length, expected);
  }
});

test('reduce waits for an early item in bounded memory', async () => {
  const { source, seen } = counted(200_000);
  const dispatcher = new FakeDispatcher(2);
  const bench = new Bench(dispatcher);
  const reduce = { initial: () => 0, step: (sum: number, item: number) => sum + item };
  const store = newStore();
  const run = bench.start(workflowOf(batchOf(() => source, { exec: onThread, reduce })), store);
  const [first] = dispatcher.open;
  assert.ok(first !== undefined);
  for (;;) {
    const next = dispatcher.open.find((execution) => execution !== first);
    if (next === undefined) break;
    dispatcher.finish(next, (item) => dispatcher.ok(item, 0.001));
  }
  assert.ok(seen.pulled < 20_000 + 6 * 5_000 + 1, `${seen.pulled} items were pulled while the first one was not done`);
  dispatcher.finish(first, (item) => dispatcher.ok(item, 0.001));
  for (let next = dispatcher.open[0]; next !== undefined; next = dispatcher.open[0]) {
    dispatcher.finish(next, (item) => dispatcher.ok(item, 0.001));
  }
  await bench.clock.until(run.result);
  assert.equal(store.get('out'), (200_000 * 199_999) / 2);
});

test('items that wait for a retry are bounded too', async () => {
  const { source, seen } = counted(200_000);
  const dispatcher = new FakeDispatcher(2);
  const bench = new Bench(dispatcher);
  const fields = { exec: onThread, retry: retry.fixed({ retries: 1, delay: '1h' }) };
  bench.start(workflowOf(batchOf(() => source, fields)), newStore());
  for (let next = dispatcher.open[0]; next !== undefined; next = dispatcher.open[0]) {
    dispatcher.finish(next, () => dispatcher.failed(new Error('down'), 0.001));
  }
  assert.ok(seen.pulled > 20_000 && seen.pulled < 20_000 + 6 * 5_000, `${seen.pulled} items were pulled`);
});

test('an async source is asked for one item at a time, and what came is handed on at the latest after 5 ms', async () => {
  const { engine, clock } = inlineEngine();
  const gates: ((value: IteratorResult<number>) => void)[] = [];
  const slow: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise((resolve) => gates.push(resolve)) }),
  };
  const done: unknown[] = [];
  const store = newStore();
  const run = engine.start(workflowOf(batchOf(() => slow, { exec: (item: unknown) => done.push(item) })), store);
  await clock.flush();
  assert.equal(gates.length, 1);
  gates.shift()?.({ value: 7, done: false });
  await clock.advance(5);
  assert.deepEqual(done, [7]);
  assert.equal(gates.length, 1);
  gates.shift()?.({ value: 8, done: false });
  await clock.advance(5);
  gates.shift()?.({ value: undefined, done: true });
  await clock.until(run.result);
  assert.deepEqual(done, [7, 8]);
});

test('items of a source that stalls are not kept waiting for a full chunk', async () => {
  const dispatcher = new FakeDispatcher(1);
  const bench = new Bench(dispatcher);
  const queue: number[] = [];
  let wake: () => void = () => {};
  async function* stalling(): AsyncGenerator<number> {
    for (;;) {
      while (queue.length > 0) yield queue.shift() as number;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const push = async (...items: number[]): Promise<void> => {
    queue.push(...items);
    wake();
    await bench.clock.flush();
  };
  const run = bench.start(workflowOf(batchOf(stalling, { exec: onThread })), newStore());
  await push(0, 1, 2);
  assert.equal(dispatcher.open.length, 3);
  // The fourth is there before a chunk is free for it; when one is, chunks have grown, and the source has stalled.
  await push(3);
  const [first] = dispatcher.open;
  dispatcher.finish(first ?? assert.fail(), (item) => dispatcher.ok(item, 0.001));
  await bench.clock.flush();
  await bench.clock.advance(5);
  assert.ok(
    dispatcher.open.some(({ items }) => items.includes(3)),
    'item 3 waits for a full chunk',
  );
  run.cancel();
  await assert.rejects(bench.clock.until(run.result), RunCancelledError);
});

test('a source that throws fails the batch with its error, stops what is in flight and starts nothing more', async () => {
  for (const kind of ['sync', 'async'] as const) {
    const boom = new Error('the source is broken');
    const started: unknown[] = [];
    const signals: AbortSignal[] = [];
    const items = function* (): Generator<number> {
      yield 1;
      yield 2;
      throw boom;
    };
    const asyncItems = async function* (): AsyncGenerator<number> {
      yield 1;
      yield 2;
      await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
      throw boom;
    };
    const exec = async (item: unknown, ctx: { readonly signal: AbortSignal }): Promise<unknown> => {
      started.push(item);
      signals.push(ctx.signal);
      return new Promise(() => {});
    };
    const error = await failureOf(kind === 'sync' ? items : asyncItems, { exec });
    assert.equal(error.cause, boom);
    assert.equal(
      error.message,
      "workflow 'test' failed in state 'Work': exec of node 'batch' failed: the source is broken",
    );
    assert.equal(error.where.item, undefined);
    if (kind === 'async') assert.deepEqual(started, [1, 2]);
    assert.ok(signals.every(({ aborted }) => aborted));
  }
});

test('the items before a source threw are not started in the same breath', async () => {
  const dispatcher = new FakeDispatcher(1);
  const bench = new Bench(dispatcher);
  const submitted: unknown[] = [];
  dispatcher.onSubmit = ({ items }) => submitted.push(...items);
  function* source(): Generator<number> {
    for (let item = 0; item < 9; item += 1) yield item;
    throw new Error('broken');
  }
  const run = bench.start(workflowOf(batchOf(source, { exec: onThread })), newStore());
  assert.deepEqual(submitted, [0, 1, 2]);
  // From here on chunks have four items: three of the next one come before the throw.
  dispatcher.finish(dispatcher.open[0] ?? assert.fail(), (item) => dispatcher.ok(item, 0.1));
  dispatcher.finish(dispatcher.open.find(({ items }) => items.length === 1) ?? assert.fail(), (item) =>
    dispatcher.ok(item, 0.1),
  );
  await assert.rejects(bench.clock.until(run.result), RunFailedError);
  assert.deepEqual(submitted, [0, 1, 2, 3, 4, 5, 6]);
});

for (const reason of ['an item fails', 'the run is cancelled', 'reduce throws'] as const) {
  test(`a source is told that no more is pulled when ${reason}`, async () => {
    const { source, seen } = counted(1_000);
    const { engine, clock } = inlineEngine();
    const fails = reason === 'an item fails';
    const exec = async (item: number): Promise<number> => {
      if (fails && item === 3) throw new Error('item 3');
      return reason === 'the run is cancelled' ? new Promise(() => {}) : item;
    };
    const reduce = {
      initial: () => 0,
      step: (): number => {
        throw new Error('step');
      },
    };
    const work = batchOf(() => source, { exec, ...(reason === 'reduce throws' ? { reduce } : {}) });
    const run = engine.start(workflowOf(work), newStore());
    await clock.flush();
    if (reason === 'the run is cancelled') run.cancel();
    await assert.rejects(clock.until(run.result));
    assert.equal(seen.returned, 1);
    assert.ok(seen.pulled < 50);
  });
}

test('a source that throws when it is closed does not hide the error of the batch', async () => {
  const badReturns: readonly (() => unknown)[] = [
    () => {
      throw new Error('return throws');
    },
    () => Promise.reject(new Error('return rejects')),
    () => undefined,
  ];
  for (const badReturn of badReturns) {
    const source = {
      [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }), return: badReturn }),
    };
    const error = await failureOf(() => source, { exec: () => Promise.reject(new NonRetryableError('the item')) });
    assert.equal((error.cause as Error).message, 'the item');
  }
});

test('a generator is closed by the cancellation that it causes itself', async () => {
  const { engine, clock } = inlineEngine();
  let isClosed = false;
  const executed: unknown[] = [];
  function* source(): Generator<number> {
    try {
      yield 1;
      run.cancel('by the source');
      yield 2;
      yield 3;
    } finally {
      isClosed = true;
    }
  }
  const run = engine.start(workflowOf(batchOf(source, { exec: (item: unknown) => executed.push(item) })), newStore());
  await assert.rejects(clock.until(run.result), RunCancelledError);
  assert.ok(isClosed);
  assert.deepEqual(executed, []);
});

test("onItemError 'fail' stops the other items, waits for them and names the item", async () => {
  const dispatcher = new FakeDispatcher(2);
  dispatcher.settlesAtCancel = false;
  const bench = new Bench(dispatcher);
  const run = bench.start(workflowOf(batchOf(() => counted(100).source, { exec: onThread })), newStore());
  const boom = new Error('item 2 is broken');
  const guilty = dispatcher.open[2] ?? assert.fail();
  dispatcher.settle(guilty, dispatcher.failed(boom));
  await bench.clock.flush();
  assert.equal(run.status, 'running');
  assert.deepEqual(
    dispatcher.cancelled.map(({ execution, reason }) => [execution.indexAt(0), reason]),
    [
      [0, boom],
      [1, boom],
      [3, boom],
      [4, boom],
      [5, boom],
    ],
  );
  for (const execution of dispatcher.open.slice(1))
    dispatcher.finish(execution, () => dispatcher.end('cancelled', boom));
  await bench.clock.flush();
  assert.equal(run.status, 'running');
  // The last one gives a result after all: it does not count any more.
  dispatcher.finish(dispatcher.open[0] ?? assert.fail(), (item) => dispatcher.ok(item));
  const error = await rejection(bench.clock.until(run.result), RunFailedError);
  assert.equal(error.cause, boom);
  assert.deepEqual([error.where.item, error.where.attempt], [2, 1]);
  assert.match(error.message, /exec of node 'batch' \(item 2\) failed: item 2 is broken/);
});

test('of two items that fail the first to fail is named', async () => {
  const dispatcher = new FakeDispatcher(2);
  dispatcher.settlesAtCancel = false;
  const bench = new Bench(dispatcher);
  const run = bench.start(workflowOf(batchOf(() => [0, 1, 2], { exec: onThread })), newStore());
  const [a, b, c] = dispatcher.open.slice();
  dispatcher.settle(b ?? assert.fail(), dispatcher.failed(new Error('b')));
  dispatcher.settle(a ?? assert.fail(), dispatcher.failed(new Error('a')));
  dispatcher.settle(c ?? assert.fail(), dispatcher.failed(new Error('c')));
  const error = await rejection(bench.clock.until(run.result), RunFailedError);
  assert.equal(error.where.item, 1);
  assert.equal(error.report.nodes[0]?.failures, 1);
});

test("'collect' gives every index, with the error as it was thrown", async () => {
  const errors: Record<number, unknown> = { 1: new Error('one'), 3: 'a string', 4: undefined };
  const exec = (item: unknown): unknown => {
    if (Object.hasOwn(errors, item as number)) throw errors[item as number] as Error;
    return item;
  };
  assert.deepEqual(await outputOf(() => [0, 1, 2, 3, 4], { exec, onItemError: 'collect' }), [
    { ok: true, index: 0, value: 0 },
    { ok: false, index: 1, error: errors[1] },
    { ok: true, index: 2, value: 2 },
    { ok: false, index: 3, error: 'a string' },
    { ok: false, index: 4, error: undefined },
  ]);
});

test('an item is retried alone, after the wait of its own attempt', async () => {
  const { engine, clock } = inlineEngine();
  const tries: string[] = [];
  const exec = (item: number, ctx: { readonly attempt: number; readonly item: number }): number => {
    tries.push(`${ctx.item}/${ctx.attempt}`);
    if (item === 20 && ctx.attempt < 3) throw new Error('again');
    return item;
  };
  const policy = retry.exponential({ retries: 2, baseDelay: 100, jitter: 0 });
  const store = newStore();
  const run = engine.start(workflowOf(batchOf(() => [10, 20, 30], { exec, retry: policy })), store);
  await clock.flush();
  assert.deepEqual(clock.pending, [100]);
  await clock.advance(100);
  assert.deepEqual(clock.pending, [200]);
  await clock.until(run.result);
  assert.deepEqual(tries, ['0/1', '1/1', '2/1', '1/2', '1/3']);
  assert.deepEqual(store.get('out'), [10, 20, 30]);
});

test('a failing post does not execute the items again; a failing prep asks for a new source', async () => {
  const { engine, clock } = inlineEngine();
  let [preps, execs, posts] = [0, 0, 0];
  const work = batchNode({
    name: 'batch',
    outcomes: ['Done'],
    prep: () => {
      preps += 1;
      if (preps === 1) throw new Error('prep');
      return [1, 2, 3];
    },
    exec: (item) => {
      execs += 1;
      return item;
    },
    post: () => {
      posts += 1;
      if (posts === 1) throw new Error('post');
      return 'Done';
    },
  });
  await clock.until(engine.start(workflowOf(work), newStore()).result);
  assert.deepEqual([preps, execs, posts], [2, 3, 2]);
});

test('reduce folds in input order with the index, over collected ends too; its initial value is made anew', async () => {
  const reduce = {
    initial: (): unknown[] => [],
    step: (all: unknown[], output: unknown, index: number): unknown[] => [...all, [index, output]],
  };
  const exec = async (item: number): Promise<number> => {
    // The first ones take longest.
    for (let turns = 10 - item; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
    if (item === 2) throw new Error('two');
    return item * 10;
  };
  const fields = { exec, reduce, onItemError: 'collect' };
  const expected = [
    [0, { ok: true, index: 0, value: 0 }],
    [1, { ok: true, index: 1, value: 10 }],
  ];
  for (let round = 0; round < 2; round += 1) {
    const output = (await outputOf(() => [0, 1, 2], fields)) as unknown[];
    assert.deepEqual(output.slice(0, 2), expected);
    assert.equal((output[2] as [number, { error: Error }])[1].error.message, 'two');
  }
  assert.deepEqual(await outputOf(() => [], { reduce: { initial: () => 'nothing', step: assert.fail } }), 'nothing');
});

for (const part of ['initial', 'step'] as const) {
  test(`a ${part} of reduce that throws fails the batch, without an item`, async () => {
    const boom = new Error(`${part} throws`);
    const explode = (): never => {
      throw boom;
    };
    const error = await failureOf(() => [1, 2, 3], { reduce: { initial: () => 0, step: () => 0, [part]: explode } });
    assert.equal(error.cause, boom);
    assert.equal(error.where.item, undefined);
  });
}

test('a dispatcher that settles at once, at a limit too, neither hangs nor loses anything', async () => {
  for (const concurrency of [undefined, 1, 3]) {
    const dispatcher = new FakeDispatcher(2);
    dispatcher.onSubmit = (execution) => dispatcher.finish(execution, (item) => dispatcher.ok(item));
    const bench = new Bench(dispatcher);
    const store = newStore();
    const fields = { exec: onThread, ...(concurrency === undefined ? {} : { concurrency }) };
    await bench.clock.until(bench.start(workflowOf(batchOf(() => counted(2_000).source, fields)), store).result);
    assert.deepEqual(
      store.get('out'),
      Array.from({ length: 2_000 }, (_, index) => index),
    );
  }
});

test('results that come far out of order are an ordinary array', async () => {
  const dispatcher = new FakeDispatcher(2);
  const bench = new Bench(dispatcher);
  const store = newStore();
  const run = bench.start(workflowOf(batchOf(() => counted(30_000).source, { exec: onThread })), store);
  // Always the newest chunk first: chunks grow to thousands of items.
  for (let next = dispatcher.open.at(-1); next !== undefined; next = dispatcher.open.at(-1)) {
    dispatcher.finish(next, (item) => dispatcher.ok(item, 0.001));
  }
  await bench.clock.until(run.result);
  const out = store.get('out') as number[];
  assert.equal(out.length, 30_000);
  assert.ok(out.every((value, index) => value === index));
});
