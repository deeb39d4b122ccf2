/** Runs on threads: one start of the clustering. Where k-means ends depends on where it starts, so several are tried. */
import { execFor, read, type Shared } from '../../src/node.ts';
import { assign, firstRound, nextRound, rowRanges, updateCentroids } from '../../nodes/kmeansAssign.ts';

/** What every start is tried on. */
export interface Sample {
  /** n × dim, row after row. */
  readonly points: Float32Array;
  readonly dim: number;
  readonly k: number;
}

/** How far a start came. */
export interface Start {
  /** Sum of the squared distances to the nearest centroids: the less, the better. */
  readonly inertia: number;
  /** k × dim. */
  readonly centroids: Float32Array<ArrayBuffer>;
}

/** Seed → the start that it draws, after a few rounds: enough to tell the good ones from the bad. */
export default execFor<unknown, Shared<Sample>>()(import.meta.url, {
  name: 'tryStart',
  params: { rounds: 10 },
  exec: (seed: number, ctx): Start => {
    let round = firstRound({ ...read(ctx.common), seed });
    let inertia = Infinity;
    for (let count = 0; count < ctx.params.rounds; count += 1) {
      ctx.throwIfAborted();
      const update = updateCentroids(
        round,
        rowRanges(round.labels.length).map((range) => assign(round, range)),
      );
      inertia = update.inertia;
      round = nextRound(round, update);
      if (update.moved === 0) break;
    }
    return { inertia, centroids: new Float32Array(round.centroids) };
  },
});
