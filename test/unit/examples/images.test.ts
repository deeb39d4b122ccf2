/** The parts of the images example, without threads. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { addNoise } from '../../../examples/images/add-noise.ts';
import { both, Canvas, disc, except, ramp, rectangle, stroke } from '../../../examples/images/canvas.ts';
import { encode } from '../../../examples/images/encode.ts';
import { load, split } from '../../../examples/images/load.ts';
import { gainOf } from '../../../examples/images/page-html.ts';
import { decodePng, encodePng, type Raster } from '../../../examples/images/png.ts';
import { fbm, hash, noise, randomFrom, seedOf } from '../../../examples/images/random.ts';
import { render } from '../../../examples/images/render.ts';
import { SCENES } from '../../../examples/images/scenes/index.ts';
import { layOut } from '../../../examples/images/sheet.ts';
import { psnr, type SharedPicture } from '../../../nodes/denoise.ts';

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cano-images-parts-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function pictureOf(width: number, height: number, channels: 1 | 3, level: (i: number) => number): SharedPicture {
  const pixels = new Uint8Array(new SharedArrayBuffer(width * height * channels));
  for (let i = 0; i < pixels.length; i++) pixels[i] = level(i);
  return { width, height, channels, pixels };
}

const meanOf = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum / values.length;
};
const deviationOf = (values: ArrayLike<number>): number => {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(Array.from(values, (value) => (value - mean) ** 2)));
};

test('random numbers, hashes and noise fill [0, 1) evenly and depend on their seed alone', () => {
  const random = randomFrom(3);
  const again = randomFrom(3);
  const drawn = Array.from({ length: 20_000 }, () => random());
  assert.ok(drawn.every((value) => value === again() && value >= 0 && value < 1));
  const hashed = Array.from({ length: 20_000 }, (_value, i) => hash(i % 200, Math.floor(i / 200) - 50, 9));
  for (const values of [drawn, hashed]) {
    // Of a uniform distribution: mean 1/2, deviation 1/√12.
    assert.ok(Math.abs(meanOf(values) - 0.5) < 0.01 && Math.abs(deviationOf(values) - 12 ** -0.5) < 0.01);
  }
  assert.equal(new Set(Array.from({ length: 1_000 }, (_value, i) => seedOf(1, i))).size, 1_000);
  const place = fc.double({ min: -50, max: 50, noNaN: true });
  fc.assert(
    fc.property(place, place, fc.integer(), (x, y, seed) => {
      for (const value of [noise(x, y, seed), fbm(x, y, 4, seed)]) assert.ok(value >= 0 && value < 1);
      // Value noise has no steps: its slope is at most 1.5 in each direction.
      assert.ok(Math.abs(noise(x + 1e-3, y, seed) - noise(x, y, seed)) < 2e-3);
      assert.equal(noise(Math.floor(x), Math.floor(y), seed), hash(Math.floor(x), Math.floor(y), seed));
    }),
  );
});

test('shapes on a canvas have their area, at any size', () => {
  const covered = (height: number, shape: (x: number, y: number) => number): number => {
    const canvas = new Canvas(1.5 * height, height);
    canvas.paint({ ramp: ramp('#ffffff'), shape });
    return (meanOf(canvas.toPixels()) / 255) * 1.5;
  };
  const box = rectangle([0.2, 0.1, 1.1, 0.6]);
  for (const height of [80, 200]) {
    const near = (area: number, expected: number): void =>
      assert.ok(Math.abs(area - expected) < 0.004, `${area} for ${expected}`);
    near(covered(height, disc(0.7, 0.5, 0.3)), Math.PI * 0.09);
    near(covered(height, box), 0.9 * 0.5);
    near(covered(height, stroke(0.3, 0.3, 0.9, 0.3, 0.1)), 0.06 + Math.PI * 0.0025);
    near(covered(height, both(box, disc(0.2, 0.1, 0.4))), (Math.PI * 0.16) / 4);
    near(covered(height, except(box, disc(0.2, 0.1, 0.4))), 0.45 - (Math.PI * 0.16) / 4);
  }
});

test('layers cover each other, light multiplies, water mirrors', () => {
  const canvas = new Canvas(4, 4);
  const levels = (): number[] => [...canvas.toPixels()];
  canvas.paint({ ramp: ramp('#000000', '#ff8040'), at: (_x, y) => (y < 0.5 ? 0 : 1) });
  assert.deepEqual(levels().slice(0, 3), [0, 0, 0]);
  assert.deepEqual(levels().slice(-3), [255, 128, 64]);
  canvas.paint({ ramp: ramp('#ffffff'), opacity: 0.5, box: [0, 0, 0.5, 0.25] });
  assert.deepEqual(levels().slice(0, 12), [128, 128, 128, 128, 128, 128, 0, 0, 0, 0, 0, 0]);
  canvas.light(() => 0.5);
  assert.deepEqual(levels().slice(-3), [128, 64, 32]);
  canvas.mirror(0.5, () => 0);
  assert.deepEqual(levels().slice(36), levels().slice(0, 12));
  const field = (x: number, y: number): number => 3 * x - y;
  const kept = canvas.keep(field);
  const curve = canvas.curve((x) => x * x);
  assert.equal(kept(0.375, 0.625), field(0.375, 0.625));
  assert.equal(curve(0.875), 0.875 ** 2);
});

for (const [scene] of SCENES) {
  test(`scene '${scene}' depends on its seed, is the same at every size and is a picture`, () => {
    const small = render({ scene, seed: 5, width: 80, height: 60 });
    const large = render({ scene, seed: 5, width: 160, height: 120 });
    assert.deepEqual(render({ scene, seed: 5, width: 80, height: 60 }), small);
    assert.notDeepEqual(render({ scene, seed: 6, width: 80, height: 60 }).pixels, small.pixels);
    const half = small.pixels.map((_level, i) => {
      const at = Math.floor(i / 240) * 960 + Math.floor((i % 240) / 3) * 6 + (i % 3);
      return meanOf([0, 3, 480, 483].map((step) => large.pixels[at + step] ?? 0));
    });
    assert.ok(psnr(small.pixels, half) > 15, `${psnr(small.pixels, half)} dB`);
    const [mean, deviation] = [meanOf(small.pixels), deviationOf(small.pixels)];
    assert.ok(mean > 25 && mean < 235 && deviation > 20, `mean ${mean}, deviation ${deviation}`);
  });
}

test('a scene that does not exist is refused with those that do', () => {
  assert.throws(
    () => render({ scene: 'lake', seed: 1, width: 8, height: 8 }),
    /no scene 'lake'; there are dusk, marbles/,
  );
});

test('the noise has the mean, the deviation and the seed that were asked for', () => {
  const picture = pictureOf(101, 99, 3, () => 128);
  const noisy = addNoise({ picture, noise: 20, seed: 4 });
  assert.ok(Math.abs(meanOf(noisy.pixels) - 128) < 0.5 && Math.abs(deviationOf(noisy.pixels) - 20) < 0.5);
  assert.ok(Math.abs(noisy.sigma - 20) < 0.6, `${noisy.sigma}`);
  // 67.05 % of a normal distribution are within 19.5 / 20 of its deviation; levels are rounded.
  const within = noisy.pixels.filter((level) => Math.abs(level - 128) < 20).length / noisy.pixels.length;
  assert.ok(Math.abs(within - 0.6705) < 0.01, `${within}`);
  assert.deepEqual(addNoise({ picture, noise: 20, seed: 4 }), noisy);
  assert.notDeepEqual(addNoise({ picture, noise: 20, seed: 5 }).pixels, noisy.pixels);
  assert.deepEqual(addNoise({ picture, noise: 0, seed: 4 }).pixels, picture.pixels);
  assert.deepEqual(
    new Set(addNoise({ picture: pictureOf(9, 9, 1, () => 255), noise: 0.01, seed: 1 }).pixels),
    new Set([255]),
  );
});

test('colours and alpha of a file come back in the file that is written', (context) => {
  const root = folderOf(context);
  const random = randomFrom(2);
  for (const channels of [1, 2, 3, 4] as const) {
    const raster: Raster = {
      width: 7,
      height: 5,
      channels,
      pixels: Uint8Array.from({ length: 35 * channels }, () => 256 * random()),
    };
    const path = join(root, `${channels}.png`);
    writeFileSync(path, encodePng(raster));
    const loaded = load(path, 100);
    assert.equal(loaded.kind, 'picture');
    if (loaded.kind !== 'picture') continue;
    assert.equal(loaded.picture.channels, channels < 3 ? 1 : 3);
    assert.equal(loaded.alpha?.length, channels % 2 === 0 ? 35 : undefined);
    const print = { file: 'a.png', index: 0, version: 'clean' } as const;
    const encoded = encode({ print, ...loaded, truth: loaded.picture });
    assert.deepEqual(decodePng(encoded.png), raster);
    assert.equal(encoded.psnr, Infinity);
  }
});

test('a file that cannot be used is a result with the reason', (context) => {
  const root = folderOf(context);
  writeFileSync(join(root, 'text.png'), 'no picture');
  writeFileSync(join(root, 'large.png'), encodePng({ width: 5, height: 5, channels: 1, pixels: new Uint8Array(25) }));
  assert.deepEqual(load(join(root, 'text.png'), 24), { kind: 'skipped', reason: 'corrupt', detail: 'not a PNG file' });
  assert.deepEqual(load(join(root, 'large.png'), 24), {
    kind: 'skipped',
    reason: 'too_large',
    detail: 'has 5 × 5 pixels, more than 24',
  });
  assert.deepEqual(load(join(root, 'nowhere.png'), 24), {
    kind: 'skipped',
    reason: 'unreadable',
    detail: 'ENOENT: no such file or directory',
  });
});

test('the sheet has a row per picture and a column per version, with a border', () => {
  const red = pictureOf(4, 2, 3, (i) => (i % 3 === 0 ? 200 : 0));
  const gray = pictureOf(2, 2, 1, () => 90);
  const sheet = layOut([
    { versions: [red, red, red], alpha: undefined },
    { versions: [gray, gray, gray], alpha: undefined },
  ]);
  assert.deepEqual([sheet.width, sheet.height, sheet.channels], [3 * (4 + 14) + 14, 2 * (2 + 14) + 14, 3]);
  const at = (x: number, y: number): number[] => [
    ...sheet.pixels.subarray((y * sheet.width + x) * 3, (y * sheet.width + x) * 3 + 3),
  ];
  assert.deepEqual(at(14, 14), [200, 0, 0]);
  assert.deepEqual(at(14 + 2 * 18 + 3, 15), [200, 0, 0]);
  assert.deepEqual(at(13, 13), [190, 198, 208]);
  assert.deepEqual(at(0, 0), [244, 246, 249]);
  // In the middle of a place that is two pixels wider.
  assert.deepEqual(
    [at(14, 30), at(15, 30), at(16, 31), at(17, 31)],
    [
      [190, 198, 208],
      [90, 90, 90],
      [90, 90, 90],
      [190, 198, 208],
    ],
  );
});

test('the sheet shows large pictures as means, transparent ones on its ground, and many in several columns', () => {
  const checked = pictureOf(640, 480, 1, (i) => (((i % 640) + Math.floor(i / 640)) % 2 === 0 ? 200 : 100));
  const opaque = layOut([{ versions: [checked], alpha: undefined }]);
  assert.deepEqual([opaque.width, opaque.height], [320 + 28, 240 + 28]);
  assert.deepEqual([...opaque.pixels.subarray((20 * 348 + 20) * 3, (20 * 348 + 20) * 3 + 3)], [150, 150, 150]);
  const { alpha } = split({ width: 640, height: 480, channels: 2, pixels: new Uint8Array(640 * 480 * 2) });
  const clear = layOut([{ versions: [checked], alpha }]);
  assert.deepEqual([...clear.pixels.subarray((20 * 348 + 20) * 3, (20 * 348 + 20) * 3 + 3)], [244, 246, 249]);
  const small = { versions: [pictureOf(2, 2, 1, () => 0)], alpha: undefined };
  const many = layOut(Array.from({ length: 9 }, () => small));
  assert.deepEqual([many.width, many.height], [2 * 16 + 14, 8 * 16 + 14]);
});

test('the gain is the mean over all pictures, and unknown without clean ones', () => {
  const print = { file: '', index: 0, png: new Uint8Array(0), sigma: 0 };
  const prints = [
    { ...print, version: 'clean', psnr: Infinity },
    { ...print, version: 'noisy', psnr: 20 },
    { ...print, version: 'denoised', psnr: 30 },
    { ...print, version: 'noisy', psnr: 22 },
    { ...print, version: 'denoised', psnr: 35 },
  ] as const;
  assert.equal(gainOf(prints), 'PSNR 21.0 → 32.5 dB on average');
  assert.equal(gainOf(prints.map((any) => Object.assign({}, any, { psnr: undefined }))), undefined);
});
