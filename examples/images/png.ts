/**
 * PNG files with 8 bits per channel, not interlaced. Own code and no package: an example should run from a fresh clone with
 * nothing to install, and node:zlib does the compression; what is left is chunks, checksums and filters. The checksum is
 * written out because `zlib.crc32` needs Node 22.2.
 *
 * Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)".
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { filterRows, unfilterRows } from './png-filters.ts';

/** 8-bit samples, row after row. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** Gray; gray and alpha; red, green, blue; the three and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly pixels: Uint8Array;
}

/** Why a file cannot be decoded. */
export type PngProblem = 'corrupt' | 'unsupported' | 'too_large';

export class PngError extends Error {
  override readonly name = 'PngError';
  readonly problem: PngProblem;

  constructor(problem: PngProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;
/** Colour types by number of channels, from 1. */
const COLOR_TYPES = [0, 4, 2, 6] as const;
const HEADER_BYTES = 13;
/** Of compression: on pictures, 6 (the default of zlib) takes up to five times as long and saves 4 to 11 %. */
const LEVEL = 4;
/** Length, name and checksum of a chunk. */
const FRAME_BYTES = 12;
/** Names with a small first letter may be left out. */
const ANCILLARY = /^[a-z]/;

/**
 * Encodes a picture.
 *
 * @throws RangeError when the bytes are not width × height × channels
 */
export function encodePng({ width, height, channels, pixels }: Raster): Uint8Array<ArrayBuffer> {
  const stride = width * channels;
  if (pixels.length !== stride * height || pixels.length === 0) {
    throw new RangeError(`${width} × ${height} pixels of ${channels} channels are not ${pixels.length} bytes`);
  }
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, COLOR_TYPES[channels - 1] ?? 0, 0, 0, 0], 8);
  return joined([
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(filterRows(pixels, stride, channels), { level: LEVEL })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/**
 * Decodes a picture. Chunks that may be left out (colour profiles, gamma, transparency by colour) are.
 *
 * @param maxPixels a larger picture is refused before memory is taken for it
 * @throws PngError with the reason
 */
export function decodePng(bytes: Uint8Array, maxPixels = 2 ** 24): Raster {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) throw new PngError('corrupt', 'not a PNG file');
  const chunks = chunksOf(bytes);
  const [first] = chunks;
  if (first?.name !== 'IHDR') throw new PngError('corrupt', 'does not start with IHDR');
  const { width, height, channels } = readHeader(first.data, maxPixels);
  const unknown = chunks.find(({ name }) => !ANCILLARY.test(name) && !['IHDR', 'PLTE', 'IDAT', 'IEND'].includes(name));
  if (unknown !== undefined)
    throw new PngError('unsupported', `has a chunk ${unknown.name}, which is not in the standard`);

  const stride = width * channels;
  const expected = height * (stride + 1);
  const data = chunks.filter(({ name }) => name === 'IDAT').map((part) => part.data);
  const filtered = inflate(joined(data), expected);
  if (filtered.length !== expected) {
    throw new PngError('corrupt', `has ${filtered.length} of ${expected} bytes of pixels`);
  }
  try {
    return { width, height, channels, pixels: unfilterRows(filtered, stride, channels) };
  } catch (error) {
    throw new PngError('corrupt', (error as Error).message, { cause: error });
  }
}

interface Chunk {
  readonly name: string;
  readonly data: Uint8Array;
}

/** All chunks up to IEND, which must be there. */
function chunksOf(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  let at: number = SIGNATURE.length;
  while (at + FRAME_BYTES <= bytes.length) {
    const end = at + 8 + view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(name)) throw new PngError('corrupt', `has no chunk at byte ${at}`);
    if (end + 4 > bytes.length) break;
    if (view.getUint32(end) !== crc32(bytes.subarray(at + 4, end))) {
      throw new PngError('corrupt', `chunk ${name} at byte ${at} does not have its checksum`);
    }
    chunks.push({ name, data: bytes.subarray(at + 8, end) });
    if (name === 'IEND') return chunks;
    at = end + 4;
  }
  throw new PngError('corrupt', `cut off after ${bytes.length} bytes`);
}

function readHeader(data: Uint8Array, maxPixels: number): Omit<Raster, 'pixels'> {
  if (data.length !== HEADER_BYTES) throw new PngError('corrupt', `has an IHDR of ${data.length} bytes`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, type = 0, compression = 0, filter = 0, interlace = 0] = data.subarray(8);
  if (width === 0 || height === 0) throw new PngError('corrupt', `has ${width} × ${height} pixels`);
  if (type === 3) throw new PngError('unsupported', 'has a palette; save it as RGB');
  if (depth !== 8) throw new PngError('unsupported', `has a bit depth of ${depth}; save it with 8`);
  if (interlace !== 0) throw new PngError('unsupported', 'is interlaced; save it without');
  const channels = COLOR_TYPES.findIndex((known) => known === type) + 1;
  if (channels === 0 || compression !== 0 || filter !== 0) {
    throw new PngError('corrupt', `has colour type ${type}, compression ${compression} and filter method ${filter}`);
  }
  if (width * height > maxPixels) {
    throw new PngError('too_large', `has ${width} × ${height} pixels, more than ${maxPixels}`);
  }
  return { width, height, channels: channels as Raster['channels'] };
}

/** @param most bytes: a small file may hold very many zeros */
function inflate(data: Uint8Array, most: number): Uint8Array {
  try {
    return inflateSync(data, { maxOutputLength: most });
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const why = isTooLong ? `hold more than ${most} bytes` : `cannot be decompressed (${(error as Error).message})`;
    throw new PngError('corrupt', `the pixels ${why}`, { cause: error });
  }
}

function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + FRAME_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_value, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest % 2 === 0 ? 0 : 0xedb88320);
  return rest;
});

/** The checksum of chunks: CRC-32 with the reversed polynomial 0xedb88320. */
export function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0);
  return ~crc >>> 0;
}
