/** Plain worker_threads: what a pool costs beyond the messages themselves is its distance to this. */
import { Worker } from 'node:worker_threads';
import type { Contender } from '../contender.ts';
import type { FunctionName } from '../threads/functions.ts';
import type { Request, Response } from '../threads/raw-workers.ts';
import { refuseServices, refuseSignal } from './not-offered.ts';
import { warmUpInput } from './warm-up.ts';

const name = 'worker_threads';
const file = new URL('../threads/raw-workers.js', import.meta.url);

export const rawWorkers: Contender = {
  name,
  configuration:
    'one message per execution to the least loaded thread; a dead thread rejects what it had and is not replaced',

  async open(options) {
    refuseServices(name, options);
    const threads = Array.from({ length: options.threads }, () => new RawWorker(options.task));
    await Promise.all(threads.map((thread) => thread.execute(warmUpInput(options.task))));
    return {
      run: async (input, signal) => {
        refuseSignal(name, signal);
        return leastLoaded(threads).execute(input);
      },
      close: async () => {
        await Promise.all(threads.map((thread) => thread.worker.terminate()));
      },
    };
  },
};

function leastLoaded(threads: readonly RawWorker[]): RawWorker {
  let best: RawWorker | undefined;
  for (const thread of threads) {
    if (!thread.isDead && (best === undefined || thread.inFlight.size < best.inFlight.size)) best = thread;
  }
  if (best === undefined) throw new Error('all threads have died, and plain workers are not replaced');
  return best;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

class RawWorker {
  readonly worker: Worker;
  readonly inFlight = new Map<number, Waiting>();
  isDead = false;
  #lastId = 0;
  #error: unknown;

  constructor(task: FunctionName) {
    this.worker = new Worker(file, { workerData: task });
    this.worker.on('message', ([id, ok, value]: Response) => {
      const waiting = this.inFlight.get(id);
      this.inFlight.delete(id);
      if (ok) waiting?.resolve(value);
      else waiting?.reject(value);
    });
    this.worker.on('error', (error) => (this.#error = error));
    this.worker.on('exit', (code) => {
      this.isDead = true;
      const error = this.#error ?? new Error(`the thread ended with code ${code}`);
      for (const { reject } of this.inFlight.values()) reject(error);
      this.inFlight.clear();
    });
  }

  async execute(input: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      this.worker.postMessage([this.#lastId, input] satisfies Request);
      this.inFlight.set(this.#lastId, { resolve, reject });
    });
  }
}
