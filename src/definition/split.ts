/** Splits: branches side by side, and the rule that joins them. */
import type { Duration } from '../core/duration.ts';
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import type { Settled } from '../core/join-error.ts';
import { isJoinRule, neededOf, type JoinAll, type JoinRule } from '../core/join.ts';
import { DEFAULT_RETRY, type RetryPolicy } from '../core/retry.ts';
import type { Branch } from './branch.ts';
import { checkConcurrency, checkFunctions, checkOutcomes, checkPost, checkRetry, checkTimeout } from './checks.ts';
import type { AnyNode, MaybePromise, NoPost, Phases, PostContext } from './node.ts';

/** Branches of a split by name. */
export type Branches<Store> = Readonly<Record<string, Branch<Store>>>;

/** The services that some branch of a split needs. */
// From a union in the place of a parameter, inference makes an intersection.
export type ServicesOf<Given> = [Given[keyof Given]] extends [
  { readonly types: (store: never, services: infer S) => unknown },
]
  ? S
  : never;

type OutputOf<Given> = Given extends { readonly types: (store: never, services: never) => infer Output }
  ? Output
  : never;

/** What post of a split gets: the output of every branch, or, unless all of them must complete, how each ended. */
export type SplitResults<Given, Rule> = Rule extends JoinAll
  ? { readonly [Name in keyof Given]: OutputOf<Given[Name]> }
  : { readonly [Name in keyof Given]: Settled<OutputOf<Given[Name]>> };

/** One outcome, or a list of outcomes. */
export type OutcomesOf<Outcomes> = Outcomes extends readonly (infer Each)[] ? Each : Outcomes;

/** Stands in place of a workflow that cannot be, and says why. */
export interface NotAWorkflow<Why extends string> {
  readonly 'not a workflow': Why;
}

/** Nothing of a workflow when post is missing; else `Made`. */
export type WithPost<Outcomes, Returned, Made> = [Returned] extends [NoPost]
  ? Outcomes extends string | readonly [string]
    ? Made
    : NotAWorkflow<'Error: post is missing; only a split with exactly one outcome may leave it out'>
  : Made;

export interface SplitSpec<Store, Given extends Branches<Store>, Rule extends JoinRule, Outcomes, Returned> {
  /** What is done side by side, by name. Each branch has its own prep, retries, timeout and concurrency. */
  readonly branches: Given;
  /** When the branches are together; the others are stopped at that moment. */
  readonly join: Rule;
  /** Longest time from the start of the first branch until the join is decided; then the split fails. */
  readonly timeout?: Duration;
  /** At most so many branches of this split at once; one that waits for its retry does not count. @default no limit */
  readonly concurrency?: number;
  /** Everything that post may return; states, or names that `routes` maps to states. */
  readonly outcomes: Outcomes;
  /** Main thread: puts the results into the store and says what follows. */
  readonly post?: (
    store: Store,
    results: SplitResults<NoInfer<Given>, NoInfer<Rule>>,
    ctx: PostContext<ServicesOf<NoInfer<Given>>, undefined>,
  ) => MaybePromise<Returned>;
  /** Of post; it never repeats the branches. @default retry.exponential(): 3 retries, from 100 ms */
  readonly retry?: RetryPolicy;
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
}

/** @internal A split as the orchestrator reads it. */
export interface SplitNode extends Phases {
  readonly kind: 'split';
  readonly branches: ReadonlyMap<string, AnyNode>;
  readonly join: JoinRule;
  readonly timeoutMs: number | undefined;
  readonly concurrency: number | undefined;
}

/** A spec, its types erased. */
type Loose = Omit<SplitSpec<unknown, Branches<unknown>, JoinRule, unknown, unknown>, 'post'> & {
  readonly post?: unknown;
};

/** @internal Checks a split and freezes it. It goes by the name of its state. */
export function defineSplit(state: string, spec: Loose): SplitNode {
  const at = `split '${state}'`;
  const { join, concurrency, post, retry, retryIf } = spec;
  const branches = checkBranches(at, spec.branches);
  if (!isJoinRule(join)) {
    throw new InvalidOptionError(
      `${at}: join must be made by join.all(), join.any() or join.atLeast(), got ${describeValue(join)}`,
    );
  }
  const needed = neededOf(join, branches.size);
  if (needed > branches.size) {
    throw new InvalidOptionError(`${at}: join.atLeast(${needed}) can never be won by ${branches.size} branches`);
  }
  const outcomes = checkOutcomes(at, typeof spec.outcomes === 'string' ? [spec.outcomes] : spec.outcomes);
  checkFunctions(at, { post, retryIf });
  checkRetry(at, retry);
  checkPost(at, post, outcomes);
  checkConcurrency(at, concurrency);
  return Object.freeze({
    kind: 'split',
    name: state,
    outcomes,
    prep: undefined,
    post: post as Phases['post'],
    retry: retry ?? DEFAULT_RETRY,
    retryIf,
    branches,
    join,
    timeoutMs: checkTimeout(at, spec.timeout),
    concurrency,
  });
}

function checkBranches(at: string, given: unknown): ReadonlyMap<string, AnyNode> {
  if (typeof given !== 'object' || given === null || Object.keys(given).length === 0) {
    throw new InvalidOptionError(
      `${at}: branches must be an object of at least one branch, got ${describeValue(given)}`,
    );
  }
  const branches = new Map(Object.entries(given as Readonly<Record<string, AnyNode>>));
  for (const [name, branch] of branches) {
    if ((branch as { readonly kind?: unknown } | undefined)?.kind === 'branch' && name !== '') continue;
    throw new InvalidOptionError(`${at}: branch '${name}' must be made by branchFor, got ${describeValue(branch)}`);
  }
  return branches;
}
