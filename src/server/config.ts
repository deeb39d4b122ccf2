/** What `cano serve` runs: pipelines, schedules, an engine, a server. */
import { InvalidOptionError, type Engine, type EngineOptions, type Pipeline, type Scheduler } from '../index.ts';
import type { HandlerOptions } from './handler.ts';

/** Any pipeline, the types of its inputs and its store erased. */
export type AnyPipeline = Pipeline;

export interface ServerOptions extends Pick<
  HandlerOptions,
  'token' | 'allowedHosts' | 'allowedOrigins' | 'bodyLimit' | 'history' | 'eventsKept' | 'maxClients'
> {
  /** Address to listen on. Anything but loopback needs a token. @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes any that is free. @default 9464 */
  readonly port?: number;
  /** How long runs may go on after SIGTERM before they are cancelled. @default '30s' */
  readonly drainTimeout?: EngineOptions['grace'];
}

export interface ServeConfig<Services = unknown> {
  /** What can be started through the API; also what schedules may be triggered with inputs for. Names are unique. */
  readonly workflows?: readonly AnyPipeline[];
  /** Adds the schedules to the scheduler before it starts. */
  readonly schedules?: (scheduler: Scheduler<Services>, engine: Engine<Services>) => void | Promise<void>;
  readonly engine?: EngineOptions<Services>;
  readonly server?: ServerOptions;
}

/** A checked configuration. */
export interface Config {
  readonly kind: 'config';
  readonly workflows: readonly AnyPipeline[];
  readonly schedules: (scheduler: Scheduler, engine: Engine) => void | Promise<void>;
  readonly engine: EngineOptions;
  readonly server: ServerOptions;
}

const KEYS = ['workflows', 'schedules', 'engine', 'server'];

/**
 * Makes the configuration that a `cano.config.ts` default-exports.
 *
 * @throws InvalidOptionError when an option cannot be used
 * @example
 * export default defineConfig({
 *   workflows: [corpus],
 *   schedules: (scheduler) => {
 *     scheduler.cron('nightly', report, '0 3 * * *', { timezone: 'Europe/Madrid' });
 *   },
 * });
 */
export function defineConfig<Services = unknown>(given: ServeConfig<Services>): Config {
  const { workflows = [], schedules = () => {}, engine = {}, server = {} } = given;
  for (const key of Object.keys(given)) {
    if (!KEYS.includes(key))
      throw new InvalidOptionError(`defineConfig: there is no option '${key}': there are ${KEYS.join(', ')}`);
  }
  if (!Array.isArray(workflows)) throw new InvalidOptionError('defineConfig: workflows must be a list of pipelines');
  const names = new Set<string>();
  for (const pipeline of workflows as readonly Partial<AnyPipeline>[]) {
    const { kind, workflow, hasServices } = pipeline ?? {};
    const name = (workflow as { readonly name?: string } | undefined)?.name ?? '';
    if (kind !== 'pipeline') {
      throw new InvalidOptionError(
        'defineConfig: each of workflows must be made by definePipeline, which says what its inputs and its store are',
      );
    }
    if (names.has(name)) throw new InvalidOptionError(`defineConfig: two pipelines have the workflow name '${name}'`);
    if (hasServices === true && engine.services === undefined) {
      throw new InvalidOptionError(
        `defineConfig: pipeline '${name}' makes services of its own, and here all runs share one engine: offer them in engine.services`,
      );
    }
    names.add(name);
  }
  if (typeof schedules !== 'function') {
    throw new InvalidOptionError('defineConfig: schedules must be a function that is given the scheduler');
  }
  return Object.freeze({
    kind: 'config' as const,
    workflows,
    schedules,
    engine,
    server,
  });
}
