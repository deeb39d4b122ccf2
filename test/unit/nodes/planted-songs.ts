/** Seeded songs, and excerpts of them whose origin is known. */
import { seededRandom } from '../../support/planted.ts';

/** Semitones of a major scale. */
const SCALE = [0, 2, 4, 5, 7, 9, 11];
const HARMONICS = 6;

/** A song: a melody, chords and drums of noise, in a key and at a tempo that the seed decides. */
export function plantedSong(options: { seed: number; seconds: number; sampleRate: number }): Float32Array<ArrayBuffer> {
  const { seed, seconds, sampleRate } = options;
  const random = seededRandom(seed);
  const samples = new Float32Array(seconds * sampleRate);
  const beat = 60 / (90 + 60 * random());
  const tonic = 110 * 2 ** random();
  const pitch = (step: number): number =>
    tonic * 2 ** ((SCALE[step % SCALE.length] ?? 0) / 12 + Math.floor(step / SCALE.length));
  const step = (): number => Math.floor(random() * SCALE.length);

  for (let time = 0, n = 0; time < seconds; time += beat, n++) {
    const at = Math.floor(time * sampleRate);
    const tone = (hertz: number, beats: number, level: number): void =>
      addTone(samples, at, hertz / sampleRate, beats * beat * sampleRate, level);
    tone(pitch(step() + SCALE.length * (1 + Math.floor(random() * 2))), random() < 0.5 ? 1 : 2, 0.3);
    if (n % 4 === 0) {
      const root = step();
      for (const third of [0, 2, 4]) tone(pitch(root + third), 4, 0.15);
    }
    for (let i = 0; i < 0.08 * sampleRate && at + i < samples.length; i++) {
      const decay = Math.exp(-i / (0.02 * sampleRate));
      samples[at + i] = (samples[at + i] ?? 0) + 0.25 * (2 * random() - 1) * decay;
    }
  }
  return samples;
}

/** Adds a decaying tone with harmonics. @param cycles per sample @param length in samples */
function addTone(samples: Float32Array, from: number, cycles: number, length: number, level: number): void {
  const to = Math.min(samples.length, from + Math.floor(length));
  for (let harmonic = 1; harmonic <= HARMONICS && harmonic * cycles < 0.5; harmonic++) {
    // A rotation per sample, which shrinks as it turns: cheaper than a sine and an exponential.
    const shrink = Math.exp(-3 / length);
    const c = shrink * Math.cos(2 * Math.PI * harmonic * cycles);
    const s = shrink * Math.sin(2 * Math.PI * harmonic * cycles);
    let x = level / harmonic;
    let y = 0;
    for (let i = from; i < to; i++) {
      samples[i] = (samples[i] ?? 0) + y;
      const turned = x * c - y * s;
      y = y * c + x * s;
      x = turned;
    }
  }
}

/** Adds white noise of the same power as the samples: a signal-to-noise ratio of 0 dB. */
export function withNoise(samples: Float32Array, seed: number): Float32Array<ArrayBuffer> {
  const random = seededRandom(seed);
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  // A uniform distribution over ±a has the power a² / 3.
  const amplitude = Math.sqrt(3 * power);
  return Float32Array.from(samples, (sample) => sample + amplitude * (2 * random() - 1));
}
