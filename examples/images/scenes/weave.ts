/** Tartan in soft folds: threads that go over and under each other, a texture that repeats. */
import { ramp, type Canvas, type Ramp } from '../canvas.ts';
import { clamp, fbm, hash, mix } from '../random.ts';

const THREADS = 62;
/** Colours of the threads and how many of each: the sett, which is turned round at its ends. */
const SETTS: readonly (readonly (readonly [Ramp, number])[])[] = [
  [
    [ramp('#3d0d12', '#b3272d', '#e8625a'), 11],
    [ramp('#0c1f16', '#1f5a3d', '#4f9a72'), 7],
    [ramp('#0a1430', '#25407f', '#5d7fc4'), 5],
    [ramp('#7a6a3a', '#e8cf7a', '#fff3c0'), 2],
  ],
  [
    [ramp('#0a1830', '#2a4f8a', '#6b96d1'), 10],
    [ramp('#101416', '#3a4448', '#7d8a8f'), 6],
    [ramp('#4a2a10', '#c9772a', '#f5b56b'), 3],
    [ramp('#8a8578', '#efe9da', '#ffffff'), 2],
  ],
];

export function weave(canvas: Canvas, seed: number): void {
  const sett = SETTS[Math.abs(seed) % SETTS.length] ?? [];
  const half = sett.flatMap(([, count], color) => Array.from({ length: count }, () => color));
  const order = [...half, ...half.toReversed()];
  const colorOf = (thread: number): number => order[((thread % order.length) + order.length) % order.length] ?? 0;

  // Folds move the threads sideways and change the light.
  const fold = (x: number, y: number): number => Math.sin(4.4 * x + 2.2 * y + 3.2 * fbm(x * 1.3, y * 1.3, 3, seed));
  const across = (x: number, y: number): number => (x + 0.022 * fold(x, y)) * THREADS;
  const down = (x: number, y: number): number => (y + 0.018 * fold(y + 2, x)) * THREADS;

  sett.forEach(([colors], color) => {
    canvas.paint({
      ramp: colors,
      at: (x, y) => {
        const [u, v] = [across(x, y), down(x, y)];
        const isOver = isWarpOnTop(Math.floor(u), Math.floor(v));
        const [side, along] = isOver ? [u, v] : [v, u];
        // Round across the thread, and lower where it goes under the next one.
        const round = 1 - (2 * (side - Math.floor(side)) - 1) ** 2;
        const dip = 0.12 * Math.cos(2 * Math.PI * (along - Math.floor(along)));
        const fibre = hash(Math.floor(side), Math.floor(along), seed) - 0.5;
        return clamp(0.3 + 0.36 * round - dip + 0.12 * fibre);
      },
      shape: (x, y) => {
        const [warp, weft] = [Math.floor(across(x, y)), Math.floor(down(x, y))];
        return colorOf(isWarpOnTop(warp, weft) ? warp : weft + 5) === color ? -1 : 1;
      },
    });
  });
  canvas.light((x, y) => mix(0.62, 1.12, 0.5 + 0.5 * fold(x + 0.09, y + 0.05)));
}

/** Twill: two over, two under, one further in every row. */
function isWarpOnTop(warp: number, weft: number): boolean {
  return (((warp + weft) % 4) + 4) % 4 < 2;
}
