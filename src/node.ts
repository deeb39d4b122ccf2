// Thread: both
/**
 * The entry `cano/node`: all that a file which runs on threads needs. It must stay light, because every thread loads it.
 */
import { DuplicateExecError, InvalidOptionError, describeValue } from './core/errors.ts';
import { toMs, type Duration } from './core/duration.ts';
import type { CloneCheck } from './core/cloneable.ts';
import type { Counter } from './core/counter.ts';
import type { Log } from './core/log.ts';
import type { StoreSnapshot } from './core/snapshot.ts';

export { CanoError, NonRetryableError, RetryAfterError, StoppedError } from './core/errors.ts';
export type { Duration } from './core/duration.ts';
export type { Cloneable, NotCloneable } from './core/cloneable.ts';
export { read } from './core/shared.ts';
export type { MutableShared, ReadonlyData, ReadonlyTypedArray, Shared, WritableData } from './core/shared.ts';
export type { Counter } from './core/counter.ts';
export type { Log, LogMethod } from './core/log.ts';
export type { StoreSnapshot } from './core/snapshot.ts';

type MaybePromise<T> = T | Promise<T>;

/** Methods of main-thread services as threads see them: every call is asynchronous. */
export type Rpc<Services> = {
  readonly [S in keyof Services]: {
    readonly [
      M in keyof Services[S] as Services[S][M] extends (...args: never[]) => unknown ? M : never
    ]: Services[S][M] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
  };
};

/** What exec gets beside its input. All of it may be taken off: `({ id }, { log, counter }) => …`. */
export interface ExecContext<
  Params = unknown,
  Resource = unknown,
  Services = unknown,
  Common = unknown,
  Reads = unknown,
> {
  /** The params of `defineExec`, with what `.with()` replaced. */
  readonly params: Params;
  /** What `setup` returned on this thread. */
  readonly resource: Resource;
  /** The `common` value of the batch; undefined outside a batch. */
  readonly common: Common;
  /** The keys of the store that the node reads (`reads`), as they were when this was dispatched. */
  readonly store: StoreSnapshot<Reads>;
  readonly runId: string;
  /** Number of the visit, from 1. */
  readonly visit: number;
  /** Index of the item in its batch, from 0; undefined outside a batch. */
  readonly item: number | undefined;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Fires when the execution is asked to stop; needs a turn of the event loop to be seen. */
  readonly signal: AbortSignal;
  /** Throws `StoppedError` when the execution is asked to stop. Reads shared memory, so it works in a tight loop (some 10 ns). */
  readonly throwIfAborted: () => void;
  /** Announces how far the execution is; the newest value is sent at most every 50 ms. */
  readonly progress: (done: number, total: number) => void;
  /** A counter by name, such as `ctx.counter('rows').add(12)`. */
  readonly counter: (name: string) => Counter;
  readonly log: Log;
  /** Main-thread services; calls fail with `ServiceError` when either side dies. */
  readonly rpc: Rpc<Services>;
}

/** The options of `defineExec`. */
export interface ExecSpec<Input, Output, Params, Resource, Services = unknown, Common = unknown, Reads = unknown> {
  /** Unique within its file. */
  readonly name: string;
  /** Declares type and default of the params; cloneable data. */
  readonly params?: Params;
  /** Runs once per thread and params, before the first exec: load models, WASM, tables. */
  readonly setup?: (params: NoInfer<Params>) => MaybePromise<Resource>;
  /** Longest time for loading the file and `setup`. @default '120s' */
  readonly setupTimeout?: Duration;
  /** Undoes `setup` when the thread is recycled or the engine closes. */
  readonly teardown?: (resource: NoInfer<Resource>) => MaybePromise<void>;
  /** The work. Input and output cross threads by structured clone. */
  readonly exec: (
    input: Input,
    ctx: ExecContext<NoInfer<Params>, NoInfer<Resource>, Services, Common, Reads>,
  ) => MaybePromise<Output>;
}

/** A thread exec with its params settled: what a node takes. */
export interface BoundExec<Input, Output, Services = unknown, Common = unknown, Reads = unknown> {
  readonly kind: 'thread';
  /** `url#name`; its identity in the process and on every thread. */
  readonly key: string;
  readonly url: string;
  readonly name: string;
  readonly params: unknown;
  readonly setupTimeoutMs: number;
  /** Whether threads must be told when the engine closes. */
  readonly hasTeardown: boolean;
  /** @internal carries the types; never set */
  readonly types: (input: Input, services: Services, common: Common, reads: Reads) => Output;
}

/** A function with a file of its own that runs on threads; made by `defineExec`. */
export interface ThreadExec<
  Input,
  Output,
  Params = unknown,
  Services = unknown,
  Common = unknown,
  Reads = unknown,
> extends BoundExec<Input, Output, Services, Common, Reads> {
  readonly params: Params;
  /**
   * The same exec with some params replaced; the receiver stays as it is.
   *
   * @throws InvalidOptionError when the exec has no such param
   */
  with(params: Partial<Params>): ThreadExec<Input, Output, Params, Services, Common, Reads>;
}

/** @internal An exec as the registry of a thread keeps it. */
export interface RegisteredExec {
  readonly key: string;
  readonly setup: ((params: unknown) => unknown) | undefined;
  readonly teardown: ((resource: unknown) => unknown) | undefined;
  readonly exec: (input: unknown, ctx: ExecContext) => unknown;
}

const REGISTRY = Symbol.for('cano.execs');
const DEFAULT_SETUP_TIMEOUT = '120s';

/**
 * @internal The execs known on this thread, by key. It hangs on globalThis because a bundle or a second copy of the
 * package has its own instance of this module, and all of them must find the same execs.
 */
export function registry(): Map<string, RegisteredExec> {
  const holder = globalThis as { [REGISTRY]?: Map<string, RegisteredExec> };
  return (holder[REGISTRY] ??= new Map());
}

/** @internal `url#name`, the URL without query and fragment. */
export function keyOf(url: string, name: string): string {
  return `${url.replace(/[?#].*$/, '')}#${name}`;
}

type Cloned<Input, Output, Params> = CloneCheck<'input of exec', Input> &
  CloneCheck<'result of exec', Output> &
  CloneCheck<'params', Params>;

/**
 * Defines work that runs on threads. Call it at the top level of a file of its own that is free of side effects: every
 * thread that executes it imports that file.
 *
 * @param url `import.meta.url` of the file
 * @param spec name, params, setup and exec
 * @throws InvalidOptionError when url, name or setupTimeout cannot be used
 * @throws DuplicateExecError when another exec has the same url and name
 * @example
 * export default defineExec(import.meta.url, {
 *   name: 'square',
 *   exec: (n: number) => n * n,
 * });
 */
export function defineExec<Input, Output, Params = undefined, Resource = undefined>(
  url: string,
  spec: ExecSpec<Input, Output, Params, Resource> & Cloned<Input, Output, Params>,
): ThreadExec<Input, Output, Params> {
  return define(url, spec);
}

/**
 * `defineExec` for execs that call main-thread services through `ctx.rpc`, read the `common` value of a batch, or keys of
 * the store through `ctx.store`: binds the types of the three.
 *
 * @example
 * export default execFor<unknown, { idf: Float32Array }>()(import.meta.url, {
 *   name: 'weigh',
 *   exec: (term: number, ctx) => ctx.common.idf[term] ?? 0,
 * });
 */
export function execFor<Services, Common = unknown, Reads = unknown>(): <
  Input,
  Output,
  Params = undefined,
  Resource = undefined,
>(
  url: string,
  spec: ExecSpec<Input, Output, Params, Resource, Services, Common, Reads> & Cloned<Input, Output, Params>,
) => ThreadExec<Input, Output, Params, Services, Common, Reads> {
  return define;
}

function define<Input, Output, Params, Resource, Services, Common, Reads>(
  url: string,
  spec: ExecSpec<Input, Output, Params, Resource, Services, Common, Reads>,
): ThreadExec<Input, Output, Params, Services, Common, Reads> {
  if (typeof url !== 'string' || !/^[a-z][a-z0-9+.-]*:/i.test(url)) {
    throw new InvalidOptionError(
      `defineExec: the first argument must be import.meta.url, got ${describeValue(url)}` +
        ` (in CommonJS: pathToFileURL(__filename).href)`,
    );
  }
  if (typeof spec?.name !== 'string' || spec.name === '') {
    throw new InvalidOptionError(
      `defineExec: name must be a string that is not empty, got ${describeValue(spec?.name)}`,
    );
  }
  if (typeof spec.exec !== 'function') {
    throw new InvalidOptionError(`defineExec '${spec.name}': exec must be a function, got ${describeValue(spec.exec)}`);
  }
  const setupTimeoutMs = toMs(spec.setupTimeout ?? DEFAULT_SETUP_TIMEOUT, `defineExec '${spec.name}': setupTimeout`);
  const key = keyOf(url, spec.name);
  const known = registry();
  if (known.has(key)) throw new DuplicateExecError(key);
  known.set(key, spec as unknown as RegisteredExec & typeof spec);
  return threadExec(
    { key, url: url.replace(/[?#].*$/, ''), name: spec.name, setupTimeoutMs, hasTeardown: spec.teardown !== undefined },
    spec.params as Params,
  );
}

function threadExec<Input, Output, Params, Services, Common, Reads>(
  identity: {
    readonly key: string;
    readonly url: string;
    readonly name: string;
    readonly setupTimeoutMs: number;
    readonly hasTeardown: boolean;
  },
  params: Params,
): ThreadExec<Input, Output, Params, Services, Common, Reads> {
  const made: Omit<ThreadExec<Input, Output, Params, Services, Common, Reads>, 'types'> = {
    kind: 'thread',
    ...identity,
    params,
    with: (replaced) => {
      for (const name of Object.keys(replaced)) {
        if (typeof params !== 'object' || params === null || !(name in params)) {
          throw new InvalidOptionError(`exec '${identity.name}' has no param '${name}'`);
        }
      }
      return threadExec(identity, { ...params, ...replaced });
    },
  };
  return made as ThreadExec<Input, Output, Params, Services, Common, Reads>;
}
