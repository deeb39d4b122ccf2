/** A thread that does nothing but say so. */
import { parentPort } from 'node:worker_threads';

parentPort?.postMessage(0);
