/**
 * What `cano serve` runs: engine, scheduler and HTTP server of one configuration, from the start to the drain.
 *
 * V1 It is ready when everything runs, and not any more from the first request to stop on: then nothing new is started, runs
 *    under way may end until the timeout, and the server answers to the end.
 */
import { toMs } from '../core/duration.ts';
import { createEngine, Scheduler, type Engine } from '../index.ts';
import type { Config } from './config.ts';
import { createHandler, type HandlerOptions } from './handler.ts';
import { listen } from './listen.ts';

export const DEFAULT_PORT = 9464;
export const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_DRAIN = '30s';
/** What requests under way may take once everything else has ended. */
const LAST_REQUESTS_MS = 1_000;

/** What a drain had to do. */
export interface DrainReport {
  /** Runs that were under way when it began. */
  readonly running: number;
  /** Those of them that were cancelled at the timeout. */
  readonly cancelled: readonly string[];
  /** Fires that waited and were not started. */
  readonly dropped: number;
}

export interface Service {
  readonly url: string;
  readonly engine: Engine;
  readonly scheduler: Scheduler;
  /** Ends everything in good order. A second call waits for the first. */
  drain(): Promise<DrainReport>;
}

/**
 * Starts a service.
 *
 * @throws InvalidOptionError, CanoError `CANO_USAGE`, and what `schedules` throws (as rejections); nothing is left behind
 */
export async function startService(
  { workflows, schedules, engine: engineOptions, server }: Config,
  handlerOptions: Pick<HandlerOptions, 'version' | 'onError'> = {},
): Promise<Service> {
  const { host = DEFAULT_HOST, port = DEFAULT_PORT, drainTimeout = DEFAULT_DRAIN, token, ...rest } = server;
  const drainMs = toMs(drainTimeout, 'server.drainTimeout');
  const engine = createEngine(engineOptions);
  const scheduler = new Scheduler({ engine });
  const handler = createHandler(engine, { ...rest, ...handlerOptions, scheduler, workflows, token });
  let isDraining = false;
  handler.readiness.isReady = () => scheduler.isRunning && !isDraining;
  const undo = async (): Promise<void> => {
    handler.close();
    await scheduler.stopImmediately();
    await engine.close({ timeout: 0 });
  };
  try {
    await schedules(scheduler, engine);
    const listening = await listen(handler, { host, port, token });
    await scheduler.start();
    let draining: Promise<DrainReport> | undefined;
    const drain = async (): Promise<DrainReport> => {
      isDraining = true;
      const runs = engine.runs();
      const cancelled: string[] = [];
      const offs = runs.map((run) =>
        run.result.catch(() => void (run.status === 'cancelled' && cancelled.push(run.id))),
      );
      const [{ dropped }] = await Promise.all([
        scheduler.stop({ timeout: drainMs }),
        engine.close({ timeout: drainMs }),
      ]);
      await Promise.all(offs);
      handler.close();
      await listening.close(LAST_REQUESTS_MS);
      return { running: runs.length, cancelled, dropped };
    };
    return { url: listening.url, engine, scheduler, drain: () => (draining ??= drain()) };
  } catch (error) {
    await undo();
    throw error;
  }
}
