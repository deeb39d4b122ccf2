/** Tells a pool that all of its threads work: an execution that holds its thread until every other thread has one too. */
import { threadId } from 'node:worker_threads';

export interface Meeting {
  /** In shared memory: one counter, of the threads that have come. */
  readonly arrivals: Int32Array<SharedArrayBuffer>;
  readonly threads: number;
}

/** A pool may have put two of them on one thread; then the first gives up, and the caller asks again. */
const PATIENCE_MS = 100;

/** Waits for the others and returns the id of its thread. */
export function rendezvous({ arrivals, threads }: Meeting): number {
  const end = performance.now() + PATIENCE_MS;
  let here = Atomics.add(arrivals, 0, 1) + 1;
  Atomics.notify(arrivals, 0);
  while (here < threads && performance.now() < end) {
    Atomics.wait(arrivals, 0, here, end - performance.now());
    here = Atomics.load(arrivals, 0);
  }
  return threadId;
}
