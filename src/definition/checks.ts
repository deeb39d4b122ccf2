/** What is checked of every kind of definition, with the place (`at`) for the message. */
import { toMs, type Duration } from '../core/duration.ts';
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import type { RetryPolicy } from '../core/retry.ts';

/** The outcomes as a list that nobody can change. */
export function checkOutcomes(at: string, outcomes: unknown): readonly string[] {
  if (!Array.isArray(outcomes) || outcomes.length === 0) {
    throw new InvalidOptionError(`${at}: outcomes must be a list of at least one name, got ${describeValue(outcomes)}`);
  }
  const names = outcomes as readonly unknown[];
  const bad = names.findIndex((outcome) => typeof outcome !== 'string' || outcome === '');
  if (bad !== -1) {
    throw new InvalidOptionError(
      `${at}: outcomes must be names, strings that are not empty, got ${describeValue(names[bad])} at index ${bad}`,
    );
  }
  if (new Set(names).size !== names.length) {
    throw new InvalidOptionError(`${at}: an outcome is listed twice in (${names.join(', ')})`);
  }
  return Object.freeze([...names] as string[]);
}

export function checkExec(at: string, exec: unknown): void {
  if (typeof exec === 'function' || (exec as { kind?: unknown } | undefined)?.kind === 'thread') return;
  throw new InvalidOptionError(
    `${at}: exec must be a function or the result of defineExec, got ${describeValue(exec)}`,
  );
}

/** Each must be a function or absent. */
export function checkFunctions(at: string, functions: Readonly<Record<string, unknown>>): void {
  for (const [option, given] of Object.entries(functions)) {
    if (given === undefined || typeof given === 'function') continue;
    throw new InvalidOptionError(`${at}: ${option} must be a function, got ${describeValue(given)}`);
  }
}

export function checkRetry(at: string, retry: RetryPolicy | null | undefined): void {
  if (retry === undefined) return;
  if (['none', 'fixed', 'exponential'].includes(retry?.kind ?? '')) return;
  throw new InvalidOptionError(
    `${at}: retry must be made by retry.none(), retry.fixed() or retry.exponential(), got ${describeValue(retry)}`,
  );
}

export function checkPost(at: string, post: unknown, outcomes: readonly string[]): void {
  if (post !== undefined || outcomes.length === 1) return;
  throw new InvalidOptionError(`${at}: post is missing; only a node with exactly one outcome may leave it out`);
}

export function checkConcurrency(at: string, concurrency: unknown): void {
  if (concurrency === undefined || (Number.isSafeInteger(concurrency) && (concurrency as number) >= 1)) return;
  throw new InvalidOptionError(`${at}: concurrency must be an integer >= 1, got ${describeValue(concurrency)}`);
}

/** In milliseconds. */
export function checkTimeout(at: string, timeout: Duration | undefined): number | undefined {
  const timeoutMs = timeout === undefined ? undefined : toMs(timeout, `${at}: timeout`);
  if (timeoutMs === 0) throw new InvalidOptionError(`${at}: timeout must be above 0, got ${describeValue(timeout)}`);
  return timeoutMs;
}

/** The keys as a list that nobody can change. */
export function checkReads(at: string, reads: unknown): readonly string[] | undefined {
  if (reads === undefined) return undefined;
  if (!Array.isArray(reads)) {
    throw new InvalidOptionError(`${at}: reads must be a list of keys of the store, got ${describeValue(reads)}`);
  }
  const keys = reads as readonly unknown[];
  const bad = keys.findIndex((key) => typeof key !== 'string');
  if (bad === -1) return Object.freeze([...keys] as string[]);
  throw new InvalidOptionError(
    `${at}: reads must be keys of the store, got ${describeValue(keys[bad])} at index ${bad}`,
  );
}
