/** Inputs of the rows, with the truth that their results are checked against. */
import { spin, type Asking, type Desk, type Payload } from './threads/functions.ts';
import { seeded } from './stats.ts';
import type { Work } from './workloads/loop.ts';

/** Of `spin` on the machine of the last full table; the work is the same on any machine, its time is not. */
const ITERATIONS_PER_MICRO = 900;

export const noops: Work<number> = { input: (n) => n, isRight: (n, result) => result === n + 1 };

/** Spins for about so many µs. */
export function spins(micros: number): Work<number> {
  const iterations = Math.round(micros * ITERATIONS_PER_MICRO);
  const truth = spin(iterations);
  return { input: () => iterations, isRight: (_n, result) => result === truth };
}

/**
 * Mostly short spins and a few long ones, in a fixed random order.
 *
 * @param longShare 0–1
 */
export function mixedSpins(shortMicros: number, longMicros: number, longShare: number): MixedWork {
  const [short, long] = [spins(shortMicros), spins(longMicros)];
  const random = seeded(7);
  const isLong = Array.from({ length: 100_003 }, () => random() < longShare);
  const kind = (n: number): Work<number> => (isLong[n % isLong.length] === true ? long : short);
  return {
    input: (n) => kind(n).input(n),
    isRight: (n, result) => kind(n).isRight(n, result),
    isShort: (n) => kind(n) === short,
  };
}

export interface MixedWork extends Work<number> {
  readonly isShort: (n: number) => boolean;
}

/** An object of about so many bytes when cloned, there and back. */
export function objects(bytes: number): Work<Payload> {
  // A row clones to about 50 bytes.
  const rows = Array.from({ length: Math.max(1, Math.round(bytes / 50)) }, (_value, id) => ({
    id,
    name: `row ${id}`,
    score: id / 7,
  }));
  return {
    input: (n) => ({ id: n, rows }),
    isRight: (n, result) => {
      const { id, rows: returned } = result as Payload;
      return id === n + 1 && returned.length === rows.length && returned.at(-1)?.score === rows.at(-1)?.score;
    },
  };
}

/** So many bytes in an array, there and back. */
export function byteArrays(bytes: number): Work<Uint8Array<ArrayBuffer>> {
  return {
    input: (n) => new Uint8Array(bytes).fill(n & 0x7f),
    isRight: (n, result) => {
      const returned = result as Uint8Array;
      return returned.length === bytes && returned[0] === (n & 0x7f) + 1 && returned.at(-1) === (n & 0x7f);
    },
  };
}

/** One look into what `weights` gives: a value of so many megabytes in whatever form a contender passes it on. */
export function lookUps(weights: unknown): Work<{ readonly id: number; readonly weights: unknown }> {
  return { input: (id) => ({ id, weights }), isRight: (id, result) => result === id + 1 };
}

/** So many megabytes of ones. */
export function ones(megabytes: number, memory: (bytes: number) => ArrayBufferLike): Float64Array {
  const bytes = megabytes * 1e6;
  return new Float64Array(memory(bytes)).fill(1);
}

/** One look into a table of about so many bytes when cloned, which is the same for all. */
export function picks(bytes: number): Work<Payload> {
  const { rows } = objects(bytes).input(0);
  return {
    input: (id) => ({ id, rows }),
    isRight: (id, result) => result === rows[id % rows.length]?.name,
  };
}

/** What executions ask for on the main thread. */
export const desk: Desk = { next: (id) => id + 1 };

/** Hardly any work; one in `every` asks the main thread for its result. */
export function asking(every: number): Work<Asking> {
  return { input: (id) => ({ id, asks: id % every === 0 }), isRight: (id, result) => result === id + 1 };
}
