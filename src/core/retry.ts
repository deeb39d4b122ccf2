// Thread: both
/** Retry policies as data, and the pure rules that read them. */
import { toMs, type Duration } from './duration.ts';
import {
  describeValue,
  fieldOf,
  InvalidOptionError,
  isCanoError,
  NonRetryableError,
  RetryAfterError,
  type ErrorCode,
  messageOf,
} from './errors.ts';
import type { Random } from './clock.ts';

/** How often and how long after a failure a visit tries again. `retries` counts the tries after the first. */
export type RetryPolicy =
  | { readonly kind: 'none' }
  | { readonly kind: 'fixed'; readonly retries: number; readonly delayMs: number }
  | {
      readonly kind: 'exponential';
      readonly retries: number;
      readonly baseDelayMs: number;
      readonly multiplier: number;
      readonly maxDelayMs: number;
      readonly jitter: number;
    };

export interface FixedRetryOptions {
  /** Tries after the first; an integer >= 0. */
  readonly retries: number;
  /** Wait before each of them. @default 0 */
  readonly delay?: Duration;
}

export interface ExponentialRetryOptions {
  /** Tries after the first; an integer >= 0. @default 3 */
  readonly retries?: number;
  /** Wait before the first retry. @default '100ms' */
  readonly baseDelay?: Duration;
  /** Growth per retry, >= 1. @default 2 */
  readonly multiplier?: number;
  /** No wait is longer, jitter included. @default '30s' */
  readonly maxDelay?: Duration;
  /** Share of the wait that is random, 0 to 1: 0.1 gives ±10 %. @default 0.1 */
  readonly jitter?: number;
}

/** Makers of retry policies; each throws `InvalidOptionError` on a value that cannot be used. */
export const retry = {
  /** One try. */
  none: (): RetryPolicy => ({ kind: 'none' }),

  /** The same wait before each retry. */
  fixed: ({ retries, delay = 0 }: FixedRetryOptions): RetryPolicy => ({
    kind: 'fixed',
    retries: count(retries, 'retry.fixed: retries'),
    delayMs: toMs(delay, 'retry.fixed: delay'),
  }),

  /** Waits that grow by `multiplier` from `baseDelay` to `maxDelay`. */
  exponential: (options: ExponentialRetryOptions = {}): RetryPolicy => ({
    kind: 'exponential',
    retries: count(options.retries ?? 3, 'retry.exponential: retries'),
    baseDelayMs: toMs(options.baseDelay ?? 100, 'retry.exponential: baseDelay'),
    multiplier: within(options.multiplier ?? 2, 1, Number.MAX_SAFE_INTEGER, 'retry.exponential: multiplier'),
    maxDelayMs: toMs(options.maxDelay ?? 30_000, 'retry.exponential: maxDelay'),
    jitter: within(options.jitter ?? 0.1, 0, 1, 'retry.exponential: jitter'),
  }),
};

/** What a node without a `retry` of its own gets: the seed's default. */
export const DEFAULT_RETRY: RetryPolicy = retry.exponential();

/** Tries after the first that a policy allows. */
export function retriesOf(policy: RetryPolicy): number {
  return policy.kind === 'none' ? 0 : policy.retries;
}

/**
 * The wait before a retry.
 *
 * @param retryNumber which retry, from 1
 * @returns milliseconds; exponential waits never exceed `maxDelayMs`, jitter included
 */
export function delayOf(policy: RetryPolicy, retryNumber: number, random: Random): number {
  if (policy.kind === 'none') return 0;
  if (policy.kind === 'fixed') return policy.delayMs;
  // The power overflows to Infinity, and 0 × Infinity is NaN, which a timer takes for 1 ms.
  if (policy.baseDelayMs === 0) return 0;
  const grown = Math.min(policy.baseDelayMs * policy.multiplier ** (retryNumber - 1), policy.maxDelayMs);
  return Math.min(grown * (1 + policy.jitter * (2 * random() - 1)), policy.maxDelayMs);
}

// Repeating these cannot help: the definition, the code or the data is at fault.
const NEVER_RETRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CANO_NON_RETRYABLE',
  'CANO_NOT_CLONEABLE',
  'CANO_UNDECLARED_OUTCOME',
  'CANO_MISSING_KEY',
  'CANO_NOT_A_LIST',
  'CANO_STORE_CLOSED',
  'CANO_STORE_READ_ONLY',
  'CANO_LOAD_FAILED',
  'CANO_DUPLICATE_EXEC',
  'CANO_WRONG_THREAD',
  'CANO_INVALID_OPTION',
  'CANO_INVALID_WORKFLOW',
  'CANO_JOIN_FAILED',
  'CANO_ENGINE_CLOSED',
  'CANO_STOPPED',
]);

/** Whether an error may be retried when the node has no `retryIf`. TypeError and SyntaxError may: fetch and JSON.parse throw them. */
export function isRetryable(error: unknown): boolean {
  // By class as well: a subclass may have a `code` of its own.
  if (error instanceof NonRetryableError) return false;
  if (isCanoError(error)) return !NEVER_RETRIED.has(error.code);
  return !(error instanceof ReferenceError);
}

export interface RetryRule {
  readonly policy: RetryPolicy;
  /** The user's own judgement; it replaces `isRetryable`, not the number of retries. */
  readonly retryIf?: ((error: unknown, attempt: number) => boolean) | undefined;
}

/** What to do after a failed attempt. `error` is what the execution fails with. */
export type RetryDecision =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly error: unknown };

/**
 * Decides whether a failed attempt is tried again. A `retryIf` that throws ends it.
 *
 * @param attempt the attempt that failed, from 1
 * @param retriesUsed how many retries of the budget are used up already
 */
export function decideRetry(
  rule: RetryRule,
  error: unknown,
  attempt: number,
  retriesUsed: number,
  random: Random,
): RetryDecision {
  if (retriesUsed >= retriesOf(rule.policy)) return { retry: false, error };
  try {
    const wanted = rule.retryIf === undefined ? isRetryable(error) : rule.retryIf(error, attempt);
    if (!wanted) return { retry: false, error };
  } catch (thrown) {
    const message = `retryIf threw when it was asked about '${messageOf(error)}': ${messageOf(thrown)}`;
    return { retry: false, error: new NonRetryableError(message, { cause: thrown }) };
  }
  return { retry: true, delayMs: askedDelayOf(error) ?? delayOf(rule.policy, retriesUsed + 1, random) };
}

// By code as well: the error may come from another copy of the package.
function askedDelayOf(error: unknown): number | undefined {
  if (!(error instanceof RetryAfterError || (isCanoError(error) && error.code === 'CANO_RETRY_AFTER')))
    return undefined;
  const delayMs = fieldOf(error, 'delayMs');
  return typeof delayMs === 'number' && Number.isFinite(delayMs) && delayMs >= 0 ? delayMs : undefined;
}

function count(value: number, option: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidOptionError(`${option} must be an integer >= 0, got ${describeValue(value)}`);
}

function within(value: number, low: number, high: number, option: string): number {
  if (typeof value === 'number' && value >= low && value <= high) return value;
  throw new InvalidOptionError(`${option} must be a number from ${low} to ${high}, got ${describeValue(value)}`);
}
