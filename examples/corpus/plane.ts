/** Principal components: the plane on which rows of numbers differ most. */

/** Some rows of a matrix. */
export interface Rows {
  /** n × dim, row after row. */
  readonly points: Float32Array;
  readonly dim: number;
  /** Which rows. */
  readonly rows: readonly number[];
}

const ROUNDS = 24;

/**
 * The rows on their two principal components, around their middle: by power iteration with deflation (H. Hotelling 1933),
 * in a fixed order of summation, so that the picture is the same in every run.
 *
 * @returns x, y of each row
 */
export function onPlane(data: Rows): Float64Array {
  const { points, dim, rows } = data;
  const mean = new Float64Array(dim);
  for (const row of rows)
    for (let d = 0; d < dim; d += 1) mean[d] = (mean[d] ?? 0) + (points[row * dim + d] ?? 0) / rows.length;
  const x = component(data, mean);
  const y = component(data, mean, x);
  const [middleX, middleY] = [dot(mean, 0, x), dot(mean, 0, y)];
  const places = new Float64Array(rows.length * 2);
  rows.forEach((row, index) => {
    places[index * 2] = dot(points, row * dim, x) - middleX;
    places[index * 2 + 1] = dot(points, row * dim, y) - middleY;
  });
  return places;
}

/** The unit vector along which the rows vary most, at right angles to `other`; zeros when they do not vary. */
function component({ points, dim, rows }: Rows, mean: Float64Array, other?: Float64Array): Float64Array {
  let direction = Float64Array.from({ length: dim }, (_value, d) => 1 + (d % 7));
  for (let round = 0; round < ROUNDS; round += 1) {
    const middle = dot(mean, 0, direction);
    const next = new Float64Array(dim);
    let weights = 0;
    for (const row of rows) {
      const at = row * dim;
      const weight = dot(points, at, direction) - middle;
      weights += weight;
      for (let d = 0; d < dim; d += 1) next[d] = (next[d] ?? 0) + weight * (points[at + d] ?? 0);
    }
    // As if the mean had been taken from each row, without a copy of the rows.
    for (let d = 0; d < dim; d += 1) next[d] = (next[d] ?? 0) - weights * (mean[d] ?? 0);
    if (other !== undefined) {
      const overlap = dot(next, 0, other);
      for (let d = 0; d < dim; d += 1) next[d] = (next[d] ?? 0) - overlap * (other[d] ?? 0);
    }
    const length = Math.sqrt(dot(next, 0, next));
    if (length < 1e-9) return new Float64Array(dim);
    direction = next.map((value) => value / length);
  }
  return direction;
}

function dot(rows: Float32Array | Float64Array, at: number, direction: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < direction.length; d += 1) sum += (rows[at + d] ?? 0) * (direction[d] ?? 0);
  return sum;
}
