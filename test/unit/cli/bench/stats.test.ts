import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  bootstrap,
  median,
  medianInterval,
  percentile,
  ratioInterval,
  seeded,
} from '../../../../src/cli/bench/stats.ts';

const values = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });

describe('percentiles', () => {
  it('have known values', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(percentile([10, 20, 30, 40, 50], 90), 46);
    assert.ok(Number.isNaN(median([])), 'of nothing is NaN');
  });
});

describe('intervals', () => {
  it('hold the figure, within the values, and are the same each time', () => {
    fc.assert(
      fc.property(values, (some) => {
        const { value, low, high } = medianInterval(some);
        assert.ok(low <= value && value <= high, `${low} ${value} ${high}`);
        assert.ok(Math.min(...some) <= low && high <= Math.max(...some), `${low} ${high}`);
        assert.deepEqual(medianInterval(some), { value, low, high });
      }),
      { numRuns: 20 },
    );
  });

  it('hold the true value about as often as they say', () => {
    const random = seeded(5);
    let held = 0;
    for (let repeat = 0; repeat < 200; repeat += 1) {
      // The median of u² for uniform u is 1/4; the interval of a mean of 30 is a bootstrap like any other.
      const sample = Array.from({ length: 30 }, () => random() ** 2);
      const { low, high } = bootstrap(sample, median, random);
      if (low <= 0.25 && 0.25 <= high) held += 1;
    }
    assert.ok(held >= 178 && held <= 200, `${held} of 200`);
  });

  it('of one value have no width', () => {
    assert.deepEqual(medianInterval([7]), { value: 7, low: 7, high: 7 });
  });

  it('of a ratio are about 1 for equal samples, and apart from it for distant ones', () => {
    const some = [100, 101, 99, 102, 98];
    const same = ratioInterval(some, some);
    assert.equal(same.value, 1);
    assert.ok(same.low < 1 && same.high > 1, JSON.stringify(same));
    const slower = ratioInterval(
      some.map((value) => value * 1.3),
      some,
    );
    assert.ok(slower.low > 1.2 && slower.high < 1.4, JSON.stringify(slower));
  });

  it('ignore samples of which there is no figure', () => {
    const { low, high } = bootstrap([1, 2, Number.NaN], (drawn) =>
      drawn.some(Number.isNaN) ? Number.NaN : median(drawn),
    );
    assert.ok(low >= 1 && high <= 2, `${low} ${high}`);
  });
});
