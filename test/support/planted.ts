/**
 * Seeded texts with known truth: near-duplicate pairs whose Jaccard similarity is known exactly, and documents of known
 * topics. The truth is computed here, on sets of strings, and shares no code with what is tested.
 */

/** Words per shingle of the truth; the default of `nodes/minhash.ts`. */
const SHINGLE_WORDS = 5;
const WORDS_PER_DOCUMENT = 160;

export interface PlantedPair {
  /** Index of the first document in `texts`. */
  readonly a: number;
  /** Index of the second one; greater than `a`. */
  readonly b: number;
  /** |A ∩ B| / |A ∪ B| of the two sets of 5-word shingles. */
  readonly jaccard: number;
}

export interface PlantedPairs {
  readonly texts: readonly string[];
  readonly pairs: readonly PlantedPair[];
}

export interface PlantedPairsOptions {
  readonly seed: number;
  readonly pairs: number;
  /** Lowest target similarity, 0–1. */
  readonly from: number;
  /** Highest target similarity, 0–1. */
  readonly to: number;
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Pairs of documents with similarities spread evenly over [from, to]. Two documents of different pairs share no shingle
 * but by accident. The second of a pair is the first after edits of four kinds (words replaced, inserted and deleted
 * anywhere, a tail appended); it is also written with other case and punctuation, which must not count.
 */
export function plantedPairs({ seed, pairs, from, to }: PlantedPairsOptions): PlantedPairs {
  // A target of 0 would never be gone below.
  if (!(from > 0 && from <= to && to <= 1)) throw new RangeError(`no similarities from ${from} to ${to}`);
  const random = seededRandom(seed);
  const texts: string[] = [];
  const planted: PlantedPair[] = [];
  for (let i = 0; i < pairs; i++) {
    const target = pairs === 1 ? from : from + ((to - from) * i) / (pairs - 1);
    const original = Array.from({ length: WORDS_PER_DOCUMENT }, () => randomWord(random));
    const { edited, jaccard } = editUntil(original, target, i % 4, random);
    planted.push({ a: texts.length, b: texts.length + 1, jaccard });
    texts.push(original.join(' '), disguise(edited, random));
  }
  return { texts, pairs: planted };
}

function jaccardOfSets(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  let common = 0;
  for (const shingle of right) if (left.has(shingle)) common++;
  return common / (left.size + right.size - common);
}

function shingleStrings(words: readonly string[]): Set<string> {
  const shingles = new Set<string>();
  for (let i = 0; i + SHINGLE_WORDS <= words.length; i++) shingles.add(words.slice(i, i + SHINGLE_WORDS).join(' '));
  return shingles;
}

/** Edits until one more would go below the target. */
function editUntil(original: readonly string[], target: number, kind: number, random: () => number) {
  const truth = shingleStrings(original);
  let edited = [...original];
  let jaccard = 1;
  for (let step = 1; ; step++) {
    const next = edit(edited, kind, step, random);
    const similarity = jaccardOfSets(truth, shingleStrings(next));
    if (similarity < target) return { edited, jaccard };
    edited = next;
    jaccard = similarity;
  }
}

function edit(words: readonly string[], kind: number, step: number, random: () => number): string[] {
  const at = Math.floor(random() * words.length);
  switch (kind) {
    case 0:
      return words.with(at, randomWord(random));
    case 1:
      return words.toSpliced(at, 0, randomWord(random));
    case 2:
      return words.toSpliced(at, 1);
    default:
      return words.with(words.length - step, randomWord(random));
  }
}

/** Four syllables: about 10^8 words, so that two random documents share none of their shingles. */
function randomWord(random: () => number): string {
  let word = '';
  for (let i = 0; i < 4; i++) {
    word += 'bcdfghjklmnprstvwz'.charAt(Math.floor(random() * 18)) + 'aeiouéü'.charAt(Math.floor(random() * 7));
  }
  return word;
}

function disguise(words: readonly string[], random: () => number): string {
  return words
    .map((word) => {
      const dice = random();
      if (dice < 0.1) return word.toUpperCase();
      return dice < 0.2 ? `${word},` : word;
    })
    .join(random() < 0.5 ? ' ' : '\n');
}

export interface PlantedTopics {
  readonly texts: readonly string[];
  /** Topic of each text, from 0. */
  readonly topics: readonly number[];
  /** The words that only one topic uses. */
  readonly vocabularies: readonly (readonly string[])[];
}

/**
 * Documents of 120 words; half of the words come from the 40 words of the document's topic, half from 400 words that
 * all topics use. Document `i` has topic `i % topics`.
 */
export function plantedTopics(options: { seed: number; topics: number; documents: number }): PlantedTopics {
  const random = seededRandom(options.seed);
  const wordsOf = (count: number) => Array.from({ length: count }, () => randomWord(random));
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? '';
  const common = wordsOf(400);
  const vocabularies = Array.from({ length: options.topics }, () => wordsOf(40));
  const topics = Array.from({ length: options.documents }, (_, i) => i % options.topics);
  const texts = topics.map((topic) =>
    Array.from({ length: 120 }, () => pick(random() < 0.5 ? (vocabularies[topic] ?? []) : common)).join(' '),
  );
  return { texts, topics, vocabularies };
}

/** `count` points of `dim` numbers around `k` centres that are far apart; point `i` belongs to centre `i % k`. */
export function plantedBlobs(options: { seed: number; k: number; count: number; dim: number }): {
  readonly points: Float32Array<SharedArrayBuffer>;
  readonly truth: readonly number[];
} {
  const { k, count, dim } = options;
  const random = seededRandom(options.seed);
  const points = new Float32Array(new SharedArrayBuffer(count * dim * Float32Array.BYTES_PER_ELEMENT));
  const truth = Array.from({ length: count }, (_, i) => i % k);
  for (let i = 0; i < count; i++) {
    // Centre c stands at 10·(1 + c / dim) on axis c mod dim; the noise is within ±1.
    const centre = i % k;
    for (let d = 0; d < dim; d++) points[i * dim + d] = random() * 2 - 1;
    const axis = i * dim + (centre % dim);
    points[axis] = (points[axis] ?? 0) + 10 * (1 + Math.floor(centre / dim));
  }
  return { points, truth };
}
