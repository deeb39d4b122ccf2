/** Has every thread of a pool execute something before anything is measured. */
import type { FunctionName, functions } from '../threads/functions.ts';
import type { Meeting } from '../threads/rendezvous.ts';

const inputs: { readonly [Name in FunctionName]: () => Parameters<(typeof functions)[Name]>[0] } = {
  noop: () => 0,
  spin: () => 1,
  echoObject: () => ({ id: 0, rows: [] }),
  echoBytes: () => new Uint8Array(1),
  ask: () => ({ id: 0, asks: false }),
  lookUp: () => ({ id: 0, weights: undefined }),
  pick: () => ({ id: 0, rows: [{ id: 0, name: '', score: 0 }] }),
  faulty: () => ({ id: 0, act: 'work', iterations: 1, calls: counters() }),
};

/** An input for which the function does next to nothing. */
export function warmUpInput(task: FunctionName): unknown {
  return inputs[task]();
}

const MOST_ROUNDS = 300;

/**
 * Calls until every one of the threads has answered.
 *
 * @param meet has `rendezvous` executed on some thread
 * @throws Error when a thread is still missing after so many rounds
 */
export async function meetAll(threads: number, meet: (meeting: Meeting) => PromiseLike<unknown>): Promise<void> {
  const met = new Set<unknown>();
  await untilAll(threads, async () => {
    const meeting: Meeting = { arrivals: counters(), threads };
    const calls = Array.from({ length: threads }, () => meet(meeting));
    for (const threadId of await Promise.all(calls)) met.add(threadId);
    return met.size;
  });
}

/**
 * Plays rounds until as many threads have executed something.
 *
 * @param round returns how many have
 * @throws Error when a thread is still missing after so many rounds
 */
export async function untilAll(threads: number, round: () => Promise<number>): Promise<void> {
  let executed = 0;
  for (let played = 0; executed < threads; played += 1) {
    if (played === MOST_ROUNDS) throw new Error(`only ${executed} of ${threads} threads have executed anything`);
    executed = await round();
  }
}

function counters(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}
