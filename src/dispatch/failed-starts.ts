// Thread: main
/** Counts threads that fail to start, until it is clear that none will. */
import { LoadFailedError, messageOf } from '../core/errors.ts';

const MAX_IN_A_ROW = 3;

export class FailedStarts {
  #inARow = 0;

  /** A thread has started. */
  reset(): void {
    this.#inARow = 0;
  }

  /** One has failed to; gives what everything that waits is to be told when there were several in a row. */
  add(cause: unknown): LoadFailedError | undefined {
    this.#inARow += 1;
    if (this.#inARow < MAX_IN_A_ROW) return undefined;
    this.#inARow = 0;
    return new LoadFailedError(`threads do not start: ${messageOf(cause)}`, { cause });
  }
}
