import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import fingerprintAudio, { type Fingerprint } from '../../../nodes/fingerprintAudio.ts';
import matchAudio, { buildIndex, match } from '../../../nodes/matchAudio.ts';
import { seededRandom } from '../../support/planted.ts';
import { plantedSong, withNoise } from './planted-songs.ts';
import { runItem, runItems } from './run-exec.ts';

const sampleRate = 8000;
const SECONDS = 30;
const EXCERPT = 6 * sampleRate;
/** Seconds between two frames. */
const FRAME = 256 / sampleRate;

const songs = Array.from({ length: 30 }, (_, i) => plantedSong({ seed: i + 1, seconds: SECONDS, sampleRate }));
/** The last six are in no index. */
const known = songs.slice(0, 24);
const recordings = known.map((samples, i) => ({ id: `song ${i}`, samples, sampleRate }));
const fingerprints = await runItems(fingerprintAudio, recordings);
const index = buildIndex(fingerprints);

/** An excerpt of 6 seconds from a random sample on, with its begin in seconds. */
function excerptOf(song: number, seed: number) {
  const from = Math.floor(seededRandom(seed)() * (SECONDS * sampleRate - EXCERPT));
  return { samples: songs[song]?.slice(from, from + EXCERPT) ?? new Float32Array(0), begin: from / sampleRate };
}

async function identify(excerpts: readonly Float32Array<ArrayBuffer>[]) {
  const heard = await runItems(
    fingerprintAudio,
    excerpts.map((samples) => ({ samples, sampleRate })),
  );
  return runItems(matchAudio, heard, index);
}

describe('matchAudio', () => {
  it('finds 24 of 24 excerpts in noise of their own power, to one frame', async () => {
    const excerpts = known.map((_, song) => excerptOf(song, 100 + song));
    const found = await identify(excerpts.map(({ samples }, i) => withNoise(samples, 200 + i)));
    found.forEach((result, song) => {
      assert.equal(result?.id, `song ${song}`);
      const error = (result?.offset ?? Infinity) - (excerpts[song]?.begin ?? 0);
      assert.ok(Math.abs(error) <= FRAME, `song ${song} is off by ${error} s`);
    });
  });

  it('rejects excerpts of songs that are not in the index, clean and in noise', async () => {
    const unknown = Array.from({ length: 24 }, (_, i) => excerptOf(24 + (i % 6), 300 + i).samples);
    const noisy = unknown.map((samples, i) => withNoise(samples, 400 + i));
    assert.deepEqual(
      (await identify([...unknown, ...noisy])).filter((result) => result !== undefined),
      [],
    );
  });

  it('rejects silence, noise and what is too short', async () => {
    const random = seededRandom(1);
    const noise = Float32Array.from({ length: EXCERPT }, () => random() - 0.5);
    const found = await identify([new Float32Array(EXCERPT), noise, noise.slice(0, 100), new Float32Array(0)]);
    assert.deepEqual(found, [undefined, undefined, undefined, undefined]);
  });

  it('finds a recording as a whole: all landmarks agree, at offset 0', async () => {
    const found = await runItems(matchAudio, fingerprints, index);
    found.forEach((result, song) => {
      const count = fingerprints[song]?.hashes.length ?? 0;
      assert.ok(result !== undefined && count > 2000);
      const { score, ...where } = result;
      assert.deepEqual(where, { id: `song ${song}`, offset: 0, votes: count });
      // Wilson's interval for n of n begins at n / (n + z²).
      assert.ok(Math.abs(score - count / (count + 9)) < 1e-9);
    });
  });

  it('gives a negative offset to what begins before its recording', async () => {
    const [song = new Float32Array(0)] = known;
    const late = new Float32Array(2 * sampleRate + EXCERPT);
    late.set(song.subarray(0, EXCERPT), 2 * sampleRate);
    const [found] = await identify([late]);
    assert.equal(found?.id, 'song 0');
    assert.ok(Math.abs(found.offset + 2) <= FRAME);
  });

  it('gives the same for any order of the recordings', async () => {
    const excerpt = await runItem(fingerprintAudio, { samples: excerptOf(5, 9).samples, sampleRate });
    assert.deepEqual(match(buildIndex(fingerprints.toReversed()), excerpt), match(index, excerpt));
  });
});

describe('match', () => {
  const landmarks = fc.uniqueArray(fc.tuple(fc.nat(3), fc.nat(12)), {
    maxLength: 20,
    selector: ([hash, frame]) => `${hash},${frame}`,
  });

  const fingerprintOf = (id: string, pairs: readonly (readonly [number, number])[]): Fingerprint => ({
    id,
    sampleRate: 100,
    frameSize: 64,
    hop: 10,
    // Large hashes, some of which share a bucket.
    hashes: Uint32Array.from(pairs, ([hash]) => 0xfffffff0 + 5 * hash),
    frames: Uint32Array.from(pairs, ([, frame]) => frame),
  });

  it('counts the votes of two neighbouring offsets, takes the most and the first, and scores as Wilson has it', () => {
    fc.assert(
      fc.property(fc.array(landmarks, { minLength: 1, maxLength: 4 }), landmarks, (tracks, heard) => {
        const votes = new Map<string, number>();
        tracks.forEach((track, i) => {
          for (const [hash, frame] of track) {
            for (const [other, at] of heard) {
              // An agreement at offset d is a vote for the pair (d, d + 1) and for the pair (d − 1, d).
              if (hash !== other) continue;
              for (const offset of [frame - at, frame - at - 1]) {
                votes.set(`${i} ${offset}`, (votes.get(`${i} ${offset}`) ?? 0) + 1);
              }
            }
          }
        });
        const small = buildIndex(tracks.map((track, i) => fingerprintOf(`${i}`, track)));
        const found = match(small, fingerprintOf('', heard), 0);
        const most = Math.max(0, ...votes.values());
        assert.equal(found?.votes ?? 0, most);
        if (found === undefined) return;
        const offset = Math.floor((found.offset * 100) / 10 + 1e-9);
        assert.equal(votes.get(`${found.id} ${offset}`), most);
        const first = tracks.findIndex((_, i) => [...votes].some(([at, n]) => n === most && at.startsWith(`${i} `)));
        assert.equal(found.id, `${first}`);
        // Wilson's interval: the shares p from which the estimate is at most 3 standard errors √(p(1 − p) / n) away.
        const share = Math.min(1, most / heard.length);
        const { score } = found;
        assert.ok(score >= 0 && score < share);
        assert.ok(Math.abs((share - score) ** 2 - (9 * score * (1 - score)) / heard.length) < 1e-12);
      }),
    );
  });

  it('refuses to compare what does not go together', async () => {
    const [first = fingerprintOf('a', [])] = fingerprints;
    await assert.rejects(
      runItem(matchAudio, { ...first, sampleRate: 11_025 }, index),
      /excerpt 'song 0' and the index do not go together: sampleRate 11025 and 8000\. Nothing is resampled here/,
    );
    assert.throws(() => match(index, { ...first, hop: 128 }), /hop 128 and 256/);
    assert.throws(() => match(index, { ...first, frameSize: 512 }), /frameSize 512 and 1024/);
    await assert.rejects(
      runItem(matchAudio.with({ minScore: 2 }), first, index),
      /minScore must be from 0 to 1, got 2/,
    );
  });
});

describe('buildIndex', () => {
  const [one, two] = fingerprints;
  assert.ok(one !== undefined && two !== undefined);

  it('is in shared memory', () => {
    for (const array of [index.buckets, index.hashes, index.recordings, index.frames]) {
      assert.ok(array.buffer instanceof SharedArrayBuffer);
    }
  });

  it('takes recordings without a landmark', () => {
    const silent = { ...one, id: 'silence', hashes: new Uint32Array(0), frames: new Uint32Array(0) };
    assert.equal(match(buildIndex([silent, one]), one)?.id, 'song 0');
    assert.equal(match(buildIndex([silent]), one), undefined);
  });

  it('refuses what does not go together', () => {
    assert.throws(() => buildIndex([]), /an index takes 1 to 1048576 fingerprints, got 0/);
    assert.throws(() => buildIndex([one, one]), /two recordings have the id 'song 0'/);
    assert.throws(() => buildIndex([one, { ...two, id: '' }]), /a recording needs an id/);
    assert.throws(
      () => buildIndex([one, { ...two, sampleRate: 44_100 }]),
      /'song 1' and 'song 0' do not go together: sampleRate 44100 and 8000/,
    );
  });
});
