/** Calls back to the main thread for pools that have none: a port per execution that asks, and Comlink on both ends. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Pool } from '../contender.ts';
import type { Asking } from '../threads/functions.ts';

/** What Piscina and Tinypool have in common. */
interface TaskPool {
  run(
    input: unknown,
    options?: { readonly signal?: AbortSignal; readonly transferList?: MessagePort[] },
  ): Promise<unknown>;
}

/** `Pool.run` of such a pool. */
export function runOn(pool: TaskPool, services: object | undefined): Pool['run'] {
  return async (given, signal) => {
    if (services !== undefined) {
      const { input, transferList } = withPort(services, given);
      return pool.run(input, { transferList });
    }
    return signal === undefined ? pool.run(given) : pool.run(given, { signal });
  };
}

// The input with a port that reaches the desk, and what is to be transferred.
function withPort(services: object, input: unknown): { readonly input: unknown; readonly transferList: MessagePort[] } {
  if (!(input as Asking).asks) return { input, transferList: [] };
  const { port1, port2 } = new MessageChannel();
  expose((services as { desk: object }).desk, nodeEndpoint(port1));
  return { input: { ...(input as Asking), port: port2 }, transferList: [port2] };
}
