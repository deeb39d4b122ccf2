/** Answers every message with the monotonic time of this thread. */
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../../src/core/clock.ts';

parentPort?.on('message', () => parentPort?.postMessage(systemClock.now()));
