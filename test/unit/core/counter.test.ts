import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounter } from '../../../src/core/counter.ts';
import { InvalidOptionError } from '../../../src/core/errors.ts';

test('a counter hands on what is added, 1 where nothing is said', () => {
  const written: [string, number][] = [];
  const { add } = createCounter('rows', (...all) => written.push(all));
  add();
  add(0);
  add(2.5);
  assert.deepEqual(written, [
    ['rows', 1],
    ['rows', 0],
    ['rows', 2.5],
  ]);
});

for (const [amount, shown] of [
  [-4, '-4'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  ['3', "'3'"],
  [null, 'null'],
  [3n, '3n'],
] as const) {
  test(`a counter refuses ${shown} and hands nothing on`, () => {
    const { add } = createCounter('rows', () => assert.fail('written'));
    const message = `ctx.counter('rows').add takes a finite number >= 0, got ${shown}`;
    assert.throws(() => add(amount as number), new InvalidOptionError(message));
  });
}
