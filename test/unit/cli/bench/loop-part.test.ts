import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CapturedWork } from '../../../../src/cli/bench/captured.ts';
import { isEvenFor, partOf } from '../../../../src/cli/bench/loop-part.ts';

const captured = (count: number, tookMs: number, share = 1): CapturedWork => ({
  key: 'file:///execs.js#fit',
  params: undefined,
  inputs: Array.from({ length: count }, (_, at) => at),
  commonOf: Array.from({ length: count }, (_, at) => at % 2),
  commons: ['even', 'odd'],
  share,
  tookMs,
});

describe('what a bare loop goes over', () => {
  it('is all inputs when one thread does them in five seconds', () => {
    assert.equal(partOf(captured(40, 5_000), 4).inputs.length, 40);
    assert.equal(partOf(captured(2, 4_000), 2).inputs.length, 2);
  });

  it('is every n-th when it takes longer, as many for each thread', () => {
    const { inputs, commonOf } = partOf(captured(100, 24_000), 2);
    // Of 20 inputs.
    assert.deepEqual([inputs.length, inputs[1], inputs.at(-1)], [20, 5, 95]);
    assert.deepEqual(commonOf.slice(0, 3), [0, 1, 0]);
    // Of 34 inputs one would be left over.
    assert.equal(partOf(captured(100, 15_000), 3).inputs.length, 33);
  });

  it('is never less than eight inputs for each thread, but rather longer', () => {
    assert.equal(partOf(captured(40, 20_000), 2).inputs.length, 20);
    assert.equal(partOf(captured(31, 20_000), 2).inputs.length, 31);
    assert.ok(isEvenFor(16, 2));
    assert.ok(!isEvenFor(15, 2));
  });

  it('is nothing when too much would have to be left out', () => {
    assert.throws(
      () => partOf(captured(31, 21_000), 2),
      /^CanoError.*: exec 'fit' takes 21\.0s for 31 inputs, and fewer would not divide evenly among 2 threads$/,
    );
  });

  it('is nothing when there is less than an input for each thread', () => {
    assert.throws(() => partOf(captured(3, 100), 4), /exec 'fit' has 3 inputs for 4 threads/);
  });

  it('is nothing when the exec is not most of the work', () => {
    assert.equal(partOf(captured(8, 100, 0.8), 1).inputs.length, 8);
    assert.throws(
      () => partOf(captured(8, 100, 0.5), 1),
      /the heaviest of several, exec 'fit', takes only 50% of their time/,
    );
  });
});
