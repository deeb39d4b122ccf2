/** What the clusters are about: their heaviest terms, and the texts nearest to their centres. */
import { topTerms, type TermWeight } from '../../nodes/embedText.ts';
import type { KMeansRound } from '../../nodes/kmeansAssign.ts';
import type { CorpusSchema, CorpusStore, Kept } from './schema.ts';

export function nameClusters(store: CorpusStore, { dim, labels, centroids }: KMeansRound, count: number): void {
  const [weighted, vectors, texts] = [store.get('terms'), store.get('vectors'), store.get('texts')];
  const clusters: CorpusSchema['clusters'] = [];
  for (let cluster = 0; cluster < count; cluster += 1) {
    const centre = centroids.subarray(cluster * dim, (cluster + 1) * dim);
    const members = [...labels.keys()].filter((row) => labels[row] === cluster);
    const nearest = members
      .map((row) => ({ row, closeness: dot(vectors[row] as Float32Array, centre) }))
      .toSorted((a, b) => b.closeness - a.closeness || a.row - b.row);
    const heaviest = topTerms(
      members.map((row) => weighted[row] as TermWeight[]),
      6,
    );
    const samples = nearest.slice(0, 3).map(({ row }) => (texts[row] as Kept).path);
    clusters.push({ size: members.length, terms: heaviest.map(([term]) => term), samples });
  }
  store.put('labels', labels.slice());
  store.put('clusters', clusters);
  store.delete('partials');
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d += 1) sum += (a[d] as number) * (b[d] as number);
  return sum;
}
