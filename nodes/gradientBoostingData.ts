/**
 * What gradient-boosted trees are fitted to: features as bins of about equally many rows, so that a byte says where among
 * the values of its feature a value is; the target; and the params. `binColumn` (default export) bins one feature per
 * item; of small data, `binFeatures` does all of them on the calling thread.
 *
 * Sources: G. Ke et al., "LightGBM: a highly efficient gradient boosting decision tree" (NeurIPS 2017); T. Chen,
 * C. Guestrin, "XGBoost: a scalable tree boosting system" (KDD 2016) for missing values beside the ordered ones.
 *
 * Invariants:
 * 1. Equal values share a bin, and a larger value never has a smaller bin.
 * 2. Bin 0 holds the missing values (NaN) and nothing else.
 */
import { defineExec, NonRetryableError } from '../src/node.ts';

/** A matrix of features as bins, in shared memory: threads read it where it is. */
export interface BinnedFeatures {
  readonly rows: number;
  readonly features: number;
  /** features × rows, feature after feature: row r has bin `bins[f * rows + r]` of feature f. */
  readonly bins: Uint8Array<SharedArrayBuffer>;
  /** Upper ends of the bins from 1 on, ascending; the last bin of a feature has none. */
  readonly edges: Float64Array<SharedArrayBuffer>;
  /** features + 1 positions in `edges`: those of feature f are `[offsets[f], offsets[f + 1])`. */
  readonly offsets: Uint32Array<SharedArrayBuffer>;
}

/** Features with the number that is to be predicted from them. */
export interface TrainingData extends BinnedFeatures {
  /** One number per row. */
  readonly target: Float64Array<SharedArrayBuffer>;
}

/** One feature as bins. */
export interface BinnedColumn {
  /** Bin of each row. */
  readonly bins: Uint8Array<ArrayBuffer>;
  /** Bin b ≥ 1 holds the values above `edges[b - 2]` and up to `edges[b - 1]`. */
  readonly edges: Float64Array<ArrayBuffer>;
}

/** How a model is fitted. */
export interface BoostingParams {
  /** Trees of the model. @default 100 */
  readonly trees: number;
  /** Longest way from the root of a tree to a leaf: 1 gives trees with a single split. @default 3 */
  readonly depth: number;
  /** What each tree adds is multiplied by it; above 0, at most 1. @default 0.1 */
  readonly learningRate: number;
  /** Fewest rows in a leaf. @default 5 */
  readonly minRows: number;
  /** Added to the number of rows in the denominator of a leaf: draws leaves of few rows to 0. @default 1 */
  readonly l2: number;
  /** Share of the rows that a tree is grown on, drawn without replacement. @default 1 */
  readonly subsample: number;
  /** Share of the features that a tree may split. @default 1 */
  readonly columnsPerTree: number;
  /** Determines the draws; of no effect when both shares are 1. @default 1 */
  readonly seed: number;
}

/** Params of the exec `binColumn`. */
export interface BinParams {
  /** Most bins for the values of a feature, 2–255; fewer make a fit faster. @default 255 */
  readonly bins: number;
}

export const DEFAULT_PARAMS: BoostingParams = {
  trees: 100,
  depth: 3,
  learningRate: 0.1,
  minRows: 5,
  l2: 1,
  subsample: 1,
  columnsPerTree: 1,
  seed: 1,
};

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
const isShare = (value: number): boolean => value > 0 && value <= 1;

const RULES: { readonly [Name in keyof BoostingParams]: readonly [(value: number) => boolean, string] } = {
  trees: [isCount, 'a positive integer'],
  depth: [(value) => isCount(value) && value <= 30, 'an integer from 1 to 30'],
  learningRate: [isShare, 'above 0 and at most 1'],
  minRows: [isCount, 'a positive integer'],
  l2: [(value) => value >= 0 && value < Infinity, 'a finite number from 0'],
  subsample: [isShare, 'above 0 and at most 1'],
  columnsPerTree: [isShare, 'above 0 and at most 1'],
  seed: [Number.isSafeInteger, 'an integer'],
};

/**
 * All params, those that are not given from the defaults.
 *
 * @throws NonRetryableError when one cannot be used, or there is no param of that name
 */
export function settle(params: Partial<BoostingParams>): BoostingParams {
  const settled = { ...DEFAULT_PARAMS, ...params };
  for (const [name, value] of Object.entries(settled) as [keyof BoostingParams, number][]) {
    if (!Object.hasOwn(RULES, name)) {
      throw new NonRetryableError(`there is no param '${name}': the params are ${Object.keys(RULES).join(', ')}`);
    }
    const [isRight, rule] = RULES[name];
    if (!isRight(value)) throw new NonRetryableError(`${name} must be ${rule}, got ${String(value)}`);
  }
  return settled;
}

// A bin is one byte, and one is kept for missing values.
const DEFAULT_BINS: BinParams = { bins: 255 };

/**
 * Bins the values of one feature. With no more different values than bins, each has its own.
 *
 * @param values one per row; NaN is a missing value
 * @param bins most bins for values that are not missing
 * @param name of the feature, for messages
 * @throws NonRetryableError when a value is infinite, or the number of bins is not from 2 to 255
 */
export function binColumn(values: Float64Array, bins: number = DEFAULT_BINS.bins, name = 'the feature'): BinnedColumn {
  if (!isIntegerFrom(2, bins, DEFAULT_BINS.bins)) {
    throw new NonRetryableError(`bins must be an integer from 2 to ${DEFAULT_BINS.bins}, got ${bins}`);
  }
  const infinite = values.findIndex((value) => value === Infinity || value === -Infinity);
  if (infinite !== -1) {
    throw new NonRetryableError(
      `${name} is ${values[infinite]} in row ${infinite}: give a finite number, or NaN if it is missing`,
    );
  }
  const edges = Float64Array.from(edgesOf(values.filter((value) => !Number.isNaN(value)).toSorted(), bins));
  return { bins: Uint8Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1 + countBelow(edges, value))), edges };
}

/**
 * Bins all features of a matrix.
 *
 * @param matrix rows × features numbers, row after row; NaN is a missing value
 * @param bins as for `binColumn`
 * @throws NonRetryableError when the matrix has another size, and as `binColumn`
 */
export function binFeatures(
  matrix: ArrayLike<number>,
  rows: number,
  features: number,
  bins: number = DEFAULT_BINS.bins,
): BinnedFeatures {
  if (matrix.length !== rows * features) {
    throw new NonRetryableError(`${matrix.length} numbers are not ${rows} rows of ${features} features`);
  }
  const column = new Float64Array(rows);
  return packColumns(
    Array.from({ length: features }, (_value, feature) => {
      for (let row = 0; row < rows; row++) column[row] = matrix[row * features + feature] ?? NaN;
      return binColumn(column, bins, `feature ${feature}`);
    }),
  );
}

/**
 * Puts binned features side by side into shared memory.
 *
 * @throws NonRetryableError when there is no feature or no row, or features have different numbers of rows
 */
export function packColumns(columns: readonly BinnedColumn[]): BinnedFeatures {
  const features = columns.length;
  const rows = columns[0]?.bins.length ?? 0;
  if (rows === 0) throw new NonRetryableError(`there is nothing to learn from: ${features} features of ${rows} rows`);
  const offsets = new Uint32Array(new SharedArrayBuffer((features + 1) * Uint32Array.BYTES_PER_ELEMENT));
  columns.forEach(({ edges }, feature) => (offsets[feature + 1] = (offsets[feature] ?? 0) + edges.length));
  const bins = new Uint8Array(new SharedArrayBuffer(features * rows));
  const edges = sharedFloats(offsets.at(-1) ?? 0);
  columns.forEach((column, feature) => {
    if (column.bins.length !== rows) {
      throw new NonRetryableError(`feature ${feature} has ${column.bins.length} rows, feature 0 has ${rows}`);
    }
    bins.set(column.bins, feature * rows);
    edges.set(column.edges, offsets[feature]);
  });
  return { rows, features, bins, edges, offsets };
}

/**
 * Puts the target beside the features.
 *
 * @param target one number per row
 * @throws NonRetryableError when there are more or fewer, or one is not finite
 */
export function withTarget(binned: BinnedFeatures, target: ArrayLike<number>): TrainingData {
  if (target.length !== binned.rows) {
    throw new NonRetryableError(`the target has ${target.length} numbers for ${binned.rows} rows`);
  }
  const shared = sharedFloats(target.length);
  shared.set(target);
  const bad = shared.findIndex((value) => !Number.isFinite(value));
  if (bad !== -1) {
    throw new NonRetryableError(
      `the target is ${shared[bad]} in row ${bad}: give a finite number, or leave the row out`,
    );
  }
  return { ...binned, target: shared };
}

/** Limits between bins of about equally many of the sorted values; equal values are not parted. */
function edgesOf(sorted: Float64Array, bins: number): number[] {
  const isNew = (at: number): boolean => sorted[at] !== sorted[at - 1];
  let different = 1;
  for (let at = 1; at < sorted.length; at++) if (isNew(at)) different++;
  const edges: number[] = [];
  let start = 0;
  for (let at = 1; at < sorted.length && edges.length < bins - 1; at++) {
    if (!isNew(at)) continue;
    // A value that fills more than a bin leaves less for those that follow: so share out what is left.
    if (different > bins && at - start < (sorted.length - start) / (bins - edges.length)) continue;
    edges.push(between(sorted[at - 1] ?? 0, sorted[at] ?? 0));
    start = at;
  }
  return edges;
}

/** The middle of two numbers, or the lower one when rounding would reach the higher. */
function between(low: number, high: number): number {
  const middle = low / 2 + high / 2;
  return middle >= low && middle < high ? middle : low;
}

/** How many of the ascending edges are below a value. */
function countBelow(edges: Float64Array, value: number): number {
  let [from, to] = [0, edges.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((edges[middle] ?? 0) < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

function isIntegerFrom(least: number, value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function sharedFloats(length: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
}

/** Values of a feature → their bins; `packColumns` joins the results. */
export default defineExec(import.meta.url, {
  name: 'binColumn',
  params: DEFAULT_BINS,
  exec: (values: Float64Array, { params, item }): BinnedColumn =>
    binColumn(values, params.bins, item === undefined ? undefined : `feature ${item}`),
});
