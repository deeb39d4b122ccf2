/** `run.events()`: events as an async iterator with a bounded buffer. */
import { CanoError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';

/** Ends after the event that finishes the run; fails instead of growing without bound when its reader lags. */
export class EventStream implements AsyncIterableIterator<RunEvent> {
  readonly #limit: number;
  readonly #onClose: () => void;
  #buffer: RunEvent[] = [];
  #head = 0;
  #ended = false;
  #overflow: CanoError | undefined;
  #waiting: { resolve: (result: IteratorResult<RunEvent>) => void; reject: (error: unknown) => void }[] = [];

  constructor(limit: number, onClose: () => void) {
    this.#limit = limit;
    this.#onClose = onClose;
  }

  push(event: RunEvent): void {
    if (this.#ended) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ value: event, done: false });
    } else if (this.#buffer.length - this.#head >= this.#limit) {
      this.#overflow = new CanoError(
        'CANO_EVENTS_OVERFLOW',
        `the reader of events() is ${this.#limit} events behind and was cut off: read faster, raise { limit }, or use onEvent`,
      );
      this.end();
      return;
    } else {
      this.#buffer.push(event);
    }
    if (event.type === 'run.finished') this.end();
  }

  /** No more events. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onClose();
    for (const { resolve } of this.#waiting) resolve({ value: undefined, done: true });
    this.#waiting = [];
  }

  async next(): Promise<IteratorResult<RunEvent>> {
    const event = this.#buffer[this.#head];
    if (event !== undefined) {
      this.#head += 1;
      if (this.#head >= 1_024) {
        this.#buffer = this.#buffer.slice(this.#head);
        this.#head = 0;
      }
      return { value: event, done: false };
    }
    if (this.#overflow !== undefined) {
      const error = this.#overflow;
      this.#overflow = undefined;
      throw error;
    }
    if (this.#ended) return { value: undefined, done: true };
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async return(): Promise<IteratorResult<RunEvent>> {
    this.#buffer = [];
    this.#head = 0;
    this.#overflow = undefined;
    this.end();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
