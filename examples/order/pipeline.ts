/** `npm run order -- --sample late`: the order workflow on the command line. */
import { readFileSync } from 'node:fs';
import { definePipeline, InvalidOptionError, MemoryStore } from '../../src/index.ts';
import { Catalogue, SAMPLES } from './order.ts';
import { orders, type OrderSchema } from './workflow.ts';

export default definePipeline({
  description: 'Takes an order through a state machine with branches, a loop and a route for failure.',
  workflow: orders,
  inputs: {
    sample: {
      type: 'string',
      choices: ['clean', 'dirty', 'hopeless', 'late', 'unknown', 'broken'],
      default: 'clean',
      description: 'which of the sample orders to take',
    },
    file: { type: 'path', description: 'an order as a JSON file, in place of a sample' },
  },
  store: ({ sample, file }) =>
    new MemoryStore<OrderSchema>({ text: file === undefined ? SAMPLES[sample] : read(file) }),
  services: () => ({ catalogue: new Catalogue() }),
  summary: (store, { state }) => {
    const remarks = store.find('remarks')?.join(', ') ?? 'none';
    const total = store.find('total');
    return [
      `the order ended as ${state}${store.has('problem') ? `: ${store.get('problem')}` : ''}`,
      `remarks: ${remarks}${total === undefined ? '' : `; total ${(total / 100).toFixed(2)}`}`,
    ];
  },
});

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InvalidOptionError(`--file: cannot read '${file}' (${(error as Error).message})`, { cause: error });
  }
}
