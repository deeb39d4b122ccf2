import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import fingerprintAudio, {
  createFingerprinter,
  createRealFft,
  type Fingerprint,
  type FingerprintParams,
} from '../../../nodes/fingerprintAudio.ts';
import { seededRandom } from '../../support/planted.ts';
import { plantedSong } from './planted-songs.ts';
import { runItem, runItems } from './run-exec.ts';

const sampleRate = 8000;
const FRAME_SIZE = 1024;
const HOP = 256;
const DEFAULTS = fingerprintAudio.params;
const fingerprint = createFingerprinter();

/** The bins 0 to n / 2 by the definition, in n² steps. */
function directTransform(input: readonly number[]): { re: number[]; im: number[] } {
  const bins = Array.from({ length: input.length / 2 + 1 }, (_, k) => k);
  const sum = (part: (angle: number) => number): number[] =>
    bins.map((k) => input.reduce((total, x, n) => total + x * part((-2 * Math.PI * k * n) / input.length), 0));
  return { re: sum(Math.cos), im: sum(Math.sin) };
}

function transform(input: readonly number[]) {
  const fft = createRealFft(input.length);
  fft.input.set(input);
  fft.transform();
  return fft;
}

/** Sine tones, each of a bin's frequency and with an envelope of 3,000 samples around its middle. */
function tones(
  length: number,
  parts: readonly { bin: number; middle: number; level: number }[],
): Float32Array<ArrayBuffer> {
  const samples = new Float32Array(length);
  for (const { bin, middle, level } of parts) {
    for (let n = 0; n < length; n++) {
      const envelope = Math.exp(-(((n - middle) / 1500) ** 2));
      samples[n] = (samples[n] ?? 0) + level * envelope * Math.sin((2 * Math.PI * bin * n) / FRAME_SIZE);
    }
  }
  return samples;
}

/** What a landmark says: bins of the two peaks, frames between them, frame of the first. */
function landmarksOf({ hashes, frames }: Fingerprint): number[][] {
  return Array.from(hashes, (hash, i) => [hash >>> 21, (hash >>> 10) & 2047, hash & 1023, frames[i] ?? -1]);
}

describe('createRealFft', () => {
  const inputs = fc
    .integer({ min: 2, max: 8 })
    .chain((level) =>
      fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2 ** level, maxLength: 2 ** level }),
    );

  it('is the direct transform', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { re, im } = transform(input);
        const direct = directTransform(input);
        const limit = 1e-11 * input.length * 100;
        direct.re.forEach((x, k) => assert.ok(Math.abs(x - (re[k] ?? Number.NaN)) < limit));
        direct.im.forEach((x, k) => assert.ok(Math.abs(x - (im[k] ?? Number.NaN)) < limit));
        assert.equal(re.length, direct.re.length);
      }),
    );
  });

  it('keeps the energy, as Parseval has it', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { re, im } = transform(input);
        const energy = input.reduce((sum, x) => sum + x * x, 0);
        // The bins between the first and the last stand for two each.
        const half = input.length / 2;
        const spectral = re.reduce((sum, x, k) => {
          const power = x * x + (im[k] ?? Number.NaN) ** 2;
          return sum + (k === 0 || k === half ? power : 2 * power);
        }, 0);
        assert.ok(Math.abs(spectral / input.length - energy) <= 1e-10 * (1 + energy));
      }),
    );
  });

  for (const size of [512, 1024, 2048, 4096]) {
    it(`of ${size} numbers puts a cosine into its bin and an impulse into all`, () => {
      const bin = size / 8 + 1;
      const cosine = transform(Array.from({ length: size }, (_, n) => Math.cos((2 * Math.PI * bin * n) / size)));
      cosine.re.forEach((x, k) => assert.ok(Math.abs(x - (k === bin ? size / 2 : 0)) < 1e-9));
      cosine.im.forEach((x) => assert.ok(Math.abs(x) < 1e-9));
      const impulse = transform(Array.from({ length: size }, (_, n) => (n === 0 ? 1 : 0)));
      assert.ok(impulse.re.every((x) => Math.abs(x - 1) < 1e-12) && impulse.im.every((x) => Math.abs(x) < 1e-12));
    });
  }

  it('keeps its input, and depends on nothing before', () => {
    const random = seededRandom(2);
    const input = Array.from({ length: 64 }, () => random());
    const fft = createRealFft(64);
    fft.input.fill(7);
    fft.transform();
    fft.input.set(input);
    fft.transform();
    const { re, im } = transform(input);
    assert.deepEqual([fft.re, fft.im, [...fft.input]], [re, im, input]);
    fft.transform();
    assert.deepEqual(fft.re, re);
  });

  it('refuses sizes that are no power of two', () => {
    for (const size of [0, 1, 2, 6, 1000, -8, 4.5, Number.NaN]) {
      assert.throws(() => createRealFft(size), new RegExp(`a power of two from 4, got ${size}`));
    }
  });
});

/** Landmarks by definition: the powers of all frames, every bin against its whole rectangle, every pair of peaks. */
function reference(samples: Float32Array, params: FingerprintParams): number[][] {
  const { frameSize, hop, peakFrames, peakBins, range, fanOut, zoneFrames, zoneBins } = params;
  const powers: number[][] = [];
  for (let from = 0; from + frameSize <= samples.length; from += hop) {
    const windowed = Array.from(samples.slice(from, from + frameSize), (x, n) => {
      return x * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / frameSize));
    });
    const { re, im } = transform(windowed);
    powers.push(Array.from(re.subarray(0, frameSize / 2), (x, k) => x * x + (im[k] ?? 0) * (im[k] ?? 0)));
  }
  const lowest = Math.max(0, ...powers.flat()) / 10 ** (range / 10);
  const peaks: { frame: number; bin: number; power: number }[] = [];
  powers.forEach((row, frame) =>
    row.forEach((power, bin) => {
      const around = powers.slice(Math.max(0, frame - peakFrames), frame + peakFrames + 1);
      const highest = Math.max(
        ...around.flatMap((other) => other.slice(Math.max(0, bin - peakBins), bin + peakBins + 1)),
      );
      // The window spreads a constant over bins 0 and 1; the last bin has no neighbour on one side.
      if (bin > 1 && bin < row.length - 1 && power === highest && power >= lowest) peaks.push({ frame, bin, power });
    }),
  );
  return peaks.flatMap(({ frame, bin }) =>
    peaks
      .filter((other) => other.frame > frame && other.frame - frame <= zoneFrames)
      .filter((other) => Math.abs(other.bin - bin) <= zoneBins)
      .toSorted((x, y) => y.power - x.power)
      .slice(0, fanOut)
      .map((other) => [bin, other.bin, other.frame - frame, frame]),
  );
}

describe('landmarks', () => {
  it('are those of the definition, of any sound and for any params', () => {
    const params: fc.Arbitrary<FingerprintParams> = fc.record({
      frameSize: fc.constantFrom(64, 128),
      hop: fc.integer({ min: 10, max: 64 }),
      peakFrames: fc.integer({ min: 1, max: 4 }),
      peakBins: fc.integer({ min: 1, max: 6 }),
      range: fc.integer({ min: 5, max: 60 }),
      fanOut: fc.integer({ min: 1, max: 5 }),
      zoneFrames: fc.integer({ min: 1, max: 8 }),
      zoneBins: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(params, fc.nat(1500), fc.nat(), (some, length, seed) => {
        const random = seededRandom(seed);
        const samples = Float32Array.from({ length }, () => random() - 0.5);
        const found = createFingerprinter(some)({ samples, sampleRate });
        assert.deepEqual(landmarksOf(found), reference(samples, some));
      }),
      { numRuns: 200 },
    );
  });

  it('pair the peaks of pure tones, each in its bin and its frame', () => {
    const bin = fc.integer({ min: 60, max: 180 });
    fc.assert(
      fc.property(bin, bin, fc.integer({ min: 20, max: 63 }), (first, second, distance) => {
        // A frame's middle is half a frame after its begin.
        const middle = 20 * HOP + FRAME_SIZE / 2;
        const samples = tones(120 * HOP, [
          { bin: first, middle, level: 1 },
          { bin: second, middle: middle + distance * HOP, level: 0.5 },
        ]);
        assert.deepEqual(landmarksOf(fingerprint({ samples, sampleRate })), [[first, second, distance, 20]]);
      }),
      { numRuns: 25 },
    );
  });

  it('prefer the loudest partners, and stay in the target zone', () => {
    const middle = 20 * HOP + FRAME_SIZE / 2;
    const later = Array.from({ length: 5 }, (_, i) => ({
      bin: 60 + 30 * i,
      middle: middle + 20 * HOP,
      level: [0.4, 0.1, 0.5, 0.2, 0.3][i] ?? 0,
    }));
    const beyond = [
      { bin: 400, middle: middle + 20 * HOP, level: 1 },
      { bin: 100, middle: middle + 90 * HOP, level: 1 },
    ];
    const samples = tones(150 * HOP, [{ bin: 100, middle, level: 1 }, ...later, ...beyond]);
    const found = landmarksOf(createFingerprinter({ ...DEFAULTS, fanOut: 3 })({ samples, sampleRate }));
    assert.deepEqual(
      found.filter(([, , , frame]) => frame === 20),
      [
        [100, 120, 20, 20],
        [100, 60, 20, 20],
        [100, 180, 20, 20],
      ],
    );
  });

  const song = plantedSong({ seed: 1, seconds: 10, sampleRate });

  it('of a song are in ascending order, at most 6 per peak, within their zone', () => {
    const found = fingerprint({ id: 'one', samples: song, sampleRate });
    const { id, hashes, frames, ...format } = found;
    assert.deepEqual({ id, ...format }, { id: 'one', sampleRate, frameSize: FRAME_SIZE, hop: HOP });
    assert.equal(hashes.length, frames.length);
    assert.ok(hashes.length > 500, `${hashes.length} landmarks in 10 seconds`);
    assert.deepEqual(frames, frames.toSorted());
    const perPeak = new Map<string, number>();
    for (const [bin = -1, partner = -1, distance = -1, frame = -1] of landmarksOf(found)) {
      assert.ok(bin >= 2 && Math.abs(partner - bin) <= 127 && distance >= 1 && distance <= 63);
      const peak = `${frame} ${bin}`;
      perPeak.set(peak, (perPeak.get(peak) ?? 0) + 1);
    }
    assert.ok(Math.max(...perPeak.values()) <= 6);
  });

  it('move with the sound: a delay of n frames is n more in each frame, and nothing else', () => {
    const silence = 2 * FRAME_SIZE;
    const delayed = (frames: number) => {
      const samples = new Float32Array(song.length + 2 * silence + 40 * HOP);
      samples.set(song, silence + frames * HOP);
      return fingerprint({ samples, sampleRate });
    };
    const still = delayed(0);
    for (const frames of [1, 7, 40]) {
      const moved = delayed(frames);
      assert.deepEqual(moved.hashes, still.hashes);
      assert.deepEqual(
        moved.frames,
        still.frames.map((frame) => frame + frames),
      );
    }
  });

  it('do not depend on the level', () => {
    const samples = song.subarray(0, 4 * sampleRate);
    const expected = fingerprint({ samples, sampleRate });
    for (const factor of [2 ** -12, 0.5, 2 ** 15]) {
      assert.deepEqual(fingerprint({ samples: samples.map((x) => x * factor), sampleRate }), expected);
    }
  });

  it('are none of silence, of a constant, of one steady tone and of less than a frame', () => {
    const count = (samples: Float32Array) => fingerprint({ samples, sampleRate }).hashes.length;
    const steady = Float32Array.from({ length: sampleRate * 2 }, (_, n) =>
      Math.sin((2 * Math.PI * 100 * n) / FRAME_SIZE),
    );
    assert.equal(count(new Float32Array(sampleRate)), 0);
    assert.equal(count(new Float32Array(sampleRate).fill(0.3)), 0);
    assert.equal(count(steady), 0);
    assert.equal(count(song.subarray(0, FRAME_SIZE - 1)), 0);
    assert.equal(count(new Float32Array(0)), 0);
  });

  it('leave out what is more than `range` dB below the loudest', () => {
    const middle = 20 * HOP + FRAME_SIZE / 2;
    const second = { bin: 120, middle: middle + 20 * HOP };
    const count = (decibels: number) =>
      fingerprint({
        samples: tones(100 * HOP, [
          { bin: 100, middle, level: 1 },
          { ...second, level: 10 ** (decibels / 20) },
        ]),
        sampleRate,
      }).hashes.length;
    assert.equal(count(-59), 1);
    assert.equal(count(-61), 0);
  });
});

describe('the exec fingerprintAudio', () => {
  const songs = [4, 1, 6, 2].map((seconds, i) => ({
    id: `${i}`,
    samples: plantedSong({ seed: 50 + i, seconds, sampleRate }),
    sampleRate,
  }));

  it('gives the same whatever the thread did before', async () => {
    const forth = await runItems(fingerprintAudio, songs);
    const back = await runItems(fingerprintAudio, songs.toReversed());
    assert.deepEqual(forth, back.toReversed());
    assert.deepEqual(
      forth,
      songs.map((song) => createFingerprinter()(song)),
    );
  });

  it('takes params', async () => {
    const [song = { samples: new Float32Array(0), sampleRate }] = songs;
    const found = await runItem(fingerprintAudio.with({ frameSize: 512, hop: 128 }), song);
    assert.deepEqual([found.frameSize, found.hop], [512, 128]);
    assert.ok(found.hashes.length > 100);
    for (const [params, message] of [
      [{ frameSize: 1000 }, /frameSize must be a power of two from 64 to 4096, got 1000/],
      [{ frameSize: 8192 }, /got 8192/],
      [{ hop: 1025 }, /hop must be an integer from 1 to 1024, got 1025/],
      [{ fanOut: 0 }, /fanOut must be an integer from 1 to 1000, got 0/],
      [{ zoneFrames: 1024 }, /zoneFrames must be an integer from 1 to 1023, got 1024/],
      [{ peakFrames: 2.5 }, /peakFrames .* got 2.5/],
      [{ range: 0 }, /range must be above 0 dB, got 0/],
    ] as const) {
      await assert.rejects(runItem(fingerprintAudio.with(params), song), message);
    }
  });

  it('refuses what is no audio', async () => {
    const samples = new Float32Array(2000);
    await assert.rejects(runItem(fingerprintAudio, { samples, sampleRate: 0 }), /sampleRate must be .* got 0/);
    await assert.rejects(
      runItem(fingerprintAudio, { samples, sampleRate: Number.NaN }),
      /sampleRate must be .* got NaN/,
    );
    samples[1500] = Number.NaN;
    await assert.rejects(runItem(fingerprintAudio, { samples, sampleRate }), /samples must be finite, got NaN at 1500/);
    const wrong = { samples: [0, 1], sampleRate } as unknown as { samples: Float32Array; sampleRate: number };
    await assert.rejects(runItem(fingerprintAudio, wrong), /samples must be a Float32Array/);
  });
});
