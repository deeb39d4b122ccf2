/**
 * Quantiles of durations in constant memory: counts in buckets whose bounds grow by a constant factor.
 *
 * Q1 A quantile is the geometric middle of its bucket: it is off by at most √1.1 − 1 < 4.9 % of the true sample, for
 *    samples from 1 µs to 12 days, and never outside of what was seen: of equal samples every quantile is exact.
 * Q2 `add` costs one logarithm and one increment.
 */
const GROWTH = 1.1;
const SMALLEST_MS = 0.001;
const LARGEST_MS = 1e9;
const PER_LOG = 1 / Math.log(GROWTH);
const BUCKETS = Math.ceil(Math.log(LARGEST_MS / SMALLEST_MS) * PER_LOG) + 1;

export class Quantiles {
  // Doubles, not 32-bit integers: they do not overflow.
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;
  #least = Infinity;
  #most = -Infinity;

  /** Number of samples. */
  get count(): number {
    return this.#total;
  }

  /** Takes a sample in milliseconds; NaN is ignored. */
  add(ms: number): void {
    const bucket = ms > SMALLEST_MS ? Math.floor(Math.log(ms / SMALLEST_MS) * PER_LOG) : ms <= SMALLEST_MS ? 0 : -1;
    if (bucket < 0) return;
    const index = bucket < BUCKETS ? bucket : BUCKETS - 1;
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#total += 1;
    if (ms < this.#least) this.#least = ms;
    if (ms > this.#most) this.#most = ms;
  }

  /**
   * The sample at a share of the sorted samples (nearest rank), in milliseconds; undefined without samples.
   *
   * @param share 0 to 1, such as 0.95
   */
  at(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.#total));
    let bucket = 0;
    for (let seen = 0; bucket < BUCKETS - 1; bucket += 1) {
      seen += this.#counts[bucket] as number;
      if (seen >= rank) break;
    }
    return Math.min(this.#most, Math.max(this.#least, SMALLEST_MS * GROWTH ** (bucket + 0.5)));
  }
}
