/** A workflow that fails each time: somebody else's server that is not there. Its schedule backs off, and trips in the end. */
import { nodeFor, retry, Workflow, type MemoryStore } from '../../src/index.ts';

const fetchPrices = nodeFor<MemoryStore>()({
  name: 'fetch',
  outcomes: ['Fetched'],
  retry: retry.fixed({ retries: 1, delay: '200ms' }),
  exec: async (_: undefined, ctx): Promise<string> => {
    ctx.counter('requests').add(1);
    ctx.log.info('asks for the prices');
    // Port 1 of this machine: nobody listens there.
    const response = await fetch('http://127.0.0.1:1/prices');
    return response.text();
  },
  post: () => 'Fetched',
});

export const upstream = new Workflow<'Fetch' | 'Fetched', MemoryStore>('upstream', 'Fetch')
  .registerNode('Fetch', fetchPrices)
  .addExitStates('Fetched');
