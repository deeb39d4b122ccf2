/** What the states of the images pipeline hand to each other. */
import type { MemoryStore } from '../../src/index.ts';
import type { SharedPicture } from '../../nodes/denoise.ts';
import type { EncodedPrint } from './encode.ts';
import type { LoadedPicture, SkippedPicture } from './load.ts';

/** The inputs, checked. */
export interface Settings {
  /** Absolute path of the folder with the pictures; undefined: scenes are rendered. */
  readonly input: string | undefined;
  /** Absolute path of the folder that is written. */
  readonly out: string;
  /** Most pictures. */
  readonly count: number;
  /** Of rendered pictures. */
  readonly width: number;
  readonly height: number;
  /** Standard deviation of the noise that is added, in levels; 0: the pictures are as noisy as they are. */
  readonly noise: number;
  readonly strength: number;
  readonly seed: number;
}

/** A picture with the start of the names of its files. */
export type Original = Pick<LoadedPicture, 'picture' | 'alpha'> & {
  readonly name: string;
  readonly title: string;
};

export interface ImagesSchema {
  settings: Settings;
  /** Names of the PNG files of the folder. */
  files: string[];
  skipped: (SkippedPicture & { readonly file: string })[];
  originals: Original[];
  noisy: SharedPicture[];
  denoised: SharedPicture[];
  /** Number of tiles of all pictures. */
  tiles: number;
  /** By picture, in the order clean, noisy, denoised. */
  prints: EncodedPrint[];
  /** The contact sheet as PNG. */
  sheet: Uint8Array;
}

export type ImagesStore = MemoryStore<ImagesSchema>;
