/** Tinypool, configured as Piscina, to whose documentation its own refers. */
import { setTimeout } from 'node:timers/promises';
import { Tinypool } from 'tinypool';
import type { Contender } from '../contender.ts';
import { runOn } from './ask.ts';
import { meetAll } from './warm-up.ts';

const AFTER_FAULTS_MS = 500;

const filename = new URL('../threads/named.js', import.meta.url).href;

export const tinypool = contender('tinypool', {
  configuration: 'defaults, with minThreads = maxThreads',
  perThread: 1,
});

export const tinypoolBest = contender('tinypool, 8 per thread', {
  configuration: 'as tinypool, with concurrentTasksPerWorker: 8, so that a thread need not wait for its next execution',
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
      const pool = new Tinypool({
        filename,
        name: task,
        minThreads: threads,
        maxThreads: threads,
        concurrentTasksPerWorker: perThread,
      });
      await meetAll(threads, (meeting) => pool.run(meeting, { name: 'rendezvous' }));
      return {
        run: runOn(pool, services),
        close: async () => {
          const destroyed = pool.destroy();
          // It waits for ever for the exit of a thread that is dead already; the others have exited by then.
          await (faults ? Promise.race([destroyed, setTimeout(AFTER_FAULTS_MS)]) : destroyed);
        },
      };
    },
  };
}
