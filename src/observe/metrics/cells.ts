/**
 * What is counted, in plain cells: adding to one takes some nanoseconds, and nothing is looked up or made for it.
 */
import type { MetricSpec } from './catalogue.ts';

export type Labels = Readonly<Record<string, string>>;

/** A counter or a gauge. */
export class Cell {
  value = 0;
}

/** Counts by upper bound. */
export class HistogramCell {
  readonly bounds: Float64Array;
  /** One more than bounds: the last counts what is above all of them. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: Float64Array) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value > (bounds[middle] as number)) low = middle + 1;
      else high = middle;
    }
    counts[low] = (counts[low] as number) + 1;
    this.sum += value;
  }
}

export interface Child<C> {
  readonly labels: Labels;
  readonly cell: C;
}

/** All cells of one metric. */
export class Family<C> {
  readonly name: string;
  readonly spec: MetricSpec;
  readonly #make: () => C;
  readonly #children = new Map<string, Child<C>>();

  constructor(name: string, spec: MetricSpec, make: () => C) {
    this.name = name;
    this.spec = spec;
    this.#make = make;
  }

  /** The cell of these label values, in the order of the metric's labels. Made at its first use, at 0. */
  child(...values: readonly string[]): C {
    const key = values.join('\0');
    let child = this.#children.get(key);
    if (child === undefined) {
      const labels = Object.fromEntries(this.spec.labels.map((label, at) => [label, values[at] as string]));
      child = { labels, cell: this.#make() };
      this.#children.set(key, child);
    }
    return child.cell;
  }

  /** Lets go of the cell of these label values: what it told does not hold any more. */
  remove(...values: readonly string[]): void {
    this.#children.delete(values.join('\0'));
  }

  children(): Iterable<Child<C>> {
    return this.#children.values();
  }

  /** Lets go of all cells: of what is read anew at each scrape. */
  clear(): void {
    this.#children.clear();
  }
}
