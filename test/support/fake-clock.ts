/** Time and chance that tests step: no test of the orchestrator sleeps. */
import type { Clock, Random, Timer } from '../../src/core/clock.ts';

const EPOCH_MS = Date.UTC(2030, 0, 1);
/** The event loop turns that follow each step: the main-thread dispatcher starts executions in a turn of their own. */
const TURNS = 4;
const TURNS_UNTIL_STUCK = 20_000;

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that stands still until it is advanced. */
export class FakeClock implements Clock {
  #now = 1_000;
  #wallShift = 0;
  #made = 0;
  #timers: Pending[] = [];

  readonly now = (): number => this.#now;
  readonly wallNow = (): number => EPOCH_MS + this.#now + this.#wallShift;

  readonly setTimer = (fn: () => void, delayMs: number): Timer => {
    if (!(delayMs >= 0)) throw new Error(`setTimer: a delay of ${delayMs}`);
    this.#made += 1;
    const timer: Pending = { at: this.#now + delayMs, order: this.#made, fn };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
      unref: () => {},
    };
  };

  /** Milliseconds from now until each armed timer fires, ascending. */
  get pending(): number[] {
    return this.#timers.map(({ at }) => at - this.#now).toSorted((a, b) => a - b);
  }

  /** Lets promises and the event loop go on; time stands still. */
  async flush(turns: number = TURNS): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves time on, firing timers in their order, and flushes after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.flush();
    for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next()) {
      this.#fire(next);
      await this.flush();
    }
    this.#now = end;
    await this.flush();
  }

  /** Moves time without letting anything run: the work of a phase that takes so long. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** Sets the calendar, forward or (negative) back; the monotonic clock does not notice. */
  shiftWall(ms: number): void {
    this.#wallShift += ms;
  }

  /** Moves time on, firing timers in their order and nothing else: no promise goes on. */
  tick(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next()) this.#fire(next);
    this.#now = end;
  }

  /**
   * Waits for a promise, firing the next timer whenever nothing else goes on.
   *
   * @throws what the promise rejects with; an error when nothing is left that could settle it
   */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    for (let idle = 0; idle < TURNS_UNTIL_STUCK; idle += TURNS) {
      await this.flush();
      if (isSettled) return promise;
      const next = this.#next();
      if (next === undefined) continue;
      this.#fire(next);
      idle = 0;
    }
    throw new Error('nothing is left that could settle the promise');
  }

  #next(): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#timers) if (first === undefined || timer.at < first.at) first = timer;
    return first;
  }

  #fire(timer: Pending): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.fn();
  }
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
