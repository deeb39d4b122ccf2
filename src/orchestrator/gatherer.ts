/** Pulls the source of a batch, sync or async, and hands out what has been gathered. */
import type { Clock } from '../core/clock.ts';
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
  #isLingering = false;
  #isRipe = false;
  #isClosed = false;
  #isDone = false;
  pulled = 0;
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

  /** Up to `size` items; none when the source has to be waited for. */
  gather(size: number): readonly Pulled[] {
    this.#wanted = size;
    this.#pull();
    const isEnough = this.#gathered.length >= size || this.#isDone || this.#isRipe;
    if (!isEnough || this.#gathered.length === 0) return [];
    this.#isRipe = false;
    return this.#gathered.splice(0, size);
  }

  /** Pulls no more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#gathered = [];
    if (this.#isDone) return;
    this.#isDone = true;
    try {
      this.#source.close();
    } catch {
      // The batch is failing for a reason of its own, which is the one to report.
    }
  }

  #pull(): void {
    while (!this.#isDone && !this.#isPending && this.#gathered.length < this.#wanted) {
      try {
        const step = this.#source.next();
        if ('then' in step) {
          void this.#await(step);
          return;
        }
        this.#accept(step);
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
    if (this.#isLingering || this.#gathered.length === 0) return;
    this.#isLingering = true;
    this.#clock.setTimer(() => {
      this.#isLingering = false;
      if (this.#isClosed || this.#gathered.length === 0) return;
      this.#isRipe = true;
      this.#onReady();
    }, LINGER_MS);
  }

  #fail(thrown: unknown): void {
    this.error = { thrown };
    this.#isDone = true;
  }
}
