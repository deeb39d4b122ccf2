// What batchNodeFor infers from prep, exec, reduce and post, and what it refuses.
import { expectTypeOf } from 'expect-type';
import { batchNodeFor, MemoryStore, type ItemResult, type Node } from '../../../src/index.ts';
import { defineExec, execFor } from '../../../src/node.ts';

interface Shape {
  readonly kind: 'circle' | 'square';
  readonly sizes: [number, number];
}
interface Data {
  texts: string[];
  lengths: number[];
  total: number;
  byName: Map<string, number>;
}

const url = import.meta.url;
const measure = defineExec(url, { name: 'measure', exec: (text: string) => text.length });
const area = defineExec(url, { name: 'area', exec: ({ sizes: [a, b] }: Shape) => a * b });
const weigh = execFor<unknown, { readonly idf: Float32Array }>()(url, {
  name: 'weigh',
  exec: (term: number, ctx) => ctx.common.idf[term] ?? 0,
});

const node = batchNodeFor<MemoryStore<Data>>();
declare function register(made: Node<MemoryStore<Data>, string>): void;

// Sources of items: an array, a Set, a Map, generators.
const measured = node({
  name: 'array',
  outcomes: ['Done', 'Empty'],
  prep: (store) => store.get('texts'),
  exec: measure,
  post: (store, lengths, ctx) => {
    expectTypeOf(lengths).toEqualTypeOf<number[]>();
    expectTypeOf(ctx.input).toEqualTypeOf<readonly string[]>();
    store.put('lengths', lengths);
    return lengths.length > 0 ? 'Done' : 'Empty';
  },
});
expectTypeOf(measured).toEqualTypeOf<Node<MemoryStore<Data>, 'Done' | 'Empty', unknown>>();
register(node({ name: 'set', outcomes: ['Done'], prep: (store) => new Set(store.get('texts')), exec: measure }));
register(node({ name: 'promise', outcomes: ['Done'], prep: async (store) => store.get('texts'), exec: measure }));
register(
  node({
    name: 'generator',
    outcomes: ['Done'],
    *prep(store) {
      yield* store.get('texts');
      yield 'last';
    },
    exec: measure,
  }),
);
register(
  node({
    name: 'async generator',
    outcomes: ['Done'],
    async *prep(store) {
      yield* store.get('texts');
    },
    exec: measure,
    post: async (store, lengths) => {
      store.put('lengths', lengths);
      return 'Done';
    },
  }),
);
node({
  name: 'inline',
  outcomes: ['Done'],
  prep: (store) => store.get('byName'),
  exec: ([name, value], ctx) => {
    expectTypeOf(name).toEqualTypeOf<string>();
    expectTypeOf(value).toEqualTypeOf<number>();
    expectTypeOf(ctx.common).toBeUndefined();
    return name.length + value;
  },
  post: (_store, sums) => {
    expectTypeOf(sums).toEqualTypeOf<number[]>();
    return 'Done';
  },
});

// A common value for every item.
node({
  name: 'inline with common',
  outcomes: ['Done'],
  prep: async (store) => ({ items: store.get('texts'), common: { limit: 3 } }),
  exec: (text, ctx) => {
    expectTypeOf(text).toEqualTypeOf<string>();
    expectTypeOf(ctx.common).toEqualTypeOf<{ limit: number }>();
    return text.slice(0, ctx.common.limit);
  },
  post: (_store, cut, ctx) => {
    expectTypeOf(cut).toEqualTypeOf<string[]>();
    expectTypeOf(ctx.input.common).toEqualTypeOf<{ limit: number }>();
    return 'Done';
  },
});
register(
  node({
    name: 'common',
    outcomes: ['Done'],
    prep: (store) => ({ items: store.get('lengths'), common: { idf: new Float32Array(1) } }),
    exec: weigh,
  }),
);
register(
  node({ name: 'x', outcomes: ['Done'], prep: (store) => ({ items: store.get('texts'), common: 1 }), exec: measure }),
);
node({ name: 'x', outcomes: ['Done'], prep: (store) => store.get('lengths'), exec: weigh });
//~^ is not assignable to type 'MaybePromise<ItemsWithCommon<number, { readonly idf: Float32Array<ArrayBufferLike>; }>>'
node({ name: 'x', outcomes: ['Done'], prep: (store) => ({ items: store.get('lengths'), common: {} }), exec: weigh });
//~^ Property 'idf' is missing in type '{}'

// Literals and tuples of items are not widened when exec asks for them.
node({ name: 'x', outcomes: ['Done'], prep: (store) => [{ kind: 'circle', sizes: [1, store.size] }], exec: area });
node({
  name: 'x',
  outcomes: ['Done'],
  prep: (store) => store.get('texts').map((text) => ({ kind: 'circle', sizes: [1, text.length] })),
  exec: area,
});
node({
  name: 'x',
  outcomes: ['Done'],
  async *prep(store) {
    yield { kind: 'circle', sizes: [1, store.size] };
  },
  exec: area,
});
node({
  name: 'x',
  outcomes: ['Done'],
  prep: async (store) => ({ items: [{ kind: 'circle', sizes: [1, store.size] }], common: 1 }),
  exec: area,
});

// onItemError and reduce.
node({
  name: 'collect',
  outcomes: ['Done'],
  prep: (store) => store.get('texts'),
  exec: measure,
  onItemError: 'collect',
  post: (_store, results) => {
    expectTypeOf(results).toEqualTypeOf<ItemResult<number>[]>();
    for (const result of results) {
      if (result.ok) expectTypeOf(result.value).toEqualTypeOf<number>();
      else expectTypeOf(result.error).toBeUnknown();
    }
    return 'Done';
  },
});
node({
  name: 'reduce',
  outcomes: ['Done'],
  prep: (store) => store.get('texts'),
  exec: measure,
  reduce: {
    initial: () => ({ sum: 0 }),
    step: (accumulator, length, index) => {
      expectTypeOf(length).toEqualTypeOf<number>();
      return { sum: accumulator.sum + length + index };
    },
  },
  post: (store, { sum }) => {
    expectTypeOf(sum).toEqualTypeOf<number>();
    store.put('total', sum);
    return 'Done';
  },
});
node({
  name: 'reduce and collect',
  outcomes: ['Done'],
  prep: (store) => store.get('texts'),
  exec: measure,
  onItemError: 'collect',
  reduce: { initial: () => 0, step: (sum, result) => sum + (result.ok ? result.value : 0) },
  post: (store, sum) => {
    store.put('total', sum);
    return 'Done';
  },
});
node({
  name: 'x',
  outcomes: ['Done'],
  prep: (store) => store.get('texts'),
  exec: measure,
  reduce: { initial: () => 0, step: (sum, length) => `${sum}${length}` }, //~ Type 'string' is not assignable to type 'number'
});

// What is refused: a string (its items would be characters), one value, items of another type.
node({ name: 'x', outcomes: ['Done'], prep: (store) => store.get('texts').join(' '), exec: measure });
//~^ Type 'string' is not assignable to type 'MaybePromise<BatchSource<string, unknown>>'
node({
  name: 'x',
  outcomes: ['Done'],
  prep: (store) => ({ items: store.get('texts').join(' '), common: 1 }), //~ Type 'string' is not assignable to type 'Items<string>'
  exec: measure,
});
node({ name: 'x', outcomes: ['Done'], prep: (store) => store.get('total'), exec: measure });
//~^ Type 'number' is not assignable to type 'MaybePromise<BatchSource<string, unknown>>'
node({ name: 'x', outcomes: ['Done'], prep: (store) => store.get('lengths'), exec: measure });
//~^ Type 'number' is not assignable to type 'string'
node({ name: 'x', outcomes: ['Done'], exec: measure }); //~ Property 'prep' is missing
node({ name: 'x', outcomes: ['Done'], prep: () => ['a'], exec: measure, onItemError: 'ignore' });
//~^ Type '"ignore"' is not assignable to type '"collect" | "fail"'
node({ name: 'x', outcomes: ['Done', 'Failed'], prep: () => ['a'], exec: measure, post: () => 'Lost' });
//~^ Type '"Lost"' is not assignable to type 'MaybePromise<"Done" | "Failed" | NoPost>'
register(node({ name: 'x', outcomes: ['Done', 'Failed'], prep: () => ['a'], exec: measure }));
//~^ Type 'NotANode<"Error: post is missing; only a node with exactly one outcome may leave it out">' is missing
