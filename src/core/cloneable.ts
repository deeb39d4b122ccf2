// Thread: both
/** What may cross threads, as a type. Types only; the run-time companion is `wire/clone-check.ts`. */

import type { Shared } from './shared.ts';

type Primitive = string | number | boolean | bigint | null | undefined | void;
type Leaf = Date | RegExp | ArrayBuffer | SharedArrayBuffer | ArrayBufferView | Error | Blob | Shared<unknown>;
type AnyFunction = (...args: never[]) => unknown;
/** Told from Uint8Array by a method of its own, so that the type of Node's Buffer need not be known here. */
interface BufferLike extends Uint8Array {
  readUInt32LE(offset?: number): number;
}

/** Stands where a part of a value cannot be cloned, and says why. */
export interface NotCloneable<Why extends string> {
  readonly 'cannot cross threads': Why;
}

/**
 * `Value` with every part that structured clone drops or refuses replaced by `NotCloneable`, and `any` by `never` (the
 * only type that `any` does not extend). A value may cross threads when it extends its own `Cloneable`. Looks six levels
 * deep, so that recursive types come to an end; what is deeper is checked when it is sent. `Any` is what the error shows.
 */
export type Cloneable<Value, Any = never, Depth extends 0[] = []> = Depth['length'] extends 6
  ? Value
  : 0 extends 1 & Value
    ? Any
    : Value extends Primitive
      ? Value
      : Value extends symbol
        ? NotCloneable<'a symbol'>
        : Value extends AnyFunction
          ? NotCloneable<'a function'>
          : Value extends Promise<unknown>
            ? NotCloneable<'a promise: await it first'>
            : Value extends BufferLike
              ? NotCloneable<'a Buffer arrives as Uint8Array: make one with new Uint8Array(buffer)'>
              : Value extends Leaf
                ? Value
                : // With members of their own beside those of Map and Set (URLSearchParams, subclasses) they lose these.
                  [Value, Exclude<keyof Value, keyof Map<unknown, unknown>>] extends [
                      ReadonlyMap<infer Key, infer Item>,
                      never,
                    ]
                  ? ReadonlyMap<Cloneable<Key, Any, [...Depth, 0]>, Cloneable<Item, Any, [...Depth, 0]>>
                  : [Value, Exclude<keyof Value, keyof Set<unknown>>] extends [ReadonlySet<infer Item>, never]
                    ? ReadonlySet<Cloneable<Item, Any, [...Depth, 0]>>
                    : // A subclass of Map satisfies WeakMap by structure.
                      [Value, keyof Value & 'size'] extends [
                          WeakMap<WeakKey, unknown> | WeakSet<WeakKey> | WeakRef<WeakKey>,
                          never,
                        ]
                      ? NotCloneable<'a weak collection'>
                      : Value extends object
                        ? { [Key in keyof Value]: Cloneable<Value[Key], Any, [...Depth, 0]> }
                        : Value;

/** Nothing when `Value` may cross threads; else a property that cannot be there, whose name is the error. */
export type CloneCheck<What extends string, Value> = [Value] extends [Cloneable<Value>]
  ? unknown
  : {
      readonly [Key in `Error: the ${What} cannot cross threads`]: Cloneable<
        Value,
        NotCloneable<'any: say what it is, such as unknown'>
      >;
    };
