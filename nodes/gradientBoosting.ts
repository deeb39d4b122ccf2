/**
 * Cross-validation of gradient-boosted trees, and what their models say. `fitFold` (default export) fits and tests one
 * configuration on one fold per item: a grid of c configurations and k folds is c × k items on all threads. The trees are
 * in gradientBoostingTrees, the data in gradientBoostingData; all of it can be had from here.
 *
 * Sources: M. Stone, "Cross-validatory choice and assessment of statistical predictions" (1974); L. Breiman et al.,
 * "Classification and regression trees" (1984) and J. Friedman, "Greedy function approximation" (2001) for importance.
 *
 * The bins are made of all rows, held-out ones included: that tells a fit nothing about their targets.
 */
import { execFor, NonRetryableError } from '../src/node.ts';
import { DEFAULT_PARAMS, type BinnedFeatures, type BoostingParams, type TrainingData } from './gradientBoostingData.ts';
import { addTree, fit, randomFrom, type BoostedTrees, type OnTree } from './gradientBoostingTrees.ts';

export { binColumn, binFeatures, packColumns, withTarget } from './gradientBoostingData.ts';
export type { BinnedColumn, BinnedFeatures, BoostingParams, TrainingData } from './gradientBoostingData.ts';
export { default as fitTrees, fit } from './gradientBoostingTrees.ts';
export type { BoostedTrees, OnTree } from './gradientBoostingTrees.ts';

/** `common` of the exec `fitFold`. */
export interface FoldedData extends TrainingData {
  /** Fold of each row, from 0; made by `folds`. */
  readonly folds: Uint8Array<SharedArrayBuffer>;
}

/** Item of the exec `fitFold`. */
export interface FoldItem {
  /** What differs from the params of the exec. */
  readonly config: Partial<BoostingParams>;
  /** The fold that is held out. */
  readonly fold: number;
}

/** How a configuration did on one fold. */
export interface FoldResult {
  readonly fold: number;
  /** Mean squared error on the rows of the fold. */
  readonly mse: number;
  /** Nodes of the model: its size. */
  readonly nodes: number;
  /** As `featureImportance` gives it. */
  readonly importance: Float64Array<ArrayBuffer>;
}

/** What a configuration comes to over all folds. */
export interface CrossValidation {
  /** Mean over the folds. */
  readonly mse: number;
  /** Of that mean, from the spread of the folds: standard deviation / √folds; 0 for a single fold. */
  readonly standardError: number;
  /** Mean over the folds. */
  readonly nodes: number;
}

/**
 * Predictions for rows of values.
 *
 * @param matrix row after row, in the order of the features; NaN is a missing value
 * @returns one number per row
 * @throws NonRetryableError when the matrix is not made of rows of the model's features
 */
export function predict({ features, base, roots, nodes }: BoostedTrees, matrix: ArrayLike<number>): Float64Array {
  const { left, feature, value, missingLeft } = nodes;
  const rows = matrix.length / features;
  if (!Number.isInteger(rows)) throw new NonRetryableError(`${matrix.length} numbers are not rows of ${features}`);
  const predictions = new Float64Array(rows).fill(base);
  for (let row = 0; row < rows; row++) {
    for (const root of roots) {
      let node = root;
      for (let child = left[node] ?? 0; child !== 0; child = left[node] ?? 0) {
        const x = matrix[row * features + (feature[node] ?? 0)] ?? NaN;
        const goesLeft = Number.isNaN(x) ? missingLeft[node] === 1 : x <= (value[node] ?? 0);
        node = goesLeft ? child : child + 1;
      }
      predictions[row] = (predictions[row] ?? 0) + (value[node] ?? 0);
    }
  }
  return predictions;
}

/** `predict` for rows of the data that the model was fitted to: the same numbers, faster. */
export function predictRows(model: BoostedTrees, data: BinnedFeatures, rows: Uint32Array): Float64Array {
  const predictions = new Float64Array(data.rows).fill(model.base);
  for (const root of model.roots) addTree(model.nodes, root, data, rows, predictions);
  return Float64Array.from(rows, (row) => predictions[row] ?? 0);
}

/** By feature: its share of all that splits reduced the squared error by. Sums to 1; all 0 in a model without a split. */
export function featureImportance({ gain }: BoostedTrees): Float64Array<ArrayBuffer> {
  const total = gain.reduce((sum, part) => sum + part, 0);
  return total === 0 ? gain.slice() : gain.map((part) => part / total);
}

/**
 * Deals the rows out to k folds at random; their sizes differ by at most one row.
 *
 * @param seed determines the draws
 * @returns the fold of each row
 * @throws NonRetryableError when there are fewer rows than folds, or k is not from 2 to 255
 */
export function folds(rows: number, k: number, seed: number): Uint8Array<SharedArrayBuffer> {
  const most = Math.min(rows, 255);
  if (!Number.isInteger(k) || k < 2 || k > most) {
    throw new NonRetryableError(`the number of folds must be an integer from 2 to ${most} for ${rows} rows, got ${k}`);
  }
  const dealt = new Uint8Array(new SharedArrayBuffer(rows));
  const random = randomFrom(seed);
  // Fisher and Yates from the front, on 0, 1, …, k − 1, 0, 1, …
  for (let row = 0; row < rows; row++) {
    const other = Math.floor(random() * (row + 1));
    dealt[row] = dealt[other] ?? 0;
    dealt[other] = row % k;
  }
  return dealt;
}

/**
 * Fits the rows of all folds but one and tests on that one.
 *
 * @param params what differs from the defaults
 * @throws NonRetryableError when no row is in the fold or outside of it, or a param cannot be used
 */
export function evaluateFold(
  data: FoldedData,
  params: Partial<BoostingParams>,
  fold: number,
  onTree?: OnTree,
): FoldResult {
  const all = Uint32Array.from({ length: data.rows }, (_value, row) => row);
  const heldOut = all.filter((row) => data.folds[row] === fold);
  const fitted = all.filter((row) => data.folds[row] !== fold);
  if (heldOut.length === 0) throw new NonRetryableError(`no row is in fold ${fold}; the first fold is 0`);
  if (fitted.length === 0) throw new NonRetryableError(`all rows are in fold ${fold}, none is left to fit`);
  const model = fit(data, params, fitted, onTree);
  return {
    fold,
    mse: errorOn(model, data, heldOut),
    nodes: model.nodes.left.length,
    importance: featureImportance(model),
  };
}

/** One configuration on all folds, on the calling thread: what `fitFold` does item by item. */
export function crossValidate(data: FoldedData, params: Partial<BoostingParams>, onTree?: OnTree): CrossValidation {
  const count = 1 + data.folds.reduce((highest, fold) => Math.max(highest, fold), 0);
  return overFolds(Array.from({ length: count }, (_value, fold) => evaluateFold(data, params, fold, onTree)));
}

/** What the folds of one configuration come to. */
export function overFolds(results: readonly FoldResult[]): CrossValidation {
  const mse = mean(results.map((result) => result.mse));
  const spread = mean(results.map((result) => (result.mse - mse) ** 2));
  return {
    mse,
    standardError: results.length < 2 ? 0 : Math.sqrt(spread / (results.length - 1)),
    nodes: mean(results.map(({ nodes }) => nodes)),
  };
}

function errorOn(model: BoostedTrees, data: TrainingData, rows: Uint32Array): number {
  const predictions = predictRows(model, data, rows);
  return predictions.reduce((sum, value, i) => sum + (value - (data.target[rows[i] ?? 0] ?? 0)) ** 2, 0) / rows.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Configuration and fold → how it did; `common` is the data with its folds. */
export default execFor<unknown, FoldedData>()(import.meta.url, {
  name: 'fitFold',
  params: DEFAULT_PARAMS,
  exec: ({ config, fold }: FoldItem, ctx): FoldResult => {
    const params = { ...ctx.params, ...config };
    return evaluateFold(ctx.common, params, fold, (done) => {
      ctx.throwIfAborted();
      ctx.progress(done, params.trees);
    });
  },
});
