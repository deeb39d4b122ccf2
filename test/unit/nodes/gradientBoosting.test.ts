import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { friedman1, NOISE_FLOOR } from '../../../examples/model-search/friedman.ts';
import fitFold, {
  binFeatures,
  crossValidate,
  evaluateFold,
  featureImportance,
  fit,
  folds,
  overFolds,
  predict,
  withTarget,
  type FoldedData,
} from '../../../nodes/gradientBoosting.ts';
import { seededRandom } from '../../support/planted.ts';
import { runItems } from './run-exec.ts';

/** Enough trees of few splits for a function of few interactions. */
const GOOD = { trees: 300, depth: 2, learningRate: 0.15 };

function friedmanData(rows: number, seed: number): FoldedData {
  const { matrix, values } = friedman1(rows, seed);
  return { ...withTarget(binFeatures(matrix, rows, 10, 64), values), folds: folds(rows, 5, seed) };
}

describe("Friedman's first function", () => {
  for (const seed of [1, 2, 3]) {
    it(`is learned to within 1.2 of the noise (seed ${seed})`, () => {
      const data = friedmanData(1_500, seed);
      const { mse, standardError } = crossValidate(data, GOOD);
      assert.ok(mse > NOISE_FLOOR && mse < 2.2, `mean squared error ${mse}`);
      assert.ok(standardError > 0 && standardError < 0.2);

      // New rows tell the same as the held-out ones of the folds did.
      const model = fit(data, GOOD);
      const fresh = friedman1(2_000, seed + 100);
      const predictions = predict(model, fresh.matrix);
      const error = predictions.reduce((sum, y, row) => sum + (y - (fresh.values[row] ?? NaN)) ** 2, 0) / 2_000;
      assert.ok(error > NOISE_FLOOR && error < 2.2, `mean squared error ${error} on new rows`);

      const importance = featureImportance(model);
      const ofFive = importance.subarray(0, 5).reduce((sum, share) => sum + share, 0);
      assert.ok(ofFive >= 0.95, `${ofFive} of the importance is on the five features that matter`);
      assert.ok(Math.abs(importance.reduce((sum, share) => sum + share, 0) - 1) < 1e-12);
      // 10 x4 varies by far more than 5 x5: 100 / 12 against 25 / 12.
      assert.ok((importance[3] ?? 0) > 2 * (importance[4] ?? 1));
    });
  }
});

describe('cross-validation', () => {
  it('finds nothing in a target that the features do not tell', () => {
    const { matrix } = friedman1(600, 4);
    const random = seededRandom(9);
    const noise = Float64Array.from({ length: 600 }, () => random() - 0.5);
    const data = { ...withTarget(binFeatures(matrix, 600, 10), noise), folds: folds(600, 5, 1) };
    const variance = 1 / 12;
    assert.ok(crossValidate(data, { trees: 100 }).mse > variance, 'a leak would show as an error below the variance');
  });

  it('does not learn from the fold that it tests on', () => {
    const data = friedmanData(200, 6);
    const shifted = {
      ...data,
      ...withTarget(
        data,
        data.target.map((y, row) => (data.folds[row] === 2 ? y + 50 : y)),
      ),
    };
    const [before, after] = [evaluateFold(data, {}, 2), evaluateFold(shifted, {}, 2)];
    assert.deepEqual(after.importance, before.importance);
    assert.equal(after.nodes, before.nodes);
    // (p − y − 50)² = (p − y)² − 100 (p − y) + 2500, and the mean of p − y is small.
    assert.ok(Math.abs(after.mse - before.mse - 2_500) < 200);
  });

  it('is the mean of its folds, which threads give one by one', async () => {
    const data = friedmanData(300, 2);
    const config = { trees: 30, subsample: 0.7 };
    const items = [0, 1, 2, 3, 4].map((fold) => ({ config, fold }));
    const results = await runItems(fitFold.with({ depth: 4 }), items, data);
    assert.deepEqual(
      results,
      items.map(({ fold }) => evaluateFold(data, { depth: 4, ...config }, fold)),
    );
    assert.deepEqual(overFolds(results), crossValidate(data, { depth: 4, ...config }));
  });

  it('has the standard error of a mean', () => {
    const result = (mse: number, nodes: number) => ({ fold: 0, mse, nodes, importance: new Float64Array(1) });
    // The sample variance of 1, 2, 6 is 7; of a mean of three it is 7 / 3.
    const { mse, standardError, nodes } = overFolds([result(1, 3), result(2, 4), result(6, 8)]);
    assert.deepEqual([mse, nodes], [3, 5]);
    assert.ok(Math.abs(standardError - Math.sqrt(7 / 3)) < 1e-12);
    assert.equal(overFolds([result(1, 3)]).standardError, 0);
  });

  it('refuses a fold without rows, or with all of them', () => {
    const data = friedmanData(50, 1);
    assert.throws(() => evaluateFold(data, {}, 5), /no row is in fold 5; the first fold is 0/);
    const single = { ...data, folds: new Uint8Array(new SharedArrayBuffer(50)) };
    assert.throws(() => evaluateFold(single, {}, 0), /all rows are in fold 0, none is left to fit/);
  });
});

describe('folds', () => {
  it('have sizes that differ by at most one, and depend on the seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.integer({ min: 2, max: 12 }), fc.integer(), (rows, k, seed) => {
        fc.pre(k <= rows);
        const dealt = folds(rows, k, seed);
        const sizes = new Uint32Array(k);
        for (const fold of dealt) sizes[fold] = (sizes[fold] ?? 0) + 1;
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
        assert.equal(Math.min(...sizes), Math.floor(rows / k));
        assert.deepEqual(folds(rows, k, seed), dealt);
      }),
    );
    assert.notDeepEqual(folds(100, 5, 1), folds(100, 5, 2));
  });

  it('hold every row as often as any other', () => {
    const counts = new Uint32Array(10);
    for (let seed = 0; seed < 2_000; seed++) {
      folds(10, 2, seed).forEach((fold, row) => (counts[row] = (counts[row] ?? 0) + fold));
    }
    // Of 2,000 draws with probability 1/2: five standard deviations are 112.
    for (const count of counts) assert.ok(Math.abs(count - 1_000) < 112, String(counts));
  });

  it('refuses fewer rows than folds, and numbers that are none', () => {
    assert.throws(() => folds(3, 4, 1), /the number of folds must be an integer from 2 to 3 for 3 rows, got 4/);
    for (const k of [1, 2.5, 256]) assert.throws(() => folds(1_000, k, 1), /from 2 to 255 for 1000 rows, got/);
  });
});

describe('predict', () => {
  it('refuses a matrix that is not made of rows', () => {
    const model = fit(friedmanData(50, 1), { trees: 2 });
    assert.equal(predict(model, []).length, 0);
    assert.throws(() => predict(model, new Float64Array(15)), {
      code: 'CANO_NON_RETRYABLE',
      message: '15 numbers are not rows of 10',
    });
  });
});
