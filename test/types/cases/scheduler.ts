// What Scheduler asks of workflows, stores and options.
import { expectTypeOf } from 'expect-type';
import {
  createEngine,
  MemoryStore,
  nodeFor,
  Scheduler,
  Workflow,
  type Run,
  type Schedule,
  type Store,
} from '../../../src/index.ts';

interface Schema {
  at: Date;
}
class Ledger {
  readonly rows: number[] = [];
}

const simple = new Workflow<'A' | 'Done', MemoryStore<Schema>>('simple', 'A')
  .registerNode('A', nodeFor<MemoryStore<Schema>>()({ name: 'a', outcomes: ['Done'], exec: () => 1 }))
  .addExitStates('Done');
const byPort = new Workflow<'A' | 'Done', Store<Schema>>('byPort', 'A')
  .registerNode('A', nodeFor<Store<Schema>>()({ name: 'a', outcomes: ['Done'], exec: () => 1 }))
  .addExitStates('Done');
const ledger = new Workflow<'A' | 'Full' | 'Empty', Ledger>('ledger', 'A')
  .registerNode('A', nodeFor<Ledger>()({ name: 'a', outcomes: ['Full', 'Empty'], exec: () => 1, post: () => 'Full' }))
  .addExitStates('Full', 'Empty');
const needy = new Workflow<'A' | 'Done', MemoryStore>('needy', 'A')
  .registerNode(
    'A',
    nodeFor<MemoryStore, { readonly db: Map<string, string> }>()({ name: 'a', outcomes: ['Done'], exec: () => 1 }),
  )
  .addExitStates('Done');
const open = new Workflow<'A' | 'Done', MemoryStore>('open', 'A').addExitStates('Done');

const scheduler = new Scheduler();

// Workflows of different states and stores in one scheduler; handles know them.
const a = scheduler.everySeconds('a', simple, 5);
expectTypeOf(a).toEqualTypeOf<Schedule<MemoryStore<Schema>, 'Done'>>();
const b = scheduler.cron('b', ledger, '0 9 * * *', { timezone: 'UTC', store: () => new Ledger() });
expectTypeOf(b.trigger).returns.toEqualTypeOf<Promise<Run<'Full' | 'Empty'>>>();
void b.trigger({ store: new Ledger() });
scheduler.every('c', byPort, '250ms', { overlap: 'queue', catchUp: '1h', jitter: 50 });
scheduler.manual('d', simple, { store: async ({ scheduledAt }) => new MemoryStore({ at: scheduledAt }) });

// A store that is no MemoryStore has to be made by somebody.
scheduler.everyMinutes('e', ledger, 5); //~ Expected 4 arguments, but got 3
scheduler.everyMinutes('e', ledger, 5, { overlap: 'skip' }); //~ Property 'store' is missing
scheduler.everyMinutes('e', ledger, 5, { store: () => new MemoryStore() }); //~ is not assignable to type 'MaybePromise<Ledger>'
void a.trigger({ store: new Ledger() }); //~ Type 'Ledger' is missing the following properties from type 'MemoryStore<Schema>'
void b.trigger({ store: new MemoryStore() }); //~ is missing in type

// A state that nobody handles, services that nobody offers.
scheduler.manual('f', open); //~ "Error: no node is registered for state 'A'"
scheduler.manual('g', needy); //~ "Error: the engine does not offer all services that the nodes of this workflow need"
const served = new Scheduler({ engine: createEngine({ services: { db: new Map<string, string>() } }) });
served.manual('g', needy);

// Options that there are not.
scheduler.every('h', simple, '5 minutes'); //~ is not assignable to parameter of type 'Duration'
scheduler.every('h', simple, 5, { overlap: 'drop' }); //~ is not assignable to type 'OverlapPolicy
scheduler.every('h', simple, 5, { timezone: 'UTC' }); //~ 'timezone' does not exist
scheduler.cron('h', simple, 5); //~ Argument of type 'number' is not assignable to parameter of type 'string'
