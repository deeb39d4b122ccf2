/**
 * Friedman's first function with noise: a regression whose truth is known. Five of its ten features are of no use.
 *
 * Source: J. Friedman, "Multivariate adaptive regression splines" (Annals of Statistics, 1991).
 */
import type { Table } from './table.ts';

const FEATURES = 10;

/** Mean squared error of the function itself: the variance of the noise. No model can be better on rows that it has not seen. */
export const NOISE_FLOOR = 1;

/**
 * y = 10 sin(π x1 x2) + 20 (x3 − ½)² + 10 x4 + 5 x5 + ε, where x1 … x10 are uniform on [0, 1) and ε is standard normal.
 *
 * @param seed determines all numbers
 */
export function friedman1(rows: number, seed: number): Table {
  const random = randomFrom(seed);
  const matrix = new Float64Array(rows * FEATURES);
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const at = row * FEATURES;
    for (let feature = 0; feature < FEATURES; feature += 1) matrix[at + feature] = random();
    const [x1 = 0, x2 = 0, x3 = 0, x4 = 0, x5 = 0] = matrix.subarray(at, at + 5);
    values[row] = 10 * Math.sin(Math.PI * x1 * x2) + 20 * (x3 - 0.5) ** 2 + 10 * x4 + 5 * x5 + normal(random);
  }
  return {
    name: "Friedman's first function",
    features: Array.from({ length: FEATURES }, (_value, feature) => `x${feature + 1}`),
    target: 'y',
    matrix,
    values,
  };
}

/** Box and Muller (1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** mulberry32: numbers in [0, 1) that depend on the seed alone. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
