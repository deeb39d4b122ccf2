/** What the states of the tremor pipeline hand to each other. */
import type { MemoryStore, Shared } from '../../src/index.ts';
import type { Search } from './locate.ts';

/** The three mendings, each off in the slow run. */
export interface Mendings {
  /** Cleans the record on threads instead of the main thread. */
  readonly onThreads: boolean;
  /** Puts the templates into shared memory instead of every input. */
  readonly shared: boolean;
  /** Cuts the search of the large tremor into items. */
  readonly cut: boolean;
}

export interface TremorSchema {
  mendings: Mendings;
  /** The record as it came, with spikes in it. */
  raw: Float64Array;
  clean: Float64Array;
  /** Shapes of known tremors, one after the other. */
  templates: Float64Array | Shared<Float64Array>;
  /** The template that fits each window of the record best. */
  matches: number[];
  searches: readonly Search[];
  /** Where each tremor came from. */
  places: { readonly tremor: number; readonly x: number; readonly y: number }[];
}

export type TremorStore = MemoryStore<TremorSchema>;
