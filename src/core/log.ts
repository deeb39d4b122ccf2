// Thread: both
/** What nodes log with, on whichever thread. */
import { attempt, describeValue, fieldOf, InvalidOptionError, isError } from './errors.ts';
import type { LogLevel } from './events.ts';

/** The least level that is logged; with 'none' nothing is. */
export type LogThreshold = LogLevel | 'none';

export const LOG_LEVELS: readonly LogThreshold[] = ['debug', 'info', 'warn', 'error', 'none'];
export const DEFAULT_LOG_LEVEL: LogThreshold = 'info';

/** Logs one line. Fields are data; errors among them keep name, code and cause. */
export type LogMethod = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/**
 * Writes lines to the engine's logger and as events, live also from a thread that computes. Lines beyond what can be handled
 * are dropped and counted (a `logs_dropped` warning says how many); lines below the engine's `logLevel` cost next to nothing.
 */
export interface Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  /** Whether lines of this level are logged at this moment, for fields that are dear to make. Some 20 ns. */
  readonly isEnabled: (level: LogLevel) => boolean;
}

/** Knows the place in `LOG_LEVELS` of the least level that is logged. */
export interface LogGate {
  readonly rank: number;
}

export function rankOf(level: LogThreshold): number {
  return LOG_LEVELS.indexOf(level);
}

/** @throws InvalidOptionError naming `what` when it is no level */
export function checkLogLevel(what: string, level: unknown): LogThreshold {
  const found = LOG_LEVELS.find((known) => known === level);
  if (found !== undefined) return found;
  throw new InvalidOptionError(`${what} must be one of ${LOG_LEVELS.join(', ')}, got ${describeValue(level)}`);
}

/**
 * A log whose lines below the gate's level go nowhere. Its methods may be taken off it, and throw nothing, whatever they are
 * given: `write` gets fields that are data, each read once.
 */
export function createLog(
  gate: LogGate,
  write: (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> | undefined) => void,
): Log {
  // JavaScript callers hand in anything.
  const method = (level: LogLevel): ((message: unknown, fields?: unknown) => void) => {
    const rank = rankOf(level);
    return (message, fields) => {
      if (rank >= gate.rank) write(level, textOf(message), fields === undefined ? undefined : fieldsOf(fields));
    };
  };
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    isEnabled: (level) => rankOf(level) >= gate.rank,
  };
}

function textOf(message: unknown): string {
  return typeof message === 'string' ? message : attempt(() => String(message), describeValue(message));
}

// `log.error('it failed', error)` is what fingers write: as field `err`, by the custom of pino.
function fieldsOf(fields: unknown): Readonly<Record<string, unknown>> {
  if (isError(fields)) return { err: fields };
  const isRecord = typeof fields === 'object' && fields !== null && !attempt(() => Array.isArray(fields), false);
  return isRecord ? readFields(fields) : { value: fields };
}

// A getter, or a trap of a proxy, runs here and nowhere behind: what throws is undefined.
function readFields(fields: object): Readonly<Record<string, unknown>> {
  try {
    return { ...fields };
  } catch {
    const keys = attempt(() => Object.keys(fields), []);
    return Object.fromEntries(keys.map((key) => [key, fieldOf(fields, key)]));
  }
}
