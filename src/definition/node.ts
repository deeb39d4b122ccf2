/** Nodes: the work of one state. What the user writes, checked once and kept as data. */
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import type { Duration } from '../core/duration.ts';
import type { AnalysedReport } from '../core/report.ts';
import { DEFAULT_RETRY, type RetryPolicy } from '../core/retry.ts';
import type { BoundExec, ExecContext, Log } from '../node.ts';
import type { StoreOf } from '../store/store.ts';
import {
  checkConcurrency,
  checkExec,
  checkFunctions,
  checkOutcomes,
  checkPost,
  checkReads,
  checkRetry,
  checkTimeout,
} from './checks.ts';

export type MaybePromise<T> = T | Promise<T>;

/** What prep gets beside the store. */
export interface PrepContext<Services = unknown> {
  /** The engine's main-thread objects. */
  readonly services: Services;
  readonly runId: string;
  /** Number of the visit, from 1. */
  readonly visit: number;
  /** Number of the attempt of this visit, from 1. */
  readonly attempt: number;
  /** Fires when the run is cancelled or times out; in a branch, also when its join is decided. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** What the run has done so far. */
  readonly report: () => AnalysedReport;
  /** The error that brought the run here by an `onFailure` route. */
  readonly lastError: unknown;
}

/** What post gets beside the store and exec's result. */
export interface PostContext<Services = unknown, Input = unknown> extends PrepContext<Services> {
  /** What prep returned. */
  readonly input: Input;
}

/** What an exec on the main thread gets beside its input: as on a thread, with `services` themselves in place of `rpc`. */
export interface InlineContext<Services = unknown, Common = unknown, Reads = unknown> extends Omit<
  ExecContext<undefined, undefined, unknown, Common, Reads>,
  'params' | 'resource' | 'rpc'
> {
  readonly services: Services;
}

/** A plain function runs on the main thread (for I/O). */
export type InlineExec<Input, Output, Services, Common = undefined, Reads = unknown> = (
  input: Input,
  ctx: InlineContext<Services, Common, Reads>,
) => MaybePromise<Output>;

/** The values by key that `reads` can name: those of a MemoryStore, or what `snapshot()` of a store of the user's own returns. */
export type ReadableValues<Store> = Store extends { snapshot(keys: readonly string[]): infer Values }
  ? Values
  : Store extends StoreOf<infer Schema, infer _Readable>
    ? Schema
    : unknown;

/** Names of those. */
export type ReadableKey<Store> = keyof ReadableValues<Store> & string;

/** What exec can read of the store when its node reads `Read`. */
export type ReadsOf<Store, Read extends string> = Pick<ReadableValues<Store>, Read & keyof ReadableValues<Store>>;

/** The option of nodes that exec's view of the store comes from. */
export interface ReadsOption<Read extends string> {
  /** Keys of the store that exec sees as `ctx.store.get(key)`, as they are at its dispatch. A value that has not changed is not sent again. */
  readonly reads?: readonly Read[];
}

/** Options that nodes and batch nodes share. */
export interface ExecutionOptions {
  /** @default retry.exponential(): 3 retries, from 100 ms */
  readonly retry?: RetryPolicy;
  /** Decides whether an error may be retried, in place of the built-in rules; the number of retries stays. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
  /** Longest running time of one exec attempt, of one item in a batch; time in the queue does not count. */
  readonly timeout?: Duration;
  /** At most so many executions of this node at once in the engine. @default no limit on threads; 16 items for a batch on the main thread */
  readonly concurrency?: number;
}

/** In the type of a node without post. */
export type NoPost = { readonly 'no post': true };
/** Main thread: takes exec's input out of the store. */
export type Prep<Store, Services, Input> = (store: Store, ctx: PrepContext<Services>) => MaybePromise<Input>;

/** In the type of a node without prep: told from a prep by a property of its own. */
export interface NoPrep<Store, Services, Input> {
  (store: Store, ctx: PrepContext<Services>): MaybePromise<Input>;
  readonly 'no prep'?: true;
}

type AnyFunction = (...args: never) => unknown;

/** What prep hands on; undefined without prep. */
export type InputOf<Given extends AnyFunction> = 'no prep' extends keyof Given ? undefined : Awaited<ReturnType<Given>>;

/** Stands in place of a node that cannot be, and says why. */
export interface NotANode<Why extends string> {
  readonly 'not a node': Why;
}

/** A node; or, in its place, the error that prep or post is missing. `Unprepared` is exec's input if there is no prep. */
export type MadeNode<Store, Services, Outcomes extends readonly string[], Returned, Unprepared = undefined> = [
  Returned,
  Outcomes['length'],
] extends [NoPost, 1] | [string, number]
  ? undefined extends Unprepared
    ? Node<Store, Outcomes[number], Services>
    : NotANode<'Error: prep is missing; exec takes an input'>
  : NotANode<'Error: post is missing; only a node with exactly one outcome may leave it out'>;

// The whole prep is a type parameter, not only what it returns: so its return gets exec's input as contextual type (once
// that is known from a thread exec), and `{ kind: 'a' }` is not widened to `{ kind: string }`. This needs a prep with a
// parameter; one without is typed before exec is looked at. An inline exec has its input inferred from prep.
export interface NodeSpec<
  Store,
  Services,
  Outcomes extends readonly string[],
  Returned,
  Input,
  Output,
  Given extends Prep<Store, Services, Input>,
  Read extends ReadableKey<Store>,
>
  extends ExecutionOptions, ReadsOption<Read> {
  /** Shown in events, metrics and graphs. */
  readonly name: string;
  /** Everything that post may return; states, or names that `registerNode` maps to states. */
  readonly outcomes: Outcomes;
  /** Main thread: takes exec's input out of the store. Without it the input is undefined. */
  readonly prep?: Given;
  /** A thread exec runs on a thread, a plain function on the main thread. */
  readonly exec:
    | BoundExec<Input, Output, Services, unknown, ReadsOf<Store, NoInfer<Read>>>
    | InlineExec<InputOf<NoInfer<Given>>, Output, Services, undefined, ReadsOf<Store, NoInfer<Read>>>;
  /** Main thread: puts exec's result into the store and says what follows. */
  readonly post?: (
    store: Store,
    output: NoInfer<Output>,
    ctx: PostContext<Services, InputOf<NoInfer<Given>>>,
  ) => MaybePromise<Returned>;
}

/** The work of one state; made by the functions of `nodeFor` and `batchNodeFor`. */
export interface Node<Store = never, Outcome extends string = string, Services = never> {
  readonly kind: 'node' | 'batch';
  readonly name: string;
  readonly outcomes: readonly string[];
  /** @internal carries the types; never set */
  readonly types: (store: Store, services: Services) => Outcome;
}

/** @internal What works in a state, as a visit reads it: its types erased, and without how exec is done. */
export interface Phases {
  readonly name: string;
  readonly outcomes: readonly string[];
  readonly prep: ((store: unknown, ctx: PrepContext) => unknown) | undefined;
  readonly post: ((store: unknown, output: unknown, ctx: PostContext) => unknown) | undefined;
  readonly retry: RetryPolicy;
  readonly retryIf: ((error: unknown, attempt: number) => boolean) | undefined;
}

/** @internal A node or a branch of a split, its types erased. */
export interface AnyNode extends Phases {
  readonly kind: 'node' | 'batch' | 'branch';
  readonly exec: BoundExec<unknown, unknown> | ((input: unknown, ctx: InlineContext) => unknown);
  readonly timeoutMs: number | undefined;
  readonly concurrency: number | undefined;
  readonly reads: readonly string[] | undefined;
  readonly batch: BatchRules | undefined;
}

/** @internal What a batch node adds. */
export interface BatchRules {
  readonly onItemError: 'fail' | 'collect';
  readonly reduce:
    | {
        readonly initial: () => unknown;
        readonly step: (accumulator: unknown, output: unknown, index: number) => unknown;
      }
    | undefined;
}

type MakeNode<Store, Services> = <
  const Outcomes extends readonly string[],
  // const, or what an async post returns is widened to string when it is one literal.
  const Returned extends Outcomes[number] | NoPost = NoPost,
  Input = unknown,
  Output = unknown,
  // The default must take part as a full prep: what is skipped in a first round of inference is checked against it.
  Given extends Prep<Store, Services, Input> = NoPrep<Store, Services, Input>,
  const Read extends ReadableKey<Store> = never,
>(
  spec: NodeSpec<Store, Services, Outcomes, Returned, Input, Output, Given, Read>,
) => MadeNode<Store, Services, Outcomes, Returned, 'no prep' extends keyof Given ? Input : undefined>;

/**
 * Binds the type of the store (and of the services) once and returns the function that makes nodes; everything else is
 * inferred from prep, exec and post.
 *
 * @example
 * const node = nodeFor<MemoryStore<{ text: string; length: number }>>();
 * const measure = node({
 *   name: 'measure',
 *   outcomes: ['Done'],
 *   prep: (store) => store.get('text'),
 *   exec: (text) => text.length,
 *   post: (store, length) => (store.put('length', length), 'Done'),
 * });
 * @throws InvalidOptionError (the returned function) when an option cannot be used
 */
export function nodeFor<Store, Services = unknown>(): MakeNode<Store, Services> {
  return (spec) => defineNode('node', spec, undefined) as never;
}

/** A spec of either kind, its types erased. */
type Loose = ExecutionOptions & {
  readonly reads?: readonly string[];
  readonly name: string;
  readonly outcomes: readonly string[];
  readonly exec: unknown;
  readonly prep?: unknown;
  readonly post?: unknown;
};

/** @internal Checks what both kinds of node have in common and freezes it. */
export function defineNode(kind: AnyNode['kind'], spec: Loose, batch: BatchRules | undefined): AnyNode {
  const at = describeNode(kind, spec.name);
  const { prep, exec, post, retry, retryIf, concurrency } = spec;
  const outcomes = checkOutcomes(at, spec.outcomes);
  checkExec(at, exec);
  checkFunctions(at, { prep, post, retryIf });
  checkRetry(at, retry);
  checkPost(at, post, outcomes);
  checkConcurrency(at, concurrency);
  const timeoutMs = checkTimeout(at, spec.timeout);
  const reads = checkReads(at, spec.reads);
  return Object.freeze({
    kind,
    name: spec.name,
    outcomes,
    prep,
    exec,
    post,
    retry: retry ?? DEFAULT_RETRY,
    retryIf,
    timeoutMs,
    concurrency,
    reads,
    batch,
  }) as unknown as AnyNode;
}

/** @internal A node for messages. */
export function describeNode(kind: AnyNode['kind'], name: unknown): string {
  const what = kind === 'batch' ? 'batch node' : kind;
  // A branch may go by its name in the split.
  if (name === '' && kind === 'branch') return what;
  if (typeof name === 'string' && name !== '') return `${what} '${name}'`;
  throw new InvalidOptionError(`${what}: name must be a string that is not empty, got ${describeValue(name)}`);
}
