// Thread: worker
/**
 * Progress, counters and log lines of the execution that runs. A thread that computes can post, so they are sent from
 * inside the calls, live and bounded.
 *
 * N1 Notes of an item are flushed before its result.
 * N2 At most one flush per `FLUSH_MS`; the newest progress wins, counters add up.
 * N3 At most `LOG_CREDIT` log lines are on the way. A busy thread cannot receive acknowledgements, so the main thread
 *    counts what it has handled in shared memory. Lines beyond are dropped and their number is reported.
 */
import { systemClock } from '../core/clock.ts';
import { isCloneable } from '../wire/clone-check.ts';
import type { FromThread, Note } from '../wire/messages.ts';
import type { SlotTable } from '../wire/slots.ts';
import type { LogLevel } from '../core/events.ts';

const FLUSH_MS = 50;
const LOG_CREDIT = 1_000;

export class Notes {
  readonly #post: (message: FromThread) => void;
  readonly #slots: SlotTable;
  #slot = 0;
  #generation = 0;
  #position = 0;
  #progress: readonly [done: number, total: number] | undefined;
  #counters = new Map<string, number>();
  #logs: Note[] = [];
  #dropped = 0;
  #sentLines = 0;
  #lastFlush = Number.NEGATIVE_INFINITY;

  constructor(post: (message: FromThread) => void, slots: SlotTable) {
    this.#post = post;
    this.#slots = slots;
  }

  /** What follows belongs to this item. */
  enter(slot: number, generation: number, position: number): void {
    this.#slot = slot;
    this.#generation = generation;
    this.#position = position;
  }

  progress(done: number, total: number): void {
    this.#progress = [done, total];
    this.#flushIfDue();
  }

  count(name: string, add: number): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + add);
    this.#flushIfDue();
  }

  /** @param message JavaScript callers hand in anything */
  log(level: LogLevel, message: unknown, fields: Readonly<Record<string, unknown>> | undefined): void {
    if (this.#sentLines + this.#logs.length - this.#slots.logsSeen() >= LOG_CREDIT) {
      this.#dropped += 1;
    } else {
      // A field that cannot be cloned must not take the other notes down with it.
      const safe = fields === undefined || isCloneable(fields) ? fields : describeFields(fields);
      this.#logs.push(['log', level, String(message), safe]);
    }
    this.#flushIfDue();
  }

  /** Sends what has gathered. */
  flush(): void {
    if (this.#progress === undefined && this.#counters.size === 0 && this.#logs.length === 0 && this.#dropped === 0) return;
    const notes: Note[] = this.#logs;
    this.#sentLines += notes.length;
    if (this.#dropped > 0) notes.push(['dropped', this.#dropped]);
    for (const [name, add] of this.#counters) notes.push(['counter', name, add]);
    if (this.#progress !== undefined) notes.push(['progress', ...this.#progress]);
    this.#logs = [];
    this.#dropped = 0;
    this.#counters = new Map();
    this.#progress = undefined;
    this.#lastFlush = systemClock.now();
    this.#post(['notes', this.#slot, this.#generation, this.#position, notes]);
  }

  #flushIfDue(): void {
    if (systemClock.now() - this.#lastFlush >= FLUSH_MS) this.flush();
  }
}

function describeFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, isCloneable(value) ? value : String(value)]));
}
