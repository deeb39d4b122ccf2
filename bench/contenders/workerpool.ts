/** workerpool. */
import { fileURLToPath } from 'node:url';
import workerpoolModule from 'workerpool';
import type { Contender } from '../contender.ts';
import { refuseServices } from './not-offered.ts';
import { meetAll } from './warm-up.ts';

const name = 'workerpool';
const file = fileURLToPath(new URL('../threads/workerpool.js', import.meta.url));

export const workerpool: Contender = {
  name,
  configuration: "workerType 'thread', minWorkers = maxWorkers; one execution per thread at a time",
  cancel: 'rejects; terminates its thread after the default workerTerminateTimeout of 1 s, and starts another',

  async open(options) {
    refuseServices(name, options);
    const { threads, task } = options;
    const pool = workerpoolModule.pool(file, { workerType: 'thread', minWorkers: threads, maxWorkers: threads });
    await meetAll(threads, (meeting) => pool.exec('rendezvous', [meeting]));
    return {
      run: async (input, signal) => {
        if (signal === undefined) return pool.exec(task, [input]);
        signal.throwIfAborted();
        const promise = pool.exec(task, [input]);
        const cancel = (): void => void promise.cancel();
        signal.addEventListener('abort', cancel);
        try {
          return (await promise) as unknown;
        } finally {
          signal.removeEventListener('abort', cancel);
        }
      },
      close: async () => {
        await pool.terminate();
      },
    };
  },
};
