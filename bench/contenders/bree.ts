/** Bree, a job scheduler: a thread per job, started for it and ended after it. For the row on cold starts only. */
import { fileURLToPath } from 'node:url';
import Bree from 'bree';
import type { Contender } from '../contender.ts';
import type { JobData, JobResult } from '../threads/bree.ts';
import { refuseServices, refuseSignal } from './not-offered.ts';

const name = 'bree';
const path = fileURLToPath(new URL('../threads/bree.js', import.meta.url));

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export const bree: Contender = {
  name,
  configuration:
    'a job of its own per execution, run at once; no logger, completed jobs removed; threads start on demand',

  async open(options) {
    refuseServices(name, options);
    const waiting = new Map<string, Waiting>();
    const scheduler = new Bree({
      root: false,
      logger: false,
      removeCompleted: true,
      workerMessageHandler: ({ name: job, message }) => {
        if (message !== 'done') waiting.get(job)?.resolve((message as JobResult).result);
      },
      errorHandler: (error, { name: job }) => waiting.get(job)?.reject(error),
    });
    // The end of every job; it is news only to one that has said nothing before.
    scheduler.on('worker deleted', (job: string) => {
      waiting.get(job)?.reject(new Error(`job '${job}' ended without a result`));
      waiting.delete(job);
    });
    let lastJob = 0;
    return {
      run: async (input, signal) => {
        refuseSignal(name, signal);
        lastJob += 1;
        const job = `job-${lastJob}`;
        const workerData: JobData = { task: options.task, input };
        await scheduler.add({ name: job, path, worker: { workerData } });
        return new Promise((resolve, reject) => {
          waiting.set(job, { resolve, reject });
          scheduler.run(job).catch(reject);
        });
      },
      close: async () => scheduler.stop(),
    };
  },
};
