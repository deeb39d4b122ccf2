/** The last states: the kept texts as lines, then the report and the folder. */
import { batchNodeFor, nodeFor, retry } from '../../src/index.ts';
import { writeFolder } from '../shared/out-folder.ts';
import toLine, { type TextRecord } from './json-line.ts';
import { renderReport } from './report-html.ts';
import type { CorpusStore } from './schema.ts';
import { MARKER, OUTPUT } from './output.ts';

export const lines = batchNodeFor<CorpusStore>()({
  name: 'lines',
  outcomes: ['Write'],
  prep: toRecords,
  exec: toLine,
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
    files: { [OUTPUT.texts]: store.get('lines'), [OUTPUT.report]: renderReport(store, ctx.report()) },
  }),
  exec: ({ out, files }) => writeFolder(out, MARKER, files),
  retry: retry.none(),
});

/** The kept texts in the order of their paths; nothing in them depends on the run. */
function toRecords(store: CorpusStore): TextRecord[] {
  const { labels } = store.get('round');
  const records = store
    .get('texts')
    .map(({ path, bytes, words, hash, quality, duplicates, text }, row): TextRecord => ({
      path,
      bytes,
      words,
      hash,
      cluster: labels[row] ?? 0,
      quality: { ...quality },
      duplicates,
      text,
    }));
  return records.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
