/** What the clusters are about: the terms that set them apart, and the texts nearest to their centres. */
import type { ReadonlyTypedArray } from '../../src/node.ts';
import type { TermWeight } from '../../nodes/embedText.ts';
import type { KMeansRound } from '../../nodes/kmeansAssign.ts';
import type { Cluster } from './schema.ts';

const TERMS = 6;
const SAMPLES = 3;

/**
 * Describes each cluster of the last round.
 *
 * @param paths of the texts, by row
 * @param terms heaviest terms of the texts, by row
 */
export function nameClusters(
  { dim, points, labels, centroids }: KMeansRound,
  paths: readonly string[],
  terms: readonly (readonly TermWeight[])[],
): Cluster[] {
  const k = centroids.length / dim;
  const members = Array.from({ length: k }, (): number[] => []);
  labels.forEach((cluster, row) => members[cluster]?.push(row));
  const sums = members.map((rows) => sumOfWeights(rows, terms));
  const total = new Map<string, number>();
  for (const sum of sums) for (const [term, weight] of sum) total.set(term, (total.get(term) ?? 0) + weight);

  return members.map((rows, cluster) => {
    // What all texts talk about names no cluster: what counts is how much more a term weighs here than elsewhere.
    const expected = rows.length / labels.length;
    const distinct = Array.from(
      sums[cluster] ?? [],
      ([term, weight]) => [term, weight - expected * (total.get(term) ?? 0)] as const,
    ).toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    const nearest = rows
      .map((row) => ({ row, closeness: dot(points, row * dim, centroids, cluster * dim, dim) }))
      .toSorted((a, b) => b.closeness - a.closeness || a.row - b.row);
    return {
      size: rows.length,
      terms: distinct.slice(0, TERMS).map(([term]) => term),
      samples: nearest.slice(0, SAMPLES).map(({ row }) => paths[row] as string),
    };
  });
}

/** The weight of each term in some texts. Each text counts the same, or a long one would name its cluster alone. */
function sumOfWeights(rows: readonly number[], terms: readonly (readonly TermWeight[])[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const row of rows) {
    const weighted = terms[row] ?? [];
    let squares = 0;
    for (const term of weighted) squares += term[1] * term[1];
    for (const term of weighted) sums.set(term[0], (sums.get(term[0]) ?? 0) + term[1] / Math.sqrt(squares));
  }
  return sums;
}

function dot(
  a: ReadonlyTypedArray<Float32Array>,
  aFrom: number,
  b: ReadonlyTypedArray<Float32Array>,
  bFrom: number,
  length: number,
): number {
  let sum = 0;
  for (let d = 0; d < length; d += 1) sum += (a[aFrom + d] ?? 0) * (b[bFrom + d] ?? 0);
  return sum;
}
