// Thread: both
/**
 * A binary heap (J. Williams, "Algorithm 232: Heapsort", 1964) whose items know their place, so that one can be moved or
 * taken out of the middle in O(log n), without a Map.
 */

export interface Heaped {
  /** Kept by the heap; -1 outside of it. An item is in one heap at a time. */
  heapIndex: number;
}

export class Heap<T extends Heaped> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #items: T[] = [];

  /** @param isBefore a strict order that does not change while an item is in, unless `move` is called */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  /** All items, in no order. */
  get items(): readonly T[] {
    return this.#items;
  }

  first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#up(item, this.#items.length - 1);
  }

  /** Takes an item out that is in. */
  remove(item: T): void {
    const at = item.heapIndex;
    item.heapIndex = -1;
    const last = this.#items.pop() as T;
    if (last === item) return;
    this.#place(last, at);
    this.move(last);
  }

  /** Puts an item that is in where it belongs, after its order has changed. */
  move(item: T): void {
    const at = item.heapIndex;
    this.#up(item, at);
    if (item.heapIndex === at) this.#down(item, at);
  }

  #up(item: T, from: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#items[above] as T;
      if (!this.#isBefore(item, parent)) break;
      this.#place(parent, at);
      at = above;
    }
    this.#place(item, at);
  }

  #down(item: T, from: number): void {
    const items = this.#items;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && this.#isBefore(items[below + 1] as T, items[below] as T)) below += 1;
      const child = items[below] as T;
      if (!this.#isBefore(child, item)) break;
      this.#place(child, at);
      at = below;
    }
    this.#place(item, at);
  }

  #place(item: T, at: number): void {
    this.#items[at] = item;
    item.heapIndex = at;
  }
}
