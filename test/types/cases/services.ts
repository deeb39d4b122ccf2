// Services that nodes need must be offered by the engine that runs them.
import {
  batchNodeFor,
  createEngine,
  MemoryStore,
  nodeFor,
  Workflow,
  type Engine,
  type Store,
} from '../../../src/index.ts';
import { execFor } from '../../../src/node.ts';

interface Prices {
  lookUp(sku: string): number;
}
interface Journal {
  write(line: string): void;
}
interface Data {
  skus: string[];
}

declare const store: MemoryStore<Data>;
declare const bare: Engine;
declare const priced: Engine<{ prices: Prices }>;
declare const full: Engine<{ prices: Prices; journal: Journal; clock: { now(): number } }>;

const look = execFor<{ prices: Prices }>()(import.meta.url, {
  name: 'look',
  exec: (sku: string, ctx) => ctx.rpc.prices.lookUp(sku),
});
const price = batchNodeFor<Store<Data>, { prices: Prices }>()({
  name: 'price',
  outcomes: ['Write'],
  prep: (s) => s.get('skus'),
  exec: look,
});
const write = nodeFor<Store<Data>, { journal: Journal }>()({
  name: 'write',
  outcomes: ['Done'],
  exec: (_, ctx) => ctx.services.journal.write('priced'),
});
const workflow = new Workflow<'Price' | 'Write' | 'Done', MemoryStore<Data>>('prices', 'Price')
  .registerNode('Price', price)
  .registerNode('Write', write)
  .addExitStates('Done');

full.start(workflow, store);
await workflow.orchestrate(store, { engine: full });
await workflow.orchestrate(store, {
  engine: createEngine({
    services: { prices: { lookUp: () => 1 }, journal: { write: () => {} } },
  }),
});

priced.start(workflow, store); //~ Error: the engine does not offer all services that the nodes of this workflow need
bare.start(workflow, store); //~ Error: the engine does not offer all services that the nodes of this workflow need
await workflow.orchestrate(store, { engine: priced });
//~^ Error: the engine does not offer all services that the nodes of this workflow need
await workflow.orchestrate(store, { engine: bare });
//~^ Error: the engine does not offer all services that the nodes of this workflow need
await workflow.orchestrate(store, { engine: createEngine({ services: { prices: { lookUp: () => 1 } } }) });
//~^ Error: the engine does not offer all services that the nodes of this workflow need
await workflow.orchestrate(store); //~ Expected 2 arguments, but got 1
await workflow.orchestrate(store, {}); //~ Property 'engine' is missing

// A workflow that needs none runs anywhere.
const plain = new Workflow<'Wait' | 'Done', MemoryStore<Data>>('plain', 'Wait')
  .registerNode('Wait', nodeFor<Store<Data>>()({ name: 'wait', outcomes: ['Done'], exec: () => 1 }))
  .addExitStates('Done');
await plain.orchestrate(store);
await plain.orchestrate(store, { engine: bare });
await plain.orchestrate(store, { engine: full });
bare.start(plain, store);
full.start(plain, store);
