/** Pulls the source of a batch, sync or async, and hands out what has been gathered. */
import type { Clock, Timer } from '../core/clock.ts';
import type { Source } from './source.ts';

/** How long gathered items wait for more of an async source, in milliseconds. */
const LINGER_MS = 5;

/** An item on its way into a chunk. */
export interface Pulled {
  readonly index: number;
  readonly attempt: number;
  readonly item: unknown;
}

/**
 * G1 At most one `next()` of the source is pending.
 * G2 The source is pulled only for a chunk that is wanted; nothing is read ahead.
 * G3 Items of an async source are handed out at the latest `LINGER_MS` after the first of them came.
 */
export class ItemGatherer {
  readonly #source: Source;
  readonly #clock: Clock;
  readonly #onReady: () => void;
  #gathered: Pulled[] = [];
  #wanted = 0;
  #isPending = false;
  #lingering: Timer | undefined;
  #isRipe = false;
  #isClosed = false;
  #isDone = false;
  pulled = 0;
  /** For how long pulling has blocked the main thread. */
  blockedMs = 0;
  /** What the source threw. */
  error: { readonly thrown: unknown } | undefined;

  /** @param onReady called when something can be gathered that could not before */
  constructor(source: Source, clock: Clock, onReady: () => void) {
    this.#source = source;
    this.#clock = clock;
    this.#onReady = onReady;
  }

  /** The source has ended and everything was handed out. */
  get isExhausted(): boolean {
    return this.#isDone && this.#gathered.length === 0;
  }

  /** It has asked for an item that has not come. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** Up to `size` items; none when the source has to be waited for. */
  gather(size: number): readonly Pulled[] {
    this.#wanted = size;
    this.#pull();
    // What came before the source threw is not worth starting.
    if (this.#gathered.length === 0 || this.error !== undefined) return [];
    if (this.#gathered.length < size && !this.#isDone && !this.#isRipe) {
      this.#linger();
      return [];
    }
    this.#endLinger();
    return this.#gathered.splice(0, size);
  }

  /** Pulls no more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#gathered = [];
    this.#endLinger();
    if (this.#isDone) return;
    this.#isDone = true;
    this.#closeSource();
  }

  #closeSource(): void {
    try {
      this.#source.close();
    } catch {
      // The batch is failing for a reason of its own, which is the one to report.
    }
  }

  get #isWanting(): boolean {
    return !this.#isDone && !this.#isPending && this.#gathered.length < this.#wanted;
  }

  #pull(): void {
    if (!this.#isWanting) return;
    const since = this.#clock.now();
    this.#pullWanted();
    this.blockedMs += this.#clock.now() - since;
  }

  #pullWanted(): void {
    while (this.#isWanting) {
      try {
        const step = this.#source.next();
        // The source itself had the batch end: a generator can be closed only now that it does not run.
        if (this.#isClosed) this.#closeSource();
        if ('then' in step) {
          void this.#await(step);
          return;
        }
        if (!this.#isClosed) this.#accept(step);
      } catch (thrown) {
        this.#fail(thrown);
      }
    }
  }

  async #await(pending: PromiseLike<IteratorResult<unknown>>): Promise<void> {
    this.#isPending = true;
    try {
      const step = await pending;
      this.#isPending = false;
      if (this.#isClosed) return;
      this.#accept(step);
      this.#pull();
    } catch (thrown) {
      this.#isPending = false;
      if (this.#isClosed) return;
      this.#fail(thrown);
    }
    if (this.#isDone || this.#gathered.length >= this.#wanted) this.#onReady();
    else this.#linger();
  }

  #accept(step: IteratorResult<unknown>): void {
    if (step.done === true) {
      this.#isDone = true;
      return;
    }
    this.#gathered.push({ index: this.pulled, attempt: 1, item: step.value });
    this.pulled += 1;
  }

  #linger(): void {
    if (this.#lingering !== undefined || this.#isRipe || this.#gathered.length === 0) return;
    this.#lingering = this.#clock.setTimer(() => {
      this.#lingering = undefined;
      this.#isRipe = true;
      this.#onReady();
    }, LINGER_MS);
  }

  #endLinger(): void {
    this.#lingering?.cancel();
    this.#lingering = undefined;
    this.#isRipe = false;
  }

  #fail(thrown: unknown): void {
    this.error = { thrown };
    this.#isDone = true;
  }
}
