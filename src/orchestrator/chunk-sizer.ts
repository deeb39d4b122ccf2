/** How many items go into the next chunk of a batch. */

/** Work per chunk, in milliseconds: long enough to make dispatch free, short enough to share out evenly. */
const TARGET_MS = 10;
const MAX_ITEMS = 5_000;
const GROWTH = 4;
const WEIGHT = 0.1;

/**
 * Sizes chunks by the mean cost of items so far.
 *
 * Z1 The first chunks have one item: nothing is known, and one may be long.
 * Z2 A chunk is at most `GROWTH` times as large as the largest before it, so a run of cheap items at the start cannot send
 *    a thousand expensive ones to one thread.
 * Z3 On the main thread (no threads) chunks have one item: the number of open chunks is the concurrency there.
 */
export class ChunkSizer {
  readonly #threads: number;
  readonly #total: number | undefined;
  #meanMs: number | undefined;
  #largest = 1;

  constructor(threads: number, total: number | undefined) {
    this.#threads = threads;
    this.#total = total;
  }

  /** Takes in what one item took, in milliseconds. */
  add(ms: number): void {
    this.#meanMs = this.#meanMs === undefined ? ms : this.#meanMs + WEIGHT * (ms - this.#meanMs);
  }

  /** @param pulled how many items have been pulled so far */
  next(pulled: number): number {
    if (this.#threads === 0 || this.#meanMs === undefined) return 1;
    const wanted = Math.min(Math.ceil(TARGET_MS / Math.max(this.#meanMs, 1e-4)), this.#largest * GROWTH, MAX_ITEMS);
    // What is left is shared out over all threads, twice, so that none gets the whole rest.
    const fair = this.#total === undefined ? wanted : Math.ceil((this.#total - pulled) / (this.#threads * 2));
    const size = Math.max(1, Math.min(wanted, fair));
    this.#largest = Math.max(this.#largest, size);
    return size;
  }
}
