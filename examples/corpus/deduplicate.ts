/** Groups of texts that are the same, or nearly, and which of them stays. */

/** A disjoint-set forest with path halving and union by size (R. Tarjan, J. van Leeuwen 1984). */
export class UnionFind {
  readonly #parent: Int32Array;
  readonly #size: Int32Array;

  constructor(count: number) {
    this.#parent = Int32Array.from({ length: count }, (_value, index) => index);
    this.#size = new Int32Array(count).fill(1);
  }

  find(element: number): number {
    let at = element;
    for (let parent = this.#parent[at] as number; parent !== at; parent = this.#parent[at] as number) {
      const above = this.#parent[parent] as number;
      this.#parent[at] = above;
      at = above;
    }
    return at;
  }

  union(a: number, b: number): void {
    let [large, small] = [this.find(a), this.find(b)];
    if (large === small) return;
    if ((this.#size[large] as number) < (this.#size[small] as number)) [large, small] = [small, large];
    this.#parent[small] = large;
    this.#size[large] = (this.#size[large] as number) + (this.#size[small] as number);
  }

  /** Groups of two and more, each in ascending order, by their first element. */
  groups(): number[][] {
    const byRoot = new Map<number, number[]>();
    for (let element = 0; element < this.#parent.length; element += 1) {
      const root = this.find(element);
      const group = byRoot.get(root);
      if (group === undefined) byRoot.set(root, [element]);
      else group.push(element);
    }
    return [...byRoot.values()].filter((group) => group.length > 1);
  }
}

/** Copies of one text. */
export interface Group {
  /** Path of the one that stays. */
  readonly kept: string;
  readonly others: readonly {
    readonly path: string;
    /** Similarity to a member of the group, 0 to 1. */ readonly similarity: number;
  }[];
}

/** What decides which member of a group stays. */
export interface Candidate {
  readonly path: string;
  readonly words: number;
  readonly quality: { readonly alphabeticWords: number; readonly duplicateLines: number };
}

/** The best: more of it is words, then less repetition, then longer, then first by path. */
export function compareQuality(a: Candidate, b: Candidate): number {
  return (
    b.quality.alphabeticWords - a.quality.alphabeticWords ||
    a.quality.duplicateLines - b.quality.duplicateLines ||
    b.words - a.words ||
    (a.path < b.path ? -1 : 1)
  );
}
