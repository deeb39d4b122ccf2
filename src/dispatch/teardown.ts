// Thread: main
/** Waits until every thread has torn down its resources. */
import { systemClock } from '../core/clock.ts';

/** Threads that do not answer by then are terminated with their resources as they are. */
export const TEARDOWN_MS = 10_000;

export class Teardown {
  readonly #waiting: Set<number>;
  #resolve!: () => void;
  /** Resolves when all have answered, or the time is up. */
  readonly done: Promise<void>;

  constructor(threads: number) {
    this.#waiting = new Set(Array.from({ length: threads }, (_value, thread) => thread));
    this.done = new Promise<void>((resolve) => {
      const timer = systemClock.setTimer(resolve, TEARDOWN_MS);
      this.#resolve = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** A thread has answered, or has died. */
  count(thread: number): void {
    this.#waiting.delete(thread);
    if (this.#waiting.size === 0) this.#resolve();
  }
}
