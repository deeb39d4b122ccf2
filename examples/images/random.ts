/** Numbers that depend on a seed alone. */

/** mulberry32: numbers in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A number in [0, 1) for a place on a grid of integers. */
export function hash(x: number, y: number, seed: number): number {
  let mixed = Math.imul(x, 0x27d4eb2f) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296;
}

/** A seed of its own for the part `index` of something that has a seed. */
export function seedOf(seed: number, index: number): number {
  return Math.floor(hash(index, 1, seed) * 4_294_967_296) | 0;
}

/** Value noise in [0, 1): smooth, random at integers. */
export function noise(x: number, y: number, seed: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const right = smooth(x - column);
  const down = smooth(y - row);
  const top = mix(hash(column, row, seed), hash(column + 1, row, seed), right);
  const bottom = mix(hash(column, row + 1, seed), hash(column + 1, row + 1, seed), right);
  return mix(top, bottom, down);
}

/** Fractional Brownian motion in [0, 1): octaves of value noise, each of half the size and half the height. */
export function fbm(x: number, y: number, octaves: number, seed: number): number {
  let sum = 0;
  let height = 1;
  let total = 0;
  for (let octave = 0; octave < octaves; octave++) {
    sum += height * noise(x * 2 ** octave, y * 2 ** octave, seed + octave);
    total += height;
    height /= 2;
  }
  return sum / total;
}

/** From `a` to `b` for t from 0 to 1. */
export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** 3t² − 2t³, and flat outside 0–1. */
export function smooth(t: number): number {
  const within = clamp(t);
  return within * within * (3 - 2 * within);
}

export function clamp(t: number): number {
  return t < 0 ? 0 : t > 1 ? 1 : t;
}
