/** The end of a scheduler: waits for what runs, cancels what is left, and keeps the account. */
import { StoppedError } from '../core/errors.ts';
import type { LiveSchedule } from './live-schedule.ts';
import type { StopReport } from './types.ts';

export class Stopping {
  /** Resolves when nothing runs any more. */
  readonly done: Promise<StopReport>;
  readonly #name: string;
  readonly #all: () => Iterable<LiveSchedule>;
  /** Schedule by run. */
  readonly #cancelled = new Map<string, string>();
  #givenUp = 0;
  #onQuiet!: () => void;

  /**
   * @param all the schedules that have, or had, something to do
   * @param waiting fires that waited and were let go of
   */
  constructor(name: string, all: () => Iterable<LiveSchedule>, waiting: number) {
    this.#name = name;
    this.#all = all;
    const running = this.#running();
    this.done = new Promise<void>((resolve) => {
      this.#onQuiet = resolve;
    }).then(() => ({
      drained: running - this.#cancelled.size - this.#givenUp,
      cancelled: [...this.#cancelled].map(([runId, schedule]) => ({ schedule, runId })),
      dropped: waiting + this.#givenUp,
    }));
    this.look();
  }

  /** The time is up: cancels what runs, gives up on stores that are being made. */
  expire(): void {
    const reason = new StoppedError(`scheduler '${this.#name}' was stopped`);
    for (const schedule of this.#all()) {
      const { runIds, givenUp } = schedule.cancel(reason);
      this.#givenUp += givenUp;
      for (const runId of runIds) this.#cancelled.set(runId, schedule.spec.id);
    }
    this.look();
  }

  /** A run may have ended. */
  look(): void {
    if (this.#running() === 0) this.#onQuiet();
  }

  #running(): number {
    let running = 0;
    for (const schedule of this.#all()) running += schedule.running;
    return running;
  }
}
