/**
 * Tells of log lines that were dropped on threads. Threads tell many times a second; a flood of warnings in place of a flood
 * of lines would help nobody, so the first is passed on at once, and then their sum once a second, and at the end.
 */
import type { Clock } from '../core/clock.ts';
import type { VisitPlace } from './attempt.ts';
import type { LiveRun } from './live-run.ts';

const TELL_EVERY_MS = 1_000;

export class DroppedLines {
  readonly #run: LiveRun;
  readonly #place: VisitPlace;
  readonly #clock: Clock;
  #untold = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(run: LiveRun, place: VisitPlace, clock: Clock) {
    this.#run = run;
    this.#place = place;
    this.#clock = clock;
  }

  add(lines: number): void {
    this.#untold += lines;
    if (this.#clock.now() - this.#toldAt >= TELL_EVERY_MS) this.tell();
  }

  /** Tells of those that have not been told; the exec phase is about to end. */
  tell(): void {
    const dropped = this.#untold;
    if (dropped === 0) return;
    this.#untold = 0;
    this.#toldAt = this.#clock.now();
    this.#run.announce(() => ({
      type: 'warning',
      code: 'logs_dropped',
      ...this.#place,
      message: `${dropped} log lines of '${this.#place.node}' were dropped: they came faster than they could be handled`,
      dropped,
    }));
  }
}
