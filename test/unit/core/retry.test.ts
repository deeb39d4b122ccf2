import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import * as errors from '../../../src/core/errors.ts';
import {
  DEFAULT_RETRY,
  decideRetry,
  delayOf,
  isRetryable,
  retriesOf,
  retry,
  type RetryPolicy,
} from '../../../src/core/retry.ts';

const never = (): number => assert.fail('random is not needed here');
const middle = (): number => 0.5;

test('policies are plain data with milliseconds', () => {
  assert.deepEqual(retry.none(), { kind: 'none' });
  assert.deepEqual(retry.fixed({ retries: 2 }), { kind: 'fixed', retries: 2, delayMs: 0 });
  assert.deepEqual(retry.fixed({ retries: 0, delay: '1s' }), { kind: 'fixed', retries: 0, delayMs: 1_000 });
  assert.deepEqual(retry.exponential({ retries: 5, baseDelay: '1s', multiplier: 3, maxDelay: '1m', jitter: 0 }), {
    kind: 'exponential',
    retries: 5,
    baseDelayMs: 1_000,
    multiplier: 3,
    maxDelayMs: 60_000,
    jitter: 0,
  });
});

test('the default is that of the seed', () => {
  assert.deepEqual(DEFAULT_RETRY, {
    kind: 'exponential',
    retries: 3,
    baseDelayMs: 100,
    multiplier: 2,
    maxDelayMs: 30_000,
    jitter: 0.1,
  });
  assert.deepEqual(retry.exponential(), DEFAULT_RETRY);
});

const refused: readonly [string, () => RetryPolicy, string][] = [
  ['negative retries', () => retry.fixed({ retries: -1 }), 'retry.fixed: retries must be an integer >= 0, got -1'],
  [
    'half a retry',
    () => retry.exponential({ retries: 1.5 }),
    'retry.exponential: retries must be an integer >= 0, got 1.5',
  ],
  [
    'infinite retries',
    () => retry.fixed({ retries: Infinity }),
    'retry.fixed: retries must be an integer >= 0, got Infinity',
  ],
  [
    'retries as text',
    () => retry.fixed({ retries: '3' as unknown as number }),
    `retry.fixed: retries must be an integer >= 0, got '3'`,
  ],
  [
    'a shrinking multiplier',
    () => retry.exponential({ multiplier: 0.5 }),
    'retry.exponential: multiplier must be a number from 1 to 9007199254740991, got 0.5',
  ],
  [
    'an infinite multiplier',
    () => retry.exponential({ multiplier: Infinity }),
    'retry.exponential: multiplier must be a number from 1 to 9007199254740991, got Infinity',
  ],
  [
    'jitter over 1',
    () => retry.exponential({ jitter: 1.1 }),
    'retry.exponential: jitter must be a number from 0 to 1, got 1.1',
  ],
  [
    'negative jitter',
    () => retry.exponential({ jitter: -0.1 }),
    'retry.exponential: jitter must be a number from 0 to 1, got -0.1',
  ],
  [
    'jitter NaN',
    () => retry.exponential({ jitter: Number.NaN }),
    'retry.exponential: jitter must be a number from 0 to 1, got NaN',
  ],
  [
    'jitter as text',
    () => retry.exponential({ jitter: '0.5' as unknown as number }),
    `retry.exponential: jitter must be a number from 0 to 1, got '0.5'`,
  ],
];

for (const [what, make, message] of refused) {
  test(`${what} is refused`, () => assert.throws(make, { code: 'CANO_INVALID_OPTION', message }));
}

test('durations that are none are refused, with the name of the option', () => {
  assert.throws(() => retry.fixed({ retries: 1, delay: '1 day' as '1s' }), { message: /^retry.fixed: delay must be/ });
  assert.throws(() => retry.exponential({ baseDelay: -1 }), { message: /^retry.exponential: baseDelay must be/ });
  assert.throws(() => retry.exponential({ maxDelay: Infinity }), { message: /^retry.exponential: maxDelay must be/ });
});

test('retriesOf counts the tries after the first', () => {
  assert.equal(retriesOf(retry.none()), 0);
  assert.equal(retriesOf(retry.fixed({ retries: 4 })), 4);
  assert.equal(retriesOf(retry.exponential({ retries: 5 })), 5);
});

test('delays: none, fixed, growing up to the cap', () => {
  assert.equal(delayOf(retry.none(), 1, never), 0);
  assert.equal(delayOf(retry.fixed({ retries: 3, delay: 70 }), 3, never), 70);
  const policy = retry.exponential({ baseDelay: 100, multiplier: 2, maxDelay: 1_000, jitter: 0 });
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map((n) => delayOf(policy, n, middle)),
    [100, 200, 400, 800, 1_000, 1_000],
  );
});

test('jitter spreads a delay to both sides, and not beyond the cap', () => {
  const policy = retry.exponential({ baseDelay: 100, maxDelay: 220, jitter: 0.5 });
  assert.equal(
    delayOf(policy, 1, () => 0),
    50,
  );
  assert.equal(
    delayOf(policy, 1, () => 0.5),
    100,
  );
  assert.equal(
    delayOf(policy, 1, () => 0.75),
    125,
  );
  assert.equal(
    delayOf(policy, 2, () => 0.75),
    220,
  );
  assert.equal(
    delayOf(policy, 9, () => 0),
    110,
  );
});

const exponential = fc
  .record({
    baseDelay: fc.double({ min: 0, max: 1e6, noNaN: true }),
    multiplier: fc.double({ min: 1, max: Number.MAX_SAFE_INTEGER, noNaN: true }),
    maxDelay: fc.double({ min: 0, max: 1e7, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    retries: fc.nat(50),
  })
  .map((options) => retry.exponential(options) as RetryPolicy & { kind: 'exponential' });
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a delay is a number from 0 to the cap, whatever the policy and the number of the retry', () => {
  fc.assert(
    fc.property(exponential, fc.integer({ min: 1, max: 5_000 }), chance, (policy, retryNumber, random) => {
      const delayMs = delayOf(policy, retryNumber, () => random);
      assert.ok(delayMs >= 0 && delayMs <= policy.maxDelayMs, `${delayMs}`);
    }),
    { examples: [[retry.exponential({ baseDelay: 0 }) as RetryPolicy & { kind: 'exponential' }, 2_000, 0.5]] },
  );
});

test('without jitter delays never shrink', () => {
  fc.assert(
    fc.property(exponential, fc.integer({ min: 1, max: 2_000 }), (policy, n) => {
      const steady = { ...policy, jitter: 0 };
      assert.ok(delayOf(steady, n, middle) <= delayOf(steady, n + 1, middle));
    }),
  );
});

test('with jitter a delay stays within its share', () => {
  fc.assert(
    fc.property(exponential, fc.integer({ min: 1, max: 20 }), chance, (policy, n, random) => {
      const steadyMs = delayOf({ ...policy, jitter: 0 }, n, middle);
      const delayMs = delayOf(policy, n, () => random);
      assert.ok(Math.abs(delayMs - steadyMs) <= steadyMs * policy.jitter * (1 + 1e-9) + 1e-9);
    }),
  );
});

test('the budget is never exceeded and, while the error is retryable, used up', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        exponential,
        fc.nat(50).map((retries) => retry.fixed({ retries })),
      ),
      chance,
      (policy, random) => {
        let used = 0;
        while (decideRetry({ policy }, new Error('again'), used + 1, used, () => random).retry) {
          used += 1;
          assert.ok(used <= retriesOf(policy));
        }
        assert.equal(used, retriesOf(policy));
      },
    ),
  );
});

const neverRetried: readonly unknown[] = [
  new errors.NonRetryableError('x'),
  new errors.NotCloneableError('x', ''),
  new errors.UndeclaredOutcomeError('n', 'x', []),
  new errors.MissingKeyError('k', []),
  new errors.NotAListError('k', 1),
  new errors.StoreClosedError('put'),
  new errors.LoadFailedError('x'),
  new errors.DuplicateExecError('k'),
  new errors.WrongThreadError('x'),
  new errors.InvalidOptionError('x'),
  new errors.InvalidWorkflowError('w', []),
  new errors.EngineClosedError('x'),
  new errors.StoppedError('x'),
  new ReferenceError('x'),
];
for (const error of neverRetried) {
  test(`${(error as Error).name} is not retried`, () => {
    assert.equal(isRetryable(error), false);
    assert.deepEqual(decideRetry({ policy: retry.fixed({ retries: 9 }) }, error, 1, 0, never), { retry: false, error });
  });
}

test('other errors and thrown values are retried', () => {
  const again = [
    new Error('x'),
    new TypeError('fetch failed'),
    new SyntaxError('JSON'),
    new errors.AttemptTimeoutError('exec', 1, 'hard'),
    new errors.ThreadDiedError('x', 'exit'),
    new errors.SetupFailedError('x'),
    new errors.ServiceError('x'),
    new errors.RetryAfterError('x', 1),
    'text',
    undefined,
    Object.defineProperty(new Error('x'), 'code', {
      get() {
        throw new Error('getter');
      },
    }),
  ];
  for (const error of again) assert.equal(isRetryable(error), true);
});

test('NonRetryableError counts by class and by code', () => {
  class OwnCode extends errors.NonRetryableError {}
  assert.equal(isRetryable(Object.assign(new OwnCode('x'), { code: 'E_ROW' })), false);
  assert.equal(isRetryable(Object.assign(new Error('another copy'), { code: 'CANO_NON_RETRYABLE' })), false);
});

test('retryIf replaces the judgement, not the budget', () => {
  const seen: unknown[] = [];
  const policy = retry.fixed({ retries: 2, delay: 5 });
  const final = new errors.NonRetryableError('x');
  const rule = { policy, retryIf: (error: unknown, attempt: number) => seen.push(error, attempt) > 0 };
  assert.deepEqual(decideRetry(rule, final, 7, 1, never), { retry: true, delayMs: 5 });
  assert.deepEqual(seen, [final, 7]);
  assert.deepEqual(decideRetry(rule, final, 8, 2, never), { retry: false, error: final });
  assert.equal(seen.length, 2);
  const unwanted = new Error('x');
  assert.deepEqual(decideRetry({ policy, retryIf: () => false }, unwanted, 1, 0, never), {
    retry: false,
    error: unwanted,
  });
});

test('the delay of a decision is that of the retry to come', () => {
  const policy = retry.exponential({ jitter: 0 });
  assert.deepEqual(decideRetry({ policy }, new Error('x'), 1, 0, middle), { retry: true, delayMs: 100 });
  assert.deepEqual(decideRetry({ policy }, new Error('x'), 3, 2, middle), { retry: true, delayMs: 400 });
});

test('RetryAfterError brings its own delay, also from a subclass and from another copy of the package', () => {
  class Throttled extends errors.RetryAfterError {}
  const policy = retry.exponential({ maxDelay: 100 });
  const copies = [
    new errors.RetryAfterError('x', 45_000),
    new Throttled('x', 45_000),
    Object.assign(new Throttled('x', 45_000), { code: 'E_OWN' }),
    Object.assign(new Error('another copy'), { code: 'CANO_RETRY_AFTER', delayMs: 45_000 }),
  ];
  for (const error of copies) {
    assert.deepEqual(decideRetry({ policy }, error, 1, 0, never), { retry: true, delayMs: 45_000 });
  }
  assert.deepEqual(decideRetry({ policy }, copies[0], 4, 3, never), { retry: false, error: copies[0] });
});

test('a RetryAfterError whose delay was spoilt falls back to the policy', () => {
  const policy = retry.fixed({ retries: 1, delay: 7 });
  for (const delayMs of [-1, Number.NaN, '5s', undefined]) {
    const error = Object.assign(new errors.RetryAfterError('x', 1), { delayMs });
    assert.deepEqual(decideRetry({ policy }, error, 1, 0, never), { retry: true, delayMs: 7 });
  }
});

test('a retryIf that throws ends the retries and says so', () => {
  const thrown = new TypeError('no such field');
  const rule = {
    policy: retry.fixed({ retries: 3 }),
    retryIf: () => {
      throw thrown;
    },
  };
  const decision = decideRetry(rule, new Error('first'), 1, 0, () => 0);
  assert.equal(decision.retry, false);
  const { error } = decision as { readonly error: Error };
  assert.equal(error.message, "retryIf threw when it was asked about 'first': no such field");
  assert.equal(error.cause, thrown);
});
