import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import * as fc from 'fast-check';
import { MissingKeyError } from '../../../src/core/errors.ts';
import { eventError } from '../../../src/core/events.ts';

test('an error becomes name, message and code', () => {
  assert.deepEqual(eventError(new RangeError('too far')), { name: 'RangeError', message: 'too far' });
  assert.deepEqual(eventError(Object.assign(new Error('no file'), { code: 'ENOENT' })), {
    name: 'Error',
    message: 'no file',
    code: 'ENOENT',
  });
  assert.equal(eventError(new MissingKeyError('a', [])).code, 'CANO_MISSING_KEY');
});

test('a code that is not a string is left out', () => {
  assert.deepEqual(eventError(Object.assign(new Error('x'), { code: 7 })), { name: 'Error', message: 'x' });
});

test('other values are described', () => {
  assert.deepEqual(eventError('boom'), { name: 'thrown value', message: 'boom' });
  assert.deepEqual(eventError(undefined), { name: 'thrown value', message: 'undefined' });
  assert.deepEqual(eventError(Object.create(null)), { name: 'thrown value', message: 'an object' });
  assert.deepEqual(eventError(Symbol('s')), { name: 'thrown value', message: 'a symbol' });
});

test('an error of another realm is an error', () => {
  assert.deepEqual(eventError(vm.runInNewContext(`new TypeError('there')`)), { name: 'TypeError', message: 'there' });
});

test('an error whose fields cannot be read is reported without them', () => {
  const trap = {
    get(): never {
      throw new Error('getter');
    },
  };
  const error = Object.defineProperties(new Error('x'), { name: trap, message: trap, code: trap });
  assert.deepEqual(eventError(error), { name: 'Error', message: 'Error' });
});

test('whatever is thrown becomes strings', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withSparseArray: true }), fc.anything(), (thrown, field) => {
      for (const value of [thrown, Object.assign(new Error('x'), { name: thrown, message: field, code: thrown })]) {
        const { name, message, code } = eventError(value);
        assert.equal(typeof name, 'string');
        assert.equal(typeof message, 'string');
        assert.ok(code === undefined || typeof code === 'string');
      }
    }),
  );
});
