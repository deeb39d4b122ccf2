/** The report: one page without any file beside it, for desktop and phone, light and dark. */
import type { NodeReport, RunReport } from '../../src/index.ts';
import type { Group } from './deduplicate.ts';
import { bar, colorOf, count, counted, escapeHtml, list, path, seconds } from '../shared/html.ts';
import { mapSection } from './report-map.ts';
import { STYLE } from '../shared/report-style.ts';
import type { CorpusStore } from './schema.ts';

const MAX_ROWS = 200;

/** Renders the page. Everything that comes from files is escaped. */
export function renderReport(store: CorpusStore, report: RunReport): string {
  const { title, threshold } = store.get('settings');
  const near = `Texts that share at least ${(100 * threshold).toFixed(0)} % of their five-word sequences with another of the group. The best of each group was kept; the figure is the similarity to the nearest other member.`;
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
<header><h1>Corpus report</h1><p>${path(title)}</p></header>
<main>
${headline(store)}
${mapSection(store)}
${clusterSection(store)}
${groupSection('Near duplicates', near, store.get('nearGroups'), true)}
${groupSection('Exact duplicates', 'Files with the same text, whatever their encoding and line ends. One of each group was kept.', store.get('exactGroups'), false)}
${leftOutSection(store)}
${timeSection(report)}
</main>
<footer>Made by the corpus example of cano. <code>corpus.jsonl</code> beside this page holds the kept texts.</footer>
</body>
</html>
`;
}

function headline(store: CorpusStore): string {
  const texts = store.get('texts');
  const seen = store.get('paths').length;
  const parts: readonly (readonly [string, number, string])[] = [
    ['kept', texts.length, 'kept'],
    ['near duplicates', copiesIn(store.get('nearGroups')), 'near'],
    ['exact duplicates', copiesIn(store.get('exactGroups')), 'exact'],
    ['low quality', store.get('dropped').length, 'poor'],
    ['not usable as text', store.get('skipped').length, 'unusable'],
  ];
  const bars = parts.map(([, value, kind]) => `<i class="${kind}" style="flex-grow:${value}"></i>`);
  const legend = parts.map(([name, value, kind]) => `<li><i class="${kind}"></i><b>${count(value)}</b> ${name}</li>`);
  const words = texts.reduce((sum, text) => sum + text.words, 0);
  const bytes = texts.reduce((sum, text) => sum + text.bytes, 0);
  const cards = [
    [count(seen), 'files seen'],
    [count(texts.length), 'texts kept'],
    [count(words), 'words kept'],
    [`${(bytes / 1e6).toFixed(1)} MB`, 'of text kept'],
  ].map(([value, name]) => `<div><b>${value}</b><span>${name}</span></div>`);
  return `<section><div class="cards">${cards.join('')}</div>
<div class="parts" aria-hidden="true">${bars.join('')}</div><ul class="legend">${legend.join('')}</ul></section>`;
}

function copiesIn(groups: readonly Group[]): number {
  return groups.reduce((sum, { others }) => sum + others.length, 0);
}

function clusterSection(store: CorpusStore): string {
  const total = store.get('texts').length;
  const used = [...store.get('clusters').entries()]
    .filter(([, { size }]) => size > 0)
    .toSorted(([, a], [, b]) => b.size - a.size);
  const items = used.map(
    ([cluster, { size, terms, samples }]) => `<li><b>${terms.map(escapeHtml).join(' · ') || 'no terms in common'}</b>
${bar(size / total, colorOf(cluster))}<small>${counted(size, 'text')}; nearest to its middle:</small>${list(samples.map(path), samples.length)}</li>`,
  );
  return `<section><h2>Clusters</h2>
<p>Texts about the same things, found by their words. The terms are those that set a cluster apart from the others.</p>
<ul class="clusters">${items.join('')}</ul></section>`;
}

function groupSection(title: string, text: string, groups: readonly Group[], isNear: boolean): string {
  if (groups.length === 0) return `<section><h2>${title}</h2><p>None.</p></section>`;
  const largest = groups.toSorted((a, b) => b.others.length - a.others.length || (a.kept < b.kept ? -1 : 1));
  const items = largest.slice(0, MAX_ROWS).map(({ kept, others }) => {
    const copies = others.map(
      ({ path: other, similarity }) =>
        `${isNear ? `<small class="share">${(100 * similarity).toFixed(0)} %</small> ` : ''}${path(other)}`,
    );
    return `<details><summary>${path(kept)} <small>and ${count(others.length)} more</small></summary>${list(copies, MAX_ROWS)}</details>`;
  });
  const rest = groups.length > MAX_ROWS ? `<p>and ${counted(groups.length - MAX_ROWS, 'more group')}</p>` : '';
  return `<section><h2>${title} <small>${counted(groups.length, 'group')}, ${counted(copiesIn(groups), 'file')} left out</small></h2><p>${text}</p>${items.join('')}${rest}</section>`;
}

function leftOutSection(store: CorpusStore): string {
  const reasons = new Map<string, string[]>();
  const add = (reason: string, entry: string): void => {
    const entries = reasons.get(reason);
    if (entries === undefined) reasons.set(reason, [entry]);
    else entries.push(entry);
  };
  for (const { path: file, reason, detail } of store.get('skipped'))
    add(reason, `${path(file)} <small>${escapeHtml(detail)}</small>`);
  for (const { path: file, why } of store.get('dropped')) add(why.join(', '), path(file));
  for (const folder of store.get('unreadableFolders')) add('unreadable folder', path(folder));
  if (reasons.size === 0) return '<section><h2>Left out</h2><p>Nothing.</p></section>';
  const items = [...reasons]
    .toSorted(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .map(
      ([reason, entries]) =>
        `<details><summary>${escapeHtml(reason.replaceAll('_', ' '))} <small>${count(entries.length)}</small></summary>${list(entries, MAX_ROWS)}</details>`,
    );
  return `<section><h2>Left out</h2><p>Files that could not be used as text, and texts that failed a rule of quality.</p>${items.join('')}</section>`;
}

function timeSection({ nodes, threadMs, wallMs, busyThreads }: RunReport): string {
  const longest = Math.max(1, ...nodes.map(spent));
  const states = nodes
    .filter((node) => spent(node) > 0)
    .map(
      (node) =>
        `<tr><td>${escapeHtml(node.state)}</td><td>${count(node.executions)}</td><td>${seconds(node.execMs)}</td><td>${seconds(node.prepMs + node.postMs)}</td><td class="wide">${bar(spent(node) / longest)}</td></tr>`,
    );
  const threads = threadMs.map(
    (ms, thread) =>
      `<tr><td>thread ${thread}</td><td>${seconds(ms)}</td><td class="wide">${bar(ms / Math.max(1, wallMs))}</td></tr>`,
  );
  return `<section><h2>Time</h2><p>${seconds(wallMs)} up to this page, ${busyThreads.toFixed(2)} threads busy on average.</p>
<div class="table"><table><thead><tr><th>state</th><th>executions</th><th>exec</th><th>prep, post</th><th class="wide"></th></tr></thead><tbody>${states.join('')}</tbody></table></div>
<div class="table"><table><thead><tr><th>thread</th><th>exec</th><th class="wide">of the wall time</th></tr></thead><tbody>${threads.join('')}</tbody></table></div></section>`;
}

function spent({ execMs, prepMs, postMs }: NodeReport): number {
  return execMs + prepMs + postMs;
}
