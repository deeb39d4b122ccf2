// Thread: main
/**
 * One execution on its way through a dispatcher: an exec call, or a chunk of a batch as several calls in a row.
 *
 * C1 Every item of an execution settles exactly once.
 * C2 Items settle in the order of their positions; `settled` of them have, and the rest is what a requeue repeats.
 */
import type { AttemptOutcome } from '../core/events.ts';
import type { BoundExec } from '../node.ts';
import type { Note } from '../wire/messages.ts';
import type { RunShare } from './run-share.ts';

/** How an item ended. */
export interface ItemEnd {
  readonly outcome: AttemptOutcome;
  /** The result, when the outcome is ok. */
  readonly value: unknown;
  /** What was thrown or decided, when it is not. */
  readonly error: unknown;
  readonly startedAt: number;
  readonly endedAt: number;
  /** On the main thread: for how long it did nothing else, until exec had returned, be it a promise. */
  readonly blockedMs?: number;
}

/** What many executions need; each thread gets it once. */
export interface CommonValue {
  /** The common value of a batch. */
  readonly value: unknown;
  /** The keys of the store that exec reads, as they are at the dispatch. */
  readonly snapshot: Snapshot | undefined;
}

/** Values of a store by key, each as a shared value; on the main thread as they are. */
export type Snapshot = Readonly<Record<string, unknown>>;

/** Who submitted an execution hears of it here. Calls come in order: notes of an item, its end, at last the execution's end. */
export interface ExecutionSink {
  note(execution: Execution, index: number, attempt: number, note: Note): void;
  settled(execution: Execution, index: number, attempt: number, end: ItemEnd, item: unknown): void;
  /** All items have settled. */
  ended(execution: Execution): void;
  /** Whether one more execution may run at this moment, made of items of this one. Without it none is ever divided. */
  mayDivide?(execution: Execution): boolean;
  /** The last items of an execution, none of which has started, have become one of their own. The sink submits it. */
  divided?(execution: Execution, rest: Execution): void;
}

/** What is to be executed. */
export interface ExecutionRequest {
  readonly exec: BoundExec<unknown, unknown> | InlineFunction;
  readonly runId: string;
  readonly workflow: string;
  readonly state: string;
  readonly node: string;
  readonly visit: number;
  /** Of a branch: its name in the split. */
  readonly branch?: string | undefined;
  /** The same object for all executions of a run. */
  readonly share: RunShare;
  /** Longest running time of one item. */
  readonly timeoutMs: number | undefined;
  readonly common: CommonValue | undefined;
  readonly items: readonly unknown[];
  /** Index of each item in its batch: the first, when they follow each other; -1 outside a batch. */
  readonly index: number | readonly number[];
  /** Attempt of each item, or of all. */
  readonly attempt: number | readonly number[];
  readonly sink: ExecutionSink;
}

/** A plain function as exec; it runs on the main thread. */
export type InlineFunction = (input: unknown, ctx: never) => unknown;

/** A request to stop, under way. */
export interface Stop {
  readonly kind: 'timeout' | 'cancelled' | 'setup';
  /** The item that is to stop, or -1 for all. */
  readonly position: number;
  /** When the thread is terminated. */
  readonly hardAt: number;
  readonly reason: unknown;
}

export class Execution {
  readonly request: ExecutionRequest;
  status: 'new' | 'queued' | 'posted' | 'ended' = 'new';
  /** It is in the ready queue; kept by the queue, as are its neighbours there and what its run was charged for it. */
  isWaiting = false;
  previous: Execution | undefined;
  next: Execution | undefined;
  chargedMs = 0;
  items: readonly unknown[];
  #index: number | readonly number[];
  #attempt: number | readonly number[];
  /** Items that have settled since the last requeue. */
  settled = 0;
  queuedAt = 0;
  postedAt = 0;
  /** When its first item started, once that is known. */
  startedAt: number | undefined;
  receivedAt = 0;
  thread: number | undefined;
  slot = -1;
  generation = -1;
  bytesIn = 0;
  bytesOut = 0;
  /** Time that copying its inputs took on the main thread, in milliseconds. */
  cloneMs = 0;
  /** Running time of its items since the last requeue, in milliseconds. */
  ranMs = 0;
  stop: Stop | undefined;
  /** Index of the item that ran when its thread died by what may have been another's late throw, and was let off. */
  letOff: number | undefined;

  constructor(request: ExecutionRequest) {
    this.request = request;
    this.items = request.items;
    this.#index = request.index;
    this.#attempt = request.attempt;
  }

  get index(): number | readonly number[] {
    return this.#index;
  }

  get attempt(): number | readonly number[] {
    return this.#attempt;
  }

  indexAt(position: number): number {
    if (typeof this.#index !== 'number') return this.#index[position] as number;
    return this.#index < 0 ? -1 : this.#index + position;
  }

  attemptAt(position: number): number {
    return typeof this.#attempt === 'number' ? this.#attempt : (this.#attempt[position] as number);
  }

  note(position: number, note: Note): void {
    this.request.sink.note(this, this.indexAt(position), this.attemptAt(position), note);
  }

  /** Settles the next item. */
  settleNext(end: ItemEnd): void {
    const position = this.settled;
    this.settled += 1;
    if (this.stop?.position === position) this.stop = undefined;
    this.request.sink.settled(this, this.indexAt(position), this.attemptAt(position), end, this.items[position]);
  }

  /** Settles all that is left in one way. */
  settleRest(end: ItemEnd): void {
    while (this.settled < this.items.length) this.settleNext(end);
  }

  /** Settles one item out of turn and takes it out. */
  settleAt(position: number, end: ItemEnd): void {
    const [index, attempt, item] = [this.indexAt(position), this.attemptAt(position), this.items[position]];
    this.keep((other) => other !== position);
    this.request.sink.settled(this, index, attempt, end, item);
  }

  /** Reduces the execution to the items that have not settled, as a requeue needs it. */
  keepUnsettled(): void {
    const { settled } = this;
    this.settled = 0;
    this.startedAt = undefined;
    this.ranMs = 0;
    this.keep((position) => position >= settled);
  }

  /** Gives the items from `end` on to a new execution with the same request. None of them may have started. */
  divide(end: number): Execution {
    const { items } = this;
    const [index, attempt] = [this.#index, this.#attempt];
    const rest = new Execution({
      ...this.request,
      items: items.slice(end),
      index: typeof index === 'number' ? index + end : index.slice(end),
      attempt: typeof attempt === 'number' ? attempt : attempt.slice(end),
    });
    rest.letOff = this.letOff;
    this.items = items.slice(0, end);
    // What the rest has cost on its way here is not to be shared out over what is left.
    this.bytesIn *= end / items.length;
    return rest;
  }

  /** Every item is settled: nothing more will be heard of it. */
  end(): void {
    this.status = 'ended';
    this.request.sink.ended(this);
  }

  private keep(wanted: (position: number) => boolean): void {
    const positions = this.items.map((_item, position) => position).filter(wanted);
    if (positions.length === this.items.length) return;
    const index = this.#index;
    this.#index =
      index === -1
        ? -1
        : positions.map((position) => (typeof index === 'number' ? index + position : (index[position] as number)));
    this.#attempt = positions.map((position) => this.attemptAt(position));
    this.items = positions.map((position) => this.items[position]);
  }
}

/** Key of the exec of an execution that runs on a thread. */
export function keyOf(execution: Execution): string {
  return (execution.request.exec as BoundExec<unknown, unknown>).key;
}

/** Shares out what copying a burst of inputs took, in milliseconds, by what they weigh. */
export function bookCloning(burst: readonly Execution[], tookMs: number): void {
  let bytes = 0;
  for (const execution of burst) bytes += execution.bytesIn;
  for (const execution of burst) execution.cloneMs = bytes === 0 ? 0 : (tookMs * execution.bytesIn) / bytes;
}
