/**
 * What an engine tells a logger of its user's: the lines that nodes log, and what somebody who reads logs must know.
 *
 * O1 Fields of the user's keep their names; where the line comes from is in one field beside them, `cano`. So neither side
 *    can overwrite the other, whatever names nodes choose.
 */
import { describeValue, fieldOf, InvalidOptionError } from '../core/errors.ts';
import { UNEXPECTED_DEATHS, type EngineEvent, type LogLevel, type RunEvent } from '../core/events.ts';
import { rankOf, type LogGate } from '../core/log.ts';

/** Where a line comes from: the parts that are known. */
export interface LogOrigin {
  readonly runId?: string;
  readonly workflow?: string;
  readonly state?: string;
  readonly node?: string;
  readonly visit?: number;
  readonly branch?: string;
  /** Index of the item in its batch, from 0. */
  readonly item?: number;
  readonly attempt?: number;
  /** Absent for what ran on the main thread. */
  readonly thread?: number;
  /** Name of the engine, for what belongs to no run. */
  readonly engine?: string;
  /** Of a warning. */
  readonly code?: string;
  /** With the code `logs_dropped`: so many lines. */
  readonly dropped?: number;
}

/** The fields of a line: those that the node gave, and where it comes from. */
export interface LogFields {
  readonly [name: string]: unknown;
  readonly cano: LogOrigin;
}

/** What lines are written to: the fields come first, as with pino, which fits as it is. */
export interface Logger {
  debug(fields: LogFields, message: string): unknown;
  info(fields: LogFields, message: string): unknown;
  warn(fields: LogFields, message: string): unknown;
  error(fields: LogFields, message: string): unknown;
}

/** A logger that takes the message first, as winston and `console` do. */
export interface MessageFirstLogger {
  debug(message: string, fields: LogFields): unknown;
  info(message: string, fields: LogFields): unknown;
  warn(message: string, fields: LogFields): unknown;
  error(message: string, fields: LogFields): unknown;
}

const METHODS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

interface Line {
  readonly level: LogLevel;
  readonly fields: LogFields;
  readonly message: string;
}

/**
 * Makes a logger that takes the message first into one that `createEngine` takes.
 *
 * @throws InvalidOptionError when one of its methods is missing
 * @example
 * const engine = createEngine({ logger: messageFirst(console) });
 */
export function messageFirst(logger: MessageFirstLogger): Logger {
  checkMethods('messageFirst: the logger', logger);
  return {
    debug: (fields, message) => logger.debug(message, fields),
    info: (fields, message) => logger.info(message, fields),
    warn: (fields, message) => logger.warn(message, fields),
    error: (fields, message) => logger.error(message, fields),
  };
}

/** @throws InvalidOptionError when it cannot be used */
export function checkLogger(logger: unknown): Logger {
  checkMethods('createEngine: logger', logger);
  return logger as Logger;
}

/** A listener that hands a logger what is for it. */
export function logTo(logger: Logger, gate: LogGate): (event: RunEvent | EngineEvent) => void {
  return (event) => {
    const line = lineOf(event);
    if (line !== undefined && rankOf(line.level) >= gate.rank) logger[line.level](line.fields, line.message);
  };
}

function lineOf(event: RunEvent | EngineEvent): Line | undefined {
  switch (event.type) {
    case 'log': {
      const { level, message, fields } = event;
      return { level, fields: withOrigin(fields, originOf(event)), message };
    }
    case 'warning': {
      const { code, message, dropped } = event;
      const origin = { ...originOf(event), code, ...(dropped === undefined ? {} : { dropped }) };
      return { level: 'warn', fields: { cano: origin }, message };
    }
    case 'run.finished': {
      const { status, state, runId, workflow, error, report } = event;
      if (status !== 'failed' && status !== 'timed_out') return undefined;
      const message = `run ${status.replace('_', ' ')}: ${error?.message ?? ''}`;
      return {
        level: 'error',
        fields: { error, durationMs: Math.round(report.wallMs), cano: { runId, workflow, state } },
        message,
      };
    }
    case 'thread.exited': {
      const { engine, thread, reason, message: why } = event;
      if (!UNEXPECTED_DEATHS.has(reason)) return undefined;
      const which = thread < 0 ? 'a thread' : `thread ${thread}`;
      const message = `${which} died (${reason})${why === undefined ? '' : `: ${why}`}`;
      return { level: 'warn', fields: { reason, cano: thread < 0 ? { engine } : { engine, thread } }, message };
    }
    default:
      return undefined;
  }
}

const ORIGIN = ['runId', 'workflow', 'state', 'node', 'visit', 'branch', 'item', 'attempt', 'thread'] as const;

// A loop, not nine spreads: it is done for every line.
function originOf(event: Extract<RunEvent, { type: 'log' | 'warning' }>): LogOrigin {
  const origin: Record<string, unknown> = {};
  const known = event as unknown as Readonly<Record<string, unknown>>;
  for (const part of ORIGIN) if (known[part] !== undefined) origin[part] = known[part];
  return origin;
}

function withOrigin(fields: Readonly<Record<string, unknown>> | undefined, cano: LogOrigin): LogFields {
  if (fields === undefined) return { cano };
  // The one name that is taken; what a node puts there is not lost.
  return Object.hasOwn(fields, 'cano') ? { ...fields, cano_: fields['cano'], cano } : { ...fields, cano };
}

function checkMethods(what: string, logger: unknown): void {
  const isObject = (typeof logger === 'object' && logger !== null) || typeof logger === 'function';
  const missing = METHODS.filter((method) => typeof fieldOf(Object(logger) as object, method) !== 'function');
  if (isObject && missing.length === 0) return;
  const found = isObject
    ? `${missing.join(', ')} of it ${missing.length === 1 ? 'is no function' : 'are no functions'}`
    : `got ${describeValue(logger)}`;
  throw new InvalidOptionError(`${what} must have the methods ${METHODS.join(', ')}, and ${found}`);
}
