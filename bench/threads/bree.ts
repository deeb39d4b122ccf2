/** Job file of Bree: a fresh thread executes it once, and says 'done' as Bree's documentation asks. */
import { parentPort, workerData } from 'node:worker_threads';
import { functions, type FunctionName } from './functions.ts';

/** What a job is started with. */
export interface JobData {
  readonly task: FunctionName;
  readonly input: unknown;
}

/** Its result, in a message before the last one. */
export interface JobResult {
  readonly result: unknown;
}

const { task, input } = workerData as JobData;
const execute = functions[task] as (value: unknown) => unknown;

// Keeps the thread until Bree, told that it is done, terminates it: the exit of a thread may overtake its last messages,
// and Bree throws on a message of a job that it has removed.
parentPort?.on('message', () => {});
parentPort?.postMessage({ result: execute(input) } satisfies JobResult);
parentPort?.postMessage('done');
