/**
 * MinHash: a text becomes a short signature; the share of equal entries of two signatures estimates the Jaccard
 * similarity of their sets of word shingles, with a standard error of √(J(1−J) / permutations).
 *
 * Sources: A. Broder, "On the resemblance and containment of documents" (1997), for shingles and minima;
 * M. Dietzfelbinger, "Universal hashing and k-wise independent random variables via integer arithmetic without primes"
 * (STACS 1996), for the permutations x → a·x + b mod 2³² with odd a; A. Appleby's fmix32 of MurmurHash3 for mixing.
 * One-permutation hashing (Li, Owen, Zhang 2012) would need one pass instead of one per permutation, but leaves bins
 * empty on short texts, and half of all source files are short.
 */
import { defineExec, NonRetryableError } from '../src/node.ts';

/** Params of the exec `minhash`. */
export interface MinhashParams {
  /** Entries of a signature. @default 128 */
  permutations: number;
  /** Words per shingle. @default 5 */
  shingleWords: number;
  /** Chooses the permutations: signatures of different seeds cannot be compared. @default 1 */
  seed: number;
}

/** Params of the exec `shingles`. */
export interface ShinglesParams {
  /** Words per shingle. @default 5 */
  shingleWords: number;
}

/** The multipliers and offsets of the permutations. */
export interface Permutations {
  /** Odd, or x → a·x + b would not be a permutation of the 32-bit integers. */
  readonly a: Int32Array;
  readonly b: Int32Array;
}

/** Holds what hashing one text after the other needs, so that a thread allocates once and not once per text. */
export interface Shingler {
  /**
   * Hashes of the shingles in the order of the text, repetitions included. A view of scratch memory: valid until the
   * next call.
   */
  hash(text: string): Int32Array;
}

const DEFAULT_PARAMS: MinhashParams = { permutations: 128, shingleWords: 5, seed: 1 };
const DEFAULT_SHINGLES: ShinglesParams = { shingleWords: DEFAULT_PARAMS.shingleWords };
const WORDS_AT_FIRST = 1 << 12;
const SPACE = 0x20;
/** Base of the rolling polynomial over words and of the one over letters; odd, as in FNV-1a. */
const BASE = 0x01000193;

/**
 * Makes a shingler. A word is a run of letters, marks and digits in lower case; everything else separates. A text with
 * fewer than `shingleWords` words is one shingle of all its words, one without words has none.
 *
 * @param shingleWords words per shingle, at least 1
 * @throws NonRetryableError when `shingleWords` is not a positive integer
 */
export function createShingler(shingleWords: number): Shingler {
  requirePositive('shingleWords', shingleWords);
  const classes = wordCharacters();
  let hashes = new Int32Array(WORDS_AT_FIRST);

  /** Fills `hashes` with one mixed hash per word and returns how many there are. */
  const hashWords = (lower: string): number => {
    let count = 0;
    let hash = 0;
    let length = 0;
    // One step beyond the end, as if a space stood there: it closes the last word.
    for (let i = 0; i <= lower.length; i++) {
      const code = i < lower.length ? lower.charCodeAt(i) : SPACE;
      if (classes[code] === 1 || (code >= 0xd800 && code <= 0xdfff && isAstralWordCharacter(lower, i))) {
        hash = Math.imul(hash ^ code, BASE);
        length++;
      } else if (length > 0) {
        if (count === hashes.length) hashes = grown(hashes);
        hashes[count++] = mix(hash ^ length);
        hash = 0;
        length = 0;
      }
    }
    return count;
  };

  const oldest = power(BASE, shingleWords);

  return {
    hash(text) {
      const words = hashWords(text.toLowerCase());
      if (words === 0) return hashes.subarray(0, 0);
      const width = Math.min(shingleWords, words);
      let rolling = 0;
      for (let i = 0; i < width; i++) rolling = (Math.imul(rolling, BASE) + (hashes[i] ?? 0)) | 0;
      // In place: entry s is written when the window has passed word s, which is read one step before.
      const count = words - width + 1;
      for (let s = 0; s < count; s++) {
        const leaving = hashes[s] ?? 0;
        hashes[s] = mix(rolling);
        rolling = (Math.imul(rolling, BASE) + (hashes[s + width] ?? 0) - Math.imul(leaving, oldest)) | 0;
      }
      return hashes.subarray(0, count);
    },
  };
}

/**
 * The set of shingles of a text, for exact Jaccard similarities.
 *
 * @param k words per shingle
 * @param shingler one for `k` words, to reuse its memory over many texts
 * @returns sorted hashes without repetitions, with memory of their own; about 4 bytes per word
 */
export function shingles(text: string, k = 5, shingler = createShingler(k)): Uint32Array<ArrayBuffer> {
  const hashes = shingler.hash(text);
  // The same bits as unsigned numbers, sorted into an array of its own; without a comparator that is native.
  const all = new Uint32Array(hashes.buffer, hashes.byteOffset, hashes.length).toSorted();
  let unique = 0;
  for (let i = 0; i < all.length; i++) {
    const hash = all[i] ?? 0;
    if (i === 0 || hash !== all[unique - 1]) all[unique++] = hash;
  }
  return all.slice(0, unique);
}

/**
 * The permutations of a seed.
 *
 * @throws NonRetryableError when `count` is not a positive integer
 */
export function createPermutations(count: number, seed: number): Permutations {
  requirePositive('permutations', count);
  const a = new Int32Array(count);
  const b = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    a[i] = mix(seed + Math.imul(2 * i + 1, 0x9e3779b9)) | 1;
    b[i] = mix(seed + Math.imul(2 * i + 2, 0x9e3779b9));
  }
  return { a, b };
}

/**
 * The signature of a set of shingles: for each permutation the smallest image.
 *
 * @param hashes shingle hashes; order and repetitions do not matter
 * @returns one entry per permutation; all entries 0xffffffff when there is no shingle
 */
export function signature(hashes: Int32Array | Uint32Array, { a, b }: Permutations): Uint32Array<ArrayBuffer> {
  const minima = new Uint32Array(a.length);
  for (let p = 0; p < a.length; p++) {
    const multiplier = a[p] ?? 1;
    const offset = b[p] ?? 0;
    // Signed comparison: any fixed order serves, and signed integers stay in registers.
    let minimum = 0x7fffffff;
    for (let i = 0; i < hashes.length; i++) {
      const image = (Math.imul(hashes[i] ?? 0, multiplier) + offset) | 0;
      if (image < minimum) minimum = image;
    }
    minima[p] = minimum ^ 0x80000000;
  }
  return minima;
}

/**
 * The Jaccard similarity that two signatures of the same params suggest, 0–1.
 *
 * @throws RangeError when the signatures have different lengths
 */
export function estimateJaccard(x: Uint32Array, y: Uint32Array): number {
  if (x.length !== y.length)
    throw new RangeError(`signatures of ${x.length} and ${y.length} entries cannot be compared`);
  let equal = 0;
  for (let i = 0; i < x.length; i++) if (x[i] === y[i]) equal++;
  return x.length === 0 ? 0 : equal / x.length;
}

/** fmix32 of MurmurHash3: a bijection of the 32-bit integers that spreads every bit over all others. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) result = Math.imul(result, base);
  return result;
}

let characters: Uint8Array | undefined;

/** 1 for every UTF-16 unit that is by itself a letter, mark or digit. Made once per thread, on first use: some 5 ms. */
function wordCharacters(): Uint8Array {
  if (characters !== undefined) return characters;
  const classes = new Uint8Array(1 << 16);
  const pattern = /[\p{L}\p{M}\p{N}]/u;
  for (let code = 0; code < classes.length; code++) {
    if (pattern.test(String.fromCharCode(code))) classes[code] = 1;
  }
  characters = classes;
  return classes;
}

/** Whether the surrogate at `i` belongs to a letter, mark or digit beyond the basic plane (an emoji does not). */
function isAstralWordCharacter(text: string, i: number): boolean {
  const isLow = (text.charCodeAt(i) & 0xfc00) === 0xdc00;
  return /[\p{L}\p{M}\p{N}]/u.test(String.fromCodePoint(text.codePointAt(isLow ? i - 1 : i) ?? 0));
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function requirePositive(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new NonRetryableError(`${name} must be a positive integer, got ${value}`);
}

/** Text → signature: `Uint32Array` of `permutations` minima. */
export default defineExec(import.meta.url, {
  name: 'minhash',
  params: DEFAULT_PARAMS,
  setup: ({ permutations, shingleWords, seed }) => ({
    shingler: createShingler(shingleWords),
    permutations: createPermutations(permutations, seed),
  }),
  exec: (text: string, { resource }) => signature(resource.shingler.hash(text), resource.permutations),
});

/** Text → its set of shingles, for the exact check of candidates in `nodes/similarPairs.ts`. */
export const shingleSet = defineExec(import.meta.url, {
  name: 'shingles',
  params: DEFAULT_SHINGLES,
  setup: ({ shingleWords }) => createShingler(shingleWords),
  exec: (text: string, { params, resource }) => shingles(text, params.shingleWords, resource),
});
