// Thread: both
/**
 * Shared values as the main thread makes and holds them.
 *
 * H1 A handle has one property that structured clone takes along, its id. All else about it is private, so a handle can
 *    stand anywhere in data.
 * H2 The memory of a value is held by its handle, by handles of values that contain it, and by threads until they hear that
 *    the handle is gone (`onSharedGone`). Ids are not used twice.
 * H3 Garbage collectors do not see how large shared memory is. Each handle carries as many bytes that they do see, and that
 *    are never touched: or a program that shares and forgets would run out of memory without a single collection.
 */
import { notHere, setSharedReader, SHARED_BRAND, SHARED_ID, type MutableShared, type Shared } from '../core/shared.ts';
import { notData } from './clone-check.ts';
import { readImage, type SharedImage } from './shared-image.ts';
import { writeImage } from './shared-writer.ts';
import { surveyOf } from './transfer.ts';

let lastId = 0;
/** Those that threads were told of: only from there can a copy of a handle come back. */
const told = new Map<number, WeakRef<SharedHandle>>();
const listeners = new Set<(id: number) => void>();
const finalization = new FinalizationRegistry((id: number) => {
  told.delete(id);
  for (const listener of listeners) listener(id);
});

/** Calls `listener` with the id of every handle that is gone; returns what takes it back. */
export function onSharedGone(listener: (id: number) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** What `share` returns. */
export class SharedHandle {
  /** Its id, under the name that `SHARED_ID` has. */
  readonly 'cano:shared': number;
  readonly #inner: readonly SharedHandle[];
  /** H3 */
  readonly #ballast: ArrayBuffer;
  readonly #image: SharedImage;
  #value: { readonly read: unknown } | undefined;

  static {
    // On the prototype, where structured clone does not see it.
    Object.defineProperty(this.prototype, SHARED_BRAND, { value: true });
    // What console.log shows.
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: SharedHandle): string {
        return `Shared #${this.id} (${(this.bytes / 1e3).toFixed(1)} kB)`;
      },
    });
  }

  constructor(value: unknown) {
    const { shared, foreign } = surveyOf(value);
    // From Node 22 on V8 makes an empty object of a Blob without a word.
    if (foreign !== undefined)
      throw notData('share: the value', value, foreign, 'which cannot be put into shared memory');
    this.#image = writeImage(value);
    this.#inner = shared;
    this.#ballast = new ArrayBuffer(this.#image.buffer.byteLength);
    lastId += 1;
    this[SHARED_ID] = lastId;
    finalization.register(this, lastId);
  }

  get id(): number {
    return this[SHARED_ID];
  }

  /** The image for a thread. From now on `read` takes a copy of the handle, such as one in a result, for the handle. */
  tell(): SharedImage {
    // Not before: a WeakRef keeps its target until the event loop turns, and a loop may share and forget within one turn.
    if (!told.has(this.id)) told.set(this.id, new WeakRef(this));
    return this.#image;
  }

  /** The shared values inside this one. */
  get inner(): readonly SharedHandle[] {
    return this.#inner;
  }

  /** Size of its memory. */
  get bytes(): number {
    return this.#ballast.byteLength;
  }

  /** The value, made once. */
  read(): unknown {
    this.#value ??= { read: readImage(this.#image) };
    return this.#value.read;
  }
}

setSharedReader((reference, id) => {
  const handle = reference instanceof SharedHandle ? reference : told.get(id)?.deref();
  if (handle === undefined) throw notHere(id);
  return handle.read();
});

/**
 * Puts a value into memory that all threads see. It is serialised once; in an input, in `common`, in a store or inside
 * another shared value it then costs a few bytes, however large it is. An exec takes it as `Shared<…>` and calls `read`,
 * which makes the value once per thread and keeps it; typed arrays inside are not even copied then.
 *
 * The value is a snapshot: what is changed in the original afterwards is not seen. Its memory is freed when nobody holds
 * what was returned any more.
 *
 * @param value plain data, Map, Set, Date, bigint, typed arrays, other shared values, nested in any way
 * @throws NotCloneableError with the path when something inside cannot cross threads
 * @throws InvalidOptionError when there is not so much shared memory to be had
 * @example
 * const model = share({ weights: new Float32Array(25_000_000), classes: ['cat', 'dog'] });
 * // exec: (input: { model: Shared<Model>; image: Uint8Array }) => classify(read(input.model), input.image)
 */
export function share<Value>(value: Value): [Value] extends [Shared<unknown>] ? Value : Shared<Value> {
  return (value instanceof SharedHandle ? value : new SharedHandle(value)) as never;
}

/**
 * As `share`, for algorithms whose threads write into one typed array: `read` gives typed arrays that may be written to, and
 * every thread sees what the others write. What is not a typed array is a copy per thread all the same. Coordinate by
 * ranges that do not overlap, or by `Atomics`.
 *
 * @example
 * const grid = shareMutable(new Float64Array(width * height));
 * // exec: ({ grid, from, to }: Rows) => { const cells = read(grid); for (let row = from; row < to; row += 1) … }
 */
export function shareMutable<Value>(value: Value): MutableShared<Value> {
  return new SharedHandle(value) as unknown as MutableShared<Value>;
}
