// Thread: both
/** What an exec sees of the store: the keys that its node reads, as they were when it was dispatched. */
import { describeValue, InvalidOptionError, MissingKeyError } from './errors.ts';
import type { ReadonlyData } from './shared.ts';

/** `ctx.store` of an exec. Later writes on the main thread are not seen, and there is nothing to write with. */
export interface StoreSnapshot<Reads> {
  /**
   * The value of a key that must have been there.
   *
   * @throws MissingKeyError when it was not; `find` gives undefined instead
   */
  get<Key extends keyof Reads & string>(key: Key): ReadonlyData<Required<Reads>[Key]>;
  /** The value of a key, or undefined when it was missing. */
  find<Key extends keyof Reads & string>(key: Key): ReadonlyData<Required<Reads>[Key]> | undefined;
  has(key: keyof Reads & string): boolean;
}

/** The snapshot over `entries`; `open` makes a value of an entry when it is read. */
export class SnapshotReader<Entry> implements StoreSnapshot<Record<string, unknown>> {
  readonly #entries: Readonly<Record<string, Entry>> | undefined;
  readonly #open: (entry: Entry) => unknown;

  /** @param entries by key; undefined for a node that reads nothing */
  constructor(entries: Readonly<Record<string, Entry>> | undefined, open: (entry: Entry) => unknown) {
    this.#entries = entries;
    this.#open = open;
  }

  get(key: string): never {
    if (!this.has(key)) throw new MissingKeyError(key, Object.keys(this.#entries ?? {}));
    return this.find(key);
  }

  find(key: string): never {
    return (this.has(key) ? this.#open(this.#entries?.[key] as Entry) : undefined) as never;
  }

  has(key: string): boolean {
    if (this.#entries === undefined) {
      throw new InvalidOptionError(
        `ctx.store: the node of this exec reads nothing: name the keys in its option reads, such as reads: [${describeValue(key)}]`,
      );
    }
    return Object.hasOwn(this.#entries, key);
  }
}
