/** The same functions in a plain loop on each thread: the floor that nothing with messages per item can reach. */
import { Worker } from 'node:worker_threads';
import type { Contender } from '../contender.ts';
import type { Share, ShareEnd } from '../threads/bare-loop.ts';
import { notOffered, refuseServices } from './not-offered.ts';
import { warmUpInput } from './warm-up.ts';

const name = 'bare loop';
const file = new URL('../threads/bare-loop.js', import.meta.url);

export const bareLoop: Contender = {
  name,
  configuration: 'no pool: every n-th input to each of n threads in one message, numbers as a transferred typed array',

  async open(options) {
    refuseServices(name, options);
    const workers = Array.from({ length: options.threads }, () => new Worker(file, { workerData: options.task }));
    await Promise.all(workers.map((worker) => execute(worker, [warmUpInput(options.task)])));
    return {
      run: async () => {
        throw notOffered(name, 'single executions');
      },
      all: async (inputs) => {
        const items = Array.isArray(inputs) ? (inputs as readonly unknown[]) : [...inputs];
        const ends = await Promise.all(
          workers.map((worker, nth) => execute(worker, shareOf(items, nth, workers.length))),
        );
        return items.map((_item, index) => ends[index % ends.length]?.[Math.floor(index / ends.length)]);
      },
      close: async () => {
        await Promise.all(workers.map((worker) => worker.terminate()));
      },
    };
  },
};

/** Interleaved, so that inputs that grow dearer towards the end are spread as well. */
function shareOf(items: readonly unknown[], first: number, step: number): Share {
  const share: unknown[] = [];
  for (let at = first; at < items.length; at += step) share.push(items[at]);
  return share.every((input) => typeof input === 'number') ? Float64Array.from(share) : share;
}

async function execute(worker: Worker, share: Share): Promise<ArrayLike<unknown>> {
  const answer = new Promise<ShareEnd>((resolve, reject) => {
    const onMessage = (end: ShareEnd): void => {
      off();
      resolve(end);
    };
    const onEnd = (reason: unknown): void => {
      off();
      reject(reason instanceof Error ? reason : new Error(`the thread ended with code ${String(reason)}`));
    };
    const off = (): void => {
      worker.off('message', onMessage).off('error', onEnd).off('exit', onEnd);
    };
    worker.on('message', onMessage).on('error', onEnd).on('exit', onEnd);
  });
  worker.postMessage(share, share instanceof Float64Array ? [share.buffer] : []);
  const end = await answer;
  if (!end.ok) throw end.error;
  return end.results;
}
