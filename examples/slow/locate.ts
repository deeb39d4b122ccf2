/** Looks for the place that a tremor came from, from many starting points; each climbs on its own. */
import { defineExec } from '../../src/node.ts';
import { randomOf } from './signal.ts';

/** Which starting points of which tremor. */
export interface Search {
  readonly tremor: number;
  readonly first: number;
  readonly starts: number;
}

export interface Found {
  readonly tremor: number;
  readonly x: number;
  readonly y: number;
  readonly misfit: number;
}

const STEPS = 1500;

export default defineExec(import.meta.url, {
  name: 'locate',
  exec: ({ tremor, first, starts }: Search): Found => {
    let best: Found = { tremor, x: 0, y: 0, misfit: Infinity };
    for (let start = first; start < first + starts; start += 1) {
      const found = climb(tremor, randomOf(tremor * 100_003 + start));
      if (found.misfit < best.misfit) best = found;
    }
    return best;
  },
});

function climb(tremor: number, random: () => number): Found {
  let [x, y] = [random() * 100, random() * 100];
  let misfit = misfitAt(tremor, x, y);
  for (let step = 0; step < STEPS; step += 1) {
    const reach = 20 / (1 + step / 50);
    const [nextX, nextY] = [x + (random() - 0.5) * reach, y + (random() - 0.5) * reach];
    const next = misfitAt(tremor, nextX, nextY);
    if (next < misfit) [x, y, misfit] = [nextX, nextY, next];
  }
  return { tremor, x, y, misfit };
}

function misfitAt(tremor: number, x: number, y: number): number {
  const [dx, dy] = [x - 20 - tremor, y - 70 + tremor];
  return dx * dx + dy * dy + 60 * (1 - Math.cos(dx / 3) * Math.cos(dy / 4));
}
