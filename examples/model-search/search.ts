/** What is searched: configurations, the fits that it takes to compare them, and the data that all fits share. */
import {
  binFeatures,
  folds as dealFolds,
  withTarget,
  type BoostingParams,
  type FoldedData,
  type FoldItem,
} from '../../nodes/gradientBoosting.ts';
import type { Table } from './table.ts';

/** What configurations differ in; all else is left at its default. */
export type Config = Pick<BoostingParams, 'depth' | 'trees' | 'learningRate'>;

const DEPTHS = [6, 2, 1] as const;
const TREES = [200, 50] as const;
const LEARNING_RATES = [0.0125, 0.05, 0.2, 0.8] as const;

/**
 * Too shallow, too deep, too few, too slow, too fast, and right. The largest come first: what is left at the end of the
 * batch is short, so that no thread works alone.
 */
export const GRID: readonly Config[] = DEPTHS.flatMap((depth) =>
  TREES.flatMap((trees) => LEARNING_RATES.map((learningRate) => ({ depth, trees, learningRate }))),
);

/** Bins per feature: with so many, the limits between them are finer than the noise. */
const BINS = 64;

/** The items of the search: the folds of the first configuration, then those of the second, … */
export function searchItems(configs: readonly Config[], folds: number): FoldItem[] {
  return configs.flatMap((config) => Array.from({ length: folds }, (_value, fold) => ({ config, fold })));
}

/** What the items have in common: the table as bins, its rows dealt out to folds. */
export function searchData({ matrix, features, values }: Table, folds: number, seed: number): FoldedData {
  const binned = binFeatures(matrix, values.length, features.length, BINS);
  return { ...withTarget(binned, values), folds: dealFolds(values.length, folds, seed) };
}

/** A configuration for people. */
export function describeConfig({ depth, trees, learningRate }: Config): string {
  return `depth ${depth}, ${trees} trees, learning rate ${learningRate}`;
}
