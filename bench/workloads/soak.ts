/** Very many executions: whether memory grows. */
import type { Pool } from '../contender.ts';
import type { Measurement } from '../row.ts';
import type { Work } from './loop.ts';

/**
 * @returns `value` is wall time per execution in µs; `also` has the resident memory in MB after a tenth of the executions and at
 *   the end, each after a collection; needs --expose-gc
 */
export async function soak(pool: Pool, work: Work, executions: number, inFlight: number): Promise<Measurement> {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('soak needs node --expose-gc');
  let [submitted, completed, wrong] = [0, 0, 0];
  const upTo = async (limit: number): Promise<number> => {
    const lane = async (): Promise<void> => {
      while (submitted < limit) {
        const n = submitted++;
        if (work.isRight(n, await pool.run(work.input(n)))) completed += 1;
        else wrong += 1;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    collect();
    return process.memoryUsage.rss() / 1e6;
  };
  const early = await upTo(executions / 10);
  const start = performance.now();
  const late = await upTo(executions);
  return {
    value: ((performance.now() - start) * 1_000) / (executions * 0.9),
    counts: { submitted, completed, wrong, failed: 0, lost: 0, duplicated: -1 },
    also: { 'MB early': early, 'MB late': late },
  };
}
