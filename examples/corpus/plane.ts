/** Principal components: the plane on which rows of numbers differ most. */

import type { ReadonlyTypedArray } from '../../src/node.ts';

/** Some rows of a matrix. */
export interface Rows {
  /** n × dim, row after row. */
  readonly points: ReadonlyTypedArray<Float32Array>;
  readonly dim: number;
  /** Which rows. */
  readonly rows: readonly number[];
}

/** Enough for a picture. */
const ROUNDS = 12;

/**
 * The rows on their two principal components, around their middle: by power iteration with deflation (H. Hotelling 1933),
 * in a fixed order of summation, so that the picture is the same in every run.
 *
 * @returns x, y of each row
 */
export function onPlane(data: Rows): Float64Array {
  const { points, dim, rows } = data;
  const mean = new Float64Array(dim);
  for (const row of rows) addRow(mean, points, row * dim, 1 / rows.length);
  const x = component(data, mean, new Float64Array(dim));
  const y = component(data, mean, x);
  const [middleX, middleY] = [dot(mean, x), dot(mean, y)];
  const places = new Float64Array(rows.length * 2);
  rows.forEach((row, index) => {
    places[index * 2] = dotRow(points, row * dim, x) - middleX;
    places[index * 2 + 1] = dotRow(points, row * dim, y) - middleY;
  });
  return places;
}

/** The unit vector along which the rows vary most, at right angles to `other`; zeros when they do not vary. */
function component({ points, dim, rows }: Rows, mean: Float64Array, other: Float64Array): Float64Array {
  let direction = Float64Array.from({ length: dim }, (_value, d) => 1 + (d % 7));
  for (let round = 0; round < ROUNDS; round += 1) {
    const middle = dot(mean, direction);
    const next = new Float64Array(dim);
    let weights = 0;
    for (const row of rows) {
      const weight = dotRow(points, row * dim, direction) - middle;
      weights += weight;
      addRow(next, points, row * dim, weight);
    }
    // As if the mean had been taken from each row, without a copy of the rows.
    add(next, mean, -weights);
    add(next, other, -dot(next, other));
    const length = Math.sqrt(dot(next, next));
    if (length < 1e-9) return new Float64Array(dim);
    direction = next.map((value) => value / length);
  }
  return direction;
}

// Small loops of one type each: compiled after a few calls, where one large function would be interpreted for long.

function dotRow(points: ReadonlyTypedArray<Float32Array>, at: number, direction: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < direction.length; d += 1) sum += (points[at + d] ?? 0) * (direction[d] ?? 0);
  return sum;
}

function addRow(sums: Float64Array, points: ReadonlyTypedArray<Float32Array>, at: number, weight: number): void {
  for (let d = 0; d < sums.length; d += 1) sums[d] = (sums[d] ?? 0) + weight * (points[at + d] ?? 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d += 1) sum += (a[d] ?? 0) * (b[d] ?? 0);
  return sum;
}

function add(sums: Float64Array, values: Float64Array, weight: number): void {
  for (let d = 0; d < sums.length; d += 1) sums[d] = (sums[d] ?? 0) + weight * (values[d] ?? 0);
}
