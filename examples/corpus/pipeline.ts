/** `npm start`: the corpus pipeline on the command line. */
import { join, resolve } from 'node:path';
import { definePipeline, MemoryStore } from '../../src/index.ts';
import type { CorpusSchema, CorpusStore } from './schema.ts';
import { corpus } from './workflow.ts';
import { MARKER, OUTPUT } from './output.ts';
import { refuseForeignFolder } from '../shared/out-folder.ts';

export default definePipeline({
  description: 'Reads, cleans, de-duplicates, embeds and clusters the text files of a folder.',
  workflow: corpus,
  inputs: {
    input: { type: 'path', mustBe: 'folder', default: 'node_modules', description: 'the folder to read' },
    out: { type: 'path', default: './out', description: 'the folder to write, replaced as a whole' },
    limit: { type: 'integer', default: 2_000, min: 1, description: 'read the first so many text files by path' },
    threshold: {
      type: 'number',
      default: 0.8,
      min: 0.5,
      max: 1,
      description: 'similarity from which texts count as copies',
    },
    clusters: { type: 'integer', default: 12, min: 1, max: 200, description: 'number of clusters' },
  },
  store: ({ input, out, limit, threshold, clusters }) => {
    refuseForeignFolder(resolve(out), MARKER);
    return new MemoryStore<CorpusSchema>({
      settings: { title: input, input: resolve(input), out: resolve(out), limit, threshold, clusters },
    });
  },
  summary: (store, { state }) => {
    if (state === 'Empty') return whyEmpty(store);
    const { out } = store.get('settings');
    const texts = store.get('texts').length;
    return [
      `${store.get('paths').length} files seen, ${texts} texts kept in ${store.get('clusters').length} clusters`,
      `report  ${join(out, OUTPUT.report)}`,
      `texts   ${join(out, OUTPUT.texts)}`,
    ];
  },
});

/** What became of the files when none of them is kept. */
function whyEmpty(store: CorpusStore): string {
  const reasons = [
    ...(store.find('skipped') ?? []).map(({ reason }) => reason.replaceAll('_', ' ')),
    ...(store.find('dropped') ?? []).map(() => 'low quality'),
    ...store.get('unreadableFolders').map(() => 'unreadable folder'),
  ];
  const counts = [...new Set(reasons)].map(
    (reason) => `${reasons.filter((other) => other === reason).length} ${reason}`,
  );
  const { title } = store.get('settings');
  return `no text to keep in '${title}'${counts.length === 0 ? '' : ` (${counts.join(', ')})`}; nothing was written`;
}
