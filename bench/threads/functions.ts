/** What all contenders execute: the same functions, imported by each one's thread file. Their results can be checked. */
import type { MessagePort } from 'node:worker_threads';

/** Spins for so many steps of an integer generator; `iterations` and not milliseconds, so that all do the same work. */
export function spin(iterations: number): number {
  let state = iterations | 0;
  for (let i = 0; i < iterations; i += 1) state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return state;
}

/** Nothing but the way there and back. */
export function noop(value: number): number {
  return value + 1;
}

export interface Payload {
  readonly id: number;
  readonly rows: readonly { readonly id: number; readonly name: string; readonly score: number }[];
}

/** An object in, an object of the same size out. */
export function echoObject(payload: Payload): Payload {
  return { id: payload.id + 1, rows: payload.rows };
}

/** Bytes in, bytes of the same size out. */
export function echoBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  bytes[0] = ((bytes[0] ?? 0) + 1) & 0xff;
  return bytes;
}

/** What an execution is to do, in the rows on failures. */
export interface Faulty {
  readonly id: number;
  readonly act: 'work' | 'throw' | 'exit';
  readonly iterations: number;
  /** In shared memory: how often each id was executed. */
  readonly calls: Int32Array<SharedArrayBuffer>;
}

/** Works, throws, or ends its thread. */
export function faulty({ id, act, iterations, calls }: Faulty): number {
  Atomics.add(calls, id, 1);
  spin(iterations);
  if (act === 'throw') throw new Error(`planted failure of ${id}`);
  if (act === 'exit') process.exit(1);
  return id + 1;
}

/** An execution that may need something which lives on the main thread. */
export interface Asking {
  readonly id: number;
  readonly asks: boolean;
  /** The way to the main thread, where the contender does not have one of its own. */
  readonly port?: MessagePort;
}

/** What is asked. */
export interface Desk {
  next(id: number): number;
}

/** Asks the main thread over a port of its own, by Comlink, as its documents say. */
export async function ask({ id, asks, port }: Asking): Promise<number> {
  if (!asks) return id + 1;
  if (port === undefined) throw new Error(`execution ${id} has no port to ask over`);
  const { wrap } = await import('comlink');
  const { default: nodeEndpoint } = await import('comlink/dist/esm/node-adapter.mjs');
  const desk = wrap<Desk>(nodeEndpoint(port));
  try {
    return await desk.next(id);
  } finally {
    port.close();
  }
}

/** One look into something large. */
export interface LookUp {
  readonly id: number;
  /** Ones, as many as there are; without them the execution is the same, and has nothing large. */
  readonly weights: ArrayLike<number> | undefined;
}

export function lookUp({ id, weights }: LookUp): number {
  return id + (weights === undefined ? 1 : (weights[id % weights.length] ?? 0));
}

/** One look into a table. */
export function pick({ id, rows }: Payload): string | undefined {
  return rows[id % rows.length]?.name;
}

export const functions = { noop, spin, echoObject, echoBytes, faulty, ask, lookUp, pick } as const;

export type FunctionName = keyof typeof functions;
