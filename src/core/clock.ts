// Thread: both
/**
 * Time and chance as ports, so that tests step the one and seed the other.
 *
 * Invariant: `now()` of every thread of one process reads the same monotonic clock, which the timestamps of an execution
 * (taken on two threads) need. `performance.now()` does: it counts from the start of the process on every thread.
 */

/** A timer that can be disarmed and taken off the list of things that keep the process alive. */
export interface Timer {
  cancel(): void;
  unref(): void;
}

/** The port through which cano sees time. */
export interface Clock {
  /** Monotonic milliseconds with fractions; equal on all threads. */
  readonly now: () => number;
  /** Milliseconds since 1970, for people. */
  readonly wallNow: () => number;
  /**
   * Calls `fn` once after `delayMs`, at most a millisecond early; one below a millisecond ends in the next turn of the event
   * loop. Delays above 2^31-1 ms are split by the implementation.
   */
  readonly setTimer: (fn: () => void, delayMs: number) => Timer;
}

/** A source of numbers in [0, 1). */
export type Random = () => number;

const MAX_TIMEOUT_MS = 2_147_483_647;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(fn, delayMs) {
    // setTimeout would take a whole millisecond for it.
    if (delayMs < 1) return nextTurn(fn);
    let handle: NodeJS.Timeout;
    let referenced = true;
    const arm = (leftMs: number): void => {
      // setTimeout turns a delay above 2^31-1 ms into 1 ms.
      const stepMs = Math.min(leftMs, MAX_TIMEOUT_MS);
      handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : fn()), stepMs);
      if (!referenced) handle.unref();
    };
    arm(delayMs);
    return {
      cancel: () => clearTimeout(handle),
      unref: () => {
        referenced = false;
        handle.unref();
      },
    };
  },
};

function nextTurn(fn: () => void): Timer {
  const handle = setImmediate(fn);
  // An immediate that is not referenced does not keep the loop from going to sleep, and comes when something else wakes it:
  // perhaps never. Referenced, it keeps the process alive for this one turn.
  return { cancel: () => clearImmediate(handle), unref: () => {} };
}
