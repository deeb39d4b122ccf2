/** What a run announces: complete, numbered, in order, and free when nobody listens. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RunEvent } from '../../../src/core/events.ts';
import { CanoError, defineExec, retry, RUN_CHANNEL, Workflow, type Run } from '../../../src/index.ts';
import { LiveRun } from '../../../src/orchestrator/live-run.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { assertStream } from './event-shape.ts';
import {
  batchNode,
  inlineEngine,
  newStore,
  node,
  ofType,
  startAndListen,
  workflowOf,
  type TestStore,
} from './harness.ts';

const noisy = defineExec(import.meta.url, {
  name: 'noisy',
  exec: async (n: number, ctx) => {
    ctx.log.debug(`item ${n}`, { n });
    ctx.progress(1, 2);
    ctx.counter('seen').add();
    ctx.counter('bytes').add(12);
    await Promise.resolve();
    if (n % 3 === 0 && ctx.attempt === 1) throw new Error(`item ${n} fails once`);
    ctx.progress(2, 2);
    return n;
  },
});

type State = 'Load' | 'Items' | 'Check' | 'Repair' | 'Done';

/** A run that announces everything there is: notes, a batch, retries, a failure route. */
function everything(): Workflow<State, TestStore, never, 'Done'> {
  let checks = 0;
  return new Workflow<State, TestStore>('everything', 'Load')
    .registerNode(
      'Load',
      node({
        name: 'load',
        outcomes: ['Items'],
        prep: (_store, ctx) => {
          ctx.log.info('before', { attempt: ctx.attempt });
          if (ctx.attempt === 1) throw new Error('prep fails once');
          return 4;
        },
        exec: (n, ctx) => {
          ctx.progress(0, n);
          ctx.log.warn('inside');
          ctx.counter('calls').add(2);
          return n;
        },
        post: (_store, _n, ctx) => {
          ctx.log.error('after');
          return 'Items';
        },
      }),
    )
    .registerNode(
      'Items',
      batchNode({
        name: 'items',
        outcomes: ['Check'],
        prep: () => [1, 2, 3, 4, 5, 6],
        exec: noisy,
      }),
    )
    .registerNode(
      'Check',
      node({
        name: 'check',
        outcomes: ['Done'],
        exec: () => {
          checks += 1;
          if (checks === 1) throw new TypeError('not yet');
        },
        timeout: '1s',
        retry: retry.none(),
      }),
      undefined,
      { onFailure: 'Repair' },
    )
    .registerNode('Repair', node({ name: 'repair', outcomes: ['Check'], exec: () => 1 }))
    .addExitStates('Done');
}

test('every event is as declared, numbered without gaps, in order, from run.started to run.finished', async () => {
  const { engine, clock } = inlineEngine();
  const { run, events } = startAndListen(engine, everything(), newStore());
  await clock.until(run.result);
  assertStream(events);
  assert.deepEqual(
    new Set(events.map(({ type }) => type)),
    new Set([
      'run.started',
      'state.entered',
      'log',
      'retry.scheduled',
      'progress',
      'counter',
      'exec.finished',
      'transition',
      'batch.sized',
      'run.finished',
    ]),
  );
  assert.deepEqual(
    ofType(events, 'state.entered').map(({ state, kind }) => `${state} ${kind}`),
    ['Load node', 'Items batch', 'Check node', 'Repair node', 'Check node'],
  );
  const failed = ofType(events, 'exec.finished').filter(({ outcome }) => outcome === 'error');
  assert.deepEqual(
    failed.map(({ item, attempt, error }) => [item, attempt, error?.name]),
    [
      [2, 1, 'Error'],
      [5, 1, 'Error'],
      [undefined, 1, 'TypeError'],
    ],
  );
});

test('a failed and a cancelled run end with run.finished and its error', async () => {
  for (const how of ['fail', 'cancel'] as const) {
    const { engine, clock } = inlineEngine();
    const work = node({
      name: 'work',
      outcomes: ['Done'],
      exec: async () => {
        if (how === 'fail') throw new Error('x');
        await new Promise(() => {});
      },
      retry: retry.none(),
    });
    const { run, events } = startAndListen(engine, workflowOf(work), newStore());
    await clock.flush();
    run.cancel();
    await clock.until(run.result).catch(() => {});
    assertStream(events);
    const last = ofType(events, 'run.finished')[0];
    assert.equal(last?.status, how === 'fail' ? 'failed' : 'cancelled');
    assert.equal(last.error?.code, how === 'fail' ? 'CANO_RUN_FAILED' : 'CANO_RUN_CANCELLED');
    assert.equal(last.report.status, last.status);
  }
});

test('a late subscriber finds the numbers of the events that came before it used up', async () => {
  const { engine, clock } = inlineEngine();
  const listened = startAndListen(engine, everything(), newStore());
  const total = (await clock.until(listened.run.result), listened.events.length);
  const run = engine.start(everything(), newStore());
  await clock.advance(1);
  const late: RunEvent[] = [];
  const reading = (async () => {
    for await (const event of run.events()) late.push(event);
  })();
  await clock.until(run.result);
  await reading;
  assert.ok(late.length > 0 && late.length < total);
  assert.deepEqual(
    late.map(({ seq }) => seq),
    Array.from(late, (_event, i) => total - late.length + i + 1),
  );
});

test('onEvent of the run, onEvent of the engine, run.events() and the channel deliver the same objects', async () => {
  const ofEngine: unknown[] = [];
  const ofChannel: unknown[] = [];
  const { engine, clock } = inlineEngine({ onEvent: (event) => ofEngine.push(event) });
  const onMessage = (message: unknown): void => void ofChannel.push(message);
  subscribe(RUN_CHANNEL, onMessage);
  const { run, events } = startAndListen(engine, everything(), newStore());
  const iterated: unknown[] = [];
  const reading = (async () => {
    for await (const event of run.events()) iterated.push(event);
  })();
  await clock.until(run.result);
  await reading;
  unsubscribe(RUN_CHANNEL, onMessage);
  assert.ok(events.length > 20);
  for (const other of [ofEngine, ofChannel, iterated]) {
    assert.equal(other.length, events.length);
    assert.ok(other.every((event, index) => event === events[index]));
  }
});

test('one function for the run and the engine is called once per event', async () => {
  const seen: unknown[] = [];
  const onEvent = (event: unknown): void => void seen.push(event);
  const { engine, clock } = inlineEngine({ onEvent });
  const { run, events } = startAndListen(engine, everything(), newStore(), { onEvent });
  await clock.until(run.result);
  assert.deepEqual(events, []);
  assert.equal(new Set(seen).size, seen.length);
});

test('every listener gets the events in order, also when another one causes further events', async () => {
  const ofEngine: RunEvent[] = [];
  const { engine, clock } = inlineEngine({ onEvent: (event) => 'seq' in event && ofEngine.push(event) });
  let log: ((message: string) => void) | undefined;
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: (_store, ctx) => {
      log = (message) => ctx.log.info(message);
      ctx.log.info('first');
    },
    exec: async () => 1,
  });
  const own: RunEvent[] = [];
  const { run } = startAndListen(engine, workflowOf(work), newStore(), {
    onEvent: (event) => {
      own.push(event);
      if (event.type === 'log' && event.message === 'first') log?.('caused by the first');
      if (event.type === 'run.finished') log?.('after the end');
    },
  });
  await clock.until(run.result);
  assertStream(own);
  assert.deepEqual(ofEngine, own);
  assert.deepEqual(
    ofType(own, 'log').map(({ message }) => message),
    ['first', 'caused by the first'],
  );
});

test('without a subscriber no event is made, but the numbers go on', () => {
  const clock = new FakeClock();
  const { definition } = everything();
  const run = new LiveRun('id', definition, undefined, {}, clock, 0, () => {});
  run.announce(() => assert.fail('the body was made'));
  const events: RunEvent[] = [];
  run.listen((event) => events.push(event));
  run.announce(() => ({ type: 'warning', code: 'logs_dropped', message: 'x' }));
  assert.deepEqual(events, [
    {
      v: 1,
      seq: 2,
      at: clock.now(),
      runId: 'id',
      workflow: 'everything',
      version: 1,
      type: 'warning',
      code: 'logs_dropped',
      message: 'x',
    },
  ]);
});

/** A run that stands still, and what announces in it. */
function standing(): { readonly run: LiveRun; readonly announce: (message: string) => void; readonly end: () => void } {
  const run = new LiveRun('id', everything().definition, undefined, {}, new FakeClock(), 0, () => {});
  const announce = (message: string): void => run.announce(() => ({ type: 'warning', code: 'logs_dropped', message }));
  return { run, announce, end: () => run.complete('Done') };
}

async function drain(stream: AsyncIterable<RunEvent>): Promise<string[]> {
  const messages: string[] = [];
  for await (const event of stream) messages.push(event.type === 'warning' ? event.message : event.type);
  return messages;
}

test('events() holds what its reader has not read, and ends with the run', async () => {
  const { run, announce, end } = standing();
  announce('before');
  const stream = run.events();
  announce('one');
  announce('two');
  end();
  assert.deepEqual(await drain(stream), ['one', 'two', 'run.finished']);
  assert.deepEqual(await stream.next(), { value: undefined, done: true });
});

test('events() of a run that is over ends at once', async () => {
  const { run, end } = standing();
  end();
  assert.deepEqual(await drain(run.events()), []);
});

test('events() serves several next() that wait, in their order, and ends those that are left', async () => {
  const { run, announce, end } = standing();
  const stream = run.events();
  const asked = Array.from({ length: 4 }, () => stream.next());
  announce('one');
  announce('two');
  end();
  const got = (await Promise.all(asked)).map(({ value, done }) => (done === true ? 'done' : value.type));
  assert.deepEqual(got, ['warning', 'warning', 'run.finished', 'done']);
});

test('a reader that lags more than the limit gets what is kept, then CANO_EVENTS_OVERFLOW, then the end', async () => {
  const { run, announce } = standing();
  const stream = run.events({ limit: 3 });
  for (const message of ['1', '2', '3', '4', '5']) announce(message);
  const got: unknown[] = [];
  for (let i = 0; i < 3; i += 1) got.push(((await stream.next()).value as { message?: string }).message);
  assert.deepEqual(got, ['1', '2', '3']);
  await assert.rejects(stream.next(), (error) => {
    assert.ok(error instanceof CanoError);
    assert.equal(error.code, 'CANO_EVENTS_OVERFLOW');
    assert.match(error.message, /is 3 events behind and was cut off/);
    return true;
  });
  assert.deepEqual(await stream.next(), { value: undefined, done: true });
});

test('a reader that keeps up is never cut off', async () => {
  const { run, announce, end } = standing();
  const stream = run.events({ limit: 1 });
  for (let i = 0; i < 3_000; i += 1) {
    announce(String(i));
    assert.equal(((await stream.next()).value as { message?: string }).message, String(i));
  }
  end();
  assert.deepEqual(await drain(stream), ['run.finished']);
});

test('return() ends the iteration, drops what is kept and stops listening', async () => {
  const { run, announce } = standing();
  const stream = run.events();
  announce('kept');
  const waiting = run.events();
  const pending = waiting.next();
  assert.deepEqual(await waiting.return?.(), { value: undefined, done: true });
  assert.deepEqual(await pending, { value: undefined, done: true });
  for await (const event of stream) {
    assert.equal(event.type, 'warning');
    break;
  }
  assert.deepEqual(await stream.next(), { value: undefined, done: true });
  let isMade = false;
  run.announce(() => {
    isMade = true;
    return { type: 'warning', code: 'logs_dropped', message: 'nobody' };
  });
  assert.equal(isMade, false);
});

for (const limit of [0, -1, 1.5, Number.NaN, '5']) {
  test(`events() refuses the limit ${JSON.stringify(limit)}`, () => {
    const { run } = standing();
    assert.throws(() => run.events({ limit: limit as number }), {
      code: 'CANO_INVALID_OPTION',
      message: /events: limit must be an integer >= 1/,
    });
  });
}

test('what a subscriber of the channel throws does not touch the run', async () => {
  const thrown: unknown[] = [];
  const onThrown = (error: unknown): void => void thrown.push(error);
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', onThrown);
  const onMessage = (): void => {
    throw new Error('the subscriber is broken');
  };
  subscribe(RUN_CHANNEL, onMessage);
  try {
    const { engine, clock } = inlineEngine();
    const { run, events } = startAndListen(engine, everything(), newStore());
    await clock.until(run.result);
    assertStream(events);
    assert.equal(thrown.length, events.length);
  } finally {
    unsubscribe(RUN_CHANNEL, onMessage);
    process.off('uncaughtException', onThrown);
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
});

test('what onEvent throws surfaces as an uncaught error and does not touch the run', () => {
  const script = `
    import { createEngine, nodeFor, Workflow } from './src/index.ts';
    const work = nodeFor()({ name: 'work', outcomes: ['Done'], exec: () => 1 });
    const workflow = new Workflow('w', 'Work').registerNode('Work', work).addExitStates('Done');
    const caught = [];
    process.on('uncaughtException', (error, origin) => caught.push(error.message + ' ' + origin));
    const engine = createEngine({ inline: true });
    let calls = 0;
    const run = engine.start(workflow, undefined, {
      onEvent: ({ type }) => { calls += 1; throw new Error(type); },
    });
    const { state } = await run.result;
    await new Promise((resolve) => setImmediate(resolve));
    console.log(JSON.stringify({ state, status: run.status, calls, caught }));
  `;
  const register = new URL('../../support/register-tsx.mjs', import.meta.url).href;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', register, '--input-type=module', '-e', script],
    {
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      encoding: 'utf8',
    },
  );
  assert.equal(status, 0, stderr);
  const types = ['run.started', 'state.entered', 'exec.finished', 'transition', 'run.finished'];
  assert.deepEqual(JSON.parse(stdout), {
    state: 'Done',
    status: 'completed',
    calls: 5,
    caught: types.map((type) => `${type} uncaughtException`),
  });
});

test('events() called in a listener begins with the next event', async () => {
  const { engine, clock } = inlineEngine();
  let first: Promise<IteratorResult<RunEvent>> | undefined;
  const run: Run = engine.start(everything(), newStore(), {
    onEvent: (event) => {
      if (event.seq === 3) first = run.events().next();
    },
  });
  await clock.until(run.result);
  assert.equal((await first)?.value.seq, 4);
});
