/**
 * What a MemoryStore is made of: the root layer owns the values of a store.
 *
 * L1 Values are kept by reference. An array made here by `append` is extended in place only as long as nobody has read it,
 *    so that an array in a reader's hands never changes and a thousand appends cost no thousand copies.
 * L2 Keys are in the order of insertion, as in a Map.
 */

/** What `read` gives for a missing key; undefined is a value. */
export const ABSENT: unique symbol = Symbol('absent');

/** Values by key; `view-layer.ts` has the other implementation. The messages for users are made in `memory-store.ts`. */
export interface Layer {
  /** Hands the value out, or gives ABSENT. */
  read(key: string): unknown;
  has(key: string): boolean;
  put(key: string, value: unknown): void;
  /** Whether `append` may be called: the key is missing or holds an array. */
  isAppendable(key: string): boolean;
  /** Takes over the array of items: the caller has no further use for it. */
  append(key: string, items: unknown[]): void;
  delete(key: string): boolean;
  keys(): string[];
  size(): number;
  clear(): void;
}

/** A value and whether it is an array of our making that nobody has read (L1). */
export interface Cell {
  value: unknown;
  isOwnList: boolean;
}

/** Adds items to the array in a cell, in place only if L1 allows. */
export function appendTo(cell: Cell, items: readonly unknown[]): void {
  const list = cell.value as unknown[];
  if (!cell.isOwnList) {
    cell.value = [...list, ...items];
    cell.isOwnList = true;
    return;
  }
  // One by one: push(...items) overflows the stack at some 100,000 items.
  for (const item of items) list.push(item);
}

/** The values themselves. */
export class RootLayer implements Layer {
  readonly #cells = new Map<string, Cell>();

  read(key: string): unknown {
    const cell = this.#cells.get(key);
    if (cell === undefined) return ABSENT;
    cell.isOwnList = false;
    return cell.value;
  }

  has(key: string): boolean {
    return this.#cells.has(key);
  }

  put(key: string, value: unknown): void {
    const cell = this.#cells.get(key);
    if (cell === undefined) {
      this.#cells.set(key, { value, isOwnList: false });
    } else {
      cell.value = value;
      cell.isOwnList = false;
    }
  }

  isAppendable(key: string): boolean {
    const cell = this.#cells.get(key);
    return cell === undefined || Array.isArray(cell.value);
  }

  append(key: string, items: unknown[]): void {
    const cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, { value: items, isOwnList: true });
    else appendTo(cell, items);
  }

  delete(key: string): boolean {
    return this.#cells.delete(key);
  }

  keys(): string[] {
    return [...this.#cells.keys()];
  }

  size(): number {
    return this.#cells.size;
  }

  clear(): void {
    this.#cells.clear();
  }
}
