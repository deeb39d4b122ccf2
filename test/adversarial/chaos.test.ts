/**
 * Random interleavings of work and harm over two threads, against a model. The seed is printed and can be given as
 * CANO_CHAOS_SEED; what threads do in between is theirs, so a seed repeats the operations and not their timing.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { retry, RunCancelledError } from '../../src/index.ts';
import type { Act } from '../fixtures/execs/acts.ts';
import { perform, performAll, unhandled, watchedEngine, within, type Launched } from '../support/faults.ts';

const STEPS = 500;
const HARM = 20;
const MOST_LIVE = 60;

/** mulberry32: small, seeded, good enough to shuffle with. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Tracked {
  readonly kind: string;
  readonly launched: Launched;
  readonly expected: unknown;
  wasCancelled: boolean;
  settled: number;
  end: { readonly value: unknown } | { readonly error: unknown } | undefined;
}

it(`every execution settles once and none pays for another, over ${STEPS} random steps`, async (t) => {
  const seed = Number(process.env['CANO_CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`CANO_CHAOS_SEED=${seed}`);
  const random = randomOf(seed);
  const upTo = (most: number): number => Math.floor(random() * most);
  await using watched = watchedEngine({ grace: '20ms' });
  const { engine } = watched;
  const all: Tracked[] = [];
  const live = new Set<Tracked>();
  let wake = (): void => {};

  function track(kind: string, launched: Launched, expected: unknown): void {
    const tracked: Tracked = { kind, launched, expected, wasCancelled: false, settled: 0, end: undefined };
    all.push(tracked);
    live.add(tracked);
    const settle = (end: Tracked['end']): void => {
      tracked.settled += 1;
      tracked.end = end;
      live.delete(tracked);
      wake();
    };
    launched.value.then(
      (value) => settle({ value }),
      (error: unknown) => settle({ error }),
    );
  }

  const submit = (kind: string, what: Act, options: Parameters<typeof perform>[2], expected: unknown): void =>
    track(kind, perform(engine, what, { ...options, run: { priority: upTo(3) } }), expected);
  const good: (() => void)[] = [
    () => submit('innocent', { kind: 'value', value: all.length }, { retry: retry.fixed({ retries: 2 }) }, all.length),
    () =>
      submit(
        'innocent',
        { kind: 'busy', ms: upTo(4), value: all.length },
        { retry: retry.fixed({ retries: 2 }) },
        all.length,
      ),
    () =>
      submit(
        'innocent',
        { kind: 'sleep', ms: upTo(4), value: all.length },
        { retry: retry.fixed({ retries: 2 }), timeout: '20s' },
        all.length,
      ),
    () => {
      const items = Array.from({ length: 1 + upTo(60) }, (_value, id): Act => ({ kind: 'value', value: id }));
      track(
        'batch',
        performAll(engine, items, { onItemError: 'fail' } as object),
        items.map((_item, id) => id),
      );
    },
    () => {
      // Short ones with a long one somewhere, so that its chunk is divided when nothing else is left to do.
      const long = upTo(40);
      const items = Array.from({ length: 40 }, (_value, id): Act => ({
        kind: 'busy',
        ms: id === long ? 12 : 0.3,
        value: id,
      }));
      track(
        'batch',
        performAll(engine, items, { onItemError: 'fail' } as object),
        items.map((_item, id) => id),
      );
    },
  ];
  const bad: (() => void)[] = [
    () => submit('guilty', { kind: 'exit' }, {}, 'CANO_THREAD_DIED'),
    () => submit('guilty', { kind: 'timer' }, {}, 'CANO_THREAD_DIED'),
    () => submit('guilty', { kind: 'spin' }, { timeout: '30ms' }, 'CANO_TIMEOUT'),
    () => {
      const items = Array.from({ length: 40 }, (_value, id): Act =>
        id === 25 ? { kind: 'exit' } : { kind: 'value', value: id },
      );
      track('guilty batch', performAll(engine, items), 25);
    },
  ];
  const others: (() => void)[] = [
    () => submit('thrower', { kind: 'throw', value: 'subclass' }, {}, 'E_MINE'),
    () => submit('thrower', { kind: 'unclonable', value: 'nested' }, {}, 'CANO_NOT_CLONEABLE'),
    () => submit('thrower', { kind: 'pollFlag' }, { timeout: '10ms' }, 'CANO_TIMEOUT'),
    () => {
      const one = [...live][upTo(live.size)];
      if (one === undefined) return;
      one.wasCancelled = true;
      one.launched.run.cancel('chaos');
    },
    () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 + upTo(30)),
  ];

  const harmAt = new Set(
    Array.from({ length: HARM }, (_value, index) => Math.floor(((index + random()) * STEPS) / HARM)),
  );
  for (let step = 0; step < STEPS; step += 1) {
    const kind = harmAt.has(step) ? bad : random() < 0.7 ? good : others;
    kind[upTo(kind.length)]?.();
    const { queued, inFlight, settled } = engine.stats();
    assert.ok(queued >= 0 && inFlight >= 0 && settled >= 0);
    if (random() < 0.4) await new Promise((resolve) => setImmediate(resolve));
    while (live.size >= MOST_LIVE) await within(new Promise<void>((resolve) => (wake = resolve)), 'anything');
  }
  while (live.size > 0) await within(new Promise<void>((resolve) => (wake = resolve)), `the last ${live.size}`);

  let executions = 0;
  for (const { kind, launched, expected, wasCancelled, settled, end } of all) {
    const { run } = launched;
    const ended = launched.events.filter(({ type }) => type === 'exec.finished').length;
    const what = `${kind} ${run.id}`;
    executions += ended;
    assert.equal(settled, 1, what);
    assert.equal(launched.events.filter(({ type }) => type === 'run.finished').length, 1, what);
    if (end !== undefined && 'error' in end && end.error instanceof RunCancelledError) {
      assert.ok(wasCancelled, `${what}: nobody cancelled it`);
    } else if (kind === 'innocent') {
      assert.deepEqual([end, ended], [{ value: expected }, 1], what);
    } else if (kind === 'batch') {
      assert.deepEqual([end, ended], [{ value: expected }, (expected as unknown[]).length], what);
    } else if (kind === 'guilty batch') {
      const ends = (end as { value: { ok: boolean; index: number }[] }).value;
      assert.deepEqual([ends.filter(({ ok }) => !ok).map(({ index }) => index), ended], [[expected], 40], what);
    } else {
      assert.equal((end as { error: { code: unknown } }).error.code, expected, what);
      assert.equal(ended, 1, what);
    }
  }
  assert.ok(executions > STEPS / 2, `${executions} executions`);
  assert.deepEqual([engine.stats().queued, engine.stats().inFlight, engine.runs().length], [0, 0, 0]);
  assert.ok(watched.deaths().length >= HARM / 2, `it did no harm: ${watched.deaths().length} deaths`);
  assert.deepEqual(unhandled, []);
});
