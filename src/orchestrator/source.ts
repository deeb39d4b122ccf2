/** The items of a batch, whatever they come from. */
import { describeValue, InvalidOptionError } from '../core/errors.ts';

type Step = IteratorResult<unknown>;

/** Pulled one by one. */
export interface Source {
  /** Number of items, when it is known beforehand. */
  readonly size: number | undefined;
  next(): Step | PromiseLike<Step>;
  /** Tells the source that no more will be pulled. */
  close(): void;
}

/**
 * Opens what prep of a batch node returned.
 *
 * @throws InvalidOptionError when it is neither an iterable nor `{ items, common }`; a string is refused
 */
export function openSource(node: string, value: unknown): { readonly source: Source; readonly common: unknown } {
  if (isIterable(value)) return { source: fromIterable(value), common: undefined };
  if (typeof value === 'object' && value !== null && 'items' in value && isIterable(value.items)) {
    return { source: fromIterable(value.items), common: (value as { common?: unknown }).common };
  }
  throw new InvalidOptionError(
    `prep of batch node '${node}' must return an iterable of items, or { items, common }, got ${describeValue(value)}` +
      (typeof value === 'string' ? ' (a string is refused: its items would be characters; wrap it in an array)' : ''),
  );
}

type AnyIterable = Iterable<unknown> | AsyncIterable<unknown>;

function isIterable(value: unknown): value is AnyIterable {
  return typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

function fromIterable(items: AnyIterable): Source {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  return {
    size: sizeOf(items),
    next: () => iterator.next(),
    close: () => {
      // The batch is failing for a reason of its own, which is the one to report.
      Promise.resolve(iterator.return?.()).catch(() => {});
    },
  };
}

function sizeOf(items: AnyIterable): number | undefined {
  if (Array.isArray(items)) return items.length;
  if (items instanceof Set || items instanceof Map) return items.size;
  return ArrayBuffer.isView(items) && 'length' in items ? Number(items.length) : undefined;
}
