/** The sun goes down behind mountains. */
import { disc, ramp, type Canvas } from '../canvas.ts';
import { clamp, fbm, hash, mix, noise, randomFrom, smooth } from '../random.ts';

const SKY = ramp('#1a1f4d', '#433a78', '#93497f', '#e07a66', '#f9b56a', '#ffdf9e');
const RIDGES = [
  ramp('#b0617f', '#d98a83'),
  ramp('#83497a', '#b56a84'),
  ramp('#57366c', '#8a4f7d'),
  ramp('#332452', '#5c3a6e'),
  ramp('#150f2b', '#2c1d47'),
] as const;

export function dusk(canvas: Canvas, seed: number): void {
  const random = randomFrom(seed);
  const sunX = canvas.aspect * mix(0.25, 0.75, random());
  const sunY = mix(0.42, 0.5, random());
  canvas.paint({ ramp: SKY, at: (x, y) => y / 0.62 + 0.05 * (fbm(x * 2, y * 9, 4, seed) - 0.5) });
  for (let star = 0; star < 60; star++) {
    const [x, y, size] = [random() * canvas.aspect, random() ** 2 * 0.35, mix(0.0015, 0.003, random())];
    const box = [x - 0.01, y - 0.01, x + 0.01, y + 0.01] as const;
    canvas.paint({ ramp: ramp('#fff6e0'), shape: disc(x, y, size), opacity: mix(0.4, 1, random()), box });
  }
  canvas.paint({ ramp: ramp('#ffd58a'), shape: disc(sunX, sunY, 0.12), soft: 0.42, opacity: 0.75 });
  canvas.paint({ ramp: ramp('#fff3cf'), shape: disc(sunX, sunY, 0.075), soft: 0.006 });
  // Long thin clouds, lit from below.
  canvas.paint({
    ramp: ramp('#7d4079', '#ffb98a'),
    at: (_x, y) => y / 0.45,
    shape: (x, y) => 0.62 - fbm(x * 1.6 + 7, y * 14, 5, seed + 40) + Math.abs(y - 0.3) * 0.6,
    soft: 0.22,
    opacity: 0.8,
  });

  RIDGES.forEach((colors, i) => {
    const base = mix(0.56, 0.98, i / (RIDGES.length - 1));
    const roughness = mix(3.2, 1.8, i / (RIDGES.length - 1));
    const isNearest = i === RIDGES.length - 1;
    const ground = canvas.curve((x) => {
      const height = mix(0.2, 0.16, i / 4) * (1.4 * fbm(x * roughness + 13 * i, 0.5, 6, seed + i) - 0.2);
      return base - height;
    });
    const top = isNearest ? canvas.curve((x) => ground(x) - trees(x, seed)) : ground;
    canvas.paint({
      ramp: colors,
      at: (x, y) => smooth((y - ground(x)) / 0.24),
      shape: (x, y) => (top(x) - y) * 0.7,
    });
  });
  canvas.light((x, y) => 1.03 - 0.16 * smooth(Math.hypot(x / canvas.aspect - 0.5, y - 0.5) * 1.5));
}

/** The height of a row of firs at x. */
function trees(x: number, seed: number): number {
  const place = x * 34;
  let highest = 0;
  for (let tree = Math.floor(place) - 1; tree <= Math.floor(place) + 1; tree++) {
    if (noise(tree * 0.16, 3, seed) < 0.42) continue;
    const middle = tree + hash(tree, 1, seed);
    const height = mix(0.035, 0.085, hash(tree, 2, seed));
    const away = Math.abs(place - middle) * 1.25;
    // Branches: the outline goes in and out as it goes up.
    highest = Math.max(highest, height * clamp(1 - away - 0.12 * Math.abs(Math.sin(away * 19))));
  }
  return highest;
}
