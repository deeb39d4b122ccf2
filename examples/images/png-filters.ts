/**
 * The five filters of PNG: before rows are compressed, every byte is replaced by its difference from what its neighbours
 * let expect. Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", chapter 9 and section 12.7.
 *
 * Rows are worked on in copies with a pixel of zeros in front of them, which is what stands outside a picture.
 */

/** None, Sub, Up, Average, Paeth. */
const FILTERS = 5;

/**
 * Filters every row with the filter whose bytes, read as signed numbers, have the smallest sum of absolute values: the
 * heuristic that the specification recommends. Of several filters the first one is taken.
 *
 * @param stride bytes of a row
 * @param step bytes of a pixel
 * @returns per row its filter and its bytes
 */
export function filterRows(pixels: Uint8Array, stride: number, step: number): Uint8Array<ArrayBuffer> {
  const rows = pixels.length / stride;
  const filtered = new Uint8Array(rows * (stride + 1));
  const candidates = Array.from({ length: FILTERS }, () => new Uint8Array(stride));
  let [above, current] = [new Uint8Array(step + stride), new Uint8Array(step + stride)];
  for (let row = 0; row < rows; row++) {
    current.set(pixels.subarray(row * stride, (row + 1) * stride), step);
    const sums = candidates.map((candidate, filter) => filterRow(filter, current, above, step, candidate));
    const best = sums.indexOf(Math.min(...sums));
    filtered[row * (stride + 1)] = best;
    filtered.set(candidates[best] ?? [], row * (stride + 1) + 1);
    [above, current] = [current, above];
  }
  return filtered;
}

/** @returns the sum of absolute values */
function filterRow(
  filter: number,
  current: Uint8Array,
  above: Uint8Array,
  step: number,
  candidate: Uint8Array,
): number {
  let sum = 0;
  for (let i = 0; i < candidate.length; i++) {
    const guess = expected(filter, current[i] ?? 0, above[i + step] ?? 0, above[i] ?? 0);
    const difference = ((current[i + step] ?? 0) - guess) & 255;
    candidate[i] = difference;
    sum += difference < 128 ? difference : 256 - difference;
  }
  return sum;
}

/**
 * Undoes the filters.
 *
 * @param filtered per row its filter and its bytes
 * @returns the bytes of all rows
 * @throws RangeError when a row names a filter that does not exist
 */
export function unfilterRows(filtered: Uint8Array, stride: number, step: number): Uint8Array<ArrayBuffer> {
  const rows = filtered.length / (stride + 1);
  const pixels = new Uint8Array(rows * stride);
  let [above, current] = [new Uint8Array(step + stride), new Uint8Array(step + stride)];
  for (let row = 0; row < rows; row++) {
    const from = row * (stride + 1);
    const filter = filtered[from] ?? 0;
    if (filter >= FILTERS) throw new RangeError(`row ${row} has filter ${filter}; there are 0 to ${FILTERS - 1}`);
    for (let i = 0; i < stride; i++) {
      const guess = expected(filter, current[i] ?? 0, above[i + step] ?? 0, above[i] ?? 0);
      current[i + step] = (filtered[from + 1 + i] ?? 0) + guess;
    }
    pixels.set(current.subarray(step), row * stride);
    [above, current] = [current, above];
  }
  return pixels;
}

/** What a filter expects of a byte, by its neighbours on the left, above, and above on the left. */
function expected(filter: number, left: number, up: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  return paeth(left, up, corner);
}

/** The neighbour that is nearest to left + up − corner; ties in this order. */
function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
