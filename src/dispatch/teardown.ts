// Thread: main
/** Waits until every thread has torn down its resources. */
import { systemClock } from '../core/clock.ts';

/** Threads that do not answer by then are terminated with their resources as they are. */
const TEARDOWN_MS = 10_000;

export class Teardown {
  #waiting: number;
  #resolve!: () => void;
  /** Resolves when all have answered, or the time is up. */
  readonly done: Promise<void>;

  constructor(threads: number) {
    this.#waiting = threads;
    this.done = new Promise<void>((resolve) => {
      const timer = systemClock.setTimer(resolve, TEARDOWN_MS);
      this.#resolve = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** One thread has answered, or has died. */
  count(): void {
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#resolve();
  }
}
