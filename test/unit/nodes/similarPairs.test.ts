import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import minhash, { shingles } from '../../../nodes/minhash.ts';
import similarPairs, {
  candidatePairs,
  exactJaccard,
  jaccard,
  mergeCandidates,
  packSets,
  packSignatures,
  pairSlices,
  verifyPairs,
} from '../../../nodes/similarPairs.ts';
import { plantedPairs, type PlantedPair } from '../../support/planted.ts';
import { runItem, runItems } from './run-exec.ts';

const DEFAULTS = { bands: 32, rows: 4, maxNeighbours: 8 };

/** The two passes as a workflow wires them; similarity by `i,j`. */
async function findSimilar(texts: readonly string[], threshold: number) {
  const matrix = packSignatures(await runItems(minhash, texts));
  const bands = Array.from({ length: DEFAULTS.bands }, (_, band) => band);
  const candidates = await runItems(similarPairs, bands, matrix);
  const pairs = mergeCandidates(candidates);
  const common = { pairs, ...packSets(texts.map((text) => shingles(text))) };
  const found = await runItems(exactJaccard.with({ threshold }), pairSlices(pairs), common);
  const similar = new Map<string, number>();
  for (const slice of found) {
    slice.jaccard.forEach((value, p) => similar.set(`${slice.pairs[2 * p]},${slice.pairs[2 * p + 1]}`, value));
  }
  return { similar, candidates, pairs };
}

/** Index of the group of each document when similar ones are joined, directly or through others. */
function groupsOf(documents: number, pairs: Iterable<string>): number[] {
  const parents = Array.from({ length: documents }, (_, i) => i);
  const rootOf = (i: number): number => {
    let root = i;
    while (parents[root] !== root) root = parents[root] ?? root;
    return root;
  };
  for (const pair of pairs) {
    const [i = 0, j = 0] = pair.split(',').map((text) => rootOf(Number(text)));
    parents[Math.max(i, j)] = Math.min(i, j);
  }
  return parents.map((_, i) => rootOf(i));
}

describe('similar pairs of 1,200 planted ones over Jaccard 0.5–1', async () => {
  const planted = plantedPairs({ seed: 42, pairs: 1200, from: 0.5, to: 1 });
  const high = planted.pairs.filter(({ jaccard: truth }) => truth >= 0.8);
  const { similar } = await findSimilar(planted.texts, 0.5);

  it('finds at least 95 % of those of 0.8 and more, and at least 95 % of all (theory: 97.4 %)', () => {
    const recall = (pairs: readonly PlantedPair[]) =>
      pairs.filter(({ a, b }) => similar.has(`${a},${b}`)).length / pairs.length;
    assert.ok(high.length > 400, `${high.length} pairs`);
    assert.ok(recall(high) >= 0.95, `recall ${recall(high)}`);
    assert.ok(recall(planted.pairs) >= 0.95, `recall ${recall(planted.pairs)}`);
  });

  it('reports only planted pairs, with their exact similarity, never below 0.5', () => {
    const truth = new Map(planted.pairs.map(({ a, b, jaccard: value }) => [`${a},${b}`, value]));
    for (const [pair, value] of similar) {
      assert.equal(value, truth.get(pair));
      assert.ok(value >= 0.5);
    }
  });

  it('reports only what reaches the default threshold of 0.8', async () => {
    const { similar: strict } = await findSimilar(planted.texts, 0.8);
    assert.ok([...strict.values()].every((value) => value >= 0.8));
    assert.ok(strict.size >= 0.95 * high.length && strict.size <= high.length);
  });

  it('does not depend on the order in which bands come back', async () => {
    const matrix = packSignatures(await runItems(minhash, planted.texts.slice(0, 200)));
    const bands = Array.from({ length: 32 }, (_, band) => candidatePairs(matrix, band));
    assert.deepEqual(mergeCandidates(bands), mergeCandidates(bands.toReversed()));
  });
});

describe('many documents in one bucket', () => {
  const base = Array.from({ length: 150 }, (_, i) => `word${i * 7}`);

  it('links 5,000 identical documents linearly and connects all of them', async () => {
    const texts = Array.from({ length: 5000 }, () => base.join(' '));
    const { similar, candidates, pairs } = await findSimilar(texts, 0.8);
    for (const band of candidates) assert.ok(band.length / 2 < texts.length, 'a chain has n − 1 links');
    assert.equal(pairs.length / 2, texts.length - 1);
    assert.equal(new Set(groupsOf(texts.length, similar.keys())).size, 1);
  });

  it('finds a document that resembles 2,000 identical ones, and a pair that does', async () => {
    const close = base.with(70, 'other').join(' ');
    const closer = base.with(75, 'more').join(' ');
    const copies = Array.from({ length: 2000 }, () => base.join(' '));
    const texts = [...copies.slice(0, 900), close, ...copies.slice(900), closer];
    const { similar } = await findSimilar(texts, 0.8);
    const expected = jaccard(shingles(close), shingles(closer));
    assert.ok(expected > 0.8);
    assert.equal(similar.get(`900,${texts.length - 1}`), expected);
    assert.equal(new Set(groupsOf(texts.length, similar.keys())).size, 1);
  });

  it('bounds and connects 3,000 documents that differ from each other in one word', async () => {
    const texts = Array.from({ length: 3000 }, (_, i) => base.with(i % 150, `other${i}`).join(' '));
    const { similar, candidates } = await findSimilar(texts, 0.8);
    for (const band of candidates) assert.ok(band.length / 2 <= texts.length * DEFAULTS.maxNeighbours);
    assert.equal(new Set(groupsOf(texts.length, similar.keys())).size, 1);
  });

  it('takes all pairs of a bucket of nine different signatures', () => {
    const rows = Array.from({ length: 9 }, (_, i) => Uint32Array.of(1, 2, 3, 4, i));
    const pairs = candidatePairs(packSignatures(rows), 0, { bands: 1, rows: 4, maxNeighbours: 8 });
    assert.equal(pairs.length / 2, (9 * 8) / 2);
    for (let p = 0; p < pairs.length; p += 2) assert.ok((pairs[p] ?? 0) < (pairs[p + 1] ?? 0));
  });
});

describe('the kernels', () => {
  it('jaccard counts', () => {
    assert.equal(jaccard(Uint32Array.of(1, 2, 3), Uint32Array.of(2, 3, 4)), 0.5);
    assert.equal(jaccard(Uint32Array.of(1, 2), Uint32Array.of(1, 2)), 1);
    assert.equal(jaccard(Uint32Array.of(1), new Uint32Array(0)), 0);
    assert.equal(jaccard(new Uint32Array(0), new Uint32Array(0)), 0);
  });

  it('a pair exactly at the threshold is reported', () => {
    const sets = packSets([Uint32Array.of(1, 2, 3, 4), Uint32Array.of(1, 2, 3, 4, 5)]);
    const common = { ...sets, pairs: Uint32Array.of(0, 1) };
    assert.deepEqual(verifyPairs(common, { from: 0, to: 1 }, 0.8), {
      pairs: Uint32Array.of(0, 1),
      jaccard: Float64Array.of(0.8),
    });
    assert.equal(verifyPairs(common, { from: 0, to: 1 }, 0.81).jaccard.length, 0);
  });

  it('slices cover every pair once', () => {
    assert.deepEqual(pairSlices(new Uint32Array(10), 2), [
      { from: 0, to: 2 },
      { from: 2, to: 4 },
      { from: 4, to: 5 },
    ]);
    assert.deepEqual(pairSlices(new Uint32Array(0)), []);
  });

  it('takes no documents', async () => {
    assert.equal((await runItem(similarPairs, 0, packSignatures([]))).length, 0);
    assert.equal(mergeCandidates([]).length, 0);
    assert.equal(packSets([]).offsets.length, 1);
  });

  it('refuses what cannot be', async () => {
    const matrix = packSignatures([new Uint32Array(64), new Uint32Array(64)]);
    await assert.rejects(runItem(similarPairs, 0, matrix), /32 bands of 4 rows .* signatures of 64 entries/);
    await assert.rejects(runItem(similarPairs.with({ bands: 16 }), 16, matrix), /band 16 of 16/);
    await assert.rejects(runItem(similarPairs.with({ rows: 0 }), 0, matrix), /rows must be a positive integer, got 0/);
    const common = { ...packSets([]), pairs: new Uint32Array(0) };
    await assert.rejects(
      runItem(exactJaccard.with({ threshold: 0.4 }), { from: 0, to: 0 }, common),
      /threshold must be from 0.5 to 1, got 0.4/,
    );
    assert.throws(() => packSignatures([new Uint32Array(2), new Uint32Array(3)]), /signature 1 has 3 entries/);
    assert.throws(
      () => candidatePairs({ signatures: new Uint32Array(7), width: 4 }, 0, { ...DEFAULTS, bands: 1 }),
      /7 numbers/,
    );
  });
});
