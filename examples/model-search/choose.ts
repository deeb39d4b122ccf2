/** Which configuration is the best: the one with the lowest mean error over the folds. */
import { overFolds, type CrossValidation, type FoldResult } from '../../nodes/gradientBoosting.ts';
import type { Config } from './search.ts';

/** A configuration with how it did. */
export interface Score extends CrossValidation {
  readonly config: Config;
  /** Mean squared error of each fold. */
  readonly folds: readonly number[];
}

/**
 * All configurations, the best first. Of equal errors, that of the smaller model comes first, then the earlier one.
 *
 * @param results of `searchItems(configs, …)`, in the order of the items
 */
export function rank(configs: readonly Config[], results: readonly FoldResult[]): Score[] {
  const folds = results.length / configs.length;
  return configs
    .map((config, index): Score => {
      const own = results.slice(index * folds, (index + 1) * folds);
      return { config, ...overFolds(own), folds: own.map(({ mse }) => mse) };
    })
    .toSorted((a, b) => a.mse - b.mse || a.nodes - b.nodes);
}
