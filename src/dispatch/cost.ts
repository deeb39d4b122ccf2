// Thread: main
/** What execs cost so far, and how many executions a thread is given ahead because of it. */
import { keyOf, type Execution } from './execution.ts';

const WEIGHT = 0.2;
/**
 * What took more times the mean counts as this many, or as `AHEAD_MS` if that is more: one long execution must not make all
 * that follow look long, and a mean near 0 must be able to grow.
 */
const OUTLIER_TIMES = 4;
/** Work that a thread may hold beyond what it runs, in milliseconds: enough to hide a wake-up, little enough to take back. */
const AHEAD_MS = 1;
/** From this cost on a thread holds nothing ahead, in milliseconds: a wake-up is 1 % of it, and what waits behind it waits long. */
const LONG_MS = 5;
/** What an item is charged whose exec has not run yet, in milliseconds; it is corrected when it has. */
const UNKNOWN_MS = 1;

export class CostTable {
  readonly #mean = new Map<string, number>();

  /** Takes in what an execution of so many items took, in milliseconds. */
  add(key: string, ms: number, items: number): void {
    const each = ms / items;
    const mean = this.#mean.get(key);
    if (mean === undefined) {
      this.#mean.set(key, each);
      return;
    }
    const counted = Math.min(each, Math.max(mean * OUTLIER_TIMES, AHEAD_MS));
    this.#mean.set(key, mean + WEIGHT * (counted - mean));
  }

  /** Mean cost of an item in milliseconds; undefined before the first. */
  of(key: string): number | undefined {
    return this.#mean.get(key);
  }

  /** What an execution will take in all likelihood, in milliseconds; undefined while that is not known. */
  expected(execution: Execution): number | undefined {
    const mean = this.#mean.get(keyOf(execution));
    return mean === undefined ? undefined : mean * execution.items.length;
  }
}

/** What a run is charged for an execution before it has ended, in milliseconds. */
export function chargeFor(expectedMs: number | undefined, { items }: Execution): number {
  return expectedMs ?? UNKNOWN_MS * items.length;
}

/**
 * How many executions of such a cost a thread may have in flight: 1 while the cost is not known, then as many as
 * `AHEAD_MS` covers, at least 2, so that a thread never waits for the main thread between two; 1 again from `LONG_MS`
 * on, since what a thread holds no other run can overtake.
 */
export function windowOf(expectedMs: number | undefined, limit: number): number {
  if (expectedMs === undefined || expectedMs >= LONG_MS) return 1;
  return Math.min(limit, Math.max(2, Math.ceil(AHEAD_MS / Math.max(expectedMs, 1e-6))));
}
