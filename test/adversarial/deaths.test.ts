/**
 * Threads that die: exactly the guilty execution pays, whatever else was in flight, and the engine goes on.
 * Cases of facts/threads.md §7: 1, 2, 3, 4, 5, 13, 25, 34, 35.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AttemptTimeoutError, retry, ThreadDiedError, type Engine } from '../../src/index.ts';
import type { Act } from '../fixtures/execs/acts.ts';
import {
  attemptsByItem,
  failure,
  Innocents,
  perform,
  performAll,
  unhandled,
  watchedEngine,
  within,
  type Watched,
} from '../support/faults.ts';

const SMALL_HEAP = { resourceLimits: { maxOldGenerationSizeMb: 48 } };

interface Fault {
  readonly title: string;
  readonly what: Act;
  readonly code: 'CANO_THREAD_DIED' | 'CANO_TIMEOUT';
  readonly reason?: string;
  readonly message: RegExp;
  /** An attempt is let off once when a timer of an earlier execution could have done it: up to two deaths for one. */
  readonly mostDeaths: number;
  readonly hasLastWords?: boolean;
}

const faults: Fault[] = [
  {
    title: 'process.exit(3)',
    what: { kind: 'exit' },
    code: 'CANO_THREAD_DIED',
    reason: 'exit',
    message: /it ended its thread \(worker exited with code: 3\)/,
    mostDeaths: 2,
  },
  {
    title: 'process.exit(0)',
    what: { kind: 'exit', ms: 0 },
    code: 'CANO_THREAD_DIED',
    reason: 'exit',
    message: /code: 0/,
    mostDeaths: 2,
  },
  {
    title: 'process.reallyExit',
    what: { kind: 'reallyExit' },
    code: 'CANO_THREAD_DIED',
    reason: 'exit',
    message: /code: 9/,
    mostDeaths: 2,
    hasLastWords: false,
  },
  {
    title: 'process.exit after an await',
    what: { kind: 'exitLater' },
    code: 'CANO_THREAD_DIED',
    reason: 'exit',
    message: /code: 3/,
    mostDeaths: 4,
  },
  {
    title: 'an uncaught throw of a timer',
    what: { kind: 'timer' },
    code: 'CANO_THREAD_DIED',
    reason: 'uncaught_error',
    message: /boom in a timer/,
    mostDeaths: 4,
  },
  {
    title: 'a timer that throws null',
    what: { kind: 'timer', value: null },
    code: 'CANO_THREAD_DIED',
    reason: 'uncaught_error',
    message: /a thrown null/,
    mostDeaths: 4,
  },
  {
    title: 'an unhandled rejection',
    what: { kind: 'rejection' },
    code: 'CANO_THREAD_DIED',
    reason: 'uncaught_error',
    message: /nobody awaits this/,
    mostDeaths: 4,
  },
  {
    title: 'an unhandled AbortError',
    what: { kind: 'abortRejection' },
    code: 'CANO_THREAD_DIED',
    reason: 'uncaught_error',
    message: /operation was aborted/,
    mostDeaths: 4,
  },
  {
    title: 'a heap overflow by map growth',
    what: { kind: 'heap' },
    code: 'CANO_THREAD_DIED',
    reason: 'out_of_memory',
    message: /ran out of heap memory/,
    mostDeaths: 2,
    hasLastWords: false,
  },
  {
    title: 'a channel closed behind the back',
    what: { kind: 'closeLease' },
    code: 'CANO_THREAD_DIED',
    reason: 'protocol',
    message: /closed the channel/,
    mostDeaths: 2,
    hasLastWords: false,
  },
];

/** An engine for all tests of a group: it goes on after each fault. */
function sharedEngine(threads: number): {
  readonly engine: Engine;
  readonly deathsSince: (earlier: number) => string[];
} {
  let watched: Watched | undefined;
  before(() => {
    watched = watchedEngine({ threads, ...SMALL_HEAP });
  });
  after(async () => watched?.[Symbol.asyncDispose]());
  return {
    get engine() {
      return (watched as Watched).engine;
    },
    deathsSince: (earlier) => (watched as Watched).deaths().slice(earlier),
  };
}

describe('an execution that kills its thread, with 20 others in flight', () => {
  const shared = sharedEngine(2);
  for (const { title, what, code, reason, message, mostDeaths, hasLastWords = true } of faults) {
    it(`${title}: fails after its two attempts and alone`, async () => {
      const { engine } = shared;
      const [earlier, settled] = [shared.deathsSince(0).length, engine.stats().settled];
      const first = new Innocents(engine, 10);
      const guilty = perform(engine, what, { retry: retry.fixed({ retries: 1 }) });
      const last = new Innocents(engine, 10);
      const error = await failure(guilty);
      assert.ok(error instanceof ThreadDiedError, String(error));
      assert.equal(error.code, code);
      assert.equal(error.reason, reason);
      assert.match(error.message, message);
      assert.equal(guilty.attempts(), 2);
      // One runs at a time, so none can be hit while it runs. Without last words, results of the last 20 ms may be lost.
      const repeated = hasLastWords ? 0 : 20;
      await first.assertUnharmed(repeated);
      await last.assertUnharmed(repeated);
      const deaths = shared.deathsSince(earlier);
      assert.ok(deaths.length >= 2 && deaths.length <= mostDeaths, `${deaths.length} deaths`);
      assert.ok(
        deaths.every((death) => death === reason),
        String(deaths),
      );
      assert.equal(await within(perform(engine, { kind: 'value', value: 'next' }).value, 'the next run'), 'next');
      assert.equal(engine.stats().settled - settled, 20 + 2 + 1);
    });
  }

  it('a spin beyond its timeout: fails after its two attempts and alone', async () => {
    const { engine } = shared;
    const earlier = shared.deathsSince(0).length;
    const first = new Innocents(engine, 10);
    const guilty = perform(engine, { kind: 'spin' }, { timeout: '200ms', retry: retry.fixed({ retries: 1 }) });
    const last = new Innocents(engine, 10);
    const error = await failure(guilty);
    assert.ok(error instanceof AttemptTimeoutError);
    assert.equal(error.code, 'CANO_TIMEOUT');
    assert.equal(error.rung, 'hard');
    assert.match(error.message, /longer than its timeout of 200 ms .*thread was terminated/);
    assert.equal(guilty.attempts(), 2);
    await first.assertUnharmed(20);
    await last.assertUnharmed(20);
    assert.deepEqual(shared.deathsSince(earlier), ['terminated', 'terminated']);
    assert.equal(await within(perform(engine, { kind: 'value', value: 'next' }).value, 'the next run'), 'next');
  });
});

const ITEMS = 60;
const GUILTY_ITEM = 41;

describe('an item of a chunk that kills its thread', () => {
  // Cheap items, so that the guilty one is in the middle of a chunk of many.
  const shared = sharedEngine(1);
  async function chunks(what: Act, options: object) {
    const earlier = shared.deathsSince(0).length;
    const counts = new SharedArrayBuffer(4 * ITEMS);
    const acts = Array.from({ length: ITEMS }, (_value, id): Act =>
      id === GUILTY_ITEM ? { ...what, id } : { kind: 'value', value: id, id },
    );
    const batch = performAll(shared.engine, acts, { counts, ...options });
    const ends = await within(batch.ends, 'the batch');
    for (const [index, end] of ends.entries()) {
      if (index === GUILTY_ITEM) assert.equal(end.ok, false);
      else assert.deepEqual(end, { ok: true, index, value: index });
    }
    const guilty = ends[GUILTY_ITEM] as { readonly error: Error & { code: string; reason?: string } };
    const attempts = attemptsByItem(batch.events);
    for (let item = 0; item < ITEMS; item += 1)
      assert.equal(attempts.get(item), item === GUILTY_ITEM ? 2 : 1, `attempts of item ${item}`);
    const calls = Array.from(new Int32Array(counts));
    return {
      error: guilty.error,
      earlier: calls.slice(0, GUILTY_ITEM),
      own: calls[GUILTY_ITEM],
      later: calls.slice(GUILTY_ITEM + 1),
      deaths: shared.deathsSince(earlier),
    };
  }
  const once = (calls: readonly number[]): void =>
    assert.deepEqual(
      calls,
      calls.map(() => 1),
    );

  for (const kind of ['exit', 'exitLater', 'timer', 'rejection']) {
    it(`${kind}: items before it are not executed again, those after it run`, async () => {
      const { error, earlier, own, later } = await chunks({ kind }, { retry: retry.fixed({ retries: 1 }) });
      assert.equal(error.code, 'CANO_THREAD_DIED');
      assert.ok(own === 2 || (own !== undefined && own <= 4 && kind !== 'exit'), `${own} calls of the guilty one`);
      once(earlier);
      once(later);
    });
  }

  // A thread that V8 or the watchdog ends has no last words: what it finished in its last 20 ms may be executed again, but no
  // attempt is charged for it (which `chunks` asserts).
  it('a heap overflow: it alone pays', async () => {
    const { error, own, deaths } = await chunks({ kind: 'heap' }, { retry: retry.fixed({ retries: 1 }) });
    assert.equal(error.reason, 'out_of_memory');
    assert.equal(own, 2);
    assert.deepEqual(deaths, ['out_of_memory', 'out_of_memory']);
  });

  it('a spin beyond its timeout: it alone pays', async () => {
    const { error, own } = await chunks({ kind: 'spin' }, { retry: retry.fixed({ retries: 1 }), timeout: '150ms' });
    assert.equal(error.code, 'CANO_TIMEOUT');
    assert.equal(own, 2);
  });

  it('fails the batch with the item when errors are not collected', async () => {
    const acts = Array.from({ length: ITEMS }, (_value, id): Act =>
      id === GUILTY_ITEM ? { kind: 'exit' } : { kind: 'value', value: id },
    );
    const batch = performAll(shared.engine, acts, { onItemError: 'fail' } as object);
    await assert.rejects(within(batch.run.result, 'the batch'), {
      code: 'CANO_RUN_FAILED',
      message: /exec of node 'work' \(item 41\) failed: exec of 'work' did not end: it ended its thread/,
    });
  });
});

describe('late throws', () => {
  it('let off the execution that runs then, once', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    const counts = new SharedArrayBuffer(4);
    const late = perform(engine, { kind: 'lateThrow', ms: 20 });
    assert.equal(await within(late.value, 'the late thrower'), 'returned');
    // Sync work: the timer can fire only when the loop turns, so the async victim is the one that is running.
    const victim = perform(engine, { kind: 'sleep', ms: 100, value: 'fine', id: 0, counts });
    assert.equal(await within(victim.value, 'the victim'), 'fine');
    assert.equal(victim.attempts(), 1);
    assert.equal(new Int32Array(counts)[0], 2);
    assert.deepEqual(watched.deaths(), ['uncaught_error']);
  });

  it('blame it when the thread dies during it again', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    const first = perform(engine, { kind: 'lateThrow', ms: 20 });
    await within(first.value, 'the late thrower');
    const guilty = perform(engine, { kind: 'timer' });
    assert.equal((await failure(guilty)).code, 'CANO_THREAD_DIED');
    assert.equal(guilty.attempts(), 1);
    assert.equal(watched.deaths().length, 2);
  });

  it('of an item hurt no other item of its chunk', async () => {
    await using watched = watchedEngine({ threads: 1 });
    // The thread is new after a death, so that the rest of a chunk is the first thing that it executes.
    const acts = Array.from({ length: 400 }, (_value, id): Act => {
      if (id === 300) return { kind: 'exit' };
      if (id === 302) return { kind: 'lateThrow', ms: 3, value: id };
      return id > 302 && id < 308 ? { kind: 'sleep', ms: 3, value: id } : { kind: 'value', value: id };
    });
    const ends = await within(performAll(watched.engine, acts).ends, 'the batch');
    assert.deepEqual(
      ends.flatMap((end) => (end.ok ? [] : [end.index])),
      [300],
    );
    assert.deepEqual(watched.deaths(), ['exit', 'uncaught_error']);
  });

  it('while no execution runs cost nothing', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    assert.equal(await within(perform(engine, { kind: 'lateThrow', ms: 1 }).value, 'the late thrower'), 'returned');
    while (watched.deaths().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(await within(perform(engine, { kind: 'value', value: 1 }).value, 'the next'), 1);
  });
});

describe('deaths of many', () => {
  it('all threads at once with 100 executions in flight: only those that ran pay', async () => {
    await using watched = watchedEngine();
    const { engine } = watched;
    // Each waits until both have started, and then both exit: nobody else runs at that moment.
    const innocent = new Innocents(engine, 50, 0.2);
    const killers = [perform(engine, { kind: 'exit' }), perform(engine, { kind: 'exit' })];
    const others = new Innocents(engine, 50, 0.2);
    for (const killer of killers) assert.equal((await failure(killer)).code, 'CANO_THREAD_DIED');
    await innocent.assertUnharmed();
    await others.assertUnharmed();
    assert.equal(engine.stats().settled, 102);
  });

  it('every execution crashes: each fails once, the engine survives', async () => {
    await using watched = watchedEngine();
    const { engine } = watched;
    const killers = Array.from({ length: 6 }, () => perform(engine, { kind: 'exit' }));
    for (const killer of killers) assert.equal((await failure(killer)).code, 'CANO_THREAD_DIED');
    assert.equal(watched.deaths().length, 6);
    assert.equal(await within(perform(engine, { kind: 'value', value: 1 }).value, 'the next'), 1);
  });

  it('an exit right after a result, with the main thread blocked: no false crash', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    await perform(engine, { kind: 'value' }).value;
    const done = perform(engine, { kind: 'lateExit', ms: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
    assert.equal(await within(done.value, 'the finished one'), 'returned');
    assert.equal(done.attempts(), 1);
    assert.equal(await within(perform(engine, { kind: 'value', value: 1 }).value, 'the next'), 1);
    assert.deepEqual(watched.deaths(), ['exit']);
  });

  it('an error that user code swallows is no death; a real one later still is', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    assert.equal(
      await within(perform(engine, { kind: 'swallow', value: 'went on' }).value, 'the swallower'),
      'went on',
    );
    const counts = new SharedArrayBuffer(4 * 30);
    const acts = Array.from({ length: 30 }, (_value, id): Act =>
      id === 25 ? { kind: 'exit', id } : { kind: 'value', id, value: id },
    );
    const ends = await within(performAll(engine, acts, { counts }).ends, 'the batch');
    assert.deepEqual(
      ends.flatMap((end) => (end.ok ? [] : [end.index])),
      [25],
    );
    // The last words of the thread were still said: nothing that had finished was executed again.
    assert.deepEqual(
      Array.from(new Int32Array(counts)),
      Array.from({ length: 30 }, () => 1),
    );
    assert.deepEqual(watched.deaths(), ['exit']);
  });
});

it('nothing went unhandled', () => {
  assert.deepEqual(unhandled, []);
});
