/** A city at night, and its mirror image in the water. */
import { disc, ramp, type Canvas } from '../canvas.ts';
import { fbm, hash, mix, noise, randomFrom, smooth } from '../random.ts';

const SKY = ramp('#060a1f', '#101c46', '#2a3d7d', '#6d5c93', '#c9878a', '#f2b58b');
const SHORE = 0.7;
const LAYERS = [
  {
    walls: ramp('#4a4a80', '#6d5c8c'),
    windows: ramp('#c9a37e', '#e8c08c'),
    width: 0.07,
    low: 0.12,
    high: 0.34,
    lit: 0.25,
  },
  {
    walls: ramp('#262a55', '#3d3a68'),
    windows: ramp('#ffb45e', '#ffe3a6'),
    width: 0.1,
    low: 0.1,
    high: 0.42,
    lit: 0.4,
  },
  {
    walls: ramp('#0d1030', '#1b1b40'),
    windows: ramp('#ffa64d', '#fff0c2'),
    width: 0.13,
    low: 0.06,
    high: 0.3,
    lit: 0.5,
  },
] as const;

export function city(canvas: Canvas, seed: number): void {
  const random = randomFrom(seed);
  canvas.paint({ ramp: SKY, at: (x, y) => y / SHORE + 0.06 * (fbm(x * 2, y * 6, 4, seed) - 0.5) });
  const [moonX, moonY] = [canvas.aspect * mix(0.15, 0.85, random()), mix(0.12, 0.2, random())];
  canvas.paint({ ramp: ramp('#8fa0d8'), shape: disc(moonX, moonY, 0.06), soft: 0.22, opacity: 0.5 });
  canvas.paint({
    ramp: ramp('#cfd3e2', '#fffdf2'),
    at: (x, y) => 1.5 * fbm(x * 22, y * 22, 3, seed) - 0.1,
    shape: disc(moonX, moonY, 0.055),
  });

  LAYERS.forEach(({ walls, windows, width, low, high, lit }, layer) => {
    const own = seed + 100 * layer;
    const buildingAt = (x: number): number => Math.floor((x + noise(x * 3, layer, own) * 0.03) / width);
    const topOf = (building: number): number => SHORE - mix(low, high, hash(building, 1, own) ** 1.6);
    canvas.paint({
      ramp: walls,
      at: (_x, y) => smooth((y - 0.2) / 0.6),
      shape: (x, y) => topOf(buildingAt(x)) - y,
      box: [0, 0, canvas.aspect, SHORE],
    });
    // A grid of windows; each building has its own spacing, and each window is lit or not.
    const grid = (building: number): number => mix(0.016, 0.024, hash(building, 2, own));
    canvas.paint({
      ramp: windows,
      at: (x, y) => hash(Math.floor(x / 0.02), Math.floor(y / 0.02), own + 7),
      shape: (x, y) => {
        const building = buildingAt(x);
        const [size, top] = [grid(building), topOf(building) + 0.012];
        const [column, row] = [Math.floor(x / size), Math.floor((y - top) / size)];
        if (row < 0 || hash(column, row, own + building) > lit || y > SHORE - 0.01) return 1;
        if (buildingAt(column * size) !== building || buildingAt((column + 1) * size) !== building) return 1;
        return Math.max(Math.abs(x / size - column - 0.5) - 0.26, Math.abs((y - top) / size - row - 0.5) - 0.3) * size;
      },
    });
  });

  const wave = (x: number, y: number): number => noise(x * 9, y * 90, seed + 9) - 0.5;
  canvas.mirror(SHORE, (x, y) => 0.05 * wave(x, y) * smooth((y - SHORE) / 0.12));
  canvas.paint({
    ramp: ramp('#0b1533'),
    opacity: 0.42,
    box: [0, SHORE, canvas.aspect, 1],
  });
  canvas.light((x, y) => (y < SHORE ? 1 : 1 + 0.5 * wave(x + 3, y) - 0.35 * smooth((y - SHORE) / 0.4)));
}
