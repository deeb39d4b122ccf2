/** Glass marbles on cloth. */
import { disc, ramp, type Canvas, type Ramp } from '../canvas.ts';
import { fbm, mix, noise, randomFrom, smooth } from '../random.ts';

const GLASS: readonly Ramp[] = [
  ramp('#14306b', '#2f7fd6', '#a8e0ff'),
  ramp('#6b1420', '#e0413f', '#ffc0a8'),
  ramp('#0e4d3c', '#22a879', '#c2ffd9'),
  ramp('#7a4a08', '#f0a52a', '#fff0b8'),
  ramp('#3c1a66', '#8a4fd1', '#e6c8ff'),
  ramp('#1d2530', '#66778c', '#eef4fb'),
];
const CLOTH = ramp('#27404a', '#3f6169', '#5b8084');
const [NOT_OVER, TRIES] = [26, 900];

interface Marble {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

export function marbles(canvas: Canvas, seed: number): void {
  const random = randomFrom(seed);
  canvas.paint({
    ramp: CLOTH,
    at: (x, y) => 0.55 * fbm(x * 2.2, y * 2.2, 3, seed) + 0.2 * noise(x * 120, y * 120, seed + 1) + 0.12,
  });
  const placed = place(canvas.aspect, random);
  for (const { x, y, radius } of placed) {
    canvas.paint({
      ramp: ramp('#0a161b'),
      shape: disc(x + radius * 0.35, y + radius * 0.42, radius * 0.85),
      soft: radius * 0.9,
      opacity: 0.72,
      box: [x - radius, y - radius, x + radius * 2.2, y + radius * 2.2],
    });
  }
  placed.forEach((marble, i) => paintMarble(canvas, marble, GLASS[i % GLASS.length] ?? CLOTH, seed + 10 * i));
  canvas.light((x, y) => 1.12 - 0.4 * smooth(Math.hypot(x / canvas.aspect - 0.42, y - 0.4)));
}

function paintMarble(canvas: Canvas, { x: cx, y: cy, radius }: Marble, glass: Ramp, seed: number): void {
  const box = [cx - radius * 1.1, cy - radius * 1.1, cx + radius * 1.1, cy + radius * 1.1] as const;
  const within = disc(cx, cy, radius);
  canvas.paint({
    ramp: glass,
    at: (x, y) => {
      const [dx, dy] = [(x - cx) / radius, (y - cy) / radius];
      const dz = Math.sqrt(Math.max(0, 1 - dx * dx - dy * dy));
      // Light from the top left; some of it comes through and gathers at the bottom right.
      const lit = Math.max(0, -0.48 * dx - 0.58 * dy + 0.66 * dz);
      const through = smooth((0.55 * dx + 0.6 * dy - 0.25) / 0.7) * (1 - dz) * 0.9;
      const swirl = Math.sin(7 * (dx + 0.8 * fbm(dx * 1.5 + 5, dy * 1.5, 3, seed)) + 4 * dy);
      return 0.1 + 0.5 * lit + 0.55 * through + 0.16 * swirl * dz;
    },
    shape: within,
    box,
  });
  const shine = (x: number, y: number, size: number, opacity: number): void =>
    canvas.paint({
      ramp: ramp('#ffffff'),
      shape: disc(cx + x * radius, cy + y * radius, size * radius),
      soft: size * radius * 0.9,
      opacity,
      box,
    });
  shine(-0.36, -0.42, 0.2, 0.95);
  shine(-0.05, -0.66, 0.08, 0.6);
}

/** Throws marbles until enough lie beside each other, the large ones first. */
function place(aspect: number, random: () => number): Marble[] {
  const placed: Marble[] = [];
  for (let tries = 0; tries < TRIES && placed.length < NOT_OVER; tries++) {
    const radius = mix(0.15, 0.045, Math.min(1, tries / 300)) * mix(0.9, 1.1, random());
    const [x, y] = [mix(0.02, aspect - 0.02, random()), mix(0.02, 0.98, random())];
    if (placed.every((other) => Math.hypot(other.x - x, other.y - y) > (other.radius + radius) * 1.06)) {
      placed.push({ x, y, radius });
    }
  }
  return placed;
}
