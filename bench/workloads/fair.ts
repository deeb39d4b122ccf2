/** What a batch with a heavy tail costs: itself when it comes to its end, and others that come meanwhile. */
import { bareLoop } from '../contenders/bare-loop.ts';
import type { OpenOptions, Pool } from '../contender.ts';
import type { Measurement } from '../row.ts';
import { median, percentile } from '../stats.ts';
import type { MixedWork } from '../works.ts';
import { batch, executeAll, type Batch } from './batch.ts';
import type { Work } from './loop.ts';

export interface HeavyBatch extends Batch {
  readonly work: MixedWork;
  /** How many of the short ones a long one is worth. */
  readonly longTimes: number;
}

/**
 * A batch with a heavy tail, and the same amount of work in equal pieces on bare threads, which is the least time it can take.
 *
 * @param short the short ones alone
 * @returns `value` is the one over the other
 */
export async function tail(pool: Pool, options: HeavyBatch, short: Work, open: OpenOptions): Promise<Measurement> {
  const ideal = await bareLoop.open(open);
  const pieces = piecesOf(options);
  const idealBatch = { work: short, items: pieces, inFlight: options.inFlight };
  const { value: before } = await batch(ideal, idealBatch);
  const measured = await batch(pool, options);
  const { value: after } = await batch(ideal, idealBatch);
  await ideal.close();
  const idealMs = (pieces * (before + after)) / 2 / 1_000;
  const wallMs = (options.items * measured.value) / 1_000;
  return { ...measured, value: wallMs / idealMs, also: { 'wall ms': wallMs, 'ideal ms': idealMs } };
}

function piecesOf({ work, items, longTimes }: HeavyBatch): number {
  let pieces = 0;
  for (let n = 0; n < items; n += 1) pieces += work.isShort(n) ? 1 : longTimes;
  return pieces;
}

export interface Second {
  /** What goes on all the time. */
  readonly first: Batch;
  readonly second: Batch;
  /** The longest item of the first. */
  readonly longest: Work;
  readonly repeats: number;
}

/**
 * A small batch that comes while a large one is under way, over and over.
 *
 * @returns `value` is the 99th percentile of its time over what fairness allows: twice its time alone, and the longest item
 * that may be running when it comes
 */
export async function second(pool: Pool, { first, second: small, longest, repeats }: Second): Promise<Measurement> {
  await executeAll(pool, small);
  const alone = await inTurn(10, () => timed(() => executeAll(pool, small)));
  const longestMs = median(await inTurn(5, () => timed(() => pool.run(longest.input(0)))));
  const over = new AbortController();
  const under = (async () => {
    while (!over.signal.aborted) await executeAll(pool, first);
  })();
  let completed = 0;
  const times = await inTurn(repeats, () =>
    timed(async () => {
      const results = await executeAll(pool, small);
      for (let n = 0; n < small.items; n += 1) if (small.work.isRight(n, results[n])) completed += 1;
    }),
  );
  over.abort();
  await under;
  const [aloneMs, p99] = [median(alone), percentile(times, 99)];
  const submitted = repeats * small.items;
  return {
    value: p99 / (2 * aloneMs + longestMs),
    latency: { p50: percentile(times, 50), p99 },
    counts: { submitted, completed, wrong: submitted - completed, failed: 0, lost: 0, duplicated: -1 },
    also: { 'alone ms': aloneMs, 'longest ms': longestMs },
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function inTurn(repeats: number, measure: () => Promise<number>): Promise<number[]> {
  const all: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) all.push(await measure());
  return all;
}
