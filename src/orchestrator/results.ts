/** The results of a batch, put in input order as they come. */
import type { ItemResult } from '../definition/batch-node.ts';
import type { BatchRules } from '../definition/node.ts';

/**
 * Without `reduce` all results are kept. With it, results are folded as soon as all earlier ones are there, and only those
 * that came too early are kept.
 */
export class Results {
  readonly #rules: BatchRules;
  readonly #values: unknown[] = [];
  readonly #early = new Map<number, unknown>();
  #accumulator: unknown;
  #folded = 0;

  constructor(rules: BatchRules) {
    this.#rules = rules;
    this.#accumulator = rules.reduce?.initial();
  }

  /** Results that wait for an earlier one before they can be folded. */
  get waiting(): number {
    return this.#early.size;
  }

  /** @throws what `reduce.step` throws */
  add(result: ItemResult<unknown>): void {
    const value = this.#rules.onItemError === 'collect' || !result.ok ? result : result.value;
    if (this.#rules.reduce === undefined) {
      // An array with a gap of more than a thousand becomes a hash table.
      while (this.#values.length < result.index) this.#values.push(undefined);
      this.#values[result.index] = value;
      return;
    }
    this.#early.set(result.index, value);
    while (this.#early.has(this.#folded)) {
      const next = this.#early.get(this.#folded);
      this.#early.delete(this.#folded);
      this.#accumulator = this.#rules.reduce.step(this.#accumulator, next, this.#folded);
      this.#folded += 1;
    }
  }

  /** What post gets. */
  finish(): unknown {
    return this.#rules.reduce === undefined ? this.#values : this.#accumulator;
  }
}
