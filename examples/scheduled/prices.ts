/** CPU-bound work that takes as long as one likes: an option priced by simulation, on all threads. */
import { batchNodeFor, definePipeline, MemoryStore, Workflow } from '../../src/index.ts';
import monteCarlo, { combine, pathSlices, type AsianOption, type PriceEstimate } from '../../nodes/monteCarlo.ts';

interface PricesSchema {
  paths: number;
  estimate: PriceEstimate;
}

const OPTION: AsianOption = {
  style: 'asian',
  kind: 'call',
  spot: 100,
  strike: 100,
  rate: 0.05,
  volatility: 0.2,
  years: 1,
  fixings: 64,
};

const simulate = batchNodeFor<MemoryStore<PricesSchema>>()({
  name: 'simulate',
  outcomes: ['Priced'],
  prep: (store) => pathSlices(OPTION, Math.ceil(store.get('paths') / 2)),
  exec: monteCarlo,
  post: (store, moments) => {
    store.put('estimate', combine(moments));
    return 'Priced';
  },
});

const prices = new Workflow<'Simulate' | 'Priced', MemoryStore<PricesSchema>>('prices', 'Simulate')
  .registerNode('Simulate', simulate)
  .addExitStates('Priced');

export default definePipeline({
  description: 'Prices an Asian option by simulation.',
  workflow: prices,
  inputs: {
    paths: { type: 'integer', default: 1_000_000, min: 1_000, max: 1e9, description: 'paths to simulate' },
  },
  store: ({ paths }) => new MemoryStore<PricesSchema>({ paths }),
  summary: (store) => {
    const { price, low, high } = store.get('estimate');
    return `price ${price.toFixed(4)} (95 %: ${low.toFixed(4)} to ${high.toFixed(4)})`;
  },
});
