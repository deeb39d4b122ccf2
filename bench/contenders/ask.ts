/** Calls back to the main thread for pools that have none: a port per execution that asks, and Comlink on both ends. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Asking } from '../threads/functions.ts';

/** The input with a port that reaches the desk, and what is to be transferred. */
export function withPort(
  services: object | undefined,
  input: unknown,
): { readonly input: unknown; readonly transferList: MessagePort[] } {
  if (services === undefined || !(input as Asking).asks) return { input, transferList: [] };
  const { port1, port2 } = new MessageChannel();
  expose((services as { desk: object }).desk, nodeEndpoint(port1));
  return { input: { ...(input as Asking), port: port2 }, transferList: [port2] };
}
