/** Bounds on the runs of an engine: refused or waiting, by priority, and what stops those that wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  EngineClosedError,
  InvalidOptionError,
  QueueFullError,
  RunCancelledError,
  RunTimedOutError,
  createEngine,
  type Engine,
  type EngineOptions,
  type Run,
  type RunOptions,
} from '../../../src/index.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { assertStream } from './event-shape.ts';
import { inlineEngine, newStore, node, rejection, startAndListen, workflowOf } from './harness.ts';

/** An engine whose runs last until the test lets them end. */
class Hotel {
  readonly engine: Engine;
  readonly clock: FakeClock;
  readonly begun: string[] = [];
  readonly #leave = new Map<string, () => void>();
  readonly #workflow = workflowOf(
    node({
      name: 'stay',
      outcomes: ['Done'],
      prep: (_store, ctx) => ctx.runId,
      exec: async (id) => {
        this.begun.push(id);
        await new Promise<void>((resolve) => this.#leave.set(id, resolve));
      },
    }),
  );

  constructor(options: EngineOptions) {
    ({ engine: this.engine, clock: this.clock } = inlineEngine(options));
  }

  come(runId: string, options: RunOptions = {}): Run {
    return this.engine.start(this.#workflow, newStore(), { runId, ...options });
  }

  async go(runId: string): Promise<void> {
    this.#leave.get(runId)?.();
    await this.clock.flush();
  }
}

test('beyond maxRuns a run is refused, with the bound and what to do', async () => {
  const hotel = new Hotel({ maxRuns: 2, name: 'small' });
  const [a] = [hotel.come('a'), hotel.come('b')];
  assert.throws(
    () => hotel.come('c'),
    (error) => {
      assert.ok(error instanceof QueueFullError);
      assert.deepEqual([error.code, error.maxRuns], ['CANO_QUEUE_FULL', 2]);
      assert.match(error.message, /engine 'small' .*\(maxRuns: 2\).*whenFull: 'wait'/);
      return true;
    },
  );
  assert.deepEqual(
    hotel.engine.runs().map(({ id }) => id),
    ['a', 'b'],
  );
  await hotel.clock.flush();
  await hotel.go('a');
  await a?.result;
  hotel.come('c');
  await hotel.clock.flush();
  assert.deepEqual(hotel.begun, ['a', 'b', 'c']);
});

test('with whenFull: wait, runs begin when there is room: by priority, then in the order of their coming', async () => {
  const hotel = new Hotel({ maxRuns: 1, whenFull: 'wait' });
  hotel.come('first');
  const waiting = ['a', 'b'].map((id) => hotel.come(id));
  const high = hotel.come('high', { priority: 1 });
  await hotel.clock.flush();
  assert.deepEqual(
    [high, ...waiting].map(({ status }) => status),
    ['pending', 'pending', 'pending'],
  );
  assert.deepEqual([hotel.engine.stats().runs, hotel.engine.stats().pending], [4, 3]);
  for (const id of ['first', 'high', 'a', 'b']) await hotel.go(id);
  assert.deepEqual(hotel.begun, ['first', 'high', 'a', 'b']);
  assert.equal(hotel.engine.stats().pending, 0);
});

test('a producer that awaits started keeps at most one run waiting', async () => {
  const hotel = new Hotel({ maxRuns: 3, whenFull: 'wait' });
  let made = 0;
  const produce = async (): Promise<void> => {
    for (; made < 10; made += 1) await hotel.come(`run ${made}`).started;
  };
  const produced = produce();
  await hotel.clock.flush();
  assert.deepEqual([made, hotel.begun.length], [3, 3]);
  for (let n = 0; n < 10; n += 1) await hotel.go(`run ${n}`);
  await produced;
  assert.equal(hotel.begun.length, 10);
});

test('started resolves when the run begins, whenever it is asked for, and rejects when it never does', async () => {
  const hotel = new Hotel({ maxRuns: 1, whenFull: 'wait' });
  const first = hotel.come('first');
  assert.equal(first.status, 'pending');
  await first.started;
  assert.equal(first.status, 'running');
  await hotel.go('first');
  await first.result;
  await first.started;
  const second = hotel.come('second');
  await hotel.clock.flush();
  const third = hotel.come('third');
  third.cancel('no need');
  assert.equal(await rejection(third.started, RunCancelledError), await rejection(third.result, RunCancelledError));
  assert.equal(third.started, third.started);
  const late = hotel.come('late');
  late.cancel();
  await rejection(late.result, RunCancelledError);
  await rejection(late.started, RunCancelledError);
  second.cancel();
});

test('a run that waits can be cancelled and times out, counted from start; its place goes to nobody else', async () => {
  const hotel = new Hotel({ maxRuns: 1, whenFull: 'wait' });
  hotel.come('first');
  const cancelled = hotel.come('cancelled');
  const late = hotel.come('late', { timeout: '1s' });
  const controller = new AbortController();
  const aborted = hotel.come('aborted', { signal: controller.signal });
  const last = hotel.come('last');
  await hotel.clock.flush();
  assert.ok(hotel.engine.cancel('cancelled', 'not any more'));
  assert.equal((await rejection(cancelled.result, RunCancelledError)).cause, 'not any more');
  await hotel.clock.advance(1_000);
  const error = await rejection(late.result, RunTimedOutError);
  assert.deepEqual([error.report.wallMs, error.report.nodes], [1_000, []]);
  controller.abort('stop');
  assert.equal((await rejection(aborted.result, RunCancelledError)).cause, 'stop');
  assert.deepEqual(hotel.begun, ['first']);
  await hotel.go('first');
  assert.deepEqual([hotel.begun, last.status], [['first', 'last'], 'running']);
  await hotel.go('last');
  await last.result;
  assert.deepEqual(hotel.clock.pending, []);
});

test('the events of a run that was cancelled while it waited are those of any run that never got anywhere', async () => {
  const { engine, clock } = inlineEngine({ maxRuns: 1, whenFull: 'wait' });
  const forever = workflowOf(node({ name: 'n', outcomes: ['Done'], exec: () => new Promise<void>(() => {}) }));
  const first = engine.start(forever, newStore());
  const { run, events } = startAndListen(engine, forever, newStore());
  await clock.flush();
  assert.deepEqual(events, []);
  run.cancel();
  await rejection(run.result, RunCancelledError);
  assertStream(events);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['run.started', 'run.finished'],
  );
  first.cancel();
});

test('close waits for those that wait too, and cancels them at its timeout', async () => {
  const patient = new Hotel({ maxRuns: 1, whenFull: 'wait' });
  const runs = ['a', 'b', 'c'].map((id) => patient.come(id));
  const closed = patient.engine.close();
  assert.throws(() => patient.come('d'), EngineClosedError);
  await patient.clock.flush();
  for (const id of ['a', 'b', 'c']) await patient.go(id);
  await patient.clock.until(closed);
  await Promise.all(runs.map(({ result }) => result));

  const hasty = new Hotel({ maxRuns: 1, whenFull: 'wait' });
  const left = ['a', 'b', 'c'].map((id) => hasty.come(id));
  await hasty.clock.flush();
  const closing = hasty.engine.close({ timeout: '1s' });
  await hasty.clock.advance(1_000);
  await hasty.clock.until(closing);
  for (const run of left) await rejection(run.result, RunCancelledError);
  assert.deepEqual(hasty.begun, ['a']);
});

test('options that cannot be used are refused', () => {
  const refused: readonly [EngineOptions, RegExp][] = [
    [{ maxRuns: 0 }, /maxRuns must be an integer >= 1, got 0/],
    [{ maxRuns: 1.5 }, /got 1.5/],
    [{ maxRuns: '3' as never }, /got '3'/],
    [{ maxRuns: 3, whenFull: 'drop' as never }, /whenFull must be 'reject' or 'wait', got 'drop'/],
    [{ whenFull: 'wait' }, /whenFull is 'wait'.*set maxRuns/],
  ];
  for (const [options, message] of refused) {
    assert.throws(
      () => createEngine({ inline: true, ...options }),
      (error) => error instanceof InvalidOptionError && message.test(error.message),
    );
  }
});

test('laws: never more runs under way than maxRuns, nobody waits while there is room, all end', async () => {
  const action = fc.record({
    kind: fc.constantFrom('come', 'come', 'go', 'cancel'),
    priority: fc.nat({ max: 2 }),
    at: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(action, { maxLength: 25 }), async (maxRuns, actions) => {
      const hotel = new Hotel({ maxRuns, whenFull: 'wait' });
      const live: { readonly run: Run; readonly priority: number }[] = [];
      const all: Run[] = [];
      for (const { kind, priority, at } of actions) {
        if (kind === 'come') {
          const run = hotel.come(`run ${all.length}`, { priority });
          all.push(run);
          live.push({ run, priority });
        } else {
          const candidates = kind === 'go' ? live.filter(({ run }) => run.status === 'running') : live;
          const chosen = candidates[at % Math.max(1, candidates.length)];
          if (chosen === undefined) continue;
          live.splice(live.indexOf(chosen), 1);
          if (kind === 'go') await hotel.go(chosen.run.id);
          else chosen.run.cancel();
        }
        await hotel.clock.flush();
        const inside = live.filter(({ run }) => run.status === 'running');
        const pending = live.filter(({ run }) => run.status === 'pending');
        assert.equal(inside.length, Math.min(maxRuns, live.length));
        assert.equal(hotel.engine.stats().pending, pending.length);
        // No higher one waits behind a lower one that came in after it had come.
        const order = pending.map(({ run }) => hotel.engine.explain(run.id)?.waitsFor[0]);
        assert.deepEqual(
          order.map((wait) => wait?.kind === 'admission' && wait.ahead),
          pending.map(
            (one, nth) =>
              pending.filter(
                (other, place) => other.priority > one.priority || (other.priority === one.priority && place < nth),
              ).length,
          ),
        );
      }
      for (const run of all) run.cancel();
      await Promise.allSettled(all.map(({ result }) => result));
      await hotel.engine.close();
    }),
    { numRuns: 60 },
  );
});
