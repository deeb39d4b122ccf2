/**
 * Runs on a thread: how much can be relied on the prices of an order. Draws many plausible totals (Monte Carlo, antithetic
 * pairs, mulberry32) and counts how often the order would lose money.
 */
import { defineExec } from '../../src/node.ts';

/** A line as the assessment needs it: money in cents; no price when the catalogue does not know the article. */
export interface AssessedLine {
  readonly quantity: number;
  readonly price: number | undefined;
  readonly cost: number;
}

export interface Assessment {
  /** Share of lines with a price, 0 to 1. */
  readonly priced: number;
  /** Share of draws in which the order loses money, 0 to 1. */
  readonly risk: number;
}

export default defineExec(import.meta.url, {
  name: 'assess',
  params: { draws: 20_000, noise: 0.1, seed: 7 },
  exec: (lines: readonly AssessedLine[], ctx): Assessment => {
    const { draws, noise, seed } = ctx.params;
    const priced = lines.filter((line): line is AssessedLine & { readonly price: number } => line.price !== undefined);
    const random = mulberry32(seed);
    let losses = 0;
    for (let pair = 0; pair < draws / 2; pair += 1) {
      if (pair % 1_000 === 0) ctx.throwIfAborted();
      let [up, down] = [0, 0];
      for (const { quantity, price, cost } of priced) {
        const shift = price * noise * (2 * random() - 1);
        up += quantity * (price + shift - cost);
        down += quantity * (price - shift - cost);
      }
      losses += Number(up < 0) + Number(down < 0);
    }
    return { priced: lines.length === 0 ? 0 : priced.length / lines.length, risk: losses / draws };
  },
});

function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
