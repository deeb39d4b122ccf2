/** Batch nodes: one exec per item of a source. */
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import {
  defineNode,
  describeNode,
  type ExecutionOptions,
  type InlineExec,
  type InputOf,
  type MadeNode,
  type MaybePromise,
  type NoPost,
  type PostContext,
  type Prep,
  type ReadableKey,
  type ReadsOf,
  type ReadsOption,
} from './node.ts';
import type { BoundExec } from '../node.ts';

/** Items, pulled only as fast as they are worked on. */
export type Items<Item> = (Iterable<Item> | AsyncIterable<Item>) & object;

/** Items and a value that every item needs: `common` is sent once per thread and batch. */
export interface ItemsWithCommon<Item, Common> {
  readonly items: Items<Item>;
  readonly common: Common;
}

/** What prep of a batch node may return. A string is refused: its items would be characters. */
export type BatchSource<Item, Common> =
  | (undefined extends Common ? Items<Item> : never)
  | ItemsWithCommon<Item, Common>;

export type ItemOf<Source> =
  Source extends ItemsWithCommon<infer Item, unknown>
    ? Item
    : Source extends Iterable<infer Item> | AsyncIterable<infer Item>
      ? Item
      : never;

export type CommonOf<Source> = Source extends ItemsWithCommon<unknown, infer Common> ? Common : undefined;

/** The end of one item under `onItemError: 'collect'`. */
export type ItemResult<Output> =
  | { readonly ok: true; readonly index: number; readonly value: Output }
  | { readonly ok: false; readonly index: number; readonly error: unknown };

/** In the type of a batch node without reduce. */
export type NoReduce = { readonly 'no reduce': true };

type Collected<Output, OnItemError> = OnItemError extends 'collect' ? ItemResult<Output> : Output;

/** What post of a batch node gets. */
export type BatchOutput<Output, OnItemError, Accumulator> = [Accumulator] extends [NoReduce]
  ? Collected<Output, OnItemError>[]
  : Accumulator;

type BatchPrep<Store, Services, Item, Common> = Prep<Store, Services, BatchSource<Item, Common>>;

// Item and Common are inferred from a thread exec and bound what prep may return; an inline exec gets both from prep.
// Why the whole prep is a type parameter: see NodeSpec.
export interface BatchNodeSpec<
  Store,
  Services,
  Outcomes extends readonly string[],
  Returned,
  Item,
  Common,
  Given extends BatchPrep<Store, Services, Item, Common>,
  Output,
  OnItemError extends 'fail' | 'collect',
  Accumulator,
  Read extends ReadableKey<Store>,
>
  extends ExecutionOptions, ReadsOption<Read> {
  readonly name: string;
  readonly outcomes: Outcomes;
  /** Main thread: the items, as an iterable, or with a `common` value. It is called again when prep is retried. */
  readonly prep: Given;
  /** Once per item; each item has its own attempts, timeout and retries. */
  readonly exec:
    | BoundExec<Item, Output, Services, Common, ReadsOf<Store, NoInfer<Read>>>
    | InlineExec<
        ItemOf<InputOf<NoInfer<Given>>>,
        Output,
        Services,
        CommonOf<InputOf<NoInfer<Given>>>,
        ReadsOf<Store, NoInfer<Read>>
      >;
  /** `fail`: the first item that fails for good fails the visit; `collect`: post gets every item's end. @default 'fail' */
  readonly onItemError?: OnItemError;
  /** Folds results in input order as they come, in constant memory; post gets the last accumulator. */
  readonly reduce?: {
    readonly initial: () => Accumulator;
    readonly step: (
      accumulator: NoInfer<Accumulator>,
      output: Collected<NoInfer<Output>, OnItemError>,
      index: number,
    ) => NoInfer<Accumulator>;
  };
  /** Main thread: gets the results in input order. */
  readonly post?: (
    store: Store,
    output: BatchOutput<NoInfer<Output>, OnItemError, NoInfer<Accumulator>>,
    ctx: PostContext<Services, InputOf<NoInfer<Given>>>,
  ) => MaybePromise<Returned>;
}

type MakeBatchNode<Store, Services> = <
  const Outcomes extends readonly string[],
  const Returned extends Outcomes[number] | NoPost = NoPost,
  Item = unknown,
  Common = unknown,
  Given extends BatchPrep<Store, Services, Item, Common> = BatchPrep<Store, Services, Item, Common>,
  Output = unknown,
  OnItemError extends 'fail' | 'collect' = 'fail',
  Accumulator = NoReduce,
  const Read extends ReadableKey<Store> = never,
>(
  spec: BatchNodeSpec<Store, Services, Outcomes, Returned, Item, Common, Given, Output, OnItemError, Accumulator, Read>,
) => MadeNode<Store, Services, Outcomes, Returned>;

/**
 * As `nodeFor`, for batch nodes.
 *
 * @example
 * const batchNode = batchNodeFor<MemoryStore<{ texts: string[]; signatures: Uint32Array[] }>>();
 * const sign = batchNode({
 *   name: 'sign',
 *   outcomes: ['Done'],
 *   prep: (store) => store.get('texts'),
 *   exec: minhash,
 *   post: (store, signatures) => (store.put('signatures', signatures), 'Done'),
 * });
 * @throws InvalidOptionError (the returned function) when an option cannot be used
 */
export function batchNodeFor<Store, Services = unknown>(): MakeBatchNode<Store, Services> {
  return (spec) => {
    const at = describeNode('batch', spec.name);
    const onItemError = spec.onItemError ?? 'fail';
    if (onItemError !== 'fail' && onItemError !== 'collect') {
      throw new InvalidOptionError(`${at}: onItemError must be 'fail' or 'collect', got ${describeValue(onItemError)}`);
    }
    if (typeof spec.prep !== 'function') {
      throw new InvalidOptionError(
        `${at}: prep must be a function that returns the items, got ${describeValue(spec.prep)}`,
      );
    }
    const { reduce } = spec;
    if (reduce !== undefined && (typeof reduce.initial !== 'function' || typeof reduce.step !== 'function')) {
      throw new InvalidOptionError(
        `${at}: reduce must be { initial: () => value, step: (value, output, index) => value }`,
      );
    }
    return defineNode('batch', spec, { onItemError, reduce: reduce as never }) as never;
  };
}
