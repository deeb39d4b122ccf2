/** Values in shared memory: written once, read anywhere, with their typed arrays in place. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import * as fc from 'fast-check';
import { InvalidOptionError, NotCloneableError } from '../../../src/core/errors.ts';
import { read, type Shared } from '../../../src/core/shared.ts';
import { share, shareMutable, type SharedHandle } from '../../../src/wire/share.ts';
import { ALIGNMENT, readImage, structureBytes, VIEW_KINDS, type SharedImage } from '../../../src/wire/shared-image.ts';
import { writeImage } from '../../../src/wire/shared-writer.ts';
import { prepareForWire } from '../../../src/wire/transfer.ts';

/** What another thread gets of an image: the same memory, everything else copied. */
function send<Value>(value: Value): Value {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(value);
  const received = receiveMessageOnPort(port2) as { message: Value };
  port1.close();
  return received.message;
}

const throughMemory = (value: unknown): unknown => readImage(send(writeImage(value)));

// noNullPrototype and others: what structured clone itself changes is not of interest here.
const data = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: false,
});

describe('the image of a value', () => {
  it('gives the value back as structured clone would', () => {
    fc.assert(
      fc.property(data, (value) => {
        assert.deepStrictEqual(throughMemory(value), structuredClone(value));
      }),
    );
  });

  it('keeps cycles and what is there twice', () => {
    const part = { weights: new Float64Array([1, 2]) };
    const value: Record<string, unknown> = { a: part, b: part, weights: part.weights };
    value['self'] = value;
    const copy = throughMemory(value) as { a: typeof part; b: typeof part; weights: unknown; self: unknown };
    assert.equal(copy.a, copy.b);
    assert.equal(copy.a.weights, copy.weights);
    assert.equal(copy.self, copy);
  });

  for (const Kind of VIEW_KINDS) {
    if (Kind === undefined) continue;
    it(`lets a ${Kind.name} lie in its memory, wherever it lies in its own`, () => {
      const element = 'BYTES_PER_ELEMENT' in Kind ? Number(Kind.BYTES_PER_ELEMENT) : 1;
      for (const offset of [0, element, element * 3]) {
        const memory = new ArrayBuffer(element * 8);
        new Uint8Array(memory).forEach((_byte, index, all) => (all[index] = index * 7));
        const view: ArrayBufferView = new Kind(memory, offset, 4);
        const image: SharedImage = send(writeImage({ before: 'x'.repeat(offset), view }));
        const { view: copy } = readImage(image) as { view: ArrayBufferView };
        assert.equal(copy.buffer, image.buffer);
        assert.equal(copy.constructor, view.constructor);
        assert.equal(copy.byteLength, view.byteLength);
        assert.equal(copy.byteOffset % element, 0);
        assert.deepEqual(bytesOf(copy), bytesOf(view));
        // No second copy of the bytes in the structure.
        assert.ok(structureBytes(image) < 100, String(structureBytes(image)));
      }
    });
  }

  it('keeps views of one memory views of one memory', () => {
    const memory = new ArrayBuffer(800);
    const [whole, part] = [new Float64Array(memory), new Uint8Array(memory, 16, 8)];
    const apart = new Float64Array(memory.slice(0));
    const image = writeImage({ whole, part, apart });
    const copy = readImage(image) as { whole: Float64Array; part: Uint8Array; apart: Float64Array };
    copy.whole[2] = Math.PI;
    assert.deepEqual([...copy.part], [...new Uint8Array(new Float64Array([Math.PI]).buffer)]);
    assert.equal(copy.apart[2], 0);
    assert.equal(image.structureAt, 1_600, 'overlapping bytes are there once');
  });

  it('takes of a memory only what its views show', () => {
    const slab = Buffer.alloc(1_000_000, 'secret');
    const image = writeImage({ name: slab.subarray(10, 13), last: slab.subarray(999_990) });
    assert.ok(image.buffer.byteLength < 200, String(image.buffer.byteLength));
    assert.ok(!Buffer.from(image.buffer).toString('latin1').includes('secretsecret'));
    const { name } = readImage(image) as { name: Uint8Array };
    assert.equal(Buffer.from(name).toString(), Buffer.from(slab.subarray(10, 13)).toString());
  });

  it('refers to memory that is shared already', () => {
    const memory = new SharedArrayBuffer(80_000);
    const image = send(writeImage({ all: new Float64Array(memory), some: new Float64Array(memory, 80, 10) }));
    assert.ok(image.buffer.byteLength < 200);
    assert.equal(image.others.length, 1);
    const { some } = readImage(image) as { some: Float64Array };
    some[0] = 5;
    assert.equal(new Float64Array(memory)[10], 5);
  });

  it('aligns any number of views of any size', () => {
    const kinds = fc.constantFrom(Uint8Array, Int16Array, Float32Array, Float64Array, BigInt64Array);
    const views = fc.array(fc.tuple(kinds, fc.nat(20), fc.nat(5)), { maxLength: 30 });
    fc.assert(
      fc.property(views, (specs) => {
        const memory = new ArrayBuffer(512);
        new Uint8Array(memory).forEach((_byte, index, all) => (all[index] = index));
        const given = specs.map(([Kind, length, offset]) => new Kind(memory, offset * Kind.BYTES_PER_ELEMENT, length));
        const image = writeImage(given);
        assert.equal(image.structureAt % ALIGNMENT, 0);
        assert.deepStrictEqual(readImage(image), given.map(copied));
      }),
    );
  });
});

describe('share', () => {
  it('gives a value that travels as its id', () => {
    const model = share({ weights: new Float32Array(1_000_000), name: 'm' });
    assert.deepEqual(send({ model }), { model: { 'cano:shared': (model as unknown as SharedHandle).id } });
    const { bytes, shared, value } = prepareForWire({ model, again: [model], n: 1 });
    assert.ok(bytes < 200, `${bytes} bytes`);
    assert.deepEqual(shared, [model]);
    assert.equal((value as { model: unknown }).model, model);
  });

  it('is found wherever it stands, also beside views that are cut', () => {
    const model = share([1]);
    const slab = new Uint8Array(1_000).subarray(3, 5);
    for (const value of [
      model,
      [model],
      new Map([['m', model]]),
      new Map([[model, 1]]),
      new Set([model]),
      { a: { model } },
    ]) {
      assert.deepEqual(prepareForWire(value).shared, [model]);
      const cut = prepareForWire([value, slab]);
      assert.deepEqual(cut.shared, [model]);
      assert.deepEqual(send(cut.value), send([value, new Uint8Array(2)]));
    }
  });

  it('is read on the main thread, and made once', () => {
    const original = { list: [1, 2], at: new Date(5), typed: new Uint16Array([7]) };
    const shared = share(original);
    const value = read(shared);
    assert.deepStrictEqual({ ...value, typed: [...value.typed] }, { ...original, typed: [7] });
    assert.equal(read(shared), value);
    original.list.push(3);
    original.typed[0] = 8;
    assert.deepEqual([value.list.length, value.typed[0]], [2, 7]);
  });

  it('can stand in another shared value, and stays itself', () => {
    const inner = share({ deep: new Map([['k', 1n]]) });
    const outer = share({ inner, again: [inner], n: 2 });
    assert.equal(share(outer), outer);
    (inner as unknown as SharedHandle).tell();
    assert.deepEqual(read(read(outer).inner), { deep: new Map([['k', 1n]]) });
    assert.deepEqual((outer as unknown as SharedHandle).inner, [inner]);
  });

  it('takes values of any kind, undefined and null included', () => {
    for (const value of [undefined, null, 0, 'text', 10n, true, [], new Uint8Array(0)]) {
      assert.deepEqual(read(share(value)), value);
    }
  });

  it('names the way to what cannot be shared', () => {
    const bad: readonly (readonly [value: unknown, message: RegExp])[] = [
      [{ items: [1, { cb() {} }] }, /^share: the value \.items\[1\]\.cb is the function cb/],
      [new Map([['k', Symbol('s')]]), /^share: the value \.get\('k'\) is a symbol/],
      [{ p: Promise.resolve() }, /^share: the value \.p is an instance of Promise/],
      [{ m: new SharedArrayBuffer(8) }, /a SharedArrayBuffer by itself .* put a typed array over it/],
      [
        { b: [new Blob([])] },
        /^share: the value \.b\[0\] is an instance of Blob, which cannot be put into shared memory/,
      ],
      [new URL('http://x'), /^share: the value is an instance of URL, which cannot be put into shared memory/],
      [{ w: new Set([new WeakMap()]) }, /^share: the value \.w\.values\[0\] is an instance of WeakMap/],
    ];
    for (const [value, message] of bad) {
      assert.throws(
        () => share(value),
        (error: unknown) => {
          assert.ok(error instanceof NotCloneableError, String(error));
          assert.match(error.message, message);
          return true;
        },
      );
    }
  });

  it('is not read from anything else', () => {
    for (const other of [undefined, 5, {}, { 'cano:shared': 'x' }]) {
      assert.throws(() => read(other as unknown as Shared<unknown>), InvalidOptionError);
    }
    const unknown = { 'cano:shared': 1e9 } as unknown as Shared<unknown>;
    assert.throws(() => read(unknown), /shared value 1000000000 is not on this thread/);
  });

  it('shows what it is when it is printed', () => {
    assert.match(inspect({ model: share(new Float64Array(1_000)) }), /model: Shared #\d+ \(8\.\d kB\)/);
  });
});

describe('shareMutable', () => {
  it('lets everybody write into the same memory', () => {
    const grid = shareMutable({ cells: new Int32Array(4) });
    const image: SharedImage = send((grid as unknown as SharedHandle).tell());
    const there = readImage(image) as { cells: Int32Array };
    read(grid).cells[1] = 7;
    Atomics.add(there.cells, 1, 1);
    assert.equal(read(grid).cells[1], 8);
  });
});

function bytesOf(view: ArrayBufferView): number[] {
  return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];
}

function copied<View extends { slice(): View }>(view: View): View {
  return view.slice();
}
