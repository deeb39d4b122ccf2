/** Runs on threads: adds noise with known deviation, and estimates how noisy the picture is then. */
import { estimateSigma, type SharedPicture } from '../../nodes/denoise.ts';
import { defineExec } from '../../src/node.ts';
import { randomFrom } from './random.ts';

export interface Exposure {
  readonly picture: SharedPicture;
  /** Standard deviation of the noise, in levels; at 0 the picture stays as it is. */
  readonly noise: number;
  readonly seed: number;
}

/** The picture with white Gaussian noise (G. Box, M. Muller, 1958), cut off at 0 and 255, and with its estimated sigma. */
export function addNoise({ picture, noise, seed }: Exposure): SharedPicture & { readonly sigma: number } {
  const pixels = new Uint8Array(new SharedArrayBuffer(picture.pixels.length));
  const random = randomFrom(seed);
  // Two numbers per draw.
  for (let i = 0; i < pixels.length; i += 2) {
    const radius = noise * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    pixels[i] = toLevel((picture.pixels[i] ?? 0) + radius * Math.cos(angle));
    pixels[i + 1] = toLevel((picture.pixels[i + 1] ?? 0) + radius * Math.sin(angle));
  }
  return { ...picture, pixels, sigma: estimateSigma({ ...picture, pixels }) };
}

function toLevel(value: number): number {
  return Math.round(Math.min(255, Math.max(0, value)));
}

export default defineExec(import.meta.url, { name: 'addNoise', exec: addNoise });
