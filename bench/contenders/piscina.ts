/** Piscina, as documented and with the one of its documented options that speeds up many small executions. */
import { Piscina } from 'piscina';
import type { Contender } from '../contender.ts';
import { runOn } from './ask.ts';
import { meetAll } from './warm-up.ts';

const filename = new URL('../threads/named.js', import.meta.url).href;

export const piscina = contender('piscina', {
  configuration: 'defaults, with minThreads = maxThreads: its documentation warns of starting and stopping threads',
  perThread: 1,
});

export const piscinaBest = contender('piscina, 8 per thread', {
  configuration:
    'as piscina, with concurrentTasksPerWorker: 8, so that a thread need not wait for its next execution; more gains ' +
    'little, and makes others wait behind a long one',
  perThread: 8,
});

function contender(
  name: string,
  { configuration, perThread }: { configuration: string; perThread: number },
): Contender {
  return {
    name,
    configuration,
    cancel: 'terminates its thread at once, and starts another',

    async open(options) {
      const { threads, task, faults = false, services } = options;
      const pool = new Piscina({
        filename,
        name: task,
        minThreads: threads,
        maxThreads: threads,
        concurrentTasksPerWorker: perThread,
      });
      // Without a listener, a thread that dies between two executions would end the process.
      if (faults) pool.on('error', () => {});
      await meetAll(threads, (meeting) => pool.run(meeting, { name: 'rendezvous' }));
      return {
        run: runOn(pool, services),
        // Not close(), which takes longer and may terminate a thread that still executes; here none does.
        close: async () => pool.destroy(),
      };
    },
  };
}

export const piscinaByHand: Contender = {
  ...piscina,
  name: 'Piscina, shared memory by hand',
  configuration: 'as piscina; what is large is a typed array over a SharedArrayBuffer in each input',
};
