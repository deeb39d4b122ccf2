/** The last state: renders the report and writes the folder. */
import { nodeFor, retry } from '../../src/index.ts';
import { project } from './map.ts';
import { renderReport } from './report-html.ts';
import type { CorpusStore, Kept } from './schema.ts';
import { writeFolder } from './write.ts';

export const write = nodeFor<CorpusStore>()({
  name: 'write',
  outcomes: ['Done'],
  prep: (store, ctx) => ({
    out: store.get('settings').out,
    files: {
      'corpus.jsonl': toJsonLines(store.get('texts'), store.get('labels')),
      'report.html': renderReport(store, project(store.get('vectors')), ctx.report()),
    },
  }),
  exec: ({ out, files }) => writeFolder(out, files),
  retry: retry.none(),
});

/** One kept text per line, in the order of their paths; nothing in it depends on the run. */
export function toJsonLines(texts: readonly Kept[], labels: ArrayLike<number>): string {
  const rows = texts.map(({ path, bytes, words, hash, quality, duplicates, text }, row) => ({
    path,
    bytes,
    words,
    hash,
    cluster: labels[row],
    quality,
    duplicates,
    text,
  }));
  rows.sort((a, b) => (a.path < b.path ? -1 : 1));
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
