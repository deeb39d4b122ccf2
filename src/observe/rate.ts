/** How many per second, over the last seconds, in constant memory. */
const CELL_MS = 250;
const CELLS = 16;

export class RateMeter {
  readonly #counts = new Float64Array(CELLS);
  /** Number of the newest cell, counted from the zero of the clock. */
  #newest = 0;
  #firstAt: number | undefined;

  /** Counts one at a time of the monotonic clock, in milliseconds. */
  add(at: number): void {
    this.#firstAt ??= at;
    this.#advance(at);
    const cell = this.#newest % CELLS;
    this.#counts[cell] = (this.#counts[cell] as number) + 1;
  }

  /** Per second over the last four seconds, or since the first. */
  perSecond(now: number): number {
    if (this.#firstAt === undefined) return 0;
    this.#advance(now);
    const seen = this.#counts.reduce((sum, count) => sum + count, 0);
    const sinceOldest = now - (this.#newest - CELLS + 1) * CELL_MS;
    return (seen * 1000) / Math.max(CELL_MS, Math.min(sinceOldest, now - this.#firstAt));
  }

  #advance(at: number): void {
    const cell = Math.floor(at / CELL_MS);
    if (cell <= this.#newest) return;
    for (let stale = Math.max(this.#newest + 1, cell - CELLS + 1); stale <= cell; stale += 1)
      this.#counts[stale % CELLS] = 0;
    this.#newest = cell;
  }
}
