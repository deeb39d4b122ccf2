/** What the states of the corpus pipeline hand to each other. */
import type { MemoryStore } from '../../src/index.ts';
import type { TermWeight } from '../../nodes/embedText.ts';
import type { Assignment, KMeansRound } from '../../nodes/kmeansAssign.ts';
import type { QualityRule, SkippedFile, TextFile } from '../../nodes/readText.ts';
import type { Group } from './deduplicate.ts';
import type { Fingerprint } from './fingerprint.ts';

/** The inputs, checked. */
export interface Settings {
  /** The folder as it was named; the report shows it. */
  readonly title: string;
  /** Absolute path of the folder that is read. */
  readonly input: string;
  /** Absolute path of the folder that is written. */
  readonly out: string;
  readonly limit: number;
  readonly threshold: number;
  readonly clusters: number;
}

/** A text that is kept, by its index in `texts`. */
export type Kept = TextFile & { readonly duplicates: readonly string[] };

/** A text that was read and then dropped by a quality rule. */
export interface Dropped {
  readonly path: string;
  readonly why: readonly QualityRule[];
}

export interface Cluster {
  readonly size: number;
  readonly terms: readonly string[];
  /** Paths of the texts nearest to its centre. */
  readonly samples: readonly string[];
}

export interface CorpusSchema {
  settings: Settings;
  /** Relative paths, in order. */
  paths: string[];
  unreadableFolders: string[];
  files: TextFile[];
  skipped: SkippedFile[];
  dropped: Dropped[];
  /** One per different text. */
  texts: Kept[];
  exactGroups: Group[];
  fingerprints: Fingerprint[];
  candidates: Uint32Array<SharedArrayBuffer>;
  nearGroups: Group[];
  features: Uint32Array<ArrayBuffer>[];
  idf: Float32Array<SharedArrayBuffer>;
  /** One row per text. */
  points: Float32Array<SharedArrayBuffer>;
  terms: TermWeight[][];
  round: KMeansRound;
  partials: Assignment[];
  rounds: number;
  clusters: Cluster[];
  /** By cluster: x, y of its texts around the middle of its island. */
  places: Float32Array<ArrayBuffer>[];
  lines: Uint8Array<ArrayBuffer>[];
}

export type CorpusStore = MemoryStore<CorpusSchema>;
