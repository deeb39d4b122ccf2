/** What a contender has nothing for is refused, so that no row measures something else than it says. */
import type { OpenOptions } from '../contender.ts';

/** The error for a call that a contender cannot take. */
export function notOffered(name: string, what: string): Error {
  return new Error(`${name} does not offer ${what}: take it out of the row`);
}

/** Throws when a row asks for calls to the main thread. */
export function refuseServices(name: string, { services }: OpenOptions): void {
  if (services !== undefined) throw notOffered(name, 'calls from a thread to services on the main thread');
}

/** Throws when a row wants to cancel an execution. */
export function refuseSignal(name: string, signal: AbortSignal | undefined): void {
  if (signal !== undefined) throw notOffered(name, 'cancelling by a signal');
}
