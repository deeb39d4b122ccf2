/** A schedule as its status shows it: a copy. */
import type { LiveSchedule } from './live-schedule.ts';
import { describeTiming } from './spec.ts';
import type { ScheduleOverview, ScheduleStatus } from './types.ts';

const FIRES = 5;

export function overviewOf(schedule: LiveSchedule): ScheduleOverview {
  const [at] = schedule.nextFires(1);
  const { spec, state } = schedule;
  return { id: spec.id, status: state, ...(at === undefined ? {} : { nextFire: new Date(at) }) };
}

export function statusOf(schedule: LiveSchedule): ScheduleStatus {
  const { spec, record, state } = schedule;
  const until = state === 'backoff' ? schedule.backoffUntil : undefined;
  const { runs, successes, failures, cancellations, skips, misses, failureStreak, lastStart } = record;
  const { lastDurationMs, averageDurationMs, lastLatenessMs, lastError } = record;
  return {
    id: spec.id,
    workflow: spec.workflow.name,
    plan: describeTiming(spec.timing),
    status: state,
    overlap: spec.overlap,
    running: schedule.running,
    queued: schedule.queued,
    runs,
    successes,
    failures,
    cancellations,
    skips,
    misses,
    failureStreak,
    ...(lastStart === undefined ? {} : { lastStart: new Date(lastStart) }),
    ...(lastDurationMs === undefined ? {} : { lastDurationMs }),
    ...(averageDurationMs === undefined ? {} : { averageDurationMs }),
    ...(lastLatenessMs === undefined ? {} : { lastLatenessMs }),
    ...(lastError === undefined ? {} : { lastError }),
    ...(until === undefined ? {} : { backoffUntil: new Date(until) }),
    nextFires: schedule.nextFires(FIRES).map((at) => new Date(at)),
    history: record.history(),
  };
}
