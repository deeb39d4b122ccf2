// Thread: both
/** The three ways in which a run ends without reaching an exit state. */
import { CanoError, type Where } from './errors.ts';
import type { RunReport } from './report.ts';

/** Base of the three; `state` is where the run stood and `report` what it had done by then. */
export abstract class RunError extends CanoError {
  readonly runId: string;
  readonly state: string;
  declare readonly report: RunReport;

  protected constructor(
    code: 'CANO_RUN_FAILED' | 'CANO_RUN_CANCELLED' | 'CANO_RUN_TIMED_OUT',
    message: string,
    where: Where & { readonly runId: string; readonly state: string },
    report: RunReport,
    cause: unknown,
  ) {
    super(code, message, { where, cause });
    this.runId = where.runId;
    this.state = where.state;
    // Not enumerable: it would bury the message when the error is printed.
    Object.defineProperty(this, 'report', { value: report, enumerable: false });
  }
}

/** A node failed for good and its state has no `onFailure` route; `cause` is the last error. */
export class RunFailedError extends RunError {
  constructor(
    message: string,
    where: Where & { readonly runId: string; readonly state: string },
    report: RunReport,
    cause: unknown,
  ) {
    super('CANO_RUN_FAILED', message, where, report, cause);
  }
}

/** The run was cancelled by its handle, a signal or a closing engine; `cause` is the reason given. */
export class RunCancelledError extends RunError {
  constructor(
    message: string,
    where: Where & { readonly runId: string; readonly state: string },
    report: RunReport,
    cause: unknown,
  ) {
    super('CANO_RUN_CANCELLED', message, where, report, cause);
  }
}

/** The run took longer than its `timeout`. */
export class RunTimedOutError extends RunError {
  constructor(
    message: string,
    where: Where & { readonly runId: string; readonly state: string },
    report: RunReport,
    cause: unknown,
  ) {
    super('CANO_RUN_TIMED_OUT', message, where, report, cause);
  }
}
