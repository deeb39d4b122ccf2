/** Takes spikes out of a record: each sample becomes the median of those around it. */

export const REACH = 12;

/** The medians of all samples but `REACH` at either end, which have not enough neighbours. */
export function medians(record: Float64Array): Float64Array {
  const found = new Float64Array(Math.max(0, record.length - 2 * REACH));
  const around = new Float64Array(2 * REACH + 1);
  for (let at = 0; at < found.length; at += 1) {
    around.set(record.subarray(at, at + around.length));
    around.sort();
    found[at] = around[REACH] as number;
  }
  return found;
}
