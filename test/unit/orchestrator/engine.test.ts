/** Engines: their options, their closing, and what `inline` does with thread execs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AttemptTimeoutError,
  createEngine,
  defineExec,
  EngineClosedError,
  execFor,
  InvalidOptionError,
  retry,
  RunFailedError,
  ServiceError,
  SetupFailedError,
  StoppedError,
  Workflow,
  type EngineOptions,
  type Node,
} from '../../../src/index.ts';
import {
  batchNode,
  inlineEngine,
  newStore,
  node,
  ofType,
  rejection,
  startAndListen,
  workflowOf,
  type TestStore,
} from './harness.ts';

const trace: string[] = [];

const scale = defineExec(import.meta.url, {
  name: 'scale',
  params: { by: 10 },
  setup: async ({ by }) => {
    trace.push(`setup ${by}`);
    await Promise.resolve();
    return { by };
  },
  teardown: ({ by }) => {
    trace.push(`teardown ${by}`);
    if (by === 13) throw new Error('teardown throws');
  },
  exec: (n: number, ctx) => {
    assert.equal(ctx.params.by, ctx.resource.by);
    return n * ctx.resource.by;
  },
});

interface Services {
  readonly rates: { readonly of: (currency: string) => number; readonly table: string };
}

const price = execFor<Services, { readonly currency: string }>()(import.meta.url, {
  name: 'price',
  exec: async (amount: number, ctx) => amount * (await ctx.rpc.rates.of(ctx.common.currency)),
});

let setups = 0;
const fragile = defineExec(import.meta.url, {
  name: 'fragile',
  setup: () => {
    setups += 1;
    if (setups === 1) throw new Error('no model');
    return setups;
  },
  exec: (_input: undefined, ctx) => ctx.resource,
});

const stuck = defineExec(import.meta.url, {
  name: 'stuck',
  setup: () => new Promise<number>(() => {}),
  setupTimeout: '3s',
  teardown: () => {
    trace.push('teardown stuck');
  },
  exec: () => 1,
});

const put = (store: TestStore, output: unknown): 'Done' => {
  store.put('out', output);
  return 'Done';
};

test('an inline engine runs thread execs on the main thread: setup once per params, teardown at close, newest first', async () => {
  trace.length = 0;
  const { engine, clock } = inlineEngine();
  assert.equal(engine.threads, 0);
  const use = (exec: typeof scale): Node<TestStore, 'Done', unknown> =>
    batchNode({ name: 'scale', outcomes: ['Done'], prep: () => [1, 2, 3], exec, post: put });
  const workflows = [workflowOf(use(scale)), workflowOf(use(scale.with({ by: 13 })))];
  const outs: unknown[] = [];
  for (const workflow of [...workflows, ...workflows]) {
    const store = newStore();
    await clock.until(engine.start(workflow, store).result);
    outs.push(store.get('out'));
  }
  assert.deepEqual(outs, [
    [10, 20, 30],
    [13, 26, 39],
    [10, 20, 30],
    [13, 26, 39],
  ]);
  assert.deepEqual(trace, ['setup 10', 'setup 13']);
  const warnings: string[] = [];
  const onWarning = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', onWarning);
  await clock.until(engine.close());
  await clock.flush();
  process.off('warning', onWarning);
  assert.deepEqual(trace.slice(2), ['teardown 13', 'teardown 10']);
  assert.deepEqual(warnings, ['cano: teardown failed: teardown throws']);
});

test('ctx.common and ctx.rpc are there inline too, over frozen services as well', async () => {
  const services = Object.freeze({
    rates: Object.freeze({ of: (currency: string) => (currency === 'EUR' ? 2 : 3), table: 'x' }),
  });
  const { engine, clock } = inlineEngine({ services });
  const work = batchNode({
    name: 'price',
    outcomes: ['Done'],
    prep: () => ({ items: [1, 2], common: { currency: 'EUR' } }),
    exec: price as never,
    post: put,
  });
  const store = newStore();
  await clock.until(engine.start(workflowOf(work), store).result);
  assert.deepEqual(store.get('out'), [2, 4]);
});

test('ctx.rpc inline: the receiver is kept, errors come through, what is no method is told, and it can be awaited', async () => {
  class Desk {
    readonly #open = true;
    isOpen(): boolean {
      return this.#open;
    }
    fail(): never {
      throw new RangeError('from the service');
    }
  }
  type Rpc = Record<string, Record<string, (...args: unknown[]) => Promise<unknown>>>;
  let rpc: Rpc = {};
  const exec = async (_input: unknown, ctx: unknown): Promise<void> => {
    rpc = await Promise.resolve((ctx as { rpc: Rpc }).rpc);
  };
  const { engine, clock } = inlineEngine({ services: { desk: new Desk(), empty: null } });
  await clock.until(engine.start(workflowOf(node({ name: 'work', outcomes: ['Done'], exec })), newStore()).result);
  const call = (service: string, method: string): unknown => rpc[service]?.[method]?.();
  assert.equal(await call('desk', 'isOpen'), true);
  await assert.rejects(call('desk', 'fail') as Promise<unknown>, RangeError);
  for (const [service, method, message] of [
    ['nobody', 'x', /ctx\.rpc\.nobody: the engine has no service of that name \(it has desk, empty\)/],
    ['empty', 'x', /ctx\.rpc\.empty: the engine has no service of that name/],
    ['desk', 'close', /ctx\.rpc\.desk\.close: that is undefined, not a method/],
  ] as const) {
    await assert.rejects(call(service, method) as Promise<unknown>, (error) => {
      assert.ok(error instanceof ServiceError);
      assert.match(error.message, message);
      return true;
    });
  }
});

test('a setup that fails is tried again by the next attempt', async () => {
  const { engine, clock } = inlineEngine();
  const store = newStore();
  const work = node({
    name: 'fragile',
    outcomes: ['Done'],
    exec: fragile,
    post: put,
    retry: retry.fixed({ retries: 1 }),
  });
  const { run, events } = startAndListen(engine, workflowOf(work), store);
  await clock.until(run.result);
  assert.equal(store.get('out'), 2);
  const [scheduled] = ofType(events, 'retry.scheduled');
  assert.equal(scheduled?.error.message, "setup of exec 'fragile' failed: no model");
  assert.equal(scheduled.error.code, 'CANO_SETUP_FAILED');
});

test('a setup that takes longer than its setupTimeout fails the attempt, and does not keep the engine from closing', async () => {
  trace.length = 0;
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'stuck', outcomes: ['Done'], exec: stuck, retry: retry.none() });
  const run = engine.start(workflowOf(work), newStore());
  await clock.advance(2_999);
  assert.equal(run.status, 'running');
  await clock.advance(1);
  const error = await rejection(clock.until(run.result), RunFailedError);
  assert.ok(error.cause instanceof SetupFailedError);
  assert.match(error.message, /exec 'stuck' was not ready after its setupTimeout of 3000 ms/);
  await clock.until(engine.close());
  assert.deepEqual(trace, []);
});

test('a run is cancelled while its setup goes on', async () => {
  const { engine, clock } = inlineEngine();
  const { run, events } = startAndListen(
    engine,
    workflowOf(node({ name: 'stuck', outcomes: ['Done'], exec: stuck })),
    newStore(),
  );
  await clock.flush();
  run.cancel();
  await assert.rejects(clock.until(run.result), { code: 'CANO_RUN_CANCELLED' });
  assert.equal(ofType(events, 'exec.finished')[0]?.outcome, 'cancelled');
  assert.deepEqual(clock.pending, []);
  await clock.until(engine.close());
});

test('an exec that was never defined on the main thread is told so', async () => {
  const { engine, clock } = inlineEngine();
  const unknown = { ...scale, key: 'file:///nowhere.ts#ghost', name: 'ghost' };
  const work = node({ name: 'work', outcomes: ['Done'], prep: () => 1, exec: unknown });
  const error = await rejection(clock.until(engine.start(workflowOf(work), newStore()).result), RunFailedError);
  assert.match(error.message, /exec 'ghost' is not defined on the main thread \(file:\/\/\/nowhere\.ts#ghost\)/);
});

test('an inline exec beyond its timeout: the signal fires, the attempt fails, the late result is dropped, the retry goes on', async () => {
  const { engine, clock } = inlineEngine();
  const store = newStore();
  const late: (() => void)[] = [];
  const signals: AbortSignal[] = [];
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    exec: async (_input, ctx) => {
      signals.push(ctx.signal);
      if (ctx.attempt === 2) return 'second';
      await new Promise<void>((resolve) => late.push(resolve));
      ctx.log.info('too late');
      return 'first';
    },
    post: put,
    timeout: '2s',
    retry: retry.fixed({ retries: 1, delay: 100 }),
  });
  const { run, events } = startAndListen(engine, workflowOf(work), store);
  await clock.advance(1_999);
  assert.equal(signals[0]?.aborted, false);
  await clock.advance(1);
  assert.ok(signals[0]?.aborted && signals[0].reason instanceof StoppedError);
  const [finished] = ofType(events, 'exec.finished');
  assert.deepEqual([finished?.outcome, finished?.error?.code], ['timeout', 'CANO_TIMEOUT']);
  assert.equal((finished?.endedAt ?? 0) - (finished?.startedAt ?? 0), 2_000);
  late[0]?.();
  await clock.until(run.result);
  assert.equal(store.get('out'), 'second');
  assert.equal(ofType(events, 'log').length, 0);
  assert.deepEqual(clock.pending, []);
});

test('a timeout without a retry left fails the run with AttemptTimeoutError', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    exec: () => new Promise(() => {}),
    timeout: 500,
    retry: retry.none(),
  });
  const error = await rejection(clock.until(engine.start(workflowOf(work), newStore()).result), RunFailedError);
  assert.ok(error.cause instanceof AttemptTimeoutError);
  assert.deepEqual([error.cause.timeoutMs, error.cause.rung], [500, 'soft']);
  assert.match(error.message, /exec of 'work' ran longer than its timeout of 500 ms/);
});

test('the timeout of a batch is one per item', async () => {
  const { engine, clock } = inlineEngine();
  const store = newStore();
  const work = batchNode({
    name: 'work',
    outcomes: ['Done'],
    prep: () => [1, 2, 3],
    exec: (item) => (item === 2 ? new Promise<number>(() => {}) : item),
    timeout: 500,
    retry: retry.none(),
    onItemError: 'collect',
    post: (s, results) => {
      s.put(
        'out',
        results.map((result) => (result.ok ? result.value : (result.error as { code: string }).code)),
      );
      return 'Done';
    },
  });
  await clock.until(engine.start(workflowOf(work), store).result);
  assert.deepEqual(store.get('out'), [1, 'CANO_TIMEOUT', 3]);
});

const pass = node({ name: 'pass', outcomes: ['Done'], exec: async () => 1 });

test('close waits for the runs that go on, refuses new ones, and may be called twice', async () => {
  const { engine, clock } = inlineEngine({ name: 'mine' });
  let go: () => void = assert.fail;
  const slow = node({ name: 'slow', outcomes: ['Done'], exec: () => new Promise<void>((resolve) => (go = resolve)) });
  const run = engine.start(workflowOf(slow), newStore());
  let closed = 0;
  const count = (): void => {
    closed += 1;
  };
  const closing = [engine.close().then(count), engine.close({ timeout: 1 }).then(count)];
  assert.throws(
    () => engine.start(workflowOf(pass), newStore()),
    (error) => {
      assert.ok(error instanceof EngineClosedError);
      assert.equal(error.message, "engine 'mine' is closed; make another one with createEngine()");
      return true;
    },
  );
  await clock.flush();
  assert.equal(closed, 0);
  go();
  await clock.until(Promise.all(closing));
  assert.equal(run.status, 'completed');
  await engine.close();
  assert.deepEqual(clock.pending, []);
});

test('close of an engine without runs ends at once; a bad timeout is refused and closes nothing', async () => {
  const { engine, clock } = inlineEngine();
  await assert.rejects(engine.close({ timeout: '1 day' as never }), InvalidOptionError);
  await clock.until(engine.start(workflowOf(pass), newStore()).result);
  await engine.close();
  assert.throws(() => engine.start(workflowOf(pass), newStore()), EngineClosedError);
});

test('await using closes the engine', async () => {
  let kept: ReturnType<typeof inlineEngine>['engine'] | undefined;
  {
    await using engine = inlineEngine().engine;
    kept = engine;
  }
  assert.throws(() => kept.start(workflowOf(pass), newStore()), EngineClosedError);
});

test('stats count runs and inline executions', async () => {
  const { engine, clock } = inlineEngine();
  const gates: (() => void)[] = [];
  const work = batchNode({
    name: 'work',
    outcomes: ['Done'],
    prep: () => [1, 2, 3],
    exec: () => new Promise<void>((resolve) => gates.push(resolve)),
  });
  const nothing = {
    threads: [],
    alive: 0,
    queued: 0,
    inFlight: 0,
    settled: 0,
    runs: 0,
    pending: 0,
    maxRuns: undefined,
    rejected: 0,
    isClosed: false,
  };
  assert.deepEqual(engine.stats(), nothing);
  const run = engine.start(workflowOf(work), newStore());
  await clock.flush();
  assert.deepEqual(engine.stats(), { ...nothing, inFlight: 3, settled: 0, runs: 1 });
  gates[0]?.();
  await clock.flush();
  assert.deepEqual(engine.stats(), { ...nothing, inFlight: 2, settled: 1, runs: 1 });
  for (const gate of gates) gate();
  await clock.until(run.result);
  assert.deepEqual(engine.stats(), { ...nothing, inFlight: 0, settled: 3, runs: 0 });
});

const badOptions: readonly [options: object, message: RegExp][] = [
  [{ name: '' }, /createEngine: name must be a string that is not empty, got ''/],
  [{ threads: 0 }, /threads/],
  [{ threads: 1.5 }, /threads/],
  [{ services: 5 }, /createEngine: services must be an object of services by name, got 5/],
  [{ services: null }, /services .* got null/],
  [{ onEvent: 'log' }, /createEngine: onEvent must be a function, got 'log'/],
  [{ grace: '1 s' }, /createEngine: grace .* got '1 s'/],
  [{ recycleAfter: 0 }, /createEngine: recycleAfter must be an integer >= 1, got 0/],
];

for (const [options, message] of badOptions) {
  test(`createEngine refuses ${JSON.stringify(options)}`, () => {
    assert.throws(
      () => createEngine(options as EngineOptions),
      (error) => error instanceof InvalidOptionError && message.test(error.message),
    );
  });
}

test('the same workflow runs a thousand times at once', async () => {
  const { engine, clock } = inlineEngine();
  const fan = batchNode({
    name: 'fan',
    outcomes: ['Sum'],
    prep: (store) => [store.get('n'), 1, 2],
    exec: async (n) => n * 2,
    post: (store, doubled) => {
      store.put('items', doubled);
      return 'Sum';
    },
  });
  const sum = node({
    name: 'sum',
    outcomes: ['Done'],
    prep: (store) => store.get('items') as number[],
    exec: (numbers) => numbers.reduce((a, b) => a + b, 0),
    post: put,
  });
  const workflow = new Workflow<'Fan' | 'Sum' | 'Done', TestStore>('many', 'Fan')
    .registerNode('Fan', fan)
    .registerNode('Sum', sum)
    .addExitStates('Done');
  const stores = Array.from({ length: 1_000 }, (_, n) => newStore({ n }));
  const runs = stores.map((store) => engine.start(workflow, store));
  assert.equal(engine.stats().runs, 1_000);
  const results = await clock.until(Promise.all(runs.map(({ result }) => result)));
  assert.equal(new Set(results.map(({ runId }) => runId)).size, 1_000);
  assert.ok(stores.every((store, n) => store.get('out') === 2 * n + 6));
  assert.equal(engine.stats().runs, 0);
});
