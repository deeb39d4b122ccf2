/**
 * What the machine itself gives at this minute: a bare integer loop on 1 and on n plain worker threads, with no engine,
 * no messages and no memory to speak of. On shared or throttled cores it is less than n.
 */
import { Worker } from 'node:worker_threads';

const CALIBRATION = 30_000_000;
const TARGET_MS = 200;
const ROUNDS = 3;

// Every thread waits at the gate until all are ready and warm, so neither start-up nor compilation is measured.
const LOOP = `
const { workerData, parentPort } = require('node:worker_threads');
const spin = (n) => { let x = 1; for (let i = 0; i < n; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0; return x; };
const { gate, iterations } = workerData;
let x = spin(2e6) ^ spin(2e6);
parentPort.postMessage('ready');
Atomics.wait(gate, 0, 0);
const start = process.hrtime.bigint();
x ^= spin(iterations);
const end = process.hrtime.bigint();
parentPort.postMessage({ start, end, x });
`;

interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

/** Milliseconds from the first start to the last end of so many threads that each do the same loop. */
export async function spinOn(threads: number, iterations: number): Promise<number> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from(
    { length: threads },
    () => new Worker(LOOP, { eval: true, execArgv: [], workerData: { gate, iterations } }),
  );
  try {
    await Promise.all(workers.map((worker) => nextMessage(worker)));
    const spans = Promise.all(workers.map((worker) => nextMessage(worker)));
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    const ends = (await spans) as readonly Span[];
    const first = ends.reduce((least, { start }) => (start < least ? start : least), (ends[0] as Span).start);
    const last = ends.reduce((most, { end }) => (end > most ? end : most), (ends[0] as Span).end);
    return Number(last - first) / 1e6;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Iterations that one thread does in about 0.2 seconds. */
export async function calibrate(): Promise<number> {
  return Math.round((CALIBRATION * TARGET_MS) / (await spinOn(1, CALIBRATION)));
}

/** How much more loops n threads do than one in the same time: n on an idle machine with n cores, 1 on a single core. */
export async function controlRatio(threads: number, iterations: number): Promise<number> {
  let [one, many] = [0, 0];
  // In turns, so that a burst of somebody else's work does not fall on one side only.
  for (let round = 0; round < ROUNDS; round += 1) {
    one += await spinOn(1, iterations);
    many += await spinOn(threads, iterations);
  }
  return (threads * one) / many;
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
