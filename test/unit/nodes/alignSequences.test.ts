import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import alignSequences, {
  createAligner,
  dnaScoring,
  encode,
  proteinScoring,
  type Alignment,
  type Scoring,
} from '../../../nodes/alignSequences.ts';
import { seededRandom } from '../../support/planted.ts';
import { runItem, runItems } from './run-exec.ts';

/** UniProt P69905 and P68871: haemoglobin, subunits alpha and beta, human. */
const ALPHA =
  'MVLSPADKTNVKAAWGKVGAHAGEYGAEALERMFLSFPTTKTYFPHFDLSHGSAQVKGHGKKVADALTNAVAHVDDMPNALSALSDLHAHKLRVDPVNFKLLSHCLL' +
  'VTLAAHLPAEFTPAVHASLDKFLASVSTVLTSKYR';
const BETA =
  'MVHLTPEEKSAVTALWGKVNVDEVGGEALGRLLVVYPWTQRFFESFGDLSTPDAVMGNPKVKAHGKKVLGAFSDGLAHLDNLKGTFATLSELHCDKLHVDPENFRLL' +
  'GNVLVCVLAHHFGKEFTPPVQAAYQKVVAGVANALAHKYH';

function align(query: string, target: string, scoring: Scoring, maxTraceBytes?: number): Alignment {
  const aligner = createAligner(scoring, maxTraceBytes);
  aligner.setQuery(encode(query, scoring));
  return aligner.align(encode(target, scoring));
}

/** The operations of a CIGAR. */
function operationsOf(cigar: string): { length: number; operation: string }[] {
  return Array.from(cigar.matchAll(/(\d+)([=XID])/g), ([, length, operation = '']) => ({
    length: Number(length),
    operation,
  }));
}

/** Letters that a CIGAR spends on some operations. */
function lettersOf(cigar: string, operations: string): number {
  return operationsOf(cigar)
    .filter(({ operation }) => operations.includes(operation))
    .reduce((sum, { length }) => sum + length, 0);
}

/** What the path of an alignment is worth; also checks that it leads from begin to end, and that = and X are right. */
function rescore(found: Alignment, query: string, target: string, scoring: Scoring): number {
  const q = encode(query, scoring);
  const t = encode(target, scoring);
  let i = found.queryBegin;
  let j = found.targetBegin;
  let score = 0;
  for (const { length, operation } of operationsOf(found.cigar)) {
    if (operation === 'I') i += length;
    if (operation === 'D') j += length;
    if (operation === 'I' || operation === 'D') {
      score -= scoring.gapOpen + length * scoring.gapExtend;
      continue;
    }
    for (let n = 0; n < length; n++, i++, j++) {
      assert.equal(q[i] === t[j], operation === '=');
      score += scoring.scores[(q[i] ?? 0) * scoring.letters.length + (t[j] ?? 0)] ?? Number.NaN;
    }
  }
  assert.deepEqual([i, j], [found.queryEnd, found.targetEnd]);
  return score;
}

/**
 * The recurrence as Smith and Waterman printed it: the whole matrix, and gaps of all lengths for each cell, in
 * n × m × (n + m) steps.
 *
 * @returns the highest score, and the cell in which it ends: first in the target, then in the query
 */
function reference(query: string, target: string, scoring: Scoring): { score: number; ends: [number, number] } {
  const q = encode(query, scoring);
  const t = encode(target, scoring);
  const gap = (length: number): number => scoring.gapOpen + length * scoring.gapExtend;
  const h = Array.from({ length: q.length + 1 }, () => Array.from({ length: t.length + 1 }, () => 0));
  const at = (i: number, j: number): number => h[i]?.[j] ?? 0;
  let score = 0;
  let ends: [number, number] = [0, 0];
  for (let j = 1; j <= t.length; j++) {
    for (let i = 1; i <= q.length; i++) {
      const pair = scoring.scores[(q[i - 1] ?? 0) * scoring.letters.length + (t[j - 1] ?? 0)] ?? 0;
      let best = Math.max(0, at(i - 1, j - 1) + pair);
      for (let length = 1; length <= i; length++) best = Math.max(best, at(i - length, j) - gap(length));
      for (let length = 1; length <= j; length++) best = Math.max(best, at(i, j - length) - gap(length));
      const row = h[i];
      if (row !== undefined) row[j] = best;
      if (best > score) {
        score = best;
        ends = [i, j];
      }
    }
  }
  return { score, ends };
}

function randomSequence(random: () => number, length: number, letters = 'ACGT'): string {
  return Array.from({ length }, () => letters.charAt(Math.floor(random() * letters.length))).join('');
}

describe('published alignments', () => {
  it('finds the one that explains the algorithm in Wikipedia', () => {
    // Linear gaps of 2, matches of 3: GTT-AC against GTTGAC.
    const scoring = dnaScoring({ match: 3, mismatch: -3, gapOpen: 0, gapExtend: 2 });
    assert.deepEqual(align('TGTTACGG', 'GGTTGACTA', scoring), {
      score: 13,
      queryBegin: 1,
      queryEnd: 6,
      targetBegin: 1,
      targetEnd: 7,
      cigar: '3=1D2=',
    });
  });

  it('finds the one of haemoglobin alpha and beta that the manual of EMBOSS water shows', () => {
    // Its gaps cost 10 for the first letter and 0.5 for each further one, and the score is 293.5: here all is twice that.
    const half = proteinScoring();
    const scoring = { ...half, scores: half.scores.map((score) => score * 2), gapOpen: 19, gapExtend: 1 };
    const { cigar, ...found } = align(ALPHA, BETA, scoring);
    assert.deepEqual(found, { score: 587, queryBegin: 2, queryEnd: 141, targetBegin: 3, targetEnd: 146 });
    assert.equal(lettersOf(cigar, '=XID'), 145);
    assert.equal(lettersOf(cigar, '='), 63);
    assert.equal(lettersOf(cigar, 'ID'), 8);
    assert.deepEqual(
      operationsOf(cigar).filter(({ operation }) => operation === 'I' || operation === 'D'),
      [
        { length: 2, operation: 'I' },
        { length: 1, operation: 'D' },
        { length: 5, operation: 'D' },
      ],
    );
  });
});

describe('proteinScoring', () => {
  /** Share of each residue in proteins; A. and L. Robinson (PNAS 1991). */
  const SHARES: Readonly<Record<string, number>> = {
    A: 0.07805,
    R: 0.05129,
    N: 0.04487,
    D: 0.05364,
    C: 0.01925,
    Q: 0.04264,
    E: 0.06295,
    G: 0.07377,
    H: 0.02199,
    I: 0.05142,
    L: 0.09019,
    K: 0.05744,
    M: 0.02243,
    F: 0.03856,
    P: 0.05203,
    S: 0.0712,
    T: 0.05841,
    W: 0.0133,
    Y: 0.03216,
    V: 0.06441,
  };

  it('has the scale λ = 0.3176 that BLAST states for BLOSUM62', () => {
    const { letters, scores } = proteinScoring();
    const excess = (lambda: number): number => {
      let sum = -1;
      letters.forEach((x, i) =>
        letters.forEach((y, j) => {
          const score = scores[i * letters.length + j] ?? 0;
          sum += (SHARES[x] ?? 0) * (SHARES[y] ?? 0) * Math.exp(lambda * score);
        }),
      );
      return sum;
    };
    // λ > 0 is where the sum of p·p·exp(λ·score) is 1; it grows with λ there.
    assert.ok(excess(0.31755) < 0);
    assert.ok(excess(0.31765) > 0);
  });

  it('is symmetric, and every residue prefers itself', () => {
    const { letters, scores } = proteinScoring();
    letters.forEach((x, i) =>
      letters.forEach((y, j) => {
        const score = scores[i * letters.length + j] ?? 0;
        assert.equal(score, scores[j * letters.length + i]);
        if (x in SHARES && y in SHARES && x !== y) assert.ok(score < (scores[i * letters.length + i] ?? 0));
      }),
    );
    // WallTime of the printed matrix: tryptophan with itself, leucine with isoleucine, aspartate with leucine.
    const at = (x: string, y: string): number | undefined =>
      scores[letters.indexOf(x) * letters.length + letters.indexOf(y)];
    assert.deepEqual([at('W', 'W'), at('L', 'I'), at('D', 'L'), at('*', '*'), at('B', 'N')], [11, 2, -4, 1, 3]);
  });
});

describe('align', () => {
  /** Few letters, so that ties, gaps and gaps beside gaps are frequent; the scores need not be symmetric. */
  const scorings: fc.Arbitrary<Scoring> = fc.record({
    letters: fc.constant(['A', 'C', 'G']),
    scores: fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 9, maxLength: 9 }),
    gapOpen: fc.integer({ min: 0, max: 4 }),
    gapExtend: fc.integer({ min: 0, max: 3 }),
  });
  const sequences = fc.string({ unit: fc.constantFrom('A', 'C', 'G'), maxLength: 24 });

  it('has the score and the end of the full matrix, and a path of that score', () => {
    fc.assert(
      fc.property(sequences, sequences, scorings, (query, target, scoring) => {
        const found = align(query, target, scoring);
        const { score, ends } = reference(query, target, scoring);
        assert.equal(found.score, score);
        assert.deepEqual([found.queryEnd, found.targetEnd], ends);
        assert.equal(rescore(found, query, target, scoring), score);
      }),
      { numRuns: 2000 },
    );
  });

  it('begins and ends with a pair of letters', () => {
    fc.assert(
      fc.property(sequences, sequences, scorings, (query, target, scoring) => {
        const { score, cigar } = align(query, target, scoring);
        if (score > 0) assert.match(cigar, /^\d+[=X](.*[=X])?$/);
      }),
    );
  });

  it('gives the same score when query and target change places', () => {
    fc.assert(
      fc.property(sequences, sequences, scorings, (query, target, scoring) => {
        const { scores } = scoring;
        const transposed = scores.map((_, i) => scores[(i % 3) * 3 + Math.floor(i / 3)] ?? 0);
        assert.equal(
          align(target, query, { ...scoring, scores: transposed }).score,
          align(query, target, scoring).score,
        );
      }),
    );
  });

  it('finds no alignment of sequences that share nothing', () => {
    const none = { score: 0, queryBegin: 0, queryEnd: 0, targetBegin: 0, targetEnd: 0, cigar: '' };
    const scoring = dnaScoring();
    assert.deepEqual(align('AAAA', 'CCCC', scoring), none);
    assert.deepEqual(align('', 'ACGT', scoring), none);
    assert.deepEqual(align('ACGT', '', scoring), none);
    assert.deepEqual(align('NNNN', 'NNNN', scoring), none);
  });

  it('of several takes the one that ends first', () => {
    const scoring = dnaScoring();
    const found = align('ACGTAACGT', 'TTACGTTTACGTTT', scoring);
    assert.deepEqual([found.queryBegin, found.targetBegin, found.cigar], [0, 2, '4=']);
  });

  it('takes lower case, U for T, and matches no letter that stands for several', () => {
    const scoring = dnaScoring();
    assert.equal(align('acguACGT', 'ACGTACGU', scoring).cigar, '8=');
    // Each of the two costs 3, against 2 for a match.
    assert.equal(align('ACGTRACGT', 'ACGTNACGT', scoring).score, 8 * 2 - 3);
    const protein = proteinScoring();
    assert.deepEqual(encode('UOJX', protein), encode('xxxx', protein));
  });
});

describe('long alignments', () => {
  const random = seededRandom(5);
  const scoring = dnaScoring();
  const pieces = Array.from({ length: 4 }, () => randomSequence(random, 700));
  const [a = '', b = '', c = '', d = ''] = pieces;

  it('keep their path across blocks of columns, with gaps longer than a block', () => {
    // 700 letters only in the target, later 700 only in the query: 5 + 2 × 700 each, which the matches outweigh.
    const query = a + b.repeat(2) + c + d;
    const target = a + c + b.repeat(2) + d;
    const cheap = { ...scoring, gapExtend: 0 };
    const found = align(query, target, cheap);
    // b twice is 2 × 1400; what is moved, c, has to be left out on both sides.
    assert.equal(found.score, 2 * (700 + 1400 + 700) - 5 * 2);
    assert.equal(found.cigar, '700=700D1400=700I700=');
    assert.equal(rescore(found, query, target, cheap), found.score);
  });

  it('have the score of their path when letters differ all over', () => {
    const query = pieces.join('');
    const target = Array.from(query, (letter) => {
      const dice = random();
      if (dice < 0.05) return '';
      if (dice < 0.1) return letter + randomSequence(random, 1 + Math.floor(random() * 4));
      return dice < 0.2 ? randomSequence(random, 1) : letter;
    }).join('');
    const found = align(query, target, scoring);
    assert.equal(rescore(found, query, target, scoring), found.score);
    assert.ok(found.queryEnd - found.queryBegin > 2700);
    assert.equal(align(target, query, scoring).score, found.score);
  });

  it('are refused when the path needs too much memory', () => {
    // 700 rows × (512 directions + 8 bytes of each of 2 states).
    assert.equal(align(a, a, scoring, 700 * (512 + 16)).cigar, '700=');
    assert.throws(
      () => align(a, a, scoring, 700 * (512 + 16) - 1),
      /over 700 letters of the query and more than 512 of the target needs 369600 bytes: raise maxTraceBytes \(369599\)/,
    );
  });
});

describe('the exec alignSequences', () => {
  it('locates 24 of 24 mutated pieces of 300 letters in 20,000, exactly', async () => {
    const random = seededRandom(24);
    const target = randomSequence(random, 20_000);
    const planted = Array.from({ length: 24 }, () => {
      const begin = Math.floor(random() * (target.length - 300));
      const letters = Array.from(target.slice(begin, begin + 300));
      // 9 substitutions, a deletion of 3 and an insertion of 2, none within 15 letters of an end.
      for (let n = 0; n < 9; n++) letters[15 + n * 30] = letters[15 + n * 30] === 'A' ? 'C' : 'A';
      letters.splice(100, 3);
      letters.splice(200, 0, 'G', 'T');
      return { begin, query: letters.join('') };
    });
    const found = await runItems(
      alignSequences,
      planted.map(({ query }) => ({ query, target })),
    );
    let located = 0;
    found.forEach((alignment, i) => {
      const { begin = -1, query = '' } = planted[i] ?? {};
      if (alignment.targetBegin === begin && alignment.targetEnd === begin + 300) located++;
      assert.deepEqual([alignment.queryBegin, alignment.queryEnd], [0, 299]);
      assert.equal(rescore(alignment, query, target, dnaScoring()), alignment.score);
      // What was planted: 288 matches, 9 substitutions, gaps of 3 and 2.
      assert.ok(alignment.score >= 288 * 2 - 9 * 3 - (5 + 3 * 2) - (5 + 2 * 2));
    });
    assert.equal(located, 24);
  });

  it('gives the same whatever the thread did before', async () => {
    const random = seededRandom(7);
    const pairs = Array.from({ length: 30 }, () => ({
      query: randomSequence(random, Math.floor(random() * 200)),
      target: randomSequence(random, Math.floor(random() * 700)),
    }));
    const forth = await runItems(alignSequences, pairs);
    const back = await runItems(alignSequences, pairs.toReversed());
    assert.deepEqual(forth, back.toReversed());
    assert.deepEqual(
      forth,
      pairs.map(({ query, target }) => align(query, target, dnaScoring())),
    );
  });

  it('takes params', async () => {
    const protein = alignSequences.with({ scoring: proteinScoring() });
    const found = await runItem(protein, { query: ALPHA, target: BETA });
    assert.equal(rescore(found, ALPHA, BETA, proteinScoring()), found.score);
  });

  it('refuses letters that the scoring does not know', async () => {
    await assert.rejects(
      runItem(alignSequences, { query: 'ACG-T', target: 'ACGT' }),
      /query has "-" at 3, none of ACGTUNRYSWKMBDHV: remove gaps, line ends and headers/,
    );
    await assert.rejects(runItem(alignSequences, { query: 'ACGT', target: 'ACGT\n' }), /target has "\\n" at 4/);
    await assert.rejects(runItem(alignSequences, { query: 'ACGTé', target: 'ACGT' }), /query has "é" at 4/);
    const missing = { query: 'A' } as unknown as { query: string; target: string };
    await assert.rejects(runItem(alignSequences, missing), /target must be a string, got undefined/);
  });

  for (const [problem, scoring, message] of [
    ['a matrix of another size', { scores: [1, 2, 3] }, /25 scores for 5 codes, got 3/],
    ['a score that is no integer', { gapExtend: 0.5 }, /integers of at most ±9999, got 0.5/],
    ['a score that is too large', { scores: Array.from({ length: 25 }, () => 10_000) }, /got 10000/],
    ['a gap that pays', { gapOpen: -1 }, /no less than 0, got -1 and 2/],
    ['a letter with two codes', { letters: ['A', 'C', 'G', 'T', 'TU'] }, /each once, got \["A","C"/],
    ['letters in lower case', { letters: ['a', 'C', 'G', 'T', 'N'] }, /in upper case/],
    ['a code without a letter', { letters: ['A', 'C', 'G', 'TN', ''] }, /each once/],
  ] as const) {
    it(`refuses ${problem}`, async () => {
      const wrong = alignSequences.with({ scoring: { ...dnaScoring(), ...scoring } });
      await assert.rejects(runItem(wrong, { query: 'A', target: 'A' }), message);
    });
  }

  it('refuses a limit that is none, and sequences whose score could overflow', async () => {
    await assert.rejects(
      runItem(alignSequences.with({ maxTraceBytes: Number.NaN }), { query: 'A', target: 'A' }),
      /maxTraceBytes must be above 0, got NaN/,
    );
    const huge = dnaScoring({ match: 9999 });
    const letters = 'A'.repeat(110_000);
    assert.throws(() => align(letters, letters, huge), /scores could reach 1099890000: divide them/);
  });
});
