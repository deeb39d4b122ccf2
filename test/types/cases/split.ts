// What branches and splits infer, and what they refuse.
import { expectTypeOf } from 'expect-type';
import {
  branchFor,
  join,
  MemoryStore,
  nodeFor,
  Workflow,
  type Branch,
  type Engine,
  type JoinRule,
  type Settled,
  type Store,
} from '../../../src/index.ts';
import { defineExec, execFor } from '../../../src/node.ts';

interface Data {
  text: string;
  n: number;
}
interface Prices {
  readonly prices: { lookUp(sku: string): number };
}
interface Journal {
  readonly journal: { write(line: string): void };
}
type Target = 'Work' | 'Next' | 'Done' | 'Failed';

const url = import.meta.url;
const measure = defineExec(url, { name: 'measure', exec: (text: string) => text.length });
const look = execFor<Prices>()(url, { name: 'look', exec: (sku: string, ctx) => ctx.rpc.prices.lookUp(sku) });

declare const store: MemoryStore<Data>;
const branch = branchFor<MemoryStore<Data>>();

// prep → exec, on a thread or not.
const length = branch({ prep: (s) => s.get('text'), exec: measure, timeout: '5s', concurrency: 2 });
expectTypeOf(length).toEqualTypeOf<Branch<MemoryStore<Data>, number, unknown>>();
const words = branch({
  name: 'words',
  prep: async (s, ctx) => {
    expectTypeOf(ctx.lastError).toBeUnknown();
    return s.get('text');
  },
  exec: async (text, ctx) => {
    expectTypeOf(text).toBeString();
    expectTypeOf(ctx.common).toBeUndefined();
    return text.split(' ');
  },
});
expectTypeOf(words).toEqualTypeOf<Branch<MemoryStore<Data>, string[], unknown>>();
const bare = branch({ exec: (input) => expectTypeOf(input).toBeUndefined() });
branch({ prep: (s) => s.get('n'), exec: measure }); //~ Type 'number' is not assignable to type 'MaybePromise<string>'
branch({ exec: () => 1, outcomes: ['Done'] }); //~ 'outcomes' does not exist in type 'BranchSpec
branch({ exec: () => 1, post: () => 'Done' }); //~ 'post' does not exist in type 'BranchSpec
branch({ exec: () => 1, retry: 3 }); //~ Type 'number' is not assignable to type 'RetryPolicy'

const workflow = new Workflow<Target, MemoryStore<Data>>('w', 'Work');
const branches = { length, words };

// All must complete: post gets the outputs themselves.
const all = workflow.registerSplit('Work', {
  branches,
  join: join.all({ deadline: '5s' }),
  timeout: '30s',
  concurrency: 2,
  outcomes: ['Next', 'Done'],
  post: (s, results, ctx) => {
    expectTypeOf(s).toEqualTypeOf<MemoryStore<Data>>();
    expectTypeOf(results).toEqualTypeOf<{ readonly length: number; readonly words: string[] }>();
    expectTypeOf(ctx.input).toBeUndefined();
    return results.length > 0 ? 'Next' : 'Done';
  },
});
expectTypeOf(all).toEqualTypeOf<Workflow<Target, MemoryStore<Data>, 'Next' | 'Done' | 'Failed', never, unknown>>();

// Otherwise how each branch ended.
for (const rule of [join.any(), join.atLeast(2), join.atLeast('60%')]) {
  workflow.registerSplit('Work', {
    branches,
    join: rule,
    outcomes: 'Done',
    post: (_s, results) => {
      expectTypeOf(results).toEqualTypeOf<{ readonly length: Settled<number>; readonly words: Settled<string[]> }>();
      const { length: end } = results;
      if (end.status === 'completed') expectTypeOf(end.value).toBeNumber();
      if (end.status === 'failed') expectTypeOf(end.error).toBeUnknown();
      if (end.status === 'cancelled') expectTypeOf(end.reason).toBeUnknown();
      end.value; //~ Property 'value' does not exist
      return 'Done';
    },
  });
}
workflow.registerSplit('Work', {
  branches: { length },
  join: join.all({ settle: true }),
  outcomes: 'Done',
  post: async (_s, results) => {
    expectTypeOf(results).toEqualTypeOf<{ readonly length: Settled<number> }>();
    return 'Done';
  },
});
const rules: JoinRule[] = [join.all(), join.any({ deadline: 100 }), join.atLeast('5%')];
join.atLeast('most'); //~ is not assignable to parameter of type
join.all({ settle: 'yes' }); //~ No overload matches this call
join.any({ deadline: 'soon' }); //~ Type '"soon"' is not assignable to type 'Duration

// Post may be left out with one outcome only.
expectTypeOf(workflow.registerSplit('Work', { branches, join: join.all(), outcomes: 'Done' })).toEqualTypeOf<
  Workflow<Target, MemoryStore<Data>, 'Next' | 'Done' | 'Failed', never, unknown>
>();
workflow.registerSplit('Work', { branches, join: join.all(), outcomes: ['Done'] }).addExitStates('Done');
workflow.registerSplit('Work', { branches, join: join.all(), outcomes: ['Done', 'Next'] }).addExitStates('Done');
//~^ 'NotAWorkflow<"Error: post is missing; only a split with exactly one outcome may leave it out">'

// Outcomes, routes and states are checked as for nodes.
const mapped = { branches: { bare }, join: join.all(), outcomes: ['ok', 'broken'], post: () => 'ok' as const } as const;
workflow.registerSplit('Work', mapped, { ok: 'Done', broken: 'Failed' });
workflow.registerSplit('Work', mapped, { ok: 'Done', broken: 'Failed' }, { onFailure: 'Failed' });
workflow.registerSplit('Work', mapped); //~ "Error: outcome 'ok' is neither a state nor mapped to one"
workflow.registerSplit('Work', mapped, { ok: 'Done' }); //~ "Error: outcome 'broken' is neither a state nor mapped to one"
workflow.registerSplit('Work', mapped, { ok: 'Dnoe', broken: 'Failed' }); //~ Type '"Dnoe"' is not assignable to type 'Target
workflow.registerSplit('Work', mapped, { ok: 'Done', broken: 'Failed', borken: 'Failed' });
//~^ "Error: 'borken' is not an outcome of this node"
workflow.registerSplit('Work', mapped, { ok: 'Done', broken: 'Failed' }, { onFailure: 'Faield' });
//~^ Type '"Faield"' is not assignable to type 'Target
workflow.registerSplit('Wrok', mapped, { ok: 'Done', broken: 'Failed' });
//~^ Argument of type '"Wrok"' is not assignable to parameter of type 'Target'
all.registerSplit('Work', mapped, { ok: 'Done', broken: 'Failed' }); //~ "Error: state 'Work' is registered twice"
all.registerNode('Work', nodeFor<MemoryStore<Data>>()({ name: 'x', outcomes: ['Done'], exec: () => 1 }));
//~^ "Error: state 'Work' is registered twice"
workflow.registerSplit('Work', {
  branches,
  join: join.all(),
  outcomes: 'Done',
  post: () => 'Dnoe', //~ Type '"Dnoe"' is not assignable to type
});
await all.addExitStates('Done', 'Next').orchestrate(store); //~ "Error: no node is registered for state 'Failed'"

// A branch that lacks prep, and what is no branch.
workflow.registerSplit('Work', {
  branches: { unprepared: branch({ exec: measure }) }, //~ NotANode<"Error: prep is missing; exec takes an input">
  join: join.all(),
  outcomes: 'Done',
});
workflow.registerSplit('Work', { branches: { f: () => 1 }, join: join.all(), outcomes: 'Done' }); //~ is not assignable to type 'Branch<
workflow.registerSplit('Work', { branches, join: 'all', outcomes: 'Done' }); //~ Type 'string' is not assignable to type 'JoinRule'
workflow.registerSplit('Work', { branches, outcomes: 'Done' }); //~ Property 'join' is missing

// A branch may ask for less than the store has, not for more.
const less = branchFor<Store<{ n: number }>>()({ prep: (s) => s.get('n'), exec: (n) => n });
const more = branchFor<Store<{ n: number; more: number }>>()({ exec: () => 1 });
workflow.registerSplit('Work', { branches: { less }, join: join.all(), outcomes: 'Done' });
workflow.registerSplit('Work', { branches: { more }, join: join.all(), outcomes: 'Done' }); //~ is not assignable to type 'Store<

// The engine must offer what every branch needs; post may use it.
const price = branchFor<MemoryStore<Data>, Prices>()({ prep: (s) => s.get('text'), exec: look });
const note = branchFor<MemoryStore<Data>, Journal>()({ exec: (_, ctx) => ctx.services.journal.write('x') });
const served = new Workflow<'Work' | 'Done', MemoryStore<Data>>('served', 'Work')
  .registerSplit('Work', {
    branches: { price, note, length },
    join: join.all(),
    outcomes: 'Done',
    post: (_s, results, ctx) => {
      expectTypeOf(results.price).toBeNumber();
      expectTypeOf(ctx.services.prices.lookUp).returns.toBeNumber();
      ctx.services.journal.write('y');
      return 'Done';
    },
  })
  .addExitStates('Done');
declare const bareEngine: Engine;
declare const priced: Engine<Prices>;
declare const full: Engine<Prices & Journal>;
full.start(served, store);
priced.start(served, store); //~ Error: the engine does not offer all services that the nodes of this workflow need
bareEngine.start(served, store); //~ Error: the engine does not offer all services that the nodes of this workflow need
