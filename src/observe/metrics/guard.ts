/**
 * Keeps the number of series in bounds: of a label whose values a program chooses, the first `most` are kept and all later
 * ones become one.
 *
 * G1 What is a value of its own once stays one.
 */

/** Stands for all values that came too late. */
export const OTHER = '__other__';

export class LabelGuard {
  readonly #most: number;
  readonly #known = new Map<string, Set<string>>();

  /** @param most values of one label that are told apart */
  constructor(most: number) {
    this.#most = most;
  }

  /** The value under which it is counted: itself, or `OTHER`. */
  admit(label: string, value: string): string {
    let known = this.#known.get(label);
    if (known === undefined) this.#known.set(label, (known = new Set()));
    if (known.has(value)) return value;
    if (known.size >= this.#most) return OTHER;
    known.add(value);
    return value;
  }
}
