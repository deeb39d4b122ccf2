// Thread: main
/** Waits until every thread has torn down its resources. */
import { systemClock } from '../core/clock.ts';
import type { WireError } from '../core/error-codec.ts';
import type { Lease } from './lease.ts';

/** Threads that do not answer by then are terminated with their resources as they are. */
export const TEARDOWN_MS = 10_000;

export class Teardown {
  readonly #waiting: Set<Lease>;
  #resolve: () => void = () => {};
  /** Resolves when all have answered, or the time is up. */
  readonly done: Promise<void>;

  /** @param leases those that will answer, or close */
  constructor(leases: readonly Lease[]) {
    this.#waiting = new Set(leases);
    this.done = new Promise<void>((resolve) => {
      const timer = systemClock.setTimer(resolve, TEARDOWN_MS);
      this.#resolve = () => {
        timer.cancel();
        resolve();
      };
    });
    if (leases.length === 0) this.#resolve();
  }

  /** The thread of a lease has answered, or has died. */
  count(lease: Lease): void {
    this.#waiting.delete(lease);
    if (this.#waiting.size === 0) this.#resolve();
  }
}

/** Tells of what teardowns on a thread threw: nobody is there any more who could be given the errors. */
export function warnOfTeardown(thread: number, errors: readonly WireError[]): void {
  for (const error of errors) {
    const message = error.kind === 'error' ? error.message : String(error.value);
    process.emitWarning(`cano: teardown failed on thread ${thread}: ${message}`);
  }
}
