/** A map of the documents: their vectors on the two directions in which they differ most (principal components). */

const ROUNDS = 24;

/**
 * Projects unit vectors to two dimensions by power iteration with deflation (H. Hotelling 1933), in a fixed order of
 * summation, so that the picture is the same in every run.
 *
 * @returns 2 × n coordinates, each axis scaled to -1..1
 */
export function project(vectors: readonly Float32Array[]): Float64Array {
  const dim = vectors[0]?.length ?? 0;
  const mean = new Float64Array(dim);
  for (const vector of vectors)
    for (let d = 0; d < dim; d += 1) mean[d] = (mean[d] as number) + (vector[d] as number) / vectors.length;
  const first = component(vectors, mean, dim, undefined);
  const second = component(vectors, mean, dim, first);
  const coordinates = new Float64Array(vectors.length * 2);
  vectors.forEach((vector, row) => {
    coordinates[row * 2] = along(vector, mean, first);
    coordinates[row * 2 + 1] = along(vector, mean, second);
  });
  scale(coordinates, 0);
  scale(coordinates, 1);
  return coordinates;
}

function component(
  vectors: readonly Float32Array[],
  mean: Float64Array,
  dim: number,
  without: Float64Array | undefined,
): Float64Array {
  let direction = Float64Array.from({ length: dim }, (_value, d) => 1 + (d % 7));
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = new Float64Array(dim);
    for (const vector of vectors) {
      const weight = along(vector, mean, direction);
      for (let d = 0; d < dim; d += 1)
        next[d] = (next[d] as number) + weight * ((vector[d] as number) - (mean[d] as number));
    }
    if (without !== undefined) {
      const overlap = dot(next, without);
      for (let d = 0; d < dim; d += 1) next[d] = (next[d] as number) - overlap * (without[d] as number);
    }
    const length = Math.sqrt(dot(next, next));
    if (length === 0) return next;
    direction = next.map((value) => value / length);
  }
  return direction;
}

function along(vector: Float32Array, mean: Float64Array, direction: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < direction.length; d += 1)
    sum += ((vector[d] as number) - (mean[d] as number)) * (direction[d] as number);
  return sum;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d += 1) sum += (a[d] as number) * (b[d] as number);
  return sum;
}

// Outliers would squeeze all others into the middle, so the axis ends at the 1st and 99th percentile.
function scale(coordinates: Float64Array, axis: 0 | 1): void {
  const values: number[] = [];
  for (let at = axis; at < coordinates.length; at += 2) values.push(coordinates[at] as number);
  values.sort((a, b) => a - b);
  const low = values[Math.floor(values.length * 0.01)] ?? 0;
  const high = values[Math.ceil(values.length * 0.99) - 1] ?? 0;
  const span = high - low || 1;
  for (let at = axis; at < coordinates.length; at += 2) {
    const placed = (2 * ((coordinates[at] as number) - low)) / span - 1;
    coordinates[at] = Math.max(-1, Math.min(1, placed));
  }
}
