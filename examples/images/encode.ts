/** Runs on threads: one picture as a PNG file, and how far it is from the truth. */
import { estimateSigma, psnr, type SharedPicture } from '../../nodes/denoise.ts';
import { defineExec } from '../../src/node.ts';
import { encodePng, type Raster } from './png.ts';

/** The picture before noise was added; with noise; denoised. Without added noise there is no clean one. */
export type Version = 'clean' | 'noisy' | 'denoised';

/** What file a picture becomes. */
export interface Print {
  readonly file: string;
  /** Index of the picture whose version it is. */
  readonly index: number;
  readonly version: Version;
}

/** Pixels are in shared memory, so nothing is copied to the thread. */
export interface Finished {
  readonly print: Print;
  readonly picture: SharedPicture;
  readonly alpha: Uint8Array<SharedArrayBuffer> | undefined;
  /** The picture without noise, when it is known. */
  readonly truth: SharedPicture | undefined;
}

export interface EncodedPrint extends Print {
  readonly png: Uint8Array<ArrayBuffer>;
  /** In dB; undefined without a truth, Infinity for the truth itself. */
  readonly psnr: number | undefined;
  /** Estimated noise, in levels. */
  readonly sigma: number;
}

export function encode({ print, picture, alpha, truth }: Finished): EncodedPrint {
  return {
    ...print,
    png: encodePng(alpha === undefined ? picture : withAlpha(picture, alpha)),
    psnr: truth === undefined ? undefined : psnr(picture.pixels, truth.pixels),
    sigma: estimateSigma(picture),
  };
}

function withAlpha({ width, height, channels, pixels }: SharedPicture, alpha: Uint8Array): Raster {
  const together = channels === 1 ? 2 : 4;
  const merged = new Uint8Array(width * height * together);
  for (let i = 0; i < alpha.length; i++) {
    for (let channel = 0; channel < channels; channel++) {
      merged[i * together + channel] = pixels[i * channels + channel] ?? 0;
    }
    merged[i * together + channels] = alpha[i] ?? 0;
  }
  return { width, height, channels: together, pixels: merged };
}

export default defineExec(import.meta.url, { name: 'encode', exec: encode });
