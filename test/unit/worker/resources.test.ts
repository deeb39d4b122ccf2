import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Define } from '../../../src/wire/messages.ts';
import { noServices } from '../../../src/worker/named.ts';
import { resourceKey } from '../../../src/worker/resources.ts';

/** Params as they are on a thread: cloned once. */
const keyOf = (params: unknown, exec = 1, key = 'file:///x.js#x'): string =>
  resourceKey(['define', exec, key, 'file:///x.js', 'x', structuredClone(params)] satisfies Define);

describe('resourceKey', () => {
  it('is the same for equal params, whatever number the exec has', () => {
    const make = (): unknown[] => [
      undefined,
      null,
      1,
      'a',
      { a: [1, { b: 2n }] },
      new Map([[1, new Set(['x'])]]),
      new Float32Array([1, 2]),
      new Date(5),
      /a/gi,
    ];
    const others = make();
    for (const [index, params] of make().entries()) {
      assert.equal(keyOf(params, 1), keyOf(others[index], 2));
      assert.notEqual(keyOf(params), keyOf(params, 1, 'file:///x.js#y'));
    }
  });

  it('differs for params that differ', () => {
    const all = [
      undefined,
      null,
      {},
      { a: undefined },
      { a: null },
      { a: Number.NaN },
      { a: 0 },
      { a: -0 },
      { a: '0' },
      { a: 0n },
      { a: /x/ },
      { a: /y/ },
      { a: /x/i },
      { a: new Date(0) },
      { a: '1970-01-01T00:00:00.000Z' },
      { a: [] },
      { a: {} },
      { a: new Map() },
      { a: new Set() },
      { a: new Uint8Array(1) },
      { a: new Int8Array(1) },
      { a: [0] },
    ];
    assert.equal(new Set(all.map((params) => keyOf(params))).size, all.length);
  });

  it('copes with cycles, shared memory and much data', () => {
    const cycle = (): object => {
      const cyclic: { self?: unknown } = {};
      cyclic.self = cyclic;
      return cyclic;
    };
    assert.equal(keyOf(cycle()), keyOf(cycle()));
    const shared = { memory: new SharedArrayBuffer(8) };
    assert.notEqual(keyOf(shared, 1), keyOf(shared, 2));
    const large = { table: new Float64Array(1e6) };
    assert.ok(keyOf(large).length < 100);
    assert.notEqual(keyOf(large, 1), keyOf(large, 2));
    assert.equal(keyOf(large, 1), keyOf(large, 1));
  });
});

describe('ctx.rpc of an engine without services', () => {
  it('names the service that was asked for, and is no promise', async () => {
    const rpc = noServices as Record<string, unknown>;
    assert.throws(() => rpc['desk'], {
      code: 'CANO_SERVICE_FAILED',
      message: /^ctx\.rpc\.desk: this engine has no services/,
    });
    assert.equal(await (async () => rpc)(), rpc);
  });
});

describe('the entry of threads', () => {
  it('refuses to be loaded on the main thread', async () => {
    await assert.rejects(import('../../../src/worker/entry.ts'), { code: 'CANO_WRONG_THREAD' });
  });
});
