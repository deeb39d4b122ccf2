/** `npm start`: the corpus pipeline on the command line. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { definePipeline, InvalidOptionError, MemoryStore } from '../../src/index.ts';
import type { CorpusSchema } from './schema.ts';
import { corpus } from './workflow.ts';
import { refuseForeignFolder } from './write.ts';

export default definePipeline({
  description: 'Reads, cleans, de-duplicates, embeds and clusters the text files of a folder.',
  workflow: corpus,
  inputs: {
    input: { type: 'path', default: 'node_modules', description: 'the folder to read' },
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
    requireFolder(input);
    refuseForeignFolder(resolve(out));
    return new MemoryStore<CorpusSchema>({
      settings: { title: input, input: resolve(input), out: resolve(out), limit, threshold, clusters },
    });
  },
  summary: (store, { state }) => {
    if (state === 'Empty') return 'no text was found; nothing was written';
    const { out } = store.get('settings');
    const texts = store.get('texts').length;
    return [
      `${store.get('paths').length} files seen, ${texts} texts kept in ${store.get('clusters').length} clusters`,
      `report  ${join(out, 'report.html')}`,
      `texts   ${join(out, 'corpus.jsonl')}`,
    ];
  },
});

function requireFolder(input: string): void {
  let isFolder: boolean;
  try {
    isFolder = statSync(input).isDirectory();
  } catch (error) {
    throw new InvalidOptionError(`--input: there is no folder '${input}'; name one that exists`, { cause: error });
  }
  if (!isFolder) throw new InvalidOptionError(`--input: '${input}' is a file; name a folder`);
}
