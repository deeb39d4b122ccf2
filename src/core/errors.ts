// Thread: both
/**
 * Every error that cano itself throws: one base class, a stable `code` to match on, a message that names the
 * offending value and the remedy, and where it happened.
 */

/** Where an error happened; only the parts that are known are set. */
export interface Where {
  readonly workflow?: string;
  readonly runId?: string;
  readonly state?: string;
  readonly node?: string;
  readonly visit?: number;
  readonly branch?: string;
  readonly item?: number;
  readonly attempt?: number;
  readonly thread?: number;
}

/** The stable codes. Match on these, not on messages. */
export type ErrorCode =
  | 'CANO_INVALID_OPTION'
  | 'CANO_INVALID_WORKFLOW'
  | 'CANO_UNDECLARED_OUTCOME'
  | 'CANO_MISSING_KEY'
  | 'CANO_NOT_A_LIST'
  | 'CANO_STORE_CLOSED'
  | 'CANO_STORE_READ_ONLY'
  | 'CANO_DUPLICATE_EXEC'
  | 'CANO_NOT_CLONEABLE'
  | 'CANO_LOAD_FAILED'
  | 'CANO_SETUP_FAILED'
  | 'CANO_TIMEOUT'
  | 'CANO_STOPPED'
  | 'CANO_THREAD_DIED'
  | 'CANO_SERVICE_FAILED'
  | 'CANO_WRONG_THREAD'
  | 'CANO_JOIN_FAILED'
  | 'CANO_ENGINE_CLOSED'
  | 'CANO_QUEUE_FULL'
  | 'CANO_UNKNOWN_SCHEDULE'
  | 'CANO_SCHEDULE_BUSY'
  | 'CANO_SCHEDULE_TRIPPED'
  | 'CANO_SCHEDULER_STOPPED'
  | 'CANO_EVENTS_OVERFLOW'
  | 'CANO_MAX_TRANSITIONS'
  | 'CANO_NON_RETRYABLE'
  | 'CANO_RETRY_AFTER'
  | 'CANO_RUN_FAILED'
  | 'CANO_RUN_CANCELLED'
  | 'CANO_RUN_TIMED_OUT'
  | 'CANO_TRACE_NOT_WRITTEN'
  | 'CANO_USAGE';

export interface CanoErrorOptions {
  readonly cause?: unknown;
  readonly where?: Where;
}

/** Base of all errors of cano. */
export class CanoError extends Error {
  readonly code: ErrorCode;
  readonly where: Where;

  constructor(code: ErrorCode, message: string, options: CanoErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.where = options.where ?? {};
    this.name = new.target.name;
  }
}

/** An option, environment variable or duration has a value that cannot be used. */
export class InvalidOptionError extends CanoError {
  constructor(message: string, options?: CanoErrorOptions) {
    super('CANO_INVALID_OPTION', message, options);
  }
}

/** A workflow definition does not hold together; `problems` lists everything found. */
export class InvalidWorkflowError extends CanoError {
  readonly problems: readonly string[];

  constructor(workflow: string, problems: readonly string[]) {
    super(
      'CANO_INVALID_WORKFLOW',
      `workflow '${workflow}' is not valid:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
      {
        where: { workflow },
      },
    );
    this.problems = problems;
  }
}

/** `post` returned something that the node does not declare as an outcome. Never retried. */
export class UndeclaredOutcomeError extends CanoError {
  constructor(node: string, returned: unknown, declared: readonly string[]) {
    super(
      'CANO_UNDECLARED_OUTCOME',
      `post of node '${node}' returned ${describeValue(returned)}, which is not one of its outcomes (${declared.join(', ')}): ` +
        `add it to 'outcomes' or return one of them`,
      { where: { node } },
    );
  }
}

const MAX_LISTED_KEYS = 20;

/** A store key that must be there is missing. Never retried. */
export class MissingKeyError extends CanoError {
  readonly key: string;

  constructor(key: string, present: readonly string[]) {
    const listed = present.slice(0, MAX_LISTED_KEYS).map((k) => `'${k}'`);
    const more = present.length > listed.length ? ` and ${present.length - listed.length} more` : '';
    const have = present.length === 0 ? 'the store is empty' : `it holds ${listed.join(', ')}${more}`;
    super('CANO_MISSING_KEY', `the store has no key '${key}' (${have}): put it first, or use find('${key}')`);
    this.key = key;
  }
}

/** `append` met a value that is not an array. Never retried. */
export class NotAListError extends CanoError {
  readonly key: string;

  constructor(key: string, value: unknown) {
    super('CANO_NOT_A_LIST', `cannot append to store key '${key}': it holds ${describeValue(value)}, not an array`);
    this.key = key;
  }
}

/** The store given to a node was written to after the node had returned, so the write could not be kept. Never retried. */
export class StoreClosedError extends CanoError {
  constructor(operation: string) {
    super(
      'CANO_STORE_CLOSED',
      `${operation} came after the node that was given this store had returned, so it cannot be kept: await all work in prep and post`,
    );
  }
}

/** A branch of a split wrote to the store. Never retried. */
export class ReadOnlyStoreError extends CanoError {
  constructor(operation: string) {
    super(
      'CANO_STORE_READ_ONLY',
      `${operation} was called in prep of a branch, which may only read the store: branches run side by side, so write in post of their split`,
    );
  }
}

/** Two different execs were registered under one `url#name`. */
export class DuplicateExecError extends CanoError {
  constructor(key: string) {
    super('CANO_DUPLICATE_EXEC', `two execs are defined with the key '${key}': give one of them another name`);
  }
}

/** A value cannot be copied to another thread by structured clone. Never retried. */
export class NotCloneableError extends CanoError {
  /** Path of the culprit inside the value, such as `.items[3].cb`; empty when it is the value itself. */
  readonly path: string;

  constructor(message: string, path: string, options?: CanoErrorOptions) {
    super('CANO_NOT_CLONEABLE', message, options);
    this.path = path;
  }
}

/** The file of a thread exec could not be imported, or does not define the exec it should. */
export class LoadFailedError extends CanoError {
  constructor(message: string, options?: CanoErrorOptions) {
    super('CANO_LOAD_FAILED', message, options);
  }
}

/** `setup` of a thread exec threw or took longer than `setupTimeout`. */
export class SetupFailedError extends CanoError {
  constructor(message: string, options?: CanoErrorOptions) {
    super('CANO_SETUP_FAILED', message, options);
  }
}

/** How far the stop ladder had to go: the flag was obeyed, or the thread was terminated. */
export type StopRung = 'soft' | 'hard';

/** An attempt ran longer than its `timeout` (running time only, never queue time). */
export class AttemptTimeoutError extends CanoError {
  readonly timeoutMs: number;
  readonly rung: StopRung;

  constructor(what: string, timeoutMs: number, rung: StopRung, options?: CanoErrorOptions) {
    const how = rung === 'soft' ? 'it stopped when asked' : 'it did not stop when asked and its thread was terminated';
    super('CANO_TIMEOUT', `${what} ran longer than its timeout of ${timeoutMs} ms (${how})`, options);
    this.timeoutMs = timeoutMs;
    this.rung = rung;
  }
}

/** An execution was stopped because its run was cancelled, failed elsewhere or timed out. */
export class StoppedError extends CanoError {
  constructor(message: string, options?: CanoErrorOptions) {
    super('CANO_STOPPED', message, options);
  }
}

/** Why a thread died. */
export type DeathReason = 'exit' | 'uncaught_error' | 'out_of_memory' | 'terminated' | 'protocol';

/** The thread that executed an attempt died during it. */
export class ThreadDiedError extends CanoError {
  readonly reason: DeathReason;

  constructor(message: string, reason: DeathReason, options?: CanoErrorOptions) {
    super('CANO_THREAD_DIED', message, options);
    this.reason = reason;
  }
}

/** A service call made from a thread could not be answered. */
export class ServiceError extends CanoError {
  constructor(message: string, options?: CanoErrorOptions) {
    super('CANO_SERVICE_FAILED', message, options);
  }
}

/** Code was loaded on a thread where it must not run. */
export class WrongThreadError extends CanoError {
  constructor(message: string) {
    super('CANO_WRONG_THREAD', message);
  }
}

/** The engine is closing or closed. */
export class EngineClosedError extends CanoError {
  constructor(message: string) {
    super('CANO_ENGINE_CLOSED', message);
  }
}

/** An engine was given one more run than its `maxRuns`, and has `whenFull: 'reject'`. Nothing of the run was executed. */
export class QueueFullError extends CanoError {
  readonly maxRuns: number;

  constructor(engine: string, maxRuns: number) {
    super(
      'CANO_QUEUE_FULL',
      `engine '${engine}' has as many runs under way as it may have (maxRuns: ${maxRuns}): start this one when another has ended, ` +
        `have it wait (whenFull: 'wait', and await run.started before the next), or raise maxRuns`,
    );
    this.maxRuns = maxRuns;
  }
}

/** Throw it from prep, exec or post to fail without a further attempt. Subclasses keep the meaning across threads. */
export class NonRetryableError extends CanoError {
  constructor(message: string, options?: CanoErrorOptions) {
    super('CANO_NON_RETRYABLE', message, options);
  }
}

/** Throw it to ask for the next attempt after a delay of your choosing, in milliseconds. */
export class RetryAfterError extends CanoError {
  readonly delayMs: number;

  constructor(message: string, delayMs: number, options?: CanoErrorOptions) {
    super('CANO_RETRY_AFTER', message, options);
    if (!Number.isFinite(delayMs) || delayMs < 0) {
      throw new InvalidOptionError(
        `RetryAfterError: delayMs must be a number of milliseconds >= 0, got ${describeValue(delayMs)}`,
      );
    }
    this.delayMs = delayMs;
  }
}

/** Whether a value is an error of cano, also when it comes from another copy of the package. */
export function isCanoError(value: unknown): value is CanoError {
  if (!isError(value)) return false;
  const code = fieldOf(value, 'code');
  return typeof code === 'string' && code.startsWith('CANO_');
}

// What follows reads values that nobody vouches for: thrown by user code, with getters or proxy traps that throw in turn.
// None of it may throw.

/** Whether a value is an error, also one of another realm (vm contexts, some test runners), which `instanceof` denies. */
export function isError(value: unknown): value is Error {
  return attempt(() => value instanceof Error || Object.prototype.toString.call(value) === '[object Error]', false);
}

/** A field of an object, or undefined when reading it throws. */
export function fieldOf(value: object, key: string): unknown {
  return attempt(() => (value as Readonly<Record<string, unknown>>)[key], undefined);
}

/** What `read` returns, or `fallback` when it throws. */
export function attempt<T>(read: () => T, fallback: T): T {
  try {
    return read();
  } catch {
    return fallback;
  }
}

/** The name of an error as a string, whatever the user made of it. */
export function nameOf(error: Error): string {
  const name = fieldOf(error, 'name');
  return typeof name === 'string' ? name : 'Error';
}

/** The message of whatever was thrown; for an error without one, its name. */
export function messageOf(thrown: unknown): string {
  if (!isError(thrown)) return `a thrown ${describeValue(thrown)}`;
  const message = fieldOf(thrown, 'message') ?? '';
  if (message === '') return nameOf(thrown);
  return typeof message === 'string' ? message : describeValue(message);
}

/** A short description of any value for error messages: `'abc'`, `12`, `an array of 3`, `an instance of Map`. */
export function describeValue(value: unknown): string {
  return attempt(() => describe(value), 'a value that cannot be read');
}

function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number')
    return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return value.length > 80 ? `'${value.slice(0, 77)}...'` : `'${value}'`;
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value === 'function') return isName(value.name) ? `the function ${value.name}` : 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return isName(name) && name !== 'Object' ? `an instance of ${name}` : 'an object';
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== '';
}
