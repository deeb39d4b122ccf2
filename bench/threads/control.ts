/** A thread of the control: spins on request. */
import { parentPort } from 'node:worker_threads';
import { spin } from './functions.ts';

parentPort?.on('message', (iterations: number) => parentPort?.postMessage(spin(iterations)));
