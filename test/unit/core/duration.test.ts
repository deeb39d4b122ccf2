import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { toMs, type Duration } from '../../../src/core/duration.ts';
import { InvalidOptionError } from '../../../src/core/errors.ts';

test('milliseconds and all units are read', () => {
  assert.equal(toMs(0, 'timeout'), 0);
  assert.equal(toMs(1.5, 'timeout'), 1.5);
  assert.equal(toMs('500ms', 'timeout'), 500);
  assert.equal(toMs('30s', 'timeout'), 30_000);
  assert.equal(toMs('0.5s', 'timeout'), 500);
  assert.equal(toMs('5m', 'timeout'), 300_000);
  assert.equal(toMs('2h', 'timeout'), 7_200_000);
});

const bad: unknown[] = [
  -1,
  Number.NaN,
  Infinity,
  '',
  '5',
  's',
  '5 s',
  ' 5s',
  '5s ',
  '5S',
  '-5s',
  '+5s',
  '1e3ms',
  '.5s',
  '5.s',
  '1,5s',
  '5d',
  '5sec',
  'toString',
  '1constructor',
  `${'9'.repeat(400)}h`,
  null,
  undefined,
  true,
  5n,
  ['5s'],
  {},
  Symbol('s'),
];

for (const value of bad) {
  test(`${typeof value} ${String(value).slice(0, 20)} is an error, not 0`, () => {
    assert.throws(
      () => toMs(value as Duration, 'retry.fixed: delay'),
      (error) =>
        error instanceof InvalidOptionError &&
        error.code === 'CANO_INVALID_OPTION' &&
        error.message.startsWith('retry.fixed: delay must be'),
    );
  });
}

test('the message shows the value', () => {
  assert.throws(() => toMs('5 minutes' as Duration, 'timeout'), { message: /^timeout must be .* got '5 minutes'$/ });
});

test('any string is a finite duration >= 0 or an error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d*\.?\d*(ms|s|m|h)?$/)), (text) => {
      try {
        const ms = toMs(text as Duration, 'timeout');
        return Number.isFinite(ms) && ms >= 0 && /^\d/.test(text);
      } catch (error) {
        return error instanceof InvalidOptionError;
      }
    }),
  );
});

test('any number with a unit is that many units', () => {
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])), (n, unit) => {
      assert.equal(toMs(`${n}${unit}`, 'timeout'), n * units[unit]);
    }),
  );
});
