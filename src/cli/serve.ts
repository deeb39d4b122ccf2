/** `cano serve`: a service of a configuration file, from its start to the second signal. */
import { pino } from 'pino';
import { isCanoError, type Engine, type Logger, type LogLevel, type LogOrigin, type Scheduler } from '../index.ts';
import { LOG_LEVELS } from '../observe/notes.ts';
import { defineConfig, startService, type Config, type Service } from '../server/index.ts';
import { MAX_THREADS } from './args.ts';
import { onInterrupt } from './interrupt.ts';
import type { Io } from './io.ts';
import { loadDefault } from './pipeline-file.ts';
import { announceServer } from './running-servers.ts';
import { SERVE_FLAGS } from './serve-flags.ts';
import { EXIT, usageError } from './usage.ts';
import { integer, isOn, oneOf, readWords } from './words.ts';

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
  const config = withFlags(await loadConfig(file), rest, io.env, verbose);
  const { logger = ownLogger() } = config.engine;
  const service = await startOrExplain(file, config, version, logger);
  const { url, engine, scheduler } = service;
  const log = new ServeLog(logger, engine);
  engine.listen((event) => log.take(event));
  scheduler.listen((event) => log.take(event));
  const withdraw = announceServer({ url, config: file }, io.env);
  log.say('info', { url, schedules: scheduler.list().length, threads: engine.threads }, 'serving');
  io.err.write(`cano: serving ${file} at ${url} (API: ${url}/api/openapi.json); Ctrl-C drains and ends\n`);
  const off = await new Promise<() => void>((resolve) => {
    const stopListening = onInterrupt(
      (signal) => {
        log.say('info', { signal, running: engine.runs().length }, 'draining; a second signal exits at once');
        resolve(stopListening);
      },
      () => {
        log.say('warn', { running: engine.runs().length }, 'exiting at once');
        withdraw();
        io.exit(EXIT.interrupted);
      },
    );
  });
  try {
    log.say('info', { ...(await service.drain()) }, 'drained');
    return EXIT.done;
  } finally {
    withdraw();
    off();
  }
}

async function startOrExplain(file: string, config: Config, version: string, logger: Logger): Promise<Service> {
  try {
    const logging = { ...config, engine: { ...config.engine, logger } };
    return await startService(logging, {
      version,
      onError: (error, { method, url }) =>
        logger.error({ err: error, method, path: new URL(url).pathname, cano: {} }, 'request failed'),
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
function withFlags(config: Config, rest: readonly string[], env: Io['env'], verbose: boolean): Config {
  const takesValue = new Map(Object.entries(SERVE_FLAGS).map(([flag, { value }]) => [flag, value !== undefined]));
  const { flags } = readWords(rest, { takesValue, helpAt: 'cano serve --help' });
  isOn('verbose', flags.get('verbose'));
  const logLevel =
    oneOf('log-level', flags.get('log-level'), LOG_LEVELS) ?? (verbose ? 'debug' : config.engine.logLevel);
  const [host, port, threads] = [flags.get('host'), flags.get('port'), flags.get('threads')];
  const token = config.server.token ?? (env['CANO_TOKEN'] === '' ? undefined : env['CANO_TOKEN']);
  return defineConfig({
    workflows: config.workflows,
    schedules: config.schedules,
    engine: {
      ...config.engine,
      ...(logLevel === undefined ? {} : { logLevel }),
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

/** JSON on stdout. Which lines there are is decided by the engine's level, so that changing it changes all. */
function ownLogger(): Logger {
  return pino({ level: 'debug', base: { pid: process.pid } }, pino.destination({ dest: 1, sync: true }));
}

/**
 * What a service has to say beside what its engine does (lines of nodes, warnings, failures of runs, deaths of threads): what
 * people look for at info, every other event at debug.
 */
class ServeLog {
  readonly #logger: Logger;
  readonly #engine: Engine;

  constructor(logger: Logger, engine: Engine) {
    this.#logger = logger;
    this.#engine = engine;
  }

  /** Writes a line, in the form in which the engine writes its own. */
  say(level: LogLevel, fields: Readonly<Record<string, unknown>>, message: string, of: LogOrigin = {}): void {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(this.#engine.logLevel)) return;
    this.#logger[level]({ ...fields, cano: { engine: this.#engine.name, ...of } }, message);
  }

  take(event: ServeEvent): void {
    switch (event.type) {
      case 'log':
      case 'warning':
        // The engine has written it.
        break;
      case 'run.started':
        this.say('info', {}, 'run started', runOf(event));
        break;
      case 'run.finished': {
        const { status, state, error, report } = event;
        const fields = { status, durationMs: Math.round(report.wallMs), ...(error === undefined ? {} : { error }) };
        // The engine has written of the others.
        if (status === 'completed') this.say('info', fields, 'run completed', { ...runOf(event), state });
        if (status === 'cancelled') this.say('warn', fields, 'run cancelled', { ...runOf(event), state });
        break;
      }
      case 'retry.scheduled': {
        const { state, node, visit, attempt, delayMs, error } = event;
        const of = { ...runOf(event), state, node, visit, attempt };
        this.say('info', { delayMs, error }, 'attempt failed; tried again', of);
        break;
      }
      case 'schedule.skipped':
        this.say('info', { schedule: event.schedule, reason: event.reason }, 'fire skipped');
        break;
      case 'schedule.missed':
        this.say('warn', { schedule: event.schedule, fires: event.fires }, 'fires missed');
        break;
      case 'schedule.changed': {
        const until = event.until === undefined ? {} : { until: new Date(event.until) };
        this.say('info', { schedule: event.schedule, ...until }, `schedule ${event.change}`);
        break;
      }
      case 'schedule.finished':
        // With a run, its end is told already.
        if (event.runId === undefined)
          this.say('warn', { schedule: event.schedule, error: event.error }, 'run could not be started');
        break;
      default:
        if (this.#engine.logLevel === 'debug')
          this.say('debug', { ...event }, event.type, 'runId' in event ? { runId: event.runId } : {});
    }
  }
}

function runOf({ runId, workflow }: { readonly runId: string; readonly workflow: string }): LogOrigin {
  return { runId, workflow };
}
