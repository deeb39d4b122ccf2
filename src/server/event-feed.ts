/**
 * The events of everything, numbered, for readers that come and go.
 *
 * F1 The last `kept` events are there for readers. One that names an older event, or one of another process, is told that
 *    there is a gap.
 * F2 Readers go at their own pace: the feed keeps events, not what each reader has yet to get.
 */
import { randomBytes } from 'node:crypto';

/** Anything that cano announces. */
export interface AnyEvent {
  readonly type: string;
  readonly runId?: string;
}

export interface FeedFilter {
  readonly run: string | undefined;
  readonly types: ReadonlySet<string> | undefined;
}

export class EventFeed {
  /** Tells this process from others in ids. */
  readonly epoch: string = randomBytes(4).toString('hex');
  readonly #kept: number;
  // A ring: the event with the id n is at n % kept.
  readonly #ring: (AnyEvent | undefined)[] = [];
  readonly #readers = new Set<() => void>();
  #last = 0;

  constructor(kept: number) {
    this.#kept = kept;
  }

  /** Id of the last event; they count from 1. */
  get last(): number {
    return this.#last;
  }

  push(event: AnyEvent): void {
    this.#last += 1;
    this.#ring[this.#last % this.#kept] = event;
    for (const wake of this.#readers) wake();
  }

  /** Calls a function for each new event; returns what ends that. */
  wake(reader: () => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** The event with this id; undefined when it is not kept any more. */
  at(id: number): AnyEvent | undefined {
    return id > this.#last - this.#kept && id <= this.#last ? this.#ring[id % this.#kept] : undefined;
  }

  /**
   * The id of the event after one that was seen.
   *
   * @param lastSeen as written by `idOf`
   * @returns undefined when what came after it is not kept any more, or it is not of this process
   */
  after(lastSeen: string): number | undefined {
    const [, epoch, digits] = /^([0-9a-f]+)-(\d+)$/.exec(lastSeen) ?? [];
    const seen = Number(digits);
    return epoch === this.epoch && seen <= this.#last && seen >= this.#last - this.#kept ? seen + 1 : undefined;
  }

  idOf(id: number): string {
    return `${this.epoch}-${id}`;
  }
}

/** Whether a reader with this filter wants an event. */
export function passes({ run, types }: FeedFilter, { runId, type }: AnyEvent): boolean {
  return (run === undefined || runId === run) && (types === undefined || types.has(type));
}
