/** `cano serve`: a service of a configuration file, from its start to the second signal. */
import { pino, type Logger } from 'pino';
import { isCanoError, type Engine, type Scheduler } from '../index.ts';
import { defineConfig, startService, type Config, type Service } from '../server/index.ts';
import { MAX_THREADS } from './args.ts';
import { onInterrupt } from './interrupt.ts';
import type { Io } from './io.ts';
import { loadDefault } from './pipeline-file.ts';
import { announceServer } from './running-servers.ts';
import { SERVE_FLAGS } from './serve-flags.ts';
import { EXIT, usageError } from './usage.ts';
import { integer, isOn, readWords } from './words.ts';

const EXAMPLE = 'export default defineConfig({ workflows, schedules })';

type ServeEvent = Parameters<Parameters<Engine['listen']>[0]>[0] | Parameters<Parameters<Scheduler['listen']>[0]>[0];

/**
 * Serves until a signal comes.
 *
 * @returns the exit code
 * @throws CanoError when it could not start
 */
export async function serve(
  file: string,
  rest: readonly string[],
  { version, verbose }: { readonly version: string; readonly verbose: boolean },
  io: Io,
): Promise<number> {
  const config = withFlags(await loadConfig(file), rest, io.env);
  const logger = pino(
    { level: verbose ? 'debug' : 'info', base: { pid: process.pid } },
    pino.destination({ dest: 1, sync: true }),
  );
  const service = await startOrExplain(file, config, version, logger);
  const { url, engine, scheduler } = service;
  engine.listen((event) => log(logger, event));
  scheduler.listen((event) => log(logger, event));
  const withdraw = announceServer({ url, config: file }, io.env);
  logger.info({ url, schedules: scheduler.list().length, threads: engine.threads }, 'serving');
  io.err.write(`cano: serving ${file} at ${url} (API: ${url}/api/openapi.json); Ctrl-C drains and ends\n`);
  const off = await new Promise<() => void>((resolve) => {
    const stopListening = onInterrupt(
      (signal) => {
        logger.info({ signal, running: engine.runs().length }, 'draining; a second signal exits at once');
        resolve(stopListening);
      },
      () => {
        logger.warn({ running: engine.runs().length }, 'exiting at once');
        withdraw();
        io.exit(EXIT.interrupted);
      },
    );
  });
  try {
    logger.info(await service.drain(), 'drained');
    return EXIT.done;
  } finally {
    withdraw();
    off();
  }
}

async function startOrExplain(file: string, config: Config, version: string, logger: Logger): Promise<Service> {
  try {
    return await startService(config, {
      version,
      onError: (error, { method, url }) =>
        logger.error({ err: error, method, path: new URL(url).pathname }, 'request failed'),
    });
  } catch (error) {
    if (isCanoError(error)) throw error;
    const failure = usageError(
      `'${file}': its schedules threw, so nothing was started: ${error instanceof Error ? error.message : String(error)}`,
    );
    failure.cause = error;
    throw failure;
  }
}

async function loadConfig(file: string): Promise<Config> {
  return loadDefault(file, {
    what: 'a configuration',
    hint: 'the configuration',
    example: EXAMPLE,
    is: (value): value is Config => (value as { kind?: unknown } | null | undefined)?.kind === 'config',
  });
}

/** The configuration with what the command line says instead. */
function withFlags(config: Config, rest: readonly string[], env: Io['env']): Config {
  const takesValue = new Map(Object.entries(SERVE_FLAGS).map(([flag, { value }]) => [flag, value !== undefined]));
  const { flags } = readWords(rest, { takesValue, helpAt: 'cano serve --help' });
  isOn('verbose', flags.get('verbose'));
  const [host, port, threads] = [flags.get('host'), flags.get('port'), flags.get('threads')];
  const token = config.server.token ?? (env['CANO_TOKEN'] === '' ? undefined : env['CANO_TOKEN']);
  return defineConfig({
    workflows: config.workflows,
    schedules: config.schedules,
    engine: {
      ...config.engine,
      ...(threads === undefined ? {} : { threads: integer('threads', threads, 1, MAX_THREADS) }),
    },
    server: {
      ...config.server,
      ...(host === undefined ? {} : { host: String(host) }),
      ...(port === undefined ? {} : { port: integer('port', port, 0, 65_535) }),
      ...(token === undefined ? {} : { token }),
    },
  });
}

/** Writes an event as a log line: what people look for at info, the rest at debug, what runs log at its own level. */
export function log(logger: Logger, event: ServeEvent): void {
  switch (event.type) {
    case 'run.started':
      logger.info({ run: event.runId, workflow: event.workflow }, 'run started');
      break;
    case 'run.finished': {
      const { runId: run, workflow, status, state, error, report } = event;
      const fields = {
        run,
        workflow,
        status,
        state,
        durationMs: Math.round(report.wallMs),
        ...(error === undefined ? {} : { error }),
      };
      if (status === 'completed') logger.info(fields, 'run completed');
      else logger.warn(fields, `run ${status.replace('_', ' ')}`);
      break;
    }
    case 'log':
      logger[event.level](
        { run: event.runId, node: event.node, attempt: event.attempt, ...threadOf(event), ...event.fields },
        event.message,
      );
      break;
    case 'warning':
      logger.warn({ run: event.runId, code: event.code }, event.message);
      break;
    case 'retry.scheduled':
      logger.info(
        { run: event.runId, node: event.node, attempt: event.attempt, delayMs: event.delayMs, error: event.error },
        'attempt failed; tried again',
      );
      break;
    case 'thread.exited':
      if (event.reason !== 'recycled')
        logger.warn({ thread: event.thread, reason: event.reason, detail: event.message }, 'thread exited');
      break;
    case 'schedule.skipped':
      logger.info({ schedule: event.schedule, reason: event.reason }, 'fire skipped');
      break;
    case 'schedule.missed':
      logger.warn({ schedule: event.schedule, fires: event.fires }, 'fires missed');
      break;
    case 'schedule.changed':
      logger.info(
        { schedule: event.schedule, ...(event.until === undefined ? {} : { until: new Date(event.until) }) },
        `schedule ${event.change}`,
      );
      break;
    case 'schedule.finished':
      // With a run, its end is told already.
      if (event.runId === undefined)
        logger.warn({ schedule: event.schedule, error: event.error }, 'run could not be started');
      break;
    default:
      logger.debug(event, event.type);
  }
}

function threadOf({ thread }: { readonly thread?: number }): { thread?: number } {
  return thread === undefined ? {} : { thread };
}
