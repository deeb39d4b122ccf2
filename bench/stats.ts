/** Medians, percentiles, and how far a median can be trusted. */

/** @throws RangeError when there are no values */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/**
 * The value below which `percent` of the values lie, by linear interpolation between closest ranks (type 7 of
 * R. Hyndman & Y. Fan, "Sample quantiles in statistical packages", 1996).
 *
 * @param percent 0–100
 * @throws RangeError when there are no values
 */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError('no values to take a percentile of');
  const sorted = values.toSorted((a, b) => a - b);
  const rank = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}

export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2_000;

/**
 * The median with the interval that holds it in 95 of 100 repetitions, by the percentile bootstrap (B. Efron, "Bootstrap
 * methods: another look at the jackknife", 1979). Of very few values it is hardly more than their range.
 *
 * @param values for example one ratio per round
 * @throws RangeError when there are no values
 */
export function medianWithInterval(values: readonly number[], random: () => number = seeded(1)): Interval {
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN)),
  );
  return { median: median(values), low: percentile(medians, 2.5), high: percentile(medians, 97.5) };
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32): a bench that is repeated takes the same decisions. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A random order (R. Durstenfeld, "Algorithm 235", 1964). */
export function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const order = [...values];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const chosen = Math.floor(random() * (last + 1));
    [order[last], order[chosen]] = [order[chosen] as T, order[last] as T];
  }
  return order;
}
