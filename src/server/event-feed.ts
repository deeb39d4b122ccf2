/**
 * The events of everything, numbered, for readers that come and go.
 *
 * F1 The last `kept` events are there for a reader that names the last one it has seen; one that names an older one, or one of
 *    another process, is told that there is a gap.
 * F2 An event is written out only for who reads it: kept ones are the objects that were announced.
 * F3 A reader that does not keep up is let go of, never waited for.
 */
import { randomBytes } from 'node:crypto';

/** Anything that cano announces. */
export interface AnyEvent {
  readonly type: string;
  readonly runId?: string;
}

export interface FeedEntry {
  readonly id: number;
  readonly event: AnyEvent;
}

export interface FeedFilter {
  readonly run: string | undefined;
  readonly types: ReadonlySet<string> | undefined;
}

/** Whoever reads along. Called synchronously; what it throws is a bug. */
export type FeedReader = (entry: FeedEntry) => void;

export class EventFeed {
  /** Tells this process from others in ids. */
  readonly epoch: string = randomBytes(4).toString('hex');
  readonly #kept: number;
  // A ring: the entry with the id n is at n % kept.
  readonly #ring: (AnyEvent | undefined)[] = [];
  readonly #readers = new Set<FeedReader>();
  #last = 0;

  constructor(kept: number) {
    this.#kept = kept;
  }

  get last(): number {
    return this.#last;
  }

  push(event: AnyEvent): void {
    this.#last += 1;
    this.#ring[this.#last % this.#kept] = event;
    if (this.#readers.size === 0) return;
    const entry = { id: this.#last, event };
    for (const reader of this.#readers) reader(entry);
  }

  /** Reads along from now on; returns what ends that. */
  read(reader: FeedReader): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /**
   * What came after the event with this id.
   *
   * @param lastSeen as written by `idOf`
   * @returns undefined when that cannot be told any more
   */
  since(lastSeen: string): FeedEntry[] | undefined {
    const [, epoch, digits] = /^([0-9a-f]+)-(\d+)$/.exec(lastSeen) ?? [];
    const from = Number(digits);
    if (epoch !== this.epoch || from > this.#last || from < this.#last - this.#kept) return undefined;
    const entries: FeedEntry[] = [];
    for (let id = from + 1; id <= this.#last; id += 1) {
      entries.push({ id, event: this.#ring[id % this.#kept] as AnyEvent });
    }
    return entries;
  }

  idOf(id: number): string {
    return `${this.epoch}-${id}`;
  }
}

/** Whether a reader with this filter wants an event. */
export function passes({ run, types }: FeedFilter, { runId, type }: AnyEvent): boolean {
  return (run === undefined || runId === run) && (types === undefined || types.has(type));
}
