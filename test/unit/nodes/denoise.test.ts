import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import denoise, {
  createDenoiser,
  denoisePicture,
  estimateSigma,
  placeTile,
  psnr,
  tiles,
  type DenoiseParams,
  type Picture,
  type SharedPicture,
} from '../../../nodes/denoise.ts';
import { seededRandom } from '../../support/planted.ts';
import { runItem, runItems } from './run-exec.ts';

type Channels = Picture['channels'];

function pictureOf(width: number, height: number, channels: Channels, level: (i: number) => number): SharedPicture {
  const pixels = new Uint8Array(new SharedArrayBuffer(width * height * channels));
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.min(255, Math.max(0, Math.round(level(i))));
  return { width, height, channels, pixels };
}

function withNoise(picture: Picture, sigma: number, seed: number): SharedPicture {
  const random = seededRandom(seed);
  const gauss = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return pictureOf(picture.width, picture.height, picture.channels, (i) => (picture.pixels[i] ?? 0) + sigma * gauss());
}

/** A gradient, a disc, a checkerboard and a wave: what is smooth, what has an edge, what repeats. */
function scene(width: number, height: number, channels: Channels): SharedPicture {
  return pictureOf(width, height, channels, (i) => {
    const channel = i % channels;
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / channels / width);
    if (y < height / 4) return 128 + 60 * Math.sin(x / 6) * Math.sin(y / 9);
    if (Math.hypot(x - width * 0.3, y - height * 0.6) < width * 0.2) return 200 - 40 * channel;
    if (x > width * 0.6 && y > height * 0.5) return ((x >> 3) + (y >> 3)) % 2 === 0 ? 40 + 30 * channel : 180;
    return 60 + (120 * x) / width + 20 * channel;
  });
}

/** The definition, pixel by pixel and in floating point: no box sums, no table, no tiles. */
function definition(picture: Picture, { searchRadius, patchRadius, strength }: DenoiseParams): number[] {
  const { width, height, channels, pixels, sigma = 0 } = picture;
  const mirrored = (i: number, length: number): number => {
    let at = i;
    while (at < 0 || at >= length) at = length === 1 ? 0 : at < 0 ? -at : 2 * length - 2 - at;
    return at;
  };
  const level = (x: number, y: number, channel: number): number =>
    pixels[(mirrored(y, height) * width + mirrored(x, width)) * channels + channel] ?? 0;
  const noise = 2 * (sigma * strength) ** 2;
  const h2 = (0.9 * sigma * strength) ** 2;
  const around = (radius: number): [number, number][] =>
    Array.from({ length: (2 * radius + 1) ** 2 }, (_value, i) => [
      (i % (2 * radius + 1)) - radius,
      Math.floor(i / (2 * radius + 1)) - radius,
    ]);
  const planes = Array.from({ length: channels }, (_value, channel) => channel);
  return Array.from({ length: width * height }, (_pixel, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    let total = 0;
    const sums = planes.map(() => 0);
    for (const [dx, dy] of around(searchRadius)) {
      let distance = 0;
      for (const [px, py] of around(patchRadius))
        for (const channel of planes)
          distance += (level(x + px, y + py, channel) - level(x + dx + px, y + dy + py, channel)) ** 2;
      const weight = Math.exp(-Math.max(distance / (channels * (2 * patchRadius + 1) ** 2) - noise, 0) / h2);
      total += weight;
      for (const channel of planes) sums[channel] = (sums[channel] ?? 0) + weight * level(x + dx, y + dy, channel);
    }
    return sums.map((sum) => sum / total);
  }).flat();
}

const anyPicture = (most: number): fc.Arbitrary<SharedPicture> =>
  fc
    .record({
      width: fc.integer({ min: 1, max: most }),
      height: fc.integer({ min: 1, max: most }),
      channels: fc.constantFrom<Channels>(1, 3),
      sigma: fc.double({ min: 1, max: 40, noNaN: true }),
      seed: fc.integer(),
    })
    .map(({ width, height, channels, sigma, seed }) => {
      const random = seededRandom(seed);
      const { pixels } = pictureOf(width, height, channels, () => 40 + 120 * random());
      return { width, height, channels, pixels, sigma };
    });
const anyParams = fc.record({
  searchRadius: fc.integer({ min: 1, max: 4 }),
  patchRadius: fc.integer({ min: 0, max: 3 }),
  strength: fc.double({ min: 0.5, max: 2, noNaN: true }),
});

describe('denoise', () => {
  it('is what the definition says, but for rounding', () => {
    fc.assert(
      fc.property(anyPicture(9), anyParams, (picture, params) => {
        const expected = definition(picture, params);
        const pixels = denoisePicture(picture, params);
        for (const [i, value] of expected.entries()) {
          assert.ok(Math.abs((pixels[i] ?? 0) - value) < 0.75, `byte ${i}: ${pixels[i]} for ${value}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  for (const channels of [1, 3] as const) {
    it(`takes at least 8 dB of noise out of a scene of ${channels} channels, whose level it estimates`, () => {
      const clean = scene(128, 128, channels);
      const noisy = withNoise(clean, 25, 7);
      const before = psnr(clean.pixels, noisy.pixels);
      const after = psnr(clean.pixels, denoisePicture(noisy));
      assert.ok(Math.abs(before - 20.2) < 0.2, `${before} dB before`);
      assert.ok(after - before >= 8, `${before} → ${after} dB`);
    });
  }

  it('gives the same bits for any tiles', async () => {
    // One for all pictures: what others left in its memory must not show.
    const used = createDenoiser({ searchRadius: 3 });
    await fc.assert(
      fc.asyncProperty(anyPicture(40), anyParams, fc.integer({ min: 3, max: 40 }), async (picture, params, size) => {
        const { width, height } = picture;
        const all = { x: 0, y: 0, width, height };
        const items = tiles(width, height, size);
        const placed = (parts: readonly Uint8Array[]): Uint8Array => {
          const pixels = new Uint8Array(picture.pixels.length);
          items.forEach((tile, i) => placeTile({ ...picture, pixels }, tile, parts[i] ?? pixels));
          return pixels;
        };
        const parts = await runItems(denoise.with(params), items, [picture]);
        assert.deepEqual(placed(parts), createDenoiser(params).denoise(picture, all));
        assert.deepEqual(
          placed(items.map((tile) => used.denoise(picture, tile))),
          createDenoiser({ searchRadius: 3 }).denoise(picture, all),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('turns and shifts with the picture', () => {
    fc.assert(
      fc.property(anyPicture(16), anyParams, fc.integer({ min: -40, max: 90 }), (picture, params, shift) => {
        const { width, height, channels, pixels } = picture;
        const result = denoisePicture(picture, params);
        const turned = (from: Uint8Array): Uint8Array =>
          from.map((_level, i) => {
            const [x, y] = [Math.floor(i / channels) % height, Math.floor(i / channels / height)];
            return from[(x * width + y) * channels + (i % channels)] ?? 0;
          });
        const transposed = { ...picture, width: height, height: width, pixels: turned(pixels) };
        assert.deepEqual(denoisePicture(transposed, params), turned(result));
        const reversed = denoisePicture({ ...picture, pixels: pixels.toReversed() }, params);
        assert.deepEqual(reversed, result.toReversed());
        const brighter = denoisePicture({ ...picture, pixels: pixels.map((level) => level + shift) }, params);
        assert.deepEqual(
          brighter,
          result.map((level) => level + shift),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('leaves a picture of one colour as it is', () => {
    const level = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(level, level, level, anyParams, (red, green, blue, params) => {
        const gray = pictureOf(11, 7, 1, () => red);
        assert.deepEqual(denoisePicture(gray, params), new Uint8Array(gray.pixels));
        const color = pictureOf(11, 7, 3, (i) => [red, green, blue][i % 3] ?? 0);
        assert.deepEqual(denoisePicture(color, params), new Uint8Array(color.pixels));
      }),
      { numRuns: 30 },
    );
  });

  it('leaves a picture as it is when there is nothing to take out, and takes out more the stronger it is', () => {
    const clean = scene(48, 48, 1);
    const noisy = withNoise(clean, 25, 3);
    const unchanged = new Uint8Array(noisy.pixels);
    for (const strength of [0, 1e-6, 0.02]) assert.deepEqual(denoisePicture(noisy, { strength }), unchanged);
    assert.deepEqual(denoisePicture({ ...noisy, sigma: 0 }), unchanged);
    const variations = [0.3, 0.6, 1, 2].map((strength) =>
      estimateSigma({ ...noisy, pixels: denoisePicture(noisy, { strength }) }),
    );
    assert.deepEqual(
      variations,
      variations.toSorted((a, b) => b - a),
    );
  });

  it('finds the picture of a tile, gives the same when an item is executed again, and only reads', async () => {
    const pictures = [withNoise(scene(40, 30, 1), 20, 1), withNoise(scene(24, 20, 3), 20, 2)];
    const before = pictures.map(({ pixels }) => new Uint8Array(pixels));
    const items = [...tiles(40, 30, 16, 0), ...tiles(24, 20, 16, 1)];
    const once = await runItems(denoise, items, pictures);
    assert.deepEqual(await runItems(denoise, items, pictures), once);
    assert.deepEqual(
      await runItem(denoise, items[3] ?? { picture: 0, x: 0, y: 0, width: 1, height: 1 }, pictures),
      once[3],
    );
    assert.deepEqual(
      pictures.map(({ pixels }) => new Uint8Array(pixels)),
      before,
    );
    const second = new Uint8Array(24 * 20 * 3);
    items.forEach((tile, i) => {
      if (tile.picture === 1)
        placeTile({ width: 24, height: 20, channels: 3, pixels: second }, tile, once[i] ?? second);
    });
    assert.deepEqual(second, denoisePicture(pictures[1] ?? scene(1, 1, 1)));
  });

  it('sums of the largest window stay in 32 bits', () => {
    const white = pictureOf(5, 5, 1, () => 255);
    assert.deepEqual(
      denoisePicture({ ...white, sigma: 255 }, { searchRadius: 30, patchRadius: 10, strength: 10 }),
      new Uint8Array(white.pixels),
    );
  });
});

describe('denoise refuses', () => {
  const picture = scene(20, 10, 1);
  const refused = (params: Partial<DenoiseParams>, message: RegExp): void => {
    assert.throws(() => createDenoiser(params), { name: 'NonRetryableError', message });
  };

  it('params out of their range', () => {
    refused({ searchRadius: 0 }, /searchRadius must be an integer from 1 to 30, got 0/);
    refused({ searchRadius: 2.5 }, /got 2\.5/);
    refused({ patchRadius: 11 }, /patchRadius must be an integer from 0 to 10, got 11/);
    refused({ strength: Number.NaN }, /strength must be a number from 0 to 10, got NaN/);
  });

  it('pictures that are none', () => {
    const bad = (change: Partial<Picture>, message: RegExp): void => {
      assert.throws(() => denoisePicture({ ...picture, ...change }), { name: 'NonRetryableError', message });
    };
    bad({ channels: 4 as 3 }, /channels must be 1 \(gray\) or 3 \(red, green, blue\), got 4/);
    bad({ width: 0 }, /width must be an integer from 1 to \d+, got 0/);
    bad({ height: 1.5 }, /height must be an integer/);
    bad({ sigma: -1 }, /sigma must be a number from 0 to 255, got -1/);
    bad({ pixels: new Uint8Array(199) }, /20 × 10 pixels of 1 channels are 200 bytes, got 199/);
  });

  it('tiles that are not inside', async () => {
    const tile = { picture: 0, x: 0, y: 0, width: 20, height: 10 };
    for (const change of [{ x: 1 }, { y: -1 }, { width: 0 }, { height: 11 }, { x: 0.5, width: 3 }]) {
      await assert.rejects(runItem(denoise, { ...tile, ...change }, [picture]), /is not inside a picture of 20 × 10/);
    }
    await assert.rejects(runItem(denoise, { ...tile, picture: 1 }, [picture]), /there is no picture 1: `common` has 1/);
  });
});

describe('tiles', () => {
  it('cover every pixel once', () => {
    const size = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(size, size, size, (width, height, side) => {
        const covered = new Uint8Array(width * height);
        for (const tile of tiles(width, height, side)) {
          assert.ok(tile.width >= 1 && tile.width <= side && tile.height >= 1 && tile.height <= side);
          const counts = Uint8Array.from(
            { length: tile.width * tile.height },
            (_value, i) =>
              1 + (covered[(tile.y + Math.floor(i / tile.width)) * width + tile.x + (i % tile.width)] ?? 0),
          );
          placeTile({ width, height, channels: 1, pixels: covered }, tile, counts);
        }
        assert.ok(covered.every((times) => times === 1));
      }),
    );
    assert.deepEqual(tiles(3, 2, 2, 5), [
      { picture: 5, x: 0, y: 0, width: 2, height: 2 },
      { picture: 5, x: 2, y: 0, width: 1, height: 2 },
    ]);
  });

  it('have a size', () => {
    assert.throws(() => tiles(10, 10, 0), /size must be a positive integer, got 0/);
    assert.throws(() => tiles(10, 2.5), /height must be a positive integer, got 2\.5/);
  });
});

describe('estimateSigma', () => {
  it('finds the noise on a slope, in gray and in colour', () => {
    for (const channels of [1, 3] as const) {
      for (const sigma of [5, 15, 30]) {
        const slope = pictureOf(200, 150, channels, (i) => 100 + (50 * (Math.floor(i / channels) % 200)) / 200);
        const found = estimateSigma(withNoise(slope, sigma, 11));
        assert.ok(Math.abs(found / sigma - 1) < 0.03, `${found} for ${sigma}`);
      }
    }
  });

  it('is 0 on a plane, and on what is too small to tell', () => {
    assert.equal(estimateSigma(pictureOf(20, 20, 1, (i) => 3 * (i % 20) + 5 * Math.floor(i / 20))), 0);
    assert.equal(
      estimateSigma(
        withNoise(
          pictureOf(2, 50, 3, () => 100),
          20,
          1,
        ),
      ),
      0,
    );
  });

  it('is the response to a single point, in closed form', () => {
    // One pixel of 90 in the middle of 5 × 5: the nine responses are 4 × 90, 4 × |−2 · 90| and 4 × 90.
    const point = pictureOf(5, 5, 1, (i) => (i === 12 ? 90 : 0));
    assert.equal(estimateSigma(point), (Math.sqrt(Math.PI / 2) * 90 * (4 + 4 * 2 + 4)) / (6 * 9));
  });
});

describe('psnr', () => {
  it('is 10 log₁₀ (255² / mean squared difference)', () => {
    const black = new Uint8Array(100);
    assert.equal(psnr(black, black), Infinity);
    assert.equal(psnr(black, new Uint8Array(100).fill(255)), 0);
    assert.ok(Math.abs(psnr(black, new Uint8Array(100).fill(1)) - 48.1308) < 1e-4);
    assert.equal(
      psnr(
        black,
        Uint8Array.from({ length: 100 }, (_value, i) => (i === 50 ? 255 : 0)),
      ),
      20,
    );
  });

  it('refuses what cannot be compared', () => {
    assert.throws(() => psnr(new Uint8Array(3), new Uint8Array(4)), /pictures of 3 and 4 bytes cannot be compared/);
    assert.throws(() => psnr(new Uint8Array(0), new Uint8Array(0)), RangeError);
  });
});
