/** What the states of the model search hand to each other. */
import type { MemoryStore } from '../../src/index.ts';
import type { BoostedTrees, FoldedData, FoldResult } from '../../nodes/gradientBoosting.ts';
import type { Score } from './choose.ts';
import type { Source } from './load.ts';
import type { Config } from './search.ts';
import type { Table } from './table.ts';

/** The inputs, checked. */
export interface Settings {
  readonly source: Source;
  readonly folds: number;
  readonly seed: number;
  /** Absolute path of the folder that is written. */
  readonly out: string;
  readonly configs: readonly Config[];
}

/** How the winner does on rows that the search has not seen. */
export interface Test {
  readonly rows: number;
  readonly mse: number;
  /** The error of always predicting the mean. */
  readonly baseline: number;
}

export interface SearchSchema {
  settings: Settings;
  /** The rows that are searched on. */
  table: Table;
  heldOut: Table;
  /** The least error that any model can have, where it is known. */
  floor?: number;
  data: FoldedData;
  results: FoldResult[];
  /** The best first. */
  ranking: Score[];
  model: BoostedTrees;
  test: Test;
}

export type SearchStore = MemoryStore<SearchSchema>;
