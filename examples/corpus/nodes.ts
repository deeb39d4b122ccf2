/** The nodes of the corpus pipeline. What is heavy runs on threads, per document; the main thread only wires. */
import { batchNodeFor, nodeFor, share } from '../../src/index.ts';
import { addDocument, toIdf } from '../../nodes/embedText.ts';
import kmeansAssign, { nextRound, rowRanges, updateCentroids } from '../../nodes/kmeansAssign.ts';
import readTextExec, { type SkippedFile, type TextFile } from '../../nodes/readText.ts';
import similarPairs, {
  exactJaccard,
  mergeCandidates,
  packSets,
  packSignatures,
  pairSlices,
} from '../../nodes/similarPairs.ts';
import { compareQuality, type Group } from './deduplicate.ts';
import describe from './describe.ts';
import fingerprintText from './fingerprint.ts';
import { nameClusters } from './name-clusters.ts';
import { dropNearDuplicates } from './near-duplicates.ts';
import { absolute, scan as scanFolder } from './scan.ts';
import { sampleOf, startRound, toMatrix } from './matrix.ts';
import type { CorpusStore, Kept } from './schema.ts';
import spreadCluster from './spread.ts';
import tryStart from './try-start.ts';

const node = nodeFor<CorpusStore>();
const batchNode = batchNodeFor<CorpusStore>();

/** Numbers per text. */
const DIM = describe.params.dim;
/** Starts of the clustering that are tried, on so many texts at most. */
const STARTS = 32;
const SAMPLE = 2_000;
/** The clustering stops when fewer documents move, or after so many rounds. */
const MOVED_SHARE = 0.001;
const MAX_ROUNDS = 100;

export const scan = node({
  name: 'scan',
  outcomes: ['found', 'nothing'],
  prep: (store) => store.get('settings'),
  exec: ({ input, limit }) => scanFolder(input, limit),
  post: (store, { paths, unreadableFolders }) => {
    store.put('paths', paths);
    store.put('unreadableFolders', unreadableFolders);
    return paths.length === 0 ? 'nothing' : 'found';
  },
});

export const read = batchNode({
  name: 'read',
  outcomes: ['texts', 'nothing'],
  prep: (store) => {
    const { input } = store.get('settings');
    return store.get('paths').map((path) => absolute(input, path));
  },
  // Prose may have a line per paragraph; minified code is far above.
  exec: readTextExec.with({ maxMeanLineLength: 1_000 }),
  post: (store, results) => {
    const paths = store.get('paths');
    const files: TextFile[] = [];
    const skipped: SkippedFile[] = [];
    results.forEach((result, index) => {
      const path = paths[index] as string;
      if (result.kind === 'skipped') skipped.push({ ...result, path });
      else files.push({ ...result, path });
    });
    store.put(
      'files',
      files.filter((file) => file.keep),
    );
    store.put(
      'dropped',
      files.filter((file) => !file.keep).map(({ path, why }) => ({ path, why })),
    );
    store.put('skipped', skipped);
    return store.get('files').length === 0 ? 'nothing' : 'texts';
  },
});

export const collapse = node({
  name: 'collapse',
  outcomes: ['Fingerprint'],
  prep: (store) => store.get('files'),
  exec: (files) => groupByHash(files),
  post: (store, byHash) => {
    const groups: Group[] = [];
    const texts: Kept[] = [];
    for (const copies of byHash) {
      const [kept, ...others] = copies.toSorted(compareQuality) as [TextFile, ...TextFile[]];
      const duplicates = others.map(({ path }) => path);
      texts.push({ ...kept, duplicates });
      if (others.length > 0)
        groups.push({ kept: kept.path, others: duplicates.map((path) => ({ path, similarity: 1 })) });
    }
    store.put('texts', texts);
    store.put('exactGroups', groups);
    return 'Fingerprint';
  },
});

export const fingerprint = batchNode({
  name: 'fingerprint',
  outcomes: ['Candidates'],
  prep: textsOf,
  exec: fingerprintText,
  post: (store, fingerprints) => {
    store.put('fingerprints', fingerprints);
    return 'Candidates';
  },
});

export const candidates = batchNode({
  name: 'candidates',
  outcomes: ['Verify'],
  prep: (store) => ({
    items: Array.from({ length: similarPairs.params.bands }, (_value, band) => band),
    common: packSignatures(store.get('fingerprints').map(({ signature }) => signature)),
  }),
  exec: similarPairs,
  post: (store, bands) => {
    store.put('candidates', mergeCandidates(bands));
    return 'Verify';
  },
});

export const verify = batchNode({
  name: 'verify',
  outcomes: ['Weigh'],
  prep: (store) => {
    const pairs = store.get('candidates');
    const sets = packSets(store.get('fingerprints').map(({ shingles }) => shingles));
    return { items: pairSlices(pairs), common: { pairs, ...sets } };
  },
  // The least that the exec reports; the threshold of this run is an input and applied to what it found.
  exec: exactJaccard.with({ threshold: 0.5 }),
  post: (store, slices) => {
    const fingerprints = store.get('fingerprints');
    const rows = dropNearDuplicates(store, slices);
    store.put(
      'features',
      rows.map((row) => fingerprints[row]?.features ?? new Uint32Array(0)),
    );
    store.delete('fingerprints');
    store.delete('candidates');
    return 'Weigh';
  },
});

/** How much each word tells: after the copies are gone, or a licence in a hundred packages would count a hundred times. */
export const weigh = node({
  name: 'weigh',
  outcomes: ['Embed'],
  prep: (store) => store.get('features'),
  exec: (features) => {
    const counts = new Uint32Array(fingerprintText.params.features);
    for (const ofText of features) addDocument(counts, ofText);
    return toIdf(counts, features.length);
  },
  post: (store, idf) => {
    store.put('idf', idf);
    store.delete('features');
    return 'Embed';
  },
});

export const embed = batchNode({
  name: 'embed',
  outcomes: ['Seed'],
  prep: (store) => ({ items: textsOf(store), common: { idf: store.get('idf') } }),
  exec: describe,
  post: (store, described) => {
    store.put(
      'points',
      toMatrix(
        described.map(({ vector }) => vector),
        DIM,
      ),
    );
    store.put(
      'terms',
      described.map(({ terms }) => terms),
    );
    store.delete('idf');
    return 'Seed';
  },
});

export const seed = batchNode({
  name: 'seed',
  outcomes: ['Assign'],
  prep: (store) => {
    const points = store.get('points');
    const k = Math.min(store.get('settings').clusters, points.length / DIM);
    return {
      items: Array.from({ length: STARTS }, (_value, index) => index + 1),
      common: share({ points: sampleOf(points, DIM, SAMPLE), dim: DIM, k }),
    };
  },
  exec: tryStart,
  post: (store, starts) => {
    const [best] = starts.toSorted((a, b) => a.inertia - b.inertia);
    store.put('round', startRound(store.get('points'), DIM, best?.centroids ?? new Float32Array(0)));
    store.put('rounds', 0);
    return 'Assign';
  },
});

export const assign = batchNode({
  name: 'assign',
  outcomes: ['Update'],
  prep: (store) => {
    const round = store.get('round');
    return { items: rowRanges(round.labels.length), common: round };
  },
  exec: kmeansAssign,
  post: (store, partials) => {
    store.put('partials', partials);
    return 'Update';
  },
});

export const update = node({
  name: 'update',
  outcomes: ['moving', 'settled'],
  prep: (store) => ({ round: store.get('round'), partials: store.get('partials') }),
  exec: ({ round, partials }) => updateCentroids(round, partials),
  post: (store, next) => {
    const round = store.get('round');
    const rounds = store.get('rounds') + 1;
    store.put('rounds', rounds);
    if (next.moved >= round.labels.length * MOVED_SHARE && rounds < MAX_ROUNDS) {
      store.put('round', nextRound(round, next));
      return 'moving';
    }
    const paths = store.get('texts').map(({ path }) => path);
    store.put('clusters', nameClusters(round, paths, store.get('terms')));
    store.delete('partials');
    return 'settled';
  },
});

export const map = batchNode({
  name: 'map',
  outcomes: ['Lines'],
  reads: ['round'],
  prep: (store) => store.get('clusters').keys(),
  exec: spreadCluster,
  post: (store, places) => {
    store.put('places', places);
    return 'Lines';
  },
});

function textsOf(store: CorpusStore): string[] {
  return store.get('texts').map(({ text }) => text);
}

function groupByHash(files: readonly TextFile[]): TextFile[][] {
  const byHash = new Map<string, TextFile[]>();
  for (const file of files) {
    const copies = byHash.get(file.hash);
    if (copies === undefined) byHash.set(file.hash, [file]);
    else copies.push(file);
  }
  return [...byHash.values()];
}
