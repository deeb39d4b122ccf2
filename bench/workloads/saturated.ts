/** What the main thread's loop has to wait while the pool has more to do than it can. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Pool } from '../contender.ts';
import type { Measurement } from '../row.ts';
import { batch, executeAll, type Batch } from './batch.ts';
import { closedLoop, type ClosedLoop } from './loop.ts';

const RESOLUTION_MS = 1;

/**
 * A closed loop, with the delay of the main thread's timers beside it.
 *
 * @returns `value` is the 99th percentile of the delay in ms, less that of the idle process, and at least the resolution of the timer
 */
export async function loopDelay(pool: Pool, options: ClosedLoop): Promise<Measurement> {
  await closedLoop(pool, { ...options, measureMs: options.warmUpMs });
  const idle = await delayDuring(() => new Promise((resolve) => setTimeout(resolve, options.measureMs)));
  let measured: Measurement | undefined;
  const busy = await delayDuring(async () => {
    measured = await closedLoop(pool, options);
  });
  const { latency, counts } = measured ?? {};
  return {
    // Below its resolution the histogram cannot tell.
    value: Math.max(RESOLUTION_MS, busy - idle),
    ...(latency === undefined ? {} : { latency }),
    ...(counts === undefined ? {} : { counts }),
    also: { 'idle p99 ms': idle, 'busy p99 ms': busy },
  };
}

/**
 * Batches one after the other, with the delay of the main thread's timers beside them.
 *
 * @returns `value` as that of `loopDelay`
 */
export async function loopDelayOfBatch(pool: Pool, options: Batch, measureMs: number): Promise<Measurement> {
  const { counts } = await batch(pool, options);
  const idle = await delayDuring(() => new Promise((resolve) => setTimeout(resolve, measureMs)));
  const busy = await delayDuring(async () => {
    for (const end = performance.now() + measureMs; performance.now() < end;) await executeAll(pool, options);
  });
  return {
    value: Math.max(RESOLUTION_MS, busy - idle),
    ...(counts === undefined ? {} : { counts }),
    also: { 'idle p99 ms': idle, 'busy p99 ms': busy },
  };
}

async function delayDuring(work: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  await work();
  histogram.disable();
  return histogram.percentile(99) / 1e6;
}
