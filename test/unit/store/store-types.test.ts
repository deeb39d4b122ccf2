import { test } from 'node:test';
import { expectTypeOf } from 'expect-type';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import type { ListKey, ReadonlyValue, Store } from '../../../src/store/store.ts';

interface Item {
  id: number;
  tags: string[];
}

interface Schema {
  count: number;
  name: string;
  words: string[];
  pair: [number, string];
  item: Item;
  byName: Map<string, Item>;
  ids: Set<number>;
  weights: Float64Array;
  when: Date;
  either: string[] | string;
  note?: string;
  log?: string[];
}

const store: Store<Schema> = new MemoryStore<Schema>();

/** Compiled, never called. */
function promises(): void {
  // A store with more keys is accepted where one with fewer is asked for.
  const fewer: Store<{ count: number }> = store;
  const some: Store<{ words: string[]; note?: string; item: Item; byName: Map<string, Item> }> = store;
  const fromMemory: Store<{ count: number; log?: string[] }> = new MemoryStore<Schema>();
  // @ts-expect-error the store has no key 'missing'
  const more: Store<{ missing: number }> = store;
  // @ts-expect-error the value of 'count' is a number
  const other: Store<{ count: string }> = store;
  // @ts-expect-error what may be missing is not what must be there
  const certain: Store<{ note: string }> = store;
  void [fewer, some, fromMemory, more, other, certain];

  // Values.
  store.put('count', 1);
  store.put('note', 'a');
  // @ts-expect-error a string is not a number
  store.put('count', 'a');
  // @ts-expect-error not a key
  store.put('missing', 1);
  // @ts-expect-error not a key
  store.get('missing');
  // @ts-expect-error not a key
  store.delete('missing');

  // Readers get readonly data.
  expectTypeOf(store.get('count')).toEqualTypeOf<number>();
  expectTypeOf(store.find('count')).toEqualTypeOf<number | undefined>();
  expectTypeOf(store.get('note')).toEqualTypeOf<string>();
  expectTypeOf(store.find('note')).toEqualTypeOf<string | undefined>();
  expectTypeOf(store.get('words')).toEqualTypeOf<readonly string[]>();
  expectTypeOf(store.get('pair')).toEqualTypeOf<readonly [number, string]>();
  expectTypeOf(store.get('item')).toEqualTypeOf<Readonly<Item>>();
  expectTypeOf(store.get('byName')).toEqualTypeOf<ReadonlyMap<string, Item>>();
  expectTypeOf(store.get('ids')).toEqualTypeOf<ReadonlySet<number>>();
  expectTypeOf(store.get('weights')).toEqualTypeOf<Float64Array>();
  expectTypeOf(store.get('when')).toEqualTypeOf<Date>();
  expectTypeOf(store.get('either')).toEqualTypeOf<readonly string[] | string>();
  // @ts-expect-error values are replaced, not changed in place
  store.get('words').push('a');
  // @ts-expect-error values are replaced, not changed in place
  store.get('item').id = 2;
  // @ts-expect-error values are replaced, not changed in place
  store.get('byName').set('a', { id: 1, tags: [] });
  // What was taken out belongs to the taker.
  expectTypeOf(store.remove('words')).toEqualTypeOf<string[]>();

  store.update('words', (words) => [...words, 'b']);
  // @ts-expect-error update must return a value of the key's type
  store.update('count', (count) => `${count}`);
  // @ts-expect-error update is synchronous
  store.update('count', async (count) => count);

  // append: lists only.
  expectTypeOf<ListKey<Schema>>().toEqualTypeOf<'words' | 'pair' | 'log'>();
  store.append('words', 'a', 'b');
  store.append('log', 'line');
  // @ts-expect-error not a list
  store.append('count', 1);
  // @ts-expect-error not a list of numbers
  store.append('words', 1);

  // A class with private members stays usable as what it is.
  class Sealed {
    readonly #secret = 1;
    reveal(): number {
      return this.#secret;
    }
  }
  expectTypeOf<ReadonlyValue<Sealed>>().toEqualTypeOf<Sealed>();
  // Neither a Map nor a Set, though they have their reading methods.
  expectTypeOf<ReadonlyValue<URLSearchParams>>().toEqualTypeOf<URLSearchParams>();
  expectTypeOf<ReadonlyValue<ReadonlyMap<string, number>>>().toEqualTypeOf<ReadonlyMap<string, number>>();
  expectTypeOf<ReadonlyValue<() => void>>().toEqualTypeOf<() => void>();
  expectTypeOf<ReadonlyValue<unknown>>().toBeUnknown();
  expectTypeOf<ReadonlyValue<never>>().toBeNever();
  expectTypeOf<ReadonlyValue<{ kind: 'a'; a: 1 } | { kind: 'b' }>>().toEqualTypeOf<
    Readonly<{ kind: 'a'; a: 1 }> | Readonly<{ kind: 'b' }>
  >();

  // Schemas: inferred from the values, or open.
  expectTypeOf(new MemoryStore({ raw: 'a' }).get('raw')).toEqualTypeOf<string>();
  const open = new MemoryStore();
  open.put('anything', 1);
  open.append('list', 1, 'a');
  expectTypeOf(open.get('anything')).toBeUnknown();
  // @ts-expect-error the value of 'count' is a number
  void new MemoryStore<Schema>({ count: 'a' });

  // Generic helpers: the value is usable as what the schema says at least.
  function increment<Wanted extends { count: number }>(counted: Store<Wanted>): number {
    return counted.get('count') + 1;
  }
  expectTypeOf(increment(store)).toBeNumber();

  // The functions of the orchestrator are no methods.
  // @ts-expect-error not on the port
  void store.begin;
  // @ts-expect-error not on the class
  void new MemoryStore<Schema>().commit;
}

test('the types of the store promise what this file says', () => {
  // The assertions are made by tsc; the file must load, so that a broken import is red here too.
  expectTypeOf(promises).toBeFunction();
  expectTypeOf(store).toExtend<Store<Schema>>();
});
