/** The nodes of the model search. All fits run on threads; the main thread only wires. */
import { batchNodeFor, nodeFor, NonRetryableError, retry } from '../../src/index.ts';
import fitFold, { fitTrees, predict } from '../../nodes/gradientBoosting.ts';
import { rank } from './choose.ts';
import loadTable from './load.ts';
import { renderReport } from './report-html.ts';
import { renderResults } from './results.ts';
import type { SearchStore, Test } from './schema.ts';
import { searchData, searchItems } from './search.ts';
import type { Table } from './table.ts';
import { MARKER, OUTPUT } from './output.ts';
import { writeFolder } from '../shared/out-folder.ts';

const node = nodeFor<SearchStore>();
const batchNode = batchNodeFor<SearchStore>();

export const load = node({
  name: 'load',
  outcomes: ['Search'],
  prep: (store) => store.get('settings').source,
  exec: loadTable,
  post: (store, { table, heldOut, floor }) => {
    const { folds, seed } = store.get('settings');
    store.put('data', searchData(table, folds, seed));
    store.put('table', table);
    store.put('heldOut', heldOut);
    if (floor !== undefined) store.put('floor', floor);
    return 'Search';
  },
});

export const search = batchNode({
  name: 'search',
  outcomes: ['Choose'],
  prep: (store) => {
    const { configs, folds } = store.get('settings');
    return { items: searchItems(configs, folds), common: store.get('data') };
  },
  exec: fitFold,
  post: (store, results) => {
    store.put('results', results);
    return 'Choose';
  },
});

export const choose = node({
  name: 'choose',
  outcomes: ['Refit'],
  prep: (store) => ({ configs: store.get('settings').configs, results: store.get('results') }),
  exec: ({ configs, results }) => rank(configs, results),
  post: (store, ranking) => {
    store.put('ranking', ranking);
    return 'Refit';
  },
});

/** The winner once more, on the rows of all folds. */
export const refit = batchNode({
  name: 'refit',
  outcomes: ['Test'],
  prep: (store) => ({
    items: store
      .get('ranking')
      .slice(0, 1)
      .map(({ config }) => config),
    common: store.get('data'),
  }),
  exec: fitTrees,
  post: (store, [model]) => {
    if (model === undefined) throw new NonRetryableError('there is no configuration to choose from');
    store.put('model', model);
    return 'Test';
  },
});

export const test = node({
  name: 'test',
  outcomes: ['Report'],
  prep: (store) => ({ model: store.get('model'), heldOut: store.get('heldOut') }),
  exec: ({ model, heldOut }): Test => ({
    rows: heldOut.values.length,
    mse: errorOf(heldOut, predict(model, heldOut.matrix)),
    baseline: errorOf(heldOut, new Float64Array(heldOut.values.length).fill(model.base)),
  }),
  post: (store, result) => {
    store.put('test', result);
    return 'Report';
  },
});

function errorOf({ values }: Table, predictions: Float64Array): number {
  return values.reduce((sum, value, row) => sum + (value - (predictions[row] ?? NaN)) ** 2, 0) / values.length;
}

export const report = node({
  name: 'report',
  outcomes: ['Done'],
  prep: (store) => ({
    out: store.get('settings').out,
    files: { [OUTPUT.results]: renderResults(store), [OUTPUT.report]: renderReport(store) },
  }),
  exec: ({ out, files }) => writeFolder(out, MARKER, files),
  retry: retry.none(),
});

/** Ends the run as failed, with what went wrong in the state that led here. */
export const fail = node({
  name: 'fail',
  outcomes: ['Failed'],
  prep: (_store, { lastError }) => lastError,
  exec: (error): void => {
    const message = error instanceof Error ? error.message : String(error);
    throw new NonRetryableError(`${message}; nothing was written`, { cause: error });
  },
});
