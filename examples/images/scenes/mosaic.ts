/** A floor of small stones: the cells of a jittered grid (Voronoi), laid as a flower. */
import { ramp, type Canvas, type Ramp } from '../canvas.ts';
import { fbm, hash, mix, noise, smooth } from '../random.ts';

const STONES: readonly Ramp[] = [
  ramp('#efe6d2', '#d9cbb0'),
  ramp('#c5442f', '#8f2a22'),
  ramp('#2d5a7d', '#1b3d5c'),
  ramp('#e0a53a', '#b97c22'),
  ramp('#4f8a6b', '#2f5f4a'),
  ramp('#34302f', '#1f1c1c'),
];
const CELLS = 40;
const JOINT = 0.0026;

export function mosaic(canvas: Canvas, seed: number): void {
  const [centerX, centerY] = [canvas.aspect / 2, 0.5];
  const petals = 6 + (Math.abs(seed) % 3) * 2;
  /** Which stone lies at a place. */
  const kindAt = (x: number, y: number): number => {
    const [dx, dy] = [x - centerX, y - centerY];
    const away = Math.hypot(dx, dy);
    const turn = Math.cos(petals * Math.atan2(dy, dx));
    if (away < 0.06) return 5;
    if (away < 0.16 + 0.05 * turn) return 3;
    if (away < 0.28 + 0.07 * turn) return 1;
    if (away < 0.37) return 0;
    if (away < 0.395) return 5;
    if (away < 0.46) return 2;
    if (away < 0.485) return 5;
    const corner = Math.min(x, canvas.aspect - x) + Math.min(y, 1 - y);
    return corner < 0.3 ? 4 : corner < 0.35 ? 3 : 0;
  };

  const stoneAt = (x: number, y: number): Stone => nearest(x * CELLS, y * CELLS, seed);
  const edge = canvas.keep((x, y) => stoneAt(x, y).edge);
  const shade = canvas.keep((x, y) => stoneAt(x, y).shade);
  const tilt = canvas.keep((x, y) => {
    const stone = stoneAt(x, y);
    return (x * CELLS - stone.x) * (stone.shade - 0.5) - (y * CELLS - stone.y) * 0.35;
  });
  const kind = canvas.keep((x, y) => {
    const stone = stoneAt(x, y);
    return kindAt(stone.x / CELLS, stone.y / CELLS);
  });

  canvas.paint({ ramp: ramp('#6f675c', '#8a8174'), at: (x, y) => fbm(x * 40, y * 40, 3, seed) });
  STONES.forEach((stones, i) => {
    canvas.paint({
      ramp: stones,
      at: (x, y) => 0.75 * shade(x, y) + 0.25 * noise(x * 90, y * 90, seed + 1),
      shape: (x, y) => (kind(x, y) === i ? JOINT - edge(x, y) / CELLS : 1),
    });
  });
  // Stones are rounded at their edges, and a bit tilted.
  canvas.light((x, y) => mix(0.82, 1.04, smooth(edge(x, y) / 0.3)) + 0.16 * tilt(x, y));
}

interface Stone {
  /** Its middle, in cells. */
  readonly x: number;
  readonly y: number;
  /** About the distance from the joint: half of what the next stone is farther away. */
  readonly edge: number;
  /** Light or dark, 0–1. */
  readonly shade: number;
}

/** The stone at a place. */
function nearest(x: number, y: number, seed: number): Stone {
  let [best, second] = [Infinity, Infinity];
  let [nearestX, nearestY, shade] = [0, 0, 0];
  for (let row = Math.floor(y) - 1; row <= Math.floor(y) + 1; row++) {
    for (let column = Math.floor(x) - 1; column <= Math.floor(x) + 1; column++) {
      const pointX = column + 0.15 + 0.7 * hash(column, row, seed);
      const pointY = row + 0.15 + 0.7 * hash(column, row, seed + 1);
      const away = Math.hypot(pointX - x, pointY - y);
      if (away < best) {
        second = best;
        best = away;
        [nearestX, nearestY, shade] = [pointX, pointY, hash(column, row, seed + 2)];
      } else if (away < second) {
        second = away;
      }
    }
  }
  return { x: nearestX, y: nearestY, edge: (second - best) / 2, shade };
}
