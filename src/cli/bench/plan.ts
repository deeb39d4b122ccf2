/** Which runs are measured, in which order. Pure. */

/** The thread counts of a benchmark that is told none: 1, 2, 4, … and all usable cores. */
export function defaultCounts(cores: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count < cores; count *= 2) counts.push(count);
  return [...counts, cores];
}

/**
 * The order of the thread counts in a round. It rotates, so that in as many rounds as there are counts each has every
 * place once, and is turned round after that, so that none always comes after the same other one: what the machine does
 * over time (warming up, throttling, somebody else's work) favours nobody.
 *
 * @param round from 0
 */
export function orderOf(round: number, counts: readonly number[]): number[] {
  const shift = round % counts.length;
  const rotated = [...counts.slice(shift), ...counts.slice(0, shift)];
  return Math.floor(round / counts.length) % 2 === 0 ? rotated : rotated.toReversed();
}

/**
 * Milliseconds that the runs to come will probably take: each as long as those with as many threads took, or, of counts
 * that have not been measured yet, as all together did.
 */
export function timeLeft(
  done: readonly { readonly threads: number; readonly tookMs: number }[],
  toCome: readonly number[],
): number | undefined {
  if (done.length === 0) return undefined;
  const mean = (some: typeof done): number => some.reduce((sum, { tookMs }) => sum + tookMs, 0) / some.length;
  return toCome.reduce((sum, threads) => {
    const alike = done.filter((each) => each.threads === threads);
    return sum + mean(alike.length === 0 ? done : alike);
  }, 0);
}
