/** Many small inputs at once. */
import type { Pool } from '../contender.ts';
import type { Measurement } from '../row.ts';
import type { Work } from './loop.ts';

export interface Batch {
  readonly work: Work;
  readonly items: number;
  /** For contenders that offer nothing for many inputs: so many executions are in flight. */
  readonly inFlight: number;
}

/** V8 goes on compiling for about a second, however many items that are. */
const WARM_UP_MS = 1_200;

/**
 * Executes all items, over and over to warm up and once for the measurement: by what the contender offers for many inputs,
 * else by one execution per item.
 *
 * @returns `value` is wall time per item in µs
 */
export async function batch(pool: Pool, options: Batch): Promise<Measurement> {
  const warmAt = performance.now() + WARM_UP_MS;
  do await executeAll(pool, options);
  while (performance.now() < warmAt);
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const results = await executeAll(pool, options);
  const wall = performance.now() - start;
  const cpu = process.cpuUsage(cpuBefore);
  const { items, work } = options;
  let completed = 0;
  for (let n = 0; n < items; n += 1) if (work.isRight(n, results[n])) completed += 1;
  return {
    value: (wall * 1_000) / items,
    cpuMicros: (cpu.user + cpu.system) / items,
    counts: { submitted: items, completed, wrong: items - completed, failed: 0, lost: 0, duplicated: -1 },
  };
}

/** Executes all items once. */
export async function executeAll(pool: Pool, { work, items, inFlight }: Batch): Promise<readonly unknown[]> {
  if (pool.all !== undefined) return pool.all(Array.from({ length: items }, (_value, n) => work.input(n)));
  const results: unknown[] = Array.from({ length: items });
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items) {
      const n = next++;
      results[n] = await pool.run(work.input(n));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return results;
}
