/** Thread file of the bare loop: a message is all that the thread has to do, and the answer all of its results. */
import { parentPort, workerData } from 'node:worker_threads';
import { functions, type FunctionName } from './functions.ts';

/** Inputs of one thread; numbers as a typed array. */
export type Share = Float64Array<ArrayBuffer> | readonly unknown[];

/** Their results, or what the first failing one threw. */
export type ShareEnd =
  | { readonly ok: true; readonly results: ArrayLike<unknown> }
  | { readonly ok: false; readonly error: Error };

const execute = functions[workerData as FunctionName] as (input: unknown) => unknown;

parentPort?.on('message', (share: Share) => {
  let end: ShareEnd;
  const transfer: ArrayBuffer[] = [];
  try {
    if (share instanceof Float64Array) {
      const numbers = executeNumbers(share);
      transfer.push(numbers.buffer);
      end = { ok: true, results: numbers };
    } else {
      end = { ok: true, results: share.map((input) => execute(input)) };
    }
  } catch (error) {
    end = { ok: false, error: error as Error };
  }
  parentPort?.postMessage(end, transfer);
});

// What takes a number returns one, in all of the functions.
function executeNumbers(share: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  for (let at = 0; at < share.length; at += 1) share[at] = execute(share[at]) as number;
  return share;
}
