import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { NotCloneableError } from '../../../src/core/errors.ts';
import { findCulprit, isCloneable, notCloneable } from '../../../src/wire/clone-check.ts';

const fn = (): number => 1;
const trapped = new Proxy(
  {},
  {
    ownKeys: () => {
      throw new Error('trap');
    },
  },
);

class WithMethodProperty {
  readonly name = 'x';
  readonly run = fn;
}

class WithPrivate {
  readonly #hidden = fn;
  shown = 1;
  get hidden(): unknown {
    return this.#hidden;
  }
}

describe('findCulprit', () => {
  const cases: readonly [title: string, value: unknown, path: string, description: RegExp][] = [
    ['a function itself', fn, '', /is the function fn/],
    ['a symbol itself', Symbol('s'), '', /is a symbol/],
    ['a property', { a: 1, b: fn }, '.b', /is the function fn/],
    ['an element', [1, [2, fn]], '[1][1]', /./],
    ['a key that is no identifier', { 'two words': fn }, '["two words"]', /./],
    ['a named property of an array', Object.assign([1], { cb: fn }), '.cb', /./],
    ['depth 5', { a: [{ b: { c: [fn] } }] }, '.a[0].b.c[0]', /./],
    ['a value of a Map', { m: new Map([['k', fn]]) }, ".m.get('k')", /./],
    ['a key of a Map', new Map([[fn, 1]]), '.key(the function fn)', /./],
    ['a member of a Set', new Set([1, { x: fn }]), '.values[1].x', /./],
    ['a method kept as a property', { who: new WithMethodProperty() }, '.who.run', /./],
    ['a Promise', { p: Promise.resolve(1) }, '.p', /is an instance of Promise/],
    ['a WeakMap', [new WeakMap()], '[0]', /is an instance of WeakMap/],
    ['a WeakRef', { r: new WeakRef({}) }, '.r', /is an instance of WeakRef/],
    ['a Proxy', { deep: { proxy: new Proxy({}, {}) } }, '.deep.proxy', /./],
    ['a Proxy whose traps throw', { trapped }, '.trapped', /./],
    ['a generator', { g: (function* () {})() }, '.g', /./],
    [
      'a getter that throws',
      {
        a: {
          get b(): never {
            throw new Error('no');
          },
        },
      },
      '.a.b',
      /is a property that throws when it is read/,
    ],
  ];
  for (const [title, value, path, description] of cases) {
    it(`names ${title}`, () => {
      const found = findCulprit(value);
      assert.equal(found?.path, path);
      const error = notCloneable("sign: exec result of 'sign'", value, new Error('cause'));
      assert.ok(error instanceof NotCloneableError);
      assert.equal(error.code, 'CANO_NOT_CLONEABLE');
      assert.equal(error.path, path);
      assert.match(error.message, description);
      assert.ok(
        error.message.startsWith(`sign: exec result of 'sign'${path === '' ? '' : ` ${path}`} is `),
        error.message,
      );
      assert.match(error.message, /cannot cross threads: hand over plain data instead$/);
    });
  }

  it('finds nothing in what can be cloned, even where it looks otherwise', () => {
    const error = Object.assign(new Error('x'), { retry: fn });
    const date = Object.assign(new Date(), { fn });
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    for (const value of [
      1,
      { a: [new Map(), new Set()] },
      new WithPrivate(),
      error,
      date,
      /a/g,
      cyclic,
      new SharedArrayBuffer(1),
      [new Uint8Array(2)],
    ]) {
      assert.equal(findCulprit(value), undefined);
    }
    // Structured clone drops properties of errors: the culprit is the other one.
    assert.equal(findCulprit({ error, real: fn })?.path, '.real');
  });

  it('comes to an end with what has none', () => {
    const endless = (): object => ({
      get next(): object {
        return endless();
      },
    });
    assert.ok(findCulprit(endless()) !== undefined);
    let deep: unknown = fn;
    for (let i = 0; i < 20_000; i += 1) deep = [deep];
    assert.ok(findCulprit(deep) !== undefined);
  });

  it('says what structured clone said when it finds nothing', () => {
    const error = notCloneable('params', { fine: 1 }, new Error('out of memory'));
    assert.equal(error.path, '');
    assert.match(error.message, /^params cannot be cloned \(out of memory\), which/);
    assert.match(notCloneable('x', {}, Object.create(null)).message, /^x cannot be cloned/);
  });

  it('finds something exactly when structured clone refuses', () => {
    const bad = fc.constantFrom(fn, Symbol('s'), new WeakMap(), Promise.resolve(), new Proxy({}, {}));
    const value = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        { arbitrary: fc.anything({ withMap: true, withSet: true, withDate: true, withTypedArray: true }), weight: 5 },
        { arbitrary: bad, weight: 1 },
        { arbitrary: fc.array(tie('node'), { maxLength: 3 }), weight: 3 },
        { arbitrary: fc.dictionary(fc.string(), tie('node'), { maxKeys: 3 }), weight: 3 },
        { arbitrary: fc.array(tie('node'), { maxLength: 3 }).map((items) => new Set(items)), weight: 1 },
      ),
    })).node;
    fc.assert(
      fc.property(value, (given) => {
        assert.equal(findCulprit(given) === undefined, isCloneable(given));
      }),
      { numRuns: 1_000 },
    );
  });
});
