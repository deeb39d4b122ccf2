/**
 * Which runs may begin: at most `maxRuns` are under way at once.
 *
 * What is bounded is runs and not executions, since a run has a bounded number of executions open (one, its branches, or
 * three chunks per thread), and what prep has made waits with the run that is to execute it.
 *
 * J1 A run that begins has a place until it is over; one that is stopped while it waits ends at once, without a place.
 * J2 Whoever waits begins by priority, then in the order of coming.
 */
import { describeValue, InvalidOptionError, QueueFullError } from '../core/errors.ts';
import { ConcurrencyLimit, type Standing } from '../resilience/concurrency-limit.ts';
import type { LiveRun } from './live-run.ts';
import type { EngineOptions } from './types.ts';

const nothing = (): void => {};

export class Admission {
  readonly #limit: ConcurrencyLimit | undefined;
  readonly #waits: boolean;
  /** Runs that were refused. */
  rejected = 0;

  /** @throws InvalidOptionError when `maxRuns` or `whenFull` cannot be used */
  constructor({ maxRuns, whenFull }: Pick<EngineOptions, 'maxRuns' | 'whenFull'>) {
    check(maxRuns, whenFull);
    this.#limit = maxRuns === undefined ? undefined : new ConcurrencyLimit(maxRuns);
    this.#waits = whenFull === 'wait';
  }

  /** Runs that wait for room. */
  get pending(): number {
    return this.#limit?.waiting ?? 0;
  }

  get maxRuns(): number | undefined {
    return this.#limit?.limit;
  }

  /** @throws QueueFullError when a run that came now would have to wait, and must not */
  refuseWhenFull(engine: string): void {
    if (this.#waits || this.#limit === undefined || this.#limit.hasRoom) return;
    this.rejected += 1;
    throw new QueueFullError(engine, this.#limit.limit);
  }

  /**
   * Calls `begin` when there is room, at once if there is now; also when the run is stopped before that.
   *
   * @returns to be called when the run is over
   */
  admit(run: LiveRun, begin: () => void): () => void {
    const limit = this.#limit;
    if (limit === undefined) {
      begin();
      return nothing;
    }
    let isInside = false;
    let off: () => unknown = nothing;
    const withdraw = limit.request(() => {
      isInside = true;
      off();
      begin();
    }, run);
    if (!isInside) {
      off = run.scope.onStop(() => {
        if (withdraw()) begin();
      });
    }
    return () => {
      if (isInside) limit.leave();
    };
  }

  /** How a run stands that waits. */
  standingOf(run: LiveRun): Standing {
    return this.#limit?.standingOf(run) ?? { waiting: 0, ahead: 0 };
  }
}

function check(maxRuns: unknown, whenFull: unknown): void {
  if (maxRuns !== undefined && !(Number.isSafeInteger(maxRuns) && (maxRuns as number) >= 1))
    throw new InvalidOptionError(`createEngine: maxRuns must be an integer >= 1, got ${describeValue(maxRuns)}`);
  if (whenFull === undefined) return;
  if (whenFull !== 'reject' && whenFull !== 'wait')
    throw new InvalidOptionError(`createEngine: whenFull must be 'reject' or 'wait', got ${describeValue(whenFull)}`);
  if (maxRuns === undefined)
    throw new InvalidOptionError(
      `createEngine: whenFull is '${whenFull}', but nothing is ever full without a bound: set maxRuns`,
    );
}
