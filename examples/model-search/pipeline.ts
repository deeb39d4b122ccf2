/** `cano run examples/model-search/pipeline.ts`: a hyper-parameter search on the command line. */
import { join, resolve } from 'node:path';
import { definePipeline, InvalidOptionError, MemoryStore } from '../../src/index.ts';
import { count } from '../shared/html.ts';
import { digits } from './digits.ts';
import type { Source } from './load.ts';
import type { SearchSchema, SearchStore } from './schema.ts';
import { describeConfig, GRID } from './search.ts';
import { modelSearch } from './workflow.ts';
import { MARKER, OUTPUT } from './output.ts';
import { refuseForeignFolder } from '../shared/out-folder.ts';

export default definePipeline({
  description: 'Searches for the gradient-boosted trees that predict a number best.',
  workflow: modelSearch,
  inputs: {
    csv: {
      type: 'path',
      mustBe: 'file',
      description: 'a table of numbers with a header; else a known function is drawn',
    },
    target: { type: 'string', description: 'the column of --csv to predict' },
    rows: { type: 'integer', default: 1_200, min: 50, max: 1_000_000, description: 'rows to draw without --csv' },
    folds: { type: 'integer', default: 5, min: 2, max: 20, description: 'parts that take turns at being held out' },
    seed: { type: 'integer', default: 1, description: 'determines what is drawn' },
    out: { type: 'path', default: './out-model-search', description: 'the folder to write, replaced as a whole' },
  },
  store: ({ csv, target, rows, folds, seed, out }) => {
    refuseForeignFolder(resolve(out), MARKER);
    return new MemoryStore<SearchSchema>({
      settings: { source: sourceOf(csv, target, rows, seed), folds, seed, out: resolve(out), configs: GRID },
    });
  },
  summary: (store) => [...summaryOf(store), `report  ${join(store.get('settings').out, OUTPUT.report)}`],
});

function sourceOf(csv: string | undefined, target: string | undefined, rows: number, seed: number): Source {
  if (csv === undefined) {
    if (target !== undefined) throw new InvalidOptionError('--target names a column of --csv: give that too');
    return { kind: 'friedman', rows, seed };
  }
  if (target === undefined) throw new InvalidOptionError('--csv needs --target: the column to predict');
  return { kind: 'csv', path: resolve(csv), target, seed };
}

function summaryOf(store: SearchStore): string[] {
  const [winner] = store.get('ranking');
  if (winner === undefined) return [];
  const { name, values } = store.get('table');
  const { folds, configs } = store.get('settings');
  const { rows, mse, baseline } = store.get('test');
  const floor = store.find('floor');
  const beside = [
    ...(floor === undefined ? [] : [`no model can be below ${digits(floor)}`]),
    `always the mean: ${digits(baseline)}`,
  ];
  return [
    `${configs.length} configurations × ${folds} folds on ${name}, ${count(values.length)} rows`,
    `best    ${describeConfig(winner.config)}`,
    `error   ${digits(winner.mse)} ± ${digits(winner.standardError, winner.mse)} over the folds, ${digits(mse)} on ${count(rows)} other rows (${beside.join('; ')})`,
  ];
}
