/** A made-up record of ground motion, and what is to be found in it; the same for the same size. */
import type { Search } from './locate.ts';

/** Samples of a window, and of a template. */
export const WINDOW = 1024;
const TEMPLATES = 512;
const TREMORS = 40;
/** The large tremor is searched so much longer than the others. */
const LARGE = 60;

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function makeRecord(samples: number): Float64Array {
  const random = randomOf(1);
  return Float64Array.from({ length: samples }, (_, at) => {
    const spike = random() < 0.002 ? 40 * (random() - 0.5) : 0;
    return Math.sin(at / 40) + 0.6 * Math.sin(at / 7) + 0.4 * (random() - 0.5) + spike;
  });
}

export function makeTemplates(): Float64Array {
  return Float64Array.from({ length: TEMPLATES * WINDOW }, (_, at) => {
    const template = Math.floor(at / WINDOW);
    return Math.sin((at % WINDOW) / (10 + template / 6) + template);
  });
}

/** The tremors to locate, the large one last, as it happened. */
export function makeSearches(samples: number): Search[] {
  const starts = Math.max(1, Math.round(samples / 10_000));
  return Array.from({ length: TREMORS }, (_, tremor) => ({
    tremor,
    first: 0,
    starts: tremor === TREMORS - 1 ? starts * LARGE : starts,
  }));
}
