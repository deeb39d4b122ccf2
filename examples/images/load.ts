/** Runs on threads: reads one PNG file. A file that cannot be used is a result, not an error. */
import { readFileSync } from 'node:fs';
import type { SharedPicture } from '../../nodes/denoise.ts';
import { defineExec } from '../../src/node.ts';
import { decodePng, PngError, type PngProblem, type Raster } from './png.ts';

export interface LoadedPicture {
  readonly kind: 'picture';
  readonly picture: SharedPicture;
  /** One byte per pixel; it stays as it is. */
  readonly alpha: Uint8Array<SharedArrayBuffer> | undefined;
}

export interface SkippedPicture {
  readonly kind: 'skipped';
  readonly reason: PngProblem | 'unreadable';
  /** For people. */
  readonly detail: string;
}

/** @param maxPixels larger pictures are skipped */
export function load(path: string, maxPixels: number): LoadedPicture | SkippedPicture {
  try {
    return { kind: 'picture', ...split(decodePng(readFileSync(path), maxPixels)) };
  } catch (error) {
    if (error instanceof PngError) return { kind: 'skipped', reason: error.problem, detail: error.message };
    // `EACCES: permission denied, open '/a/b.png'`: the path is known, and may differ between machines.
    const detail = error instanceof Error ? error.message.replace(/, \w+( '.*)?$/s, '') : String(error);
    return { kind: 'skipped', reason: 'unreadable', detail };
  }
}

/** Colours and alpha apart from each other, in memory that threads can share. */
export function split({ width, height, channels, pixels }: Raster): Omit<LoadedPicture, 'kind'> {
  const colors = channels < 3 ? 1 : 3;
  const shared = (perPixel: number, at: number): Uint8Array<SharedArrayBuffer> => {
    const part = new Uint8Array(new SharedArrayBuffer(width * height * perPixel));
    for (let i = 0; i < part.length; i++) {
      part[i] = pixels[Math.floor(i / perPixel) * channels + at + (i % perPixel)] ?? 0;
    }
    return part;
  };
  return {
    picture: { width, height, channels: colors, pixels: shared(colors, 0) },
    alpha: colors === channels ? undefined : shared(1, colors),
  };
}

/** Path → the picture, or why not. */
export default defineExec(import.meta.url, {
  name: 'load',
  params: { maxPixels: 2 ** 23 },
  exec: (path: string, { params }) => load(path, params.maxPixels),
});
