/** The nodes of the tremor pipeline: as they were written at first, and mended. */
import { batchNodeFor, nodeFor } from '../../src/index.ts';
import clean from './clean.ts';
import locate, { type Found, type Search } from './locate.ts';
import match from './match.ts';
import type { TremorStore } from './schema.ts';
import { WINDOW } from './signal.ts';
import { medians, REACH } from './smooth.ts';

const node = nodeFor<TremorStore>();
const batchNode = batchNodeFor<TremorStore>();

const PARTS = 64;
const STARTS_PER_ITEM = 50;

export const choose = node({
  name: 'choose',
  outcomes: ['CleanHere', 'Clean'],
  prep: (store) => store.get('mendings').onThreads,
  exec: (onThreads) => onThreads,
  post: (_store, onThreads) => (onThreads ? 'Clean' : 'CleanHere'),
});

/** At first: a plain function, so it runs on the main thread, and everything waits for it. */
export const cleanHere = node({
  name: 'cleanHere',
  outcomes: ['Match'],
  prep: (store) => store.get('raw'),
  exec: (raw) => medians(raw),
  post: (store, found) => {
    store.put('clean', found);
    return 'Match';
  },
});

/** Mended: the same function in a file of its own, an item for each part of the record. */
export const cleanOnThreads = batchNode({
  name: 'clean',
  outcomes: ['Match'],
  prep: (store) => partsOf(store.get('raw')),
  exec: clean,
  post: (store, parts) => {
    const found = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      found.set(part, at);
      at += part.length;
    }
    store.put('clean', found);
    return 'Match';
  },
});

/** At first every window takes all templates with it. Mended, they are a shared value: the code is the same. */
export const matchWindows = batchNode({
  name: 'match',
  outcomes: ['Locate'],
  prep: (store) => {
    const record = store.get('clean');
    const templates = store.get('templates');
    const windows = Math.floor(record.length / WINDOW);
    return Array.from({ length: windows }, (_, at) => ({
      window: record.slice(at * WINDOW, (at + 1) * WINDOW),
      templates,
    }));
  },
  exec: match,
  post: (store, matches) => {
    store.put('matches', matches);
    return 'Locate';
  },
});

/** At first an item is a tremor, and one of them is large. Mended, an item is so many starting points of one. */
export const locateTremors = batchNode({
  name: 'locate',
  outcomes: ['Done'],
  prep: (store) => {
    const searches = store.get('searches');
    return store.get('mendings').cut ? searches.flatMap(cutUp) : [...searches];
  },
  exec: locate,
  post: (store, found) => {
    store.put('places', bestOf(found));
    return 'Done';
  },
});

function partsOf(record: Float64Array): Float64Array[] {
  const size = Math.ceil((record.length - 2 * REACH) / PARTS);
  return Array.from({ length: PARTS }, (_, part) => record.slice(part * size, (part + 1) * size + 2 * REACH));
}

function cutUp({ tremor, starts }: Search): Search[] {
  return Array.from({ length: Math.ceil(starts / STARTS_PER_ITEM) }, (_, item) => {
    const first = item * STARTS_PER_ITEM;
    return { tremor, first, starts: Math.min(STARTS_PER_ITEM, starts - first) };
  });
}

function bestOf(found: readonly Found[]): { tremor: number; x: number; y: number }[] {
  const best = new Map<number, Found>();
  for (const each of found) if (each.misfit < (best.get(each.tremor)?.misfit ?? Infinity)) best.set(each.tremor, each);
  return [...best.values()].map(({ tremor, x, y }) => ({ tremor, x, y }));
}
