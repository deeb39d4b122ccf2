/** A map of the texts: an island for each cluster, similar ones side by side, and the texts of a cluster on its island. */
import { onPlane } from './plane.ts';

/** Where the texts of a cluster are drawn. */
export interface Island {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

const GAP = 0.22;
const ROUNDS = 200;

/**
 * Places an island of an area proportional to its size for each cluster. The islands start where the two principal
 * components of their centroids put them, and are drawn together and pushed apart until they lie close without touching.
 *
 * @param sizes texts per cluster; an empty one gets radius 0
 * @param centroids one row of `dim` per cluster
 */
export function placeIslands(sizes: readonly number[], centroids: Float32Array, dim: number): Island[] {
  const total = Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const used = [...sizes.keys()].filter((cluster) => (sizes[cluster] ?? 0) > 0);
  const places = onPlane({ points: centroids, dim, rows: used });
  const islands = used.map((cluster, index) => ({
    x: 12 * (places[index * 2] ?? 0),
    y: 12 * (places[index * 2 + 1] ?? 0),
    radius: 4 * Math.sqrt((sizes[cluster] ?? 0) / total) + 0.12,
  }));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const island of islands) {
      // Less and less towards the middle, so that pushing apart has the last word.
      const pull = 1 - 0.05 * (1 - round / ROUNDS);
      island.x *= pull;
      island.y *= pull;
    }
    pushApart(islands);
  }
  const placed = new Map(used.map((cluster, index) => [cluster, islands[index] as Island]));
  return sizes.map((_size, cluster) => placed.get(cluster) ?? { x: 0, y: 0, radius: 0 });
}

function pushApart(islands: { x: number; y: number; readonly radius: number }[]): void {
  islands.forEach((a, index) => {
    for (let other = index + 1; other < islands.length; other += 1) {
      const b = islands[other] as (typeof islands)[number];
      const [dx, dy] = [b.x - a.x, b.y - a.y];
      const distance = Math.hypot(dx, dy);
      const overlap = a.radius + b.radius + GAP - distance;
      if (overlap <= 0) continue;
      // Two at one place part in a direction of their own.
      const [ux, uy] = distance > 1e-9 ? [dx / distance, dy / distance] : [Math.cos(other), Math.sin(other)];
      a.x -= (ux * overlap) / 2;
      a.y -= (uy * overlap) / 2;
      b.x += (ux * overlap) / 2;
      b.y += (uy * overlap) / 2;
    }
  });
}

/** The place of a text of an island: half of them lie in its inner half, and none outside, however far out it is. */
export function onIsland({ x, y, radius }: Island, dx: number, dy: number): readonly [x: number, y: number] {
  const distance = Math.hypot(dx, dy);
  const share = distance === 0 ? 0 : (1 - 2 ** -distance) / distance;
  return [x + radius * share * dx, y + radius * share * dy];
}
