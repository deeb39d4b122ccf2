// What share and reads promise: values are readonly where they are read, and an exec reads only what its node names.
import { expectTypeOf } from 'expect-type';
import {
  batchNodeFor,
  branchFor,
  MemoryStore,
  nodeFor,
  read,
  share,
  shareMutable,
  type Shared,
} from '../../../src/index.ts';
import { defineExec, execFor, type MutableShared, type ReadonlyTypedArray } from '../../../src/node.ts';

interface Model {
  weights: Float32Array;
  names: string[];
  byName: Map<string, { count: number }>;
  inner: Shared<number[]>;
}
declare const model: Model;
const url = import.meta.url;

const shared = share(model);
expectTypeOf(shared).toEqualTypeOf<Shared<Model>>();
expectTypeOf(share(shared)).toEqualTypeOf<Shared<Model>>();

const value = read(shared);
expectTypeOf(value.weights[0]).toEqualTypeOf<number | undefined>();
expectTypeOf(value.inner).toEqualTypeOf<Shared<number[]>>();
expectTypeOf(value.byName.get('x')?.count).toEqualTypeOf<number | undefined>();
value.weights[0] = 1; //~ only permits reading
value.weights.fill(0); //~ Property 'fill' does not exist
value.weights.subarray(1).set([1]); //~ Property 'set' does not exist
value.weights.buffer; //~ Property 'buffer' does not exist
value.names.push('x'); //~ Property 'push' does not exist
value.names = []; //~ read-only
value.byName.set('x', { count: 1 }); //~ Property 'set' does not exist

// A function that only reads can be written for both.
const sum = (numbers: ReadonlyTypedArray<Float32Array>): number => numbers.reduce((total, each) => total + each, 0);
sum(value.weights);
sum(new Float32Array(3));

const mutable = shareMutable({ cells: new Float64Array(4), names: ['a'] });
read(mutable).cells[0] = 1;
read(mutable).cells.fill(0);
read(mutable).names.push('x'); //~ Property 'push' does not exist
declare function write(cells: MutableShared<Float64Array>): void;
write(shareMutable(new Float64Array(1)));
write(share(new Float64Array(1))); //~ Property '[mutable]' is missing in type

// What was not shared cannot be read.
read({ id: 1 }); //~ No overload matches this call

// A shared value may cross threads in any place.
defineExec(url, {
  name: 'takes',
  exec: (input: { model: Shared<Model>; list: Shared<number>[] }) => read(input.model).names,
});

interface Schema {
  model: Model;
  count: number;
  optional?: string;
  secret: string;
}
const reading = execFor<unknown, unknown, Pick<Schema, 'model' | 'optional'>>()(url, {
  name: 'reading',
  exec: (_input: undefined, ctx) => {
    expectTypeOf(ctx.store.get('model').weights[0]).toEqualTypeOf<number | undefined>();
    expectTypeOf(ctx.store.get('optional')).toEqualTypeOf<string>();
    expectTypeOf(ctx.store.find('optional')).toEqualTypeOf<string | undefined>();
    ctx.store.get('model').names.push('x'); //~ Property 'push' does not exist
    ctx.store.get('secret'); //~ not assignable to parameter of type
    return 1;
  },
});

const node = nodeFor<MemoryStore<Schema>>();
node({ name: 'a', outcomes: ['Done'], reads: ['model', 'optional'], exec: reading });
node({ name: 'more', outcomes: ['Done'], reads: ['model', 'optional', 'count'], exec: reading });
node({ name: 'less', outcomes: ['Done'], reads: ['model'], exec: reading });
node({ name: 'other', outcomes: ['Done'], reads: ['optional'], exec: reading }); //~ Property 'model' is missing in type
node({ name: 'none', outcomes: ['Done'], exec: reading }); //~ Property 'model' is missing in type
node({ name: 'unknown', outcomes: ['Done'], reads: ['modle'], exec: () => 1 }); //~ Type '"modle"' is not assignable to type
node({
  name: 'inline',
  outcomes: ['Done'],
  reads: ['count'],
  exec: (_input, ctx) => {
    expectTypeOf(ctx.store.get('count')).toEqualTypeOf<number>();
    ctx.store.get('model'); //~ not assignable to parameter of type
    return 1;
  },
});

batchNodeFor<MemoryStore<Schema>>()({
  name: 'batch',
  outcomes: ['Done'],
  reads: ['count'],
  prep: () => [1, 2],
  exec: (item, ctx) => item + ctx.store.get('count'),
});

// A store of the user's own is read through its snapshot.
class OwnStore {
  declare snapshot: (keys: readonly string[]) => { model: Model };
}
nodeFor<OwnStore>()({
  name: 'own',
  outcomes: ['Done'],
  reads: ['model'],
  exec: (_input, ctx) => ctx.store.get('model').names,
});
nodeFor<{ plain: number }>()({ name: 'plain', outcomes: ['Done'], reads: ['plain'], exec: () => 1 }); //~ is not assignable to type 'never'

// A branch reads as a node does.
branchFor<MemoryStore<Schema>>()({ reads: ['model'], exec: reading });
branchFor<MemoryStore<Schema>>()({ exec: reading }); //~ Property 'model' is missing in type
