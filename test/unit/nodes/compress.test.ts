import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import * as fc from 'fast-check';
import compress, {
  createCompressor,
  createDecompressor,
  decompress,
  type CompressionFormat,
  type CompressParams,
} from '../../../nodes/compress.ts';
import { isRetryable } from '../../../src/core/retry.ts';
import { NonRetryableError } from '../../../src/node.ts';
import { seededRandom } from '../../support/planted.ts';
import { runItem, runItems } from './run-exec.ts';

const HAS_ZSTD = 'zstdCompressSync' in zlib;
const FORMATS: readonly CompressionFormat[] = ['gzip', 'deflate', 'brotli', ...(HAS_ZSTD ? (['zstd'] as const) : [])];
/** Those that carry a checksum. */
const CHECKED = FORMATS.filter((format) => format !== 'brotli');
const README = new Uint8Array(readFileSync(new URL('../../../README.md', import.meta.url)));

function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => random() * 256);
}

/** zlib's own other direction. */
function decodedByZlib(format: CompressionFormat, bytes: Uint8Array): Uint8Array {
  switch (format) {
    case 'gzip':
      return new Uint8Array(zlib.gunzipSync(bytes));
    case 'deflate':
      return new Uint8Array(zlib.inflateSync(bytes));
    case 'brotli':
      return new Uint8Array(zlib.brotliDecompressSync(bytes));
    case 'zstd': {
      const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync: (bytes: Uint8Array) => Uint8Array };
      return new Uint8Array(zstdDecompressSync(bytes));
    }
  }
}

function assertBelow(actual: number | undefined, limit: number): void {
  assert.ok(actual !== undefined && actual < limit, `${actual} is not below ${limit}`);
}

async function assertRefused(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof NonRetryableError, String(error));
    assert.equal(isRetryable(error), false);
    assert.match(error.message, message);
    return true;
  });
}

describe('compress', () => {
  for (const format of FORMATS) {
    it(`to ${format} and back gives the same bytes, and zlib reads them`, async () => {
      const encode = createCompressor({ format, level: 1 });
      const decode = createDecompressor({ format });
      const repetitive = fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.nat(500)).map(([unit, count]) => {
        return Uint8Array.from({ length: unit.length * count }, (_, i) => unit[i % unit.length] ?? 0);
      });
      fc.assert(
        fc.property(fc.oneof(fc.uint8Array({ maxLength: 1000 }), repetitive), (input) => {
          const { bytes, originalBytes } = encode(input);
          assert.equal(originalBytes, input.length);
          assert.deepEqual(decode(bytes), new Uint8Array(input));
          assert.deepEqual(decodedByZlib(format, bytes), new Uint8Array(input));
        }),
      );
      // Empty, larger than zlib's chunks, and what does not get smaller.
      const inputs = [new Uint8Array(0), noise(300_000), new Uint8Array(500_000)];
      const results = await runItems(compress.with({ format }), inputs);
      const sent = results.map(({ bytes }) => bytes);
      assert.deepEqual(await runItems(decompress.with({ format }), sent), inputs);
      assertBelow(sent[1]?.length, 300_400);
      assertBelow(sent[2]?.length, 1000);
    });
  }

  it('encodes text as UTF-8', async () => {
    const text = 'naïve café — 👩‍🚀\n';
    const { bytes, originalBytes } = await runItem(compress, text);
    assert.equal(originalBytes, Buffer.byteLength(text));
    const decoded = await runItem(decompress, bytes);
    assert.equal(new TextDecoder().decode(decoded), text);
    const { bytes: half } = await runItem(compress, 'a\ud83d');
    assert.equal(new TextDecoder().decode(await runItem(decompress, half)), 'a\ufffd');
  });

  it('takes what a view shows, and shared memory', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3000));
    shared.set(noise(3000));
    for (const input of [README.subarray(100, 2000), shared.subarray(10, 2000)]) {
      const { bytes, originalBytes } = await runItem(compress, input);
      assert.equal(originalBytes, input.length);
      assert.deepEqual([...decodedByZlib('gzip', bytes)], [...input]);
    }
  });

  it('says what it did', async () => {
    const levels = { gzip: 6, deflate: 6, brotli: 11, zstd: 3 };
    for (const format of FORMATS) {
      const { bytes, ...rest } = await runItem(compress.with({ format }), README);
      assert.deepEqual(rest, { originalBytes: README.length, format, level: levels[format] });
      assertBelow(bytes.length, README.length / 2);
    }
    assert.equal((await runItem(compress.with({ level: 0 }), README)).level, 0);
  });

  it('gives the same bytes again, with a gzip header that knows neither time nor system', async () => {
    for (const format of FORMATS) {
      const exec = compress.with({ format });
      const forth = await runItems(exec, [README, noise(500), 'text']);
      assert.deepEqual((await runItems(exec, ['text', noise(500), README])).toReversed(), forth);
    }
    const { bytes } = await runItem(compress, README);
    // RFC 1952: two magic bytes, deflate, no flags, no time, nothing of the level, unknown system.
    assert.deepEqual([...bytes.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  });

  it('gets smaller from low to middle to high level', async () => {
    // Not from each level to the next: brotli 6 may be some bytes above brotli 5.
    const levels = { gzip: [0, 1, 6, 9], deflate: [0, 1, 6, 9], brotli: [0, 4, 9, 11], zstd: [1, 3, 9, 19] };
    for (const format of FORMATS) {
      const sizes: number[] = [];
      for (const level of levels[format]) {
        sizes.push((await runItem(compress.with({ format, level }), README)).bytes.length);
      }
      assert.deepEqual(
        sizes,
        sizes.toSorted((x, y) => y - x),
        format,
      );
      assertBelow(sizes.at(-1), sizes[0] ?? 0);
    }
  });

  it('hands mode and window to brotli', async () => {
    const far = [...noise(4000), ...new Uint8Array(4000), ...noise(4000)];
    const sizeOf = async (params: Partial<CompressParams>) => {
      const { bytes } = await runItem(compress.with({ format: 'brotli', ...params }), Uint8Array.from(far));
      assert.deepEqual([...decodedByZlib('brotli', bytes)], far);
      return bytes.length;
    };
    // The repetition is 8,000 bytes back: a window of 1 KiB cannot reach it.
    assertBelow(8000, await sizeOf({ windowBits: 10 }));
    assertBelow(await sizeOf({ windowBits: 16 }), 4500);
    const text = await runItem(compress.with({ format: 'brotli', mode: 'text', level: 9 }), README);
    const options = {
      [zlib.constants.BROTLI_PARAM_QUALITY]: 9,
      [zlib.constants.BROTLI_PARAM_SIZE_HINT]: README.length,
    };
    const params = { ...options, [zlib.constants.BROTLI_PARAM_MODE]: zlib.constants.BROTLI_MODE_TEXT };
    assert.deepEqual(text.bytes, new Uint8Array(zlib.brotliCompressSync(README, { params })));
  });

  it('refuses params and inputs that cannot be, with the value and a remedy', async () => {
    const bad: [Partial<Record<keyof CompressParams, unknown>>, RegExp][] = [
      [{ format: 'zip' }, /^format must be one of gzip, deflate, brotli, zstd, got zip$/],
      [{ format: 'toString' }, /^format must be one of .* got toString$/],
      [{ level: 10 }, /^level of gzip must be an integer from 0 to 9, got 10$/],
      [{ level: 1.5 }, /^level of gzip .* got 1\.5$/],
      [{ level: '6' }, /^level of gzip .* got 6$/],
      [{ format: 'deflate', level: -1 }, /^level of deflate must be an integer from 0 to 9, got -1$/],
      [{ format: 'brotli', level: 12 }, /^level of brotli must be an integer from 0 to 11, got 12$/],
      [{ format: 'zstd', level: 0 }, /^level of zstd must be an integer from 1 to 22, got 0$/],
      [{ format: 'zstd', level: 23 }, /^level of zstd .* got 23$/],
      [{ mode: 'text' }, /^mode and windowBits are for brotli, got mode text .* with gzip: leave them out$/],
      [{ format: 'deflate', windowBits: 15 }, /^mode and windowBits are for brotli, .* windowBits 15 with deflate/],
      [{ format: 'brotli', mode: 'image' }, /^mode must be one of generic, text, font, got image$/],
      [{ format: 'brotli', windowBits: 25 }, /^windowBits must be an integer from 10 to 24, got 25$/],
    ];
    for (const [params, message] of bad) {
      await assertRefused(runItem(compress.with(params as Partial<CompressParams>), 'text'), message);
    }
    const inputs: [unknown, RegExp][] = [
      [
        new ArrayBuffer(3),
        /^the input must be a Uint8Array or a string, got ArrayBuffer: .* new Uint8Array\(buffer\)$/,
      ],
      [[1, 2, 3], /got Array/],
      [5, /got 5/],
      [null, /got null/],
    ];
    for (const [input, message] of inputs) await assertRefused(runItem(compress, input as string), message);
  });

  it('says when this Node has no zstd', { skip: HAS_ZSTD }, async () => {
    const message = /^format 'zstd' needs Node 22\.15 or newer, this is v20\.[\d.]+: use 'brotli'/;
    await assertRefused(runItem(compress.with({ format: 'zstd' }), 'text'), message);
    await assertRefused(runItem(decompress.with({ format: 'zstd' }), README), message);
  });
});

describe('decompress', () => {
  it('stops at maxBytes, and not at it', async () => {
    for (const format of FORMATS) {
      const { bytes } = await runItem(compress.with({ format, level: 1 }), new Uint8Array(3_000_000));
      assertBelow(bytes.length, 16_000);
      const bomb = /^\d+ bytes of \w+ hold more than maxBytes, 2999999: raise maxBytes if you trust/;
      await assertRefused(runItem(decompress.with({ format, maxBytes: 2_999_999 }), bytes), bomb);
      assert.equal((await runItem(decompress.with({ format, maxBytes: 3_000_000 }), bytes)).length, 3_000_000);
    }
  });

  it('refuses what is cut off at any place', async () => {
    for (const format of FORMATS) {
      const { bytes } = await runItem(compress.with({ format }), README.subarray(0, 200));
      for (let length = 0; length < bytes.length; length++) {
        const cut = runItem(decompress.with({ format }), bytes.subarray(0, length));
        // Of zstd, the checksum may be what finds it.
        const why = format === 'zstd' ? '.+' : '.*unexpected end.*';
        await assertRefused(
          cut,
          new RegExp(`^${length} bytes are not ${format} data, or damaged \\(${why}\\): check the`),
        );
      }
    }
  });

  it('refuses zstd data without a checksum that is cut off', { skip: !HAS_ZSTD }, async () => {
    const { zstdCompressSync } = zlib as unknown as { zstdCompressSync: (bytes: Uint8Array) => Uint8Array };
    const bytes = zstdCompressSync(README);
    const exec = decompress.with({ format: 'zstd' });
    assert.deepEqual(await runItem(exec, new Uint8Array(bytes)), README);
    for (let length = 0; length < bytes.length; length += 7) {
      await assertRefused(runItem(exec, bytes.slice(0, length)), /are not zstd data, or damaged/);
    }
  });

  it('refuses data of another format, noise, and bytes that follow the end', async () => {
    for (const format of FORMATS) {
      const exec = decompress.with({ format });
      for (const other of FORMATS) {
        const { bytes } = await runItem(compress.with({ format: other }), README);
        if (other !== format) await assertRefused(runItem(exec, bytes), /are not \w+ data, or damaged/);
        for (const more of [[0, 0, 0], noise(50)]) {
          if (other !== format) continue;
          await assertRefused(runItem(exec, Uint8Array.from([...bytes, ...more])), /are not \w+ data, or damaged/);
        }
      }
      await assertRefused(runItem(exec, noise(5000)), /^5000 bytes are not \w+ data, or damaged/);
    }
    const { bytes } = await runItem(compress.with({ format: 'deflate' }), 'text');
    const followed = runItem(decompress.with({ format: 'deflate' }), Uint8Array.from([...bytes, 1, 2]));
    await assertRefused(followed, /\(2 bytes follow the end of the data\)/);
  });

  it('reads gzip data of several members, as gzip does', async () => {
    const members = ['one ', 'two'].map((text) => createCompressor()(text).bytes);
    const joined = Uint8Array.from(members.flatMap((member) => Array.from(member)));
    assert.equal(new TextDecoder().decode(await runItem(decompress, joined)), 'one two');
  });

  it('never gives other bytes for damaged data that carries a checksum', () => {
    for (const format of CHECKED) {
      const decode = createDecompressor({ format });
      const { bytes } = createCompressor({ format })(README.subarray(0, 300));
      let refused = 0;
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const damagedBytes = bytes.slice();
        damagedBytes[bit >> 3] = (damagedBytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        try {
          assert.deepEqual(decode(damagedBytes), README.slice(0, 300));
        } catch (error) {
          assert.ok(error instanceof NonRetryableError, String(error));
          refused++;
        }
      }
      // The bits that may change are in the header: time, system and the like.
      assertBelow((bytes.length - 12) * 8, refused);
    }
  });

  it('refuses params and inputs that cannot be', async () => {
    await assertRefused(
      runItem(decompress.with({ maxBytes: 0 }), README),
      /^maxBytes must be an integer from 1 to \d+, got 0$/,
    );
    await assertRefused(runItem(decompress.with({ maxBytes: Infinity }), README), /got Infinity$/);
    await assertRefused(
      runItem(decompress.with({ format: 'zip' as CompressionFormat }), README),
      /^format must be one of/,
    );
    const text = 'text' as unknown as Uint8Array;
    await assertRefused(runItem(decompress, text), /^the input must be a Uint8Array, got text: convert it/);
  });
});
