/** The port through which nodes share values of a run. */

type Primitive = string | number | bigint | boolean | symbol | null | undefined;
type AnyFunction = (...args: never[]) => unknown;

/** Keys of a store with the schema `Schema`. */
export type StoreKey<Schema> = keyof Schema & string;

/** What is under `Key` when the key is there: an optional key loses its `undefined`. */
export type StoreValue<Schema, Key extends keyof Schema> = Required<Schema>[Key];

/** Keys whose value is a list, for `append`. */
export type ListKey<Schema> = {
  [Key in StoreKey<Schema>]-?: unknown extends Schema[Key]
    ? Key
    : StoreValue<Schema, Key> extends readonly unknown[]
      ? Key
      : never;
}[StoreKey<Schema>];

/** An item of the list under `Key`. */
export type ListItem<Schema, Key extends keyof Schema> = {
  [Each in keyof Schema]-?: Schema[Each] extends readonly (infer Item)[] | undefined ? Item : unknown;
}[Key];

/**
 * `Value` as a reader sees it: arrays, Maps, Sets and plain data objects are readonly at their first level. What has
 * methods (Date, typed arrays, class instances) stays as it is: a mapped type would take its private members away.
 */
export type ReadonlyValue<Value> = 0 extends 1 & Value
  ? Value
  : Value extends Primitive | AnyFunction
    ? Value
    : Value extends readonly unknown[]
      ? Readonly<Value>
      : Value extends Map<infer Key, infer Item>
        ? ReadonlyMap<Key, Item>
        : Value extends Set<infer Item>
          ? ReadonlySet<Item>
          : Value extends object
            ? Extract<Value[keyof Value], AnyFunction> extends never
              ? Readonly<Value>
              : Value
            : Value;

/** The values of a schema as readers see them. */
export type ReadonlySchema<Schema> = { readonly [Key in keyof Schema]-?: ReadonlyValue<Schema[Key]> };

/**
 * The values that the nodes of a run share, by key. A store with more keys is accepted where one with fewer is asked for:
 * `Store<{ a: number; b: string }>` is a `Store<{ a: number }>`. So ask for a `Store` of what is needed, and make a
 * `MemoryStore` of all.
 *
 * Values are data. They are replaced with `put` or `update`, never changed in place; live objects belong in services.
 */
export type Store<Schema extends object> = StoreOf<Schema, ReadonlySchema<Schema>>;

/**
 * The methods of `Store`. `Readable` is a parameter because the compiler compares `Readable[Key]` of two stores part by
 * part, but not `ReadonlyValue<Schema[Key]>`: a conditional type of a type parameter is equal to itself only.
 */
export interface StoreOf<Schema extends object, Readable> {
  /** Sets the value of a key, new or not. */
  put<Key extends StoreKey<Schema>>(key: Key, value: StoreValue<Schema, Key>): void;

  /**
   * The value of a key that must be there.
   *
   * @throws MissingKeyError when it is not; `find` gives undefined instead
   */
  get<Key extends StoreKey<Schema> & keyof Readable>(key: Key): Readable[Key];

  /** The value of a key, or undefined when it is missing. */
  find<Key extends StoreKey<Schema> & keyof Readable>(key: Key): Readable[Key] | undefined;

  /**
   * Replaces a value by what `change` makes of it. When `change` throws, the value stays.
   *
   * @throws MissingKeyError when the key is missing
   */
  update<Key extends StoreKey<Schema> & keyof Readable>(
    key: Key,
    change: (current: Readable[Key]) => StoreValue<Schema, Key>,
  ): void;

  /**
   * Adds items at the end of a list; a missing key becomes a list. An array read before does not change.
   *
   * @throws NotAListError when the key holds something else
   */
  append<Key extends ListKey<Schema>>(key: Key, ...items: ListItem<Schema, Key>[]): void;

  /**
   * Takes a key out and returns its value.
   *
   * @throws MissingKeyError when the key is missing; `delete` gives false instead
   */
  remove<Key extends StoreKey<Schema>>(key: Key): StoreValue<Schema, Key>;

  /** Takes a key out; false when it was missing. */
  delete(key: StoreKey<Schema>): boolean;

  /** Whether a key is there, also with the value undefined. */
  has(key: StoreKey<Schema>): boolean;

  /** All keys, the oldest first; more than those of `Schema` when the store has more. */
  keys(): string[];

  /** Number of keys. */
  readonly size: number;

  isEmpty(): boolean;

  /** Takes all keys out. */
  clear(): void;
}
