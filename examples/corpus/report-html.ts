/** The report: one page without any file beside it, for desktop and phone, light and dark. */
import type { NodeReport, RunReport } from '../../src/index.ts';
import type { Group } from './deduplicate.ts';
import { STYLE } from './report-style.ts';
import type { CorpusStore } from './schema.ts';

const MAX_ROWS = 200;
const MAP_SIZE = 640;

/** Renders the page. Everything that comes from files is escaped. */
export function renderReport(store: CorpusStore, coordinates: Float64Array, report: RunReport): string {
  const { title } = store.get('settings');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Corpus report: ${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>Corpus report</h1><p class="path">${escapeHtml(title)}</p></header>
<main>
${headline(store)}
${mapSection(store, coordinates)}
${clusterSection(store)}
${groupSection('Near duplicates', 'Texts that share most of their word sequences. The first of each group was kept.', store.get('nearGroups'), true)}
${groupSection('Exact duplicates', 'Files with the same text after normalisation.', store.get('exactGroups'), false)}
${leftOutSection(store)}
${timeSection(report)}
</main>
<footer>Made by the corpus example of cano. corpus.jsonl beside this page holds the kept texts.</footer>
</body>
</html>
`;
}

/** Makes text safe inside elements and attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function headline(store: CorpusStore): string {
  const texts = store.get('texts');
  const words = texts.reduce((sum, text) => sum + text.words, 0);
  const figures: readonly (readonly [string, number])[] = [
    ['files seen', store.get('paths').length],
    ['texts kept', texts.length],
    ['words kept', words],
    ['exact duplicates', copiesIn(store.get('exactGroups'))],
    ['near duplicates', copiesIn(store.get('nearGroups'))],
    ['low quality', store.get('dropped').length],
    ['not readable as text', store.get('skipped').length],
  ];
  const cards = figures
    .map(([name, value]) => `<div class="card"><b>${number(value)}</b><span>${name}</span></div>`)
    .join('');
  return `<section class="cards" aria-label="Counts">${cards}</section>`;
}

function copiesIn(groups: readonly Group[]): number {
  return groups.reduce((sum, { others }) => sum + others.length, 0);
}

function mapSection(store: CorpusStore, coordinates: Float64Array): string {
  const texts = store.get('texts');
  const labels = store.get('labels');
  const count = store.get('clusters').length;
  const place = (value: number): string => (((value + 1) / 2) * (MAP_SIZE - 24) + 12).toFixed(1);
  const dots = store.get('clusters').map((_cluster, cluster) => {
    const rows = texts.flatMap((text, row) =>
      labels[row] === cluster
        ? [
            `<circle cx="${place(coordinates[row * 2] as number)}" cy="${place(coordinates[row * 2 + 1] as number)}" r="3.5"><title>${escapeHtml(text.path)}</title></circle>`,
          ]
        : [],
    );
    return `<g fill="${colour(cluster)}">${rows.join('')}</g>`;
  });
  return `<section><h2>Map</h2><p>Every dot is a text; texts that use the same words lie close together. The colours are the clusters below.</p>
<svg class="map" viewBox="0 0 ${MAP_SIZE} ${MAP_SIZE}" role="img" aria-label="Map of ${texts.length} texts in ${count} clusters">${dots.join('')}</svg></section>`;
}

function clusterSection(store: CorpusStore): string {
  const total = store.get('texts').length;
  const rows = [...store.get('clusters').entries()]
    .filter(([, { size }]) => size > 0)
    .toSorted(([, a], [, b]) => b.size - a.size)
    .map(([index, { size, terms, samples }]) => {
      const paths = samples.map((path) => `<code>${escapeHtml(path)}</code>`).join(', ');
      return `<li><span class="dot" style="background:${colour(index)}"></span><div>
<b>${terms.map(escapeHtml).join(' · ') || 'no common terms'}</b>
<span class="bar"><i style="width:${((100 * size) / total).toFixed(1)}%;background:${colour(index)}"></i></span>
<small>${number(size)} texts, such as ${paths}</small></div></li>`;
    });
  return `<section><h2>Clusters</h2><ul class="clusters">${rows.join('')}</ul></section>`;
}

function groupSection(title: string, text: string, groups: readonly Group[], isNear: boolean): string {
  const largest = groups.toSorted((a, b) => b.others.length - a.others.length || (a.kept < b.kept ? -1 : 1));
  const items = largest.slice(0, MAX_ROWS).map(({ kept, others }) => {
    const copies = others.map(
      ({ path, similarity }) =>
        `<li><code>${escapeHtml(path)}</code>${isNear ? ` <small>${(100 * similarity).toFixed(0)} %</small>` : ''}</li>`,
    );
    return `<details><summary><code>${escapeHtml(kept)}</code> <small>and ${number(others.length)} more</small></summary><ul>${copies.join('')}</ul></details>`;
  });
  const rest =
    largest.length > MAX_ROWS ? `<p><small>and ${number(largest.length - MAX_ROWS)} more groups</small></p>` : '';
  const body = groups.length === 0 ? '<p>None.</p>' : items.join('');
  return `<section><h2>${title}</h2><p>${text} ${number(groups.length)} ${groups.length === 1 ? 'group' : 'groups'}.</p>${body}${rest}</section>`;
}

function leftOutSection(store: CorpusStore): string {
  const reasons = new Map<string, string[]>();
  const add = (reason: string, path: string): void => {
    const paths = reasons.get(reason);
    if (paths === undefined) reasons.set(reason, [path]);
    else paths.push(path);
  };
  for (const { path, reason } of store.get('skipped')) add(reason, path);
  for (const { path, why } of store.get('dropped')) add(why.join(', '), path);
  for (const path of store.get('unreadableFolders')) add('unreadable folder', path);
  const items = [...reasons]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([reason, paths]) => {
      const rows = paths.slice(0, MAX_ROWS).map((path) => `<li><code>${escapeHtml(path)}</code></li>`);
      const rest = paths.length > MAX_ROWS ? `<li><small>and ${number(paths.length - MAX_ROWS)} more</small></li>` : '';
      return `<details><summary>${escapeHtml(reason.replaceAll('_', ' '))} <small>${number(paths.length)} files</small></summary><ul>${rows.join('')}${rest}</ul></details>`;
    });
  return `<section><h2>Left out</h2>${items.length === 0 ? '<p>Nothing.</p>' : items.join('')}</section>`;
}

function timeSection({ nodes, threadMs, wallMs, busyThreads }: RunReport): string {
  const longest = Math.max(1, ...nodes.map(spent));
  const rows = nodes
    .filter((node) => spent(node) > 0)
    .map(
      (
        node,
      ) => `<tr><td>${escapeHtml(node.state)}</td><td>${number(node.executions)}</td><td>${seconds(node.execMs)}</td><td>${seconds(node.prepMs + node.postMs)}</td>
<td class="wide"><span class="bar"><i style="width:${((100 * spent(node)) / longest).toFixed(1)}%"></i></span></td></tr>`,
    );
  const threads = threadMs.map(
    (ms, thread) =>
      `<tr><td>thread ${thread}</td><td>${seconds(ms)}</td><td class="wide"><span class="bar"><i style="width:${((100 * ms) / Math.max(1, wallMs)).toFixed(1)}%"></i></span></td></tr>`,
  );
  return `<section><h2>Time</h2><p>${seconds(wallMs)} up to this page, ${busyThreads.toFixed(2)} threads busy on average.</p>
<div class="tables"><table><thead><tr><th>state</th><th>executions</th><th>exec</th><th>prep and post</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table>
<table><thead><tr><th>thread</th><th>exec</th><th></th></tr></thead><tbody>${threads.join('')}</tbody></table></div></section>`;
}

function spent({ execMs, prepMs, postMs }: NodeReport): number {
  return execMs + prepMs + postMs;
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

function number(value: number): string {
  return value < 1_000_000 ? value.toLocaleString('en-GB') : `${(value / 1_000_000).toFixed(2)} M`;
}

// Hues apart by the golden angle, so that neighbours in number differ.
function colour(cluster: number): string {
  return `hsl(${((cluster * 137.508 + 210) % 360).toFixed(0)} 62% 52%)`;
}
