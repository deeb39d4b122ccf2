/** The store that lives in the memory of the main thread, and its views for buffered writes. */
import { describeValue, InvalidOptionError, MissingKeyError, NotAListError } from '../core/errors.ts';
import { ABSENT, RootLayer, type Layer } from './layer.ts';
import type { ListItem, ListKey, ReadonlySchema, Store, StoreKey, StoreValue } from './store.ts';
import { ReadOnlyLayer } from './read-only-layer.ts';
import { ViewLayer } from './view-layer.ts';

let layerOf: <Schema extends object>(store: MemoryStore<Schema>) => Layer;

/**
 * A store in memory. Keys keep the order of insertion, values are kept by reference. What a node's post writes to it is
 * buffered and applied when post returns.
 *
 * @throws InvalidOptionError when `initial` is not an object of values by key, or the class is extended
 * @example
 * const store = new MemoryStore<{ raw: string; words: string[] }>({ raw: 'a b' });
 * store.append('words', ...store.get('raw').split(' '));
 */
export class MemoryStore<Schema extends object = Record<string, unknown>> implements Store<Schema> {
  readonly #layer: Layer;

  static {
    layerOf = (store) => store.#layer;
    // What console.log shows: the values, not an empty object.
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: inspectStore });
  }

  constructor(initial?: Partial<Schema>) {
    // The classes are not exported to users: only `beginView` and `readOnlyView` can pass one.
    this.#layer = initial instanceof ViewLayer || initial instanceof ReadOnlyLayer ? initial : rootOf(initial);
    if (new.target !== MemoryStore) {
      throw new InvalidOptionError(
        `MemoryStore cannot be extended (by ${new.target.name}): its views for buffered writes would lack the methods added. ` +
          `Wrap it instead, or use a class of your own as store`,
      );
    }
  }

  put<Key extends StoreKey<Schema>>(key: Key, value: StoreValue<Schema, Key>): void {
    this.#layer.put(key, value);
  }

  get<Key extends StoreKey<Schema>>(key: Key): ReadonlySchema<Schema>[Key] {
    return this.#read(key) as ReadonlySchema<Schema>[Key];
  }

  find<Key extends StoreKey<Schema>>(key: Key): ReadonlySchema<Schema>[Key] | undefined {
    const value = this.#layer.read(key);
    return value === ABSENT ? undefined : (value as ReadonlySchema<Schema>[Key]);
  }

  update<Key extends StoreKey<Schema>>(
    key: Key,
    change: (current: ReadonlySchema<Schema>[Key]) => StoreValue<Schema, Key>,
  ): void {
    this.#layer.put(key, change(this.get(key)));
  }

  append<Key extends ListKey<Schema>>(key: Key, ...items: ListItem<Schema, Key>[]): void {
    if (!this.#layer.isAppendable(key)) throw new NotAListError(key, this.#layer.read(key));
    this.#layer.append(key, items);
  }

  remove<Key extends StoreKey<Schema>>(key: Key): StoreValue<Schema, Key> {
    const value = this.#read(key);
    this.#layer.delete(key);
    return value as StoreValue<Schema, Key>;
  }

  delete(key: StoreKey<Schema>): boolean {
    return this.#layer.delete(key);
  }

  has(key: StoreKey<Schema>): boolean {
    return this.#layer.has(key);
  }

  keys(): string[] {
    return this.#layer.keys();
  }

  get size(): number {
    return this.#layer.size();
  }

  isEmpty(): boolean {
    return this.#layer.size() === 0;
  }

  clear(): void {
    this.#layer.clear();
  }

  #read(key: string): unknown {
    const value = this.#layer.read(key);
    if (value === ABSENT) throw new MissingKeyError(key, this.#layer.keys());
    return value;
  }
}

/**
 * Begins a view of a store: a store that reads through to `store` and keeps its own writes to itself until `commitView`.
 * A view that is never committed leaves no trace. Views of views work alike. For the orchestrator; not part of cano's API.
 */
export function beginView<Schema extends object>(store: MemoryStore<Schema>): MemoryStore<Schema> {
  return new MemoryStore<Schema>(new ViewLayer(layerOf(store)) as unknown as Partial<Schema>);
}

/**
 * Applies the writes of a view to the store that it was begun on, all or none. Later writes to the view are refused.
 *
 * @throws NotAListError when a list appended to has become something else meanwhile
 * @throws InvalidOptionError when `view` was not made by `beginView`
 */
export function commitView<Schema extends object>(view: MemoryStore<Schema>): void {
  const layer = layerOf(view);
  if (!(layer instanceof ViewLayer)) throw new InvalidOptionError('commitView: this store was not made by beginView');
  layer.commit();
}

/** A store that reads through to `store` and refuses writes with `ReadOnlyStoreError`. For the orchestrator. */
export function readOnlyView<Schema extends object>(store: MemoryStore<Schema>): MemoryStore<Schema> {
  return new MemoryStore<Schema>(new ReadOnlyLayer(layerOf(store)) as unknown as Partial<Schema>);
}

function rootOf(initial: unknown): RootLayer {
  const root = new RootLayer();
  if (initial === undefined) return root;
  // A Map or an array has no entries of its own that could be meant.
  if (typeof initial !== 'object' || initial === null || Symbol.iterator in initial) {
    throw new InvalidOptionError(
      `MemoryStore: initial must be an object of values by key, got ${describeValue(initial)}`,
    );
  }
  for (const [key, value] of Object.entries(initial)) root.put(key, value);
  return root;
}

function inspectStore(
  this: MemoryStore,
  _depth: number,
  options: object,
  inspect: (value: unknown, options: object) => string,
): string {
  return `MemoryStore ${inspect(Object.fromEntries(this.keys().map((key) => [key, this.find(key)])), options)}`;
}
