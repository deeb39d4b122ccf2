// Thread: both
/**
 * The only vocabulary that crosses threads. One post carries a list of messages. Messages are tuples with their type in
 * front: structured clone writes the keys of an object every time, and executions are many.
 */
import type { LogLevel } from '../core/events.ts';
import type { WireError } from '../core/error-codec.ts';
import type { SharedImage } from './shared-image.ts';

/** What Piscina hands to a thread when a lease begins. */
export interface LeaseStart {
  /** The channel of the lease. */
  readonly port: unknown;
  /** Buffer of the `SlotTable`. */
  readonly slots: SharedArrayBuffer;
  /** Buffer of the engine's `LogSwitch`. */
  readonly logs: SharedArrayBuffer;
  /** Shared values that exist: what else the thread holds from a lease before is to be let go of. */
  readonly shared: readonly number[];
  /** Bytes that structures of shared values may weigh on the thread. */
  readonly sharedLimit: number;
  /** The channel for service calls; only when the engine has services. */
  readonly rpc?: unknown;
}

/** Names an exec by a number for the rest of the lease. Sent before the first execution of it. */
export type Define = readonly [type: 'define', exec: number, key: string, url: string, name: string, params: unknown];

/** A shared value under its id. Sent before the first message that names it. */
export type Share = readonly [type: 'share', id: number, image: SharedImage];

/** Nobody holds these shared values any more. */
export type Unshare = readonly [type: 'unshare', ids: readonly number[]];

/**
 * What many executions need, by a number: the common value of a batch, and the snapshot of the store, as ids of shared values
 * by key. Sent before the first execution that needs it. `shared` are all shared values in the two.
 */
export type SetCommon = readonly [
  type: 'common',
  id: number,
  value: unknown,
  snapshot: Readonly<Record<string, number>> | undefined,
  shared: SharedIds,
];

/** Ids of shared values that an execution may read; 0 for none, without a list for one. */
export type SharedIds = number | readonly number[];

/** No further chunk will need that common value. */
export type DropCommon = readonly [type: 'drop', id: number];

/**
 * One execution: one exec call for each of `items`, in order. A node has one item and index -1; a chunk of a batch has
 * several, numbered from `index` upwards, or by a list when they do not follow each other; likewise `attempt`.
 */
export type Execute = readonly [
  type: 'execute',
  slot: number,
  generation: number,
  exec: number,
  runId: string,
  visit: number,
  common: number,
  index: number | readonly number[],
  attempt: number | readonly number[],
  items: readonly unknown[],
  shared: SharedIds,
];

/** An execution of one item, as `Execute` without the list: arrays are what costs most in a small message. */
export type Call = readonly [
  type: 'call',
  slot: number,
  generation: number,
  exec: number,
  runId: string,
  visit: number,
  common: number,
  index: number,
  attempt: number,
  item: unknown,
  shared: SharedIds,
];

/** Fires `ctx.signal` of an execution, for code that waits; its stop word is set already. */
export type Cancel = readonly [type: 'cancel', slot: number, generation: number];

/** Tear down all resources and answer `retired`. */
export type Retire = readonly [type: 'retire'];

/** The lease is over. Nothing follows on the port. */
export type End = readonly [type: 'end'];

export type ToThread = Define | Share | Unshare | SetCommon | DropCommon | Execute | Call | Cancel | Retire | End;

/** First message of a lease. `executed` counts the executions of this thread since it started. */
export type Hello = readonly [type: 'hello', threadId: number, executed: number];

/** An item that did not give a value. `stopped`: it obeyed a request to stop. */
export type ItemFailure = readonly [offset: number, stopped: boolean, error: WireError];

/**
 * Results of consecutive items, from position `from` of the execution. `ends[i]` is when item `from + i` ended; it started
 * when the one before it ended, the first of them at `startedAt`. `values` holds undefined where an item failed.
 */
export type Results = readonly [
  type: 'results',
  slot: number,
  generation: number,
  from: number,
  startedAt: number,
  ends: readonly number[],
  values: readonly unknown[],
  failures: readonly ItemFailure[] | null,
  bytesOut: number,
  last: boolean,
];

/** The result of an execution of one item that did not fail, as `Results` without the lists. */
export type Value = readonly [
  type: 'value',
  slot: number,
  generation: number,
  startedAt: number,
  endedAt: number,
  value: unknown,
  bytesOut: number,
];

/**
 * An error out of the fields of a log line, whose place in them is free: what holds it (an object, array, Map or Set of the
 * fields, which structured clone keeps the same within a message) and under which key.
 */
export type PlacedError = readonly [holder: object, key: unknown, error: WireError];

/** A note of an execution; it comes before the result of its item. (Dropped lines are those of any item so far.) */
export type Note =
  | readonly [kind: 'progress', done: number, total: number]
  | readonly [kind: 'counter', name: string, add: number]
  | readonly [
      kind: 'log',
      level: LogLevel,
      message: string,
      fields: Readonly<Record<string, unknown>> | undefined,
      /** The errors in them; only from threads. */
      errors?: readonly PlacedError[] | undefined,
    ]
  | readonly [kind: 'dropped', lines: number];

export type Notes = readonly [
  type: 'notes',
  slot: number,
  generation: number,
  position: number,
  notes: readonly Note[],
  /** What its log lines take of the thread's credit. */
  logCredit: number,
];

/** The thread does not know an exec, common value or shared value that an execution names; send it again with the execution. */
export type Need = readonly [type: 'need', slot: number, generation: number];

/** Last words. `certain`: what runs now did it; else an earlier execution may have left a timer behind. */
export type Dying = readonly [
  type: 'dying',
  reason: 'exit' | 'uncaught_error',
  certain: boolean,
  error: WireError | undefined,
];

/** All resources are torn down; `errors` are those that teardown threw. */
export type Retired = readonly [type: 'retired', errors: readonly WireError[]];

export type FromThread = Hello | Results | Value | Notes | Need | Dying | Retired;
