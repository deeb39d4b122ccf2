// Thread: worker
/**
 * Progress, counters and log lines of the execution that runs. A thread that computes can post, so they are sent from
 * inside the calls, live and bounded.
 *
 * N1 Notes of an item are flushed before its result.
 * N2 Within an item there is one flush per `FLUSH_MS`; the newest progress wins, counters add up. The first `BURST` log lines
 *    of each such window are sent at once: a line that is followed by a long computation, or by the end of the thread, is
 *    not to wait behind it. What is left over while exec waits is flushed by a timer.
 * N3 Log lines of a window, and those on the way, take at most the credit that the main thread gives, by what they weigh. A
 *    busy thread cannot receive acknowledgements, so the credit and what has been handled are in shared memory.
 * N4 Lines beyond are dropped, and their number is told, once per window and at the end of each execution at the latest:
 *    logged = sent + dropped.
 */
import { systemClock } from '../core/clock.ts';
import type { LogLevel } from '../core/events.ts';
import type { FromThread, Note } from '../wire/messages.ts';
import { MOST_LOG_CREDIT, type SlotTable } from '../wire/slots.ts';
import { copyFields } from './log-fields.ts';

type Fields = Readonly<Record<string, unknown>>;

const FLUSH_MS = 50;
const BURST = 32;
/** This part of the credit comes on top for lines of the levels `warn` and `error`: a flood of others must not take them along. */
const URGENT_SHARE = 4;
/** A line counts once more for each of these bytes: all that are on the way weigh a few MiB at most. */
const BYTES_PER_CREDIT = 4 * 1024;

// Taken before user code is loaded: a thread whose user replaces it must still tell.
const { setTimeout } = globalThis;

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
  /** Credit that was taken by lines in `#logs`, by lines of this window, by all lines that were sent. */
  #gathered = 0;
  #inWindow = 0;
  #urgentInWindow = 0;
  #sent = 0;
  #windowAt = Number.NEGATIVE_INFINITY;
  #sentAtOnce = 0;
  #timer: NodeJS.Timeout | undefined;

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

  count(name: string, add: number): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + add);
    this.#flushIfDue();
  }

  log(level: LogLevel, message: string, fields: Fields | undefined): void {
    const isDue = this.#isDue();
    const isUrgent = level === 'warn' || level === 'error';
    const credit = this.#slots.logCredit();
    const left = this.#creditLeft(credit, isUrgent);
    // A copy: the fields may change before they are sent. A line that is larger than all credit goes when it is alone.
    const line = left > 0 ? newLine(level, message, fields, credit) : undefined;
    if (line === undefined || line.credit > left) {
      this.#dropped += 1;
    } else {
      this.#logs.push(line.note);
      this.#gathered += line.credit;
      this.#inWindow += line.credit;
      if (isUrgent) this.#urgentInWindow += line.credit;
    }
    if (isDue) {
      this.flush();
    } else if (this.#dropped === 0 && this.#sentAtOnce < BURST) {
      this.#sentAtOnce += 1;
      this.#send(this.#takeLogs());
    } else {
      this.#flushLater();
    }
  }

  /** The item is about to settle: sends what has gathered (N1). */
  endItem(): void {
    if (this.#hasNotes) this.#flush(false);
  }

  /** Sends what has gathered, the number of dropped lines too. */
  flush(): void {
    if (this.#hasNotes || this.#dropped > 0) this.#flush(true);
  }

  #flush(withDropped: boolean): void {
    const notes = this.#takeLogs();
    if (withDropped && this.#dropped > 0) {
      notes.push(['dropped', this.#dropped]);
      this.#dropped = 0;
    }
    for (const [name, add] of this.#counters) notes.push(['counter', name, add]);
    if (this.#progress !== undefined) notes.push(['progress', ...this.#progress]);
    this.#counters = new Map();
    this.#progress = undefined;
    this.#send(notes);
  }

  get #hasNotes(): boolean {
    return this.#logs.length > 0 || this.#counters.size > 0 || this.#progress !== undefined;
  }

  #takeLogs(): Note[] {
    const logs = this.#logs;
    this.#logs = [];
    return logs;
  }

  #send(notes: readonly Note[]): void {
    const credit = this.#gathered;
    this.#gathered = 0;
    // Wraps around as the count in shared memory does.
    this.#sent = (this.#sent + credit) | 0;
    this.#post(['notes', this.#slot, this.#generation, this.#position, notes, credit]);
  }

  // What a line may take at most.
  #creditLeft(credit: number, isUrgent: boolean): number {
    const onTheWay = this.#gathered + ((this.#sent - this.#slots.logsSeen()) | 0);
    const left = credit - Math.max(this.#inWindow, onTheWay);
    if (!isUrgent) return left;
    const most = MOST_LOG_CREDIT + Math.floor(MOST_LOG_CREDIT / URGENT_SHARE);
    return Math.max(left, Math.min(Math.floor(credit / URGENT_SHARE) - this.#urgentInWindow, most - onTheWay));
  }

  // Whether the window is over; the next one begins then.
  #isDue(): boolean {
    const at = systemClock.now();
    if (at - this.#windowAt < FLUSH_MS) return false;
    this.#windowAt = at;
    this.#inWindow = 0;
    this.#urgentInWindow = 0;
    this.#sentAtOnce = 0;
    return true;
  }

  #flushIfDue(): void {
    if (this.#isDue()) this.flush();
    else this.#flushLater();
  }

  // Fires only while exec waits; by then the item may have ended, and nothing is left (N1).
  #flushLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, FLUSH_MS).unref();
  }
}

function newLine(
  level: LogLevel,
  message: string,
  fields: Fields | undefined,
  mostCredit: number,
): { readonly note: Note; readonly credit: number } {
  const { plain, errors, bytes } = copyFields(fields);
  return {
    note: ['log', level, message, plain, errors],
    credit: Math.min(mostCredit, 1 + Math.floor((message.length + bytes) / BYTES_PER_CREDIT)),
  };
}
