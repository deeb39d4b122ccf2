import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../../src/core/clock.ts';
import { DueTimer, type Due } from '../../../src/scheduler/due-timer.ts';
import { Timeline } from '../../../src/scheduler/timeline.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A clock as Node's: its timers count whole milliseconds and come late. */
function lateTimers(clock: FakeClock, byMs: number): { clock: Clock; delays: number[] } {
  const delays: number[] = [];
  const setTimer: Clock['setTimer'] = (fn, delayMs) => {
    delays.push(delayMs);
    return clock.setTimer(fn, delayMs < 1 ? delayMs : Math.floor(delayMs) + byMs);
  };
  return { clock: { now: clock.now, wallNow: clock.wallNow, setTimer }, delays };
}

/** One thing that is due every so often; returns how late it fired each time. */
async function fireEvery(everyMs: number, times: number): Promise<{ late: number[]; delays: number[] }> {
  const fake = new FakeClock();
  const { clock, delays } = lateTimers(fake, 0.9);
  const timer = new DueTimer<Due>(clock, new Timeline(clock), () => {});
  const late: number[] = [];
  const item = {
    heapIndex: -1,
    order: 0,
    dueAt: fake.now() + everyMs,
    fire: () => {
      late.push(fake.now() - item.dueAt);
      item.dueAt += everyMs;
      timer.place(item);
    },
  };
  timer.place(item);
  timer.start();
  await fake.advance(everyMs * times + 10);
  timer.stop();
  return { late, delays };
}

describe('the due timer', () => {
  it('looks to the point after a long pause, though timers come late', async () => {
    const { late } = await fireEvery(1_000, 5);
    assert.equal(late.length, 5);
    for (const ms of late) assert.ok(ms >= 0 && ms <= 0.25, `${ms} ms late`);
  });

  it('spends no turns of the event loop where looks follow each other closely', async () => {
    const { late, delays } = await fireEvery(10, 20);
    assert.equal(late.length, 20);
    for (const ms of late.slice(1)) assert.ok(ms >= 0 && ms <= 2, `${ms} ms late`);
    const turns = delays.filter((ms) => ms < 1);
    // The very first look has no other before it.
    assert.ok(turns.length <= 8, `${turns.length} turns`);
  });
});

describe('the timeline', () => {
  it('finds the point at which Date.now() goes on, and so no fraction of a millisecond late', () => {
    let now = 5_000.3;
    const clock: Clock = {
      now: () => (now += 0.001),
      wallNow: () => Math.floor((now += 0.001) + 1_000_000.6),
      setTimer: () => assert.fail('needs no timer'),
    };
    const at = new Timeline(clock).toMonotonic('machine', 1_006_000);
    assert.ok(at >= 5_999.4 && at <= 5_999.41, `${at}`);
  });
});
