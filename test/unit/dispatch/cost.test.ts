import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { CostTable } from '../../../src/dispatch/cost.ts';

describe('CostTable', () => {
  it('gives a thread one execution at a time until the cost is known', () => {
    const costs = new CostTable();
    assert.equal(costs.of('a'), undefined);
    assert.equal(costs.window('a', 64), 1);
    costs.add('b', 1);
    assert.equal(costs.window('a', 64), 1);
  });

  it('gives it a millisecond of work ahead, at least two, at most the limit', () => {
    const windowAt = (ms: number): number => {
      const costs = new CostTable();
      costs.add('a', ms);
      return costs.window('a', 64);
    };
    assert.deepEqual([0, 0.001, 0.1, 0.4, 1, 50].map(windowAt), [64, 64, 10, 3, 2, 2]);
  });

  it('follows the costs, and stays between the least and the most', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { minLength: 1 }), (all) => {
        const costs = new CostTable();
        for (const ms of all) costs.add('a', ms);
        const mean = costs.of('a') as number;
        assert.ok(mean >= Math.min(...all) - 1e-6 && mean <= Math.max(...all) + 1e-6);
        const window = costs.window('a', 64);
        assert.ok(window >= 2 && window <= 64 && Number.isInteger(window));
      }),
    );
  });
});
