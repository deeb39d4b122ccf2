/** The map of the texts as an inline picture. */
import { colorOf, count, escapeHtml } from '../shared/html.ts';
import { onIsland, placeIslands } from './map.ts';
import type { CorpusStore, Kept } from './schema.ts';

const SIZE = 720;
const MARGIN = 26;
/** More dots than this make the page slow on a phone: of more texts, evenly spaced ones are drawn. */
const MOST_DOTS = 6_000;
/** Texts from which a cluster has its name on the map. */
const NAMED_SHARE = 0.02;
const LONGEST_NAME = 12;

export function mapSection(store: CorpusStore): string {
  const { labels, centroids, dim } = store.get('round');
  const [texts, clusters, places] = [store.get('texts'), store.get('clusters'), store.get('places')];
  const islands = placeIslands(
    clusters.map(({ size }) => size),
    centroids,
    dim,
  );
  const used = islands.filter(({ radius }) => radius > 0);
  const [left, right] = bounds(used.map(({ x, radius }) => [x - radius, x + radius]));
  const [top, bottom] = bounds(used.map(({ y, radius }) => [y - radius, y + radius]));
  const scale = (SIZE - 2 * MARGIN) / Math.max(right - left, bottom - top);
  const toX = (x: number): number => MARGIN + (x - left) * scale;
  const toY = (y: number): number => MARGIN + (y - top) * scale;
  const height = Math.ceil((bottom - top) * scale + 2 * MARGIN);
  const width = Math.ceil((right - left) * scale + 2 * MARGIN);

  const every = Math.ceil(texts.length / MOST_DOTS);
  const rowsOf = clusters.map((): number[] => []);
  texts.forEach((_text, row) => rowsOf[labels[row] ?? 0]?.push(row));
  const dotSize = Math.max(1.8, Math.min(4.5, 110 / Math.sqrt(Math.min(texts.length, MOST_DOTS))));

  const groups = islands.map((island, cluster) => {
    const dots = (rowsOf[cluster] ?? []).flatMap((row, index) => {
      if (row % every !== 0) return [];
      const [x, y] = onIsland(island, places[cluster]?.[index * 2] ?? 0, places[cluster]?.[index * 2 + 1] ?? 0);
      const title = escapeHtml((texts[row] as Kept).path);
      return [
        `<circle cx="${toX(x).toFixed(1)}" cy="${toY(y).toFixed(1)}" r="${dotSize.toFixed(1)}"><title>${title}</title></circle>`,
      ];
    });
    return `<g fill="${colorOf(cluster)}">${dots.join('')}</g>`;
  });
  const names = islands.flatMap(({ x, y, radius }, cluster) => {
    const { size = 0, terms = [] } = clusters[cluster] ?? {};
    if (size < texts.length * NAMED_SHARE || terms[0] === undefined) return [];
    return [
      `<text x="${toX(x).toFixed(0)}" y="${(toY(y - radius) - 3).toFixed(0)}">${escapeHtml(shortened(terms[0]))}</text>`,
    ];
  });
  const drawn = every === 1 ? 'Every dot is a text' : `Every dot is a text, one in ${count(every)} is drawn`;
  return `<section><h2>Map</h2>
<p>${drawn}. An island is a cluster, named by the term that sets it apart most; islands side by side use similar words. Point at a dot to see its path.</p>
<svg class="map" viewBox="0 0 ${width} ${height}" role="img" aria-label="Map of ${count(texts.length)} texts in ${used.length} clusters">${groups.join('')}<g class="names">${names.join('')}</g></svg></section>`;
}

function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

function bounds(ranges: readonly (readonly [number, number])[]): readonly [number, number] {
  return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
}
