// Thread: main
/** What execs cost so far, and how many executions a thread is given ahead because of it. */

const WEIGHT = 0.2;
/** Work that a thread may hold beyond what it runs, in milliseconds: enough to hide a wake-up, little enough to take back. */
const AHEAD_MS = 1;

export class CostTable {
  readonly #mean = new Map<string, number>();

  /** Takes in what one execution took, in milliseconds. */
  add(key: string, ms: number): void {
    const mean = this.#mean.get(key);
    this.#mean.set(key, mean === undefined ? ms : mean + WEIGHT * (ms - mean));
  }

  /** Mean cost of an execution in milliseconds; undefined before the first. */
  of(key: string): number | undefined {
    return this.#mean.get(key);
  }

  /**
   * How many executions of this exec a thread may have in flight: 1 while the cost is not known, then as many as
   * `AHEAD_MS` covers, at least 2, so that a thread never waits for the main thread between two.
   */
  window(key: string, limit: number): number {
    const mean = this.#mean.get(key);
    if (mean === undefined) return 1;
    return Math.min(limit, Math.max(2, Math.ceil(AHEAD_MS / Math.max(mean, 1e-6))));
  }
}
