/** Schedules over a clock that the tests move: when they fire, and what becomes of a fire. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  MemoryStore,
  RunTimedOutError,
  ScheduleBusyError,
  SchedulerStoppedError,
  ScheduleTrippedError,
} from '../../../src/index.ts';
import { harness, HOUR, MINUTE, SECOND, workflow, type FakeRun, type Harness } from './harness.ts';

const endAtOnce = (run: FakeRun): void => run.complete();

/** Lets time pass in steps, with what follows from each. */
async function pass({ clock }: Harness, ms: number, stepMs: number = ms): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) await clock.advance(stepMs);
}

async function started(h: Harness): Promise<number> {
  await h.scheduler.start();
  return h.clock.now();
}

describe('an interval', () => {
  it('keeps to its grid from the start of the scheduler on, however long its runs take', async () => {
    const h = harness();
    h.scheduler.every('a', workflow, '500ms');
    const t0 = await started(h);
    for (let n = 0; n < 5; n += 1) {
      await pass(h, 500);
      await pass(h, 37);
      h.last.complete();
      await pass(h, 463);
    }
    assert.deepEqual(h.starts(t0), [500, 1_000, 2_000, 3_000, 4_000, 5_000]);
    assert.equal(h.scheduler.status('a').skips, 4);
  });

  it('does not drift when the timer is late', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.everySeconds('a', workflow, 1);
    await h.scheduler.start();
    const w0 = h.clock.wallNow();
    for (let n = 0; n < 50; n += 1) {
      h.clock.pass(930);
      await pass(h, 77);
    }
    const scheduled = h.ofType('schedule.started').map(({ scheduledAt }) => scheduledAt - w0);
    assert.deepEqual(
      scheduled,
      scheduled.map((_at, index) => (index + 1) * SECOND),
    );
    assert.equal(h.runs.length, 50);
  });

  it('is given in all units, from its start time on and until its end', async () => {
    const h = harness({ onRun: endAtOnce });
    const from = new Date(h.clock.wallNow() + 10 * SECOND);
    const until = new Date(h.clock.wallNow() + 2 * HOUR);
    h.scheduler.everySeconds('seconds', workflow, 2.5, { startAt: from });
    h.scheduler.everyMinutes('minutes', workflow, 30, { endAt: until });
    h.scheduler.everyHours('hours', workflow, 1, { maxRuns: 1 });
    await h.scheduler.start();
    assert.deepEqual(
      h.scheduler.status('seconds').nextFires.map((at) => at.getTime() - from.getTime()),
      [0, 2_500, 5_000, 7_500, 10_000],
    );
    assert.equal(h.scheduler.status('minutes').nextFires.length, 4);
    assert.equal(h.scheduler.status('hours').nextFires.length, 1);
    await pass(h, 3 * HOUR, 10 * SECOND);
    assert.equal(h.scheduler.status('minutes').runs, 4);
    assert.equal(h.scheduler.status('hours').runs, 1);
    assert.deepEqual(h.scheduler.status('hours').nextFires, []);
    assert.equal(h.scheduler.status('seconds').runs, 3 * 60 * 24 - 3);
  });

  it('waits for sixty days as exactly as for one', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.everyHours('rare', workflow, 60 * 24);
    const t0 = await started(h);
    h.clock.tick(60 * 24 * HOUR - 1);
    assert.equal(h.runs.length, 0);
    h.clock.tick(1);
    assert.deepEqual(h.starts(t0), [60 * 24 * HOUR]);
    assert.ok(
      h.clock.pending.length === 1 && (h.clock.pending[0] as number) <= 30 * SECOND,
      'one timer, of 30 s at most',
    );
  });
});

describe('a cron schedule', () => {
  it('fires by the clocks of its zone', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.cron('report', workflow, '0 9 * * *', { timezone: 'Asia/Kathmandu', overlap: 'allow' });
    await h.scheduler.start();
    h.clock.tick(48 * HOUR);
    const fires = h.scheduler.status('report').history.map(({ scheduledAt }) => scheduledAt.toISOString());
    assert.deepEqual(fires, ['2030-01-01T03:15:00.000Z', '2030-01-02T03:15:00.000Z']);
    assert.equal(h.scheduler.status('report').plan, 'cron 0 9 * * * (Asia/Kathmandu)');
  });
});

describe('overlap', () => {
  it('skip: leaves a fire out while a run is under way', async () => {
    const h = harness();
    h.scheduler.everySeconds('a', workflow, 1);
    await h.scheduler.start();
    await pass(h, 3 * SECOND);
    assert.equal(h.runs.length, 1);
    assert.deepEqual(
      h.ofType('schedule.skipped').map(({ reason }) => reason),
      ['overlap', 'overlap'],
    );
    h.last.complete();
    await pass(h, SECOND);
    assert.equal(h.runs.length, 2);
  });

  it('queue: a fire waits for its turn, up to the limit', async () => {
    const h = harness();
    h.scheduler.everySeconds('a', workflow, 1, { overlap: 'queue', queueLimit: 2 });
    await h.scheduler.start();
    await pass(h, 5 * SECOND);
    const { queued, skips, running } = h.scheduler.status('a');
    assert.deepEqual([h.runs.length, running, queued, skips], [1, 1, 2, 2]);
    assert.deepEqual(
      h.ofType('schedule.skipped').map(({ reason }) => reason),
      ['queue_full', 'queue_full'],
    );
    for (const expected of [2, 3]) {
      h.last.complete();
      await h.clock.flush();
      assert.equal(h.runs.length, expected);
    }
    const scheduled = h.scheduler.status('a').history.map(({ latenessMs }) => latenessMs);
    assert.deepEqual(scheduled, [0, 3_000, 2_000]);
  });

  it('allow: starts beside it', async () => {
    const h = harness();
    h.scheduler.everySeconds('a', workflow, 1, { overlap: 'allow' });
    await h.scheduler.start();
    await pass(h, 3 * SECOND);
    assert.equal(h.scheduler.runningCount, 3);
    h.runs[1]?.complete();
    await h.clock.flush();
    assert.equal(h.scheduler.runningCount, 2);
  });

  it('replace: cancels the run, and starts when that has ended', async () => {
    const h = harness();
    h.scheduler.everySeconds('a', workflow, 1, { overlap: 'replace' });
    await h.scheduler.start();
    await pass(h, 2 * SECOND);
    assert.deepEqual([h.runs.length, h.runs[0]?.status, h.runs[1]?.status], [2, 'cancelled', 'running']);
    assert.match(String(h.runs[0]?.cancelReason), /replaced by the next run of schedule 'a'/);
    assert.equal(h.scheduler.status('a').cancellations, 1);
    assert.equal(h.scheduler.status('a').failures, 0);
  });

  it('replace: of several that wait for a run to end, the last one starts', async () => {
    const h = harness();
    h.scheduler.everySeconds('a', workflow, 1, { overlap: 'replace' });
    await h.scheduler.start();
    await pass(h, SECOND);
    const [first] = h.runs as [FakeRun];
    first.cancel = () => {};
    await pass(h, 3 * SECOND);
    assert.equal(h.runs.length, 1);
    first.fail();
    await h.clock.flush();
    const { history, skips } = h.scheduler.status('a');
    assert.deepEqual([h.runs.length, skips], [2, 2]);
    assert.equal((history[1]?.scheduledAt.getTime() ?? 0) - (history[0]?.scheduledAt.getTime() ?? 0), 3 * SECOND);
  });
});

describe('a process that was blocked or asleep', () => {
  it('makes the last fire, and counts the others as missed', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.everySeconds('a', workflow, 1);
    await h.scheduler.start();
    h.clock.pass(10_400);
    await pass(h, 1);
    assert.deepEqual([h.runs.length, h.scheduler.status('a').misses], [1, 9]);
    assert.equal(Math.round(h.scheduler.status('a').lastLatenessMs ?? 0), 400);
    assert.deepEqual(
      h.ofType('schedule.missed').map(({ fires }) => fires),
      [9],
    );
  });

  it('makes those of the catch-up window, in order, by its overlap policy', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.everySeconds('a', workflow, 1, { catchUp: '5s', overlap: 'allow' });
    await h.scheduler.start();
    h.clock.pass(10_400);
    await pass(h, 1);
    const { history, misses } = h.scheduler.status('a');
    assert.equal(misses, 5);
    assert.deepEqual(
      history.map(({ reason }) => reason),
      ['catch_up', 'catch_up', 'catch_up', 'catch_up', 'schedule'],
    );
    const times = history.map(({ scheduledAt }) => scheduledAt.getTime());
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  it('misses a daily report by default when it wakes hours later, and makes it with catchUp', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.cron('missed', workflow, '0 3 * * *', { timezone: 'UTC' });
    h.scheduler.cron('caught', workflow, '0 3 * * *', { timezone: 'UTC', catchUp: '12h' });
    await h.scheduler.start();
    // The machine sleeps from midnight to nine: its monotonic clock stands still.
    h.clock.shiftWall(9 * HOUR);
    await h.clock.advance(30 * SECOND);
    const [missed, caught] = [h.scheduler.status('missed'), h.scheduler.status('caught')];
    assert.deepEqual([missed.runs, missed.misses, caught.runs, caught.misses], [0, 1, 1, 0]);
    assert.equal(caught.history[0]?.scheduledAt.toISOString(), '2030-01-01T03:00:00.000Z');
    assert.equal(Math.round((caught.lastLatenessMs ?? 0) / HOUR), 6);
  });
});

describe('maxRuns', () => {
  it('holds for fires that are caught up in one go, too', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.everySeconds('a', workflow, 1, { maxRuns: 3, catchUp: '1m', overlap: 'allow' });
    await h.scheduler.start();
    h.clock.pass(10_400);
    await pass(h, 1);
    const { runs, skips, misses, nextFires } = h.scheduler.status('a');
    assert.deepEqual([runs, skips, misses, nextFires], [3, 0, 0, []]);
  });
});

describe('a calendar that is set', () => {
  it('an hour forward: an interval has missed what lies between, and goes on', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.everyMinutes('a', workflow, 10, { overlap: 'allow' });
    await h.scheduler.start();
    h.clock.shiftWall(HOUR);
    h.clock.tick(30 * SECOND);
    assert.deepEqual([h.runs.length, h.scheduler.status('a').misses], [1, 5]);
    h.clock.tick(10 * MINUTE);
    assert.equal(h.runs.length, 2);
  });

  it('an hour back: an interval does not notice', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.everyMinutes('a', workflow, 10, { overlap: 'allow' });
    const t0 = await started(h);
    h.clock.tick(25 * MINUTE);
    h.clock.shiftWall(-HOUR);
    h.clock.tick(35 * MINUTE);
    assert.deepEqual(
      h.starts(t0).map((ms) => Math.round(ms / MINUTE)),
      [10, 20, 30, 40, 50, 60],
    );
    assert.equal(h.scheduler.status('a').misses, 0);
    const shown = h.scheduler.status('a').nextFires[0]?.getTime() ?? 0;
    assert.equal(Math.round((shown - h.clock.wallNow()) / MINUTE), 10);
  });

  it('an hour back: a cron schedule does not fire for the same times again', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.cron('a', workflow, '*/10 * * * *', { overlap: 'allow', timezone: 'UTC' });
    await h.scheduler.start();
    h.clock.tick(65 * MINUTE);
    assert.equal(h.runs.length, 6);
    h.clock.shiftWall(-HOUR);
    h.clock.tick(HOUR);
    assert.equal(h.runs.length, 6);
    h.clock.tick(6 * MINUTE);
    const times = h.scheduler.status('a').history.map(({ scheduledAt }) => scheduledAt.getTime());
    assert.equal(new Set(times).size, times.length);
    assert.equal(times.length, 7);
  });

  it('by far more than three hours back: it was wrong before, and cron goes by the new one', async () => {
    const h = harness({ onRun: endAtOnce });
    h.clock.shiftWall(400 * 24 * HOUR);
    h.scheduler.cron('a', workflow, '*/10 * * * *', { overlap: 'allow', timezone: 'UTC' });
    await h.scheduler.start();
    h.clock.tick(15 * MINUTE);
    assert.equal(h.runs.length, 1);
    h.clock.shiftWall(-400 * 24 * HOUR);
    h.clock.tick(10 * MINUTE);
    assert.equal(h.runs.length, 2);
  });

  it('is noticed by whoever looks first', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.cron('a', workflow, '0 * * * *', { timezone: 'UTC' });
    const b = h.scheduler.manual('b', workflow);
    await h.scheduler.start();
    h.clock.shiftWall(59 * MINUTE + 50 * SECOND);
    await b.trigger();
    h.clock.tick(9 * SECOND);
    assert.equal(h.scheduler.status('a').runs, 1, 'the fire of one o.clock is due by the calendar as it was set');
  });

  it('an hour forward and back: nothing is fired twice or lost', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.cron('a', workflow, '0 * * * *', { overlap: 'allow', timezone: 'UTC', catchUp: '2h' });
    await h.scheduler.start();
    h.clock.tick(30 * MINUTE);
    h.clock.shiftWall(HOUR);
    h.clock.tick(MINUTE);
    h.clock.shiftWall(-HOUR);
    h.clock.tick(4 * HOUR);
    const times = h.scheduler.status('a').history.map(({ scheduledAt }) => scheduledAt.getUTCHours());
    assert.deepEqual(times, [1, 2, 3, 4]);
  });
});

describe('jitter', () => {
  it('puts each fire off by less than it says, and moves no other', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.everySeconds('a', workflow, 10, { overlap: 'allow', jitter: '4s' });
    const t0 = await started(h);
    h.clock.tick(1_000 * 10 * SECOND);
    const offsets = h.starts(t0).map((ms, index) => ms - (index + 1) * 10 * SECOND);
    assert.ok(offsets.length >= 999, `${offsets.length} runs`);
    for (const offset of offsets) assert.ok(offset >= 0 && offset <= 4_001, `${offset}`);
    assert.ok(Math.max(...offsets) > 3_500 && Math.min(...offsets) < 500, 'the whole range is used');
    const { misses, skips, lastLatenessMs } = h.scheduler.status('a');
    assert.deepEqual([misses, skips], [0, 0]);
    assert.ok((lastLatenessMs ?? 9) <= 1, 'what jitter adds is not lateness');
  });
});

describe('pause and resume', () => {
  it('over a fire: it is neither made nor missed, and the grid stays', async () => {
    const h = harness({ onRun: endAtOnce });
    const a = h.scheduler.everySeconds('a', workflow, 10, { overlap: 'allow' });
    const t0 = await started(h);
    h.clock.tick(15 * SECOND);
    a.pause();
    a.pause();
    assert.equal(a.status().status, 'paused');
    assert.deepEqual(a.next(), []);
    h.clock.tick(20 * SECOND);
    a.resume();
    a.resume();
    h.clock.tick(10 * SECOND);
    assert.deepEqual(h.starts(t0), [10_000, 40_000]);
    const { misses, skips, status } = h.scheduler.status('a');
    assert.deepEqual([misses, skips, status], [0, 0, 'running']);
    assert.deepEqual(
      h.ofType('schedule.changed').map(({ change }) => change),
      ['added', 'paused', 'resumed'],
    );
  });

  it('keeps what waits, and serves who triggers by hand meanwhile', async () => {
    const h = harness();
    const a = h.scheduler.everySeconds('a', workflow, 1, { overlap: 'queue' });
    await h.scheduler.start();
    await pass(h, 2 * SECOND);
    a.pause();
    h.last.complete();
    await h.clock.flush();
    assert.deepEqual([h.runs.length, a.status().queued], [1, 1]);
    await a.trigger();
    assert.deepEqual([h.runs.length, a.status().queued], [2, 1]);
    h.last.complete();
    await h.clock.flush();
    a.resume();
    assert.equal(h.runs.length, 3);
  });
});

describe('failures', () => {
  it('are followed by a wait that grows, in which fires are skipped', async () => {
    const h = harness({ onRun: (run) => run.fail() });
    h.scheduler.everySeconds('a', workflow, 1, { backoff: { initial: '1500ms', max: '4s', jitter: 0 } });
    const t0 = await started(h);
    await pass(h, 14 * SECOND, 100);
    assert.deepEqual(h.starts(t0), [1_000, 3_000, 6_000, 10_000, 14_000]);
    const { status, failureStreak, skips, lastError, backoffUntil } = h.scheduler.status('a');
    assert.deepEqual([status, failureStreak, skips, lastError?.message], ['backoff', 5, 9, 'broken']);
    assert.equal(backoffUntil?.getTime(), h.clock.wallNow() + 4_000);
    assert.ok(
      (h.scheduler.status('a').nextFires[0]?.getTime() ?? 0) > h.clock.wallNow() + 4_000 - 1,
      'a fire is shown that will be skipped',
    );
  });

  it('in a row trip it, and a success before that counts anew', async () => {
    let fails = true;
    const h = harness({ onRun: (run) => (fails ? run.fail() : run.complete()) });
    const a = h.scheduler.everySeconds('a', workflow, 1, { tripAfter: 3 });
    await h.scheduler.start();
    await pass(h, 2 * SECOND);
    fails = false;
    await pass(h, SECOND);
    assert.equal(a.status().failureStreak, 0);
    fails = true;
    await pass(h, 5 * SECOND);
    assert.deepEqual([a.status().status, a.status().failures, a.status().runs, a.next().length], ['tripped', 5, 6, 0]);
    await assert.rejects(a.trigger(), (error: Error) => {
      assert.ok(error instanceof ScheduleTrippedError);
      assert.match(error.message, /'a' has tripped after 3 failures in a row: mend the cause, then resume\('a'\)/);
      return true;
    });
    a.resume();
    fails = false;
    await pass(h, SECOND);
    assert.deepEqual([a.status().status, a.status().failureStreak, a.status().successes], ['idle', 0, 2]);
  });

  it('a cancel is none, a timeout is one', async () => {
    const h = harness();
    const a = h.scheduler.everySeconds('a', workflow, 1, { timeout: '700ms', tripAfter: 2 });
    await h.scheduler.start();
    await pass(h, SECOND);
    assert.equal(h.last.options.timeout, 700);
    h.last.cancel('by hand');
    await pass(h, SECOND);
    assert.deepEqual([a.status().cancellations, a.status().failures, a.status().failureStreak], [1, 0, 0]);
    const where = { runId: h.last.id, state: 'Work' };
    h.last.fail(new RunTimedOutError('too long', where, {} as never, undefined), 'timed_out');
    await h.clock.flush();
    assert.deepEqual([a.status().failures, a.status().history.at(-1)?.status], [1, 'timed_out']);
  });

  it('are told to onError, whose own error reaches nothing', async () => {
    const told: unknown[] = [];
    const h = harness({ onRun: (run) => run.fail() });
    h.scheduler.everySeconds('a', workflow, 1, {
      onError: (error, at) => void told.push([(error as Error).message, at]),
    });
    await h.scheduler.start();
    await pass(h, 2 * SECOND);
    assert.deepEqual(told, [
      ['broken', { schedule: 'a', runId: 'run-1' }],
      ['broken', { schedule: 'a', runId: 'run-2' }],
    ]);
  });
});

describe('the store of a run', () => {
  it('is a new empty one for each, or what the factory makes of the fire', async () => {
    const h = harness({ onRun: endAtOnce });
    const fires: unknown[] = [];
    h.scheduler.everySeconds('plain', workflow, 1);
    const made = new MemoryStore();
    h.scheduler.everySeconds('made', workflow, 1, { store: (fire) => (fires.push(fire), made) });
    await h.scheduler.start();
    await pass(h, 2 * SECOND, SECOND);
    const [first, second] = h.runs.filter(({ store }) => store !== made).map(({ store }) => store);
    assert.ok(first instanceof MemoryStore && second instanceof MemoryStore && first !== second);
    const at = h.clock.wallNow();
    assert.deepEqual(fires, [
      { schedule: 'made', reason: 'schedule', scheduledAt: new Date(at - SECOND) },
      { schedule: 'made', reason: 'schedule', scheduledAt: new Date(at) },
    ]);
  });

  it('that cannot be made is a failed run, and the next one is tried', async () => {
    const h = harness({ onRun: endAtOnce });
    let n = 0;
    h.scheduler.everySeconds('a', workflow, 1, {
      store: () => {
        n += 1;
        if (n === 1) throw new Error('no disk');
        if (n === 2) return Promise.reject(new Error('no network'));
        return new MemoryStore();
      },
    });
    await h.scheduler.start();
    await pass(h, 3 * SECOND, SECOND);
    const { failures, successes, running, history } = h.scheduler.status('a');
    assert.deepEqual([failures, successes, running], [2, 1, 0]);
    assert.deepEqual(
      history.map(({ status, runId, error }) => [status, runId, error?.message]),
      [
        ['failed', undefined, 'no disk'],
        ['failed', undefined, 'no network'],
        ['completed', 'run-1', undefined],
      ],
    );
  });

  it('that never comes holds up its own schedule, no longer than the timeout', async () => {
    const h = harness({ onRun: endAtOnce });
    let isStuck = true;
    let unstick: (store: MemoryStore) => void = () => {};
    const never = new Promise<MemoryStore>((resolve) => {
      unstick = resolve;
    });
    h.scheduler.everySeconds('stuck', workflow, 1, {
      timeout: '2500ms',
      store: () => (isStuck ? never : new MemoryStore()),
    });
    h.scheduler.everySeconds('other', workflow, 1);
    await h.scheduler.start();
    await pass(h, SECOND);
    assert.equal(h.scheduler.status('stuck').status, 'running');
    isStuck = false;
    await pass(h, 3 * SECOND, 500);
    const stuck = h.scheduler.status('stuck');
    assert.deepEqual([stuck.failures, stuck.successes, stuck.running], [1, 1, 0]);
    assert.match(
      stuck.history[0]?.error?.message ?? '',
      /the store of schedule 'stuck' was not made within its timeout of 2500 ms/,
    );
    assert.equal(h.scheduler.status('other').runs, 4);
    const before = h.runs.length;
    unstick(new MemoryStore());
    await h.clock.flush();
    assert.equal(h.runs.length, before, 'what was given up was started after all');
  });
});

describe('trigger', () => {
  it('starts a run at once and gives it, with a store of its own', async () => {
    const h = harness();
    const manual = h.scheduler.manual('a', workflow);
    await h.scheduler.start();
    const store: MemoryStore = new MemoryStore<Record<string, unknown>>({ from: 'me' });
    const run = await manual.trigger({ store });
    assert.deepEqual([run.id, h.last.store === store], ['run-1', true]);
    const { history, lastLatenessMs, plan, nextFires } = manual.status();
    assert.deepEqual([history[0]?.reason, lastLatenessMs, plan, nextFires], ['trigger', 0, 'manual', []]);
  });

  it('goes by the overlap policy: refused, in turn, beside, or instead', async () => {
    const h = harness();
    const skip = h.scheduler.manual('skip', workflow);
    const queue = h.scheduler.manual('queue', workflow, { overlap: 'queue', queueLimit: 1 });
    const allow = h.scheduler.manual('allow', workflow, { overlap: 'allow' });
    const replace = h.scheduler.manual('replace', workflow, { overlap: 'replace' });
    await h.scheduler.start();
    for (const each of [skip, queue, allow, replace]) await each.trigger();
    const byId = (id: string): number => h.scheduler.status(id).running;
    await assert.rejects(skip.trigger(), (error: Error) => {
      assert.ok(error instanceof ScheduleBusyError);
      assert.match(error.message, /schedule 'skip' was not triggered: a run is under way; with overlap: 'queue'/);
      return true;
    });
    const inTurn = queue.trigger();
    await assert.rejects(queue.trigger(), /1 runs wait already \(queueLimit\)/);
    await allow.trigger();
    assert.equal(byId('allow'), 2);
    const instead = replace.trigger();
    assert.equal((await instead).status, 'running');
    assert.equal(h.runs[3]?.status, 'cancelled');
    h.runs[1]?.complete();
    assert.equal((await inTurn).status, 'running');
    assert.equal(h.scheduler.status('skip').skips, 0);
  });

  it('is refused before the start, after the stop and for what is removed', async () => {
    const h = harness();
    const a = h.scheduler.manual('a', workflow);
    await assert.rejects(
      a.trigger(),
      /schedule 'a' was not triggered: scheduler 'default' does not run yet: start\(\) it first/,
    );
    await h.scheduler.start();
    h.scheduler.remove('a');
    await assert.rejects(a.trigger(), /schedule 'a' was removed/);
    const b = h.scheduler.manual('b', workflow);
    await h.scheduler.stop();
    await assert.rejects(
      b.trigger(),
      (error: Error) => error instanceof SchedulerStoppedError && /was stopped/.test(error.message),
    );
  });
});

describe('what a schedule knows', () => {
  it('counts, durations, the next fires and the last fifty runs', async () => {
    const h = harness();
    h.scheduler.everySeconds('a', workflow, 10);
    await h.scheduler.start();
    for (let n = 0; n < 60; n += 1) {
      await pass(h, (h.scheduler.status('a').nextFires[0]?.getTime() ?? 0) - h.clock.wallNow());
      h.clock.pass(n % 2 === 0 ? 100 : 300);
      h.last.complete();
      await h.clock.flush();
    }
    const status = h.scheduler.status('a');
    assert.deepEqual(
      [status.runs, status.successes, status.history.length, status.lastDurationMs, status.averageDurationMs],
      [60, 60, 50, 300, 200],
    );
    assert.equal(status.history.at(-1)?.runId, 'run-60');
    assert.equal(status.history.at(-1)?.state, 'Done');
    assert.equal(status.nextFires.length, 5);
    assert.ok((status.nextFires[0]?.getTime() ?? 0) > h.clock.wallNow());
    assert.equal(status.plan, 'every 10s');
    assert.equal(status.lastStart?.getTime(), status.history.at(-1)?.startedAt.getTime());
  });

  it('is announced in order: started, finished, with the run', async () => {
    const h = harness({ onRun: endAtOnce });
    h.scheduler.everySeconds('a', workflow, 1);
    await h.scheduler.start();
    await pass(h, SECOND);
    const at = h.clock.now();
    assert.deepEqual(h.events.slice(1), [
      {
        v: 1,
        at,
        scheduler: 'default',
        schedule: 'a',
        workflow: 'work',
        type: 'schedule.started',
        runId: 'run-1',
        reason: 'schedule',
        scheduledAt: h.clock.wallNow(),
        latenessMs: 0,
      },
      {
        v: 1,
        at,
        scheduler: 'default',
        schedule: 'a',
        workflow: 'work',
        type: 'schedule.finished',
        status: 'completed',
        durationMs: 0,
        runId: 'run-1',
      },
    ]);
  });
});
