/** What a scheduler refuses. */
import { CanoError, describeValue } from '../core/errors.ts';

const MAX_LISTED = 20;

/** No schedule has this id. */
export class UnknownScheduleError extends CanoError {
  constructor(id: unknown, known: readonly string[]) {
    const listed = known.slice(0, MAX_LISTED).map((each) => `'${each}'`);
    const more = known.length > listed.length ? ` and ${known.length - listed.length} more` : '';
    const have = known.length === 0 ? 'there are none' : `there are ${listed.join(', ')}${more}`;
    super('CANO_UNKNOWN_SCHEDULE', `there is no schedule ${describeValue(id)}: ${have}`);
  }
}

/** `trigger` came while a run was under way, and the overlap policy of the schedule leaves no room for another. */
export class ScheduleBusyError extends CanoError {
  constructor(schedule: string, why: string) {
    super('CANO_SCHEDULE_BUSY', `schedule '${schedule}' was not triggered: ${why}`);
  }
}

/** `trigger` came after so many failures in a row that the schedule has stopped firing. */
export class ScheduleTrippedError extends CanoError {
  constructor(schedule: string, failures: number) {
    super(
      'CANO_SCHEDULE_TRIPPED',
      `schedule '${schedule}' has tripped after ${failures} failures in a row: mend the cause, then resume('${schedule}')`,
    );
  }
}

/** The scheduler does not run: it was not started, or was stopped. */
export class SchedulerStoppedError extends CanoError {
  constructor(message: string) {
    super('CANO_SCHEDULER_STOPPED', message);
  }
}
