/** Thread file of the plain workers: a message is one execution, and so is the answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { functions, type FunctionName } from './functions.ts';

/** An execution on its way to a thread. */
export type Request = readonly [id: number, input: unknown];

/** What came of it. */
export type Response = readonly [id: number, ok: boolean, valueOrError: unknown];

const execute = functions[workerData as FunctionName] as (input: unknown) => unknown;

parentPort?.on('message', ([id, input]: Request) => {
  let response: Response;
  try {
    response = [id, true, execute(input)];
  } catch (error) {
    response = [id, false, error];
  }
  parentPort?.postMessage(response);
});
