/**
 * Recognises audio by the landmarks of `nodes/fingerprintAudio.ts`: of an excerpt, many agree on one recording and on one
 * offset in it.
 *
 * 1. `buildIndex`, once, on the main thread: the landmarks of all recordings by hash, in shared memory.
 * 2. `matchAudio` (default export), one execution per excerpt: its fingerprint → the recording, or undefined.
 *
 * Sources: A. Wang, "An industrial-strength audio search algorithm" (ISMIR 2003); E. Wilson, "Probable inference, the law
 * of succession, and statistical inference" (J. Am. Stat. Assoc. 1927), for the score.
 */
import { execFor, NonRetryableError } from '../src/node.ts';
import type { Fingerprint } from './fingerprintAudio.ts';

/** Landmarks of recordings by hash; `common` of the exec. */
export interface AudioIndex {
  readonly ids: readonly string[];
  readonly sampleRate: number;
  readonly frameSize: number;
  readonly hop: number;
  /** Where each bucket begins in the three that follow, and last their length. As many buckets as a power of two. */
  readonly buckets: Uint32Array<SharedArrayBuffer>;
  readonly hashes: Uint32Array<SharedArrayBuffer>;
  /** Index in `ids`. */
  readonly recordings: Uint32Array<SharedArrayBuffer>;
  readonly frames: Uint32Array<SharedArrayBuffer>;
}

/** Where an excerpt comes from. */
export interface AudioMatch {
  /** Of the recording. */
  readonly id: string;
  /** Seconds from the begin of the recording to the begin of the excerpt, to about half a hop. */
  readonly offset: number;
  /** Landmarks of the excerpt that agree. */
  readonly votes: number;
  /** What share of its landmarks agrees at least: the lower end of the confidence interval at 3 standard errors, 0–1. */
  readonly score: number;
}

/** Params of the exec. */
export interface MatchParams {
  /**
   * Lowest score of a match, 0–1. Of synthetic excerpts of 6 seconds, those of indexed songs under as much noise had 0.043
   * and more, those of other songs up to 0.014. Shorter ones need more, and find less. @default 0.025
   */
  minScore: number;
}

type Format = Pick<Fingerprint, 'sampleRate' | 'frameSize' | 'hop'>;

const DEFAULT_PARAMS: MatchParams = { minScore: 0.025 };
/** A key is recording × SPAN + offset in frames: exact in a double up to 2 ** 20 recordings. */
const SPAN = 2 ** 33;
const MAX_RECORDINGS = 2 ** 20;
const STANDARD_ERRORS = 3;

/**
 * Puts the landmarks of recordings into an index: 12 bytes per landmark and 2 to 4 for the buckets.
 *
 * @param fingerprints of one sample rate and with the same params, each with an id of its own
 * @throws RangeError when there are none or too many, when they do not go together, and when an id is missing or not unique
 */
export function buildIndex(fingerprints: readonly Fingerprint[]): AudioIndex {
  const [first] = fingerprints;
  if (first === undefined || fingerprints.length > MAX_RECORDINGS) {
    throw new RangeError(`an index takes 1 to ${MAX_RECORDINGS} fingerprints, got ${fingerprints.length}`);
  }
  const ids = new Set<string>();
  let total = 0;
  for (const fingerprint of fingerprints) {
    const { id } = fingerprint;
    if (id === '')
      throw new RangeError('a recording needs an id, by which matches name it: give it to fingerprintAudio');
    if (ids.has(id)) throw new RangeError(`two recordings have the id '${id}'`);
    const difference = differenceOf(fingerprint, first);
    if (difference !== undefined) throw new RangeError(`'${id}' and '${first.id}' do not go together: ${difference}`);
    ids.add(id);
    total += fingerprint.hashes.length;
  }

  const { sampleRate, frameSize, hop } = first;
  const size = 2 ** Math.ceil(Math.log2(total / 2 + 2));
  const buckets = sharedUint32(size + 1);
  const hashes = sharedUint32(total);
  const recordings = sharedUint32(total);
  const frames = sharedUint32(total);
  // A counting sort: sizes, then ends, which move down to the begins while the buckets fill from behind.
  for (const fingerprint of fingerprints) {
    for (const hash of fingerprint.hashes) {
      const bucket = bucketOf(hash, size);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
  }
  for (let bucket = 1; bucket <= size; bucket++) buckets[bucket] = (buckets[bucket] ?? 0) + (buckets[bucket - 1] ?? 0);
  fingerprints.forEach((fingerprint, recording) => {
    fingerprint.hashes.forEach((hash, i) => {
      const bucket = bucketOf(hash, size);
      const at = (buckets[bucket] ?? 0) - 1;
      buckets[bucket] = at;
      hashes[at] = hash;
      recordings[at] = recording;
      frames[at] = fingerprint.frames[i] ?? 0;
    });
  });
  return { ids: [...ids], sampleRate, frameSize, hop, buckets, hashes, recordings, frames };
}

/**
 * The recording on which most landmarks of an excerpt agree, at two neighbouring offsets, since an excerpt begins between
 * two frames.
 *
 * @param minScore 0 gives the best of all, however little it means
 * @returns undefined when none has the score
 * @throws NonRetryableError when index and excerpt have different sample rates or params
 */
export function match(
  index: AudioIndex,
  excerpt: Fingerprint,
  minScore = DEFAULT_PARAMS.minScore,
): AudioMatch | undefined {
  const difference = differenceOf(excerpt, index);
  if (difference !== undefined) {
    throw new NonRetryableError(
      `excerpt '${excerpt.id}' and the index do not go together: ${difference}. ` +
        'Nothing is resampled here: fingerprint both at one rate and with the same params',
    );
  }
  const keys = agreements(index, excerpt);
  let best = { votes: 0, key: 0, later: 0 };
  for (let from = 0; from < keys.length;) {
    const key = keys[from] ?? 0;
    const next = endOfRun(keys, from);
    // No recording's last offset is next to another's first one: SPAN is far longer.
    const end = keys[next] === key + 1 ? endOfRun(keys, next) : next;
    if (end - from > best.votes) best = { votes: end - from, key, later: end - next };
    from = next;
  }
  const score = lowerBound(best.votes, excerpt.hashes.length);
  if (best.votes === 0 || score < minScore) return undefined;
  const recording = Math.round(best.key / SPAN);
  const frames = best.key - recording * SPAN + best.later / best.votes;
  return {
    id: index.ids[recording] ?? '',
    offset: (frames * index.hop) / index.sampleRate,
    votes: best.votes,
    score,
  };
}

/** A key for each pair of a landmark of the excerpt and an equal one in the index; sorted. */
function agreements({ buckets, hashes, recordings, frames }: AudioIndex, excerpt: Fingerprint): Float64Array {
  const keys: number[] = [];
  const size = buckets.length - 1;
  excerpt.hashes.forEach((hash, i) => {
    const bucket = bucketOf(hash, size);
    const end = buckets[bucket + 1] ?? 0;
    for (let at = buckets[bucket] ?? 0; at < end; at++) {
      if (hashes[at] !== hash) continue;
      keys.push((recordings[at] ?? 0) * SPAN + (frames[at] ?? 0) - (excerpt.frames[i] ?? 0));
    }
  });
  // Without a comparator the sort is native.
  return Float64Array.from(keys).toSorted();
}

/** One after the last key that equals the one at `from`. */
function endOfRun(keys: Float64Array, from: number): number {
  let end = from + 1;
  while (keys[end] === keys[from]) end++;
  return end;
}

/** Multiplicative hashing: the upper bits of the product depend on all bits. */
function bucketOf(hash: number, size: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> (Math.clz32(size) + 1);
}

/** The lower end of Wilson's interval of the share that `votes` of `count` is an estimate of; 0 for none of none. */
function lowerBound(votes: number, count: number): number {
  if (count === 0) return 0;
  const z2 = STANDARD_ERRORS ** 2;
  // Neighbouring offsets could both count a landmark.
  const share = Math.min(1, votes / count);
  const half = STANDARD_ERRORS * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count ** 2));
  return Math.max(0, (share + z2 / (2 * count) - half) / (1 + z2 / count));
}

/** What keeps two fingerprints from being compared. */
function differenceOf(one: Format, other: Format): string | undefined {
  for (const name of ['sampleRate', 'frameSize', 'hop'] as const) {
    if (one[name] !== other[name]) return `${name} ${one[name]} and ${other[name]}`;
  }
  return undefined;
}

function sharedUint32(length: number): Uint32Array<SharedArrayBuffer> {
  return new Uint32Array(new SharedArrayBuffer(length * Uint32Array.BYTES_PER_ELEMENT));
}

/** Fingerprint of an excerpt → the recording that it comes from, or undefined; `common` is the index. */
export default execFor<unknown, AudioIndex>()(import.meta.url, {
  name: 'matchAudio',
  params: DEFAULT_PARAMS,
  setup: ({ minScore }): void => {
    if (!(minScore >= 0 && minScore <= 1)) {
      throw new NonRetryableError(`minScore must be from 0 to 1, got ${minScore}`);
    }
  },
  exec: (excerpt: Fingerprint, { common, params }) => match(common, excerpt, params.minScore),
});
