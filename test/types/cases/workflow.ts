// What Workflow refuses at compile time, and what a run resolves to.
import { expectTypeOf } from 'expect-type';
import { MemoryStore, nodeFor, Workflow, type Engine, type Run, type Store } from '../../../src/index.ts';
import { defineExec } from '../../../src/node.ts';

interface Data {
  a: number;
  b: string;
}
type State = 'Start' | 'Work' | 'Done' | 'Failed';

declare const engine: Engine;
declare const store: MemoryStore<Data>;

const node = nodeFor<MemoryStore<Data>>();
const toWork = node({ name: 'toWork', outcomes: ['Work'], exec: () => 1 });
const work = node({
  name: 'work',
  outcomes: ['ok', 'broken'],
  exec: () => 1,
  post: (_store, n) => (n > 0 ? 'ok' : 'broken'),
});
const workflow = new Workflow<State, MemoryStore<Data>>('w', 'Start', { version: 2 });

// All states handled: it can be run, and resolves to one of its exit states.
const complete = workflow
  .registerNode('Start', toWork, undefined, { onFailure: 'Failed' })
  .registerNode('Work', work, { ok: 'Done', broken: 'Failed' })
  .addExitStates('Done', 'Failed');
const result = await complete.orchestrate(store);
expectTypeOf(result.state).toEqualTypeOf<'Done' | 'Failed'>();
expectTypeOf(engine.start(complete, store)).toEqualTypeOf<Run<'Done' | 'Failed'>>();
const never: 'Done' = result.state; //~ Type '"Failed"' is not assignable to type '"Done"'
expectTypeOf(complete.validate()).toEqualTypeOf(complete);

// A state that nobody handles.
const open = workflow.registerNode('Start', toWork).addExitStates('Done', 'Work');
await open.orchestrate(store); //~ "Error: no node is registered for state 'Failed'"
engine.start(open, store); //~ "Error: no node is registered for state 'Failed'"
const unstarted = workflow.addExitStates('Done', 'Work', 'Failed');
await unstarted.orchestrate(store); //~ "Error: no node is registered for state 'Start'"
const two = workflow.registerNode('Start', toWork).addExitStates('Done');
await two.orchestrate(store); //~ ("Error: no node is registered for state 'Failed'" | "Error: no node is registered for state 'Work'")

// An outcome that is neither a state nor mapped to one.
workflow.registerNode('Work', work); //~ "Error: outcome 'ok' is neither a state nor mapped to one"
workflow.registerNode('Work', work, { ok: 'Done' }); //~ "Error: outcome 'broken' is neither a state nor mapped to one"

// A route to a state that does not exist, a route of something that is not an outcome.
workflow.registerNode('Work', work, { ok: 'Dnoe', broken: 'Failed' }); //~ Type '"Dnoe"' is not assignable to type 'State
workflow.registerNode('Work', work, { ok: 'Done', broken: 'Failed', borken: 'Failed' });
//~^ "Error: 'borken' is not an outcome of this node"

// A state registered twice.
workflow.registerNode('Start', toWork).registerNode('Start', toWork); //~ "Error: state 'Start' is registered twice"
workflow.registerNode('Start', toWork).addExitStates('Start'); //~ "Error: state 'Start' is registered twice"
workflow.addExitStates('Work').registerNode('Work', toWork); //~ "Error: state 'Work' is registered twice"
workflow.addExitStates('Done').addExitStates('Failed', 'Done'); //~ "Error: state 'Done' is registered twice"

// States that are none.
workflow.registerNode('Strat', toWork); //~ Argument of type '"Strat"' is not assignable to parameter of type 'State'
workflow.addExitStates('Dnoe'); //~ Argument of type '"Dnoe"' is not assignable to parameter of type 'State'
workflow.registerNode('Start', toWork, undefined, { onFailure: 'Faield' }); //~ Type '"Faield"' is not assignable to type 'State
new Workflow<State, MemoryStore<Data>>('w', 'Strat'); //~ Argument of type '"Strat"' is not assignable to parameter of type 'State'

// A node that lacks prep or post.
const measure = defineExec(import.meta.url, { name: 'measure', exec: (text: string) => text.length });
workflow.registerNode('Start', node({ name: 'x', outcomes: ['Work'], exec: measure }));
//~^ NotANode<"Error: prep is missing; exec takes an input">
workflow.registerNode('Start', node({ name: 'x', outcomes: ['Work', 'Done'], exec: () => 1 }));
//~^ NotANode<"Error: post is missing; only a node with exactly one outcome may leave it out">

// A node may ask for less than the store has, not for more or for something else.
const subset = nodeFor<Store<{ a: number }>>();
const less = subset({ name: 'less', outcomes: ['Done'], prep: (s) => s.get('a'), exec: (a) => a + 1 });
workflow.registerNode('Start', less);
new Workflow<State, Store<Data>>('w', 'Start').registerNode('Start', less);
new Workflow<State, Store<{ a: number }>>('w', 'Start').registerNode('Start', less);
const more = nodeFor<Store<{ a: number; c: number }>>()({ name: 'more', outcomes: ['Done'], exec: () => 1 });
workflow.registerNode('Start', more); //~ 'MemoryStore<Data>' is not assignable to type 'Store<{ a: number; c: number; }>'
const other = nodeFor<Store<{ a: string }>>()({ name: 'other', outcomes: ['Done'], exec: () => 1 });
workflow.registerNode('Start', other); //~ 'MemoryStore<Data>' is not assignable to type 'Store<{ a: string; }>'

// The store of a run.
await complete.orchestrate(); //~ Expected 1-2 arguments, but got 0
await complete.orchestrate(new MemoryStore<{ a: number }>()); //~ Property 'b' is missing in type '{ a: number; }'
engine.start(complete, new MemoryStore<{ a: number }>()); //~ Property 'b' is missing in type '{ a: number; }'
engine.start(complete, { a: 1, b: '' }); //~ does not exist in type 'MemoryStore<Data>'

// Options of a run.
await complete.orchestrate(store, {
  timeout: '5m',
  priority: 1,
  runId: 'r',
  maxTransitions: 10,
  signal: AbortSignal.abort(),
});
await complete.orchestrate(store, { engine });
await complete.orchestrate(store, { timeout: '5 minutes' }); //~ Type '"5 minutes"' is not assignable to type 'Duration
await complete.orchestrate(store, { timout: '5m' }); //~ 'timout' does not exist in type 'OrchestrateOptions<unknown>'
engine.start(complete, store, { timeout: '5 minutes' }); //~ Type '"5 minutes"' is not assignable to type 'Duration
engine.start(complete, store, { onEvent: (event) => expectTypeOf(event.seq).toEqualTypeOf<number>() });
