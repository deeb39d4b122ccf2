/**
 * Keys of a store as an exec sees them: the values at this moment, whatever is written afterwards.
 *
 * S1 Values of a store are replaced, not changed, so the same value is the same data: on the main thread it is handed on as
 *    it is, and for threads it is put into shared memory once, however often it is read.
 * S2 Shared memory of a value lives as long as the value: it is kept by the value's identity, within one store.
 */
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import { SharedHandle } from '../wire/share.ts';
import { MemoryStore } from './memory-store.ts';

/** A store of the user's own whose keys can be read by execs. */
export interface SnapshotStore<Schema extends object = Record<string, unknown>> {
  /** The values by key, `keys` at least; they must not be changed afterwards. */
  snapshot(keys: readonly string[]): Schema;
}

/** Values by key; keys that the store does not have are left out. */
export type Values = Readonly<Record<string, unknown>>;

/**
 * The values of some keys at this moment.
 *
 * @param node for the message
 * @throws InvalidOptionError when the store is of the user's own and cannot be read
 */
export function snapshotOf(store: unknown, keys: readonly string[], node: string): Values {
  if (store instanceof MemoryStore) {
    return Object.fromEntries(keys.filter((key) => store.has(key)).map((key) => [key, store.find(key)]));
  }
  const offered: unknown = (store as Partial<SnapshotStore> | null | undefined)?.snapshot;
  if (typeof offered !== 'function') {
    throw new InvalidOptionError(
      `node '${node}' reads ${keys.join(', ')}, and its store (${describeValue(store)}) offers no snapshot(keys) that returns the ` +
        `values by key: add one, or use a MemoryStore`,
    );
  }
  const values = (store as SnapshotStore).snapshot(keys);
  if (typeof values !== 'object' || values === null) {
    throw new InvalidOptionError(
      `node '${node}': snapshot() of its store must return an object of values by key, got ${describeValue(values)}`,
    );
  }
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(values, key)).map((key) => [key, values[key]]));
}

interface Known {
  readonly objects: WeakMap<object, SharedHandle>;
  readonly primitives: Map<string, SharedHandle>;
}

const byStore = new WeakMap<object, Known>();

/**
 * A snapshot for threads: each value as a shared value, the same one as long as the value is the same.
 *
 * @throws NotCloneableError when a value cannot cross threads
 */
export function shareSnapshot(store: object, values: Values): Readonly<Record<string, SharedHandle>> {
  let known = byStore.get(store);
  if (known === undefined) {
    known = { objects: new WeakMap(), primitives: new Map() };
    byStore.set(store, known);
  }
  const { objects, primitives } = known;
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === 'object' && value !== null
        ? shareObject(objects, value)
        : sharePrimitive(primitives, key, value),
    ]),
  );
}

function shareObject(known: WeakMap<object, SharedHandle>, value: object): SharedHandle {
  let handle = known.get(value);
  if (handle === undefined) {
    handle = new SharedHandle(value);
    known.set(value, handle);
  }
  return handle;
}

function sharePrimitive(known: Map<string, SharedHandle>, key: string, value: unknown): SharedHandle {
  const before = known.get(key);
  if (before !== undefined && Object.is(before.read(), value)) return before;
  const handle = new SharedHandle(value);
  known.set(key, handle);
  return handle;
}
