/** Executions of which some throw and some end their thread: what arrives, and what becomes of the innocent. */
import { setTimeout } from 'node:timers/promises';
import type { Pool } from '../contender.ts';
import type { Measurement } from '../row.ts';
import { seeded } from '../stats.ts';
import type { Faulty } from '../threads/functions.ts';

export interface Faults {
  readonly executions: number;
  readonly inFlight: number;
  /** Share of executions that throw. */
  readonly throws: number;
  /** Share of executions that call `process.exit`. */
  readonly exits: number;
  readonly iterations: number;
  /** When nothing has ended for so long, what is still open counts as lost. */
  readonly patienceMs: number;
  readonly seed: number;
}

/**
 * Runs them all. Nothing is retried: a throw and an exit each reject their own execution; everything else should come back.
 *
 * @returns `value` is wall time per execution that came back right, in µs, without the patience for lost ones; `also` has
 *   the innocent that were rejected
 */
export async function faults(pool: Pool, options: Faults): Promise<Measurement> {
  const { executions, inFlight } = options;
  const random = seeded(options.seed);
  const acts = Array.from({ length: executions }, (): Faulty['act'] => {
    const draw = random();
    if (draw < options.exits) return 'exit';
    return draw < options.exits + options.throws ? 'throw' : 'work';
  });
  const calls = new Int32Array(new SharedArrayBuffer(4 * executions));
  const ends = new Uint8Array(executions);
  let [submitted, completed, wrong, failed, innocent] = [0, 0, 0, 0, 0];
  const start = performance.now();
  let lastEnd = start;

  const execute = async (id: number): Promise<void> => {
    const act = acts[id] ?? 'work';
    try {
      const result = await pool.run({ id, act, iterations: options.iterations, calls } satisfies Faulty);
      if (act === 'work' && result === id + 1) completed += 1;
      else wrong += 1;
    } catch {
      failed += 1;
      if (act === 'work') innocent += 1;
    }
    ends[id] = (ends[id] ?? 0) + 1;
    lastEnd = performance.now();
  };
  const lane = async (): Promise<void> => {
    while (submitted < executions) await execute(submitted++);
  };
  const all = Promise.all(Array.from({ length: inFlight }, lane)).then(() => true);
  const silence = new AbortController();
  while (!(await Promise.race([all, quiet(options.patienceMs, () => lastEnd, silence.signal)])));
  silence.abort();

  const settled = ends.reduce((sum, count) => sum + count, 0);
  return {
    value: ((lastEnd - start) * 1_000) / completed,
    counts: {
      submitted: executions,
      completed,
      wrong,
      failed,
      lost: executions - settled,
      duplicated: calls.filter((count) => count > 1).length,
    },
    also: {
      'innocent rejected': innocent,
      throws: acts.filter((act) => act === 'throw').length,
      exits: acts.filter((act) => act === 'exit').length,
    },
  };
}

/** True when nothing has ended for so long; false when something has, and it is to be asked again. */
async function quiet(patienceMs: number, lastEnd: () => number, signal: AbortSignal): Promise<boolean> {
  const wait = lastEnd() + patienceMs - performance.now();
  if (wait <= 0) return true;
  await setTimeout(wait, undefined, { signal }).catch(() => {});
  return lastEnd() + patienceMs <= performance.now();
}
