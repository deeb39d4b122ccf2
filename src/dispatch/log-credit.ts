// Thread: main
/**
 * How many log lines a thread may have on the way: as many as can be handled here in a moment, by what lines have cost so
 * far. Whoever listens is called for each of them on the main thread, so a logger that is slow gets fewer lines rather than
 * an event loop that stands still; and a thread that floods gets a small part of the time, for as long as it floods.
 */
import { systemClock } from '../core/clock.ts';
import { MOST_LOG_CREDIT, type SlotTable } from '../wire/slots.ts';

const LEAST = 16;
/** What the lines on the way may cost: a burst, and those of a thread that has dropped lines of late. */
const BURST_MS = 30;
const FLOOD_MS = 1;
const FLOOD_LASTS_MS = 1_000;
/** What receiving a message takes before it is handled, about. */
const RECEIVE_MS = 0.01;
/** Assumed of the first line. */
const FIRST_GUESS_MS = BURST_MS / MOST_LOG_CREDIT;
const WEIGHT = 0.2;
/** One measurement counts for so many times the mean at most: the process may have been off its core meanwhile. */
const OUTLIER = 4;

const { now } = systemClock;

export class LogCredit {
  readonly #slots: SlotTable;
  #costMs = FIRST_GUESS_MS;
  #floodsUntil = Number.NEGATIVE_INFINITY;

  constructor(slots: SlotTable) {
    this.#slots = slots;
    slots.setLogCredit(MOST_LOG_CREDIT);
  }

  /**
   * Gives credit back: lines have been handled.
   *
   * @param credit what they took of it
   * @param since when handling them began
   * @param hasDropped whether the thread told of dropped lines with them
   */
  giveBack(credit: number, since: number, hasDropped: boolean): void {
    const at = now();
    if (credit > 0) {
      const sample = Math.min((at - since + RECEIVE_MS) / credit, OUTLIER * this.#costMs);
      this.#costMs += WEIGHT * (sample - this.#costMs);
    }
    if (hasDropped) this.#floodsUntil = at + FLOOD_LASTS_MS;
    const budgetMs = at < this.#floodsUntil ? FLOOD_MS : BURST_MS;
    this.#slots.setLogCredit(Math.max(LEAST, Math.min(MOST_LOG_CREDIT, Math.floor(budgetMs / this.#costMs))));
    this.#slots.addLogsSeen(credit);
  }
}
