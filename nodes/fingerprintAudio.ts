/**
 * Audio fingerprints: a recording becomes landmarks, pairs of spectral peaks, of which an excerpt keeps enough to be
 * recognised, in noise too. `nodes/matchAudio.ts` recognises.
 *
 * Sources: A. Wang, "An industrial-strength audio search algorithm" (ISMIR 2003); J. Cooley, J. Tukey, "An algorithm for
 * the machine calculation of complex Fourier series" (Math. Comput. 1965). Unlike Wang's, a peak is paired with the loudest
 * peaks of its target zone and not with the next ones: noise adds many peaks, but few loud ones. In
 * synthetic songs that raised the share of landmarks which survive noise of the song's own power from 7 to 13 %.
 *
 * Only − + × ÷ and comparisons follow on the tables of sines and cosines: the same bits on every thread of a process, and
 * after scaling the samples by a power of two.
 */
import { defineExec, NonRetryableError } from '../src/node.ts';

/** Item of the exec: a recording, or an excerpt of one. */
export interface Recording {
  /** Names the recording in an index; an excerpt needs none. @default '' */
  readonly id?: string;
  /** One channel, in any scale. 8,000 to 12,000 samples per second are enough: decimate what has more. */
  readonly samples: Float32Array;
  /** Samples per second. Only fingerprints of one rate can be compared. */
  readonly sampleRate: number;
}

/** Params of the exec. Only fingerprints of the same params can be compared. */
export interface FingerprintParams {
  /** Samples per frame, a power of two from 64 to 4096. @default 1024 */
  frameSize: number;
  /** Samples from one frame to the next, at most `frameSize`. @default 256 */
  hop: number;
  /** A peak is the loudest bin within this many frames before and after it … @default 8 */
  peakFrames: number;
  /** … and this many bins below and above. @default 12 */
  peakBins: number;
  /** Peaks further below the loudest one are left out, in dB. @default 60 */
  range: number;
  /** Most landmarks per peak. @default 6 */
  fanOut: number;
  /** A peak is paired with peaks of this many frames after it, at most 1023 … @default 63 */
  zoneFrames: number;
  /** … and this many bins below and above. @default 127 */
  zoneBins: number;
}

/** The landmarks of a recording. About 1.3 KB per second with the default params at 8,000 samples per second. */
export interface Fingerprint {
  readonly id: string;
  readonly sampleRate: number;
  readonly frameSize: number;
  readonly hop: number;
  /** Bin of the peak (11 bits), bin of its partner (11) and frames between them (10). */
  readonly hashes: Uint32Array<ArrayBuffer>;
  /** Frame of each landmark's peak: it begins at sample frame × hop. Ascending. */
  readonly frames: Uint32Array<ArrayBuffer>;
}

/** The Fourier transform of real numbers, in memory that is allocated once. */
export interface RealFft {
  /** The numbers; write them before `transform`. */
  readonly input: Float64Array;
  /** Real and imaginary parts of the bins 0 to size / 2. */
  readonly re: Float64Array;
  readonly im: Float64Array;
  /** Sets bin k to Σ input[n] × e^(−2πi × k × n / size). `input` keeps its numbers. */
  transform(): void;
}

interface Peak {
  readonly frame: number;
  readonly bin: number;
  readonly power: number;
}

const DEFAULT_PARAMS: FingerprintParams = {
  frameSize: 1024,
  hop: 256,
  peakFrames: 8,
  peakBins: 12,
  range: 60,
  fanOut: 6,
  zoneFrames: 63,
  zoneBins: 127,
};
/** Bits of a bin in a hash: half of the largest frame has 2 ** 11 bins. */
const BIN_BITS = 11;
/** Bits of a number of frames in a hash. */
const TIME_BITS = 10;
/** The window spreads a constant over two bins, which are no sound. */
const LOWEST_BIN = 2;

/**
 * Makes a transform: of half the size, of complex numbers whose real parts are the even numbers and whose imaginary parts
 * the odd ones. In radix 4, behind one stage of radix 2 when half the size is no power of 4.
 *
 * @param size a power of two, at least 4
 * @throws NonRetryableError when it is not
 */
export function createRealFft(size: number): RealFft {
  const levels = Math.log2(size) - 1;
  if (!Number.isInteger(levels) || levels < 1) {
    throw new NonRetryableError(`the size of a transform must be a power of two from 4, got ${size}`);
  }
  const half = size / 2;
  const angles = Float64Array.from({ length: size }, (_, k) => (2 * Math.PI * k) / size);
  const cos = angles.map((angle) => Math.cos(angle));
  const sin = angles.map((angle) => Math.sin(angle));
  /** Each index with the order of its bits reversed. */
  const reversed = new Uint32Array(half);
  for (let k = 0; k < half; k++) reversed[k] = ((reversed[k >> 1] ?? 0) >> 1) | ((k & 1) << (levels - 1));
  const input = new Float64Array(size);
  const re = new Float64Array(half + 1);
  const im = new Float64Array(half + 1);

  return {
    input,
    re,
    im,
    transform() {
      fold(input, reversed, re, im);
      if (levels % 2 === 1) combinePairs(re, im, half);
      for (let length = 1 + (levels % 2); length < half; length *= 4) combineFours(re, im, half, length, cos, sin);
      separate(re, im, half, cos, sin);
    },
  };
}

/** Even numbers to real parts and odd ones to imaginary parts, in the order that lets the stages work in place. */
function fold(input: Float64Array, reversed: Uint32Array, re: Float64Array, im: Float64Array): void {
  for (let k = 0; k < reversed.length; k++) {
    const even = 2 * (reversed[k] ?? 0);
    re[k] = input[even] ?? 0;
    im[k] = input[even + 1] ?? 0;
  }
}

/** Each two neighbouring numbers become their transform. */
function combinePairs(re: Float64Array, im: Float64Array, half: number): void {
  for (let k = 0; k < half; k += 2) {
    const re0 = re[k] ?? 0;
    const im0 = im[k] ?? 0;
    const re1 = re[k + 1] ?? 0;
    const im1 = im[k + 1] ?? 0;
    re[k] = re0 + re1;
    im[k] = im0 + im1;
    re[k + 1] = re0 - re1;
    im[k + 1] = im0 - im1;
  }
}

/** Each four neighbouring transforms of `length` become one: two stages of radix 2 with three multiplications. */
function combineFours(
  re: Float64Array,
  im: Float64Array,
  half: number,
  length: number,
  cos: Float64Array,
  sin: Float64Array,
): void {
  const step = half / (2 * length);
  for (let k = 0; k < length; k++) {
    const angle = k * step;
    const c1 = cos[2 * angle] ?? 0;
    const s1 = sin[2 * angle] ?? 0;
    const c2 = cos[angle] ?? 0;
    const s2 = sin[angle] ?? 0;
    const c3 = cos[3 * angle] ?? 0;
    const s3 = sin[3 * angle] ?? 0;
    for (let i = k; i < half; i += 4 * length) {
      const i1 = i + length;
      const i2 = i1 + length;
      const i3 = i2 + length;
      const re0 = re[i] ?? 0;
      const im0 = im[i] ?? 0;
      const re1 = (re[i1] ?? 0) * c1 + (im[i1] ?? 0) * s1;
      const im1 = (im[i1] ?? 0) * c1 - (re[i1] ?? 0) * s1;
      const re2 = (re[i2] ?? 0) * c2 + (im[i2] ?? 0) * s2;
      const im2 = (im[i2] ?? 0) * c2 - (re[i2] ?? 0) * s2;
      const re3 = (re[i3] ?? 0) * c3 + (im[i3] ?? 0) * s3;
      const im3 = (im[i3] ?? 0) * c3 - (re[i3] ?? 0) * s3;
      const sumRe = re0 + re1;
      const sumIm = im0 + im1;
      const differenceRe = re0 - re1;
      const differenceIm = im0 - im1;
      re[i] = sumRe + (re2 + re3);
      im[i] = sumIm + (im2 + im3);
      re[i1] = differenceRe + (im2 - im3);
      im[i1] = differenceIm - (re2 - re3);
      re[i2] = sumRe - (re2 + re3);
      im[i2] = sumIm - (im2 + im3);
      re[i3] = differenceRe - (im2 - im3);
      im[i3] = differenceIm + (re2 - re3);
    }
  }
}

/** Takes apart the transforms of the real and of the imaginary parts, and combines them to the one of all numbers. */
function separate(re: Float64Array, im: Float64Array, half: number, cos: Float64Array, sin: Float64Array): void {
  const even = re[0] ?? 0;
  const odd = im[0] ?? 0;
  re[0] = even + odd;
  re[half] = even - odd;
  im[0] = 0;
  im[half] = 0;
  for (let k = 1, m = half - 1; k <= m; k++, m--) {
    const evenRe = ((re[k] ?? 0) + (re[m] ?? 0)) / 2;
    const evenIm = ((im[k] ?? 0) - (im[m] ?? 0)) / 2;
    const oddRe = ((im[k] ?? 0) + (im[m] ?? 0)) / 2;
    const oddIm = ((re[m] ?? 0) - (re[k] ?? 0)) / 2;
    const x = oddRe * (cos[k] ?? 0) + oddIm * (sin[k] ?? 0);
    const y = oddIm * (cos[k] ?? 0) - oddRe * (sin[k] ?? 0);
    re[k] = evenRe + x;
    im[k] = evenIm + y;
    re[m] = evenRe - x;
    im[m] = y - evenIm;
  }
}

/**
 * Makes a function that fingerprints one recording after the other. It holds the spectra of 2 × `peakFrames` + 1 frames,
 * however long the recording is.
 *
 * @throws NonRetryableError when a param cannot be used; the function, when the recording cannot
 */
export function createFingerprinter(params: FingerprintParams = DEFAULT_PARAMS): (recording: Recording) => Fingerprint {
  requireParams(params);
  const { frameSize, hop, peakFrames, range } = params;
  const fft = createRealFft(frameSize);
  const hann = Float64Array.from({ length: frameSize }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / frameSize));
  const spectra: Spectra = {
    bins: frameSize / 2,
    rows: 2 * peakFrames + 1,
    powers: new Float64Array((2 * peakFrames + 1) * (frameSize / 2)),
  };

  return ({ id = '', samples, sampleRate }) => {
    requireAudio(samples, sampleRate);
    const frames = Math.max(0, Math.floor((samples.length - frameSize) / hop) + 1);
    const found: Peak[] = [];
    let loudest = 0;
    // The peaks of a frame are known when the frames around it are.
    for (let frame = 0; frame < frames + peakFrames; frame++) {
      if (frame < frames) {
        setWindowed(fft.input, samples, frame * hop, hann);
        fft.transform();
        loudest = Math.max(loudest, setPowers(spectra, frame, fft));
      }
      if (frame >= peakFrames) addPeaks(found, spectra, frame - peakFrames, frames, params);
    }
    const lowest = loudest / 10 ** (range / 10);
    const peaks = found.filter(({ power }) => power >= lowest);
    return { id, sampleRate, frameSize, hop, ...landmarksOf(peaks, params) };
  };
}

/** The powers of the last frames. */
interface Spectra {
  readonly bins: number;
  readonly rows: number;
  /** By frame modulo `rows`, and bin. */
  readonly powers: Float64Array;
}

// Loops in functions of their own: there the arrays are arguments, which the compiler reads once and not in every step.
function setWindowed(input: Float64Array, samples: Float32Array, from: number, window: Float64Array): void {
  for (let n = 0; n < window.length; n++) input[n] = (samples[from + n] ?? 0) * (window[n] ?? 0);
}

/** Sets the powers of a frame. @returns the highest one */
function setPowers({ bins, rows, powers }: Spectra, frame: number, { re, im }: RealFft): number {
  const at = (frame % rows) * bins;
  let loudest = 0;
  for (let bin = 0; bin < bins; bin++) {
    const power = (re[bin] ?? 0) * (re[bin] ?? 0) + (im[bin] ?? 0) * (im[bin] ?? 0);
    powers[at + bin] = power;
    if (power > loudest) loudest = power;
  }
  return loudest;
}

/**
 * Adds the peaks of a frame: bins with more power than any other in the rectangle around them. Of equal ones the first
 * counts, by frame and then by bin.
 */
function addPeaks(peaks: Peak[], spectra: Spectra, frame: number, frames: number, params: FingerprintParams): void {
  const { bins, rows, powers } = spectra;
  const at = (frame % rows) * bins;
  for (let bin = LOWEST_BIN; bin < bins - 1; bin++) {
    const power = powers[at + bin] ?? 0;
    // Not needed, but two comparisons leave a third of the bins.
    if (power <= (powers[at + bin - 1] ?? 0) || power < (powers[at + bin + 1] ?? 0)) continue;
    if (isPeak(spectra, frame, bin, frames, params)) peaks.push({ frame, bin, power });
  }
}

function isPeak(
  { bins, rows, powers }: Spectra,
  frame: number,
  bin: number,
  frames: number,
  { peakFrames, peakBins }: FingerprintParams,
): boolean {
  const from = Math.max(0, bin - peakBins);
  const to = Math.min(bins, bin + peakBins + 1);
  const row = (frame % rows) * bins;
  const at = row + bin;
  if (anyFrom(powers, row + from, at, at) || anyAbove(powers, at + 1, row + to, at)) return false;
  // The nearest frames first: what is no peak mostly shows there.
  for (let distance = 1; distance <= peakFrames; distance++) {
    const before = ((frame - distance) % rows) * bins;
    if (frame >= distance && anyFrom(powers, before + from, before + to, at)) return false;
    const after = ((frame + distance) % rows) * bins;
    if (frame + distance < frames && anyAbove(powers, after + from, after + to, at)) return false;
  }
  return true;
}

/** Whether a range has a value not below the one at `at`. */
function anyFrom(values: Float64Array, from: number, to: number, at: number): boolean {
  const limit = values[at] ?? 0;
  for (let i = from; i < to; i++) if ((values[i] ?? 0) >= limit) return true;
  return false;
}

/** Whether a range has a value above the one at `at`. */
function anyAbove(values: Float64Array, from: number, to: number, at: number): boolean {
  const limit = values[at] ?? 0;
  for (let i = from; i < to; i++) if ((values[i] ?? 0) > limit) return true;
  return false;
}

/** Pairs each peak with the loudest ones of its target zone, the earlier of equal ones first. */
function landmarksOf(
  peaks: readonly Peak[],
  { fanOut, zoneFrames, zoneBins }: FingerprintParams,
): Pick<Fingerprint, 'hashes' | 'frames'> {
  const hashes: number[] = [];
  const frames: number[] = [];
  peaks.forEach(({ frame, bin }, i) => {
    const zone: Peak[] = [];
    for (let j = i + 1; j < peaks.length; j++) {
      const partner = peaks[j];
      if (partner === undefined || partner.frame > frame + zoneFrames) break;
      if (partner.frame > frame && Math.abs(partner.bin - bin) <= zoneBins) zone.push(partner);
    }
    for (const partner of zone.toSorted((x, y) => y.power - x.power).slice(0, fanOut)) {
      hashes.push(((bin << (BIN_BITS + TIME_BITS)) | (partner.bin << TIME_BITS) | (partner.frame - frame)) >>> 0);
      frames.push(frame);
    }
  });
  return { hashes: Uint32Array.from(hashes), frames: Uint32Array.from(frames) };
}

function requireAudio(samples: Float32Array, sampleRate: number): void {
  if (!(samples instanceof Float32Array)) {
    throw new NonRetryableError('samples must be a Float32Array: one channel, decoded');
  }
  if (!(sampleRate > 0 && sampleRate < Infinity)) {
    throw new NonRetryableError(`sampleRate must be a positive number of samples per second, got ${sampleRate}`);
  }
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i])) throw new NonRetryableError(`samples must be finite, got ${samples[i]} at ${i}`);
  }
}

function requireParams(params: FingerprintParams): void {
  const { frameSize, range, ...counts } = params;
  const limits: Readonly<Record<keyof typeof counts, number>> = {
    hop: frameSize,
    peakFrames: 1000,
    peakBins: 2048,
    fanOut: 1000,
    zoneFrames: 2 ** TIME_BITS - 1,
    zoneBins: 2048,
  };
  if (!Number.isInteger(Math.log2(frameSize)) || frameSize < 64 || frameSize > 2 ** (BIN_BITS + 1)) {
    throw new NonRetryableError(`frameSize must be a power of two from 64 to 4096, got ${frameSize}`);
  }
  for (const [name, limit] of Object.entries(limits)) {
    const value = counts[name as keyof typeof counts];
    if (!Number.isInteger(value) || value < 1 || value > limit) {
      throw new NonRetryableError(`${name} must be an integer from 1 to ${limit}, got ${value}`);
    }
  }
  if (!(range > 0)) throw new NonRetryableError(`range must be above 0 dB, got ${range}`);
}

/** Recording → its landmarks. */
export default defineExec(import.meta.url, {
  name: 'fingerprintAudio',
  params: DEFAULT_PARAMS,
  setup: (params) => createFingerprinter(params),
  exec: (recording: Recording, { resource }) => resource(recording),
});
