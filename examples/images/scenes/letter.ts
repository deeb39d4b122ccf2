/** A handwritten page with a seal: thin strokes, which a filter that blurs would take away. */
import { disc, ramp, stroke, type Canvas } from '../canvas.ts';
import { fbm, mix, noise, randomFrom, smooth } from '../random.ts';

const PAPER = ramp('#d9c9a3', '#efe3c4', '#f8f0da');
const INK = ramp('#1c2552', '#33418a');
const WAX = ramp('#4d0710', '#a01722', '#d8423f', '#ff9c86');
const LINES = 9;
/** Heights of letters: of low ones, and those that reach up or down. */
const [LOW, UP, DOWN] = [0.026, 0.06, -0.034];
const PIECES = 9;

export function letter(canvas: Canvas, seed: number): void {
  const random = randomFrom(seed);
  canvas.paint({
    ramp: PAPER,
    at: (x, y) => 0.35 + 0.5 * fbm(x * 3, y * 3, 6, seed) + 0.1 * noise(x * 160, y * 160, seed),
  });
  for (let line = 0; line < LINES; line++) {
    const y = 0.13 + line * 0.097;
    canvas.paint({ ramp: ramp('#9fb4c4'), shape: (_x, at) => Math.abs(at - y) - 0.001, opacity: 0.55 });
    writeLine(canvas, y, line === LINES - 1 ? 0.55 : mix(0.86, 0.95, random()), random);
  }
  canvas.paint({ ramp: ramp('#c25b5b'), shape: (x) => Math.abs(x - 0.09) - 0.0012, opacity: 0.6 });
  seal(canvas, canvas.aspect - 0.2, 0.83, seed);
  // A fold across the page, and the light from the left.
  canvas.light(
    (x, y) => 1.06 - (0.14 * x) / canvas.aspect - 0.13 * Math.exp(-(((y - 0.5) / 0.03) ** 2)) + 0.05 * smooth(y),
  );
}

/** Words of joined loops up to `end` of the width. */
function writeLine(canvas: Canvas, base: number, end: number, random: () => number): void {
  let x = 0.12 + 0.02 * random();
  while (x < canvas.aspect * end - 0.06) {
    const letters = 2 + Math.floor(random() * 7);
    for (let i = 0; i < letters && x < canvas.aspect * end; i++) {
      const kind = random();
      const height = (kind < 0.66 ? LOW : kind < 0.88 ? UP : DOWN) * mix(0.85, 1.15, random());
      const width = mix(0.016, 0.03, random());
      writeLetter(canvas, x, base - 0.004, width, height);
      x += width;
    }
    x += mix(0.03, 0.05, random());
  }
}

/** One loop; it starts and ends on the line, so that letters join. */
function writeLetter(canvas: Canvas, left: number, base: number, width: number, height: number): void {
  const placeAt = (t: number): [number, number] => {
    const rise = (1 - Math.cos(2 * Math.PI * t)) / 2;
    return [
      left + width * t + 0.5 * width * Math.sin(2 * Math.PI * t) * rise + 0.25 * height * rise,
      base - height * rise,
    ];
  };
  for (let piece = 0; piece < PIECES; piece++) {
    const [fromX, fromY] = placeAt(piece / PIECES);
    const [toX, toY] = placeAt((piece + 1) / PIECES);
    // Downstrokes are broader.
    const broad = 0.0032 + 0.0035 * smooth((toY - fromY) / 0.012);
    const margin = 0.008;
    canvas.paint({
      ramp: INK,
      at: (x, y) => noise(x * 60, y * 60, 3),
      shape: stroke(fromX, fromY, toX, toY, broad),
      box: [
        Math.min(fromX, toX) - margin,
        Math.min(fromY, toY) - margin,
        Math.max(fromX, toX) + margin,
        Math.max(fromY, toY) + margin,
      ],
    });
  }
}

function seal(canvas: Canvas, cx: number, cy: number, seed: number): void {
  const rim = (x: number, y: number): number => {
    const angle = Math.atan2(y - cy, x - cx);
    return (
      Math.hypot(x - cx, y - cy) -
      0.11 -
      0.022 * (fbm(3 + Math.cos(angle) * 1.4, 3 + Math.sin(angle) * 1.4, 3, seed) - 0.5)
    );
  };
  canvas.paint({ ramp: ramp('#2b1a10'), shape: (x, y) => rim(x - 0.012, y - 0.016), soft: 0.04, opacity: 0.55 });
  canvas.paint({
    ramp: WAX,
    at: (x, y) => {
      const [dx, dy] = [x - cx, y - cy];
      const [away, angle] = [Math.hypot(dx, dy), Math.atan2(dy, dx)];
      // A raised rim, and a star pressed into the middle; light from the top left.
      const side = (-dx - dy) / (away + 1e-6) / 1.42;
      const ring = Math.exp(-(((away - 0.092) / 0.014) ** 2)) - Math.exp(-(((away - 0.07) / 0.01) ** 2));
      const star = away - 0.052 * (0.72 + 0.28 * Math.cos(6 * angle));
      return (
        0.42 +
        0.3 * side * ring -
        0.2 * smooth(-star / 0.006) +
        0.32 * side * Math.exp(-((star / 0.005) ** 2)) +
        0.08 * fbm(x * 30, y * 30, 3, seed)
      );
    },
    shape: rim,
  });
  canvas.paint({ ramp: ramp('#ffd9cc'), shape: disc(cx - 0.062, cy - 0.062, 0.006), soft: 0.016, opacity: 0.8 });
}
