/** Schedules whose workflows throw, hang and kill their threads, on real threads and in real time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { nodeFor, retry, Scheduler, Workflow, type MemoryStore } from '../../src/index.ts';
import type { ScheduleEvent } from '../../src/core/events.ts';
import { act, type Act, type Services } from '../fixtures/execs/acts.ts';
import { services, watchedEngine, within } from '../support/faults.ts';

/** A workflow of one node that does an act. */
function doing(name: string, what: Act): Workflow<'Work' | 'Done', MemoryStore, never, 'Done', Services> {
  const node = nodeFor<MemoryStore, Services>();
  return new Workflow<'Work' | 'Done', MemoryStore>(name, 'Work')
    .registerNode(
      'Work',
      node({ name, outcomes: ['Done'], retry: retry.none(), prep: () => what, exec: act as never, post: () => 'Done' }),
    )
    .addExitStates('Done');
}

/** Waits until a schedule has ended so many runs. */
async function ends(listeners: EventTarget, scheduler: Scheduler<Services>, id: string, count: number): Promise<void> {
  const ended = (): number => {
    const { successes, failures, cancellations } = scheduler.status(id);
    return successes + failures + cancellations;
  };
  while (ended() < count) await within(once(listeners, 'finished'), `run ${count} of '${id}'`);
}

describe('a workflow that', () => {
  for (const [what, how] of [
    ['throws', { kind: 'throw', value: 'subclass' }],
    ['spins for ever', { kind: 'spin' }],
    ['ends its thread', { kind: 'exit' }],
    ['returns what cannot be sent', { kind: 'unclonable', value: 'function' }],
  ] as [string, Act][]) {
    it(`${what} stops no other schedule, and is not running after its end`, async () => {
      await using watched = watchedEngine({ services });
      const finished = new EventTarget();
      const onEvent = ({ type }: ScheduleEvent): void => {
        if (type === 'schedule.finished') finished.dispatchEvent(new Event('finished'));
      };
      await using scheduler = new Scheduler({ engine: watched.engine, onEvent }) as Scheduler<Services>;
      scheduler.every('bad', doing('bad', how), '40ms', { timeout: '300ms' });
      scheduler.every('good', doing('good', { kind: 'value', value: 1 }), '20ms');
      await scheduler.start();
      await ends(finished, scheduler, 'bad', 2);
      const before = scheduler.status('good').successes;
      await ends(finished, scheduler, 'good', before + 5);
      const [bad, good] = [scheduler.status('bad'), scheduler.status('good')];
      assert.equal(good.failures, 0);
      assert.equal(bad.successes, 0);
      for (const run of bad.history.slice(0, 2)) {
        assert.ok(run.status === 'failed' || run.status === 'timed_out', run.status);
        assert.ok(run.durationMs !== undefined && run.error !== undefined, 'an ended run has its duration and error');
        assert.match(run.error.code ?? '', /^CANO_RUN_(FAILED|TIMED_OUT)$/);
      }
      assert.ok(bad.running <= 1, `${bad.running} running`);
      const report = await within(scheduler.stop({ timeout: '500ms' }), 'the stop');
      assert.equal(scheduler.runningCount, 0);
      assert.equal(scheduler.status('bad').status, 'idle');
      assert.ok(report.drained + report.cancelled.length <= 2, JSON.stringify(report));
    });
  }
});
