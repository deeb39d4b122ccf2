/** A poster of plain shapes on a grid: large areas of one colour and hard edges. */
import { both, disc, except, ramp, rectangle, type Box, type Canvas, type Field } from '../canvas.ts';
import { fbm, randomFrom } from '../random.ts';

const COLORS = ['#f1e6d0', '#20222b', '#d8412f', '#efb02e', '#2b5fa8', '#2f8f83', '#f0a8a0'].map((color) =>
  ramp(color),
);
const ROWS = 4;

/** A motif in a square from (left, top) with sides of `size`: one or more shapes. */
type Motif = (left: number, top: number, size: number) => Field[];

const MOTIFS: readonly Motif[] = [
  (x, y, size) => [disc(x, y, size)],
  (x, y, size) => [disc(x + size, y + size, size)],
  (x, y, size) => [disc(x + size / 2, y + size / 2, size * 0.42), disc(x + size / 2, y + size / 2, size * 0.2)],
  (x, y, size) => [disc(x + size / 2, y, size / 2), disc(x + size / 2, y + size, size / 2)],
  (x, y, size) => [
    except(disc(x, y + size, size), disc(x, y + size, size * 0.75)),
    except(disc(x, y + size, size * 0.5), disc(x, y + size, size * 0.25)),
  ],
  (x, y, size) => [0.04, 0.29, 0.54, 0.79].map((at) => rectangle([x, y + at * size, x + size, y + (at + 0.13) * size])),
  (x, y, size) => [(px, py) => (px - x + (py - y) - size) * Math.SQRT1_2],
  (x, y, size) =>
    Array.from({ length: 9 }, (_value, i) =>
      disc(x + size * (0.22 + 0.28 * (i % 3)), y + size * (0.22 + 0.28 * Math.floor(i / 3)), size * 0.085),
    ),
];

export function poster(canvas: Canvas, seed: number): void {
  const random = randomFrom(seed);
  const pick = (count: number, not = -1): number => {
    const drawn = Math.floor(random() * (not === -1 ? count : count - 1));
    return not !== -1 && drawn >= not ? drawn + 1 : drawn;
  };
  const size = 1 / ROWS;
  let last = -1;
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < canvas.aspect * ROWS; column++) {
      const [left, top] = [column * size, row * size];
      const box: Box = [left, top, left + size, top + size];
      const ground = pick(COLORS.length);
      last = pick(MOTIFS.length, last);
      canvas.paint({ ramp: COLORS[ground] ?? ramp('#ffffff'), shape: rectangle(box), box });
      let color = ground;
      for (const shape of MOTIFS[last]?.(left, top, size) ?? []) {
        // Shapes that lie on each other must differ; those beside each other are alike.
        if (color === ground || last === 2) color = pick(COLORS.length, color === ground ? ground : color);
        canvas.paint({ ramp: COLORS[color] ?? ramp('#ffffff'), shape: both(shape, rectangle(box)), box });
      }
    }
  }
  // The grain of the paper.
  canvas.light((x, y) => 0.95 + 0.08 * fbm(x * 70, y * 70, 3, seed));
}
