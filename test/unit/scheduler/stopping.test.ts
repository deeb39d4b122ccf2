/** Starting, stopping, adding and removing; and what is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CanoError,
  InvalidOptionError,
  InvalidWorkflowError,
  MemoryStore,
  Scheduler,
  SchedulerStoppedError,
  UnknownScheduleError,
  Workflow,
} from '../../../src/index.ts';
import { harness, SECOND, workflow, type FakeRun, type Harness } from './harness.ts';

async function withRuns(count: number): Promise<Harness> {
  const h = harness();
  for (let n = 0; n < count; n += 1) h.scheduler.everySeconds(`s${n}`, workflow, 1, { overlap: 'queue' });
  await h.scheduler.start();
  await h.clock.advance(2 * SECOND);
  assert.equal(h.scheduler.runningCount, count);
  return h;
}

describe('stop', () => {
  it('starts nothing more, waits for what runs, and says so', async () => {
    const h = await withRuns(2);
    const stopped = h.scheduler.stop();
    assert.equal(h.scheduler.isRunning, false);
    await h.clock.advance(10 * SECOND);
    assert.equal(h.runs.length, 2);
    for (const run of h.runs) run.complete();
    assert.deepEqual(await stopped, { drained: 2, cancelled: [], dropped: 2 });
    assert.equal(h.scheduler.hasRunning, false);
    assert.deepEqual(h.clock.pending, [], 'no timer is left');
    assert.deepEqual(
      h.ofType('schedule.skipped').map(({ reason }) => reason),
      ['stopped', 'stopped'],
    );
  });

  it('cancels what is left at the timeout, and says what that was', async () => {
    const h = await withRuns(3);
    const stopped = h.scheduler.stop({ timeout: '5s' });
    await h.clock.advance(SECOND);
    h.runs[1]?.complete();
    await h.clock.advance(3_999);
    assert.equal(h.runs[0]?.status, 'running');
    await h.clock.advance(1);
    assert.deepEqual(await stopped, {
      drained: 1,
      cancelled: [
        { schedule: 's0', runId: 'run-1' },
        { schedule: 's2', runId: 'run-3' },
      ],
      dropped: 3,
    });
    assert.match(String(h.runs[0]?.cancelReason), /scheduler 'default' was stopped/);
  });

  it('can be made shorter by a second call, and resolves once for all', async () => {
    const h = await withRuns(1);
    const first = h.scheduler.stop({ timeout: '1h' });
    const second = h.scheduler.stopImmediately();
    await h.clock.advance(1);
    assert.deepEqual(await first, await second);
    assert.equal((await first).cancelled.length, 1);
    assert.deepEqual(h.clock.pending, []);
  });

  it('gives up on stores that never come', async () => {
    const h = harness();
    const a = h.scheduler.manual('a', workflow, { store: () => new Promise<never>(() => {}) });
    await h.scheduler.start();
    const triggered = a.trigger();
    triggered.catch(() => {});
    const stopped = h.scheduler.stop({ timeout: '1s' });
    await h.clock.advance(SECOND);
    assert.deepEqual(await stopped, { drained: 0, cancelled: [], dropped: 1 });
    await assert.rejects(triggered, /scheduler 'default' was stopped/);
    assert.equal(a.status().cancellations, 1);
  });

  it('refuses triggers that wait for their turn', async () => {
    const h = harness();
    const a = h.scheduler.manual('a', workflow, { overlap: 'queue' });
    await h.scheduler.start();
    await a.trigger();
    const waiting = a.trigger();
    waiting.catch(() => {});
    const stopped = h.scheduler.stop();
    await assert.rejects(waiting, /schedule 'a' was stopped while the trigger waited for its turn/);
    h.last.complete();
    await stopped;
  });

  it('is what `await using` does; without runs and without a start it ends at once', async () => {
    const h = await withRuns(1);
    {
      await using scheduler = h.scheduler;
      (h.runs[0] as FakeRun).complete();
      assert.equal(scheduler, h.scheduler);
    }
    assert.equal(h.scheduler.isRunning, false);
    assert.deepEqual(await harness().scheduler.stop(), { drained: 0, cancelled: [], dropped: 0 });
  });

  it('is for good', async () => {
    const h = harness();
    await h.scheduler.start();
    await h.scheduler.start();
    await h.scheduler.stop();
    await assert.rejects(h.scheduler.start(), (error: Error) => {
      assert.ok(error instanceof SchedulerStoppedError);
      assert.match(error.message, /scheduler 'default' was stopped: make another one/);
      return true;
    });
    assert.throws(() => h.scheduler.manual('late', workflow), /schedule 'late' was not added/);
  });
});

describe('adding and removing', () => {
  it('while it runs: fires from then on, and no more', async () => {
    const h = harness({ onRun: (run) => run.complete() });
    await h.scheduler.start();
    h.clock.tick(250);
    const a = h.scheduler.everySeconds('a', workflow, 1);
    h.clock.tick(SECOND);
    assert.equal(h.runs.length, 1);
    a.remove();
    a.remove();
    h.clock.tick(10 * SECOND);
    assert.equal(h.runs.length, 1);
    assert.equal(h.scheduler.has('a'), false);
    h.scheduler.everySeconds('a', workflow, 1);
    assert.deepEqual(
      h.scheduler.list().map(({ id }) => id),
      ['a'],
    );
    assert.throws(() => a.pause(), /schedule 'a' was removed/);
  });

  it('a removed one lets its run go on, and stop waits for it', async () => {
    const h = await withRuns(1);
    h.scheduler.remove('s0');
    assert.equal(h.scheduler.runningCount, 1);
    const stopped = h.scheduler.stop();
    h.last.complete();
    assert.deepEqual(await stopped, { drained: 1, cancelled: [], dropped: 0 });
  });

  it('lists in the order of adding', () => {
    const { scheduler } = harness();
    for (const id of ['z', 'a', 'm', 'b']) scheduler.manual(id, workflow);
    assert.deepEqual(
      scheduler.list().map(({ id }) => id),
      ['z', 'a', 'm', 'b'],
    );
  });
});

describe('refuses', () => {
  const refused = (
    act: (scheduler: Scheduler) => unknown,
    message: RegExp,
    kind: typeof CanoError = InvalidOptionError as never,
  ): void => {
    const { scheduler } = harness();
    scheduler.manual('taken', workflow);
    assert.throws(
      () => act(scheduler),
      (error: Error) => {
        assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
        assert.match(error.message, message);
        return true;
      },
    );
    assert.equal(scheduler.list().length, 1, 'nothing was added');
  };

  for (const [what, act, message] of [
    [
      'an id that is taken',
      (s) => s.manual('taken', workflow),
      /schedule 'taken' exists already: every schedule needs an id of its own/,
    ],
    [
      'an empty id',
      (s) => s.manual('', workflow),
      /the id of a schedule must be a string of 1 to 200 characters, got ''/,
    ],
    ['an interval of 0', (s) => s.every('a', workflow, 0), /schedule 'a': the interval must be at least 1 ms, got 0/],
    ['0 seconds', (s) => s.everySeconds('a', workflow, 0), /the interval must be at least 1 ms, got 0 seconds/],
    ['a negative number of hours', (s) => s.everyHours('a', workflow, -1), /got -1 hours/],
    ['minutes as text', (s) => s.everyMinutes('a', workflow, '5' as never), /got '5' minutes/],
    [
      'an interval that is no duration',
      (s) => s.every('a', workflow, '5 minutes' as never),
      /the interval must be milliseconds >= 0 or a duration such as .*got '5 minutes'/,
    ],
    [
      'an unknown overlap policy',
      (s) => s.every('a', workflow, '1s', { overlap: 'drop' as never }),
      /overlap must be one of skip, queue, allow, replace, got 'drop'/,
    ],
    [
      'jitter longer than the interval',
      (s) => s.every('a', workflow, '1s', { jitter: '2s' }),
      /jitter must be shorter than the interval, got '2s'/,
    ],
    [
      'an end before the start',
      (s) => s.every('a', workflow, '1s', { startAt: new Date(2), endAt: new Date(1) }),
      /endAt must not be before startAt/,
    ],
    [
      'a date that is none',
      (s) => s.every('a', workflow, '1s', { startAt: new Date('x') }),
      /startAt must be a valid Date/,
    ],
    ['no runs', (s) => s.every('a', workflow, '1s', { maxRuns: 0 }), /maxRuns must be an integer >= 1, got 0/],
    [
      'a trip after none',
      (s) => s.every('a', workflow, '1s', { tripAfter: 0 }),
      /tripAfter must be an integer >= 1, got 0/,
    ],
    ['a timeout of 0', (s) => s.every('a', workflow, '1s', { timeout: 0 }), /timeout must be above 0, got 0/],
    [
      'a store that is no function',
      (s) => s.every('a', workflow, '1s', { store: new MemoryStore() as never }),
      /store must be a function that makes one, got an instance of MemoryStore/,
    ],
    [
      'a zone without cron',
      (s) => s.every('a', workflow, '1s', { timezone: 'UTC' } as never),
      /timezone has a meaning for cron only/,
    ],
    [
      'what is no workflow',
      (s) => s.manual('a', {} as typeof workflow),
      /its workflow must be a Workflow, got an object/,
    ],
    [
      'a bad back-off',
      (s) => s.every('a', workflow, '1s', { backoff: { initial: 'soon' as never } }),
      /schedule 'a': backoff\.initial must be .*got 'soon'/,
    ],
  ] as [string, (scheduler: Scheduler) => unknown, RegExp][]) {
    it(what, () => refused(act, message));
  }

  it('a workflow that does not hold together', () => {
    const broken = new Workflow<'A' | 'B', MemoryStore>('broken', 'A').addExitStates('B');
    refused(
      (scheduler) => scheduler.manual('a', broken as unknown as typeof workflow),
      /workflow 'broken' is not valid/,
      InvalidWorkflowError as never,
    );
  });

  it('unknown ids everywhere', async () => {
    const { scheduler } = harness();
    scheduler.manual('one', workflow);
    scheduler.manual('two', workflow);
    await scheduler.start();
    for (const act of [
      () => scheduler.status('three'),
      () => scheduler.pause('three'),
      () => scheduler.resume('three'),
      () => scheduler.remove('three'),
    ]) {
      assert.throws(act, (error: Error) => {
        assert.ok(error instanceof UnknownScheduleError);
        assert.equal(error.message, "there is no schedule 'three': there are 'one', 'two'");
        return true;
      });
    }
    await assert.rejects(scheduler.trigger('three'), UnknownScheduleError);
    await scheduler.stop();
  });

  it('options of the scheduler that cannot be used', () => {
    assert.throws(
      () => new Scheduler({ engine: {} as never }),
      /engine must be one made by createEngine, got an object/,
    );
    assert.throws(() => new Scheduler({ name: '' }), /name must be a string that is not empty/);
    assert.throws(() => new Scheduler({ onEvent: 1 as never }), /onEvent must be a function, got 1/);
  });
});
