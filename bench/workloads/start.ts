/** Before anything is executed: importing, starting threads, and what threads cost that do nothing. */
import { Worker } from 'node:worker_threads';
import type { Contender } from '../contender.ts';
import type { Measurement } from '../row.ts';
import { median } from '../stats.ts';

/**
 * Imports a package. Nothing of it may have been loaded before, so this is the first thing that a process does.
 *
 * @returns `value` is CPU time in ms, which disk and neighbours blur less than wall time; `also` has the latter
 */
export async function importing(specifier: string): Promise<Measurement> {
  const before = process.cpuUsage();
  const start = performance.now();
  await import(specifier);
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { value: (user + system) / 1_000, also: { 'wall ms': wall } };
}

/**
 * Opens an engine with one thread and has it execute something, again and again in one process, its modules loaded.
 *
 * @returns `value` is the median time to the first result, in ms
 */
export async function threadReady(contender: Contender, times: number): Promise<Measurement> {
  const durations: number[] = [];
  for (let time = 0; time <= times; time += 1) {
    const start = performance.now();
    const pool = await contender.open({ threads: 1, task: 'noop' });
    await pool.run(1);
    // The first one also compiles the main thread's half.
    if (time > 0) durations.push(performance.now() - start);
    await pool.close();
  }
  return { value: median(durations) };
}

/**
 * An empty Worker: from the constructor to its first message. The floor of `threadReady`. It is made from an ES module, as
 * whoever writes one by hand does, and as all that the others load are; CommonJS from a string starts a third faster.
 */
export async function emptyWorkerReady(times: number): Promise<Measurement> {
  const durations: number[] = [];
  for (let time = 0; time <= times; time += 1) {
    const start = performance.now();
    const worker = new Worker(new URL('../threads/empty.js', import.meta.url));
    await new Promise<void>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    if (time > 0) durations.push(performance.now() - start);
    await worker.terminate();
  }
  return { value: median(durations) };
}

/**
 * From nothing loaded to the first result, and to all threads warm.
 *
 * @param load imports the contender
 * @returns `value` is the time to all threads warm and one result, in ms
 */
export async function cold(load: () => Promise<Contender>, threads: number): Promise<Measurement> {
  const start = performance.now();
  const contender = await load();
  const loaded = performance.now();
  const pool = await contender.open({ threads, task: 'noop' });
  const result = await pool.run(1);
  const value = performance.now() - start;
  await pool.close();
  const right = result === 2;
  return {
    value,
    also: { 'import ms': loaded - start },
    counts: { submitted: 1, completed: Number(right), wrong: Number(!right), failed: 0, lost: 0, duplicated: -1 },
  };
}

/**
 * Memory of threads that have executed something and now wait.
 *
 * @returns `value` is resident memory per thread in MB (10⁶ bytes); needs --expose-gc
 */
export async function idleMemory(contender: Contender, threads: number): Promise<Measurement> {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('idleMemory needs node --expose-gc');
  // One thread more at first: what the first thread of a process loads is not a thread's cost.
  const first = await contender.open({ threads: 1, task: 'noop' });
  await first.run(1);
  collect();
  const before = process.memoryUsage.rss();
  const pool = await contender.open({ threads, task: 'noop' });
  await pool.run(1);
  collect();
  const after = process.memoryUsage.rss();
  await pool.close();
  await first.close();
  return { value: (after - before) / threads / 1e6 };
}
