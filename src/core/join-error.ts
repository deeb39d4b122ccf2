// Thread: both
/** How branches of a split end, and how a split fails. */
import { CanoError, type Where } from './errors.ts';

/** The end of one branch. */
export type Settled<Output> =
  | { readonly status: 'completed'; readonly value: Output }
  | { readonly status: 'failed'; readonly error: unknown }
  /** The join was decided before it ended; `reason` says how. */
  | { readonly status: 'cancelled'; readonly reason: unknown };

/** Why a split has failed: too many branches failed, too few had completed at the deadline, or the split's timeout was over. */
export type JoinFailure = 'impossible' | 'deadline' | 'timeout';

/** The join of a split cannot be won; `cause` is the error of the branch that failed first. Never retried. */
export class JoinFailedError extends CanoError {
  readonly reason: JoinFailure;
  /** The end of every branch, by branch. */
  declare readonly results: Readonly<Record<string, Settled<unknown>>>;
  /** What the failed branches failed with, in the order of failing. */
  declare readonly errors: readonly unknown[];

  constructor(
    message: string,
    reason: JoinFailure,
    results: Readonly<Record<string, Settled<unknown>>>,
    errors: readonly unknown[],
    where: Where,
  ) {
    super('CANO_JOIN_FAILED', message, { where, ...(errors.length === 0 ? {} : { cause: errors[0] }) });
    this.reason = reason;
    // Not enumerable: results may be large, and printed they would bury the message.
    Object.defineProperty(this, 'results', { value: results, enumerable: false });
    Object.defineProperty(this, 'errors', { value: errors, enumerable: false });
  }
}
