/** Thread file of poolifier: one function only, because it keeps statistics per function as soon as there are two. */
import { workerData } from 'node:worker_threads';
import { ThreadWorker } from 'poolifier';
import { functions, type FunctionName } from './functions.ts';

export default new ThreadWorker(functions[workerData as FunctionName] as (input: unknown) => unknown);
