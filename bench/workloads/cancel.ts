/** Executions of which some are cancelled at random times: queued, running, or just done. */
import type { Pool } from '../contender.ts';
import type { Measurement } from '../row.ts';
import { seeded } from '../stats.ts';
import type { Work } from './loop.ts';

export interface Cancels {
  readonly work: Work;
  readonly executions: number;
  readonly inFlight: number;
  /** Share of executions that get a signal which fires within `withinMs` of their submission. */
  readonly share: number;
  readonly withinMs: number;
  readonly seed: number;
}

/** @returns `value` is wall time per execution that was not to be cancelled, in µs: what cancelling costs the others */
export async function cancels(pool: Pool, options: Cancels): Promise<Measurement> {
  const { work, executions, inFlight } = options;
  const random = seeded(options.seed);
  const delays = Array.from({ length: executions }, () =>
    random() < options.share ? random() * options.withinMs : undefined,
  );
  let [submitted, completed, wrong, failed, innocent, cancelled] = [0, 0, 0, 0, 0, 0];
  const execute = async (n: number): Promise<void> => {
    const delay = delays[n];
    const controller = delay === undefined ? undefined : new AbortController();
    const timer = setTimeout(() => controller?.abort(), delay);
    if (controller === undefined) clearTimeout(timer);
    try {
      const result = await pool.run(work.input(n), controller?.signal);
      if (work.isRight(n, result)) completed += 1;
      else wrong += 1;
    } catch {
      failed += 1;
      if (controller?.signal.aborted === true) cancelled += 1;
      else innocent += 1;
    } finally {
      clearTimeout(timer);
    }
  };
  const lane = async (): Promise<void> => {
    while (submitted < executions) await execute(submitted++);
  };
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  const wall = performance.now() - start;
  const cpu = process.cpuUsage(cpuBefore);
  const others = delays.filter((delay) => delay === undefined).length;
  return {
    value: (wall * 1_000) / others,
    cpuMicros: (cpu.user + cpu.system) / executions,
    counts: { submitted: executions, completed, wrong, failed, lost: 0, duplicated: -1 },
    also: { cancelled, 'innocent rejected': innocent },
  };
}
