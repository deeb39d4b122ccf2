import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, it } from 'node:test';
import { serialize } from 'node:v8';
import * as fc from 'fast-check';
import { detach, prepareForWire } from '../../../src/wire/transfer.ts';

const CONTAINER = 16;

/** Anything without functions. Two invalid dates are not equal to node:assert on Node 20. */
const tree = ((): fc.Arbitrary<unknown> => {
  const binary = fc
    .uint8Array({ maxLength: 20 })
    .chain((bytes) => fc.nat(bytes.length).map((from) => (from % 2 === 0 ? bytes.subarray(from) : Buffer.from(bytes))));
  const leaf = fc.oneof(
    fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true }),
    fc.date({ noInvalidDate: true }),
    binary,
  );
  return fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('node'), { maxKeys: 4 }),
      fc.array(fc.tuple(fc.string(), tie('node')), { maxLength: 3 }).map((entries) => new Map(entries)),
      fc.array(tie('node'), { maxLength: 3 }).map((items) => new Set(items)),
    ),
  })).node;
})();

/** What structured clone carries for a view. */
const carried = (value: unknown): number => (structuredClone(value) as Uint8Array).buffer.byteLength;

describe('prepareForWire', () => {
  it('cuts a Buffer out of its slab, with none of its neighbours', () => {
    const secret = Buffer.from('the neighbour is a SECRET');
    const small = Buffer.from('abc');
    assert.ok(small.buffer.byteLength > 3, 'Node no longer pools Buffers: this test tests nothing');
    assert.ok(carried(small) >= 8_192);
    const { value, bytes } = prepareForWire(small);
    assert.deepEqual(value, new Uint8Array([97, 98, 99]));
    assert.equal(carried(value), 3);
    assert.equal(bytes, CONTAINER + 3);
    assert.ok(!Buffer.from((value as Uint8Array).buffer).includes('SECRET'));
    assert.equal(secret.toString(), 'the neighbour is a SECRET');
  });

  it('cuts a part of a large array', () => {
    const whole = new Uint8Array(1 << 20).fill(5);
    const { value } = prepareForWire(whole.subarray(7, 9));
    assert.equal(carried(value), 2);
    const { value: numbers } = prepareForWire(new Float64Array([1, 2, 3, 4]).subarray(1, 3));
    assert.deepEqual(numbers, new Float64Array([2, 3]));
    assert.equal(carried(numbers), 16);
  });

  it('cuts views wherever they are', () => {
    const view = (): Uint8Array => new Uint8Array(1_000).subarray(3, 5);
    const value = { a: [view()], b: new Map([[view(), { c: view() }]]), d: new Set([view()]) };
    const prepared = prepareForWire(value).value as typeof value;
    assert.deepEqual(prepared, value);
    assert.ok(serialize(structuredClone(prepared)).length < 300);
    const [[key, { c }]] = [...prepared.b] as [[Uint8Array, { c: Uint8Array }]];
    for (const cut of [prepared.a[0], key, c, ...prepared.d]) assert.equal(cut?.buffer.byteLength, 2);
  });

  it('keeps the kind of a view, as structured clone does', () => {
    class Rgb extends Uint8ClampedArray {}
    const kinds = [
      Uint8Array,
      Int8Array,
      Uint8ClampedArray,
      Uint16Array,
      Int16Array,
      Uint32Array,
      Int32Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array,
    ];
    for (const Kind of kinds) {
      const view = new Kind(new ArrayBuffer(64), 8, 2);
      assert.equal(Object.getPrototypeOf(prepareForWire(view).value), Kind.prototype);
    }
    assert.equal(
      Object.getPrototypeOf(prepareForWire(new Rgb(new ArrayBuffer(8), 1, 2)).value),
      Uint8ClampedArray.prototype,
    );
    const data = prepareForWire(new DataView(new ArrayBuffer(64), 3, 5)).value as DataView;
    assert.deepEqual([data instanceof DataView, data.byteLength, data.buffer.byteLength], [true, 5, 5]);
  });

  it('leaves alone what has nothing to cut', () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    for (const value of [
      1,
      'a',
      null,
      undefined,
      true,
      1n,
      {},
      [],
      { a: [1, { b: new Uint8Array(3) }] },
      new Map(),
      new Date(),
      cyclic,
    ]) {
      assert.equal(prepareForWire(value).value, value);
    }
  });

  it('leaves shared memory shared', () => {
    const shared = new Int32Array(new SharedArrayBuffer(64), 4, 2);
    const value = { shared, cut: new Uint8Array(100).subarray(1, 2) };
    const prepared = prepareForWire(value).value as typeof value;
    assert.equal(prepared.shared, shared);
    assert.equal(prepared.cut.buffer.byteLength, 1);
    assert.equal(prepareForWire(shared).value, shared);
    assert.ok(prepareForWire(shared).bytes < 32);
  });

  it('keeps cycles and shared references', () => {
    const view = new Uint8Array(100).subarray(0, 1);
    const node: { view: Uint8Array; again: Uint8Array; self?: unknown; list: unknown[]; map: Map<unknown, unknown> } = {
      view,
      again: view,
      list: [],
      map: new Map(),
    };
    node.self = node;
    node.list.push(node.list, node);
    node.map.set('map', node.map).set(node, 'node');
    const made = prepareForWire(node).value as typeof node;
    assert.notEqual(made, node);
    assert.equal(made.view, made.again);
    assert.equal(made.self, made);
    assert.equal(made.list[0], made.list);
    assert.equal(made.list[1], made);
    assert.equal(made.map.get('map'), made.map);
    assert.equal(made.map.get(made), 'node');
    // The original is as it was.
    assert.equal(node.self, node);
    assert.equal(node.view, view);
  });

  it('keeps named properties of arrays, holes and odd keys', () => {
    const view = new Uint8Array(9).subarray(0, 1);
    const match = Object.assign(/b(?<x>c)/.exec('abc') as RegExpExecArray, { view });
    const sparse: unknown[] = [];
    sparse[3] = view;
    const odd = JSON.parse('{"__proto__": 1, "": 2}') as Record<string, unknown>;
    odd['view'] = view;
    for (const value of [match, sparse, odd]) {
      assert.deepEqual(structuredClone(prepareForWire(value).value), structuredClone(value));
    }
    assert.equal((prepareForWire(sparse).value as unknown[]).length, 4);
    assert.ok(!(0 in (prepareForWire(sparse).value as unknown[])));
  });

  it('leaves classes of Node with a form of their own as they are', () => {
    const list = new BlockList();
    list.addAddress('10.0.0.1');
    const { value } = prepareForWire({ list, view: new Uint8Array(9).subarray(0, 1) });
    assert.equal((structuredClone(value) as { list: BlockList }).list.check('10.0.0.1'), true);
  });

  it('never throws, whatever it is given', () => {
    const throwing = {
      get bad(): never {
        throw new Error('no');
      },
    };
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap');
        },
        getPrototypeOf: () => {
          throw new Error('trap');
        },
      },
    );
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    let deep: unknown = 0;
    for (let i = 0; i < 50_000; i += 1) deep = [deep];
    const view = new Uint8Array(9).subarray(0, 1);
    for (const value of [throwing, [view, throwing], trap, { view, trap }, proxy, [proxy], deep]) {
      assert.equal(prepareForWire(value).value, value);
    }
  });

  it('weighs strings and binary data exactly', () => {
    assert.equal(prepareForWire('abc').bytes, 11);
    assert.equal(prepareForWire(new Uint8Array(1_000)).bytes, CONTAINER + 1_000);
    assert.equal(prepareForWire(new ArrayBuffer(1_000)).bytes, CONTAINER + 1_000);
    assert.equal(prepareForWire([1, 2]).bytes, CONTAINER + 16);
    assert.ok(prepareForWire({ text: 'x'.repeat(100_000) }).bytes >= 100_000);
  });

  it('gives what structured clone would make of the original', () => {
    fc.assert(
      fc.property(tree, (value) => {
        assert.deepEqual(structuredClone(prepareForWire(value).value), structuredClone(value));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('detach', () => {
  it('copies all that structured clone would, so that later changes do not reach it', () => {
    const bytes = new Uint8Array([1, 2, 3, 4]);
    const value = {
      list: [1],
      bytes,
      raw: bytes.buffer,
      when: new Date(5),
      map: new Map([['k', [1]]]),
      set: new Set([bytes]),
    };
    const detached = detach(value) as typeof value;
    const expected = structuredClone(value);
    value.list[0] = 9;
    bytes.fill(9);
    value.when.setTime(9);
    value.map.get('k')?.push(9);
    value.set.clear();
    assert.deepEqual(detached, expected);
  });

  it('leaves shared memory shared, and what cannot be read as it is', () => {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    (detach({ shared }) as { shared: Int32Array }).shared[1] = 7;
    assert.equal(shared[1], 7);
    const withFunction = { f: () => 1 };
    assert.equal(detach(withFunction), withFunction);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    assert.equal(detach(proxy), proxy);
    for (const value of [1, 'a', null, undefined]) assert.equal(detach(value), value);
  });

  it('gives what structured clone would make of the original', () => {
    fc.assert(
      fc.property(tree, (value) => {
        assert.deepEqual(structuredClone(detach(value)), structuredClone(value));
      }),
      { numRuns: 1_000 },
    );
  });
});
