import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { defaultCounts, orderOf, timeLeft } from '../../../../src/cli/bench/plan.ts';

describe('the thread counts of a benchmark', () => {
  it('double up to all cores', () => {
    assert.deepEqual(defaultCounts(1), [1]);
    assert.deepEqual(defaultCounts(2), [1, 2]);
    assert.deepEqual(defaultCounts(6), [1, 2, 4, 6]);
    assert.deepEqual(defaultCounts(8), [1, 2, 4, 8]);
  });
});

describe('the order within rounds', () => {
  const counts = fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 7 });

  it('gives each count every place equally often', () => {
    fc.assert(
      fc.property(counts, fc.nat(20), (some, cycle) => {
        const rounds = some.map((_count, index) => orderOf(cycle * some.length + index, some));
        for (const place of some.keys()) {
          const there = rounds.map((order) => order[place]);
          assert.deepEqual(new Set(there), new Set(some), `place ${place}: ${there.join(' ')}`);
        }
      }),
    );
  });

  it('runs each count once per round', () => {
    fc.assert(
      fc.property(counts, fc.nat(1_000), (some, round) => {
        assert.deepEqual(
          orderOf(round, some).toSorted((a, b) => a - b),
          some.toSorted((a, b) => a - b),
        );
      }),
    );
  });

  it('has each pair of two in both orders', () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((round) => orderOf(round, [1, 2])),
      [
        [1, 2],
        [2, 1],
        [2, 1],
        [1, 2],
      ],
    );
  });
});

describe('the time left', () => {
  it('is that of runs with as many threads, else of all', () => {
    const done = [
      { threads: 1, tookMs: 100 },
      { threads: 1, tookMs: 120 },
      { threads: 2, tookMs: 50 },
    ];
    assert.equal(timeLeft(done, [1, 2]), 160);
    assert.equal(timeLeft(done, [4]), 90);
    assert.equal(timeLeft([], [1]), undefined);
    assert.equal(timeLeft(done, []), 0);
  });
});
