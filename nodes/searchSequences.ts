/**
 * The sequences of a database that a query aligns with best, by exact local alignment with each of them: the pass forward
 * of `nodes/alignSequences.ts` for all, and the path for the hits alone. The database stands in shared memory, so threads
 * do not copy it. For few queries and many sequences, make an item of each range of sequences and join the results with
 * `mergeHits`.
 *
 * Source: as there. Scores are raw: no expectation is computed, as it would need the statistics of the scoring.
 */
import { execFor, NonRetryableError } from '../src/node.ts';
import { createAligner, dnaScoring, encode, type Alignment, type Scoring } from './alignSequences.ts';

/** Params of the exec. */
export interface SearchParams {
  /** Of letters and gaps; the one that the sequences were packed for. @default `dnaScoring()` */
  scoring: Scoring;
  /** Most memory for a path, in bytes; see `alignSequences`. @default 2 ** 26 */
  maxTraceBytes: number;
  /** Most hits per item. @default 10 */
  maxHits: number;
  /** Lowest score of a hit, at least 1. @default 1 */
  minScore: number;
}

/** Item of the exec. */
export interface SequenceQuery {
  readonly query: string;
  /** First sequence to search. @default 0 */
  readonly from?: number;
  /** One after the last sequence to search. @default their number */
  readonly to?: number;
}

/** Encoded sequences, one after the other; `common` of the exec. */
export interface PackedSequences {
  /** n + 1 positions in `codes`: sequence i is `[offsets[i], offsets[i + 1])`. */
  readonly offsets: Float64Array;
  readonly codes: Uint8Array;
  /** Those of the scoring that the sequences were packed for. */
  readonly letters: readonly string[];
}

/** One of the best alignments of a query. */
export interface SequenceHit extends Alignment {
  /** Index of the sequence. */
  readonly target: number;
}

const DEFAULT_PARAMS: SearchParams = { scoring: dnaScoring(), maxTraceBytes: 2 ** 26, maxHits: 10, minScore: 1 };

/**
 * Encodes sequences into shared memory.
 *
 * @throws NonRetryableError when one of them has a letter that the scoring does not know
 */
export function packSequences(sequences: readonly string[], scoring: Scoring): PackedSequences {
  const offsets = new Float64Array(new SharedArrayBuffer((sequences.length + 1) * Float64Array.BYTES_PER_ELEMENT));
  sequences.forEach((sequence, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + sequence.length;
  });
  const codes = new Uint8Array(new SharedArrayBuffer(offsets[sequences.length] ?? 0));
  sequences.forEach((sequence, i) => codes.set(encode(sequence, scoring, `sequence ${i}`), offsets[i]));
  return { offsets, codes, letters: scoring.letters };
}

/**
 * The best hits of a query over several ranges of sequences: highest score first, then lowest index.
 *
 * @param parts results of the exec, in any order
 */
export function mergeHits(parts: readonly (readonly SequenceHit[])[], maxHits = DEFAULT_PARAMS.maxHits): SequenceHit[] {
  return parts.flat().toSorted(byScore).slice(0, maxHits);
}

function byScore(
  x: { readonly score: number; readonly target: number },
  y: { readonly score: number; readonly target: number },
): number {
  return y.score - x.score || x.target - y.target;
}

function requirePositive(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new NonRetryableError(`${name} must be a positive integer, got ${value}`);
  }
}

/** Query → its best hits among the sequences of `common`, or a range of them: highest score first, then lowest index. */
export default execFor<unknown, PackedSequences>()(import.meta.url, {
  name: 'searchSequences',
  params: DEFAULT_PARAMS,
  setup: ({ scoring, maxTraceBytes, maxHits, minScore }) => {
    requirePositive('maxHits', maxHits);
    requirePositive('minScore', minScore);
    return createAligner(scoring, maxTraceBytes);
  },
  exec: ({ query, from = 0, to }: SequenceQuery, ctx): SequenceHit[] => {
    const { offsets, codes, letters } = ctx.common;
    const { scoring, maxHits, minScore } = ctx.params;
    if (letters.join(' ') !== scoring.letters.join(' ')) {
      throw new NonRetryableError(
        `the sequences are packed for the letters ${letters.join(' ')}, ` +
          `and the scoring is for ${scoring.letters.join(' ')}: use one scoring for both`,
      );
    }
    const count = offsets.length - 1;
    const end = to ?? count;
    if (!(Number.isInteger(from) && Number.isInteger(end) && from >= 0 && from <= end && end <= count)) {
      throw new NonRetryableError(`from ${from} to ${end} is no range of ${count} sequences`);
    }
    ctx.resource.setQuery(encode(query, scoring, 'query'));
    const targetOf = (target: number): Uint8Array => codes.subarray(offsets[target], offsets[target + 1]);

    const found: { target: number; score: number }[] = [];
    for (let target = from; target < end; target++) {
      ctx.throwIfAborted();
      const score = ctx.resource.score(targetOf(target));
      if (score >= minScore) found.push({ target, score });
    }
    const hits: SequenceHit[] = [];
    for (const { target } of found.toSorted(byScore).slice(0, maxHits)) {
      hits.push({ target, ...ctx.resource.align(targetOf(target)) });
    }
    return hits;
  },
});
