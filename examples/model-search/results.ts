/** The results as JSON: nothing in them depends on the run, on threads or on time. */
import { featureImportance } from '../../nodes/gradientBoosting.ts';
import type { Score } from './choose.ts';
import type { SearchStore } from './schema.ts';

export function renderResults(store: SearchStore): string {
  const { name, features, target, values } = store.get('table');
  const { folds, seed } = store.get('settings');
  const ranking = store.get('ranking');
  const importance = featureImportance(store.get('model'));
  const results = {
    data: { name, target, features, rows: values.length, heldOutRows: store.get('heldOut').values.length },
    search: { folds, seed, configurations: ranking.map(toRecord) },
    winner: ranking[0]?.config,
    heldOut: { ...store.get('test'), floor: store.find('floor') },
    importance: Object.fromEntries(features.map((feature, index) => [feature, importance[index]])),
  };
  return `${JSON.stringify(results, null, 2)}\n`;
}

function toRecord({ config, mse, standardError, nodes, folds }: Score) {
  return { ...config, mse, standardError, nodes, folds };
}
