/**
 * Texts as short vectors whose dot product is the cosine similarity of what they are about, without a model: tf-idf over
 * hashed words, brought down to `dim` numbers by a random projection. Two passes over threads, and one for people:
 *
 * 1. `documentFrequency`: text → the features it contains. The main thread counts them (`addDocument`), and `toIdf` puts
 *    the weights into shared memory.
 * 2. `embedText` (default export): text → unit vector; `common` holds the weights.
 * 3. `keyTerms`: text → its heaviest words with their weights, to name a cluster with.
 *
 * Sources: K. Weinberger et al., "Feature hashing for large scale multitask learning" (ICML 2009); K. Spärck Jones,
 * "A statistical interpretation of term specificity" (1972) for idf; D. Achlioptas, "Database-friendly random projections"
 * (2003), entries +1, 0, −1 with probabilities 1/6, 2/3, 1/6; P. Li, T. Hastie, K. Church, "Very sparse random projections"
 * (KDD 2006). The entries come from a hash of feature and dimension, so there is no matrix to ship; being signed and
 * symmetric, they also are the sign hash of Weinberger et al., which keeps collisions from adding up.
 *
 * Same vector for any thread and order of texts: features are added up in sorted order, with + − × ÷ and √ only, which
 * IEEE 754 defines exactly. `Math.log` is not so defined: it is in `toIdf`, once, on the main thread, so that vectors may
 * differ in the last bits between versions of Node, and within a run never.
 */
import { defineExec, execFor, NonRetryableError } from '../src/node.ts';

/** Params of the exec `embedText`. */
export interface EmbedParams {
  /** Numbers per vector; the error of a similarity is about 1 / √dim. @default 64 */
  dim: number;
  /** Chooses the projection: vectors of different seeds cannot be compared. @default 1 */
  seed: number;
}

/** Params of the exec `documentFrequency`. */
export interface FeatureParams {
  /** Number of features, a power of two; words beyond share features. @default 2 ** 18 */
  features: number;
}

/** Params of the exec `keyTerms`. */
export interface KeyTermsParams {
  /** Most terms per text. @default 16 */
  count: number;
}

/** `common` of `embedText` and `keyTerms`. */
export interface FeatureWeights {
  /** Weight of each feature; its length is the number of features. In shared memory, else it is copied per thread. */
  readonly idf: Float32Array;
}

/** A word and its number of occurrences, or its weight. */
export type TermWeight = readonly [term: string, weight: number];

const DEFAULT_EMBED: EmbedParams = { dim: 64, seed: 1 };
const DEFAULT_FEATURES: FeatureParams = { features: 2 ** 18 };
const DEFAULT_KEY_TERMS: KeyTermsParams = { count: 16 };
const LONGEST_TERM = 40;
/** Of 256: a byte below is +1, a byte above 255 − it is −1; 43 / 256 ≈ 1/6. */
const SIXTH = 43;

/** Words without a topic, in English prose and in JavaScript; those of fewer than three letters never count. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'about above after again all also and any are aren because been before being below between both but can cannot could ' +
    'did didn does doesn don done down during each either else etc ever few for from further get gets got had has hasn ' +
    'have haven having her here hers him his how however into isn its itself just let like made make many may might more ' +
    'most much must neither nor not now off once one only onto other our ours out over own per same shall she should ' +
    'since some such than that the their them then there these they this those though through too two under until upon ' +
    'use used uses using very via was wasn well were what when where whether which while who whom why will with within ' +
    'without won would yet you your yours ' +
    'abstract any arguments async await boolean break case catch class const constructor continue declare default delete ' +
    'enum export exports extends false finally function implements import instanceof interface length module namespace ' +
    'never new null number object private protected prototype public readonly require return returns set static strict ' +
    'string super switch symbol this throw throws true try type typeof undefined unknown var void yield param'
  ).split(' '),
);

/**
 * The words of a text that can tell its topic: runs of 3 to 40 letters in lower case, stop words left out. Scripts that do
 * not separate words give one long word per run, and so little.
 *
 * @returns number of occurrences by word, in the order of first occurrence
 */
export function terms(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of text.toLowerCase().match(/[\p{L}\p{M}]{3,}/gu) ?? []) {
    if (term.length <= LONGEST_TERM && !STOP_WORDS.has(term)) counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  return counts;
}

/** The feature of a word. @param features number of features, a power of two */
export function featureOf(term: string, features: number): number {
  let hash = term.length;
  for (let i = 0; i < term.length; i++) hash = Math.imul(hash ^ term.charCodeAt(i), 0x01000193);
  return mix(hash) & (features - 1);
}

/** The features that occur in a text: sorted, without repetitions, at most one per word. */
export function featuresOf(text: string, features: number): Uint32Array<ArrayBuffer> {
  const found = new Set<number>();
  for (const term of terms(text).keys()) found.add(featureOf(term, features));
  return Uint32Array.from(found).toSorted();
}

/**
 * Counts one document, in the first pass; shaped for a batch's `reduce`.
 *
 * @param counts documents by feature; changed in place
 * @param features result of `documentFrequency`
 * @returns `counts`
 */
export function addDocument(counts: Uint32Array<ArrayBuffer>, features: Uint32Array): Uint32Array<ArrayBuffer> {
  for (const feature of features) counts[feature] = (counts[feature] ?? 0) + 1;
  return counts;
}

/**
 * The weights of the features: ln((1 + documents) / (1 + count)) + 1, so that a word of all documents weighs 1 and a rare
 * one more.
 *
 * @param counts documents by feature; its length is the number of features
 * @param documents number of documents
 * @throws RangeError when the number of features is not a power of two
 */
export function toIdf(counts: Uint32Array, documents: number): Float32Array<SharedArrayBuffer> {
  if (!Number.isInteger(Math.log2(counts.length))) {
    throw new RangeError(`the number of features must be a power of two, got ${counts.length}`);
  }
  const idf = new Float32Array(new SharedArrayBuffer(counts.length * Float32Array.BYTES_PER_ELEMENT));
  const weigh = (count: number): number => Math.log((1 + documents) / (1 + count)) + 1;
  // Most features occur nowhere: one logarithm for all of them.
  idf.fill(weigh(0));
  for (let f = 0; f < counts.length; f++) {
    const count = counts[f] ?? 0;
    if (count !== 0) idf[f] = weigh(count);
  }
  return idf;
}

/**
 * Embeds one text. A word counts with the root of its occurrences, for the tenth says less than the first.
 *
 * @param text any text
 * @param idf weight by feature
 * @returns `dim` numbers of length 1 (within rounding); all 0 when the text has no terms
 */
export function embed(
  text: string,
  idf: Float32Array,
  { dim, seed }: EmbedParams = DEFAULT_EMBED,
): Float32Array<ArrayBuffer> {
  const occurrences = new Map<number, number>();
  for (const [term, count] of terms(text)) {
    const feature = featureOf(term, idf.length);
    occurrences.set(feature, (occurrences.get(feature) ?? 0) + count);
  }
  const sums = new Float64Array(dim);
  for (const feature of Uint32Array.from(occurrences.keys()).toSorted()) {
    project(sums, feature, Math.sqrt(occurrences.get(feature) ?? 0) * (idf[feature] ?? 0), seed);
  }

  let squares = 0;
  for (const sum of sums) squares += sum * sum;
  const vector = new Float32Array(dim);
  if (squares === 0) return vector;
  const norm = Math.sqrt(squares);
  for (let d = 0; d < dim; d++) vector[d] = (sums[d] ?? 0) / norm;
  return vector;
}

/** Adds `weight` × row `feature` of the projection matrix: four of its entries come from one hash. */
function project(sums: Float64Array, feature: number, weight: number, seed: number): void {
  const base = mix(seed + Math.imul(feature + 1, 0x9e3779b9));
  for (let d = 0, bits = 0; d < sums.length; d++) {
    bits = (d & 3) === 0 ? mix(base + Math.imul((d >>> 2) + 1, 0x85ebca6b)) : bits >>> 8;
    const byte = bits & 0xff;
    if (byte < SIXTH) sums[d] = (sums[d] ?? 0) + weight;
    else if (byte > 0xff - SIXTH) sums[d] = (sums[d] ?? 0) - weight;
  }
}

/**
 * The heaviest words of a text by √occurrences × idf.
 *
 * @returns at most `count` terms, heaviest first, of equal ones the alphabetically first
 */
export function keyTermsOf(text: string, idf: Float32Array, count = DEFAULT_KEY_TERMS.count): TermWeight[] {
  return heaviest(
    Array.from(terms(text), ([term, n]) => [term, Math.sqrt(n) * (idf[featureOf(term, idf.length)] ?? 0)] as const),
    count,
  );
}

/**
 * The words that many of the given documents have among their key terms: what a cluster is about.
 *
 * @param documents results of `keyTerms`
 * @returns at most `count` terms with their summed weights, heaviest first, of equal ones the alphabetically first
 */
export function topTerms(documents: Iterable<readonly TermWeight[]>, count = 8): TermWeight[] {
  const sums = new Map<string, number>();
  for (const document of documents) {
    for (const [term, weight] of document) sums.set(term, (sums.get(term) ?? 0) + weight);
  }
  return heaviest([...sums], count);
}

function heaviest(weighted: readonly TermWeight[], count: number): TermWeight[] {
  // Compared by code units and not by locale, which differs between machines.
  return weighted.toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, count);
}

/** fmix32 of MurmurHash3 (A. Appleby): a bijection of the 32-bit integers that spreads every bit over all others. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function requirePositive(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new NonRetryableError(`${name} must be a positive integer, got ${value}`);
}

/** Text → unit vector: `Float32Array` of `dim`. */
export default execFor<unknown, FeatureWeights>()(import.meta.url, {
  name: 'embedText',
  params: DEFAULT_EMBED,
  setup: ({ dim }): void => requirePositive('dim', dim),
  exec: (text: string, { common, params }) => embed(text, common.idf, params),
});

/** Text → the features it contains: sorted `Uint32Array`. */
export const documentFrequency = defineExec(import.meta.url, {
  name: 'documentFrequency',
  params: DEFAULT_FEATURES,
  setup: ({ features }): void => {
    if (!Number.isInteger(Math.log2(features)) || features < 2 || features > 2 ** 31) {
      throw new NonRetryableError(`features must be a power of two from 2 to 2 ** 31, got ${features}`);
    }
  },
  exec: (text: string, { params }) => featuresOf(text, params.features),
});

/** Text → its heaviest words as `[term, weight][]`. */
export const keyTerms = execFor<unknown, FeatureWeights>()(import.meta.url, {
  name: 'keyTerms',
  params: DEFAULT_KEY_TERMS,
  setup: ({ count }): void => requirePositive('count', count),
  exec: (text: string, { common, params }) => keyTermsOf(text, common.idf, params.count),
});
