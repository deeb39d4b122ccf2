/** What the orchestrator reaches the world through; tests hand in their own. */
import { systemClock, type Clock, type Random } from '../core/clock.ts';
import type { LogGate } from '../core/log.ts';
import type { AnyNode } from '../definition/node.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';

export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
}

export const systemPorts: Ports = { clock: systemClock, random: Math.random };

/** What an engine lends to its runs. */
export interface EngineServices extends Ports {
  readonly services: unknown;
  readonly logs: LogGate;
  /** Where executions of this node go. */
  dispatcherOf(node: AnyNode): Dispatcher;
  /** The limit that all runs of the engine share for this node; undefined without `concurrency`. */
  limitOf(node: AnyNode): ConcurrencyLimit | undefined;
}
