/** The report: one page without any file beside it. Nothing on it depends on threads or on time. */
import { featureImportance } from '../../nodes/gradientBoosting.ts';
import { bar, count, counted, escapeHtml } from '../shared/html.ts';
import { STYLE } from '../shared/report-style.ts';
import type { Score } from './choose.ts';
import { digits } from './digits.ts';
import type { SearchStore } from './schema.ts';
import { describeConfig } from './search.ts';

/** Features with a bar of their own. */
const MOST_FEATURES = 40;

const OWN_STYLE = `
.errors, .importance { display: grid; grid-template-columns: minmax(7em, max-content) max-content minmax(70px, 1fr); gap: 6px 16px; align-items: center; font-variant-numeric: tabular-nums; }
.errors b, .importance b { font-weight: 500; overflow-wrap: anywhere; }
.errors span:nth-child(3n + 2), .importance span:nth-child(3n + 2) { text-align: right; }
.errors .bar, .importance .bar { margin: 0; }
.ranking .wide { padding-right: 16px; }
@media (max-width: 640px) { .ranking .wide { display: none; } }
.winner td { font-weight: 600; }
.range { position: relative; display: block; height: 11px; background: var(--line); border-radius: 4px; }
.range i { position: absolute; top: 2px; bottom: 2px; min-width: 2px; background: var(--near); border-radius: 3px; }
.range b { position: absolute; top: 0; bottom: 0; width: 3px; margin-left: -1px; background: var(--mark); border-radius: 2px; }
`;

/** Renders the page. Everything that comes from files is escaped. */
export function renderReport(store: SearchStore): string {
  const { name, target } = store.get('table');
  const title = `Model search: ${target} of ${name}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${OWN_STYLE}</style>
</head>
<body>
<header><h1>Model search</h1><p>Predicts <code>${escapeHtml(target)}</code> of ${escapeHtml(name)}</p></header>
<main>
${headline(store)}
${winnerSection(store)}
${importanceSection(store)}
${rankingSection(store.get('ranking'), store.get('settings').folds)}
</main>
<footer>Made by the model search example of cano. <code>results.json</code> beside this page holds all figures, fold by fold.</footer>
</body>
</html>
`;
}

function headline(store: SearchStore): string {
  const { features, values } = store.get('table');
  const cards = [
    [count(values.length), 'rows to learn from'],
    [count(features.length), features.length === 1 ? 'feature' : 'features'],
    [count(store.get('ranking').length), 'configurations'],
    [count(store.get('results').length), 'fits'],
  ].map(([value, label]) => `<div><b>${value}</b><span>${label}</span></div>`);
  return `<section><div class="cards">${cards.join('')}</div></section>`;
}

function winnerSection(store: SearchStore): string {
  const [winner] = store.get('ranking');
  if (winner === undefined) return '';
  const { rows, mse, baseline } = store.get('test');
  const floor = store.find('floor');
  const lines: (readonly [string, number])[] = [
    ['always the mean', baseline],
    [`the winner, on ${count(rows)} rows that it has not seen`, mse],
    ['the winner, over the folds', winner.mse],
    ...(floor === undefined ? [] : [['the noise, which no model can predict', floor] as const]),
  ];
  const highest = Math.max(...lines.map(([, error]) => error));
  const bars = lines.map(
    ([label, error]) => `<b>${label}</b><span>${digits(error)}</span>${bar(highest === 0 ? 0 : error / highest)}`,
  );
  const explained = baseline === 0 ? '' : ` It explains ${(100 * (1 - mse / baseline)).toFixed(1)} % of the variance.`;
  return `<section><h2>Winner <small>${describeConfig(winner.config)}</small></h2>
<p>Mean squared errors; the less, the better.${explained}</p>
<div class="errors">${bars.join('')}</div></section>`;
}

function importanceSection(store: SearchStore): string {
  const importance = featureImportance(store.get('model'));
  const shares = store
    .get('table')
    .features.map((feature, index) => [feature, importance[index] ?? 0] as const)
    .toSorted(([, a], [, b]) => b - a);
  const highest = Math.max(shares[0]?.[1] ?? 0, Number.MIN_VALUE);
  const bars = shares
    .slice(0, MOST_FEATURES)
    .map(
      ([feature, share]) =>
        `<b>${escapeHtml(feature)}</b><span>${(100 * share).toFixed(1)} %</span>${bar(share / highest)}`,
    );
  const more = shares.length - bars.length;
  const rest = more > 0 ? `<p>and ${counted(more, 'more feature')}</p>` : '';
  return `<section><h2>What it looks at</h2>
<p>By feature: the share of all that splits reduced the error by. It says what the model uses, not what causes what.</p>
<div class="importance">${bars.join('')}</div>${rest}</section>`;
}

function rankingSection(ranking: readonly Score[], folds: number): string {
  const scale = Math.max(...ranking.map(({ mse, standardError }) => mse + standardError), Number.MIN_VALUE);
  const rows = ranking.map(({ config, mse, standardError, nodes }, place) => {
    const cells = [config.depth, count(config.trees), config.learningRate, count(Math.round(nodes))];
    const own = cells.map((value) => `<td>${value}</td>`).join('');
    return `<tr${place === 0 ? ' class="winner"' : ''}><td>${digits(mse)} ± ${digits(standardError, mse)}</td><td class="wide">${range(mse / scale, standardError / scale)}</td>${own}</tr>`;
  });
  return `<section><h2>All configurations</h2>
<p>Mean squared error over ${folds} folds, each held out in turn, with the standard error of that mean; the best first. The folds share rows, so the true spread is somewhat larger.</p>
<div class="table ranking"><table><thead><tr><th>error</th><th class="wide"></th><th>depth</th><th>trees</th><th>rate</th><th>nodes</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`;
}

/** A mark at a share of the width, with its spread around it. */
function range(at: number, spread: number): string {
  const from = Math.max(0, at - spread);
  return `<span class="range"><i style="left:${percent(from)};width:${percent(at + spread - from)}"></i><b style="left:${percent(at)}"></b></span>`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}
