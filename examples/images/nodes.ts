/** The nodes of the images pipeline. What is heavy runs on threads, per picture or per tile; the main thread only wires. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { batchNodeFor, nodeFor, retry } from '../../src/index.ts';
import denoiseTile, { placeTile, tiles, type SharedPicture } from '../../nodes/denoise.ts';
import addNoiseTo from './add-noise.ts';
import encodePicture, { type Version } from './encode.ts';
import loadFile from './load.ts';
import { renderPage } from './page-html.ts';
import { seedOf } from './random.ts';
import renderScene from './render.ts';
import { SCENES } from './scenes/index.ts';
import type { ImagesStore, Original } from './schema.ts';
import layOutSheet from './sheet.ts';
import { MARKER, PAGE, SHEET } from './output.ts';
import { writeFolder } from '../shared/out-folder.ts';

const node = nodeFor<ImagesStore>();
const batchNode = batchNodeFor<ImagesStore>();

export const choose = node({
  name: 'choose',
  outcomes: ['scenes', 'files', 'nothing'],
  prep: (store) => store.get('settings'),
  exec: ({ input, count }) => (input === undefined ? undefined : pngFiles(input).slice(0, count)),
  post: (store, files) => {
    store.put('files', files ?? []);
    store.put('skipped', []);
    if (files === undefined) return 'scenes';
    return files.length === 0 ? 'nothing' : 'files';
  },
});

export const render = batchNode({
  name: 'render',
  outcomes: ['AddNoise'],
  prep: (store) => {
    const { count, width, height, seed } = store.get('settings');
    return Array.from({ length: count }, (_value, i) => ({
      scene: sceneOf(i),
      seed: seedOf(seed, i),
      width,
      height,
    }));
  },
  exec: renderScene,
  post: (store, pictures) => {
    store.put(
      'originals',
      pictures.map((picture, i) => named(i, sceneOf(i), { picture, alpha: undefined })),
    );
    return 'AddNoise';
  },
});

export const load = batchNode({
  name: 'load',
  outcomes: ['pictures', 'nothing'],
  prep: (store) => {
    const { input = '' } = store.get('settings');
    return store.get('files').map((file) => join(input, file));
  },
  exec: loadFile,
  post: (store, results) => {
    const originals: Original[] = [];
    results.forEach((result, i) => {
      const file = store.get('files')[i] ?? '';
      if (result.kind === 'skipped') store.append('skipped', { ...result, file });
      else originals.push(named(originals.length, file, result));
    });
    store.put('originals', originals);
    return originals.length === 0 ? 'nothing' : 'pictures';
  },
});

export const addNoise = batchNode({
  name: 'addNoise',
  outcomes: ['Denoise'],
  prep: (store) => {
    const { noise, seed } = store.get('settings');
    return store.get('originals').map(({ picture }, i) => ({ picture, noise, seed: seedOf(seed, i + 1_000) }));
  },
  exec: addNoiseTo,
  post: (store, noisy) => {
    store.put('noisy', noisy);
    return 'Denoise';
  },
});

/** One batch for the tiles of all pictures: no thread waits for the last tile of a picture. */
export const denoise = batchNode({
  name: 'denoise',
  outcomes: ['Encode'],
  prep: (store) => {
    const { strength } = store.get('settings');
    const common = store.get('noisy').map(({ sigma = 0, ...picture }) => withSigma(picture, strength * sigma));
    return { items: tilesOf(common), common };
  },
  // Patches of 3 × 3 tell more than larger ones where there are three channels; a larger window finds more of them.
  exec: denoiseTile.with({ searchRadius: 7, patchRadius: 1 }),
  post: (store, parts) => {
    const noisy = store.get('noisy');
    const denoised = noisy.map(({ width, height, channels, pixels }): SharedPicture => {
      return { width, height, channels, pixels: new Uint8Array(new SharedArrayBuffer(pixels.length)) };
    });
    tilesOf(noisy).forEach((tile, i) => {
      const [picture, part] = [denoised[tile.picture], parts[i]];
      if (picture !== undefined && part !== undefined) placeTile(picture, tile, part);
    });
    store.put('denoised', denoised);
    store.put('tiles', parts.length);
    return 'Encode';
  },
});

export const encode = batchNode({
  name: 'encode',
  outcomes: ['Sheet'],
  prep: (store) => {
    const isTruthKnown = store.get('settings').noise > 0;
    return store.get('originals').flatMap(({ name, alpha, picture: original }, index) =>
      versionsOf(store, index).map(({ version, picture }) => ({
        print: { file: `${name}-${version}.png`, index, version },
        picture,
        alpha,
        truth: isTruthKnown ? original : undefined,
      })),
    );
  },
  exec: encodePicture,
  post: (store, prints) => {
    store.put('prints', prints);
    return 'Sheet';
  },
});

export const sheet = node({
  name: 'sheet',
  outcomes: ['Write'],
  prep: (store) =>
    store.get('originals').map(({ alpha }, index) => ({
      versions: versionsOf(store, index).map(({ picture }) => picture),
      alpha,
    })),
  exec: layOutSheet,
  post: (store, png) => {
    store.put('sheet', png);
    return 'Write';
  },
});

export const write = node({
  name: 'write',
  outcomes: ['Done'],
  prep: (store) => ({
    out: store.get('settings').out,
    files: {
      ...Object.fromEntries(store.get('prints').map(({ file, png }) => [file, png])),
      [SHEET]: store.get('sheet'),
      [PAGE]: renderPage(store),
    },
  }),
  exec: ({ out, files }) => writeFolder(out, MARKER, files),
  retry: retry.none(),
});

/** Names of the PNG files in a folder, not below it, sorted by code units. */
function pngFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.png$/i.test(entry.name))
    .map(({ name }) => name)
    .toSorted((a, b) => (a < b ? -1 : 1));
}

function sceneOf(index: number): string {
  return SCENES[index % SCENES.length]?.[0] ?? '';
}

/** @param title the name of a scene or a file; what no file name or URL should hold is left out of `name` */
function named(index: number, title: string, loaded: Pick<Original, 'picture' | 'alpha'>): Original {
  const stem = title.replace(/\.png$/i, '').replace(/[^\p{L}\p{M}\p{N}]+/gu, '-');
  const name = `${String(index + 1).padStart(2, '0')}-${Array.from(stem).slice(0, 40).join('')}`;
  return { name, title, picture: loaded.picture, alpha: loaded.alpha };
}

function withSigma(picture: SharedPicture, sigma: number): SharedPicture {
  return { ...picture, sigma: Math.min(255, sigma) };
}

function tilesOf(pictures: readonly SharedPicture[]) {
  return pictures.flatMap(({ width, height }, i) => tiles(width, height, undefined, i));
}

/** The versions of a picture that are shown, in their order. */
function versionsOf(
  store: ImagesStore,
  index: number,
): { readonly version: Version; readonly picture: SharedPicture }[] {
  const versions = [
    { version: 'clean', picture: store.get('originals')[index]?.picture },
    { version: 'noisy', picture: store.get('noisy')[index] },
    { version: 'denoised', picture: store.get('denoised')[index] },
  ] as const;
  const isTruthKnown = store.get('settings').noise > 0;
  return versions.flatMap(({ version, picture }) =>
    picture === undefined || (version === 'clean' && !isTruthKnown) ? [] : [{ version, picture }],
  );
}
