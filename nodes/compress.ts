/**
 * Compression on threads: `compress` (default export) turns bytes or text into gzip, zlib, brotli or zstd data, and
 * `decompress` turns it back, up to a limit.
 *
 * Formats: RFC 1952 (gzip), RFC 1950 (zlib, here 'deflate', as HTTP calls it), RFC 7932 (brotli), RFC 8878 (zstd).
 *
 * Why the synchronous functions of node:zlib: they compress on the thread that calls them. The others, streams and
 * callbacks, hand the work to libuv's pool, which is one for the whole process and has four threads by default: there,
 * executions of all threads would queue up for it, and cano's threads would wait.
 *
 * What is moved and what is copied: nothing is moved. A Uint8Array or string is copied to the thread, and the result is
 * copied back; the main thread keeps its input, because an item whose thread died is sent again. A view of a larger
 * buffer is cut to what it shows first, and a result here always is the whole of its own buffer. Inputs of many megabytes
 * are best views of a SharedArrayBuffer: threads read those where they are. Leave them as they are until their item is
 * done.
 *
 * Same bytes for any thread and order of items. The gzip header has no time and no name, and the byte that names the
 * operating system says "unknown" on all of them. Releases of Node, and processors, may still find other matches in the
 * data, so compare what was decompressed rather than what was compressed.
 */
import { constants as bufferConstants } from 'node:buffer';
import * as zlib from 'node:zlib';
import { defineExec, NonRetryableError } from '../src/node.ts';

export type CompressionFormat = 'brotli' | 'gzip' | 'deflate' | 'zstd';

/** Params of the exec `compress`. */
export interface CompressParams {
  /** 'zstd' needs Node 22.15 or newer. @default 'gzip' */
  format: CompressionFormat;
  /** gzip and deflate 0–9, brotli 0–11, zstd 1–22: higher is smaller and slower. @default 6, 11, 3: those of the formats */
  level: number | undefined;
  /** For brotli only: what is in the data. @default 'generic' */
  mode: 'generic' | 'text' | 'font' | undefined;
  /** For brotli only: 10–24; matches reach back 2 ** windowBits bytes. @default 22 */
  windowBits: number | undefined;
}

/** Params of the exec `decompress`. */
export interface DecompressParams {
  /** @default 'gzip' */
  format: CompressionFormat;
  /** Largest result, in bytes: a few kilobytes can hold gigabytes. @default 64 MiB */
  maxBytes: number;
}

export interface Compressed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Size of the input; that of text is its size in UTF-8. */
  readonly originalBytes: number;
  readonly format: CompressionFormat;
  readonly level: number;
}

/** Compresses one input after the other with the same params. */
export type Compressor = (input: Uint8Array | string) => Compressed;

/** Decompresses one input after the other with the same params. */
export type Decompressor = (input: Uint8Array) => Uint8Array<ArrayBuffer>;

/** The part of node:zlib that Node 20 lacks. */
interface Zstd {
  readonly zstdCompressSync: (input: Uint8Array, options: { readonly params: Record<number, number> }) => Uint8Array;
  readonly zstdDecompressSync: (input: Uint8Array, options: LimitOptions) => Uint8Array;
  readonly constants: { readonly ZSTD_c_compressionLevel: number; readonly ZSTD_c_checksumFlag: number };
}

interface LimitOptions {
  readonly maxOutputLength: number;
  /** Asks for the engine beside the result. */
  readonly info: true;
}

const DEFAULT_COMPRESS: CompressParams = { format: 'gzip', level: undefined, mode: undefined, windowBits: undefined };
const DEFAULT_DECOMPRESS: DecompressParams = { format: 'gzip', maxBytes: 64 * 1024 * 1024 };

/** Lowest, default and highest level. */
const LEVELS: Readonly<Record<CompressionFormat, readonly [number, number, number]>> = {
  gzip: [0, 6, 9],
  deflate: [0, 6, 9],
  brotli: [0, 11, 11],
  zstd: [1, 3, 22],
};
const BROTLI_MODES = {
  generic: zlib.constants.BROTLI_MODE_GENERIC,
  text: zlib.constants.BROTLI_MODE_TEXT,
  font: zlib.constants.BROTLI_MODE_FONT,
};
const DEFAULT_WINDOW_BITS = 22;
/** Where RFC 1952 has the operating system, and its number for an unknown one. */
const GZIP_OS = { at: 9, unknown: 255 };

/**
 * Makes a compressor.
 *
 * @returns a function whose results are the whole of their own buffer. Text is encoded as UTF-8, so a surrogate without
 *   its other half becomes U+FFFD. The function throws NonRetryableError for an input that is neither bytes nor text.
 * @throws NonRetryableError when a param is out of its range or not for this format, or this Node lacks the format
 */
export function createCompressor(params: Partial<CompressParams> = {}): Compressor {
  const { format, level: asked, mode, windowBits } = { ...DEFAULT_COMPRESS, ...params };
  checkFormat(format);
  const [lowest, usual, highest] = LEVELS[format];
  const level = asked ?? usual;
  checkInteger(`level of ${format}`, level, lowest, highest);
  if (format !== 'brotli' && (mode !== undefined || windowBits !== undefined)) {
    throw new NonRetryableError(
      `mode and windowBits are for brotli, got mode ${mode} and windowBits ${windowBits} with ${format}: leave them out`,
    );
  }
  if (mode !== undefined && !Object.hasOwn(BROTLI_MODES, mode)) {
    throw new NonRetryableError(`mode must be one of ${Object.keys(BROTLI_MODES).join(', ')}, got ${mode}`);
  }
  checkInteger('windowBits', windowBits ?? DEFAULT_WINDOW_BITS, 10, 24);

  const encode = encoderOf(format, level, mode ?? 'generic', windowBits ?? DEFAULT_WINDOW_BITS);
  return (input) => {
    if (typeof input !== 'string' && !(input instanceof Uint8Array)) throw notBytes(input, 'a Uint8Array or a string');
    const bytes = typeof input === 'string' ? Buffer.from(input, 'utf8') : input;
    return { bytes: trimmed(encode(bytes)), originalBytes: bytes.byteLength, format, level };
  };
}

function encoderOf(
  format: CompressionFormat,
  level: number,
  mode: keyof typeof BROTLI_MODES,
  windowBits: number,
): (bytes: Uint8Array) => Uint8Array {
  switch (format) {
    case 'gzip':
      return (bytes) => {
        const result = zlib.gzipSync(bytes, { level });
        result[GZIP_OS.at] = GZIP_OS.unknown;
        return result;
      };
    case 'deflate':
      return (bytes) => zlib.deflateSync(bytes, { level });
    case 'brotli':
      return (bytes) =>
        zlib.brotliCompressSync(bytes, {
          params: {
            [zlib.constants.BROTLI_PARAM_QUALITY]: level,
            [zlib.constants.BROTLI_PARAM_MODE]: BROTLI_MODES[mode],
            [zlib.constants.BROTLI_PARAM_LGWIN]: windowBits,
            [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength,
          },
        });
    case 'zstd': {
      const { zstdCompressSync, constants } = zstdOfNode();
      // Without the checksum, four bytes, some damage would go unnoticed.
      const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
      return (bytes) => zstdCompressSync(bytes, { params });
    }
  }
}

/**
 * Makes a decompressor.
 *
 * @returns a function whose results are the whole of their own buffer. It throws NonRetryableError for an input that is not
 *   bytes, is not data of the format, is damaged or cut off, is followed by other bytes, or has a result above `maxBytes`.
 *   Brotli has no checksum: damage of it may pass.
 * @throws NonRetryableError when a param is out of its range, or this Node lacks the format
 */
export function createDecompressor(params: Partial<DecompressParams> = {}): Decompressor {
  const { format, maxBytes } = { ...DEFAULT_DECOMPRESS, ...params };
  checkFormat(format);
  checkInteger('maxBytes', maxBytes, 1, bufferConstants.MAX_LENGTH);
  const decode = decoderOf(format);
  const options: LimitOptions = { maxOutputLength: maxBytes, info: true };
  return (input) => {
    if (!(input instanceof Uint8Array)) throw notBytes(input, 'a Uint8Array');
    let decoded: unknown;
    try {
      decoded = decode(format === 'zstd' ? withOneMore(input) : input, options);
    } catch (error) {
      throw decompressionError(error, format, maxBytes, input.byteLength);
    }
    // With `info` zlib returns both, which its types leave out.
    const { buffer, engine } = decoded as { readonly buffer: Uint8Array; readonly engine: zlib.Gunzip };
    const read = engine.bytesWritten;
    if (read > input.byteLength) throw damaged(format, input.byteLength, 'unexpected end');
    if (read < input.byteLength) {
      throw damaged(format, input.byteLength, `${input.byteLength - read} bytes follow the end of the data`);
    }
    return trimmed(buffer);
  };
}

function decoderOf(format: CompressionFormat): (bytes: Uint8Array, options: LimitOptions) => Uint8Array {
  switch (format) {
    case 'gzip':
      return (bytes, options) => zlib.gunzipSync(bytes, options);
    case 'deflate':
      return (bytes, options) => zlib.inflateSync(bytes, options);
    case 'brotli':
      return (bytes, options) => zlib.brotliDecompressSync(bytes, options);
    case 'zstd':
      return zstdOfNode().zstdDecompressSync;
  }
}

/**
 * Some releases of Node (22 among them) return what they have of zstd data that is cut off, and no error. One byte more
 * tells: it is read only where the data goes on.
 */
function withOneMore(bytes: Uint8Array): Uint8Array {
  const longer = new Uint8Array(bytes.byteLength + 1);
  longer.set(bytes);
  return longer;
}

function decompressionError(error: unknown, format: CompressionFormat, maxBytes: number, bytes: number): unknown {
  const { code = '', message } = error as { readonly code?: string; readonly message: string };
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return new NonRetryableError(
      `${bytes} bytes of ${format} hold more than maxBytes, ${maxBytes}: raise maxBytes if you trust where they come from`,
      { cause: error },
    );
  }
  // Want of memory is not the fault of the data, and may be over at the next attempt.
  if (/mem|alloc/i.test(code)) return error;
  return damaged(format, bytes, `${code}: ${message}`, error);
}

function damaged(format: CompressionFormat, bytes: number, why: string, cause?: unknown): NonRetryableError {
  return new NonRetryableError(
    `${bytes} bytes are not ${format} data, or damaged (${why}): check the param 'format' and where they come from`,
    { cause },
  );
}

/** The same bytes as the whole of a buffer of their own: zlib returns a view of its chunk, or of Node's pool. */
function trimmed(view: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view);
}

function zstdOfNode(): Zstd {
  if (!('zstdCompressSync' in zlib)) {
    throw new NonRetryableError(
      `format 'zstd' needs Node 22.15 or newer, this is ${process.version}: use 'brotli', or a newer Node`,
    );
  }
  // The types are those of Node 20.
  return zlib as unknown as Zstd;
}

function checkFormat(format: CompressionFormat): void {
  if (!Object.hasOwn(LEVELS, format)) {
    throw new NonRetryableError(`format must be one of ${Object.keys(LEVELS).join(', ')}, got ${format}`);
  }
}

function checkInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new NonRetryableError(`${name} must be an integer from ${least} to ${most}, got ${value}`);
  }
}

function notBytes(input: unknown, wanted: string): NonRetryableError {
  const got = input === null || typeof input !== 'object' ? String(input) : input.constructor.name;
  return new NonRetryableError(`the input must be ${wanted}, got ${got}: convert it, as with new Uint8Array(buffer)`);
}

/** Bytes or text → compressed bytes with their original size. */
export default defineExec(import.meta.url, {
  name: 'compress',
  params: DEFAULT_COMPRESS,
  setup: createCompressor,
  exec: (input: Uint8Array | string, { resource }): Compressed => resource(input),
});

/** Compressed bytes → the original bytes, at most `maxBytes`. */
export const decompress = defineExec(import.meta.url, {
  name: 'decompress',
  params: DEFAULT_DECOMPRESS,
  setup: createDecompressor,
  exec: (input: Uint8Array, { resource }): Uint8Array<ArrayBuffer> => resource(input),
});
