/** Sub-workflows: a whole workflow as the work of one state. */
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import { isThenable } from '../core/thenable.ts';
import { DEFAULT_RETRY, type RetryPolicy } from '../core/retry.ts';
import { checkFunctions, checkRetry } from './checks.ts';
import type { MaybePromise, Phases, PostContext, PrepContext } from './node.ts';
import type { WorkflowDefinition } from './workflow.ts';

/** How a sub-workflow ended: in which exit state, and the store that it worked on. */
export interface ChildEnd<Exit extends string, Store> {
  readonly state: Exit;
  readonly store: Store;
}

export interface ChildSpec<Store, ChildStore, ChildExit extends string, Services> {
  /** Main thread: makes the sub-workflow's store, or picks it; it may be the parent's own. */
  readonly store: (store: Store, ctx: PrepContext<Services>) => MaybePromise<ChildStore>;
  /** Main thread: copies results back. What follows is decided by the exit state that the sub-workflow reached. */
  readonly post?: (
    store: Store,
    end: ChildEnd<ChildExit, ChildStore>,
    ctx: PostContext<Services, ChildStore>,
  ) => MaybePromise<void>;
  /** Of `store` and `post`; the sub-workflow itself is never repeated as a whole. @default retry.exponential(): 3 retries, from 100 ms */
  readonly retry?: RetryPolicy;
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
}

/** @internal A sub-workflow as the orchestrator reads it: prep gives its store, exec walks it, post takes its end. */
export interface ChildNode extends Phases {
  readonly kind: 'workflow';
  readonly definition: WorkflowDefinition;
}

/** @internal Checks a sub-workflow and freezes it. */
export function defineChild(state: string, child: unknown, spec: ChildSpec<never, unknown, never, never>): ChildNode {
  const at = `sub-workflow in state '${state}'`;
  const definition = (child as { readonly definition?: WorkflowDefinition } | undefined)?.definition;
  if (!(definition?.states instanceof Map)) {
    throw new InvalidOptionError(`${at}: it must be a Workflow, got ${describeValue(child)}`);
  }
  const { store, post, retry, retryIf } = spec;
  if (typeof store !== 'function') {
    throw new InvalidOptionError(
      `${at}: store must be a function that gives the store of '${definition.name}', got ${describeValue(store)}`,
    );
  }
  checkFunctions(at, { post, retryIf });
  checkRetry(at, retry);
  return Object.freeze({
    kind: 'workflow',
    name: definition.name,
    outcomes: Object.freeze([...definition.exits]),
    prep: store as Phases['prep'],
    post: postOf(post as Phases['post']),
    retry: retry ?? DEFAULT_RETRY,
    retryIf,
    definition,
  });
}

// The outcome is the exit state, whatever the user's post returns.
function postOf(post: Phases['post']): Phases['post'] {
  return (store, output, ctx) => {
    const { state } = output as ChildEnd<string, unknown>;
    const done = post?.(store, output, ctx);
    return isThenable(done) ? Promise.resolve(done).then(() => state) : state;
  };
}
