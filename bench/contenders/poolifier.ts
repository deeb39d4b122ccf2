/** poolifier. */
import { fileURLToPath } from 'node:url';
import { FixedThreadPool, PoolEvents } from 'poolifier';
import type { Contender } from '../contender.ts';
import { refuseServices } from './not-offered.ts';
import { untilAll, warmUpInput } from './warm-up.ts';

const name = 'poolifier';
const file = fileURLToPath(new URL('../threads/poolifier.js', import.meta.url));

export const poolifier: Contender = {
  name,
  configuration:
    'FixedThreadPool with enableTasksQueue and its concurrency at 8, so that a thread need not wait for its next ' +
    'execution; all by its mapExecute',
  cancel: 'none of a synchronous function: it comes back with its result',

  async open(options) {
    refuseServices(name, options);
    const { threads, task, faults = false } = options;
    const alive = new Alive();
    const pool = new FixedThreadPool(threads, file, {
      enableTasksQueue: true,
      tasksQueueOptions: { concurrency: 8 },
      workerOptions: { workerData: task },
      onlineHandler: () => alive.add(),
      exitHandler: () => alive.remove(),
    });
    // Without a listener, a thread that fails would end the process.
    if (faults) pool.emitter?.on(PoolEvents.error, () => {});
    await untilAll(threads, async () => {
      await Promise.all(Array.from({ length: threads }, () => pool.execute(warmUpInput(task))));
      return pool.workerNodes.filter(({ usage }) => usage.tasks.executed > 0).length;
    });
    return {
      run: async (input, signal) => {
        // It waits for the event only.
        signal?.throwIfAborted();
        return pool.execute(input, undefined, signal);
      },
      all: async (inputs) => pool.mapExecute(inputs),
      close: async () => {
        // What it returns cannot be waited for: more than once in ten times it never resolves.
        pool.destroy().catch(() => {});
        await alive.none();
      },
    };
  },
};

/** How many threads there are. */
class Alive {
  #count = 0;
  #onNone: () => void = () => {};

  add(): void {
    this.#count += 1;
  }

  remove(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#onNone();
  }

  /** Resolves when all have exited. */
  async none(): Promise<void> {
    if (this.#count === 0) return;
    // The pool lets the process end before its threads have.
    const awake = setInterval(() => {}, 1_000);
    await new Promise<void>((resolve) => (this.#onNone = resolve));
    clearInterval(awake);
  }
}
