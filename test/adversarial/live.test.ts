/** What a thread says while it works, service calls, and user code that breaks its own thread. Cases 29 to 33, 35, 39, 44. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { MemoryStore, nodeFor, ServiceError, Workflow } from '../../src/index.ts';
import { act, type Act } from '../fixtures/execs/acts.ts';
import {
  failure,
  Innocents,
  perform,
  performAll,
  services,
  unhandled,
  watchedEngine,
  within,
} from '../support/faults.ts';

describe('notes', () => {
  it('come from a busy thread while it is busy', async () => {
    const seen: string[] = [];
    await using watched = watchedEngine({
      threads: 1,
      onEvent: (event) => {
        if (
          event.type === 'progress' ||
          event.type === 'log' ||
          event.type === 'counter' ||
          event.type === 'exec.finished'
        )
          seen.push(event.type);
      },
    });
    await within(perform(watched.engine, { kind: 'value' }).value, 'warm');
    seen.length = 0;
    // Two flushes at least: it counts for longer than the 50 ms between two.
    const flooding = perform(watched.engine, { kind: 'flood', ms: 1_000_000 });
    assert.equal(await within(flooding.value, 'the flood'), 'flooded');
    const last = seen.indexOf('exec.finished');
    assert.equal(last, seen.length - 1, 'notes come before the end of their execution');
    assert.ok(seen.filter((type) => type === 'progress').length >= 2);
  });

  it('of a million calls are bounded, counters complete, and lost lines are told', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const CALLS = 1_000_000;
    const flooding = perform(watched.engine, { kind: 'flood', ms: CALLS });
    await within(flooding.value, 'the flood');
    const count = (type: string): number => flooding.events.filter((event) => event.type === type).length;
    const ticks = flooding.events.reduce((sum, event) => sum + (event.type === 'counter' ? event.add : 0), 0);
    assert.equal(ticks, CALLS);
    const dropped = flooding.events.reduce(
      (sum, event) => sum + (event.type === 'warning' ? (event.dropped ?? 0) : 0),
      0,
    );
    assert.equal(count('log') + dropped, CALLS / 100);
    assert.ok(count('progress') < 1_000 && count('counter') < 1_000, `${count('progress')} progress events`);
    const last = flooding.events.findLast((event) => event.type === 'progress');
    assert.deepEqual(last?.type === 'progress' && [last.done, last.total], [CALLS, CALLS]);
  });

  it('that cannot be sent do not hurt anybody', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const strange = perform(watched.engine, { kind: 'strangeNotes' });
    assert.equal(
      await within(strange.value, 'the strange notes'),
      "ctx.counter('rows').add takes a finite number >= 0, got 'two'",
    );
    assert.ok(strange.events.some((event) => event.type === 'counter' && event.name === '[object Object]'));
    const logged = strange.events.find((event) => event.type === 'log');
    // Fields as they were when the line was written.
    assert.deepEqual(logged?.type === 'log' && logged.fields, { a: 1 });
    assert.deepEqual(watched.deaths(), []);
  });

  it('of different items carry their item', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const batch = performAll(
      watched.engine,
      Array.from({ length: 30 }, (): Act => ({ kind: 'flood', ms: 3 })),
    );
    await within(batch.ends, 'the batch');
    const ticks = new Map<number | undefined, number>();
    for (const event of batch.events)
      if (event.type === 'counter') ticks.set(event.item, (ticks.get(event.item) ?? 0) + event.add);
    assert.equal(ticks.size, 30);
    for (const [item, sum] of ticks) assert.equal(sum, 3, `item ${item}`);
  });
});

describe('service calls', () => {
  it('answer, fail with the service error, and name what cannot cross', async () => {
    await using watched = watchedEngine({ services });
    const { engine } = watched;
    const call = (...value: unknown[]) => perform(engine, { kind: 'rpc', value });
    assert.equal(await within(call('add', 2, 3).value, 'add'), 5);
    const failed = (await failure(call('fail', 'desk is closed'))) as RangeError & { code: string };
    assert.ok(failed instanceof RangeError);
    assert.deepEqual([failed.message, failed.code], ['desk is closed', 'E_DESK']);
    const missing = await failure(call('nothing'));
    assert.ok(missing instanceof ServiceError);
    assert.match(missing.message, /ctx\.rpc\.desk\.nothing: that is undefined, not a method/);
    assert.deepEqual(watched.deaths(), []);
  });

  it('without services say so', async () => {
    await using watched = watchedEngine();
    const error = await failure(perform(watched.engine, { kind: 'rpc', value: ['add', 1, 2] }));
    assert.equal(error.code, 'CANO_SERVICE_FAILED');
    assert.match(error.message, /this engine has no services; pass them to createEngine/);
  });

  it('ten thousand at once all answer', async () => {
    await using watched = watchedEngine({ services });
    const sum = await within(perform(watched.engine, { kind: 'rpcMany', ms: 10_000 }).value, 'ten thousand calls');
    assert.equal(sum, (10_000 * 10_001) / 2);
  });

  it('pending when the thread dies or the timeout comes leave nothing behind', async () => {
    await using watched = watchedEngine({ services });
    const { engine } = watched;
    assert.equal((await failure(perform(engine, { kind: 'rpcAndExit' }))).code, 'CANO_THREAD_DIED');
    const never = perform(engine, { kind: 'rpc', value: ['never'] }, { timeout: '50ms' });
    assert.equal((await failure(never)).code, 'CANO_TIMEOUT');
    assert.equal(await within(perform(engine, { kind: 'rpc', value: ['add', 1, 1] }).value, 'the next call'), 2);
  });
});

describe('user code that breaks its own thread', () => {
  it('garbage on the parent port is nobody’s message', async () => {
    await using watched = watchedEngine({ threads: 1 });
    assert.equal(await within(perform(watched.engine, { kind: 'garbage' }).value, 'garbage'), 'posted');
    const others = new Innocents(watched.engine, 10, 0);
    await others.assertUnharmed();
    assert.deepEqual(watched.deaths(), []);
  });

  it('a parent port that it closes', async () => {
    await using watched = watchedEngine({ threads: 1 });
    assert.equal(await within(perform(watched.engine, { kind: 'closeParentPort' }).value, 'closing'), 'closed');
    assert.equal(await within(perform(watched.engine, { kind: 'value', value: 1 }).value, 'the next'), 1);
    // The thread goes when its lease ends, at the latest.
    while (watched.engine.stats().threads.some(({ status }) => status !== 'off'))
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await within(perform(watched.engine, { kind: 'value', value: 2 }).value, 'after the pause'), 2);
  });

  it('globals that it replaces: what is executed there settles all the same', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    assert.equal(await within(perform(engine, { kind: 'patch' }).value, 'patching'), 'patched');
    const after = [
      perform(engine, { kind: 'busy', ms: 1, value: 'sync' }),
      perform(engine, { kind: 'sleep', ms: 1, value: 'async' }),
    ];
    for (const one of after) await within(Promise.allSettled([one.value]), 'an execution after it');
    assert.equal(engine.stats().settled, 3);
  });

  it('a storm of console lines, then exit', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const original = process.stdout.write.bind(process.stdout);
    let lines = 0;
    process.stdout.write = (chunk: string | Uint8Array, ...rest: never[]): boolean => {
      if (!String(chunk).includes('storm')) return original(chunk, ...rest);
      lines += String(chunk).split('\n').length - 1;
      return true;
    };
    try {
      assert.equal((await failure(perform(watched.engine, { kind: 'storm', ms: 2_000 }))).code, 'CANO_THREAD_DIED');
    } finally {
      process.stdout.write = original;
    }
    assert.ok(lines > 0);
    assert.equal(await within(perform(watched.engine, { kind: 'value', value: 1 }).value, 'the next'), 1);
  });
});

describe('around the engine', () => {
  it('an engine on a worker thread is refused with the remedy', async () => {
    const source = `
      import { createEngine, isCanoError } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
      import { parentPort } from 'node:worker_threads';
      try { createEngine(); } catch (error) { parentPort.postMessage([isCanoError(error), error.code, error.message]); }
    `;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    const [isOurs, code, message] = await within(
      new Promise<[boolean, string, string]>((resolve, reject) =>
        worker.once('message', resolve).once('error', reject),
      ),
      'the worker',
    );
    assert.deepEqual([isOurs, code], [true, 'CANO_WRONG_THREAD']);
    assert.match(
      message,
      /an engine can be made on the main thread only, and this is a worker thread.*move what runs on threads to a file of its own/,
    );
  });

  it('AsyncLocalStorage of the starter is there in prep and post, whatever thread was between', async () => {
    await using watched = watchedEngine();
    const storage = new AsyncLocalStorage<number>();
    const seen: (number | undefined)[][] = [];
    const runs = Array.from({ length: 10 }, (_value, id) => {
      seen[id] = [];
      const node = nodeFor<MemoryStore<object>>();
      const note = (): void => void seen[id]?.push(storage.getStore());
      const workflow = new Workflow<'Work' | 'Done', MemoryStore<object>>('als', 'Work')
        .registerNode(
          'Work',
          node({
            name: 'n',
            outcomes: ['Done'],
            prep: (): Act => (note(), { kind: 'value' }),
            exec: act as never,
            post: () => (note(), 'Done'),
          }),
        )
        .addExitStates('Done');
      return storage.run(id, () => watched.engine.start(workflow, new MemoryStore()).result);
    });
    await within(Promise.all(runs), 'the runs');
    assert.deepEqual(
      seen,
      Array.from({ length: 10 }, (_value, id) => [id, id]),
    );
  });
});

it('nothing went unhandled', () => {
  assert.deepEqual(unhandled, []);
});
