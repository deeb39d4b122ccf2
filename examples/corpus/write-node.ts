/** The last states: the kept texts as lines, then the report and the folder. */
import { batchNodeFor, nodeFor, retry } from '../../src/index.ts';
import jsonLine, { type TextRecord } from './json-line.ts';
import { project } from './map.ts';
import { renderReport } from './report-html.ts';
import type { CorpusStore, Kept } from './schema.ts';
import { writeFolder } from './write.ts';

export const lines = batchNodeFor<CorpusStore>()({
  name: 'lines',
  outcomes: ['Write'],
  prep: (store) => toRecords(store.get('texts'), store.get('labels')),
  exec: jsonLine,
  post: (store, made) => {
    store.put('lines', made);
    return 'Write';
  },
});

export const write = nodeFor<CorpusStore>()({
  name: 'write',
  outcomes: ['Done'],
  prep: (store, ctx) => ({
    out: store.get('settings').out,
    files: {
      'corpus.jsonl': store.get('lines').join(''),
      'report.html': renderReport(store, project(store.get('vectors')), ctx.report()),
    },
  }),
  exec: ({ out, files }) => writeFolder(out, files),
  retry: retry.none(),
});

/** The kept texts in the order of their paths; nothing in them depends on the run. */
export function toRecords(texts: readonly Kept[], labels: ArrayLike<number>): TextRecord[] {
  const records = texts.map(({ path, bytes, words, hash, quality, duplicates, text }, row): TextRecord => ({
    path,
    bytes,
    words,
    hash,
    cluster: labels[row] as number,
    quality: { ...quality },
    duplicates,
    text,
  }));
  return records.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
