/**
 * Counters of seconds that include what still goes on: without that a run of ten minutes would count as nothing for ten
 * minutes, and then as a leap.
 *
 * I1 What is told never goes back: between the end of something on a thread and the news of it, what is open is less already
 *    and what has settled not more yet. A counter that goes back would be taken for one of a new process.
 */
export class IntegralCell {
  /** Of what has ended. */
  settled = 0;
  /** Of what goes on, as of now. Set at each scrape. */
  open = 0;
  #told = 0;

  get value(): number {
    this.#told = Math.max(this.#told, this.settled + this.open);
    return this.#told;
  }
}

interface Pause {
  readonly from: number;
  readonly to: number;
  readonly runId: string;
  readonly branch: string | undefined;
}

/** Pauses of known length at most, of which many may be open at once. Times and lengths in milliseconds. */
export class Pauses {
  #open: Pause[] = [];
  #settledMs = 0;
  #settleAt = 64;

  add(from: number, ms: number, runId: string, branch: string | undefined): void {
    this.#open.push({ from, to: from + ms, runId, branch });
    if (this.#open.length < this.#settleAt) return;
    this.#settle(from);
    // What is still open is not looked at again before as much has come.
    this.#settleAt = Math.max(64, 2 * this.#open.length);
  }

  /** Ends those of a run, or of one of its branches, that are still open; false when none of any run is left. */
  cut(at: number, runId: string, branch?: string): boolean {
    const isOver = (pause: Pause): boolean =>
      pause.runId === runId && (branch === undefined || pause.branch === branch);
    this.#settle(at);
    for (const { from } of this.#open.filter(isOver)) this.#settledMs += at - from;
    this.#open = this.#open.filter((pause) => !isOver(pause));
    return this.#open.length > 0;
  }

  /** The sum of all pauses up to a moment. */
  sumMs(now: number): number {
    this.#settle(now);
    return this.#open.reduce((sum, { from }) => sum + now - from, this.#settledMs);
  }

  #settle(now: number): void {
    const open: Pause[] = [];
    for (const pause of this.#open) {
      if (pause.to <= now) this.#settledMs += pause.to - pause.from;
      else open.push(pause);
    }
    this.#open = open;
  }
}
