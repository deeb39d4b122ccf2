/** Vectors as one matrix in shared memory, where all threads read it. */
import type { KMeansRound } from '../../nodes/kmeansAssign.ts';

/** One row per vector. */
export function toMatrix(vectors: readonly Float32Array[], dim: number): Float32Array<SharedArrayBuffer> {
  const points = shared(vectors.length * dim);
  vectors.forEach((vector, row) => points.set(vector, row * dim));
  return points;
}

/** At most `count` rows, evenly spaced; the matrix itself when it has no more. */
export function sampleOf(points: Float32Array, dim: number, count: number): Float32Array {
  const rows = points.length / dim;
  if (rows <= count) return points;
  const sample = new Float32Array(count * dim);
  for (let at = 0; at < count; at += 1) {
    const row = Math.floor((at * rows) / count);
    sample.set(points.subarray(row * dim, (row + 1) * dim), at * dim);
  }
  return sample;
}

/** A first round of the clustering from given centroids. */
export function startRound(points: Float32Array<SharedArrayBuffer>, dim: number, centroids: Float32Array): KMeansRound {
  const own = shared(centroids.length);
  own.set(centroids);
  const labels = (): Int32Array<SharedArrayBuffer> =>
    new Int32Array(new SharedArrayBuffer((points.length / dim) * Int32Array.BYTES_PER_ELEMENT)).fill(-1);
  return { dim, points, centroids: own, previous: labels(), labels: labels() };
}

function shared(length: number): Float32Array<SharedArrayBuffer> {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}
