/** The trees against what a search through all splits finds, node by node. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { friedman1 } from '../../../examples/model-search/friedman.ts';
import {
  binFeatures,
  withTarget,
  type BoostingParams,
  type TrainingData,
} from '../../../nodes/gradientBoostingData.ts';
import fitTrees, { addTree, fit, type BoostedTrees } from '../../../nodes/gradientBoostingTrees.ts';
import { featureImportance, predict, predictRows } from '../../../nodes/gradientBoosting.ts';
import { registry, StoppedError, type ExecContext } from '../../../src/node.ts';
import { seededRandom } from '../../support/planted.ts';
import { runItems } from './run-exec.ts';

interface Sample {
  readonly rows: number;
  readonly features: number;
  readonly matrix: readonly number[];
  readonly data: TrainingData;
}

/** Small tables of few different values, so that ties, constant features and missing values are frequent. */
const sample: fc.Arbitrary<Sample> = fc
  .record({ rows: fc.integer({ min: 1, max: 30 }), features: fc.integer({ min: 1, max: 3 }) })
  .chain(({ rows, features }) => {
    const value = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: -6, max: 6 }) }, fc.constant(NaN));
    return fc
      .record({
        matrix: fc.array(value, { minLength: rows * features, maxLength: rows * features }),
        target: fc.array(fc.integer({ min: -20, max: 20 }), { minLength: rows, maxLength: rows }),
        bins: fc.oneof(fc.integer({ min: 2, max: 5 }), fc.constant(255)),
      })
      .map(({ matrix, target, bins }) => ({
        rows,
        features,
        matrix,
        data: withTarget(binFeatures(matrix, rows, features, bins), target),
      }));
  });

const params = fc.record({
  trees: fc.constant(2),
  depth: fc.integer({ min: 1, max: 4 }),
  learningRate: fc.constantFrom(1, 0.3),
  minRows: fc.integer({ min: 1, max: 4 }),
  l2: fc.constantFrom(0, 1, 2.5),
});

type Side = (row: number) => boolean;

/** Every way to part rows by one feature: at each edge between bins, missing values on either side, or alone. */
function allSplits({ features, matrix, data }: Sample): Side[] {
  return Array.from({ length: features }, (_value, feature) => {
    const x = (row: number): number => matrix[row * features + feature] ?? NaN;
    const edges = [...data.edges.subarray(data.offsets[feature], data.offsets[feature + 1])];
    return [
      (row: number) => Number.isNaN(x(row)),
      ...edges.flatMap((edge): Side[] => [(row) => x(row) <= edge, (row) => !(x(row) > edge)]),
    ];
  }).flat();
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** How much the squared error falls when these residuals get their leaf; the L2 penalty included. */
const worth = (residuals: readonly number[], l2: number): number => sumOf(residuals) ** 2 / (residuals.length + l2);

/** Walks a tree with its rows and holds every node against all splits that it could have had. */
function assertBest(
  given: Sample,
  model: BoostedTrees,
  config: BoostingParams,
  root: number,
  before: Float64Array,
): void {
  const { features, matrix, data } = given;
  const { left, feature, value, missingLeft } = model.nodes;
  const residual = (row: number): number => (data.target[row] ?? 0) - (before[row] ?? 0);
  const splits = allSplits(given);
  const visit = (node: number, rows: readonly number[], level: number): void => {
    const own = worth(rows.map(residual), config.l2);
    const gain = (side: Side): number => {
      const [yes, no] = [rows.filter(side), rows.filter((row) => !side(row))];
      if (Math.min(yes.length, no.length) < config.minRows) return -Infinity;
      return worth(yes.map(residual), config.l2) + worth(no.map(residual), config.l2) - own;
    };
    const best = level < config.depth ? Math.max(-Infinity, ...splits.map(gain)) : -Infinity;
    const child = left[node] ?? 0;
    if (child === 0) {
      assert.ok(best < 1e-9, `a leaf could gain ${best}`);
      const expected = (config.learningRate * sumOf(rows.map(residual))) / (rows.length + config.l2);
      assert.ok(Math.abs((value[node] ?? NaN) - expected) < 1e-9);
      return;
    }
    const goesLeft: Side = (row) => {
      const x = matrix[row * features + (feature[node] ?? 0)] ?? NaN;
      return Number.isNaN(x) ? missingLeft[node] === 1 : x <= (value[node] ?? 0);
    };
    const reached = gain(goesLeft);
    assert.ok(reached >= best - 1e-9 && reached > 0, `gained ${reached} of ${best}`);
    visit(child, rows.filter(goesLeft), level + 1);
    visit(
      child + 1,
      rows.filter((row) => !goesLeft(row)),
      level + 1,
    );
  };
  visit(
    root,
    Array.from({ length: given.rows }, (_value, row) => row),
    0,
  );
}

const allRows = (rows: number): Uint32Array => Uint32Array.from({ length: rows }, (_value, row) => row);

describe('fit', () => {
  it('splits every node of every tree as a search through all splits would', () => {
    fc.assert(
      fc.property(sample, params, (given, chosen) => {
        const config = { ...chosen, subsample: 1, columnsPerTree: 1, seed: 1 };
        const model = fit(given.data, config);
        const before = new Float64Array(given.rows).fill(model.base);
        for (const root of model.roots) {
          assertBest(given, model, config, root, before);
          addTree(model.nodes, root, given.data, allRows(given.rows), before);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('finds the best single split, and its gain, of a feature among others', () => {
    fc.assert(
      fc.property(sample, fc.constantFrom(0, 1), (given, l2) => {
        const model = fit(given.data, { trees: 1, depth: 1, learningRate: 1, minRows: 1, l2 });
        const mean = sumOf([...given.data.target]) / given.rows;
        const residuals = [...given.data.target].map((y) => y - mean);
        const gains = allSplits(given).map((side) => {
          const [yes, no] = [residuals.filter((_y, row) => side(row)), residuals.filter((_y, row) => !side(row))];
          return yes.length === 0 || no.length === 0 ? 0 : worth(yes, l2) + worth(no, l2) - worth(residuals, l2);
        });
        const gain = sumOf([...model.gain]);
        assert.ok(Math.abs(gain - Math.max(0, ...gains)) < 1e-9, `gained ${gain} of ${Math.max(0, ...gains)}`);
        // Without a penalty, the gain is the fall of the squared error.
        if (l2 === 0) {
          const predictions = predict(model, given.matrix);
          const error = sumOf([...given.data.target].map((y, row) => (y - (predictions[row] ?? NaN)) ** 2));
          assert.ok(Math.abs(sumOf(residuals.map((y) => y ** 2)) - gain - error) < 1e-9);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('decides by bins as by values, and the same whatever was drawn', () => {
    const shares = fc.record({
      subsample: fc.constantFrom(1, 0.5, 0.05),
      columnsPerTree: fc.constantFrom(1, 0.4),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(sample, params, shares, (given, chosen, drawn) => {
        const model = fit(given.data, { ...chosen, ...drawn, trees: 6 });
        assert.deepEqual(predictRows(model, given.data, allRows(given.rows)), predict(model, given.matrix));
        assert.deepEqual(fit(given.data, { ...chosen, ...drawn, trees: 6 }), model);
      }),
    );
  });

  it('never raises the training error', () => {
    const { matrix, values } = friedman1(400, 7);
    const data = withTarget(binFeatures(matrix, 400, 10), values);
    for (const config of [
      { depth: 3 },
      { depth: 1, learningRate: 1, l2: 0 },
      { depth: 6, learningRate: 0.5, minRows: 1 },
    ]) {
      const model = fit(data, { trees: 60, ...config });
      const predictions = new Float64Array(400).fill(model.base);
      const errors = [...model.roots].map((root) => {
        addTree(model.nodes, root, data, allRows(400), predictions);
        return sumOf([...values].map((y, row) => (y - (predictions[row] ?? NaN)) ** 2));
      });
      errors.forEach((error, tree) => assert.ok(tree === 0 || error <= (errors[tree - 1] ?? 0) + 1e-9));
      assert.ok((errors.at(-1) ?? NaN) < 0.6 * (errors[0] ?? NaN));
    }
  });

  it('predicts a constant target exactly', () => {
    for (const constant of [0.1, -1e-300, 12_345.678_9, 0]) {
      const { matrix } = friedman1(50, 1);
      const model = fit(withTarget(binFeatures(matrix, 50, 10), new Float64Array(50).fill(constant)), {
        trees: 5,
        minRows: 1,
      });
      assert.deepEqual(predict(model, matrix), new Float64Array(50).fill(constant));
      assert.equal(model.nodes.left.length, 5, 'one leaf per tree');
      assert.deepEqual(featureImportance(model), new Float64Array(10));
    }
  });

  it('fits the rows that it is given and no others', () => {
    const { matrix, values } = friedman1(120, 3);
    const data = withTarget(binFeatures(matrix, 120, 10), values);
    const even = allRows(120).filter((row) => row % 2 === 0);
    const changed = withTarget(
      data,
      values.map((y, row) => (row % 2 === 0 ? y : y + 1_000)),
    );
    for (const subsample of [1, 0.5]) {
      assert.deepEqual(fit(data, { subsample }, even), fit(changed, { subsample }, even));
    }
  });

  it('learns as much from a half of the rows per tree: also what it left out counts for the next one', () => {
    const { matrix, values } = friedman1(600, 5);
    const data = withTarget(binFeatures(matrix, 600, 10), values);
    const fresh = friedman1(1_000, 6);
    const error = (subsample: number): number => {
      const predictions = predict(fit(data, { subsample, depth: 2, trees: 200 }), fresh.matrix);
      return sumOf([...predictions].map((y, row) => (y - (fresh.values[row] ?? NaN)) ** 2)) / 1_000;
    };
    assert.ok(error(0.5) < 1.15 * error(1), `${error(0.5)} against ${error(1)}`);
  });

  it('draws by the seed, and rows and features by their shares', () => {
    const { matrix, values } = friedman1(200, 3);
    const data = withTarget(binFeatures(matrix, 200, 10), values);
    const models = [1, 2].map((seed) => fit(data, { seed, subsample: 0.5 }));
    assert.notDeepEqual(models[0], models[1]);
    assert.deepEqual(fit(data, { seed: 1 }), fit(data, { seed: 2 }), 'without draws the seed does not matter');

    const oneFeature = fit(data, { columnsPerTree: 0.1, trees: 300, depth: 2 });
    for (const root of oneFeature.roots) {
      const { left, feature } = oneFeature.nodes;
      const child = left[root] ?? 0;
      for (const node of [child, child + 1]) {
        if ((left[node] ?? 0) > 0) assert.equal(feature[node], feature[root]);
      }
    }
    const used = new Set([...oneFeature.roots].map((root) => oneFeature.nodes.feature[root]));
    assert.equal(used.size, 10);
  });
});

describe('missing values', () => {
  const model = (xs: readonly number[], ys: readonly number[], depth = 1): BoostedTrees =>
    fit(withTarget(binFeatures(xs, xs.length, 1), ys), { trees: 1, depth, learningRate: 1, minRows: 1, l2: 0 });

  it('go to the side whose target is like theirs', () => {
    const say = (ys: readonly number[]): number[] =>
      [...predict(model([1, 2, NaN, 8, 9], ys), [NaN, 1, 9])].map((y) => Math.round(y * 1e9) / 1e9 + 0);
    assert.deepEqual(say([0, 0, 0, 4, 4]), [0, 0, 4]);
    assert.deepEqual(say([0, 0, 4, 4, 4]), [4, 0, 4]);
  });

  it('are split off when that tells most', () => {
    const alone = model([1, NaN, 2, NaN, 3], [0, 9, 0, 9, 0]);
    assert.deepEqual([...predict(alone, [NaN, 1, -1e308, 1e308])], [9, 0, 0, 0]);
    assert.equal(alone.nodes.value[0], -Infinity);
  });

  it('go to the side with more rows when the fit has seen none', () => {
    assert.deepEqual([...predict(model([1, 8, 9], [0, 6, 6]), [NaN])], [6]);
    assert.deepEqual([...predict(model([1, 2, 9], [0, 0, 6]), [NaN])], [0]);
  });

  it('are no obstacle to what the other values tell', () => {
    const random = seededRandom(8);
    const { matrix, values } = friedman1(800, 8);
    const torn = matrix.map((x) => (random() < 0.05 ? NaN : x));
    const fresh = friedman1(2_000, 9);
    const error = (of: Float64Array): number => {
      const predictions = predict(fit(withTarget(binFeatures(of, 800, 10), values), { trees: 200 }), fresh.matrix);
      return sumOf([...predictions].map((y, row) => (y - (fresh.values[row] ?? NaN)) ** 2)) / 2_000;
    };
    assert.ok(error(torn) < 1.5 * error(matrix), `${error(torn)} against ${error(matrix)}`);
  });
});

describe('fitTrees', () => {
  const { matrix, values } = friedman1(150, 2);
  const data = withTarget(binFeatures(matrix, 150, 10), values);

  it('fits a model per item, as small as its nodes', async () => {
    const configs = [{ trees: 20 }, { trees: 10, depth: 5, subsample: 0.5 }];
    const models = await runItems(fitTrees.with({ learningRate: 0.2 }), configs, data);
    assert.deepEqual(
      models,
      configs.map((config) => fit(data, { learningRate: 0.2, ...config })),
    );
    for (const { nodes, roots } of models) {
      const bytes = Object.values(nodes).reduce((sum: number, part: Uint8Array) => sum + part.byteLength, 0);
      assert.equal(bytes, 18 * nodes.left.length);
      assert.ok(nodes.left.length > roots.length);
    }
  });

  it('can be stopped between two trees, and says how far it is', () => {
    const seen: number[][] = [];
    const ctx = {
      params: fitTrees.params,
      common: data,
      throwIfAborted: () => {
        if (seen.length === 3) throw new StoppedError('cancelled');
      },
      progress: (done: number, total: number) => seen.push([done, total]),
    } as unknown as ExecContext;
    assert.throws(() => registry().get(fitTrees.key)?.exec({ trees: 50 }, ctx), StoppedError);
    assert.deepEqual(seen, [
      [0, 50],
      [1, 50],
      [2, 50],
    ]);
  });

  it('refuses what cannot be', () => {
    assert.throws(() => fit(data, {}, new Uint32Array(0)), /there is no row to fit/);
    assert.throws(() => fit(data, {}, Uint32Array.of(1, 150)), /there is no row 150: the data has 150 rows/);
    assert.throws(() => fit(data, { depth: 0 }), /depth must be an integer from 1 to 30, got 0/);
  });
});
