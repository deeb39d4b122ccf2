import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import kmeansAssign, {
  assign,
  firstRound,
  nextRound,
  rowRanges,
  seedCentroids,
  updateCentroids,
  type KMeansRound,
} from '../../../nodes/kmeansAssign.ts';
import { plantedBlobs, seededRandom } from '../../support/planted.ts';
import { runItem, runItems } from './run-exec.ts';

function sharedPoints(rows: readonly (readonly number[])[]): Float32Array<SharedArrayBuffer> {
  const flat = rows.flat();
  const points = new Float32Array(new SharedArrayBuffer(flat.length * 4));
  points.set(flat);
  return points;
}

/** Rounds until nothing moves, at most 100; with the inertia of each. */
async function cluster(first: KMeansRound, size = 256) {
  const ranges = rowRanges(first.labels.length, size);
  const inertia: number[] = [];
  let round = first;
  for (let i = 0; i < 100; i++) {
    const update = updateCentroids(round, await runItems(kmeansAssign, ranges, round));
    inertia.push(update.inertia);
    if (update.moved === 0) return { labels: [...round.labels], inertia, update };
    round = nextRound(round, update);
  }
  throw new Error('k-means did not come to rest');
}

/** Share of the points that belong to the most frequent true cluster of their cluster. */
function purity(labels: readonly number[], truth: readonly number[]): number {
  const counts = new Map<number, Map<number, number>>();
  labels.forEach((label, i) => {
    const members = counts.get(label) ?? new Map<number, number>();
    counts.set(label, members.set(truth[i] ?? -1, (members.get(truth[i] ?? -1) ?? 0) + 1));
  });
  const right = [...counts.values()].reduce((sum, members) => sum + Math.max(...members.values()), 0);
  return right / labels.length;
}

describe('k-means', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    it(`recovers planted blobs (seed ${seed})`, async () => {
      const { points, truth } = plantedBlobs({ seed, k: 12, count: 1500, dim: 16 });
      const { labels, update } = await cluster(firstRound({ points, dim: 16, k: 12, seed }));
      assert.equal(purity(labels, truth), 1);
      assert.deepEqual(
        [...update.counts],
        Array.from({ length: 12 }, () => 125),
      );
    });
  }

  it('never raises the inertia', async () => {
    const random = seededRandom(4);
    const points = sharedPoints(Array.from({ length: 2000 }, () => [random(), random(), random()]));
    const { inertia } = await cluster(firstRound({ points, dim: 3, k: 10, seed: 1 }));
    assert.ok(inertia.length > 3);
    inertia.reduce((before, now) => (assert.ok(now <= before * (1 + 1e-12)), now));
  });

  it('gives the same bits again, and the same labels whatever the ranges', async () => {
    const { points } = plantedBlobs({ seed: 9, k: 5, count: 700, dim: 8 });
    const run = (size?: number) => cluster(firstRound({ points, dim: 8, k: 5, seed: 1 }), size);
    assert.deepEqual(await run(), await run());
    assert.deepEqual((await run(33)).labels, (await run()).labels);
  });
});

describe('assign', () => {
  const { points } = plantedBlobs({ seed: 3, k: 4, count: 300, dim: 6 });
  const first = firstRound({ points, dim: 6, k: 4, seed: 3 });

  it('finds the nearest centroid, its sums, counts and inertia', () => {
    const round: KMeansRound = {
      ...firstRound({ points: sharedPoints([[0], [1], [9], [10], [5]]), dim: 1, k: 2, seed: 1 }),
      centroids: sharedPoints([[0], [10]]),
    };
    assert.deepEqual(assign(round, { from: 0, to: 5 }), {
      moved: 5,
      inertia: 1 + 1 + 25,
      // Row 4 is as far from both: the lower index wins.
      sums: Float64Array.of(6, 19),
      counts: Uint32Array.of(3, 2),
      farthest: 4,
      farthestDistance: 25,
    });
    assert.deepEqual([...round.labels], [0, 0, 1, 1, 0]);
    assert.deepEqual([...round.previous], [-1, -1, -1, -1, -1]);
  });

  it('gives the same when an item is executed again', async () => {
    const second = nextRound(first, updateCentroids(first, [assign(first, { from: 0, to: 300 })]));
    for (const round of [first, second]) {
      const once = await runItem(kmeansAssign, { from: 100, to: 200 }, round);
      const labels = [...round.labels];
      assert.deepEqual(await runItem(kmeansAssign, { from: 100, to: 200 }, round), once);
      assert.deepEqual([...round.labels], labels);
    }
  });

  it('counts what moved against the round before', () => {
    const fresh = firstRound({ points, dim: 6, k: 4, seed: 3 });
    const update = updateCentroids(fresh, [assign(fresh, { from: 0, to: 300 })]);
    assert.equal(update.moved, 300);
    const still = nextRound(fresh, { ...update, centroids: fresh.centroids });
    assert.equal(assign(still, { from: 0, to: 300 }).moved, 0);
  });

  it('writes the labels of its rows only', () => {
    const round = firstRound({ points, dim: 6, k: 4, seed: 3 });
    assign(round, { from: 10, to: 20 });
    assert.deepEqual(
      [...round.labels.keys()].filter((row) => round.labels[row] !== -1),
      [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
    );
  });
});

describe('updateCentroids', () => {
  it('restarts empty clusters at the farthest points of the ranges, farthest first', () => {
    const round: KMeansRound = {
      ...firstRound({ points: sharedPoints([[0], [4], [1], [9]]), dim: 1, k: 4, seed: 1 }),
      centroids: sharedPoints([[0], [100], [200], [300]]),
    };
    const partials = rowRanges(4, 2).map((range) => assign(round, range));
    // Two ranges, so two strays (9, then 4) for three empty clusters: the last one stays.
    assert.deepEqual([...updateCentroids(round, partials).centroids], [3.5, 9, 4, 300]);
    assert.deepEqual([...round.centroids], [0, 100, 200, 300]);
  });

  it('leaves empty clusters where they are when all points coincide', async () => {
    const points = sharedPoints([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
    const { labels, update } = await cluster(firstRound({ points, dim: 2, k: 3, seed: 1 }));
    assert.deepEqual(labels, [0, 0, 0]);
    assert.deepEqual([...update.centroids], [2, 2, 2, 2, 2, 2]);
    assert.equal(update.inertia, 0);
  });
});

describe('seedCentroids', () => {
  it('takes a point of every blob that is far away', () => {
    const { points, truth } = plantedBlobs({ seed: 8, k: 6, count: 600, dim: 6 });
    const centroids = seedCentroids(points, 6, 6, 1);
    const blobs = new Set<number | undefined>();
    for (let c = 0; c < 6; c++) {
      const row = truth.findIndex((_, i) =>
        centroids.subarray(c * 6, c * 6 + 6).every((x, d) => x === points[i * 6 + d]),
      );
      blobs.add(truth[row]);
    }
    // k-means++ does not promise it; with this seed all six are hit.
    assert.equal(blobs.size, 6);
  });

  it('refuses what cannot be', () => {
    const points = sharedPoints([[1], [2]]);
    assert.throws(
      () => seedCentroids(points, 1, 3, 1),
      /k must be an integer from 1 to the number of points \(2\), got 3/,
    );
    assert.throws(() => seedCentroids(points, 1, 0, 1), /got 0/);
    assert.throws(() => seedCentroids(points, 3, 1, 1), /2 numbers are not rows of 3/);
  });
});

describe('rowRanges', () => {
  it('covers every row once', () => {
    assert.deepEqual(rowRanges(5, 2), [
      { from: 0, to: 2 },
      { from: 2, to: 4 },
      { from: 4, to: 5 },
    ]);
    assert.deepEqual(rowRanges(0), []);
  });
});
