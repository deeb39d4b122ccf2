/** The PNG codec of the images example, against a second encoder that is written out here and files of other programs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync, inflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { crc32, decodePng, encodePng, PngError, type PngProblem, type Raster } from '../../../examples/images/png.ts';
import { seededRandom } from '../../support/planted.ts';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const COLOR_TYPES = [0, 4, 2, 6];

/** CRC-32 bit by bit, as ISO 3309 defines it. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function chunk(name: string, data: Uint8Array = new Uint8Array(0)): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(checksum(body));
  return Buffer.concat([length, body, crc]);
}

function header(
  width: number,
  height: number,
  type: number,
  change: { depth?: number; interlace?: number } = {},
): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width);
  data.writeUInt32BE(height, 4);
  data.set([change.depth ?? 8, type, 0, 0, change.interlace ?? 0], 8);
  return chunk('IHDR', data);
}

/** Filters as the tables of the specification define them, byte by byte. */
function filtered({ width, height, channels, pixels }: Raster, filterOf: (row: number) => number): Buffer {
  const stride = width * channels;
  const at = (row: number, i: number): number => (row < 0 || i < 0 ? 0 : (pixels[row * stride + i] ?? 0));
  return Buffer.concat(
    Array.from({ length: height }, (_value, row) => {
      const filter = filterOf(row);
      const bytes = Array.from({ length: stride }, (_byte, i) => {
        const [a, b, c] = [at(row, i - channels), at(row - 1, i), i < channels ? 0 : at(row - 1, i - channels)];
        const p = a + b - c;
        const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
        const paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
        return (at(row, i) - ([0, a, b, Math.floor((a + b) / 2), paeth][filter] ?? 0) + 256) % 256;
      });
      return Buffer.from([filter, ...bytes]);
    }),
  );
}

const file = (...chunks: readonly Uint8Array[]): Buffer => Buffer.concat([SIGNATURE, ...chunks, chunk('IEND')]);

const anyRaster: fc.Arbitrary<Raster> = fc
  .record({
    width: fc.integer({ min: 1, max: 20 }),
    height: fc.integer({ min: 1, max: 20 }),
    channels: fc.constantFrom<Raster['channels']>(1, 2, 3, 4),
    roughness: fc.constantFrom(0, 1, 8, 255),
    seed: fc.integer(),
  })
  .map(({ width, height, channels, roughness, seed }) => {
    const random = seededRandom(seed);
    const pixels = Uint8Array.from(
      { length: width * height * channels },
      (_value, i) => (i % (width * channels)) * 3 + roughness * random(),
    );
    return { width, height, channels, pixels };
  });

const refused = (problem: PngProblem, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PngError, String(error));
  assert.equal(error.problem, problem);
  assert.match(error.message, message);
  return true;
};

describe('PNG', () => {
  it('comes back as it was encoded', () => {
    fc.assert(fc.property(anyRaster, (raster) => assert.deepEqual(decodePng(encodePng(raster)), raster)));
  });

  it('is decoded whatever filters the rows have, in one part or in many', () => {
    fc.assert(
      fc.property(anyRaster, fc.nat(5), fc.integer({ min: 1, max: 400 }), (raster, filter, size) => {
        const data = deflateSync(filtered(raster, (row) => (filter === 5 ? row % 5 : filter)));
        const parts = Array.from({ length: Math.ceil(data.length / size) }, (_value, i) =>
          chunk('IDAT', data.subarray(i * size, (i + 1) * size)),
        );
        const { width, height, channels } = raster;
        const type = COLOR_TYPES[channels - 1] ?? 0;
        const text = chunk('tEXt', Buffer.from('Comment\0made by a test'));
        assert.deepEqual(decodePng(file(header(width, height, type), text, ...parts, text)), raster);
      }),
    );
  });

  it('of another program is decoded', () => {
    // Written by Pillow 13.0.0.
    const written =
      'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAYAAABGM/VAAAAAKklEQVR42mNkYPj/34iBgQEZszDYMBxhYPjGgIyRBN/AMZrgIwYGhkcMAJnHEQzz6PA4AAAAAElFTkSuQmCC';
    const { width, height, channels, pixels } = decodePng(Buffer.from(written, 'base64'));
    assert.deepEqual([width, height, channels], [5, 4, 4]);
    const expected = Array.from({ length: 20 }, (_value, i) => {
      const [x, y] = [i % 5, Math.floor(i / 5)];
      return [50 * x, 60 * y, 255 - 10 * x * y, 255 - 60 * y];
    });
    assert.deepEqual([...pixels], expected.flat());
  });

  it('has the checksums of the standard', () => {
    assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
    const png = Buffer.from(encodePng({ width: 1, height: 1, channels: 1, pixels: Uint8Array.of(7) }));
    assert.equal(png.subarray(-12).toString('hex'), '0000000049454e44ae426082');
    fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => assert.equal(crc32(bytes), checksum(bytes))));
  });

  it('takes for each row the filter with the least sum, and the first of several', () => {
    const filtersOf = (raster: Raster): number[] => {
      const png = Buffer.from(encodePng(raster));
      const start = png.indexOf('IDAT') + 4;
      const rows = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
      return Array.from(
        { length: raster.height },
        (_value, row) => rows[row * (raster.width * raster.channels + 1)] ?? -1,
      );
    };
    const random = seededRandom(5);
    const noise = Uint8Array.from({ length: 60 }, () => 256 * random());
    const raster = { width: 20, height: 3, channels: 3 } as const;
    assert.deepEqual(filtersOf({ ...raster, pixels: new Uint8Array(180) }), [0, 0, 0]);
    assert.deepEqual(
      filtersOf({ ...raster, pixels: Uint8Array.from([...noise, ...noise, ...noise]) }).slice(1),
      [2, 2],
    );
    assert.deepEqual(filtersOf({ ...raster, pixels: new Uint8Array(180).map((_level, i) => 4 * (i % 60)) })[0], 1);
    fc.assert(
      fc.property(anyRaster, (any) => {
        const chosen = filtersOf(any);
        const rowSum = (filter: number, row: number): number => {
          const length = any.width * any.channels + 1;
          const bytes = filtered(any, () => filter).subarray(row * length + 1, (row + 1) * length);
          return bytes.reduce((sum, byte) => sum + Math.min(byte, 256 - byte), 0);
        };
        for (const [row, filter] of chosen.entries()) {
          const sums = [0, 1, 2, 3, 4].map((other) => rowSum(other, row));
          assert.equal(filter, sums.indexOf(Math.min(...sums)));
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('PNG refuses', () => {
  const pixels = deflateSync(new Uint8Array(2 * 7));
  const [start, data] = [header(2, 2, 2), chunk('IDAT', pixels)];

  it('every file that is cut off', () => {
    const png = encodePng({ width: 3, height: 2, channels: 3, pixels: new Uint8Array(18).fill(9) });
    for (let length = 0; length < png.length; length++) {
      assert.throws(
        () => decodePng(png.subarray(0, length)),
        refused('corrupt', length < 8 ? /not a PNG/ : /cut off after/),
      );
    }
  });

  it('every file in which a bit is turned', () => {
    const png = encodePng({ width: 3, height: 2, channels: 3, pixels: new Uint8Array(18).fill(9) });
    for (let bit = 0; bit < 8 * png.length; bit++) {
      const changed = png.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      assert.throws(() => decodePng(changed), refused('corrupt', /./), `bit ${bit}`);
    }
  });

  it('what it cannot decode, with the remedy', () => {
    assert.throws(() => decodePng(file(header(2, 2, 3), data)), refused('unsupported', /palette; save it as RGB/));
    const deep = header(2, 2, 2, { depth: 16 });
    assert.throws(() => decodePng(file(deep, data)), refused('unsupported', /bit depth of 16; save it with 8/));
    const interlaced = header(2, 2, 2, { interlace: 1 });
    assert.throws(() => decodePng(file(interlaced, data)), refused('unsupported', /interlaced/));
    assert.throws(() => decodePng(file(start, chunk('ABCD'), data)), refused('unsupported', /a chunk ABCD/));
  });

  it('more pixels than are allowed, before it takes memory for them', () => {
    const huge = file(header(2 ** 31 - 1, 2 ** 31 - 1, 2), data);
    assert.throws(() => decodePng(huge), refused('too_large', /2147483647 × 2147483647 pixels, more than 16777216/));
    assert.throws(() => decodePng(file(start, data), 3), refused('too_large', /2 × 2 pixels, more than 3/));
  });

  it('pixels that are not as many as the header says, and no pixels', () => {
    const of = (bytes: Uint8Array): Buffer => file(start, chunk('IDAT', deflateSync(bytes)));
    assert.throws(() => decodePng(of(new Uint8Array(13))), refused('corrupt', /13 of 14 bytes of pixels/));
    assert.throws(() => decodePng(of(new Uint8Array(100_000))), refused('corrupt', /hold more than 14 bytes/));
    assert.throws(() => decodePng(file(start)), refused('corrupt', /cannot be decompressed/));
    assert.throws(
      () => decodePng(file(start, chunk('IDAT', pixels.subarray(0, -3)))),
      refused('corrupt', /cannot be decompressed/),
    );
    assert.throws(() => decodePng(file(header(0, 2, 2), data)), refused('corrupt', /has 0 × 2 pixels/));
  });

  it('files that are not built as the standard says', () => {
    assert.throws(() => decodePng(Buffer.from('GIF89a, not a picture')), refused('corrupt', /not a PNG file/));
    assert.throws(() => decodePng(file(data)), refused('corrupt', /does not start with IHDR/));
    assert.throws(() => decodePng(file(chunk('IHDR', new Uint8Array(5)), data)), refused('corrupt', /IHDR of 5 bytes/));
    assert.throws(() => decodePng(file(header(2, 2, 5), data)), refused('corrupt', /colour type 5/));
    const rows = new Uint8Array(14);
    rows[7] = 5;
    assert.throws(
      () => decodePng(file(start, chunk('IDAT', deflateSync(rows)))),
      refused('corrupt', /row 1 has filter 5; there are 0 to 4/),
    );
  });

  it('to encode what is no picture', () => {
    assert.throws(
      () => encodePng({ width: 2, height: 2, channels: 3, pixels: new Uint8Array(11) }),
      /2 × 2 pixels of 3 channels are not 11 bytes/,
    );
    assert.throws(() => encodePng({ width: 0, height: 2, channels: 3, pixels: new Uint8Array(0) }), RangeError);
  });
});
