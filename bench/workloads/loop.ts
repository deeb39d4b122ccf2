/** Executions in a closed loop (a completion submits the next) and in an open one (arrivals do not wait for anybody). */
import type { Pool } from '../contender.ts';
import type { Counts, Measurement } from '../row.ts';
import { percentile, seeded } from '../stats.ts';

/** Inputs with their truth. */
export interface Work<I = unknown> {
  /** The n-th input; each is made anew, since engines may move it to a thread. */
  input(n: number): I;
  isRight(n: number, result: unknown): boolean;
}

export interface ClosedLoop {
  readonly work: Work;
  readonly inFlight: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Whose latency counts. @default all */
  readonly isCounted?: (n: number) => boolean;
}

/**
 * Keeps `inFlight` executions submitted, for a while to warm up and then for `measureMs`.
 *
 * @returns `value` is wall time per execution in µs, from the first submission to the last completion
 */
export async function closedLoop(pool: Pool, options: ClosedLoop): Promise<Measurement> {
  await lanes(pool, options, options.warmUpMs);
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const { latencies, counts } = await lanes(pool, options, options.measureMs);
  const wall = performance.now() - start;
  const cpu = process.cpuUsage(cpuBefore);
  const ended = counts.completed + counts.wrong;
  return {
    value: (wall * 1_000) / ended,
    cpuMicros: (cpu.user + cpu.system) / ended,
    latency: { p50: percentile(latencies, 50), p99: percentile(latencies, 99) },
    counts,
  };
}

async function lanes(
  pool: Pool,
  { work, inFlight, isCounted }: ClosedLoop,
  forMs: number,
): Promise<{ latencies: number[]; counts: Counts }> {
  const latencies: number[] = [];
  const end = performance.now() + forMs;
  let submitted = 0;
  let completed = 0;
  let wrong = 0;
  const lane = async (): Promise<void> => {
    for (let now = performance.now(); now < end;) {
      const n = submitted++;
      const result = await pool.run(work.input(n));
      const done = performance.now();
      if (work.isRight(n, result)) completed += 1;
      else wrong += 1;
      if (isCounted?.(n) ?? true) latencies.push(done - now);
      now = done;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { latencies, counts: { submitted, completed, wrong, failed: 0, lost: 0, duplicated: -1 } };
}

export interface OpenLoop {
  readonly work: Work;
  /** Arrivals per second. */
  readonly rate: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly seed: number;
}

/**
 * Submits at random times that were drawn beforehand (a Poisson process), and takes latency from the intended time: when
 * the engine or the loop falls behind, the wait counts (G. Tene calls leaving it out "coordinated omission").
 *
 * @returns `value` is the 99th percentile of the latency in ms
 */
export async function openLoop(pool: Pool, options: OpenLoop): Promise<Measurement> {
  const random = seeded(options.seed);
  await arrivals(pool, options, options.warmUpMs, random);
  const cpuBefore = process.cpuUsage();
  const { latencies, counts } = await arrivals(pool, options, options.measureMs, random);
  const cpu = process.cpuUsage(cpuBefore);
  const latency = { p50: percentile(latencies, 50), p99: percentile(latencies, 99) };
  return { value: latency.p99, cpuMicros: (cpu.user + cpu.system) / latencies.length, latency, counts };
}

async function arrivals(
  pool: Pool,
  { work, rate }: OpenLoop,
  forMs: number,
  random: () => number,
): Promise<{ latencies: number[]; counts: Counts }> {
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  const start = performance.now();
  let submitted = 0;
  let completed = 0;
  let wrong = 0;
  const submit = async (intended: number): Promise<void> => {
    const n = submitted++;
    const result = await pool.run(work.input(n));
    latencies.push(performance.now() - intended);
    if (work.isRight(n, result)) completed += 1;
    else wrong += 1;
  };
  let intended = start;
  for (;;) {
    intended -= (Math.log(1 - random()) * 1_000) / rate;
    if (intended - start > forMs) break;
    const early = intended - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    running.push(submit(intended));
  }
  await Promise.all(running);
  return { latencies, counts: { submitted, completed, wrong, failed: 0, lost: 0, duplicated: -1 } };
}
