/** `cano run examples/slow/pipeline.ts`: slow on purpose, in three ways that are common; each has a flag that mends it. */
import { definePipeline, MemoryStore, share } from '../../src/index.ts';
import type { TremorSchema } from './schema.ts';
import { makeRecord, makeSearches, makeTemplates } from './signal.ts';
import { tremors } from './workflow.ts';

export default definePipeline({
  description: 'Finds tremors in a record of ground motion, slowly: see README.md beside it for why.',
  workflow: tremors,
  inputs: {
    onThreads: { type: 'boolean', default: false, description: 'clean the record on threads' },
    shared: { type: 'boolean', default: false, description: 'keep the templates in shared memory' },
    cut: { type: 'boolean', default: false, description: 'cut the search of the large tremor into items' },
    samples: {
      type: 'integer',
      default: 4_000_000,
      min: 10_000,
      max: 20_000_000,
      description: 'length of the record that is made up',
    },
  },
  store: ({ samples, ...mendings }) => {
    const templates = makeTemplates();
    return new MemoryStore<TremorSchema>({
      mendings,
      raw: makeRecord(samples),
      templates: mendings.shared ? share(templates) : templates,
      searches: makeSearches(samples),
    });
  },
  summary: (store) => {
    const places = store.get('places');
    const last = places.at(-1);
    const kinds = new Set(store.get('matches')).size;
    return [
      `${store.get('matches').length} windows resemble ${kinds} templates; ${places.length} tremors located, the large one at ${last?.x.toFixed(2)}, ${last?.y.toFixed(2)}`,
    ];
  },
});
