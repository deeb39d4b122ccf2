// What defineExec and execFor infer.
import { expectTypeOf } from 'expect-type';
import { defineExec, execFor, type Rpc, type ThreadExec } from '../../../src/node.ts';

const url = import.meta.url;

interface Services {
  readonly prices: {
    readonly currency: string;
    lookUp(sku: string, day?: Date): number;
    slow(sku: string): Promise<{ readonly price: number }>;
  };
}

// Input, result, params and resource are inferred; the result of an async exec is what it resolves to.
const sign = defineExec(url, {
  name: 'sign',
  params: { permutations: 128, label: 'x' },
  setup: async (params) => {
    expectTypeOf(params).toEqualTypeOf<{ permutations: number; label: string }>();
    return new Map<string, number>();
  },
  teardown: (resource) => {
    expectTypeOf(resource).toEqualTypeOf<Map<string, number>>();
  },
  exec: async (text: string, ctx) => {
    expectTypeOf(ctx.params).toEqualTypeOf<{ permutations: number; label: string }>();
    expectTypeOf(ctx.resource).toEqualTypeOf<Map<string, number>>();
    expectTypeOf(ctx.common).toBeUnknown();
    expectTypeOf(ctx.item).toEqualTypeOf<number | undefined>();
    expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
    ctx.throwIfAborted();
    ctx.progress(1, 2);
    ctx.counter('rows').add(12);
    ctx.log.info('read', { text });
    return new Uint32Array(ctx.params.permutations);
  },
});
expectTypeOf(sign).toEqualTypeOf<
  ThreadExec<string, Uint32Array<ArrayBuffer>, { permutations: number; label: string }>
>();

// Without params and setup both are undefined.
defineExec(url, {
  name: 'bare',
  exec: (_input: undefined, ctx) => {
    expectTypeOf(ctx.params).toBeUndefined();
    expectTypeOf(ctx.resource).toBeUndefined();
  },
});

// with() takes some of the params.
expectTypeOf(sign.with({ permutations: 64 })).toEqualTypeOf(sign);
sign.with({ permutation: 64 }); //~ 'permutation' does not exist in type
sign.with({ permutations: '64' }); //~ Type 'string' is not assignable to type 'number'
sign.with({ permutations: undefined }); //~ Type 'undefined' is not assignable to type 'number'
defineExec(url, { name: 'none', exec: () => 1 }).with({ permutations: 64 }); //~ is not assignable to parameter of type 'undefined'

// Services seen from a thread: methods only, all of them asynchronous.
const price = execFor<Services>()(url, {
  name: 'price',
  exec: async (sku: string, ctx) => {
    expectTypeOf(ctx.rpc.prices.lookUp).toEqualTypeOf<(sku: string, day?: Date) => Promise<number>>();
    expectTypeOf(ctx.rpc.prices.slow).toEqualTypeOf<(sku: string) => Promise<{ readonly price: number }>>();
    ctx.rpc.prices.currency; //~ Property 'currency' does not exist
    ctx.rpc.stock; //~ Property 'stock' does not exist
    const sum: number = ctx.rpc.prices.lookUp(sku); //~ Type 'Promise<number>' is not assignable to type 'number'
    return sum;
  },
});
expectTypeOf(price).toEqualTypeOf<ThreadExec<string, number, undefined, Services, unknown>>();
expectTypeOf<keyof Rpc<Services>['prices']>().toEqualTypeOf<'lookUp' | 'slow'>();

// The common value of a batch.
execFor<unknown, { readonly idf: Float32Array }>()(url, {
  name: 'weigh',
  exec: (term: number, ctx) => {
    expectTypeOf(ctx.common.idf).toEqualTypeOf<Float32Array>();
    return ctx.common.idf[term] ?? 0;
  },
});
execFor<Services>()(url, { name: 'checked', exec: () => () => 1 });
//~^ "Error: the result of exec cannot cross threads": NotCloneable<"a function">

// Options.
defineExec(url, { name: 'timeout', setupTimeout: '5 minutes', exec: () => 1 }); //~ Type '"5 minutes"' is not assignable to type 'Duration'
defineExec(url, { name: 'timeout', setupTimeout: '5m', exec: () => 1 });
defineExec(url, { name: 'no exec' }); //~ Property 'exec' is missing
defineExec(url, { exec: () => 1 }); //~ Property 'name' is missing
