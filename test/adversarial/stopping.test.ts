/** Timeouts and cancellation on real threads. Cases of facts/threads.md §7: 17 to 20, 27, 28. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AttemptTimeoutError, retry, RunCancelledError, RunTimedOutError, type Engine } from '../../src/index.ts';
import type { Act } from '../fixtures/execs/acts.ts';
import {
  attemptsByItem,
  failure,
  perform,
  performAll,
  unhandled,
  watchedEngine,
  within,
  type Launched,
} from '../support/faults.ts';

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Resolves when the execution that counts itself in `counts` has begun. */
async function begun(counts: SharedArrayBuffer, id = 0): Promise<void> {
  while (Atomics.load(new Int32Array(counts), id) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

function endsOf(launched: Launched): string[] {
  return launched.events.flatMap((event) => (event.type === 'exec.finished' ? [event.outcome] : []));
}

async function assertGoesOn(engine: Engine): Promise<void> {
  assert.equal(await within(perform(engine, { kind: 'value', value: 'next' }).value, 'the next run'), 'next');
}

describe('a timeout', () => {
  it('is obeyed by an exec that polls: soft, and the thread lives', async () => {
    await using watched = watchedEngine({ threads: 1, grace: '10s' });
    const polled = perform(
      watched.engine,
      { kind: 'pollFlag' },
      { timeout: '50ms', retry: retry.fixed({ retries: 1 }) },
    );
    const error = await failure(polled);
    assert.ok(error instanceof AttemptTimeoutError);
    assert.deepEqual([error.rung, error.timeoutMs], ['soft', 50]);
    assert.match(error.message, /^exec of 'work' ran longer than its timeout of 50 ms \(it stopped when asked\)$/);
    assert.deepEqual(endsOf(polled), ['timeout', 'timeout']);
    await assertGoesOn(watched.engine);
    assert.deepEqual(watched.deaths(), []);
  });

  it('is obeyed by an exec that listens to its signal', async () => {
    await using watched = watchedEngine({ threads: 1, grace: '10s' });
    const waiting = perform(watched.engine, { kind: 'waitSignal' }, { timeout: '50ms' });
    assert.equal(((await failure(waiting)) as AttemptTimeoutError).rung, 'soft');
    assert.deepEqual(watched.deaths(), []);
  });

  it('holds for an exec that comes to an end after it: what it gave is dropped', async () => {
    await using watched = watchedEngine({ threads: 1, grace: '10s' });
    const late = perform(watched.engine, { kind: 'ignoreStop', value: 'too late' }, { timeout: '50ms' });
    assert.equal((await failure(late)).code, 'CANO_TIMEOUT');
    assert.deepEqual(endsOf(late), ['timeout']);
  });

  it('terminates a thread that blocks', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const blocked = perform(watched.engine, { kind: 'block', ms: 60_000 }, { timeout: '100ms' });
    assert.equal(((await failure(blocked)) as AttemptTimeoutError).rung, 'hard');
    await assertGoesOn(watched.engine);
  });

  it('settles an execution that sits in native code, though its thread cannot die yet', async () => {
    await using watched = watchedEngine({ threads: 1, grace: '20ms' });
    await within(perform(watched.engine, { kind: 'value' }).value, 'warm');
    const began = performance.now();
    const native = perform(watched.engine, { kind: 'native' }, { timeout: '20ms' });
    assert.equal((await failure(native)).code, 'CANO_TIMEOUT');
    assert.ok(performance.now() - began < 5_000);
    await assertGoesOn(watched.engine);
  });

  it('counts running time only: a queue of ten on one thread', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const runs = Array.from({ length: 10 }, (_value, id) =>
      perform(watched.engine, { kind: 'block', ms: 60, value: id }, { timeout: '200ms' }),
    );
    const values = await within(Promise.all(runs.map(async ({ value }) => value)), 'the queue');
    assert.deepEqual(values, Array.from(values.keys()));
    assert.ok(runs.every((run) => run.attempts() === 1));
  });

  it('is per item in a batch: slow items pay, quick ones of their chunks do not', async () => {
    await using watched = watchedEngine({ threads: 1, grace: '10s' });
    const slow = new Set([30, 31, 47]);
    const acts = Array.from({ length: 60 }, (_value, id): Act =>
      slow.has(id) ? { kind: 'pollFlag' } : { kind: 'value', value: id },
    );
    const batch = performAll(watched.engine, acts, { timeout: '60ms', retry: retry.fixed({ retries: 1 }) });
    const ends = await within(batch.ends, 'the batch');
    const attempts = attemptsByItem(batch.events);
    for (const [index, end] of ends.entries()) {
      assert.equal(attempts.get(index), slow.has(index) ? 2 : 1);
      if (slow.has(index)) assert.equal(!end.ok && (end.error as AttemptTimeoutError).rung, 'soft');
      else assert.deepEqual(end, { ok: true, index, value: index });
    }
    assert.deepEqual(watched.deaths(), []);
  });
});

describe('a main thread that is blocked for 2 s', () => {
  it('declares nothing dead and nothing late', async () => {
    await using watched = watchedEngine();
    const { engine } = watched;
    const counts = new SharedArrayBuffer(8);
    // One ends within its timeout while nobody looks; one is busy all the time and has time enough.
    const quick = perform(engine, { kind: 'block', ms: 150, value: 'quick', id: 0, counts }, { timeout: '1s' });
    const long = perform(engine, { kind: 'block', ms: 2_500, value: 'long', id: 1, counts }, { timeout: '5s' });
    const behind = Array.from({ length: 5 }, () =>
      perform(engine, { kind: 'value', value: 'behind' }, { timeout: '100ms' }),
    );
    await begun(counts, 0);
    await begun(counts, 1);
    block(2_000);
    assert.equal(await within(quick.value, 'the quick one'), 'quick');
    assert.equal(await within(long.value, 'the long one'), 'long');
    for (const one of behind) assert.equal(await within(one.value, 'one behind'), 'behind');
    assert.deepEqual(watched.deaths(), []);
    assert.ok([quick, long, ...behind].every((one) => one.attempts() === 1));
  });
});

describe('cancelling a run', () => {
  async function assertCancelled(launched: Launched): Promise<void> {
    await assert.rejects(
      within(launched.run.result, 'the cancelled run'),
      (error) => error instanceof RunCancelledError,
    );
    const finished = launched.events.filter(({ type }) => type === 'run.finished');
    assert.equal(finished.length, 1);
    assert.equal(launched.events.at(-1), finished[0]);
  }

  it('in the queue, on its way and while it runs: none starts afterwards, none settles twice', async () => {
    await using watched = watchedEngine({ threads: 1, grace: '10s' });
    const { engine } = watched;
    // Teaches the dispatcher that the exec is cheap, so that several are posted ahead.
    for (let i = 0; i < 20; i += 1) await perform(engine, { kind: 'value' }).value;
    const COUNT = 100;
    const counts = new SharedArrayBuffer(4 * (COUNT + 1));
    const running = perform(engine, { kind: 'pollFlag', id: COUNT, counts });
    const waiting = Array.from({ length: COUNT }, (_value, id) => perform(engine, { kind: 'value', id, counts }));
    await new Promise((resolve) => setImmediate(resolve));
    // Looked at before the thread turns out to be held up, and gives back what is on its way to it.
    const { inFlight, queued } = engine.stats();
    assert.ok(inFlight > 1 && queued > 0, `${inFlight} in flight, ${queued} queued`);
    for (const one of waiting.slice(0, COUNT / 2)) one.run.cancel('not wanted');
    await begun(counts, COUNT);
    for (const one of waiting) one.run.cancel('not wanted');
    for (const one of waiting) await assertCancelled(one);
    running.run.cancel();
    await assertCancelled(running);
    await assertGoesOn(engine);
    const calls = Array.from(new Int32Array(counts));
    assert.equal(calls[COUNT], 1);
    assert.deepEqual(
      calls.slice(0, COUNT),
      waiting.map(() => 0),
    );
    assert.deepEqual(
      waiting.map(endsOf),
      waiting.map(() => ['cancelled']),
    );
    assert.deepEqual(endsOf(running), ['cancelled']);
    assert.deepEqual(watched.deaths(), []);
  });

  // What takes so long has nothing behind it on its thread: taken back, it leaves a thread that has nothing to answer.
  it('on its way to a thread that holds nothing else: what waits gets the thread', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    const counts = new SharedArrayBuffer(4);
    const before = perform(engine, { kind: 'blockOn', ms: 50 });
    const victim = perform(engine, { kind: 'value', id: 0, counts });
    const next = perform(engine, { kind: 'value', value: 'next' });
    await before.value;
    assert.equal(engine.stats().inFlight, 1);
    victim.run.cancel('not wanted');
    await assertCancelled(victim);
    assert.equal(await within(next.value, 'what waits behind it'), 'next');
    assert.equal(new Int32Array(counts)[0], 0);
  });

  it('before its first step, twice, and after its end', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { engine } = watched;
    const counts = new SharedArrayBuffer(4);
    const early = perform(engine, { kind: 'value', id: 0, counts });
    early.run.cancel('one');
    early.run.cancel('two');
    await assertCancelled(early);
    await assert.rejects(early.run.result, { cause: 'one' });
    assert.deepEqual(endsOf(early), []);
    const done = perform(engine, { kind: 'value', value: 1 });
    assert.equal(await done.value, 1);
    done.run.cancel();
    assert.equal(done.run.status, 'completed');
    assert.equal(new Int32Array(counts)[0], 0);
  });

  it('that spins: its thread is terminated after the grace', async () => {
    await using watched = watchedEngine({ threads: 1, grace: '50ms' });
    const counts = new SharedArrayBuffer(4);
    const spinning = perform(watched.engine, { kind: 'spin', id: 0, counts });
    await begun(counts);
    spinning.run.cancel();
    await assertCancelled(spinning);
    assert.deepEqual(watched.deaths(), ['terminated']);
    await assertGoesOn(watched.engine);
  });

  it('with a batch in flight: no item starts after it has settled', async () => {
    await using watched = watchedEngine({ grace: '10s' });
    const COUNT = 400;
    const counts = new SharedArrayBuffer(4 * COUNT);
    const acts = Array.from({ length: COUNT }, (_value, id): Act => ({ kind: 'block', ms: 2, id }));
    const batch = performAll(watched.engine, acts, { counts });
    await begun(counts, 40);
    batch.run.cancel();
    await assert.rejects(within(batch.run.result, 'the batch'), { code: 'CANO_RUN_CANCELLED' });
    const calls = Array.from(new Int32Array(counts));
    await assertGoesOn(watched.engine);
    assert.deepEqual(Array.from(new Int32Array(counts)), calls);
    assert.ok(calls.every((times) => times <= 1));
    assert.ok(calls.filter((times) => times === 0).length > 50);
  });

  it('by its timeout', async () => {
    await using watched = watchedEngine({ threads: 1, grace: '20ms' });
    const spinning = perform(watched.engine, { kind: 'spin' }, { run: { timeout: '300ms' } });
    await assert.rejects(within(spinning.run.result, 'the run'), (error) => error instanceof RunTimedOutError);
    await assertGoesOn(watched.engine);
  });

  it('at the instant of its completion, a thousand times: it ends once, one way or the other', async () => {
    await using watched = watchedEngine({ grace: '10s' });
    const { engine } = watched;
    const ends = { completed: 0, cancelled: 0 };
    for (let round = 0; round < 1_000; round += 20) {
      const runs = Array.from({ length: 20 }, () => perform(engine, { kind: 'value', value: 1 }));
      for (const [index, { run }] of runs.entries()) {
        // Somewhere between the post and the arrival of the result.
        if (index % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
        run.cancel();
      }
      for (const one of runs) {
        const [end] = await within(Promise.allSettled([one.run.result]), 'a run');
        ends[end?.status === 'fulfilled' ? 'completed' : 'cancelled'] += 1;
        assert.ok(endsOf(one).length <= 1);
        assert.equal(one.events.filter(({ type }) => type === 'run.finished').length, 1);
      }
    }
    assert.equal(ends.completed + ends.cancelled, 1_000);
    assert.ok(ends.cancelled > 0);
    assert.deepEqual(watched.deaths(), []);
    await assertGoesOn(engine);
  });
});

describe('closing an engine', () => {
  it('with running, queued and waiting runs: all settle, twice is harmless, nothing starts any more', async () => {
    const watched = watchedEngine({ threads: 1, grace: '50ms' });
    const { engine } = watched;
    const counts = new SharedArrayBuffer(4);
    const running = perform(engine, { kind: 'spin', id: 0, counts });
    const queued = Array.from({ length: 10 }, () => perform(engine, { kind: 'value' }));
    const waiting = perform(
      engine,
      { kind: 'throw', value: 'subclass' },
      { retry: retry.fixed({ retries: 5, delay: '1h' }) },
    );
    await begun(counts);
    const closing = [engine.close({ timeout: '20ms' }), engine.close()];
    assert.throws(() => perform(engine, { kind: 'value' }), { code: 'CANO_ENGINE_CLOSED' });
    await within(Promise.all(closing), 'closing');
    for (const { run } of [running, ...queued, waiting])
      await assert.rejects(run.result, { code: 'CANO_RUN_CANCELLED' });
    assert.deepEqual([engine.runs().length, engine.stats().inFlight, engine.stats().queued], [0, 0, 0]);
    assert.deepEqual(unhandled, []);
  });

  it('while threads crash', async () => {
    const watched = watchedEngine({ threads: 2 });
    const crashing = Array.from({ length: 4 }, () => perform(watched.engine, { kind: 'exit' }));
    const fine = Array.from({ length: 20 }, (_value, id) => perform(watched.engine, { kind: 'value', value: id }));
    await within(watched.engine.close(), 'closing');
    for (const one of crashing) assert.equal((await failure(one)).code, 'CANO_THREAD_DIED');
    for (const [id, one] of fine.entries()) assert.equal(await one.value, id);
    assert.deepEqual(unhandled, []);
  });
});

describe('an execution far longer than its exec takes as a rule', () => {
  it('does not hold up what was posted behind it, though no thread is idle', async () => {
    await using watched = watchedEngine({ threads: 2 });
    const { engine } = watched;
    const short = (): Launched => perform(engine, { kind: 'busy', ms: 0.1 });
    // By now the engine knows that they are short, and gives each thread several ahead.
    for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 20 }, () => short().value));
    const long = perform(engine, { kind: 'busy', ms: 2_000 });
    const state = { isLongOver: false, left: 40 };
    void long.value.then(() => (state.isLongOver = true));
    const waiting = Array.from({ length: state.left }, () => short().value.then(() => (state.left -= 1)));
    // Keeps the other thread from being idle.
    const filler = async (): Promise<void> => {
      while (state.left > 0) await short().value;
    };
    await within(Promise.all([...waiting, filler(), filler(), filler(), filler()]), 'the short ones');
    assert.equal(state.isLongOver, false);
    await within(long.value, 'the long one');
  });
});
