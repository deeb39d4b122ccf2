import assert from 'node:assert/strict';
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../../src/core/clock.ts';

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

test('now is monotonic and has fractions', () => {
  const times = Array.from({ length: 1_000 }, () => systemClock.now());
  assert.ok(times.every((time, i) => i === 0 || time >= (times[i - 1] as number)));
  assert.ok(times.some((time) => !Number.isInteger(time)));
});

test('now of a thread lies between two readings of the main thread', async (t) => {
  // performance.now() of the thread counts from its own start; let the two origins differ visibly.
  await sleep(50);
  const worker = new Worker(new URL('../../support/clock-worker.ts', import.meta.url), {
    execArgv: ['--import', new URL('../../support/register-tsx.mjs', import.meta.url).href],
  });
  t.after(() => worker.terminate());
  for (let round = 0; round < 20; round++) {
    const before = systemClock.now();
    worker.postMessage('now');
    const [there] = (await once(worker, 'message')) as [number];
    const after = systemClock.now();
    assert.ok(there >= before - 5 && there <= after + 5, `${before} <= ${there} <= ${after}`);
  }
});

test('wallNow is the time of the calendar', () => {
  const before = Date.now();
  const now = systemClock.wallNow();
  assert.ok(now >= before && now <= Date.now());
});

test('a timer fires once, after its delay', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let fired = 0;
  systemClock.setTimer(() => fired++, 100);
  t.mock.timers.tick(99);
  assert.equal(fired, 0);
  t.mock.timers.tick(1);
  assert.equal(fired, 1);
  t.mock.timers.tick(1_000);
  assert.equal(fired, 1);
});

test('a cancelled timer does not fire', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let fired = 0;
  const timer = systemClock.setTimer(() => fired++, 100);
  t.mock.timers.tick(50);
  timer.cancel();
  timer.cancel();
  t.mock.timers.tick(100);
  assert.equal(fired, 0);
});

test('a delay that setTimeout cannot hold is split', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let fired = 0;
  systemClock.setTimer(() => fired++, 2 * MAX_TIMEOUT_MS + 10);
  t.mock.timers.tick(MAX_TIMEOUT_MS);
  t.mock.timers.tick(MAX_TIMEOUT_MS);
  t.mock.timers.tick(9);
  assert.equal(fired, 0);
  t.mock.timers.tick(1);
  assert.equal(fired, 1);
});

test('a split timer can be cancelled in its second part', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let fired = 0;
  const timer = systemClock.setTimer(() => fired++, MAX_TIMEOUT_MS + 10);
  t.mock.timers.tick(MAX_TIMEOUT_MS + 5);
  timer.cancel();
  t.mock.timers.tick(100);
  assert.equal(fired, 0);
});

test('no part of a split delay exceeds what setTimeout can hold, and unref lasts over all parts', (t) => {
  const armed: { delayMs: number; fire: () => void; referenced: boolean }[] = [];
  t.mock.method(globalThis, 'setTimeout', (fire: () => void, delayMs: number) => {
    const part = { delayMs, fire, referenced: true, unref: () => (part.referenced = false) };
    armed.push(part);
    return part;
  });
  let fired = 0;
  const timer = systemClock.setTimer(() => fired++, 2 * MAX_TIMEOUT_MS + 10);
  timer.unref();
  armed[0]?.fire();
  armed[1]?.fire();
  assert.equal(fired, 0);
  armed[2]?.fire();
  assert.equal(fired, 1);
  assert.deepEqual(
    armed.map((part) => part.delayMs),
    [MAX_TIMEOUT_MS, MAX_TIMEOUT_MS, 10],
  );
  assert.deepEqual(
    armed.map((part) => part.referenced),
    [false, false, false],
  );
});

test('a timer that is not unreferenced stays referenced over its parts', (t) => {
  const armed: { fire: () => void; referenced: boolean }[] = [];
  t.mock.method(globalThis, 'setTimeout', (fire: () => void) => {
    const part = { fire, referenced: true, unref: () => (part.referenced = false) };
    armed.push(part);
    return part;
  });
  systemClock.setTimer(() => undefined, MAX_TIMEOUT_MS + 10);
  armed[0]?.fire();
  assert.deepEqual(
    armed.map((part) => part.referenced),
    [true, true],
  );
});

test('a timer of less than a millisecond comes in the next turn, also when nothing else would wake the loop', async () => {
  const order: string[] = [];
  // From here on the loop has nothing to do.
  await sleep(20);
  // What wakes the loop else: its callback comes before those of the turn that it begins.
  const other = new Promise<void>((resolve) => {
    pbkdf2('a', 'b', 100_000, 64, 'sha512', () => {
      order.push('something else');
      resolve();
    });
  });
  systemClock.setTimer(() => order.push('the timer'), 0.3).unref();
  await other;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(order, ['the timer', 'something else']);
});

test('a timer of less than a millisecond can be disarmed', async () => {
  let fired = 0;
  systemClock.setTimer(() => (fired += 1), 0.3).cancel();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(fired, 0);
});
