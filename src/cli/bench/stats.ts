/** Medians, and how far they can be trusted. Pure. */

/** NaN when there are no values. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/**
 * The value below which `percent` of the values lie, by linear interpolation between closest ranks (type 7 of
 * R. Hyndman & Y. Fan, "Sample quantiles in statistical packages", 1996); NaN when there are no values.
 *
 * @param percent 0–100
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}

/** A value with the interval that holds it in 95 of 100 repetitions. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2_000;

/**
 * Any figure of some values with its interval, by the percentile bootstrap (B. Efron, "Bootstrap methods: another look at
 * the jackknife", 1979): the figure of many samples drawn from the values, with replacement. Of five values it is hardly
 * more than their range, of one value it has no width.
 *
 * @param values what was measured, for example one entry per round
 * @param figureOf the figure of such a sample; NaN counts for nothing
 */
export function bootstrap<T>(
  values: readonly T[],
  figureOf: (sample: readonly T[]) => number,
  random: () => number = seeded(1),
): Interval {
  const draw = (): T[] => values.map(() => values[Math.floor(random() * values.length)] as T);
  const figures = Array.from({ length: RESAMPLES }, () => figureOf(draw())).filter((figure) => !Number.isNaN(figure));
  return { value: figureOf(values), low: percentile(figures, 2.5), high: percentile(figures, 97.5) };
}

/** The median with its interval. */
export function medianInterval(values: readonly number[]): Interval {
  return bootstrap(values, median);
}

/** The ratio of the medians of two independent samples with its interval. */
export function ratioInterval(over: readonly number[], under: readonly number[]): Interval {
  const random = seeded(2);
  const draw = (values: readonly number[]): number =>
    median(values.map(() => values[Math.floor(random() * values.length)] as number));
  const ratios = Array.from({ length: RESAMPLES }, () => draw(over) / draw(under));
  return { value: median(over) / median(under), low: percentile(ratios, 2.5), high: percentile(ratios, 97.5) };
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32): the same measurements give the same intervals. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
