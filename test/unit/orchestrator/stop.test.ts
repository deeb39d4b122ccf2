/** Stopping a run: by its handle, a signal, its timeout, its engine; in each phase and in the moments between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EngineClosedError,
  retry,
  RunCancelledError,
  RunTimedOutError,
  StoppedError,
  Workflow,
  type Node,
  type Run,
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

const never = (): Promise<never> => new Promise(() => {});

/** What the node of a test does when it is cancelled, and how far it had come. */
interface Scene {
  readonly work: Node<TestStore, 'Done', unknown>;
  /** Milliseconds to let pass before the run is cancelled. */
  readonly after: number;
  readonly status: 'running' | 'waiting';
}

const signals: AbortSignal[] = [];
const late: string[] = [];

const scenes: Record<string, () => Scene> = {
  'an async prep': () => ({
    work: node({
      name: 'work',
      outcomes: ['Done'],
      prep: async (store, ctx) => {
        signals.push(ctx.signal);
        store.put('n', 1);
        await never();
      },
      exec: () => late.push('exec'),
    }),
    after: 0,
    status: 'running',
  }),
  'an async exec': () => ({
    work: node({
      name: 'work',
      outcomes: ['Done'],
      exec: async (_input, ctx) => {
        signals.push(ctx.signal);
        await never();
      },
      post: () => {
        late.push('post');
        return 'Done';
      },
    }),
    after: 0,
    status: 'running',
  }),
  'an exec with a timeout of its own': () => ({
    work: node({
      name: 'work',
      outcomes: ['Done'],
      exec: async (_input, ctx) => {
        signals.push(ctx.signal);
        await never();
      },
      timeout: '1h',
    }),
    after: 0,
    status: 'running',
  }),
  'an async post': () => ({
    work: node({
      name: 'work',
      outcomes: ['Done'],
      exec: () => 1,
      post: async (store, _output, ctx) => {
        signals.push(ctx.signal);
        store.put('n', 1);
        await never();
        return 'Done';
      },
    }),
    after: 0,
    status: 'running',
  }),
  'a back-off': () => ({
    work: node({
      name: 'work',
      outcomes: ['Done'],
      exec: () => {
        if (late.push('exec') > 0) throw new Error('again');
      },
      retry: retry.fixed({ retries: 9, delay: '1h' }),
    }),
    after: 1_800_000,
    status: 'waiting',
  }),
  'a batch': () => ({
    work: batchNode({
      name: 'work',
      outcomes: ['Done'],
      prep: () => [1, 2, 3],
      exec: async (_item, ctx) => {
        signals.push(ctx.signal);
        await never();
      },
      post: () => {
        late.push('post');
        return 'Done';
      },
    }),
    after: 0,
    status: 'running',
  }),
  'the back-off of an item': () => ({
    work: batchNode({
      name: 'work',
      outcomes: ['Done'],
      prep: () => [1],
      exec: () => {
        throw new Error('again');
      },
      retry: retry.fixed({ retries: 9, delay: '1h' }),
    }),
    after: 1_800_000,
    status: 'running',
  }),
};

for (const [name, make] of Object.entries(scenes)) {
  test(`a run is cancelled during ${name}`, async () => {
    signals.length = 0;
    late.length = 0;
    const { engine, clock } = inlineEngine();
    const { work, after, status } = make();
    const store = newStore();
    const { run, events } = startAndListen(engine, workflowOf(work), store, { runId: 'r' });
    await clock.advance(after);
    assert.equal(run.status, status);
    const reason = new Error('enough');
    const soFar = late.length;
    run.cancel(reason);
    run.cancel(new Error('a second request changes nothing'));
    const error = await rejection(clock.until(run.result), RunCancelledError);
    assert.equal(error.message, "workflow 'test' in state 'Work' was cancelled: enough");
    assert.equal(error.cause, reason);
    assert.deepEqual(error.where, { workflow: 'test', runId: 'r', state: 'Work', visit: 1 });
    assert.deepEqual([run.status, error.report.status, error.report.nodes[0]?.visits], ['cancelled', 'cancelled', 1]);
    assert.ok(signals.every((signal) => signal.aborted && signal.reason instanceof StoppedError));
    assert.ok(store.isEmpty());
    assert.equal(late.length, soFar);
    assert.deepEqual(clock.pending, []);
    assert.deepEqual(engine.runs(), []);
    const last = events.at(-1);
    assert.equal(last?.type === 'run.finished' && last.status, 'cancelled');
    run.cancel();
    await clock.flush();
    assert.equal(events.at(-1), last);
  });
}

/** Cancels its own run from inside. */
const inside: readonly [at: string, cancelIn: string][] = [
  ['prep', 'prep'],
  ['exec', 'exec'],
  ['post', 'post'],
];

for (const manner of ['sync', 'async'] as const) {
  for (const [at] of inside) {
    test(`a run that is cancelled by its own ${manner} ${at} gets no further phase, and that phase's writes are dropped`, async () => {
      const { engine, clock } = inlineEngine();
      const store = newStore();
      const order: string[] = [];
      const enter = (phase: string): unknown => {
        order.push(phase);
        if (phase === at) run.cancel('from inside');
        return manner === 'sync' ? undefined : Promise.resolve().then(() => undefined);
      };
      const work = node({
        name: 'work',
        outcomes: ['Done'],
        prep: (s) => {
          if (at === 'prep') s.put('n', 1);
          return enter('prep');
        },
        exec: () => enter('exec'),
        post: (s) => {
          s.put('n', 1);
          const entered = enter('post');
          return entered instanceof Promise ? entered.then(() => 'Done' as const) : 'Done';
        },
      });
      const run: Run = engine.start(workflowOf(work), store);
      const error = await rejection(clock.until(run.result), RunCancelledError);
      assert.equal(error.cause, 'from inside');
      assert.deepEqual(order, ['prep', 'exec', 'post'].slice(0, ['prep', 'exec', 'post'].indexOf(at) + 1));
      assert.ok(store.isEmpty());
    });
  }
}

test('an async exec that cancels its own run and never returns is left at once', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    exec: (): Promise<unknown> => {
      run.cancel();
      return never();
    },
  });
  const run: Run = engine.start(workflowOf(work), newStore());
  await assert.rejects(clock.until(run.result), RunCancelledError);
});

for (const type of [
  'run.started',
  'state.entered',
  'exec.finished',
  'retry.scheduled',
  'batch.sized',
  'transition',
] as const) {
  test(`a listener that cancels the run at ${type} is obeyed`, async () => {
    const { engine, clock } = inlineEngine();
    let execs = 0;
    const failing = node({
      name: 'failing',
      outcomes: ['Items'],
      exec: () => {
        execs += 1;
        if (execs === 1) throw new Error('once');
      },
      retry: retry.fixed({ retries: 3, delay: '1h' }),
    });
    const items = batchNode({
      name: 'items',
      outcomes: ['Done'],
      prep: () => [1, 2],
      exec: async () => never(),
    });
    const workflow = new Workflow<'Work' | 'Items' | 'Done', TestStore>('test', 'Work')
      .registerNode('Work', failing)
      .registerNode('Items', items)
      .addExitStates('Done');
    const seen: string[] = [];
    const run = engine.start(workflow, newStore(), {
      onEvent: (event) => {
        seen.push(event.type);
        if (event.type === type) run.cancel();
      },
    });
    const error = await rejection(clock.until(run.result), RunCancelledError);
    assert.equal(error.report.nodes.length, type === 'batch.sized' ? 2 : 1 - Number(type === 'run.started'));
    assert.equal(seen.at(-1), 'run.finished');
    assert.deepEqual(clock.pending, []);
  });
}

test('a signal that has fired cancels the run before its first node', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], exec: () => assert.fail() });
  const { run, events } = startAndListen(engine, workflowOf(work), newStore(), {
    signal: AbortSignal.abort('no time'),
  });
  const error = await rejection(clock.until(run.result), RunCancelledError);
  assert.equal(error.cause, 'no time');
  assert.deepEqual(
    events.map(({ type }) => type),
    ['run.started', 'run.finished'],
  );
});

test('a signal that fires later cancels the run; without a reason it is an AbortError', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], exec: never });
  const controller = new AbortController();
  const run = engine.start(workflowOf(work), newStore(), { signal: controller.signal });
  await clock.flush();
  controller.abort();
  const error = await rejection(clock.until(run.result), RunCancelledError);
  assert.equal((error.cause as Error).name, 'AbortError');
  assert.match(error.message, /was cancelled: This operation was aborted/);
});

test('a thousand runs may share a signal, and leave no listener behind', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], exec: async () => 1 });
  const controller = new AbortController();
  let added = 0;
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    added += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    added -= 1;
    remove(...args);
  };
  const runs = Array.from({ length: 1_000 }, () => engine.start(workflowOf(work), newStore(), { signal }));
  assert.equal(added, 1);
  await clock.until(Promise.all(runs.map(({ result }) => result)));
  process.off('warning', onWarning);
  assert.equal(added, 0);
  assert.deepEqual(warnings, []);
});

test('engine.cancel stops a run by its id, with a reason or without', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], exec: never });
  const [a, b] = ['a', 'b'].map((runId) => engine.start(workflowOf(work), newStore(), { runId })) as [Run, Run];
  await clock.flush();
  assert.equal(engine.cancel('nobody'), false);
  assert.equal(engine.cancel('a'), true);
  assert.equal(engine.cancel('b', 'a reason'), true);
  assert.match(
    (await rejection(clock.until(a.result), RunCancelledError)).message,
    /was cancelled: cancelled through its engine/,
  );
  assert.equal((await rejection(clock.until(b.result), RunCancelledError)).cause, 'a reason');
  assert.equal(engine.cancel('a'), false);
});

test('a run that takes longer than its timeout rejects with RunTimedOutError', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], exec: never });
  const { run, events } = startAndListen(engine, workflowOf(work), newStore(), { timeout: '2s', runId: 'slow' });
  await clock.advance(1_999);
  assert.equal(run.status, 'running');
  await clock.advance(1);
  const error = await rejection(run.result, RunTimedOutError);
  assert.equal(error.message, "workflow 'test' in state 'Work' timed out: it took longer than 2000 ms");
  assert.deepEqual(
    [error.code, error.runId, error.state, run.status],
    ['CANO_RUN_TIMED_OUT', 'slow', 'Work', 'timed_out'],
  );
  assert.deepEqual([error.report.status, error.report.wallMs], ['timed_out', 2_000]);
  const [finished] = ofType(events, 'run.finished');
  assert.deepEqual([finished?.status, finished?.error?.code], ['timed_out', 'CANO_RUN_TIMED_OUT']);
});

test('the timeout of a run that ends in time is taken back', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], exec: async () => 1 });
  await clock.until(engine.start(workflowOf(work), newStore(), { timeout: '2s' }).result);
  assert.deepEqual(clock.pending, []);
});

test('of a timeout and a cancellation the first one counts', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], exec: never });
  const run = engine.start(workflowOf(work), newStore(), { timeout: 100 });
  await clock.flush();
  run.cancel();
  await clock.advance(200);
  await assert.rejects(run.result, RunCancelledError);
});

test('a cancellation between the end of a visit that waited and the next state is not lost', async () => {
  const { engine, clock } = inlineEngine();
  let resolvePost: (outcome: 'Done') => void = assert.fail;
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    exec: () => 1,
    post: () => new Promise<'Done'>((resolve) => (resolvePost = resolve)),
  });
  // Some microtasks after post has resolved the run has not ended yet; how many is not the test's business.
  for (let delay = 0; delay < 8; delay += 1) {
    const run = engine.start(workflowOf(work), newStore());
    await clock.flush();
    resolvePost('Done');
    for (let i = 0; i < delay; i += 1) await Promise.resolve();
    const wasOver = run.status === 'completed';
    run.cancel();
    if (wasOver) await clock.until(run.result);
    else await assert.rejects(clock.until(run.result), RunCancelledError);
  }
});

test('what an abandoned prep does later has no effect: no write, no event, no rejection', async () => {
  const { engine, clock } = inlineEngine();
  const store = newStore();
  let go: () => void = assert.fail;
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: async (s, ctx) => {
      await new Promise<void>((resolve) => (go = resolve));
      s.put('n', 1);
      ctx.log.info('too late');
      throw new Error('nobody listens');
    },
    exec: () => 1,
  });
  const { run, events } = startAndListen(engine, workflowOf(work), store);
  await clock.flush();
  run.cancel();
  await assert.rejects(clock.until(run.result), RunCancelledError);
  const count = events.length;
  go();
  await clock.flush();
  assert.equal(events.length, count);
  assert.ok(store.isEmpty());
});

test('a late result and late notes of an inline exec are dropped', async () => {
  const { engine, clock } = inlineEngine();
  let go: () => void = assert.fail;
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    exec: async (_input, { log, progress, counter, throwIfAborted }) => {
      log.info('in time');
      throwIfAborted();
      await new Promise<void>((resolve) => (go = resolve));
      log.info('too late');
      progress(1, 1);
      counter('late').add();
      assert.throws(throwIfAborted, StoppedError);
      return 'late';
    },
  });
  const { run, events } = startAndListen(engine, workflowOf(work), newStore());
  await clock.flush();
  run.cancel();
  await assert.rejects(clock.until(run.result), RunCancelledError);
  const [finished] = ofType(events, 'exec.finished');
  assert.equal(finished?.outcome, 'cancelled');
  assert.equal(ofType(events, 'log').length, 1);
  go();
  await clock.flush();
  assert.equal(events.at(-1)?.type, 'run.finished');
});

test('close cancels what is left at its timeout, with EngineClosedError as cause', async () => {
  const { engine, clock } = inlineEngine({ name: 'mine' });
  const work = node({ name: 'work', outcomes: ['Done'], exec: never });
  const run = engine.start(workflowOf(work), newStore());
  await clock.flush();
  const closed = engine.close({ timeout: '5s' });
  await clock.advance(4_999);
  assert.equal(run.status, 'running');
  await clock.advance(1);
  await closed;
  const error = await rejection(run.result, RunCancelledError);
  assert.ok(error.cause instanceof EngineClosedError);
  assert.match(error.message, /was cancelled: engine 'mine' was closed/);
});
