import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { chargeFor, CostTable, windowOf } from '../../../src/dispatch/cost.ts';
import { keyOf } from '../../../src/dispatch/execution.ts';
import { record } from './helpers.ts';

const { execution } = record({ items: [1, 2, 3], index: 0 });

describe('CostTable', () => {
  it('expects of an execution what its items cost so far, and nothing while that is not known', () => {
    const costs = new CostTable();
    costs.add('another', 1, 1);
    assert.deepEqual([costs.of(keyOf(execution)), costs.expected(execution)], [undefined, undefined]);
    assert.equal(chargeFor(costs.expected(execution), execution), 3);
    costs.add(keyOf(execution), 20, 10);
    assert.deepEqual([costs.of(keyOf(execution)), costs.expected(execution)], [2, 6]);
    assert.equal(chargeFor(costs.expected(execution), execution), 6);
  });

  it('follows the costs, and stays between the least and the most', () => {
    const one = fc.tuple(fc.double({ min: 0, max: 1e4, noNaN: true }), fc.integer({ min: 1, max: 5_000 }));
    fc.assert(
      fc.property(fc.array(one, { minLength: 1 }), (all) => {
        const costs = new CostTable();
        for (const [ms, items] of all) costs.add('a', ms * items, items);
        const mean = costs.of('a') as number;
        const each = all.map(([ms]) => ms);
        assert.ok(mean >= Math.min(...each) - 1e-6 && mean <= Math.max(...each) + 1e-6);
      }),
    );
  });
});

describe('an outlier', () => {
  it('counts as four times the mean, and a change of cost is followed all the same', () => {
    const costs = new CostTable();
    for (let n = 0; n < 50; n += 1) costs.add('a', 1, 1);
    costs.add('a', 50, 1);
    assert.ok((costs.of('a') as number) <= 1.6 + 1e-9, String(costs.of('a')));
    for (let n = 0; n < 20; n += 1) costs.add('a', 50, 1);
    assert.ok((costs.of('a') as number) > 45, String(costs.of('a')));
  });

  it('is followed from nothing, too', () => {
    const costs = new CostTable();
    costs.add('a', 0, 1);
    for (let n = 0; n < 20; n += 1) costs.add('a', 50, 1);
    assert.ok((costs.of('a') as number) > 20, String(costs.of('a')));
  });
});

describe('the window of a thread', () => {
  it('has one execution until the cost is known, then a millisecond of work ahead, at least two, at most the limit; one when it is long', () => {
    assert.deepEqual(
      [undefined, 0, 0.001, 0.1, 0.4, 1, 4.9, 5, 50].map((ms) => windowOf(ms, 64)),
      [1, 64, 64, 10, 3, 2, 2, 1, 1],
    );
  });
});
