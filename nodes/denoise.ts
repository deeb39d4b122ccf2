/**
 * Takes the noise out of 8-bit pictures by non-local means: every pixel becomes the mean of the pixels around it, each
 * weighted by how much the patch around it looks like the patch around the pixel. Edges and textures stay, because they
 * are averaged with their like.
 *
 * Sources: A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising" (CVPR 2005), and the same authors'
 * "Non-local means denoising" (Image Processing On Line 1, 2011) for the weight and for one patch distance over all
 * channels; J. Darbon et al., "Fast nonlocal filtering applied to electron cryomicroscopy" (ISBI 2008), and J. Froment,
 * "Parameter-free fast pixelwise non-local means denoising" (IPOL 4, 2014), for patch distances as box sums of one image
 * of squared differences per offset, at a cost that does not depend on the size of the patch; J. Immerkær, "Fast noise
 * variance estimation" (Computer Vision and Image Understanding 64, 1996), for `estimateSigma`.
 *
 * Invariants:
 * 1. A pixel does not depend on the tile that it is computed in: beyond the picture there is its mirror image, and within
 *    it the neighbours are read from `pixels`, whatever tile they belong to.
 * 2. Weights are integers, scaled so that no sum leaves 32 bits. Sums of integers are exact, so their order, and with it
 *    the size of the tiles, cannot change a bit; and a picture of one colour comes out as it went in.
 * 3. Pictures are only read: an item that is executed twice gives the same pixels twice.
 */
import { execFor, NonRetryableError } from '../src/node.ts';

/** An 8-bit picture. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1: gray; 3: red, green, blue. */
  readonly channels: 1 | 3;
  /** width × height × channels: row after row, the channels of a pixel side by side. */
  readonly pixels: Uint8Array;
  /** Standard deviation of its noise in levels, 0–255. @default what `estimateSigma` finds */
  readonly sigma?: number;
}

/** A picture that threads read where it is. */
export interface SharedPicture extends Picture {
  readonly pixels: Uint8Array<SharedArrayBuffer>;
}

/** A part of a picture, in pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An item: a part of one of the pictures in `common`. */
export interface Tile extends Rectangle {
  /** Index of the picture. */
  readonly picture: number;
}

/** Params of the exec. */
export interface DenoiseParams {
  /** Looks for similar patches so many pixels to each side, 1–30. Time grows with its square. @default 5 */
  searchRadius: number;
  /**
   * A patch reaches so many pixels to each side of its pixel, 0–10. In colour, where a pixel tells more, 1 is better by
   * about 1 dB on pictures with fine detail. @default 2
   */
  patchRadius: number;
  /**
   * How much noise to take out, 0–10, as a multiple of sigma: the less, the more noise stays; the more, the more detail goes.
   * At 0 pictures stay as they are. @default 1
   */
  strength: number;
}

/** Denoises tiles with the same params; its memory is reused from tile to tile. */
export interface Denoiser {
  /**
   * @param picture its noise is looked at once per object: a picture with other pixels is another object
   * @returns width × height × channels of the tile, with memory of its own
   * @throws NonRetryableError when the picture is none, or the tile is not inside it
   */
  denoise(picture: Picture, tile: Rectangle): Uint8Array<ArrayBuffer>;
}

const DEFAULT_PARAMS: DenoiseParams = { searchRadius: 5, patchRadius: 2, strength: 1 };
const TILE_SIZE = 64;
const MAX_LEVEL = 255;
/**
 * The h of the weight exp(−max(d² − 2σ², 0) / h²), as a multiple of σ, where d² is the mean squared difference of two
 * patches: 2σ² of it are noise. Chosen so that a strength of 1 does better than 0.8 and 1.2: it does on the scenes of
 * examples/images, in colour and in gray, at a sigma of 10, 25 and 40.
 */
const H_PER_SIGMA = 0.9;
/** Below exp(−12), 6 in a million, a weight is 0. */
const LARGEST_EXPONENT = 12;
const MAX_TABLE = 4096;

/** Weights of patch distances (sums of squared differences): entry `distance >> shift`, and 0 beyond the end. */
interface Weights {
  readonly table: Int32Array;
  readonly shift: number;
}

/** What a tile is worked on with. */
interface Workspace extends Weights {
  readonly channels: number;
  /** Height and width of a patch. */
  readonly side: number;
  /** The tile with all that its patches reach, as in `pixels`. */
  readonly window: Uint8Array;
  /** Per pixel of the window: the sum of the weights, then per channel the sum of weight × level. */
  readonly sums: Int32Array;
  /** The last rows of squared differences, as many as a patch is high. */
  readonly rows: Int32Array;
  /** Their sums per column. */
  readonly columns: Int32Array;
}

/**
 * Makes a denoiser.
 *
 * @throws NonRetryableError when a param is out of its range
 */
export function createDenoiser(params: Partial<DenoiseParams> = {}): Denoiser {
  const { searchRadius, patchRadius, strength } = { ...DEFAULT_PARAMS, ...params };
  requireNumber('searchRadius', searchRadius, 1, 30);
  requireNumber('patchRadius', patchRadius, 0, 10);
  requireNumber('strength', strength, 0, 10, false);

  const side = 2 * patchRadius + 1;
  const reach = searchRadius + patchRadius;
  const known = new WeakMap<Picture, Weights>();
  const weightsFor = (picture: Picture): Weights => {
    requirePicture(picture);
    const noise = strength * (picture.sigma ?? estimateSigma(picture));
    const weights = weightsOf(noise, side ** 2 * picture.channels, (2 * searchRadius + 1) ** 2);
    known.set(picture, weights);
    return weights;
  };
  let [window, sums, rows, columns] = [new Uint8Array(0), new Int32Array(0), new Int32Array(0), new Int32Array(0)];

  return {
    denoise(picture, tile) {
      const weights = known.get(picture) ?? weightsFor(picture);
      requireInside(picture, tile);
      const { channels } = picture;
      const width = tile.width + 2 * reach;
      const size = width * (tile.height + 2 * reach) * (channels + 1);
      if (sums.length < size) [window, sums] = [new Uint8Array(size), new Int32Array(size)];
      if (columns.length < width) [rows, columns] = [new Int32Array(width * side), new Int32Array(width)];
      return denoiseTile(picture, tile, searchRadius, { ...weights, channels, side, window, sums, rows, columns });
    },
  };
}

/**
 * Denoises a whole picture on the calling thread, tile by tile.
 *
 * @returns width × height × channels
 * @throws NonRetryableError as `createDenoiser` and `Denoiser.denoise`
 */
export function denoisePicture(picture: Picture, params: Partial<DenoiseParams> = {}): Uint8Array<ArrayBuffer> {
  requirePicture(picture);
  const denoiser = createDenoiser(params);
  const whole = new Uint8Array(picture.width * picture.height * picture.channels);
  for (const tile of tiles(picture.width, picture.height)) {
    placeTile({ ...picture, pixels: whole }, tile, denoiser.denoise(picture, tile));
  }
  return whole;
}

/**
 * The items of a picture, row after row.
 *
 * @param size width and height of a tile; those at the right and at the bottom may be smaller
 * @param picture index of the picture in `common`
 * @throws RangeError when a number is not a positive integer
 */
export function tiles(width: number, height: number, size = TILE_SIZE, picture = 0): Tile[] {
  for (const [name, value] of Object.entries({ width, height, size })) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a positive integer, got ${value}`);
  }
  return Array.from({ length: Math.ceil(height / size) }, (_row, row) =>
    Array.from({ length: Math.ceil(width / size) }, (_column, index): Tile => {
      const x = index * size;
      const y = row * size;
      return { picture, x, y, width: Math.min(size, width - x), height: Math.min(size, height - y) };
    }),
  ).flat();
}

/** Writes the pixels of a tile into the picture, at the place of the tile. */
export function placeTile(picture: Picture, tile: Rectangle, pixels: Uint8Array): void {
  const { width, channels } = picture;
  const rowLength = tile.width * channels;
  for (let row = 0; row < tile.height; row++) {
    const from = row * rowLength;
    picture.pixels.set(pixels.subarray(from, from + rowLength), ((tile.y + row) * width + tile.x) * channels);
  }
}

/**
 * Estimates the standard deviation of white Gaussian noise, in levels: the mean absolute response to the difference of
 * two Laplacians, which a plane does not excite. Fine texture counts as noise, and levels that were cut off at 0 or 255
 * are missing: the estimate is too high for the one and too low for the other. 0 when a side has less than 3 pixels.
 */
export function estimateSigma({ width, height, channels, pixels }: Picture): number {
  if (width < 3 || height < 3) return 0;
  const stride = width * channels;
  let sum = 0;
  for (let y = 1; y < height - 1; y++) {
    const from = y * stride + channels;
    const to = (y + 1) * stride - channels;
    for (let i = from; i < to; i++) {
      sum += Math.abs(
        column(pixels, i - channels, stride) - 2 * column(pixels, i, stride) + column(pixels, i + channels, stride),
      );
    }
  }
  // The squares of the nine factors add up to 36; the mean of |x| is √(2/π) of the deviation.
  return (Math.sqrt(Math.PI / 2) * sum) / (6 * (width - 2) * (height - 2) * channels);
}

/** A third of the operator: 1, −2, 1 downwards. */
function column(pixels: Uint8Array, i: number, stride: number): number {
  return (pixels[i - stride] ?? 0) - 2 * (pixels[i] ?? 0) + (pixels[i + stride] ?? 0);
}

/**
 * Peak signal-to-noise ratio of two 8-bit pictures in dB: 10 · log₁₀(255² / mean squared difference); Infinity when they
 * are equal.
 *
 * @throws RangeError when they have different lengths, or no pixels
 */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length || a.length === 0) {
    throw new RangeError(`pictures of ${a.length} and ${b.length} bytes cannot be compared`);
  }
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    sum += difference * difference;
  }
  return 10 * Math.log10((MAX_LEVEL * MAX_LEVEL * a.length) / sum);
}

/**
 * The weights of all distances.
 *
 * @param sigma deviation of the noise to take out
 * @param samples squared differences in a distance
 * @param candidates pixels in a mean
 */
function weightsOf(sigma: number, samples: number, candidates: number): Weights {
  const full = Math.min(2 ** 16, Math.floor((2 ** 31 - 1) / (MAX_LEVEL * candidates)));
  const noise = 2 * sigma * sigma;
  const h2 = (H_PER_SIGMA * sigma) ** 2;
  const end = Math.min(noise + LARGEST_EXPONENT * h2, MAX_LEVEL * MAX_LEVEL) * samples + 1;
  let shift = 0;
  while (end / 2 ** shift > MAX_TABLE) shift++;
  const table = Int32Array.from({ length: Math.ceil(end / 2 ** shift) }, (_value, i) => {
    // The middle of the distances that share the entry.
    const distance = (i * 2 ** shift + (2 ** shift - 1) / 2) / samples;
    return distance <= noise ? full : Math.round(full * Math.exp((noise - distance) / h2));
  });
  return { table, shift };
}

/** For each offset, patches are compared with those so far away; a pair of pixels counts for both of them. */
function denoiseTile(picture: Picture, tile: Rectangle, radius: number, workspace: Workspace): Uint8Array<ArrayBuffer> {
  const { channels, side, window, sums, rows, columns } = workspace;
  const patch = (side - 1) / 2;
  const reach = radius + patch;
  const width = tile.width + 2 * reach;
  fillWindow(window, picture, tile, reach);
  startSums(workspace, width * (tile.height + 2 * reach));
  // Half of the offsets: the other half are the same pairs the other way round.
  for (let dy = 0; dy <= radius; dy++) {
    for (let dx = dy === 0 ? 1 : -radius; dx <= radius; dx++) {
      // The pixels of the tile, and those whose partner is one; the sums of others are not read.
      const top = reach - dy;
      const left = reach - Math.max(dx, 0);
      const count = tile.width + Math.abs(dx);
      const reached = count + side - 1;
      const offset = dy * width + dx;
      rows.fill(0, 0, reached * side);
      columns.fill(0, 0, reached);
      for (let y = top - patch; y < reach + tile.height + patch; y++) {
        const oldest = ((y - top + patch) % side) * reached;
        addRow(workspace, y * width + left - patch, offset, oldest, reached);
        if (y >= top + patch) addPairs(workspace, (y - patch) * width + left, offset, count);
      }
    }
  }
  return means(sums, tile, reach, width, channels);
}

/** Each pixel is its own first partner, at distance 0. */
function startSums({ table, window, sums, channels }: Workspace, count: number): void {
  const full = table[0] ?? 0;
  sums.fill(0, 0, count * (channels + 1));
  for (let i = 0; i < count; i++) addLevels(sums, i * (channels + 1), full, window, i * channels, channels);
}

/** Replaces the oldest row of squared differences by a new one, and keeps the sums of the columns. */
function addRow(workspace: Workspace, from: number, offset: number, oldest: number, count: number): void {
  const { window, rows, columns, channels } = workspace;
  for (let i = 0; i < count; i++) {
    const p = (from + i) * channels;
    const q = p + offset * channels;
    let square = squared(window, p, q);
    if (channels === 3) square += squared(window, p + 1, q + 1) + squared(window, p + 2, q + 2);
    columns[i] = (columns[i] ?? 0) + square - (rows[oldest + i] ?? 0);
    rows[oldest + i] = square;
  }
}

function squared(window: Uint8Array, p: number, q: number): number {
  const difference = (window[p] ?? 0) - (window[q] ?? 0);
  return Math.imul(difference, difference);
}

/** Adds each pixel of a row to the sums of its partner, and the partner to its own. */
function addPairs(workspace: Workspace, from: number, offset: number, count: number): void {
  const { window, sums, columns, table, shift, channels, side } = workspace;
  // The columns of a patch add up to its distance.
  let distance = 0;
  for (let i = 0; i < side - 1; i++) distance += columns[i] ?? 0;
  for (let i = 0; i < count; i++) {
    distance = (distance + (columns[i + side - 1] ?? 0)) | 0;
    const entry = distance >> shift;
    distance = (distance - (columns[i] ?? 0)) | 0;
    if (entry >= table.length) continue;
    const p = from + i;
    const q = p + offset;
    const weight = table[entry] ?? 0;
    addLevels(sums, p * (channels + 1), weight, window, q * channels, channels);
    addLevels(sums, q * (channels + 1), weight, window, p * channels, channels);
  }
}

/** Adds a weight, and the levels of a pixel as often as it says. */
function addLevels(
  sums: Int32Array,
  to: number,
  weight: number,
  window: Uint8Array,
  from: number,
  channels: number,
): void {
  sums[to] = (sums[to] ?? 0) + weight;
  sums[to + 1] = (sums[to + 1] ?? 0) + Math.imul(weight, window[from] ?? 0);
  if (channels === 1) return;
  sums[to + 2] = (sums[to + 2] ?? 0) + Math.imul(weight, window[from + 1] ?? 0);
  sums[to + 3] = (sums[to + 3] ?? 0) + Math.imul(weight, window[from + 2] ?? 0);
}

/** The tile and `reach` pixels on each side. */
function fillWindow(window: Uint8Array, picture: Picture, tile: Rectangle, reach: number): void {
  const { width, height, channels, pixels } = picture;
  let to = 0;
  for (let y = tile.y - reach; y < tile.y + tile.height + reach; y++) {
    const row = mirrored(y, height) * width;
    for (let x = tile.x - reach; x < tile.x + tile.width + reach; x++) {
      const from = (row + mirrored(x, width)) * channels;
      for (let channel = 0; channel < channels; channel++) window[to++] = pixels[from + channel] ?? 0;
    }
  }
}

/** The index that stands at `i` when the picture goes on as its mirror image, without its last pixel twice. */
function mirrored(i: number, length: number): number {
  if (i >= 0 && i < length) return i;
  if (length === 1) return 0;
  const period = 2 * length - 2;
  const within = ((i % period) + period) % period;
  return within < length ? within : period - within;
}

function means(
  sums: Int32Array,
  tile: Rectangle,
  reach: number,
  width: number,
  channels: number,
): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(tile.width * tile.height * channels);
  let to = 0;
  for (let y = reach; y < reach + tile.height; y++) {
    for (let x = reach; x < reach + tile.width; x++) {
      const at = (y * width + x) * (channels + 1);
      const weight = sums[at] ?? 1;
      for (let channel = 1; channel <= channels; channel++) {
        pixels[to++] = Math.floor(((sums[at + channel] ?? 0) + weight / 2) / weight);
      }
    }
  }
  return pixels;
}

function requireNumber(name: string, value: number, min: number, max: number, isInteger = true): void {
  if (value >= min && value <= max && (Number.isInteger(value) || !isInteger)) return;
  throw new NonRetryableError(
    `${name} must be ${isInteger ? 'an integer' : 'a number'} from ${min} to ${max}, got ${value}`,
  );
}

function requirePicture({ width, height, channels, pixels, sigma = 0 }: Picture): void {
  if (channels !== 1 && channels !== 3) {
    throw new NonRetryableError(`channels must be 1 (gray) or 3 (red, green, blue), got ${String(channels)}`);
  }
  requireNumber('width', width, 1, 2 ** 24);
  requireNumber('height', height, 1, 2 ** 24);
  requireNumber('sigma', sigma, 0, MAX_LEVEL, false);
  const expected = width * height * channels;
  if (pixels.length !== expected) {
    throw new NonRetryableError(
      `${width} × ${height} pixels of ${channels} channels are ${expected} bytes, got ${pixels.length}`,
    );
  }
}

function requireInside({ width, height }: Picture, tile: Rectangle): void {
  const numbers = [tile.x, tile.y, tile.width, tile.height];
  const isPart = numbers.every(Number.isInteger) && Math.min(tile.x, tile.y, tile.width - 1, tile.height - 1) >= 0;
  if (isPart && tile.x + tile.width <= width && tile.y + tile.height <= height) return;
  throw new NonRetryableError(
    `the tile (x, y, width, height) = (${numbers.join(', ')}) is not inside a picture of ${width} × ${height}`,
  );
}

/** Tile → its pixels without the noise; `common` holds the pictures. */
export default execFor<unknown, readonly SharedPicture[]>()(import.meta.url, {
  name: 'denoise',
  params: DEFAULT_PARAMS,
  setup: (params) => createDenoiser(params),
  exec: (tile: Tile, { common, resource }) => {
    const picture = common[tile.picture];
    if (picture === undefined) {
      throw new NonRetryableError(`there is no picture ${tile.picture}: \`common\` has ${common.length}`);
    }
    return resource.denoise(picture, tile);
  },
});
