import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { types } from 'node:util';
import vm from 'node:vm';
import * as fc from 'fast-check';
import { decodeError, encodeError, type WireError } from '../../../src/core/error-codec.ts';
import * as errors from '../../../src/core/errors.ts';
import type { RunReport } from '../../../src/core/report.ts';
import { decideRetry, isRetryable, retry } from '../../../src/core/retry.ts';
import { RunFailedError } from '../../../src/core/run-errors.ts';

type Thrown = Error & Record<string, unknown>;

/** What arrives on the other side. */
function cross(thrown: unknown): unknown {
  return decodeError(structuredClone(encodeError(thrown)));
}

function crossError(thrown: unknown): Thrown {
  const arrived = cross(thrown);
  assert.ok(arrived instanceof Error);
  return arrived as Thrown;
}

function propsOf(error: Error): object {
  return Object.fromEntries(Object.entries(error));
}

const throwing = {
  enumerable: true,
  configurable: true,
  get(): never {
    throw new Error('getter');
  },
};

test('an error keeps name, message, stack and class, and is a native error', () => {
  for (const error of [
    new Error('a'),
    new TypeError('b'),
    new RangeError('c'),
    new SyntaxError('d'),
    new ReferenceError('e'),
    new URIError('f'),
    new EvalError('g'),
  ]) {
    const arrived = crossError(error);
    assert.equal(Object.getPrototypeOf(arrived), Object.getPrototypeOf(error));
    assert.deepEqual([arrived.name, arrived.message, arrived.stack], [error.name, error.message, error.stack]);
    assert.ok(types.isNativeError(arrived));
    assert.deepEqual(Object.keys(arrived), []);
    assert.ok(!('cause' in arrived));
  }
});

test('a subclass that the other side does not know arrives as its nearest known ancestor', () => {
  class TooFar extends RangeError {
    override name = 'TooFar';
    limit = 7;
  }
  class MuchTooFar extends TooFar {}
  const arrived = crossError(new MuchTooFar('over the edge'));
  assert.equal(Object.getPrototypeOf(arrived), RangeError.prototype);
  assert.deepEqual([arrived.name, arrived.message, arrived['limit']], ['TooFar', 'over the edge', 7]);
});

test("a user's own class with the name of a known one is not taken for it", () => {
  const shadowed = [
    class TypeError extends Error {},
    class ReferenceError extends Error {},
    class AggregateError extends Error {},
    class NonRetryableError extends Error {},
    class CanoError extends Error {},
  ];
  for (const Own of shadowed) {
    const arrived = crossError(new Own('mine'));
    assert.equal(Object.getPrototypeOf(arrived), Error.prototype, Own.name);
    assert.ok(isRetryable(arrived));
  }
});

const where = { workflow: 'orders', runId: 'r', state: 'Process', attempt: 2 };
const ofCano: readonly errors.CanoError[] = [
  new errors.CanoError('CANO_USAGE', 'text', { where }),
  new errors.InvalidOptionError('text', { where }),
  new errors.InvalidWorkflowError('orders', ['no exit', 'no node']),
  new errors.UndeclaredOutcomeError('sign', 'x', ['Done']),
  new errors.MissingKeyError('raw', ['a']),
  new errors.NotAListError('raw', 1),
  new errors.StoreClosedError('put'),
  new errors.DuplicateExecError('a.ts#x'),
  new errors.NotCloneableError('text', '.items[3].cb', { where }),
  new errors.LoadFailedError('text', { where }),
  new errors.SetupFailedError('text', { where }),
  new errors.AttemptTimeoutError('exec', 50, 'hard', { where }),
  new errors.StoppedError('text', { where }),
  new errors.ThreadDiedError('text', 'out_of_memory', { where }),
  new errors.ServiceError('text', { where }),
  new errors.WrongThreadError('text'),
  new errors.EngineClosedError('text'),
  new errors.NonRetryableError('text', { where }),
  new errors.RetryAfterError('text', 250, { where }),
];

for (const error of ofCano) {
  test(`${error.name} arrives as itself, with all its fields and the same verdict on retrying`, () => {
    const arrived = crossError(error);
    assert.equal(Object.getPrototypeOf(arrived), Object.getPrototypeOf(error));
    const own = (from: Error): object => ({ ...propsOf(from), name: from.name, message: from.message });
    assert.deepEqual(own(arrived), own(error));
    assert.equal(isRetryable(arrived), isRetryable(error));
    const rule = { policy: retry.fixed({ retries: 1, delay: 7 }) };
    assert.equal(
      decideRetry(rule, arrived, 1, 0, Math.random).retry,
      decideRetry(rule, error, 1, 0, Math.random).retry,
    );
  });
}

test('InvalidWorkflowError keeps hundreds of problems', () => {
  const problems = Array.from({ length: 500 }, (_, i) => `state 'S${i}' is not reachable`);
  assert.deepEqual(crossError(new errors.InvalidWorkflowError('orders', problems))['problems'], problems);
});

test('subclasses of NonRetryableError and RetryAfterError keep their meaning', () => {
  class BadRow extends errors.NonRetryableError {
    row = 12;
  }
  class Throttled extends errors.RetryAfterError {
    limit = 'per minute';
  }
  const badRow = crossError(new BadRow('x'));
  assert.ok(badRow instanceof errors.NonRetryableError);
  assert.deepEqual([badRow.name, badRow['row'], isRetryable(badRow)], ['BadRow', 12, false]);
  const ownCode = crossError(Object.assign(new BadRow('x'), { code: 'E_ROW' }));
  assert.deepEqual([ownCode['code'], isRetryable(ownCode)], ['E_ROW', false]);
  const throttled = crossError(new Throttled('x', 45_000));
  assert.ok(throttled instanceof errors.RetryAfterError);
  assert.deepEqual([throttled.name, throttled.delayMs, throttled['limit']], ['Throttled', 45_000, 'per minute']);
  const policy = retry.fixed({ retries: 1, delay: 1 });
  assert.deepEqual(decideRetry({ policy }, throttled, 1, 0, Math.random), { retry: true, delayMs: 45_000 });
});

test('an error of another copy of cano arrives as the class of this one', async () => {
  const copy = (await import(String(new URL('../../../src/core/errors.ts?copy', import.meta.url)))) as typeof errors;
  assert.notEqual(copy.RetryAfterError, errors.RetryAfterError);
  class Throttled extends copy.RetryAfterError {}
  assert.ok(crossError(new Throttled('x', 5)) instanceof errors.RetryAfterError);
  assert.ok(crossError(new copy.NonRetryableError('x')) instanceof errors.NonRetryableError);
});

test('an error of the main thread only arrives as a CanoError with its code, without its report', () => {
  const report = { runId: 'r', workflow: 'w', version: 1, status: 'failed', nodes: [{ state: 'A', visits: 1 }] };
  const error = new RunFailedError('text', where, report as unknown as RunReport, new RangeError('inner'));
  const arrived = crossError(error);
  assert.equal(Object.getPrototypeOf(arrived), errors.CanoError.prototype);
  assert.deepEqual([arrived.name, arrived['code'], arrived['runId']], ['RunFailedError', 'CANO_RUN_FAILED', 'r']);
  assert.equal(arrived['report'], undefined);
  assert.ok(arrived.cause instanceof RangeError);
});

test('errors of another realm keep name, message and class', () => {
  const foreign = vm.runInNewContext(
    `Object.assign(new ReferenceError('there'), { code: 'E', data: { a: [1] } })`,
  ) as unknown;
  assert.ok(!(foreign instanceof Error));
  const arrived = crossError(foreign);
  assert.equal(Object.getPrototypeOf(arrived), ReferenceError.prototype);
  assert.deepEqual([arrived.name, arrived.message, arrived['code']], ['ReferenceError', 'there', 'E']);
  assert.deepEqual(arrived['data'], { a: [1] });
  assert.equal(isRetryable(arrived), false);
  const own = crossError(vm.runInNewContext(`class TypeError extends Error {}; new TypeError('mine')`));
  assert.equal(Object.getPrototypeOf(own), Error.prototype);
});

test('a DOMException arrives as an Error with its name', () => {
  const arrived = crossError(new DOMException('stopped', 'AbortError'));
  assert.equal(Object.getPrototypeOf(arrived), Error.prototype);
  assert.deepEqual([arrived.name, arrived.message], ['AbortError', 'stopped']);
  assert.equal(crossError(AbortSignal.abort().reason).name, 'AbortError');
});

test('cause is kept: an error, a value, undefined, or none', () => {
  const chain = crossError(new Error('a', { cause: new TypeError('b', { cause: 'c' }) }));
  assert.ok(chain.cause instanceof TypeError);
  assert.equal(chain.cause.cause, 'c');
  assert.ok(!Object.keys(chain).includes('cause'));
  assert.ok('cause' in crossError(new Error('a', { cause: undefined })));
  assert.ok(!('cause' in crossError(new Error('a'))));
});

test('causes are kept five deep', () => {
  let error = new Error('0');
  for (let i = 1; i < 20; i++) error = new Error(`${i}`, { cause: error });
  const messages: string[] = [];
  for (let at: unknown = cross(error); at instanceof Error; at = at.cause) messages.push(at.message);
  assert.deepEqual(messages, ['19', '18', '17', '16', '15', '14']);
});

test('cyclic causes end at the cycle', () => {
  const self = new Error('self');
  self.cause = self;
  assert.equal(crossError(self).cause, '[Circular]');
  const first = new Error('first');
  first.cause = new Error('second', { cause: first });
  const { cause } = crossError(first) as { cause?: Error };
  assert.deepEqual([cause?.message, cause?.cause], ['second', '[Circular]']);
});

test('one error in two places is no cycle', () => {
  const shared = new Error('shared');
  const arrived = crossError(
    new AggregateError([shared, shared], 'many', { cause: shared }),
  ) as unknown as AggregateError;
  assert.deepEqual(
    [arrived.cause, ...arrived.errors].map((error) => (error as Error).message),
    ['shared', 'shared', 'shared'],
  );
});

test('AggregateError keeps its errors, nested ones too, and non-errors among them', () => {
  const arrived = crossError(
    new AggregateError([new AggregateError([new errors.RetryAfterError('x', 9)], 'inner'), 'text', null], 'outer'),
  );
  assert.ok(arrived instanceof AggregateError);
  assert.equal(arrived.message, 'outer');
  assert.deepEqual(arrived.errors.slice(1), ['text', null]);
  const inner: unknown = arrived.errors[0];
  assert.ok(inner instanceof AggregateError && inner.errors[0] instanceof errors.RetryAfterError);
  assert.equal(inner.errors[0].delayMs, 9);
  assert.deepEqual(Object.keys(arrived), []);
  class Many extends AggregateError {}
  assert.equal((crossError(new Many([1, 2])) as unknown as AggregateError).errors.length, 2);
});

test('of very many errors the first hundred are kept, the outermost counted', () => {
  const many = new AggregateError(
    Array.from({ length: 5_000 }, (_, i) => new Error(`${i}`, { cause: new Error('c') })),
  );
  const { errors: kept } = crossError(many) as unknown as AggregateError;
  assert.equal(kept.length, 50);
  assert.equal((kept[49] as Error).message, '49');
  const values = crossError(
    new AggregateError(Array.from({ length: 5_000 }, (_, i) => i)),
  ) as unknown as AggregateError;
  assert.equal(values.errors.length, 100);
});

test('a knot of aggregates is encoded in no time', () => {
  const aggregates = Array.from({ length: 100 }, () => new AggregateError([]));
  for (const aggregate of aggregates) aggregate.errors.push(...aggregates);
  let count = 0;
  const walk = (wire: WireError): void => {
    count += 1;
    if (wire.kind === 'error') for (const inner of wire.errors ?? []) walk(inner);
  };
  walk(encodeError(aggregates[0]));
  assert.ok(count < 1_000, `${count}`);
});

test('errors that is no list, or cannot be read, becomes an empty list', () => {
  for (const value of [undefined, 'text', { length: 3 }]) {
    const error = Object.assign(new AggregateError([1]), { errors: value });
    assert.deepEqual((crossError(error) as unknown as AggregateError).errors, []);
  }
  const unreadable = Object.defineProperty(new AggregateError([1]), 'errors', {
    value: Object.defineProperty([1, 2], 0, throwing),
  });
  assert.deepEqual((crossError(unreadable) as unknown as AggregateError).errors, []);
});

test('an aggregate below the depth that is kept has an empty list, not none', () => {
  let error: Error = new AggregateError([1], 'deepest');
  for (let i = 0; i < 5; i++) error = new Error('around', { cause: error });
  let at: unknown = cross(error);
  while (at instanceof Error && !(at instanceof AggregateError)) at = at.cause;
  assert.ok(at instanceof AggregateError);
  assert.deepEqual(at.errors, []);
});

test('plain errors keep a property named errors', () => {
  assert.deepEqual(crossError(Object.assign(new Error('x'), { errors: ['name is missing'] }))['errors'], [
    'name is missing',
  ]);
});

test('plain properties are kept, all others left out', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const error = Object.assign(new Error('x'), {
    code: 'ENOENT',
    errno: -2,
    big: 12n,
    flag: false,
    nothing: null,
    unset: undefined,
    nested: { list: [1, [2, { a: 'b' }]], bare: Object.assign(Object.create(null) as object, { k: 1 }) },
    fn: () => undefined,
    withFn: { a: 1, fn: () => undefined },
    symbol: Symbol('s'),
    listWithSymbol: [1, Symbol('s')],
    socket: new Socket(),
    map: new Map(),
    buffer: Buffer.from('abc'),
    promise: Promise.resolve(),
    cyclic,
    deep: { a: { b: { c: { d: { e: {} } } } } },
  });
  Object.defineProperty(error, 'getter', throwing);
  Object.defineProperty(error, 'hidden', { value: 1, enumerable: false });
  const arrived = crossError(error);
  assert.deepEqual(propsOf(arrived), {
    code: 'ENOENT',
    errno: -2,
    big: 12n,
    flag: false,
    nothing: null,
    unset: undefined,
    nested: { list: [1, [2, { a: 'b' }]], bare: { k: 1 } },
  });
});

test('an array with holes, a getter or an endless length does no harm', () => {
  const error = Object.assign(new Error('x'), {
    holes: [1, , 3], // eslint-disable-line no-sparse-arrays
    getter: Object.defineProperty([1, 2], 1, throwing),
    endless: Array.from({ length: 0 }),
    after: 'kept',
  });
  error.endless.length = 2 ** 32 - 1;
  assert.deepEqual(propsOf(crossError(error)), { holes: [1, undefined, 3], after: 'kept' });
});

test('what is large is left out, what comes after it is kept', () => {
  const matrix = Array.from({ length: 100 }, () => Array.from({ length: 1_000 }, () => 0));
  const body = 'x'.repeat(100_000);
  const shared = Array.from({ length: 50 }, () => 0);
  const fan = [shared, shared, shared].map((part) => Array.from({ length: 500 }, () => part));
  const arrived = crossError(Object.assign(new Error('x'), { matrix, body, fan, status: 500 }));
  assert.deepEqual(propsOf(arrived), { status: 500 });
});

test('props are copies: what changes after the encoding is not sent', () => {
  const data: Record<string, unknown> = { a: 1 };
  const wire = encodeError(Object.assign(new Error('x'), { data }));
  data['a'] = () => undefined;
  assert.deepEqual((decodeError(structuredClone(wire)) as Thrown)['data'], { a: 1 });
});

test('keys such as __proto__ are data', () => {
  const error = new Error('x');
  Object.defineProperty(error, '__proto__', { value: { polluted: true }, enumerable: true });
  Object.assign(error, { constructor: 'c', data: JSON.parse('{"__proto__":{"polluted":true}}') as unknown });
  const arrived = crossError(error);
  assert.equal(Object.getPrototypeOf(arrived), Error.prototype);
  assert.deepEqual(Object.keys(arrived).toSorted(), ['__proto__', 'constructor', 'data']);
  assert.deepEqual(Object.keys(arrived['data'] as object), ['__proto__']);
  assert.equal((arrived['data'] as Record<string, unknown>)['polluted'], undefined);
});

test('a frozen error crosses', () => {
  const arrived = crossError(Object.freeze(Object.assign(new TypeError('cold'), { code: 'E' })));
  assert.deepEqual([arrived.name, arrived.message, arrived['code']], ['TypeError', 'cold', 'E']);
  assert.ok(!Object.isFrozen(arrived));
});

test('fields that throw or have another type are replaced', () => {
  const error = new RangeError('x', { cause: 1 });
  // The stack first: replacing it formats the old one, with name and message.
  for (const key of ['stack', 'name', 'message', 'cause']) Object.defineProperty(error, key, throwing);
  const arrived = crossError(error);
  assert.deepEqual([arrived.name, arrived.message, arrived.stack, arrived.cause], ['Error', '', 'Error: ', undefined]);
  assert.ok(arrived instanceof RangeError);

  for (const name of [42, Symbol('s'), {}, Object.create(null), null, undefined]) {
    const odd = crossError(Object.assign(new Error('x'), { stack: name, name, message: name }));
    assert.equal(odd.name, 'Error');
    assert.equal(odd.message, name === null || name === undefined ? '' : errors.describeValue(name));
    assert.equal(odd.stack, `Error: ${odd.message}`);
  }
});

test('a class hierarchy that cannot be read is an Error', () => {
  const base = Object.create(Error.prototype) as object;
  Object.defineProperty(base, 'constructor', throwing);
  const error = new Error('x');
  Object.setPrototypeOf(error, base);
  assert.equal(Object.getPrototypeOf(crossError(error)), Error.prototype);

  let asked = 0;
  const fickle = new Proxy(new Error('x'), {
    // The first question comes from instanceof.
    getPrototypeOf(target) {
      asked += 1;
      if (asked > 1) throw new Error('trap');
      return Object.getPrototypeOf(target) as object;
    },
    has() {
      throw new Error('trap');
    },
    ownKeys() {
      throw new Error('trap');
    },
  });
  assert.equal(crossError(fickle).message, 'x');

  const bare = new Error('x');
  Object.setPrototypeOf(bare, Object.create(null) as object);
  assert.equal(crossError(bare).message, 'x');
});

test('other thrown values arrive as they are when they are plain data', () => {
  for (const value of ['text', 12, Number.NaN, -0, 5n, true, null, undefined, { code: 1, list: [1, { a: 2 }] }, []]) {
    assert.deepEqual(cross(value), value);
  }
});

test('other thrown values arrive as their description when they are not', () => {
  function handler(): void {}
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const described: readonly [unknown, string][] = [
    [Symbol('s'), 'a symbol'],
    [handler, 'the function handler'],
    [new Map(), 'an instance of Map'],
    [{ cb: handler }, 'an object'],
    [new Socket(), 'an instance of Socket'],
    ['x'.repeat(100_000), `'${'x'.repeat(77)}...'`],
    [revoked.proxy, 'a value that cannot be read'],
  ];
  for (const [value, text] of described) assert.equal(cross(value), text);
});

test('an error without a stack gets one line', () => {
  const error = new TypeError('x');
  delete error.stack;
  assert.equal(crossError(error).stack, 'TypeError: x');
});

test('decoding leaves the stack traces of other errors as they were', (t) => {
  const limit = Error.stackTraceLimit;
  t.after(() => (Error.stackTraceLimit = limit));
  Error.stackTraceLimit = 7;
  cross(new AggregateError([new AggregateError([new Error('x')])]));
  assert.equal(Error.stackTraceLimit, 7);
});

test('a property named toString does not get in the way', () => {
  assert.equal(crossError(Object.assign(new Error('x'), { toString: 'text' }))['toString'], 'text');
});

test('a base that this side does not know becomes Error', () => {
  const arrived = decodeError({ kind: 'error', base: 'NewerError', name: 'NewerError', message: 'x' });
  assert.equal(Object.getPrototypeOf(arrived), Error.prototype);
  assert.equal((arrived as Error).name, 'NewerError');
});

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  withObjectString: true,
});

test('whatever is thrown encodes, clones and decodes', () => {
  fc.assert(
    fc.property(anything, (thrown) => {
      const wire = encodeError(thrown);
      assert.equal(wire.kind, 'value');
      decodeError(structuredClone(wire));
    }),
  );
});

test('an error with anything as fields, cause, errors and properties encodes, clones and decodes', () => {
  fc.assert(
    fc.property(
      anything,
      anything,
      fc.array(anything),
      fc.dictionary(fc.string(), anything),
      (field, cause, list, props) => {
        const error = new AggregateError(list, 'x', { cause });
        for (const [key, value] of Object.entries(props)) {
          Object.defineProperty(error, key, { value, enumerable: true, configurable: true, writable: true });
        }
        for (const key of ['stack', 'name', 'message']) Object.defineProperty(error, key, { value: field });
        const arrived = crossError(error);
        assert.ok(arrived instanceof AggregateError);
        assert.equal(typeof arrived.name, 'string');
        assert.equal(typeof arrived.message, 'string');
        assert.equal(typeof arrived.stack, 'string');
      },
    ),
  );
});

test('JSON data survives as property, cause and thrown value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (data) => {
      const arrived = crossError(Object.assign(new Error('x', { cause: data }), { data }));
      const plain = JSON.parse(JSON.stringify(data)) as unknown;
      assert.deepEqual(JSON.parse(JSON.stringify([arrived['data'], arrived.cause, cross(data)])), [
        plain,
        plain,
        plain,
      ]);
    }),
  );
});
