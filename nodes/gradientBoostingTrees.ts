/**
 * Gradient-boosted regression trees for squared loss: each tree is grown on what the trees before it left over. `fitTrees`
 * (default export) fits one model per item.
 *
 * Sources: J. Friedman, "Greedy function approximation: a gradient boosting machine" (Annals of Statistics, 2001); G. Ke et
 * al., "LightGBM" (NeurIPS 2017) for splits between bins and for the subtraction of histograms; T. Chen, C. Guestrin,
 * "XGBoost" (KDD 2016) for gain and leaf values with an L2 penalty and for the learned direction of missing values.
 *
 * Invariants:
 * 1. Same bits for the same data, rows, params and seed: rows are always added up in ascending order.
 * 2. A split lies between two bins, so a model decides the same by bins (`predictRows`) and by values (`predict`).
 * 3. Data is only read: threads share it.
 */
import { execFor, NonRetryableError } from '../src/node.ts';
import {
  DEFAULT_PARAMS,
  settle,
  type BinnedFeatures,
  type BoostingParams,
  type TrainingData,
} from './gradientBoostingData.ts';

/** The nodes of all trees of a model, by number. */
export interface Nodes {
  /** Left child of a node, its right child is the next one; 0 in a leaf, because node 0 is nobody's child. */
  readonly left: Uint32Array<ArrayBuffer>;
  /** The feature that a node splits. */
  readonly feature: Uint32Array<ArrayBuffer>;
  /** Values up to this one go left; in a leaf: what it adds to the prediction. */
  readonly value: Float64Array<ArrayBuffer>;
  /** The same limit as a bin. */
  readonly bin: Uint8Array<ArrayBuffer>;
  /** 1 when missing values go left. */
  readonly missingLeft: Uint8Array<ArrayBuffer>;
}

/** A model: plain typed arrays, 18 bytes per node. */
export interface BoostedTrees {
  readonly features: number;
  /** Prediction before the first tree: the mean of the target. */
  readonly base: number;
  /** The first node of each tree. */
  readonly roots: Uint32Array<ArrayBuffer>;
  readonly nodes: Nodes;
  /** By feature: how much its splits reduced the squared error, L2 penalty included. */
  readonly gain: Float64Array<ArrayBuffer>;
}

/** Called before each tree with the number of trees so far; what it throws ends the fit. */
export type OnTree = (done: number) => void;

/**
 * Fits a model. With all rows and features for each tree, the training error falls with every tree.
 *
 * @param params what differs from the defaults
 * @param rows the rows to fit, ascending; all of them by default
 * @throws NonRetryableError when a param cannot be used, or there is no row
 */
export function fit(
  data: TrainingData,
  params: Partial<BoostingParams> = {},
  rows: Uint32Array = upTo(data.rows),
  onTree?: OnTree,
): BoostedTrees {
  const settled = settle(params);
  if (rows.length === 0) throw new NonRetryableError('there is no row to fit: give at least one');
  const beyond = rows.find((row) => row >= data.rows);
  if (beyond !== undefined) throw new NonRetryableError(`there is no row ${beyond}: the data has ${data.rows} rows`);
  const { trees, subsample, columnsPerTree, seed } = settled;
  const random = randomFrom(seed);
  const features = upTo(data.features);
  const base = meanOf(data.target, rows);
  const predictions = new Float64Array(data.rows).fill(base);
  const growth = new Growth(data, settled, ROUNDING * squaresAround(base, data.target, rows));
  const roots = new Uint32Array(trees);
  for (let tree = 0; tree < trees; tree++) {
    onTree?.(tree);
    const [drawn, others] = draw(rows, subsample, random);
    const [columns] = draw(features, columnsPerTree, random);
    roots[tree] = growth.growTree(drawn, columns, predictions);
    addTree(growth.nodes.arrays, roots[tree] ?? 0, data, others, predictions);
  }
  return { features: data.features, base, roots, nodes: growth.nodes.trimmed(), gain: growth.gain };
}

/** Adds what a tree says to the predictions of these rows. */
export function addTree(
  nodes: Nodes,
  root: number,
  data: BinnedFeatures,
  rows: Uint32Array,
  predictions: Float64Array,
): void {
  const { left, feature, value, bin, missingLeft } = nodes;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0;
    let node = root;
    for (let child = left[node] ?? 0; child !== 0; child = left[node] ?? 0) {
      const own = data.bins[(feature[node] ?? 0) * data.rows + row] ?? 0;
      const goesLeft = own === 0 ? missingLeft[node] === 1 : own <= (bin[node] ?? 0);
      node = goesLeft ? child : child + 1;
    }
    predictions[row] = (predictions[row] ?? 0) + (value[node] ?? 0);
  }
}

/** Nodes in arrays that grow by doubling. */
class NodeList {
  #count = 0;
  /** With room for more. */
  arrays: Nodes = emptyNodes(64);

  /** Makes leaves that add nothing. @returns the first of them */
  add(count: number): number {
    const first = this.#count;
    this.#count += count;
    const room = this.arrays.left.length;
    if (this.#count > room) this.arrays = resized(this.arrays, 2 * room);
    return first;
  }

  trimmed(): Nodes {
    return resized(this.arrays, this.#count);
  }
}

function emptyNodes(count: number): Nodes {
  return {
    left: new Uint32Array(count),
    feature: new Uint32Array(count),
    value: new Float64Array(count),
    bin: new Uint8Array(count),
    missingLeft: new Uint8Array(count),
  };
}

function resized(nodes: Nodes, count: number): Nodes {
  const copy = emptyNodes(count);
  for (const name of Object.keys(copy) as (keyof Nodes)[]) copy[name].set(nodes[name].subarray(0, count));
  return copy;
}

/** By feature and bin: the sum of the residuals of the rows in it at `2 × position`, and their number after it. */
type Histogram = Float64Array;

interface Split {
  readonly feature: number;
  /** The last bin that goes left. */
  readonly bin: number;
  readonly missingLeft: boolean;
  readonly gain: number;
}

/** Gains below this share of the squared error before the first tree are rounding errors: such a node is not split. */
const ROUNDING = 1e-14;

/** Grows the trees of one fit; keeps its buffers from tree to tree. */
class Growth {
  readonly nodes = new NodeList();
  readonly gain: Float64Array<ArrayBuffer>;
  readonly #data: TrainingData;
  readonly #params: BoostingParams;
  readonly #leastGain: number;
  readonly #residuals: Float64Array;
  readonly #scratch: Uint32Array;
  /** By feature: position of its bin 0 in a histogram; one more at the end. */
  readonly #starts: Uint32Array;
  /** Histograms that are not in use: there are at most depth + 1. */
  readonly #pool: Histogram[] = [];
  // Of the tree that is being grown.
  #rows: Uint32Array = new Uint32Array(0);
  #columns: Uint32Array = new Uint32Array(0);
  #predictions: Float64Array = new Float64Array(0);

  constructor(data: TrainingData, params: BoostingParams, leastGain: number) {
    this.#data = data;
    this.#params = params;
    this.#leastGain = leastGain;
    this.gain = new Float64Array(data.features);
    this.#residuals = new Float64Array(data.rows);
    this.#scratch = new Uint32Array(data.rows);
    // A feature has a bin more than edges, and the one of missing values.
    this.#starts = data.offsets.map((offset, feature) => offset + 2 * feature);
  }

  /**
   * Grows a tree on what the predictions leave over, and adds it to those of its rows.
   *
   * @param rows ascending; reordered in place
   * @returns the first node of the tree
   */
  growTree(rows: Uint32Array, columns: Uint32Array, predictions: Float64Array): number {
    this.#rows = rows;
    this.#columns = columns;
    this.#predictions = predictions;
    setDifferences(this.#residuals, this.#data.target, predictions, rows);
    const root = this.nodes.add(1);
    this.#grow(root, 0, rows.length, 0, this.#canSplit(rows.length, 0) ? this.#histogramOf(0, rows.length) : undefined);
    return root;
  }

  #canSplit(count: number, level: number): boolean {
    return level < this.#params.depth && count >= 2 * this.#params.minRows;
  }

  /** Splits the node of the rows `[from, to)`, or makes it a leaf; the histogram is used up. */
  #grow(node: number, from: number, to: number, level: number, histogram: Histogram | undefined): void {
    const sum = sumOf(this.#residuals, this.#rows, from, to);
    const split = histogram === undefined ? undefined : this.#bestSplit(histogram, sum, to - from);
    if (histogram === undefined || split === undefined) {
      if (histogram !== undefined) this.#pool.push(histogram);
      const value = (this.#params.learningRate * sum) / (to - from + this.#params.l2);
      this.nodes.arrays.value[node] = value;
      addTo(this.#predictions, this.#rows, from, to, value);
      return;
    }
    const left = this.nodes.add(2);
    this.#setSplit(node, left, split);
    const middle = this.#partition(from, to, split);
    // Only the rows of the smaller child are added up: the other one has what is left of the parent.
    const isLeftSmaller = middle - from <= to - middle;
    let ofLeft: Histogram | undefined;
    let ofRight: Histogram | undefined;
    if (this.#canSplit(isLeftSmaller ? to - middle : middle - from, level + 1)) {
      const smaller = isLeftSmaller ? this.#histogramOf(from, middle) : this.#histogramOf(middle, to);
      subtract(histogram, smaller);
      [ofLeft, ofRight] = isLeftSmaller ? [smaller, histogram] : [histogram, smaller];
    } else {
      this.#pool.push(histogram);
    }
    this.#grow(left, from, middle, level + 1, ofLeft);
    this.#grow(left + 1, middle, to, level + 1, ofRight);
  }

  #setSplit(node: number, child: number, { feature, bin, missingLeft, gain }: Split): void {
    const { left, feature: features, value, bin: bins, missingLeft: missing } = this.nodes.arrays;
    const { edges, offsets } = this.#data;
    left[node] = child;
    features[node] = feature;
    bins[node] = bin;
    // With bin 0 the missing values go left, and nothing else.
    value[node] = bin === 0 ? -Infinity : (edges[(offsets[feature] ?? 0) + bin - 1] ?? 0);
    missing[node] = missingLeft ? 1 : 0;
    this.gain[feature] = (this.gain[feature] ?? 0) + gain;
  }

  /** Puts the rows that go left first, both parts in the order that they had. @returns where the right part begins */
  #partition(from: number, to: number, { feature, bin, missingLeft }: Split): number {
    const { bins, rows: column } = this.#data;
    const rows = this.#rows;
    const scratch = this.#scratch;
    let left = from;
    let right = 0;
    for (let i = from; i < to; i++) {
      const row = rows[i] ?? 0;
      const own = bins[feature * column + row] ?? 0;
      if (own === 0 ? missingLeft : own <= bin) rows[left++] = row;
      else scratch[right++] = row;
    }
    for (let i = 0; i < right; i++) rows[left + i] = scratch[i] ?? 0;
    return left;
  }

  #histogramOf(from: number, to: number): Histogram {
    const histogram = this.#pool.pop()?.fill(0) ?? new Float64Array(2 * (this.#starts.at(-1) ?? 0));
    for (const feature of this.#columns) this.#addRows(histogram, feature, from, to);
    return histogram;
  }

  // A loop of its own for each feature: it is compiled after a few calls.
  #addRows(histogram: Histogram, feature: number, from: number, to: number): void {
    const { bins, rows: column } = this.#data;
    const start = this.#starts[feature] ?? 0;
    const rows = this.#rows;
    const residuals = this.#residuals;
    for (let i = from; i < to; i++) {
      const row = rows[i] ?? 0;
      const at = 2 * (start + (bins[feature * column + row] ?? 0));
      histogram[at] = (histogram[at] ?? 0) + (residuals[row] ?? 0);
      histogram[at + 1] = (histogram[at + 1] ?? 0) + 1;
    }
  }

  /** The split with the highest gain; of several the first feature and the lowest bin. */
  #bestSplit(histogram: Histogram, sum: number, count: number): Split | undefined {
    const { minRows, l2 } = this.#params;
    const unsplit = (sum * sum) / (count + l2);
    let best: Split | undefined;
    let highest = unsplit + this.#leastGain;
    for (const feature of this.#columns) {
      const start = 2 * (this.#starts[feature] ?? 0);
      const lastBin = (this.#starts[feature + 1] ?? 0) - (this.#starts[feature] ?? 0) - 1;
      const missing = histogram[start + 1] ?? 0;
      // Missing values to the right; if there are any, then also to the left, where they may stay alone.
      for (let missingLeft = 0; missingLeft <= (missing > 0 ? 1 : 0); missingLeft++) {
        let leftSum = 0;
        let leftCount = 0;
        for (let bin = 1 - missingLeft; bin < lastBin; bin++) {
          const inBin = histogram[start + 2 * bin + 1] ?? 0;
          if (inBin === 0) continue;
          leftSum += histogram[start + 2 * bin] ?? 0;
          leftCount += inBin;
          const rightCount = count - leftCount;
          if (leftCount < minRows) continue;
          if (rightCount < minRows) break;
          const rightSum = sum - leftSum;
          const score = (leftSum * leftSum) / (leftCount + l2) + (rightSum * rightSum) / (rightCount + l2);
          if (score > highest) {
            highest = score;
            const goesLeft = missing > 0 ? missingLeft === 1 : leftCount >= rightCount;
            best = { feature, bin, missingLeft: goesLeft, gain: score - unsplit };
          }
        }
      }
    }
    return best;
  }
}

function subtract(from: Histogram, what: Histogram): void {
  for (let at = 0; at < from.length; at++) from[at] = (from[at] ?? 0) - (what[at] ?? 0);
}

function setDifferences(into: Float64Array, values: Float64Array, less: Float64Array, rows: Uint32Array): void {
  for (const row of rows) into[row] = (values[row] ?? 0) - (less[row] ?? 0);
}

function sumOf(values: Float64Array, rows: Uint32Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[rows[i] ?? 0] ?? 0;
  return sum;
}

function addTo(values: Float64Array, rows: Uint32Array, from: number, to: number, value: number): void {
  for (let i = from; i < to; i++) values[rows[i] ?? 0] = (values[rows[i] ?? 0] ?? 0) + value;
}

/** Exact when all values are the same: then the differences to the first one are 0. */
function meanOf(values: Float64Array, rows: Uint32Array): number {
  const first = values[rows[0] ?? 0] ?? 0;
  let sum = 0;
  for (const row of rows) sum += (values[row] ?? 0) - first;
  return first + sum / rows.length;
}

function squaresAround(base: number, values: Float64Array, rows: Uint32Array): number {
  return rows.reduce((sum, row) => sum + ((values[row] ?? 0) - base) ** 2, 0);
}

/** Parts the numbers by a share, at least one; both parts in order, each subset as probable (Knuth's algorithm S). */
function draw(
  from: Uint32Array,
  share: number,
  random: () => number,
): readonly [drawn: Uint32Array, others: Uint32Array] {
  if (share === 1) return [from.slice(), new Uint32Array(0)];
  const drawn = new Uint32Array(Math.max(1, Math.round(share * from.length)));
  const others = new Uint32Array(from.length - drawn.length);
  let taken = 0;
  for (let i = 0; i < from.length; i++) {
    if ((from.length - i) * random() < drawn.length - taken) drawn[taken++] = from[i] ?? 0;
    else others[i - taken] = from[i] ?? 0;
  }
  return [drawn, others];
}

function upTo(count: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_value, index) => index);
}

/** mulberry32: numbers in [0, 1) that depend on the seed alone. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What differs from the params → the model of all rows; `common` is the data. */
export default execFor<unknown, TrainingData>()(import.meta.url, {
  name: 'fitTrees',
  params: DEFAULT_PARAMS,
  exec: (config: Partial<BoostingParams>, ctx): BoostedTrees => {
    const params = { ...ctx.params, ...config };
    return fit(ctx.common, params, undefined, (done) => {
      ctx.throwIfAborted();
      ctx.progress(done, params.trees);
    });
  },
});
