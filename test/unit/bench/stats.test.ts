import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { median, medianWithInterval, percentile, seeded, shuffled } from '../../../bench/stats.ts';

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('percentiles', () => {
  it('interpolate between the closest ranks', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(percentile([10, 20, 30, 40, 50], 0), 10);
    assert.equal(percentile([10, 20, 30, 40, 50], 100), 50);
    assert.equal(percentile([10, 20, 30, 40, 50], 90), 46);
    assert.equal(percentile([7], 99), 7);
  });

  it('do not depend on the order, and grow with the percentage', () => {
    fc.assert(
      fc.property(values, fc.nat(100), fc.nat(100), (some, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        assert.equal(percentile(some, low), percentile(some.toReversed(), low));
        assert.ok(percentile(some, low) <= percentile(some, high));
      }),
    );
  });

  it('of nothing are an error', () => assert.throws(() => median([]), RangeError));
});

describe('the interval of a median', () => {
  it('holds the median and lies within the values', () => {
    fc.assert(
      fc.property(values, (some) => {
        const { median: middle, low, high } = medianWithInterval(some);
        assert.ok(low <= middle && middle <= high);
        assert.ok(Math.min(...some) <= low && high <= Math.max(...some));
      }),
      { numRuns: 20 },
    );
  });

  it('holds the true median about as often as it says', () => {
    const random = seeded(11);
    let held = 0;
    for (let repeat = 0; repeat < 200; repeat += 1) {
      // Of a skewed distribution with median 0.5 ** 2, as timings are.
      const { low, high } = medianWithInterval(
        Array.from({ length: 15 }, () => random() ** 2),
        random,
      );
      if (low <= 0.25 && 0.25 <= high) held += 1;
    }
    assert.ok(held >= 176 && held <= 200, `${held} of 200`);
  });

  it('is the same in every run', () => {
    assert.deepEqual(medianWithInterval([3, 1, 4, 1, 5]), medianWithInterval([3, 1, 4, 1, 5]));
  });
});

describe('a random order', () => {
  it('has the same values, differs between seeds and not between runs', () => {
    const all = Array.from({ length: 20 }, (_value, index) => index);
    const orders = [1, 2, 3].map((seed) => shuffled(all, seeded(seed)));
    for (const order of orders)
      assert.deepEqual(
        order.toSorted((a, b) => a - b),
        all,
      );
    assert.notDeepEqual(orders[0], orders[1]);
    assert.deepEqual(orders[2], shuffled(all, seeded(3)));
  });

  it('puts everything everywhere equally often', () => {
    const random = seeded(5);
    const first = [0, 0, 0];
    for (let draw = 0; draw < 3_000; draw += 1) {
      const [chosen = 0] = shuffled([0, 1, 2], random);
      first[chosen] = (first[chosen] ?? 0) + 1;
    }
    // Within 5 standard deviations of 1,000.
    for (const count of first) assert.ok(Math.abs(count - 1_000) < 130, first.join(' '));
  });
});
