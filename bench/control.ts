/** How fast the machine is right now: the same spin on as many threads as a row uses, before every round. */
import { Worker } from 'node:worker_threads';
import { median } from './stats.ts';

const THREADS = 2;
const ITERATIONS = 36_000_000;
/** A round whose control took so much longer than the median control is marked. */
const NOISY = 1.1;

export class Control {
  readonly #workers: Worker[] = [];

  static async start(): Promise<Control> {
    const control = new Control();
    for (let thread = 0; thread < THREADS; thread += 1) {
      control.#workers.push(new Worker(new URL('threads/control.js', import.meta.url)));
    }
    await control.spin();
    return control;
  }

  /** @returns milliseconds until all threads have spun */
  async spin(): Promise<number> {
    const start = performance.now();
    await Promise.all(
      this.#workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            const done = (): void => {
              worker.off('error', reject);
              resolve();
            };
            worker.once('message', done).once('error', reject);
            worker.postMessage(ITERATIONS);
          }),
      ),
    );
    return performance.now() - start;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => worker.terminate()));
  }
}

/** Which rounds were measured while the machine was slower than usual. */
export function noisyRounds(controls: readonly number[]): boolean[] {
  const usual = controls.length === 0 ? 0 : median(controls);
  return controls.map((control) => control > usual * NOISY);
}
