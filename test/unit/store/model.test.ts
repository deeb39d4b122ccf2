/**
 * Random histories of a store and of views nested in any shape, against a model: a plain Map, and for a view the list of its
 * writes, replayed over what is below it. The store keeps one change per key instead of the list; that both agree, also
 * when the base changes under a view, is what this file is for.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { beginView, commitView, MemoryStore } from '../../../src/store/memory-store.ts';

type Values = Map<string, unknown>;

/** Stands in the model for a list whose base is no list: reads show the items, a commit fails. */
class Orphans {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

type Write =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown }
  | { readonly type: 'append'; readonly key: string; readonly items: readonly unknown[] }
  | { readonly type: 'delete'; readonly key: string }
  | { readonly type: 'clear' };

function replay(values: Values, writes: readonly Write[]): Values {
  const result = new Map(values);
  for (const write of writes) {
    if (write.type === 'clear') result.clear();
    else if (write.type === 'delete') result.delete(write.key);
    else if (write.type === 'put') result.set(write.key, write.value);
    else result.set(write.key, appended(result.get(write.key), result.has(write.key), write.items));
  }
  return result;
}

function appended(value: unknown, isThere: boolean, items: readonly unknown[]): unknown {
  if (!isThere) return [...items];
  if (Array.isArray(value)) return [...(value as unknown[]), ...items];
  return new Orphans(value instanceof Orphans ? [...value.items, ...items] : items);
}

class Model {
  readonly writes: Write[] = [];
  readonly #base: Model | undefined;

  constructor(base?: Model) {
    this.#base = base;
  }

  /** What readers see. */
  values(): Values {
    const values = replay(this.#base?.values() ?? new Map<string, unknown>(), this.writes);
    for (const [key, value] of values) if (value instanceof Orphans) values.set(key, [...value.items]);
    return values;
  }

  /** False when it must fail. */
  commitTo(base: Model): boolean {
    if ([...replay(base.values(), this.writes).values()].some((value) => value instanceof Orphans)) return false;
    base.writes.push(...this.writes);
    return true;
  }
}

const KEYS = ['value', 'list', 'any'] as const;
const LISTS: ReadonlySet<string> = new Set(['list']);
const anyKey = fc.constantFrom(...KEYS);
const item = fc.nat(9);

const anyStep = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      key: anyKey,
      value: item,
      list: fc.array(item, { maxLength: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('append' as const), key: anyKey, items: fc.array(item, { maxLength: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'remove' as const, 'update' as const), key: anyKey }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), key: anyKey }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

interface Pair {
  readonly store: MemoryStore;
  readonly model: Model;
  readonly parent: Pair | undefined;
}

/** One history: the pairs alive, and all lists that were ever handed out with what was in them then. */
class History {
  readonly #pairs: Pair[] = [{ store: new MemoryStore(), model: new Model(), parent: undefined }];
  readonly #seen: [readonly unknown[], readonly unknown[]][] = [];

  run(at: number, step: Step): void {
    const pair = this.#pairs[at % this.#pairs.length] as Pair;
    if (step.do === 'begin')
      this.#pairs.push({ store: beginView(pair.store), model: new Model(pair.model), parent: pair });
    else if (step.do === 'drop') this.#drop(pair);
    else if (step.do === 'commit') this.#commit(pair);
    else if (step.do === 'read') this.#compare(pair.store.find(step.key), pair.model.values().get(step.key));
    else this.#write(pair, step);
  }

  check(): void {
    for (const { store, model } of this.#pairs) {
      const values = model.values();
      assert.deepEqual(store.keys(), [...values.keys()]);
      assert.equal(store.size, values.size);
      assert.equal(store.isEmpty(), values.size === 0);
      for (const key of KEYS) {
        assert.equal(store.has(key), values.has(key));
        this.#compare(store.find(key), model.values().get(key));
      }
    }
  }

  checkLists(): void {
    for (const [list, before] of this.#seen) assert.deepEqual(list, before);
  }

  #compare(real: unknown, expected: unknown): void {
    assert.deepEqual(real, expected);
    if (Array.isArray(real)) this.#seen.push([real, [...(real as unknown[])]]);
  }

  /** Only views whose whole line below is open stay in the history: the rest may no longer write. */
  #drop(pair: Pair): void {
    if (pair.parent === undefined) return;
    const isGone = (at: Pair | undefined): boolean => at !== undefined && (at === pair || isGone(at.parent));
    this.#pairs.splice(0, this.#pairs.length, ...this.#pairs.filter((other) => !isGone(other)));
  }

  #commit(pair: Pair): void {
    if (pair.parent === undefined) return;
    if (pair.model.commitTo(pair.parent.model)) {
      commitView(pair.store);
      this.#drop(pair);
    } else {
      assert.throws(() => commitView(pair.store), { code: 'CANO_NOT_A_LIST' });
    }
  }

  #write({ store, model }: Pair, step: Exclude<Step, { do: 'begin' | 'drop' | 'commit' | 'read' }>): void {
    if (step.do === 'clear') {
      store.clear();
      model.writes.push({ type: 'clear' });
      return;
    }
    const { key } = step;
    const isThere = model.values().has(key);
    if (step.do === 'put') {
      const value = LISTS.has(key) ? step.list : step.value;
      store.put(key, value);
      model.writes.push({ type: 'put', key, value });
      if (Array.isArray(value)) this.#seen.push([value, [...(value as unknown[])]]);
    } else if (step.do === 'append') {
      if (isThere && !Array.isArray(model.values().get(key))) {
        assert.throws(() => store.append(key, ...step.items), { code: 'CANO_NOT_A_LIST' });
      } else {
        store.append(key, ...step.items);
        model.writes.push({ type: 'append', key, items: step.items });
      }
    } else if (step.do === 'update') {
      if (!isThere) return assert.throws(() => store.update(key, () => 0), { code: 'CANO_MISSING_KEY' });
      store.update(key, (value) => (Array.isArray(value) ? [...(value as unknown[]), 'u'] : 'u'));
      const value = model.values().get(key);
      model.writes.push({ type: 'put', key, value: Array.isArray(value) ? [...(value as unknown[]), 'u'] : 'u' });
    } else {
      if (step.do === 'delete') assert.equal(store.delete(key), isThere);
      else if (isThere) this.#compare(store.remove(key), model.values().get(key));
      else assert.throws(() => store.remove(key), { code: 'CANO_MISSING_KEY' });
      if (isThere) model.writes.push({ type: 'delete', key });
    }
    return undefined;
  }
}

test('a store and its views do what a Map and a replayed list of writes do', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(4), anyStep), { maxLength: 60 }), fc.boolean(), (steps, checksAll) => {
      const history = new History();
      for (const [at, step] of steps) {
        history.run(at, step);
        // Reading everything hands all lists out, which hides errors of lists extended in place: only every other time.
        if (checksAll) history.check();
        history.checkLists();
      }
      history.check();
    }),
    { numRuns: 2_000 },
  );
});
