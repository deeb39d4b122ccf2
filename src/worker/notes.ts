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
import { describeValue, fieldOf } from '../core/errors.ts';
import type { FromThread, Note } from '../wire/messages.ts';
import { prepareForWire } from '../wire/transfer.ts';
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

  // JavaScript callers hand in anything; nothing of it may keep the notes from being posted.

  progress(done: unknown, total: unknown): void {
    this.#progress = [Number(done), Number(total)];
    this.#flushIfDue();
  }

  count(name: unknown, add: unknown): void {
    const key = String(name);
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + Number(add));
    this.#flushIfDue();
  }

  log(level: LogLevel, message: unknown, fields: Readonly<Record<string, unknown>> | undefined): void {
    if (this.#sentLines + this.#logs.length - this.#slots.logsSeen() >= LOG_CREDIT) {
      this.#dropped += 1;
    } else {
      // A copy: the fields may change before they are sent.
      this.#logs.push(['log', level, String(message), fields === undefined ? undefined : copyFields(fields)]);
    }
    this.#flushIfDue();
  }

  /** Sends what has gathered. */
  flush(): void {
    if (this.#progress === undefined && this.#counters.size === 0 && this.#logs.length === 0 && this.#dropped === 0)
      return;
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

// A field that cannot be cloned becomes its description.
function copyFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return structuredClone(prepareForWire(fields).value) as Record<string, unknown>;
  } catch {
    return Object.fromEntries(Object.keys(fields).map((key) => [key, copyField(fields, key)]));
  }
}

function copyField(fields: Readonly<Record<string, unknown>>, key: string): unknown {
  try {
    return structuredClone(prepareForWire(fields[key]).value);
  } catch {
    return describeValue(fieldOf(fields, key));
  }
}
