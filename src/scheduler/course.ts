/** Where one schedule stands in its plan. */
import type { Random } from '../core/clock.ts';
import { takeDue, type DueFires, type Position } from './due.ts';
import { next, upcoming, type Plan } from './plan.ts';
import { calendarOf, planOf, type ScheduleSpec } from './spec.ts';
import type { Calendar, Timeline } from './timeline.ts';

/** A clock set back by more is believed: its times come again. Up to here they do not, as in Vixie cron (cron(8)). */
const CORRECTION_MS = 3 * 3_600_000;

const NOWHERE: Position = { planned: undefined, delayMs: 0, behind: 0 };

export class Course {
  readonly calendar: Calendar;
  readonly #spec: ScheduleSpec;
  readonly #timeline: Timeline;
  readonly #random: Random;
  #plan: Plan = { kind: 'manual' };
  #position: Position = NOWHERE;

  constructor(spec: ScheduleSpec, timeline: Timeline, random: Random) {
    this.#spec = spec;
    this.#timeline = timeline;
    this.#random = random;
    this.calendar = calendarOf(spec.timing);
  }

  /** Lays the plan on the calendar. */
  begin(): void {
    this.#plan = planOf(this.#spec, this.#timeline);
    this.look();
  }

  /** Goes on from the present, whatever it had in view before. */
  look(): void {
    const planned = next(this.#plan, this.#timeline.now(this.calendar));
    this.#position = { planned, delayMs: planned === undefined ? 0 : this.#drawDelay(), behind: 0 };
  }

  /** The machine's calendar was set by so much. */
  leapt(ms: number): void {
    if (this.#plan.kind === 'cron' && ms < -CORRECTION_MS) this.look();
  }

  /** What is due by now. */
  take(): DueFires {
    const now = this.#timeline.now(this.calendar);
    const taken = takeDue(this.#plan, this.#position, now, this.#spec.catchUpMs, () => this.#drawDelay());
    this.#position = taken.position;
    return taken;
  }

  /** On the monotonic clock; Infinity when nothing more will come. */
  get dueAt(): number {
    const { planned, delayMs } = this.#position;
    return planned === undefined ? Infinity : this.#timeline.toMonotonic(this.calendar, planned + delayMs);
  }

  /** The next times of the plan, from one on, in milliseconds since 1970. */
  nextFires(count: number, from: number): number[] {
    const { planned } = this.#position;
    if (planned === undefined || count < 1) return [];
    const first = this.#timeline.convert(from, 'machine', this.calendar);
    const fires =
      first <= planned ? [planned, ...upcoming(this.#plan, planned, count - 1)] : upcoming(this.#plan, first, count);
    return fires.map((at) => this.#timeline.convert(at, this.calendar, 'machine'));
  }

  #drawDelay(): number {
    return this.#spec.jitterMs * this.#random();
  }
}
