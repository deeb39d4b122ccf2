/** What is tried again, how often, and after what wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NonRetryableError, retry, RetryAfterError, RunFailedError } from '../../../src/index.ts';
import {
  inlineEngine,
  newStore,
  node,
  ofType,
  PHASES,
  rejection,
  startAndListen,
  watched,
  workflowOf,
} from './harness.ts';

const failures: readonly [name: string, make: () => unknown, tries: number][] = [
  ['an Error', () => new Error('x'), 3],
  ['a TypeError', () => new TypeError('fetch failed'), 3],
  ['a SyntaxError', () => new SyntaxError('Unexpected token'), 3],
  ['a string', () => 'thrown as it is', 3],
  ['undefined', () => undefined, 3],
  ['null', () => null, 3],
  ['a frozen error', () => Object.freeze(new Error('frozen')), 3],
  ['an error with a getter that throws', () => hostileError(), 3],
  ['a proxy that throws', () => new Proxy({}, { get: () => trap() }), 3],
  ['a ReferenceError', () => new ReferenceError('x is not defined'), 1],
  ['a NonRetryableError', () => new NonRetryableError('no'), 1],
  ['a missing key', () => thrownBy(() => newStore().get('n')), 1],
];

function trap(): never {
  throw new Error('a trap of the test');
}

function hostileError(): Error {
  const error = new Error('hidden');
  Object.defineProperty(error, 'message', { get: trap });
  Object.defineProperty(error, 'code', { get: trap });
  Object.defineProperty(error, 'name', { get: trap });
  return error;
}

function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return assert.fail();
}

for (const [name, make, tries] of failures) {
  for (const phase of PHASES) {
    test(`${name} thrown by ${phase} is tried ${tries === 1 ? 'once' : `${tries} times`}`, async () => {
      const { engine, clock } = inlineEngine();
      const thrown = make();
      const { calls, work } = watched(
        (at) => {
          if (at === phase) throw thrown as Error;
        },
        { retries: 2 },
      );
      const { run, events } = startAndListen(engine, workflowOf(work), newStore());
      const error = await rejection(clock.until(run.result), RunFailedError);
      assert.equal(calls.count[phase], tries);
      assert.equal(error.cause, thrown);
      assert.equal(error.where.attempt, tries);
      assert.match(
        error.message,
        new RegExp(`^workflow 'test' failed in state 'Work': ${phase} of node 'watched' failed`),
      );
      assert.equal(events.at(-1)?.type, 'run.finished');
    });
  }
}

test('a missing key names the key and is not retried', async () => {
  const { engine, clock } = inlineEngine();
  const work = node({ name: 'work', outcomes: ['Done'], prep: (s) => s.get('n'), exec: (n) => n });
  const error = await rejection(
    clock.until(engine.start(workflowOf(work), newStore({ log: [] })).result),
    RunFailedError,
  );
  assert.equal(
    error.message,
    "workflow 'test' failed in state 'Work': prep of node 'work' failed: the store has no key 'n' (it holds 'log'): " +
      "put it first, or use find('n')",
  );
});

test('RetryAfterError sets the delay of the next attempt only', async () => {
  const { engine, clock } = inlineEngine();
  const { calls, work } = watched(
    (phase, call) => {
      if (phase !== 'exec') return;
      if (call === 1) throw new RetryAfterError('busy', 12_345);
      if (call === 2) throw new Error('again');
    },
    { retries: 2, delay: '1s' },
  );
  const run = engine.start(workflowOf(work), newStore());
  await clock.flush();
  assert.deepEqual(clock.pending, [12_345]);
  assert.equal(run.status, 'waiting');
  await clock.advance(12_344);
  assert.equal(calls.count.exec, 1);
  await clock.advance(1);
  assert.equal(calls.count.exec, 2);
  assert.deepEqual(clock.pending, [1_000]);
  await clock.advance(1_000);
  const { report } = await run.result;
  assert.equal(report().nodes[0]?.backoffMs, 13_345);
});

test('fixed and exponential waits are armed as the policy says', async () => {
  const cases: readonly [ReturnType<typeof retry.none>, number[]][] = [
    [retry.none(), []],
    [retry.fixed({ retries: 0 }), []],
    [retry.fixed({ retries: 3, delay: 250 }), [250, 250, 250]],
    [
      retry.exponential({ retries: 5, baseDelay: 100, multiplier: 3, maxDelay: '2s', jitter: 0 }),
      [100, 300, 900, 2_000, 2_000],
    ],
  ];
  for (const [policy, expected] of cases) {
    const { engine, clock } = inlineEngine();
    const work = node({ name: 'work', outcomes: ['Done'], exec: trap, retry: policy });
    const { run, events } = startAndListen(engine, workflowOf(work), newStore());
    const waits: number[] = [];
    await clock.flush();
    for (let wait = clock.pending[0]; wait !== undefined; wait = clock.pending[0]) {
      waits.push(wait);
      await clock.advance(wait);
    }
    await rejection(run.result, RunFailedError);
    assert.deepEqual(waits, expected);
    assert.deepEqual(
      ofType(events, 'retry.scheduled').map(({ delayMs }) => delayMs),
      expected,
    );
  }
});

test('jitter comes from the random port: the same seed gives the same waits', async () => {
  const waitsOf = async (seed: number): Promise<number[]> => {
    const { engine, clock } = inlineEngine({}, seed);
    const work = node({ name: 'work', outcomes: ['Done'], exec: trap });
    const { run, events } = startAndListen(engine, workflowOf(work), newStore());
    await rejection(clock.until(run.result), RunFailedError);
    return ofType(events, 'retry.scheduled').map(({ delayMs }) => delayMs);
  };
  const first = await waitsOf(42);
  assert.equal(first.length, 3);
  assert.deepEqual(await waitsOf(42), first);
  assert.notDeepEqual(await waitsOf(43), first);
  for (const [i, delayMs] of first.entries()) assert.ok(Math.abs(delayMs / (100 * 2 ** i) - 1) <= 0.1);
});

test('retryIf decides in place of the rules, within the number of retries, and gets error and attempt', async () => {
  const asked: [unknown, number][] = [];
  const { engine, clock } = inlineEngine();
  const { calls, work } = watched(
    (phase, call) => {
      if (phase === 'exec') throw new NonRetryableError(`no ${call}`);
    },
    { retries: 5 },
    (error, attemptNumber) => {
      asked.push([(error as Error).message, attemptNumber]);
      return attemptNumber < 3;
    },
  );
  await rejection(clock.until(engine.start(workflowOf(work), newStore()).result), RunFailedError);
  assert.equal(calls.count.exec, 3);
  assert.deepEqual(asked, [
    ['no 1', 1],
    ['no 2', 2],
    ['no 3', 3],
  ]);
});

test('a retryIf that throws fails the visit with its own error', async () => {
  const { engine, clock } = inlineEngine();
  const { calls, work } = watched(
    () => {
      throw new Error('first');
    },
    { retries: 5 },
    () => trap(),
  );
  const error = await rejection(clock.until(engine.start(workflowOf(work), newStore()).result), RunFailedError);
  assert.match(error.message, /retryIf threw when it was asked about 'first': a trap of the test/);
  assert.deepEqual(calls.count, { prep: 1, exec: 0, post: 0 });
});
