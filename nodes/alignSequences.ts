/**
 * Local alignment with affine gaps: of all pairs of a piece of the query and a piece of the target, the one with the
 * highest score; where it begins and ends in both, and how their letters stand against each other. Exact: no seeds, no
 * heuristics. `nodes/searchSequences.ts` does it against many targets.
 *
 * Sources: T. Smith, M. Waterman, "Identification of common molecular subsequences" (J. Mol. Biol. 1981); O. Gotoh, "An
 * improved algorithm for matching biological sequences" (J. Mol. Biol. 1982), for gaps in n × m steps; S. Henikoff,
 * J. Henikoff, "Amino acid substitution matrices from protein blocks" (PNAS 1992), for BLOSUM62; J. Grice, R. Hughey,
 * D. Speck, "Reduced space sequence alignment" (CABIOS 1997), for the checkpoints.
 *
 * Forward over the target, with one column of scores in memory: the score and the end of the alignment. Backward from that
 * end until the score is reached: its begin. That pass keeps the directions of 512 columns, and the scores before each such
 * block; the path is read from begin to end, and blocks whose directions are gone are computed once more.
 */
import { defineExec, NonRetryableError } from '../src/node.ts';

/** What letters there are, and what it is worth that two of them stand against each other. Plain data. */
export interface Scoring {
  /** Entry c has the letters, in upper case, whose code is c: `'TU'` makes U count as T. Sequences may be in lower case. */
  readonly letters: readonly string[];
  /** codes × codes integers from −9,999 to 9,999: row of the query's code, column of the target's. */
  readonly scores: readonly number[];
  /** Cost of a gap, in addition to that of its letters: a gap of n letters costs gapOpen + n × gapExtend. */
  readonly gapOpen: number;
  /** Cost of each letter in a gap. */
  readonly gapExtend: number;
}

/** Params of the exec `alignSequences`. */
export interface AlignParams {
  /** Of letters and gaps. @default `dnaScoring()` */
  scoring: Scoring;
  /** Most memory for a path, in bytes; 64 MiB suffice for two sequences of 50,000 letters. @default 2 ** 26 */
  maxTraceBytes: number;
}

/** Item of the exec `alignSequences`. */
export interface SequencePair {
  readonly query: string;
  readonly target: string;
}

/** Where two sequences are most alike. Positions count from 0, ranges are half-open. */
export interface Alignment {
  /** 0 when no letter scores above 0; then the ranges are empty. */
  readonly score: number;
  readonly queryBegin: number;
  readonly queryEnd: number;
  readonly targetBegin: number;
  readonly targetEnd: number;
  /** As in SAM; `=` same letter, `X` another letter, `I` only in the query, `D` only in the target: `10=1X4=2D30=`. */
  readonly cigar: string;
}

/** Aligns one query after the other in memory that is allocated once. */
export interface Aligner {
  /** Takes the query of the calls that follow: codes as `encode` gives them. */
  setQuery(codes: Uint8Array): void;
  /** The score of `align` alone, in memory that does not depend on the target. */
  score(target: Uint8Array): number;
  /** @throws NonRetryableError when the path needs more than `maxTraceBytes` */
  align(target: Uint8Array): Alignment;
}

const DEFAULT_PARAMS: AlignParams = { scoring: dnaScoring(), maxTraceBytes: 2 ** 26 };
/** Most that a score or a cost can be: profiles have 16 bits. */
const MAX_SCORE = 9999;
/** "Cannot be reached": less than any score, and further costs do not overflow. */
const NONE = -(2 ** 30);
/** Columns whose directions are kept. */
const BLOCK = 512;
// Directions of a cell: the predecessor of its score (0: the diagonal), and whether the gaps that end here began before.
const FROM_DELETION = 1;
const FROM_INSERTION = 2;
const SOURCE = 3;
const DELETION_GOES_ON = 4;
const INSERTION_GOES_ON = 8;

/** The lower triangle, in half bits; public domain. B is D or N, Z is E or Q, X is any, * ends a translation. */
const BLOSUM62 =
  'A 4/R -1 5/N -2 0 6/D -2 -2 1 6/C 0 -3 -3 -3 9/Q -1 1 0 0 -3 5/E -1 0 0 2 -4 2 5/G 0 -2 0 -1 -3 -2 -2 6/' +
  'H -2 0 1 -1 -3 0 0 -2 8/I -1 -3 -3 -3 -1 -3 -3 -4 -3 4/L -1 -2 -3 -4 -1 -2 -3 -4 -3 2 4/' +
  'K -1 2 0 -1 -3 1 1 -2 -1 -3 -2 5/M -1 -1 -2 -3 -1 0 -2 -3 -2 1 2 -1 5/F -2 -3 -3 -3 -2 -3 -3 -3 -1 0 0 -3 0 6/' +
  'P -1 -2 -2 -1 -3 -1 -1 -2 -2 -3 -3 -1 -2 -4 7/S 1 -1 1 0 -1 0 0 0 -1 -2 -2 0 -1 -2 -1 4/' +
  'T 0 -1 0 -1 -1 -1 -1 -2 -2 -1 -1 -1 -1 -2 -1 1 5/W -3 -3 -4 -4 -2 -2 -3 -2 -2 -3 -2 -3 -1 1 -4 -3 -2 11/' +
  'Y -2 -2 -2 -3 -2 -1 -2 -3 2 -1 -1 -2 -1 3 -3 -2 -2 2 7/V 0 -3 -3 -3 -1 -2 -2 -3 -3 3 1 -2 1 -1 -2 -2 0 -3 -1 4/' +
  'B -2 -1 3 4 -3 0 1 -1 0 -3 -4 0 -3 -3 -2 0 -1 -4 -3 -3 4/' +
  'Z -1 0 0 1 -3 3 4 -2 0 -3 -3 1 -1 -3 -1 0 -1 -3 -2 -2 1 4/' +
  'XUOJ 0 -1 -1 -1 -2 -1 -1 -1 -1 -1 -1 -1 -1 -1 -2 0 0 -2 -1 -1 -1 -1 -1/' +
  '* -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 1';

/**
 * Scoring of DNA and RNA. N, as which all letters of IUPAC for several bases count, matches nothing.
 *
 * @param costs as in `Scoring`; `match` and `mismatch` are scores, so that `mismatch` is below 0
 */
export function dnaScoring({ match = 2, mismatch = -3, gapOpen = 5, gapExtend = 2 } = {}): Scoring {
  const letters = ['A', 'C', 'G', 'TU', 'NRYSWKMBDHV'];
  const scores = letters.flatMap((x, i) => letters.map((y) => (x === y && i < 4 ? match : mismatch)));
  return { letters, scores, gapOpen, gapExtend };
}

/** Scoring of proteins: BLOSUM62. U, O and J, which it does not have, count as X. For other matrices write a `Scoring`. */
export function proteinScoring({ gapOpen = 11, gapExtend = 1 } = {}): Scoring {
  const rows = BLOSUM62.split('/').map((row) => row.split(' '));
  const letters = rows.map(([residue = '']) => residue);
  const scores = rows.flatMap((_, i) => rows.map((__, j) => Number(rows[Math.max(i, j)]?.[Math.min(i, j) + 1])));
  return { letters, scores, gapOpen, gapExtend };
}

/**
 * A sequence as codes, one byte per letter.
 *
 * @param name of the sequence, for the error
 * @throws NonRetryableError when it is not a string, or has a letter that the scoring does not know
 */
export function encode(sequence: string, { letters }: Scoring, name = 'sequence'): Uint8Array<ArrayBuffer> {
  if (typeof sequence !== 'string') throw new NonRetryableError(`${name} must be a string, got ${typeof sequence}`);
  const codeOf = new Int8Array(128).fill(-1);
  letters.forEach((same, code) => {
    for (const letter of same + same.toLowerCase()) codeOf[letter.charCodeAt(0)] = code;
  });
  const codes = new Uint8Array(sequence.length);
  for (let i = 0; i < codes.length; i++) {
    const code = codeOf[sequence.charCodeAt(i)] ?? -1;
    if (code === -1) {
      throw new NonRetryableError(
        `${name} has ${JSON.stringify(sequence.charAt(i))} at ${i}, none of ${letters.join('')}: ` +
          'remove gaps, line ends and headers, or use the scoring of its alphabet',
      );
    }
    codes[i] = code;
  }
  return codes;
}

/**
 * Makes an aligner.
 *
 * @throws NonRetryableError when scoring or `maxTraceBytes` cannot be used
 */
export function createAligner(scoring: Scoring, maxTraceBytes = DEFAULT_PARAMS.maxTraceBytes): Aligner {
  requireScoring(scoring);
  if (!(maxTraceBytes > 0)) throw new NonRetryableError(`maxTraceBytes must be above 0, got ${maxTraceBytes}`);
  const { letters, scores, gapOpen, gapExtend } = scoring;
  const highest = Math.max(...scores);
  const scratch: Scratch = {
    gapFirst: gapOpen + gapExtend,
    gapExtend,
    maxTraceBytes,
    profile: new Int16Array(0),
    h: new Int32Array(0),
    e: new Int32Array(0),
    directions: new Uint8Array(0),
  };
  let query: Uint8Array = new Uint8Array(0);

  const endOf = (target: Uint8Array): { score: number; row: number; column: number } => {
    const possible = highest * Math.min(query.length, target.length);
    if (possible >= -NONE) {
      throw new NonRetryableError(`scores could reach ${possible}: divide them, to stay below ${-NONE}`);
    }
    scratch.h.fill(0, 0, query.length);
    scratch.e.fill(0, 0, query.length);
    let end = { score: 0, row: -1, column: -1 };
    for (let column = 0; column < target.length; column++) {
      const row = forwardColumn(scratch, target[column] ?? 0, query.length, end.score);
      if (row >= 0) end = { score: scratch.h[row] ?? 0, row, column };
    }
    return end;
  };

  return {
    setQuery(codes) {
      query = codes;
      const rows = codes.length;
      if (scratch.h.length < rows) {
        scratch.h = new Int32Array(rows);
        scratch.e = new Int32Array(rows);
        scratch.profile = new Int16Array(rows * letters.length);
      }
      for (let letter = 0; letter < letters.length; letter++) {
        for (let row = 0; row < rows; row++) {
          scratch.profile[letter * rows + row] = scores[(codes[row] ?? 0) * letters.length + letter] ?? 0;
        }
      }
    },
    score: (target) => endOf(target).score,
    align(target) {
      const { score, row, column } = endOf(target);
      if (score === 0) return { score, queryBegin: 0, queryEnd: 0, targetBegin: 0, targetEnd: 0, cigar: '' };
      return trace(scratch, query, target.subarray(0, column + 1), row + 1, score);
    },
  };
}

/** Memory of an aligner, grown as needed. Rows are letters of the query, columns letters of the target. */
interface Scratch {
  readonly gapFirst: number;
  readonly gapExtend: number;
  readonly maxTraceBytes: number;
  /** What each letter of the alphabet, as the target's, scores against each row. */
  profile: Int16Array;
  /** For each row of a column, the best score that ends there, and the best one that ends there in a deletion. */
  h: Int32Array;
  e: Int32Array;
  /** Of one block of columns. */
  directions: Uint8Array;
}

/**
 * One column forward: `h` and `e` of the column before become those of this one.
 *
 * @returns the first row with the highest score above `best`, or −1
 */
function forwardColumn(scratch: Scratch, letter: number, rows: number, best: number): number {
  const { gapFirst, gapExtend, profile, h, e } = scratch;
  const at = letter * rows;
  let found = -1;
  let diagonal = 0;
  let insertion = 0;
  for (let row = 0; row < rows; row++) {
    const left = h[row] ?? 0;
    const deletion = larger((e[row] ?? 0) - gapExtend, left - gapFirst);
    const before = larger(larger(diagonal + (profile[at + row] ?? 0), deletion), 0);
    const score = larger(before, insertion);
    // From `before`, not from `score`: a gap opened within a gap never pays, and the chain of dependent steps is shorter.
    insertion = larger(insertion - gapExtend, before - gapFirst);
    diagonal = left;
    e[row] = deletion;
    h[row] = score;
    if (score > best) {
      best = score;
      found = row;
    }
  }
  return found;
}

/** The larger of two integers, without a branch: no processor can predict which one it is. */
function larger(a: number, b: number): number {
  const difference = (a - b) | 0;
  return (a - (difference & (difference >> 31))) | 0;
}

/**
 * The alignment that ends with the given rows and with the target: backward to its begin, then along the directions.
 * Rows and columns count from that end.
 */
function trace(scratch: Scratch, query: Uint8Array, target: Uint8Array, rows: number, score: number): Alignment {
  scratch.h.fill(NONE, 0, rows);
  scratch.e.fill(NONE, 0, rows);
  /** Before each block. */
  const states: Pick<Scratch, 'h' | 'e'>[] = [];
  let reach = 0;
  const fill = (column: number, wanted: number): number => {
    const profileEnd = (target.at(-1 - column) ?? 0) * query.length + rows - 1;
    return backwardColumn(scratch, profileEnd, column, rows, reach, wanted);
  };

  let row = 0;
  let column = -1;
  do {
    column++;
    if (column % BLOCK === 0) {
      const bytes = rows * (BLOCK + (column / BLOCK + 1) * 8);
      if (bytes > scratch.maxTraceBytes) {
        throw new NonRetryableError(
          `the path over ${rows} letters of the query and more than ${column} of the target needs ${bytes} bytes: ` +
            `raise maxTraceBytes (${scratch.maxTraceBytes}), or cut the sequences`,
        );
      }
      if (scratch.directions.length < rows * BLOCK) scratch.directions = new Uint8Array(rows * BLOCK);
      states.push({ h: scratch.h.slice(0, rows), e: scratch.e.slice(0, rows) });
    }
    row = fill(column, score);
    reach = Math.max(reach, row);
  } while (row === rows || scratch.h[row] !== score);

  const queryBegin = rows - 1 - row;
  const targetBegin = target.length - 1 - column;
  let block = Math.floor(column / BLOCK);
  let gap = 0;
  let path = '';
  while (row >= 0) {
    if (column < block * BLOCK) {
      block--;
      const { h, e } = states[block] ?? scratch;
      scratch.h.set(h);
      scratch.e.set(e);
      // No score is 0, so the columns are as long as they were.
      for (let c = 0; c < BLOCK; c++) fill(block * BLOCK + c, 0);
    }
    const direction = scratch.directions[(column % BLOCK) * rows + row] ?? 0;
    if (gap === 0) gap = direction & SOURCE;
    if (gap === FROM_DELETION) {
      path += 'D';
      if ((direction & DELETION_GOES_ON) === 0) gap = 0;
      column--;
    } else if (gap === FROM_INSERTION) {
      path += 'I';
      if ((direction & INSERTION_GOES_ON) === 0) gap = 0;
      row--;
    } else {
      path += query[rows - 1 - row] === target[target.length - 1 - column] ? '=' : 'X';
      row--;
      column--;
    }
  }
  return {
    score,
    queryBegin,
    queryEnd: rows,
    targetBegin,
    targetEnd: target.length,
    cigar: path.replaceAll(/(.)\1*/g, (run) => `${run.length}${run.charAt(0)}`),
  };
}

/**
 * One column backward. Only what is reached from the end of the alignment counts, and only while its score is above 0: an
 * end piece that scored less could be left off, and the pass forward would have stopped before it.
 *
 * @param profileEnd position of row 0 in the profile; the rows go down from it
 * @param reach rows from here on were reached in no column before
 * @param wanted stop at this score
 * @returns the row of the wanted score; else the first row from which on nothing is reached, or `rows`
 */
function backwardColumn(
  scratch: Scratch,
  profileEnd: number,
  column: number,
  rows: number,
  reach: number,
  wanted: number,
): number {
  const { gapFirst, gapExtend, profile, h, e, directions } = scratch;
  const at = (column % BLOCK) * rows;
  let diagonal = column === 0 ? 0 : NONE;
  let above = NONE;
  let insertion = NONE;
  for (let row = 0; row < rows; row++) {
    const left = h[row] ?? NONE;
    let score = diagonal + (profile[profileEnd - row] ?? 0);
    let direction = 0;
    let deletion = (e[row] ?? NONE) - gapExtend;
    if (deletion > left - gapFirst) direction = DELETION_GOES_ON;
    else deletion = left - gapFirst;
    insertion -= gapExtend;
    if (insertion > above - gapFirst) direction |= INSERTION_GOES_ON;
    else insertion = above - gapFirst;
    if (deletion > score) {
      score = deletion;
      direction |= FROM_DELETION;
    }
    if (insertion > score) {
      score = insertion;
      direction = (direction & ~SOURCE) | FROM_INSERTION;
    }
    if (score <= 0) {
      if (row >= reach) return row;
      score = NONE;
    }
    directions[at + row] = direction;
    e[row] = deletion;
    h[row] = score;
    if (score === wanted) return row;
    diagonal = left;
    above = score;
  }
  return rows;
}

function requireScoring({ letters, scores, gapOpen, gapExtend }: Scoring): void {
  const all = letters.join('');
  const invalid = (value: number): boolean => !(Number.isInteger(value) && Math.abs(value) <= MAX_SCORE);
  const wrong = [...scores, gapOpen, gapExtend].find(invalid);
  let problem: string | undefined;
  if (wrong !== undefined) problem = `scores and costs must be integers of at most ±${MAX_SCORE}, got ${wrong}`;
  if (gapOpen < 0 || gapExtend < 0) problem = `gaps cost, so no less than 0, got ${gapOpen} and ${gapExtend}`;
  if (scores.length !== letters.length ** 2) {
    problem = `there must be ${letters.length ** 2} scores for ${letters.length} codes, got ${scores.length}`;
  }
  if (!/^[!-`{-~]+$/.test(all) || new Set(all).size < all.length || letters.includes('')) {
    problem = `letters must be ASCII, in upper case and each once, got ${JSON.stringify(letters)}`;
  }
  if (problem !== undefined) throw new NonRetryableError(`scoring: ${problem}`);
}

/** Query and target → their alignment. */
export default defineExec(import.meta.url, {
  name: 'alignSequences',
  params: DEFAULT_PARAMS,
  setup: ({ scoring, maxTraceBytes }) => createAligner(scoring, maxTraceBytes),
  exec: ({ query, target }: SequencePair, { params, resource }) => {
    resource.setQuery(encode(query, params.scoring, 'query'));
    return resource.align(encode(target, params.scoring, 'target'));
  },
});
