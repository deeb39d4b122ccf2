/** A cut stone: bands that follow each other around a hollow with crystals. */
import { ramp, type Canvas } from '../canvas.ts';
import { fbm, hash, mix, noise, randomFrom, smooth } from '../random.ts';

const BANDS = [
  ramp('#0d2b45', '#1f5a7d', '#54a5b8', '#d5ecdf', '#f4f1de', '#e9a178', '#c05746', '#6b2233', '#f0d2b0', '#3a1730'),
  ramp('#2a1a3e', '#5b3a7e', '#a57fc2', '#efe2f4', '#c9b6dd', '#6b4f96', '#f6efe8', '#8a5a44', '#3a2230', '#d9b38c'),
  ramp('#10322b', '#1f6b58', '#7fc1a0', '#f1f4df', '#d8c58a', '#8a6a3a', '#f7ecd2', '#3f7f74', '#0d2a2a', '#b9d7bf'),
] as const;

export function agate(canvas: Canvas, seed: number): void {
  const random = randomFrom(seed);
  const [centerX, centerY] = [canvas.aspect * mix(0.42, 0.58, random()), mix(0.42, 0.58, random())];
  const colors = BANDS[Math.abs(seed) % BANDS.length] ?? BANDS[0];
  /** Distance from the middle, bent: 0 there, 1 at the rind. */
  const depth = canvas.keep((x, y) => {
    const [dx, dy] = [(x - centerX) / (canvas.aspect * 0.5), (y - centerY) / 0.48];
    const bend = fbm(x * 2.4 + 4, y * 2.4, 4, seed) - 0.5;
    const fine = fbm(x * 9, y * 9, 3, seed + 5) - 0.5;
    return Math.hypot(dx, dy) + 0.75 * bend + 0.07 * fine;
  });

  canvas.paint({
    ramp: ramp('#17181c', '#33343b'),
    at: (x, y) => 0.5 * fbm(x * 5, y * 5, 5, seed + 9) + 0.2 * noise(x * 150, y * 150, seed),
  });
  canvas.paint({
    ramp: ramp('#5a4636', '#a58a68'),
    at: (x, y) => fbm(x * 26, y * 26, 4, seed + 2),
    shape: (x, y) => (depth(x, y) - 0.93) * 0.4,
  });
  canvas.paint({
    ramp: colors,
    at: (x, y) => {
      const place = 1.7 * depth(x, y);
      // Broad bands with thin ones between them; their widths differ.
      const thin = Math.sin(place * 48 + 5 * noise(place * 6, 1, seed + 3));
      const turned = place < 1 ? place : 2 - place;
      return turned + 0.05 * thin;
    },
    shape: (x, y) => (depth(x, y) - 0.86) * 0.4,
  });
  // Crystals: facets that catch the light one by one, darker where the hollow is deep.
  canvas.paint({
    ramp: ramp('#1d1530', '#5d4a85', '#a99bd0', '#ffffff'),
    at: (x, y) => {
      const [u, v] = [x * 42 + 2.4 * noise(x * 17, y * 17, seed), y * 42 + 2.4 * noise(x * 17, y * 17, seed + 1)];
      const [column, row] = [Math.floor(u), Math.floor(v)];
      const isUpper = u - column + (v - row) < 1 ? 1 : 0;
      const facet = hash(2 * column + isUpper, row, seed + 4);
      return 0.1 + 0.55 * facet * facet + 0.35 * smooth(depth(x, y) / 0.2) + (facet > 0.93 ? 0.3 : 0);
    },
    shape: (x, y) => (depth(x, y) - 0.17) * 0.4,
  });
  canvas.light(
    (x, y) => 0.9 + 0.22 * smooth(1 - Math.hypot(x / canvas.aspect - 0.35, y - 0.3)) - (depth(x, y) > 0.93 ? 0.12 : 0),
  );
}
