import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAligner, dnaScoring, encode, proteinScoring } from '../../../nodes/alignSequences.ts';
import searchSequences, { mergeHits, packSequences } from '../../../nodes/searchSequences.ts';
import { seededRandom } from '../../support/planted.ts';
import { runItem, runItems } from './run-exec.ts';

const RESIDUES = 'ARNDCQEGHILKMFPSTWYV';
const scoring = proteinScoring();
const search = searchSequences.with({ scoring });

function randomSequence(random: () => number, length: number): string {
  return Array.from({ length }, () => RESIDUES.charAt(Math.floor(random() * RESIDUES.length))).join('');
}

/** Another sequence of the family: a third of the residues are new, and a piece is missing. */
function relativeOf(sequence: string, random: () => number): string {
  const cut = 40 + Math.floor(random() * 40);
  const left = sequence.slice(0, cut) + sequence.slice(cut + 3);
  return Array.from(left, (residue) => (random() < 1 / 3 ? randomSequence(random, 1) : residue)).join('');
}

/** 20 families of 5 sequences; sequence i belongs to family i mod 20. */
function plantedFamilies(seed: number) {
  const random = seededRandom(seed);
  const ancestors = Array.from({ length: 20 }, () => randomSequence(random, 120));
  const sequences = Array.from({ length: 100 }, (_, i) => relativeOf(ancestors[i % 20] ?? '', random));
  const queries = ancestors.map((ancestor) => ({ query: relativeOf(ancestor, random) }));
  return { sequences, queries };
}

describe('searchSequences', () => {
  const { sequences, queries } = plantedFamilies(3);
  const common = packSequences(sequences, scoring);

  it('finds the five relatives of each query before all others', async () => {
    const hits = await runItems(search, queries, common);
    hits.forEach((found, family) => {
      const first = found.slice(0, 5).map(({ target }) => target % 20);
      assert.deepEqual(first, [family, family, family, family, family]);
      // Chance reaches far less than a relative, so a score between the two separates them.
      assert.ok((found[4]?.score ?? 0) > 1.5 * (found[5]?.score ?? Infinity));
    });
  });

  it('gives the alignment with each sequence, highest score first, then lowest index', async () => {
    const aligner = createAligner(scoring);
    const found = await runItem(search.with({ maxHits: 100 }), queries[2] ?? { query: '' }, common);
    aligner.setQuery(encode(queries[2]?.query ?? '', scoring));
    const expected = sequences.map((sequence, target) =>
      Object.assign({ target }, aligner.align(encode(sequence, scoring))),
    );
    assert.deepEqual(
      found,
      expected.toSorted((x, y) => y.score - x.score || x.target - y.target),
    );
    const scores = found.map(({ score }) => score);
    assert.ok(new Set(scores).size < scores.length, 'some scores are equal, or the order of ties is not tested');
  });

  it('finds the same over ranges whose hits are joined', async () => {
    const query = queries[7]?.query ?? '';
    const whole = await runItem(search, { query }, common);
    const ranges = [
      { query, from: 60 },
      { query, from: 0, to: 33 },
      { query, from: 33, to: 60 },
    ];
    assert.deepEqual(mergeHits(await runItems(search, ranges, common)), whole);
    assert.deepEqual(mergeHits(await runItems(search, ranges, common), 3), whole.slice(0, 3));
    assert.deepEqual(await runItem(search, { query, from: 50, to: 50 }, common), []);
  });

  it('reports what scores enough, and no more than asked', async () => {
    const [query = { query: '' }] = queries;
    const found = await runItem(search.with({ maxHits: 100, minScore: 100 }), query, common);
    assert.deepEqual(
      found.map(({ target }) => target).toSorted((x, y) => x - y),
      [0, 20, 40, 60, 80],
    );
    assert.equal((await runItem(search.with({ maxHits: 2 }), query, common)).length, 2);
    assert.deepEqual(await runItem(search, { query: '' }, common), []);
  });

  it('packs sequences one after the other, empty ones too, in shared memory', () => {
    const packed = packSequences(['ACG', '', 'TT'], dnaScoring());
    assert.deepEqual([...packed.offsets], [0, 3, 3, 5]);
    assert.deepEqual([...packed.codes], [0, 1, 2, 3, 3]);
    assert.ok(packed.codes.buffer instanceof SharedArrayBuffer && packed.offsets.buffer instanceof SharedArrayBuffer);
    assert.throws(() => packSequences(['ACG', 'AC G'], dnaScoring()), /sequence 1 has " " at 2/);
  });

  it('refuses what cannot be', async () => {
    const item = { query: 'ACGT' };
    await assert.rejects(
      runItem(searchSequences, item, common),
      /packed for the letters A R N .*, and the scoring is for A C G TU N/,
    );
    await assert.rejects(runItem(search, { ...item, to: 101 }, common), /from 0 to 101 is no range of 100 sequences/);
    await assert.rejects(runItem(search, { ...item, from: 3, to: 2 }, common), /from 3 to 2 is no range/);
    await assert.rejects(runItem(search, { ...item, from: 0.5 }, common), /from 0.5 to 100 is no range/);
    await assert.rejects(runItem(search, { query: 'AC1' }, common), /query has "1" at 2/);
    await assert.rejects(
      runItem(search.with({ maxHits: 0 }), item, common),
      /maxHits must be a positive integer, got 0/,
    );
    await assert.rejects(runItem(search.with({ minScore: 0 }), item, common), /minScore .* got 0/);
  });
});
