// Thread: both
/** Join rules as data, and the pure rule that reads them: when the branches of a split are together. */
import { toMs, type Duration } from './duration.ts';
import { describeValue, InvalidOptionError } from './errors.ts';

/** Every branch must complete; the first failure decides. */
export interface JoinAll {
  readonly kind: 'all';
  readonly settle: false;
  readonly deadlineMs: number | undefined;
}

/** Every branch must end, completed or failed. */
export interface JoinSettled {
  readonly kind: 'all';
  readonly settle: true;
  readonly deadlineMs: number | undefined;
}

/** So many branches must complete: a number of them, or a share of all in percent. */
export interface JoinAtLeast {
  readonly kind: 'at_least';
  readonly needed: { readonly count: number } | { readonly percent: number };
  readonly deadlineMs: number | undefined;
}

/** When the branches of a split are together; made by `join`. */
export type JoinRule = JoinAll | JoinSettled | JoinAtLeast;

export interface JoinOptions {
  /**
   * From the start of the split: the join is decided then at the latest, by what has completed. With `settle` it is won, and
   * post gets the others as cancelled; otherwise branches are missing, so it fails.
   */
  readonly deadline?: Duration;
}

/** Makers of join rules; each throws `InvalidOptionError` on a value that cannot be used. */
export interface Joins {
  /** All branches end, completed or failed, and post gets how each did. */
  all(options: JoinOptions & { readonly settle: true }): JoinSettled;

  /** All branches complete: the first one that fails for good ends the join, and the others are stopped. */
  all(options?: JoinOptions & { readonly settle?: false }): JoinAll;

  /** The first branch that completes wins, and the others are stopped; lost when all have failed. */
  any(options?: JoinOptions): JoinAtLeast;

  /**
   * Won as soon as so many branches have completed, lost as soon as so many can no longer complete.
   *
   * @param needed an integer >= 1, or a whole percentage of the branches, rounded up: `join.atLeast('60%')`
   */
  atLeast(needed: number | `${number}%`, options?: JoinOptions): JoinAtLeast;
}

export const join: Joins = { all, any, atLeast };

function all(options: JoinOptions & { readonly settle: true }): JoinSettled;
function all(options?: JoinOptions & { readonly settle?: false }): JoinAll;
function all({ settle = false, deadline }: JoinOptions & { readonly settle?: boolean } = {}): JoinRule {
  if (typeof settle !== 'boolean') {
    throw new InvalidOptionError(`join.all: settle must be true or false, got ${describeValue(settle)}`);
  }
  return { kind: 'all', settle, deadlineMs: deadlineOf('join.all', deadline) };
}

function any({ deadline }: JoinOptions = {}): JoinAtLeast {
  return { kind: 'at_least', needed: { count: 1 }, deadlineMs: deadlineOf('join.any', deadline) };
}

function atLeast(needed: number | `${number}%`, { deadline }: JoinOptions = {}): JoinAtLeast {
  return { kind: 'at_least', needed: parseNeeded(needed), deadlineMs: deadlineOf('join.atLeast', deadline) };
}

/** Where a split stands. What is neither completed nor failed is still open. */
export interface JoinState {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly deadlinePassed: boolean;
}

/** `open`: go on; `won`: post can run; `impossible`: whatever the open branches do, it cannot be won any more. */
export type JoinDecision = 'open' | 'won' | 'impossible';

/** Branches that must complete; of a rule that settles, none must. */
export function neededOf(rule: JoinRule, total: number): number {
  if (rule.kind === 'all') return rule.settle ? 0 : total;
  const { needed } = rule;
  return 'count' in needed ? needed.count : Math.ceil((needed.percent * total) / 100);
}

/** Decides a join at the first moment at which it can be decided. */
export function decideJoin(rule: JoinRule, { total, completed, failed, deadlinePassed }: JoinState): JoinDecision {
  const isOver = deadlinePassed || completed + failed === total;
  if (rule.kind === 'all' && rule.settle) return isOver ? 'won' : 'open';
  const needed = neededOf(rule, total);
  if (completed >= needed) return 'won';
  return deadlinePassed || total - failed < needed ? 'impossible' : 'open';
}

/** A rule in words, for messages and graphs: `all`, `at least 2`. */
export function describeJoin(rule: JoinRule): string {
  if (rule.kind === 'all') return rule.settle ? 'all, settled' : 'all';
  const { needed } = rule;
  if ('percent' in needed) return `at least ${needed.percent}%`;
  return needed.count === 1 ? 'any' : `at least ${needed.count}`;
}

/** Whether a value was made by `join`, also by another copy of the package. */
export function isJoinRule(value: unknown): value is JoinRule {
  return ['all', 'at_least'].includes(((value ?? {}) as { kind?: string }).kind ?? '');
}

function parseNeeded(needed: unknown): JoinAtLeast['needed'] {
  if (Number.isSafeInteger(needed) && (needed as number) >= 1) return { count: needed as number };
  const percent = typeof needed === 'string' && /^\d{1,3}%$/.test(needed) ? Number(needed.slice(0, -1)) : 0;
  if (percent >= 1 && percent <= 100) return { percent };
  throw new InvalidOptionError(
    `join.atLeast: the number of branches must be an integer >= 1 or a whole percentage from '1%' to '100%', got ${describeValue(needed)}`,
  );
}

function deadlineOf(of: string, deadline: Duration | undefined): number | undefined {
  if (deadline === undefined) return undefined;
  const ms = toMs(deadline, `${of}: deadline`);
  if (ms > 0) return ms;
  throw new InvalidOptionError(`${of}: deadline must be above 0, got ${describeValue(deadline)}`);
}
