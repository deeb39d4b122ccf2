/**
 * Calendars for schedules, laid over the monotonic clock that timers run by.
 *
 * T1 The machine's calendar is what `Date.now()` says: it can be set forward and back, and leaps when the machine has slept.
 * T2 The steady calendar equals it until it is set back. From then on it goes on as if nothing had happened: an interval of
 *    a minute fires every minute, also in the hour that the machine lives twice.
 * T3 What the monotonic clock says of the machine's calendar may be early by a fraction of a millisecond, since `Date.now()`
 *    cuts that off. Whether a time has come is therefore asked of the calendar itself.
 */
import type { Clock } from '../core/clock.ts';

export type Calendar = 'machine' | 'steady';

/** What the machine's calendar may go on differently from the monotonic clock, by corrections of NTP, before that is told. */
const LEAP_MS = 5;
/** `Date.now()` cuts off less than this. */
const CUT_MS = 1;
/** Looks in search of the moment at which `Date.now()` goes on; a clock that stands still in between is a test's. */
const MOST_LOOKS = 20_000;

export class Timeline {
  readonly #clock: Clock;
  /** Machine's calendar minus monotonic clock: the largest sample, until a sample shows that it has become less. */
  #machineOffset: number;
  #steadyOffset: number;
  #toldOffset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#machineOffset = exactOffset(clock);
    this.#steadyOffset = this.#machineOffset;
    this.#toldOffset = this.#machineOffset;
  }

  /**
   * Looks at the calendar; `toMonotonic` and `convert` go by the last look.
   *
   * @returns by how much it was set since it was last said so, in milliseconds; 0 when it just went on
   */
  read(): number {
    const sample = this.#clock.wallNow() - this.#clock.now();
    if (sample > this.#machineOffset || sample < this.#machineOffset - CUT_MS) this.#machineOffset = sample;
    this.#steadyOffset = Math.max(this.#steadyOffset, this.#machineOffset);
    const leapMs = this.#machineOffset - this.#toldOffset;
    if (Math.abs(leapMs) <= LEAP_MS) return 0;
    this.#toldOffset = this.#machineOffset;
    return leapMs;
  }

  /** The present on a calendar. */
  now(calendar: Calendar): number {
    return calendar === 'machine' ? this.#clock.wallNow() : this.#clock.now() + this.#steadyOffset;
  }

  /** A time of a calendar on the monotonic clock. */
  toMonotonic(calendar: Calendar, at: number): number {
    return at - this.#offset(calendar);
  }

  /** A time of a calendar on another one. */
  convert(at: number, from: Calendar, to: Calendar): number {
    return from === to ? at : at - this.#offset(from) + this.#offset(to);
  }

  #offset(calendar: Calendar): number {
    return calendar === 'machine' ? this.#machineOffset : this.#steadyOffset;
  }
}

/** Calendar minus monotonic clock, taken as `Date.now()` goes on, when nothing is cut off: takes up to a millisecond. */
function exactOffset(clock: Clock): number {
  const wall = clock.wallNow();
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const [later, now] = [clock.wallNow(), clock.now()];
    if (later !== wall) return later - now;
  }
  return wall - clock.now();
}
