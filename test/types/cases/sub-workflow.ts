// What registerWorkflow infers from the sub-workflow, and what it refuses.
import { expectTypeOf } from 'expect-type';
import { branchFor, join, MemoryStore, nodeFor, Workflow, type Engine, type Store } from '../../../src/index.ts';

interface Data {
  n: number;
  name: string;
}
interface Inner {
  n: number;
  result: boolean;
}
interface Prices {
  readonly prices: { lookUp(sku: string): number };
}
type Target = 'Work' | 'Good' | 'Done' | 'Failed';

declare const store: MemoryStore<Data>;
const node = nodeFor<MemoryStore<Inner>>();
const unfinished = new Workflow<'Load' | 'Good' | 'Bad', MemoryStore<Inner>>('child', 'Load').registerNode(
  'Load',
  node({ name: 'load', outcomes: ['Good', 'Bad'], exec: () => true, post: (_s, is) => (is ? 'Good' : 'Bad') }),
);
const child = unfinished.addExitStates('Good', 'Bad');
const workflow = new Workflow<Target, MemoryStore<Data>>('parent', 'Work');
const make = (s: MemoryStore<Data>): MemoryStore<Inner> => new MemoryStore<Inner>({ n: s.get('n') });

// An exit state that is a state here needs no route.
const complete = workflow
  .registerWorkflow(
    'Work',
    child,
    {
      store: (s, ctx) => {
        expectTypeOf(s).toEqualTypeOf<MemoryStore<Data>>();
        expectTypeOf(ctx.visit).toBeNumber();
        return new MemoryStore<Inner>({ n: s.get('n') });
      },
      routes: { Bad: 'Failed' },
      post: (s, { state, store: inner }, ctx) => {
        expectTypeOf(state).toEqualTypeOf<'Good' | 'Bad'>();
        expectTypeOf(inner).toEqualTypeOf<MemoryStore<Inner>>();
        expectTypeOf(ctx.input).toEqualTypeOf<MemoryStore<Inner>>();
        s.put('name', String(inner.get('result')));
      },
    },
    { onFailure: 'Failed' },
  )
  .addExitStates('Good', 'Done', 'Failed');
await complete.orchestrate(store);

workflow.registerWorkflow('Work', child, { store: make, routes: { Good: 'Done', Bad: 'Failed' } });
workflow.registerWorkflow('Work', child, { store: async (s) => make(s), routes: { Bad: 'Failed' } });
workflow.registerWorkflow('Work', child, { store: make }); //~ "Error: outcome 'Bad' is neither a state nor mapped to one"
workflow.registerWorkflow('Work', child, { store: make, routes: { Bad: 'Faield' } }); //~ Type '"Faield"' is not assignable to type
workflow.registerWorkflow('Work', child, { store: make, routes: { Bad: 'Failed', Ugly: 'Failed' } });
//~^ "Error: 'Ugly' is not an outcome of this node"
workflow.registerWorkflow('Work', child, { routes: { Bad: 'Failed' } }); //~ Property 'store' is missing
workflow.registerWorkflow('Work', child, { store: () => new MemoryStore<Data>(), routes: { Bad: 'Failed' } });
//~^ is not assignable to type
workflow.registerWorkflow('Wrok', child, { store: make, routes: { Bad: 'Failed' } });
//~^ Argument of type '"Wrok"' is not assignable to parameter of type 'Target'
workflow.registerWorkflow('Work', child, { store: make, routes: { Bad: 'Failed' } }, { onFailure: 'Faield' });
//~^ Type '"Faield"' is not assignable to type 'Target
complete.registerWorkflow('Work', child, { store: make, routes: { Bad: 'Failed' } });
//~^ "Error: state 'Work' is registered twice"

// A sub-workflow that is not finished.
workflow.registerWorkflow('Work', unfinished, { store: make });
//~^ "Error: no node is registered for state 'Bad'"

// The parent's own store, when it has what the sub-workflow asks for.
const modest = new Workflow<'Load' | 'Good', Store<{ n: number }>>('modest', 'Load')
  .registerNode('Load', nodeFor<Store<{ n: number }>>()({ name: 'load', outcomes: ['Good'], exec: () => 1 }))
  .addExitStates('Good');
workflow.registerWorkflow('Work', modest, { store: (s) => s });
workflow.registerWorkflow('Work', child, { store: (s) => s, routes: { Bad: 'Failed' } }); //~ is not assignable to type

// What it needs, the parent needs.
const priced = new Workflow<'Load' | 'Good', MemoryStore<Inner>>('priced', 'Load')
  .registerSplit('Load', {
    branches: { a: branchFor<MemoryStore<Inner>, Prices>()({ exec: (_, ctx) => ctx.services.prices.lookUp('x') }) },
    join: join.any(),
    outcomes: 'Good',
  })
  .addExitStates('Good');
const needy = new Workflow<'Work' | 'Good', MemoryStore<Data>>('needy', 'Work')
  .registerWorkflow('Work', priced, {
    store: (s, ctx) => {
      expectTypeOf(ctx.services).toEqualTypeOf<Prices>();
      return make(s);
    },
  })
  .addExitStates('Good');
declare const bare: Engine;
declare const full: Engine<Prices>;
full.start(needy, store);
bare.start(needy, store); //~ Error: the engine does not offer all services that the nodes of this workflow need
