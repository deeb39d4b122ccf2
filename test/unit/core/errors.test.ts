import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import * as fc from 'fast-check';
import * as errors from '../../../src/core/errors.ts';

const cause = new Error('cause');
const where = { workflow: 'orders', state: 'Process', attempt: 2 };
const options = { cause, where };

const withOptions: readonly [errors.CanoError, string, string][] = [
  [new errors.CanoError('CANO_USAGE', 'text', options), 'CanoError', 'CANO_USAGE'],
  [new errors.InvalidOptionError('text', options), 'InvalidOptionError', 'CANO_INVALID_OPTION'],
  [new errors.NotCloneableError('text', '.a[1]', options), 'NotCloneableError', 'CANO_NOT_CLONEABLE'],
  [new errors.LoadFailedError('text', options), 'LoadFailedError', 'CANO_LOAD_FAILED'],
  [new errors.SetupFailedError('text', options), 'SetupFailedError', 'CANO_SETUP_FAILED'],
  [new errors.AttemptTimeoutError('exec', 10, 'soft', options), 'AttemptTimeoutError', 'CANO_TIMEOUT'],
  [new errors.StoppedError('text', options), 'StoppedError', 'CANO_STOPPED'],
  [new errors.ThreadDiedError('text', 'exit', options), 'ThreadDiedError', 'CANO_THREAD_DIED'],
  [new errors.ServiceError('text', options), 'ServiceError', 'CANO_SERVICE_FAILED'],
  [new errors.NonRetryableError('text', options), 'NonRetryableError', 'CANO_NON_RETRYABLE'],
  [new errors.RetryAfterError('text', 10, options), 'RetryAfterError', 'CANO_RETRY_AFTER'],
];

for (const [error, name, code] of withOptions) {
  test(`${name} has its name, code, cause and place`, () => {
    assert.ok(error instanceof errors.CanoError && error instanceof Error);
    assert.deepEqual({ name: error.name, code: error.code }, { name, code });
    assert.equal(error.cause, cause);
    assert.equal(error.where, where);
    assert.ok(errors.isCanoError(error));
  });
}

const withoutOptions: readonly [errors.CanoError, string, string][] = [
  [new errors.InvalidWorkflowError('orders', []), 'InvalidWorkflowError', 'CANO_INVALID_WORKFLOW'],
  [new errors.UndeclaredOutcomeError('sign', 'x', []), 'UndeclaredOutcomeError', 'CANO_UNDECLARED_OUTCOME'],
  [new errors.MissingKeyError('a', []), 'MissingKeyError', 'CANO_MISSING_KEY'],
  [new errors.NotAListError('a', 1), 'NotAListError', 'CANO_NOT_A_LIST'],
  [new errors.StoreClosedError('put'), 'StoreClosedError', 'CANO_STORE_CLOSED'],
  [new errors.ReadOnlyStoreError('put'), 'ReadOnlyStoreError', 'CANO_STORE_READ_ONLY'],
  [new errors.DuplicateExecError('file#x'), 'DuplicateExecError', 'CANO_DUPLICATE_EXEC'],
  [new errors.WrongThreadError('text'), 'WrongThreadError', 'CANO_WRONG_THREAD'],
  [new errors.EngineClosedError('text'), 'EngineClosedError', 'CANO_ENGINE_CLOSED'],
  [new errors.QueueFullError('e', 3), 'QueueFullError', 'CANO_QUEUE_FULL'],
];

for (const [error, name, code] of withoutOptions) {
  test(`${name} has its name and code, and no cause`, () => {
    assert.deepEqual({ name: error.name, code: error.code }, { name, code });
    assert.ok(!('cause' in error));
  });
}

test('every error class of the module is in these tests', () => {
  const tested = new Set([...withOptions, ...withoutOptions].map(([, name]) => name));
  const classes = Object.values(errors).filter(
    (value) => typeof value === 'function' && String(value).startsWith('class '),
  );
  assert.deepEqual(classes.map((value) => value.name).toSorted(), [...tested].toSorted());
});

test('without options there is no cause and no place; a cause of undefined is one', () => {
  assert.ok(!('cause' in new errors.NonRetryableError('text')));
  assert.deepEqual(new errors.NonRetryableError('text').where, {});
  assert.ok('cause' in new errors.NonRetryableError('text', { cause: undefined }));
});

test('a subclass has its own name and the code of its base', () => {
  class BadRow extends errors.NonRetryableError {}
  const error = new BadRow('row 7');
  assert.deepEqual([error.name, error.code, error.message], ['BadRow', 'CANO_NON_RETRYABLE', 'row 7']);
});

test('messages show the offending value and the remedy', () => {
  const messages: readonly [errors.CanoError, string][] = [
    [
      new errors.InvalidWorkflowError('orders', ['no exit', 'no node']),
      `workflow 'orders' is not valid:\n  - no exit\n  - no node`,
    ],
    [
      new errors.UndeclaredOutcomeError('sign', 'Dup', ['Done', 'Empty']),
      `post of node 'sign' returned 'Dup', which is not one of its outcomes (Done, Empty): add it to 'outcomes' or return one of them`,
    ],
    [
      new errors.MissingKeyError('raw', []),
      `the store has no key 'raw' (the store is empty): put it first, or use find('raw')`,
    ],
    [
      new errors.MissingKeyError('raw', ['a', 'b']),
      `the store has no key 'raw' (it holds 'a', 'b'): put it first, or use find('raw')`,
    ],
    [new errors.NotAListError('raw', 'abc'), `cannot append to store key 'raw': it holds 'abc', not an array`],
    [
      new errors.DuplicateExecError('a.ts#x'),
      `two execs are defined with the key 'a.ts#x': give one of them another name`,
    ],
    [
      new errors.AttemptTimeoutError('exec of sign', 50, 'soft'),
      'exec of sign ran longer than its timeout of 50 ms (it stopped when asked)',
    ],
    [
      new errors.AttemptTimeoutError('exec of sign', 50, 'hard'),
      'exec of sign ran longer than its timeout of 50 ms (it did not stop when asked and its thread was terminated)',
    ],
  ];
  for (const [error, message] of messages) assert.equal(error.message, message);
  assert.match(new errors.StoreClosedError('append').message, /^append came after .* await all work/);
});

test('MissingKeyError lists twenty keys and counts the others', () => {
  const keys = Array.from({ length: 10_000 }, (_, i) => `k${i}`);
  const { message } = new errors.MissingKeyError('raw', keys);
  assert.match(message, /it holds 'k0', .*, 'k19' and 9980 more\)/);
  assert.doesNotMatch(new errors.MissingKeyError('raw', keys.slice(0, 20)).message, /more/);
});

test('errors keep what they are about in fields', () => {
  assert.deepEqual(new errors.InvalidWorkflowError('orders', ['p']).problems, ['p']);
  assert.deepEqual(new errors.InvalidWorkflowError('orders', ['p']).where, { workflow: 'orders' });
  assert.deepEqual(new errors.UndeclaredOutcomeError('sign', 1, []).where, { node: 'sign' });
  assert.equal(new errors.MissingKeyError('raw', []).key, 'raw');
  assert.equal(new errors.NotAListError('raw', 1).key, 'raw');
  assert.equal(new errors.NotCloneableError('text', '.a').path, '.a');
  const timeout = new errors.AttemptTimeoutError('exec', 50, 'hard');
  assert.deepEqual([timeout.timeoutMs, timeout.rung], [50, 'hard']);
  assert.equal(new errors.ThreadDiedError('text', 'out_of_memory').reason, 'out_of_memory');
  assert.equal(new errors.RetryAfterError('text', 250).delayMs, 250);
});

for (const delayMs of [-1, Number.NaN, Infinity, '5s', undefined]) {
  test(`RetryAfterError refuses a delay of ${String(delayMs)}`, () => {
    assert.throws(() => new errors.RetryAfterError('text', delayMs as number), {
      code: 'CANO_INVALID_OPTION',
      message: `RetryAfterError: delayMs must be a number of milliseconds >= 0, got ${errors.describeValue(delayMs)}`,
    });
  });
}

test('isCanoError goes by the code, so that another copy of the package is known too', () => {
  assert.ok(errors.isCanoError(Object.assign(new Error('x'), { code: 'CANO_TIMEOUT' })));
  assert.ok(errors.isCanoError(vm.runInNewContext(`Object.assign(new Error('x'), { code: 'CANO_TIMEOUT' })`)));
  assert.ok(!errors.isCanoError(Object.assign(new Error('x'), { code: 'ENOENT' })));
  assert.ok(!errors.isCanoError(Object.assign(new Error('x'), { code: 7 })));
  assert.ok(!errors.isCanoError({ code: 'CANO_TIMEOUT' }));
  assert.ok(!errors.isCanoError(undefined));
});

const throwing = {
  get(): never {
    throw new Error('getter');
  },
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();

test('isError knows errors of all realms and nothing else, and never throws', () => {
  class Own extends RangeError {}
  for (const error of [new Error('x'), new Own('x'), new DOMException('x'), vm.runInNewContext(`new TypeError('x')`)]) {
    assert.ok(errors.isError(error));
  }
  for (const value of [undefined, null, 'Error', {}, { name: 'Error', message: 'x' }, () => undefined, revoked.proxy]) {
    assert.ok(!errors.isError(value));
  }
});

test('messageOf finds words for whatever was thrown', () => {
  assert.equal(errors.messageOf(new Error('boom')), 'boom');
  assert.equal(errors.messageOf(new RangeError('')), 'RangeError');
  assert.equal(errors.messageOf('boom'), `a thrown 'boom'`);
  assert.equal(errors.messageOf(undefined), 'a thrown undefined');
  assert.equal(errors.messageOf(Object.assign(new Error('x'), { message: 12 })), '12');
  assert.equal(errors.messageOf(Object.assign(new Error('x'), { message: undefined })), 'Error');
  assert.equal(errors.messageOf(Object.defineProperty(new Error('x'), 'message', throwing)), 'Error');
  assert.equal(errors.messageOf(Object.assign(new Error(''), { name: 12 })), 'Error');
  assert.equal(errors.messageOf(vm.runInNewContext(`new Error('there')`)), 'there');
});

test('describeValue is short and says what it is', () => {
  class Row {
    id = 1;
  }
  const described: readonly [unknown, string][] = [
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [1.5, '1.5'],
    [Number.NaN, 'NaN'],
    [12n, '12n'],
    ['abc', `'abc'`],
    ['x'.repeat(80), `'${'x'.repeat(80)}'`],
    ['x'.repeat(81), `'${'x'.repeat(77)}...'`],
    [Symbol('s'), 'a symbol'],
    [() => undefined, 'a function'],
    [function named() {}, 'the function named'],
    [Row, 'the function Row'],
    [Object.defineProperty(() => undefined, 'name', { value: 5 }), 'a function'],
    [[1, 2], 'an array of 2'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [Object.create({ constructor: { name: '' } }), 'an object'],
    [Object.create({ constructor: { name: 5 } }), 'an object'],
    [new Row(), 'an instance of Row'],
    [new Map(), 'an instance of Map'],
    [Object.create(Object.defineProperty({}, 'constructor', throwing)), 'a value that cannot be read'],
    [revoked.proxy, 'a value that cannot be read'],
  ];
  for (const [value, text] of described) assert.equal(errors.describeValue(value), text);
});

test('describeValue gives a short text for any value', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true }), (value) => {
      const text = errors.describeValue(value);
      return text !== '' && text.length < 400;
    }),
  );
});
