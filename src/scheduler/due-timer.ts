/**
 * One timer for all schedules.
 *
 * H1 It is armed for the earliest due time, at most `LOOK_MS` ahead: so a machine that slept, a calendar that was set and
 *    delays longer than a timer can hold are noticed.
 * H2 A timer of Node may be 2 ms late. Where that is a small part of the pause, it is armed 1 ms early, and what is left is
 *    spent in turns of the event loop: at most 2 ms of CPU per look that fires, so not for looks that follow each other
 *    closely.
 * H3 In one look each schedule fires at most once: one with a long gap behind it lets the others and the event loop have
 *    their turn.
 */
import type { Clock } from '../core/clock.ts';
import { Heap, type Heaped } from '../core/heap.ts';
import { guarded } from '../core/listeners.ts';
import type { Timeline } from './timeline.ts';

/** Longest sleep. */
const LOOK_MS = 30_000;
/** Shortest pause after which a look is made to the point. */
const TO_THE_POINT_MS = 50;
/** What Node's timers, which count whole milliseconds, may be late by. */
const TIMER_LATE_MS = 2;
/** Less than a millisecond: the next turn of the event loop. */
const TURN_MS = 0.25;

/** What becomes due. */
export interface Due extends Heaped {
  /** On the monotonic clock; Infinity when nothing is. */
  readonly dueAt: number;
  /** What is due at the same time fires in this order. */
  readonly order: number;
  fire(): void;
}

export class DueTimer<T extends Due> {
  readonly #clock: Clock;
  readonly #timeline: Timeline;
  readonly #onLeap: (ms: number) => void;
  readonly #due: Heap<T> = new Heap<T>(isBefore);
  #isOn = false;
  #isLooking = false;
  #firedAt = -Infinity;
  #timer: { readonly at: number; cancel(): void } | undefined;

  /** @param onLeap the machine's calendar was set; what depends on it is to be placed anew */
  constructor(clock: Clock, timeline: Timeline, onLeap: (ms: number) => void) {
    this.#clock = clock;
    this.#timeline = timeline;
    this.#onLeap = onLeap;
  }

  start(): void {
    this.#isOn = true;
    this.#arm();
  }

  stop(): void {
    this.#isOn = false;
    this.#timer?.cancel();
  }

  /** Looks at the calendar, for who is about to go by it. */
  sync(): void {
    const leapMs = this.#timeline.read();
    if (leapMs !== 0) this.#onLeap(leapMs);
  }

  /** The due time of an item is new, or has changed. */
  place(item: T): void {
    const isIn = item.heapIndex >= 0;
    if (item.dueAt === Infinity) {
      if (isIn) this.#due.remove(item);
    } else if (isIn) this.#due.move(item);
    else this.#due.push(item);
    this.#arm();
  }

  #arm(): void {
    if (!this.#isOn || this.#isLooking) return;
    const now = this.#clock.now();
    const at = Math.min(this.#due.first()?.dueAt ?? Infinity, now + LOOK_MS);
    // An early look does no harm: it finds nothing due and arms anew.
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const timer = this.#clock.setTimer(() => this.#look(), this.#delayTo(at, now));
    this.#timer = { at, cancel: () => timer.cancel() };
  }

  #delayTo(at: number, now: number): number {
    const left = at - now;
    if (at - this.#firedAt < TO_THE_POINT_MS || left >= LOOK_MS) return Math.max(1, Math.ceil(left));
    return left < TIMER_LATE_MS ? TURN_MS : Math.floor(left) - 1;
  }

  #look(): void {
    this.#timer = undefined;
    this.#isLooking = true;
    this.sync();
    const now = this.#clock.now();
    const due: T[] = [];
    for (let first = this.#due.first(); first !== undefined && first.dueAt <= now; first = this.#due.first()) {
      this.#due.remove(first);
      due.push(first);
    }
    if (due.length > 0) this.#firedAt = now;
    this.#fire(due, 0);
  }

  // In turns with what they start: a run begins in a microtask, and need not wait until all the others have been fired.
  #fire(due: readonly T[], at: number): void {
    const item = due[at];
    // What it throws is a bug; the others still fire.
    if (item !== undefined) guarded(() => item.fire(), undefined);
    if (at + 1 < due.length) {
      queueMicrotask(() => this.#fire(due, at + 1));
      return;
    }
    this.#isLooking = false;
    this.#arm();
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueAt === b.dueAt ? a.order < b.order : a.dueAt < b.dueAt;
}
