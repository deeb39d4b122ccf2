// What nodeFor infers from prep, exec and post, and what it refuses.
import { expectTypeOf } from 'expect-type';
import { MemoryStore, nodeFor, retry, Workflow, type Node } from '../../../src/index.ts';
import { defineExec, execFor } from '../../../src/node.ts';

interface Shape {
  readonly kind: 'circle' | 'square';
  readonly sizes: [number, number];
}
interface Services {
  readonly clock: { now(): number };
}
interface Data {
  text: string;
  length: number;
  words: string[];
}

const url = import.meta.url;
const measure = defineExec(url, { name: 'measure', exec: (text: string) => text.length });
const area = defineExec(url, { name: 'area', exec: ({ sizes: [a, b] }: Shape) => a * b });
const tick = defineExec(url, { name: 'tick', exec: () => 1 });
const optional = defineExec(url, { name: 'optional', exec: (n: number | undefined) => n ?? 0 });
const ask = execFor<Services>()(url, { name: 'ask', exec: (_: undefined, ctx) => ctx.rpc.clock.now() });
const weigh = execFor<unknown, { readonly idf: number[] }>()(url, { name: 'weigh', exec: (n: number) => n });

const node = nodeFor<MemoryStore<Data>>();
const served = nodeFor<MemoryStore<Data>, Services>();
declare function register(made: Node<MemoryStore<Data>, string, Services>): void;

// prep → thread exec → post.
const measured = node({
  name: 'measured',
  outcomes: ['Done', 'Empty'],
  prep: (store, ctx) => {
    expectTypeOf(store).toEqualTypeOf<MemoryStore<Data>>();
    expectTypeOf(ctx.lastError).toBeUnknown();
    return store.get('text');
  },
  exec: measure,
  post: (store, length, ctx) => {
    expectTypeOf(length).toEqualTypeOf<number>();
    expectTypeOf(ctx.input).toEqualTypeOf<string>();
    store.put('length', length);
    return length > 0 ? 'Done' : 'Empty';
  },
});
expectTypeOf(measured).toEqualTypeOf<Node<MemoryStore<Data>, 'Done' | 'Empty', unknown>>();

// prep → inline exec → post: the input is inferred from prep, also through a promise.
node({
  name: 'inline',
  outcomes: ['Done'],
  prep: async (store) => ({ text: store.get('text'), at: 1 }),
  exec: async (input, ctx) => {
    expectTypeOf(input).toEqualTypeOf<{ text: string; at: number }>();
    expectTypeOf(ctx.common).toBeUndefined();
    ctx.rpc; //~ Property 'rpc' does not exist
    return [input.text];
  },
  post: async (_store, words, ctx) => {
    expectTypeOf(words).toEqualTypeOf<string[]>();
    expectTypeOf(ctx.input).toEqualTypeOf<{ text: string; at: number }>();
    return 'Done';
  },
});

// Without prep the input is undefined, without post the outcome is the only one.
const bare = node({ name: 'bare', outcomes: ['Done'], exec: (input) => expectTypeOf(input).toBeUndefined() });
expectTypeOf(bare).toEqualTypeOf<Node<MemoryStore<Data>, 'Done', unknown>>();
node({
  name: 'no prep',
  outcomes: ['Done'],
  exec: tick,
  post: (_store, n, ctx) => {
    expectTypeOf(n).toEqualTypeOf<number>();
    expectTypeOf(ctx.input).toBeUndefined();
    return 'Done';
  },
});
register(node({ name: 'no prep', outcomes: ['Done'], exec: optional }));
register(node({ name: 'no post', outcomes: ['Done'], prep: (store) => store.get('text'), exec: measure }));
register(node({ name: 'prep of undefined', outcomes: ['Done'], prep: () => undefined, exec: optional }));

// Literals and tuples of prep are not widened when exec's input asks for them.
node({ name: 'area', outcomes: ['Done'], prep: (store) => ({ kind: 'circle', sizes: [1, store.size] }), exec: area });
node({
  name: 'area',
  outcomes: ['Done'],
  prep: async (store) => ({ kind: 'circle', sizes: [1, store.size] }),
  exec: area,
});
node({
  name: 'area',
  outcomes: ['Done'],
  exec: area,
  async prep(store) {
    if (store.isEmpty()) return { kind: 'square', sizes: [0, 0] };
    return { kind: 'circle', sizes: [1, store.size] };
  },
  post: (_store, _area, ctx) => {
    expectTypeOf(ctx.input.sizes).toEqualTypeOf<[number, number]>();
    return 'Done';
  },
});
node({ name: 'area', outcomes: ['Done'], prep: (store) => ({ kind: 'ring', sizes: [1, store.size] }), exec: area });
//~^ Type '"ring"' is not assignable to type '"circle" | "square"'
node({ name: 'area', outcomes: ['Done'], prep: (store) => ({ kind: 'circle', sizes: [store.size] }), exec: area });
//~^ Type '[number]' is not assignable to type '[number, number]'

// What prep returns must be what exec takes.
node({ name: 'x', outcomes: ['Done'], prep: (store) => store.get('length'), exec: measure });
//~^ Type 'number' is not assignable to type 'MaybePromise<string>'
node({ name: 'x', outcomes: ['Done'], prep: async (store) => store.get('length'), exec: measure });
//~^ Type 'Promise<number>' is not assignable to type 'MaybePromise<string>'
node({ name: 'x', outcomes: ['Done'], prep: (store) => store.get('missing'), exec: (x) => x });
//~^ Argument of type '"missing"' is not assignable to parameter of type 'StoreKey<Data>'
node({ name: 'x', outcomes: ['Done'], prep: (store) => store.find('text'), exec: measure });
//~^ Type 'undefined' is not assignable to type 'MaybePromise<string>'

// What is missing is said in place of the node.
register(node({ name: 'x', outcomes: ['Done'], exec: measure }));
//~^ Type 'NotANode<"Error: prep is missing; exec takes an input">' is missing
register(node({ name: 'x', outcomes: ['Done', 'Failed'], exec: tick }));
//~^ Type 'NotANode<"Error: post is missing; only a node with exactly one outcome may leave it out">' is missing
node({ name: 'x', exec: tick }); //~ Property 'outcomes' is missing
node({ name: 'x', outcomes: ['Done'] }); //~ Property 'exec' is missing

// post may return the declared outcomes only.
node({ name: 'x', outcomes: ['Done', 'Failed'], exec: tick, post: () => 'Lost' });
//~^ Type '"Lost"' is not assignable to type 'MaybePromise<"Done" | "Failed" | NoPost>'
node({ name: 'x', outcomes: ['Done', 'Failed'], exec: tick, post: (_store, n) => (n > 1 ? 'Done' : 'Lost') });
//~^ Type '"Lost"' is not assignable to type 'MaybePromise<"Done" | "Failed" | NoPost>'
node({ name: 'x', outcomes: ['Done', 'Failed'], exec: tick, post: async () => 'Lost' });
//~^ is not assignable to type 'MaybePromise<"Done" | "Failed" | NoPost>'
node({ name: 'x', outcomes: ['Done'], exec: tick, post: () => {} });
//~^ is not assignable to type 'MaybePromise<

// The store in post is the one that was bound; exec's result is what post gets.
node({
  name: 'x',
  outcomes: ['Done'],
  exec: tick,
  post: (store, n) => {
    store.put('text', n); //~ Argument of type 'number' is not assignable to parameter of type 'string'
    store.put('lenght', n); //~ Argument of type '"lenght"' is not assignable to parameter of type 'StoreKey<Data>'
    return 'Done';
  },
});

// Services: on the main thread as they are, on a thread through rpc.
register(
  served({
    name: 'served',
    outcomes: ['Done'],
    prep: (_store, ctx) => ctx.services.clock.now(),
    exec: (start, ctx) => ctx.services.clock.now() - start,
    post: (_store, _n, ctx) => {
      expectTypeOf(ctx.services).toEqualTypeOf<Services>();
      return 'Done';
    },
  }),
);
register(served({ name: 'asks', outcomes: ['Done'], exec: ask }));
node({ name: 'asks', outcomes: ['Done'], exec: ask }); //~ Type 'unknown' is not assignable to type 'Services'
node({ name: 'x', outcomes: ['Done'], exec: (_, ctx) => ctx.services.clock.now() }); //~ 'ctx.services' is of type 'unknown'

// An exec that reads the common value of a batch is no exec for a node.
node({ name: 'x', outcomes: ['Done'], prep: () => 1, exec: weigh }); //~ Type 'unknown' is not assignable to type '{ readonly idf: number[]; }'

// A store of the user's own.
class Tally {
  total = 0;
}
const tally = nodeFor<Tally>()({
  name: 'tally',
  outcomes: ['Done'],
  prep: (store) => store.total,
  exec: (total) => total + 1,
  post: (store, total) => {
    store.total = total;
    return 'Done';
  },
});
void new Workflow<'Count' | 'Done', Tally>('count', 'Count')
  .registerNode('Count', tally)
  .addExitStates('Done')
  .orchestrate({ total: 1 });

// Options.
node({
  name: 'x',
  outcomes: ['Done'],
  exec: tick,
  timeout: '30s',
  concurrency: 2,
  retry: retry.none(),
  retryIf: (error, attempt) => attempt < 2 && error !== undefined,
});
node({ name: 'x', outcomes: ['Done'], exec: tick, timeout: '30 seconds' }); //~ Type '"30 seconds"' is not assignable to type 'Duration
node({ name: 'x', outcomes: ['Done'], exec: tick, retry: 3 }); //~ Type 'number' is not assignable to type 'RetryPolicy
node({ name: 'x', outcomes: ['Done'], exec: tick, onItemError: 'collect' }); //~ 'onItemError' does not exist
