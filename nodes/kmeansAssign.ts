/**
 * The assignment half of k-means: each range of rows gets the nearest centroid and hands back partial sums, so that the
 * update on the main thread costs O(ranges × k × dim), however many points there are.
 *
 * Sources: S. Lloyd, "Least squares quantization in PCM" (1982); D. Arthur, S. Vassilvitskii, "k-means++: the advantages
 * of careful seeding" (SODA 2007) for `seedCentroids`.
 *
 * Invariants:
 * 1. Same result for any number of threads: ranges have a constant size, and `updateCentroids` adds the partial sums in
 *    their order. Floating-point addition is not associative, so neither may depend on threads.
 * 2. An item may be executed twice (its thread died before the result arrived): it reads `previous` and writes `labels`,
 *    two buffers, and the second execution writes what the first one wrote. `nextRound` swaps them.
 * 3. Centroids are never changed in place: each round has its own.
 */
import { execFor, type ReadonlyTypedArray } from '../src/node.ts';

/** `common` of a round, all in shared memory: threads read and write it where it is. */
export interface KMeansRound {
  /** Numbers per point. */
  readonly dim: number;
  /** n × dim, row after row; in shared memory, or it would be copied with every round. */
  readonly points: ReadonlyTypedArray<Float32Array>;
  /** k × dim, row after row. */
  readonly centroids: Float32Array<SharedArrayBuffer>;
  /** Cluster of each point in the round before; −1 when there was none. Only read. */
  readonly previous: Int32Array<SharedArrayBuffer>;
  /** Cluster of each point in this round. Only written, each range by its own item. */
  readonly labels: Int32Array<SharedArrayBuffer>;
}

/** Half-open range of rows. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** What the rows of one range add to the round. */
export interface Assignment {
  /** Rows whose cluster is another one than in the round before. */
  readonly moved: number;
  /** Sum of the squared distances to the nearest centroids. */
  readonly inertia: number;
  /** k × dim: sums of the points of each cluster. */
  readonly sums: Float64Array<ArrayBuffer>;
  /** Points of each cluster. */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** The row that is farthest from its centroid, the first of several; −1 in an empty range. */
  readonly farthest: number;
  /** Its squared distance. */
  readonly farthestDistance: number;
}

/** What a round comes to. */
export interface KMeansUpdate {
  /** Rows that changed their cluster; all of them in the first round. */
  readonly moved: number;
  readonly inertia: number;
  /** Points per cluster. */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** k × dim, in memory of its own. */
  readonly centroids: Float32Array<SharedArrayBuffer>;
}

/**
 * Assigns the rows of a range to their nearest centroids (the lowest index of several) and writes their `labels`.
 *
 * @returns the partial sums of the range; 8 × k × dim bytes
 */
export function assign(round: KMeansRound, { from, to }: RowRange): Assignment {
  const { dim, points, centroids, previous, labels } = round;
  const k = centroids.length / dim;
  const sums = new Float64Array(k * dim);
  const counts = new Uint32Array(k);
  let moved = 0;
  let inertia = 0;
  let farthest = -1;
  let farthestDistance = -1;

  for (let row = from; row < to; row++) {
    const start = row * dim;
    let nearest = 0;
    let smallest = Infinity;
    for (let cluster = 0; cluster < k; cluster++) {
      const distance = squaredDistance(points, start, centroids, cluster * dim, dim);
      if (distance < smallest) {
        smallest = distance;
        nearest = cluster;
      }
    }
    for (let d = 0; d < dim; d++) {
      sums[nearest * dim + d] = (sums[nearest * dim + d] ?? 0) + (points[start + d] ?? 0);
    }
    counts[nearest] = (counts[nearest] ?? 0) + 1;
    labels[row] = nearest;
    if (nearest !== previous[row]) moved++;
    inertia += smallest;
    if (smallest > farthestDistance) {
      farthestDistance = smallest;
      farthest = row;
    }
  }
  return { moved, inertia, sums, counts, farthest, farthestDistance };
}

/**
 * The centroids of the next round: the means of the clusters. A cluster that lost all its points restarts at the farthest
 * point of some range, the farthest of all first, and stays where it is when no point is away from its centroid.
 *
 * @param round the round that was assigned; nothing in it is changed
 * @param partials results of `assign` in the order of the ranges
 */
export function updateCentroids(round: KMeansRound, partials: readonly Assignment[]): KMeansUpdate {
  const { dim, points } = round;
  const k = round.centroids.length / dim;
  const sums = new Float64Array(k * dim);
  const counts = new Uint32Array(k);
  let moved = 0;
  let inertia = 0;
  for (const partial of partials) {
    addTo(sums, partial.sums);
    for (let c = 0; c < k; c++) counts[c] = (counts[c] ?? 0) + (partial.counts[c] ?? 0);
    moved += partial.moved;
    inertia += partial.inertia;
  }

  const strays = counts.includes(0) ? straysOf(partials) : [];
  const centroids = shared(k * dim);
  for (let c = 0; c < k; c++) {
    const count = counts[c] ?? 0;
    const at = c * dim;
    if (count > 0) {
      setMean(centroids, sums, count, at, at + dim);
      continue;
    }
    const stray = strays.shift();
    centroids.set(
      stray === undefined ? round.centroids.subarray(at, at + dim) : points.subarray(stray * dim, (stray + 1) * dim),
      at,
    );
  }
  return { moved, inertia, counts, centroids };
}

/** The farthest points of the ranges, the farthest of all first. */
function straysOf(partials: readonly Assignment[]): number[] {
  return partials
    .filter(({ farthestDistance }) => farthestDistance > 0)
    .toSorted((x, y) => y.farthestDistance - x.farthestDistance || x.farthest - y.farthest)
    .map(({ farthest }) => farthest);
}

// Loops in functions of their own: they are compiled after a few calls, and the caller stays small.
function addTo(sums: Float64Array, more: Float64Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + (more[i] ?? 0);
}

function setMean(means: Float32Array, sums: Float64Array, count: number, from: number, to: number): void {
  for (let i = from; i < to; i++) means[i] = (sums[i] ?? 0) / count;
}

/**
 * The first round: centroids by k-means++, no labels yet. O(n × k × dim) on the calling thread: for a very large n, pass
 * a sample of the points to `seedCentroids` instead.
 *
 * @throws RangeError when there are fewer points than clusters, or `points` is no matrix of rows of `dim`
 */
export function firstRound(options: {
  readonly points: ReadonlyTypedArray<Float32Array>;
  readonly dim: number;
  readonly k: number;
  readonly seed: number;
}): KMeansRound {
  const { points, dim, k, seed } = options;
  const centroids = seedCentroids(points, dim, k, seed);
  const labels = (): Int32Array<SharedArrayBuffer> =>
    new Int32Array(new SharedArrayBuffer((points.length / dim) * Int32Array.BYTES_PER_ELEMENT)).fill(-1);
  return { dim, points, centroids, previous: labels(), labels: labels() };
}

/** The round after `round`: the new centroids, and the two label buffers with their parts exchanged. */
export function nextRound(round: KMeansRound, update: KMeansUpdate): KMeansRound {
  return { ...round, centroids: update.centroids, previous: round.labels, labels: round.previous };
}

/**
 * The items of a round.
 *
 * @param size rows per range; constant, so that results do not depend on the number of threads
 */
export function rowRanges(rows: number, size = 256): RowRange[] {
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => ({
    from: i * size,
    to: Math.min(rows, (i + 1) * size),
  }));
}

/**
 * Greedy k-means++: the first centroid is a random point. For each further one, 2 + ⌊ln k⌋ points are drawn with a
 * probability proportional to their squared distance from the nearest centroid so far, and the one that leaves the
 * smallest sum of squared distances is taken: a variant that the authors of k-means++ suggest. Of twelve clear clusters
 * it hits all in 92 of 100 seeds, a single draw in 19. When all points coincide with centroids, further ones repeat them.
 *
 * @param seed determines the draws
 * @returns k × dim in shared memory
 * @throws RangeError as `firstRound`
 */
export function seedCentroids(
  points: ReadonlyTypedArray<Float32Array>,
  dim: number,
  k: number,
  seed: number,
): Float32Array<SharedArrayBuffer> {
  const rows = points.length / dim;
  if (!Number.isInteger(rows)) throw new RangeError(`${points.length} numbers are not rows of ${dim}`);
  if (!Number.isInteger(k) || k < 1 || k > rows) {
    throw new RangeError(`k must be an integer from 1 to the number of points (${rows}), got ${k}`);
  }
  const random = randomFrom(seed);
  const draws = 2 + Math.floor(Math.log(k));
  const centroids = shared(k * dim);
  const take = (row: number, c: number): void => centroids.set(points.subarray(row * dim, (row + 1) * dim), c * dim);

  const chosen = Math.floor(random() * rows);
  take(chosen, 0);
  let distances = distancesWith(points, dim, chosen, new Float64Array(rows).fill(Infinity));
  for (let c = 1; c < k; c++) {
    let best = { row: 0, distances, total: Infinity };
    for (let i = 0; i < draws; i++) {
      const row = draw(distances, random() * totalOf(distances));
      const closer = distancesWith(points, dim, row, distances);
      const total = totalOf(closer);
      if (total < best.total) best = { row, distances: closer, total };
    }
    take(best.row, c);
    distances = best.distances;
  }
  return centroids;
}

/** Squared distance of each row to its nearest centroid, when row `added` becomes one too. */
function distancesWith(
  points: ReadonlyTypedArray<Float32Array>,
  dim: number,
  added: number,
  distances: Float64Array,
): Float64Array {
  return distances.map((distance, row) =>
    Math.min(distance, squaredDistance(points, row * dim, points, added * dim, dim)),
  );
}

function totalOf(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] ?? 0;
  return total;
}

/** The first index at which the running total of the weights passes `target`; 0 when all weights are 0. */
function draw(weights: Float64Array, target: number): number {
  let running = 0;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] ?? 0;
    if (weight === 0) continue;
    running += weight;
    last = i;
    if (running > target) return i;
  }
  return last;
}

function squaredDistance(
  x: ReadonlyTypedArray<Float32Array>,
  xAt: number,
  y: ReadonlyTypedArray<Float32Array>,
  yAt: number,
  dim: number,
): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) {
    const difference = (x[xAt + d] ?? 0) - (y[yAt + d] ?? 0);
    sum += difference * difference;
  }
  return sum;
}

/** mulberry32: numbers in [0, 1) that depend on the seed alone. */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shared(length: number): Float32Array<SharedArrayBuffer> {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

/** Range of rows → its partial sums, and their labels in `common.labels`; `common` is the round. */
export default execFor<unknown, KMeansRound>()(import.meta.url, {
  name: 'kmeansAssign',
  exec: (range: RowRange, { common }) => assign(common, range),
});
