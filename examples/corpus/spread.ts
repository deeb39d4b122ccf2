/** Runs on threads: the texts of one cluster on a plane, by how they differ from each other. */
import { execFor, type ReadonlyTypedArray } from '../../src/node.ts';
import { onPlane } from './plane.ts';

/** What is known of all texts. */
export interface Clustered {
  /** n × dim, row after row. */
  readonly points: ReadonlyTypedArray<Float32Array>;
  readonly dim: number;
  /** Cluster of each row. */
  readonly labels: ReadonlyTypedArray<Int32Array>;
}

/**
 * Places the members of a cluster.
 *
 * @returns x, y of each member in the order of the rows, around 0; half of them are within 1, unless all are alike
 */
export function spread({ points, dim, labels }: Clustered, cluster: number): Float32Array<ArrayBuffer> {
  const rows = [...labels.keys()].filter((row) => labels[row] === cluster);
  const places = onPlane({ points, dim, rows });
  const distances = Float64Array.from(rows.keys(), (index) =>
    Math.hypot(places[index * 2] ?? 0, places[index * 2 + 1] ?? 0),
  );
  const median = distances.toSorted()[rows.length >> 1] ?? 0;
  return Float32Array.from(places, (value) => (median < 1e-9 ? 0 : value / median));
}

/** Cluster → its members on a plane, by the last round of the clustering in the store. */
export default execFor<unknown, undefined, { readonly round: Clustered }>()(import.meta.url, {
  name: 'spread',
  exec: (cluster: number, { store }) => spread(store.get('round'), cluster),
});
