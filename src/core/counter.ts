// Thread: both
/** What nodes count with, on whichever thread. */
import { describeValue, InvalidOptionError } from './errors.ts';

/** A counter of the execution; sums travel to the main thread in batches. */
export interface Counter {
  /**
   * @param amount a finite number >= 0 @default 1
   * @throws InvalidOptionError
   */
  readonly add: (amount?: number) => void;
}

// JavaScript callers hand in anything. Whoever sums it up could not get rid of a NaN any more, nor tell less from a restart.
/** A counter that hands on what is added. */
export function createCounter(name: unknown, write: (name: string, amount: number) => void): Counter {
  return {
    add: (amount = 1) => {
      if (typeof amount !== 'number' || !Number.isFinite(amount) || amount < 0) {
        throw new InvalidOptionError(
          `ctx.counter('${String(name)}').add takes a finite number >= 0, got ${describeValue(amount)}`,
        );
      }
      write(String(name), amount);
    },
  };
}
