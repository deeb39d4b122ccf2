/** Branches: what a split does side by side. A node without outcomes and post; its output is what exec returns. */
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import type { BoundExec } from '../node.ts';
import {
  defineNode,
  type AnyNode,
  type ExecutionOptions,
  type InlineExec,
  type InputOf,
  type NoPrep,
  type NotANode,
  type Prep,
  type ReadableKey,
  type ReadsOf,
  type ReadsOption,
} from './node.ts';

/** A branch of a split; made by the functions of `branchFor`. */
export interface Branch<Store = never, Output = unknown, Services = never> {
  readonly kind: 'branch';
  /** Shown in events; empty when the branch goes by its name in the split. */
  readonly name: string;
  /** @internal carries the types; never set */
  readonly types: (store: Store, services: Services) => Output;
}

/** A branch; or, in its place, the error that prep is missing. */
export type MadeBranch<Store, Services, Output, Unprepared> = undefined extends Unprepared
  ? Branch<Store, Output, Services>
  : NotANode<'Error: prep is missing; exec takes an input'>;

// Why the whole prep is a type parameter: see NodeSpec.
export interface BranchSpec<
  Store,
  Services,
  Input,
  Output,
  Given extends Prep<Store, Services, Input>,
  Read extends ReadableKey<Store>,
>
  extends ExecutionOptions, ReadsOption<Read> {
  /** Shown in events, metrics and graphs. @default its name in the split */
  readonly name?: string;
  /** Main thread: takes exec's input out of the store, which refuses writes. Without it the input is undefined. */
  readonly prep?: Given;
  /** A thread exec runs on a thread, a plain function on the main thread. */
  readonly exec:
    | BoundExec<Input, Output, Services, unknown, ReadsOf<Store, NoInfer<Read>>>
    | InlineExec<InputOf<NoInfer<Given>>, Output, Services, undefined, ReadsOf<Store, NoInfer<Read>>>;
}

type MakeBranch<Store, Services> = <
  Input = unknown,
  Output = unknown,
  Given extends Prep<Store, Services, Input> = NoPrep<Store, Services, Input>,
  const Read extends ReadableKey<Store> = never,
>(
  spec: BranchSpec<Store, Services, Input, Output, Given, Read>,
) => MadeBranch<Store, Services, Output, 'no prep' extends keyof Given ? Input : undefined>;

/** The outcome that a branch takes when its exec has returned; nobody sees it. */
const COMPLETED = ['completed'];

/**
 * As `nodeFor`, for branches of a split.
 *
 * @example
 * const branch = branchFor<MemoryStore<{ order: Order }>>();
 * const price = branch({ prep: (store) => store.get('order'), exec: priceOrder, timeout: '5s' });
 * @throws InvalidOptionError (the returned function) when an option cannot be used
 */
export function branchFor<Store, Services = unknown>(): MakeBranch<Store, Services> {
  return (spec) => {
    const { name } = spec;
    if (name !== undefined && (typeof name !== 'string' || name === '')) {
      throw new InvalidOptionError(`branch: name must be a string that is not empty, got ${describeValue(name)}`);
    }
    return defineNode(
      'branch',
      { ...spec, name: name ?? '', outcomes: COMPLETED, post: undefined },
      undefined,
    ) as never;
  };
}

/** @internal What a branch is called in events: its own name, or the one it has in the split. */
export function nameOfBranch(branch: string, { name }: AnyNode): string {
  return name === '' ? branch : name;
}
