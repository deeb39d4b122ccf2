// Thread: both
/**
 * What stands for a shared value wherever it travels: an object whose only property is a number. Structured clone copies
 * that number, so a value that is shared costs a few bytes in an input, however large it is.
 */
import { describeValue, InvalidOptionError } from './errors.ts';

declare const held: unique symbol;
declare const mutable: unique symbol;

/** A value in shared memory, made by `share`; `read` gives the value. Goes anywhere where data goes. */
export interface Shared<out Value> {
  /** Carries the type; never set. */
  readonly [held]: () => Value;
}

/** As `Shared`, made by `shareMutable`: its typed arrays may be written to, by all threads at once. */
export interface MutableShared<out Value> extends Shared<Value> {
  /** Carries the type; never set. */
  readonly [mutable]: true;
}

type AnyFunction = (...args: never[]) => unknown;
type Leaf = string | number | boolean | bigint | symbol | null | undefined | AnyFunction | Date | RegExp | Error;
interface TypedArray extends ArrayBufferView {
  readonly BYTES_PER_ELEMENT: number;
  readonly [index: number]: number | bigint;
}
type Writers = 'set' | 'fill' | 'sort' | 'reverse' | 'copyWithin' | 'subarray' | 'buffer';

/** A typed array without what changes it or leads to its memory. A function that only reads should ask for this one. */
export type ReadonlyTypedArray<View extends TypedArray> = {
  readonly [Key in Exclude<keyof View, Writers | number>]: View[Key];
} & {
  readonly [index: number]: View[number];
  /** A part, over the same memory. */
  subarray(begin?: number, end?: number): ReadonlyTypedArray<View>;
};

/** A DataView without what changes it or leads to its memory. */
export type ReadonlyDataView = { readonly [Key in Exclude<keyof DataView, `set${string}` | 'buffer'>]: DataView[Key] };

/** What `read` gives of a shared value: the same data, readonly all the way down. */
export type ReadonlyData<Value> = 0 extends 1 & Value
  ? Value
  : Value extends Leaf | Shared<unknown>
    ? Value
    : Value extends TypedArray
      ? ReadonlyTypedArray<Value>
      : Value extends DataView
        ? ReadonlyDataView
        : Value extends ReadonlyMap<infer Key, infer Item>
          ? ReadonlyMap<ReadonlyData<Key>, ReadonlyData<Item>>
          : Value extends ReadonlySet<infer Item>
            ? ReadonlySet<ReadonlyData<Item>>
            : { readonly [Key in keyof Value]: ReadonlyData<Value[Key]> };

/** What `read` gives of a value shared by `shareMutable`: typed arrays may be written to, all else is readonly. */
export type WritableData<Value> = 0 extends 1 & Value
  ? Value
  : Value extends Leaf | Shared<unknown> | TypedArray | DataView
    ? Value
    : Value extends ReadonlyMap<infer Key, infer Item>
      ? ReadonlyMap<WritableData<Key>, WritableData<Item>>
      : Value extends ReadonlySet<infer Item>
        ? ReadonlySet<WritableData<Item>>
        : { readonly [Key in keyof Value]: WritableData<Value[Key]> };

/** The property of a shared value that travels. */
export const SHARED_ID = 'cano:shared';

/** On the prototype of what `share` returns: tells it from data on the way to a thread. */
export const SHARED_BRAND: unique symbol = Symbol('cano.shared');

/** Gives the value that an object with a `SHARED_ID` stands for; on each thread in its own way. */
export type SharedReader = (reference: object, id: number) => unknown;

const READER = Symbol.for('cano.readShared');
const holder = globalThis as { [READER]?: SharedReader };

/** Installs the reader of this thread. It hangs on globalThis for the reason that `registry` in `node.ts` gives. */
export function setSharedReader(reader: SharedReader): void {
  holder[READER] = reader;
}

/**
 * The value behind a shared value, on any thread: made once per thread and kept. Typed arrays in it lie in shared memory.
 *
 * @throws InvalidOptionError when it was not made by `share`, or this thread does not hold it
 */
export function read<Value>(shared: MutableShared<Value>): WritableData<Value>;
export function read<Value>(shared: Shared<Value>): ReadonlyData<Value>;
export function read(reference: unknown): unknown {
  const id = idOf(reference);
  if (id === undefined) {
    throw new InvalidOptionError(
      `read: this is ${describeValue(reference)}, not a shared value: pass on what share() returned`,
    );
  }
  const reader = holder[READER];
  // Where nobody has shared anything and no engine has started a thread there is nothing to be read.
  if (reader === undefined) throw notHere(id);
  return reader(reference as object, id);
}

/** The id of a shared value or of what it became on the way; undefined for all else. */
export function idOf(reference: unknown): number | undefined {
  if (typeof reference !== 'object' || reference === null) return undefined;
  const id = (reference as { readonly [SHARED_ID]?: unknown })[SHARED_ID];
  return typeof id === 'number' ? id : undefined;
}

/** The error for a shared value that this thread does not hold. */
export function notHere(id: number): InvalidOptionError {
  return new InvalidOptionError(
    `read: shared value ${id} is not on this thread. It can be read during an execution whose input, common value or snapshot holds ` +
      `what share() returned; a copy of it that came back in a result keeps nothing alive`,
  );
}
