/**
 * Option prices by Monte Carlo under Black and Scholes: each item simulates a slice of the paths of one option and hands
 * back three numbers, and the main thread merges them into price, standard error and confidence interval.
 *
 * One option in many slices (`pathSlices`) and many options of a slice each are the same exec: an item says which option,
 * and which pairs of paths. Path pair i of an option has the same random numbers in whatever slice it is.
 *
 * Sources: F. Black, M. Scholes, "The pricing of options and corporate liabilities" (1973) and F. Black, "The pricing of
 * commodity contracts" (1976) for the closed form; P. Boyle, "Options: a Monte Carlo approach" (1977), for antithetic
 * paths and control variates; A. Kemna, A. Vorst, "A pricing method for options based on average asset values" (1990), for
 * the geometric mean as control of the arithmetic one; T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise
 * algorithm for computing sample variances" (1979), after B. Welford (1962), for moments that can be merged;
 * J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), for the generator Philox 4x32-10; G. Box,
 * M. Muller, "A note on the generation of random normal deviates" (1958); G. Marsaglia, "Evaluating the normal
 * distribution" (2004).
 *
 * Why slices are independent: Philox has no state to hand on. It turns a counter into random bits, for each seed by a
 * bijection, so two places of the sequence never read the same block, and there is no distance at which sequences could
 * begin to overlap. That the bits of different counters and keys are unrelated is what its authors tested (BigCrush).
 */
import { defineExec, NonRetryableError } from '../src/node.ts';

interface Terms {
  readonly kind: 'call' | 'put';
  /** Price of the underlying now, above 0. */
  readonly spot: number;
  /** Above 0. */
  readonly strike: number;
  /** Per year, continuously compounded: 0.05 is 5 %. */
  readonly rate: number;
  /**
   * Standard deviation of the logarithm of the price over a year, 0–10: 0.2 is 20 %. Where volatility × √years is above 2
   * or so, the mean of a call hangs on paths too rare to be drawn: simulate the put, and use put-call parity.
   */
  readonly volatility: number;
  /** Time to expiry, 0 or more. */
  readonly years: number;
  /** Per year, continuously compounded. @default 0 */
  readonly dividendYield?: number;
}

/** Pays by the price at expiry. */
export interface EuropeanOption extends Terms {
  readonly style: 'european';
}

/** Pays by the arithmetic mean of `fixings` prices at equal distances, the last of them at expiry. */
export interface AsianOption extends Terms {
  readonly style: 'asian';
  /** 1–65,536. */
  readonly fixings: number;
}

export type OptionTerms = EuropeanOption | AsianOption;

/** The item: some of the antithetic pairs of an option. */
export interface PathSlice {
  readonly option: OptionTerms;
  /** First pair, counted from 0. */
  readonly from: number;
  /** The pair after the last one. A pair is two paths: one, and the one with all its random numbers negated. */
  readonly to: number;
  /**
   * 0 to 2³² − 1. Options of one stream share their random numbers, so that their differences (a Greek, a spread) have
   * less noise, and their errors go together; other streams are independent. @default 0
   */
  readonly stream?: number;
}

/** Params of the exec `monteCarlo`. */
export interface MonteCarloParams {
  /** 0 to 2⁵³ − 1; chooses the random numbers. @default 1 */
  seed: number;
}

/** Moments of the discounted payoffs of a slice; a pair, with the mean of its two payoffs, is one observation. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Sum of the squared deviations from the mean. (A sum of squares would cancel where the mean is far above the spread.) */
  readonly m2: number;
}

/** A price with what is known of its error. */
export interface PriceEstimate {
  readonly price: number;
  /** Standard deviation of `price`: falls with 1 / √pairs. */
  readonly standardError: number;
  /** Lower end of the 95 % confidence interval. */
  readonly low: number;
  /** Upper end of it. */
  readonly high: number;
  /** Antithetic pairs in all. */
  readonly pairs: number;
}

const DEFAULT_PARAMS: MonteCarloParams = { seed: 1 };
const TWO_32 = 2 ** 32;
const MAX_FIXINGS = 1 << 16;
/** Normals in memory at a time, unless one path needs more. */
const BUFFERED = 1024;
/** 97.5 % of the standard normal distribution are below. */
const Z_975 = 1.959963984540054;

/**
 * Simulates a slice.
 *
 * @param seed 0 to 2⁵³ − 1
 * @returns moments for `combine`
 * @throws NonRetryableError when a number of the slice is out of its range, or the payoffs exceed what a double holds
 */
export function simulate({ option, from, to, stream = 0 }: PathSlice, seed = DEFAULT_PARAMS.seed): Moments {
  checkTerms(option);
  const width = option.style === 'asian' ? option.fixings : 1;
  checkInteger('from', from, 0, Number.MAX_SAFE_INTEGER, 'pairs are counted from 0');
  checkInteger('to', to, from + 1, Math.floor(Number.MAX_SAFE_INTEGER / width), 'a slice has at least one pair');
  checkInteger('stream', stream, 0, TWO_32 - 1, 'number the streams from 0');
  checkInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER, 'use a non-negative integer');

  const payoff = option.style === 'asian' ? asianPayoff(option) : europeanPayoff(option);
  const rows = Math.max(1, Math.floor(BUFFERED / width));
  const buffer = new Float64Array(rows * width);
  let count = 0;
  let mean = 0;
  let m2 = 0;
  for (let pair = from; pair < to; pair += rows) {
    const normals = pair + rows <= to ? buffer : buffer.subarray(0, (to - pair) * width);
    fillNormals(normals, pair * width, seed, stream);
    for (let at = 0; at < normals.length; at += width) {
      const value = payoff(normals, at);
      const deviation = value - mean;
      count++;
      mean += deviation / count;
      m2 += deviation * (value - mean);
    }
  }
  if (!Number.isFinite(m2)) throw overflow(option);
  return { count, mean, m2 };
}

/**
 * The price from the moments of the slices. The same for any number of threads, since results have the order of the
 * items; other slices of the same pairs differ by rounding.
 *
 * @param partials results of one option, in the order of its slices
 * @throws NonRetryableError for fewer than two pairs in all, which say nothing of the error
 */
export function combine(partials: readonly Moments[]): PriceEstimate {
  let count = 0;
  let mean = 0;
  let m2 = 0;
  for (const partial of partials) {
    const deviation = partial.mean - mean;
    const before = count;
    count += partial.count;
    mean += (deviation * partial.count) / count;
    m2 += partial.m2 + (deviation * deviation * before * partial.count) / count;
  }
  if (count < 2) throw new NonRetryableError(`a price needs at least 2 pairs of paths, got ${count}: simulate more`);
  const standardError = Math.sqrt(m2 / (count - 1) / count);
  const margin = Z_975 * standardError;
  return { price: mean, standardError, low: mean - margin, high: mean + margin, pairs: count };
}

/**
 * Cuts the simulation of one option into items.
 *
 * @param pairs antithetic pairs in all
 * @param size pairs per slice; constant, so that the items do not depend on the number of threads
 * @param stream as in `PathSlice`
 * @throws NonRetryableError when `pairs` or `size` is not a positive integer
 */
export function pathSlices(option: OptionTerms, pairs: number, size = 8192, stream = 0): PathSlice[] {
  checkInteger('pairs', pairs, 1, Number.MAX_SAFE_INTEGER, 'simulate at least one pair of paths');
  checkInteger('size', size, 1, Number.MAX_SAFE_INTEGER, 'a slice has at least one pair');
  return Array.from({ length: Math.ceil(pairs / size) }, (_, s) => ({
    option,
    from: s * size,
    to: Math.min(pairs, (s + 1) * size),
    stream,
  }));
}

/**
 * The exact price of a European option.
 *
 * @throws NonRetryableError when a term is out of its range
 */
export function blackScholes(option: EuropeanOption): number {
  checkTerms(option);
  const { spot, rate, volatility, years, dividendYield = 0 } = option;
  return black(option, spot * Math.exp((rate - dividendYield) * years), volatility * Math.sqrt(years));
}

/**
 * The exact price of an option on the geometric mean of the fixings, which is log-normal: a little below that on the
 * arithmetic mean for a call, and strongly correlated with it.
 *
 * @throws NonRetryableError when a term is out of its range
 */
export function geometricAsian(option: AsianOption): number {
  checkTerms(option);
  const { location, deviation } = geometricMean(option);
  return black(option, Math.exp(location + (deviation * deviation) / 2), deviation);
}

/** Mean and standard deviation of the logarithm of the geometric mean. */
function geometricMean({ spot, rate, volatility, years, fixings, dividendYield = 0 }: AsianOption) {
  const meanTime = (years * (fixings + 1)) / (2 * fixings);
  return {
    location: Math.log(spot) + (rate - dividendYield - (volatility * volatility) / 2) * meanTime,
    deviation: volatility * Math.sqrt((years * (fixings + 1) * (2 * fixings + 1)) / (6 * fixings * fixings)),
  };
}

/** Black 1976: the discounted payoff of a log-normal price of this mean (the forward) and deviation of its logarithm. */
function black(option: OptionTerms, forward: number, deviation: number): number {
  const { kind, strike, rate, years } = option;
  const sign = kind === 'call' ? 1 : -1;
  let expected = Math.max(sign * (forward - strike), 0);
  if (deviation > 0) {
    const d1 = Math.log(forward / strike) / deviation + deviation / 2;
    const d2 = d1 - deviation;
    // Far out of the money the difference of two rounded numbers may be below 0.
    expected = Math.max(sign * (forward * normalCdf(sign * d1) - strike * normalCdf(sign * d2)), 0);
  }
  const price = Math.exp(-rate * years) * expected;
  if (!Number.isFinite(price)) throw overflow(option);
  return price;
}

/** Share of the standard normal distribution below x, to about 1e-16 (absolute); Marsaglia's series. */
function normalCdf(x: number): number {
  if (x > 8.5) return 1;
  if (x < -8.5) return 0;
  let sum = x;
  let term = x;
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** The discounted payoff of an antithetic pair, from normals that begin at an index. */
type PairPayoff = (normals: Float64Array, at: number) => number;

function europeanPayoff({
  kind,
  spot,
  strike,
  rate,
  volatility,
  years,
  dividendYield = 0,
}: EuropeanOption): PairPayoff {
  const median = spot * Math.exp((rate - dividendYield - (volatility * volatility) / 2) * years);
  const half = Math.exp(-rate * years) / 2;
  const deviation = volatility * Math.sqrt(years);
  const sign = kind === 'call' ? 1 : -1;
  return (normals, at) => {
    const growth = Math.exp(deviation * (normals[at] ?? 0));
    return half * bothPayoffs(sign, strike, median * growth, median / growth);
  };
}

/**
 * Arithmetic payoff, less the geometric payoff of the same paths, plus the exact price of the latter: unbiased, and with
 * a fraction of the variance.
 */
function asianPayoff(option: AsianOption): PairPayoff {
  const { kind, spot, strike, rate, volatility, years, fixings, dividendYield = 0 } = option;
  const exact = geometricAsian(option);
  const median = Math.exp(geometricMean(option).location);
  const half = Math.exp(-rate * years) / 2;
  const step = years / fixings;
  const drift = Math.exp((rate - dividendYield - (volatility * volatility) / 2) * step);
  const deviation = volatility * Math.sqrt(step);
  const sign = kind === 'call' ? 1 : -1;
  return (normals, at) => {
    let [up, down, upSum, downSum, brownian, brownianSum] = [spot, spot, 0, 0, 0, 0];
    for (let i = at; i < at + fixings; i++) {
      const shock = deviation * (normals[i] ?? 0);
      const growth = Math.exp(shock);
      up *= drift * growth;
      down *= drift / growth;
      upSum += up;
      downSum += down;
      brownian += shock;
      brownianSum += brownian;
    }
    const growth = Math.exp(brownianSum / fixings);
    const arithmetic = bothPayoffs(sign, strike, upSum / fixings, downSum / fixings);
    const geometric = bothPayoffs(sign, strike, median * growth, median / growth);
    return half * (arithmetic - geometric) + exact;
  };
}

function bothPayoffs(sign: number, strike: number, up: number, down: number): number {
  return Math.max(sign * (up - strike), 0) + Math.max(sign * (down - strike), 0);
}

/** Scratch of the thread: written and read within one step of `fillNormals`. */
const words = new Uint32Array(4);

/**
 * Fills an array with the standard normals n = first, first + 1, … of a sequence without end; each is a function of seed,
 * stream and n alone. Block n >> 1 of the generator gives normals 2k and 2k + 1.
 */
export function fillNormals(target: Float64Array, first: number, seed: number, stream: number): void {
  const [keyLow, keyHigh] = [(seed % TWO_32) | 0, (seed / TWO_32) | 0];
  for (let i = 0; i < target.length; i++) {
    const n = first + i;
    const block = Math.floor(n / 2);
    philox4x32(words, (block % TWO_32) | 0, (block / TWO_32) | 0, stream | 0, 0, keyLow, keyHigh);
    const radius = Math.sqrt(-2 * Math.log(uniform(words[0] ?? 0, words[1] ?? 0)));
    const angle = 2 * Math.PI * uniform(words[2] ?? 0, words[3] ?? 0);
    if (n % 2 === 0) {
      target[i] = radius * Math.cos(angle);
      i++;
    }
    if (i < target.length) target[i] = radius * Math.sin(angle);
  }
}

/** 53 of 64 random bits as a number above 0 and at most 1. */
function uniform(high: number, low: number): number {
  return ((high >>> 5) * 0x4000000 + (low >>> 6) + 0.5) * 2 ** -53;
}

/**
 * Philox 4x32-10: turns a counter of four words into four random words under a key of two, all of them 32-bit integers.
 *
 * @param out where the four words go
 */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = highProduct(0xd2511f53, c0);
    const high1 = highProduct(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    c0 = high1 ^ c1 ^ k0;
    c1 = Math.imul(0xcd9e8d57, c2);
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of the 64-bit product of two unsigned words, from products of their halves. */
function highProduct(x: number, y: number): number {
  const xLow = x & 0xffff;
  const xHigh = x >>> 16;
  const yLow = y & 0xffff;
  const yHigh = y >>> 16;
  const middle1 = Math.imul(xHigh, yLow) >>> 0;
  const middle2 = Math.imul(xLow, yHigh) >>> 0;
  const carry = (Math.imul(xLow, yLow) >>> 16) + (middle1 & 0xffff) + (middle2 & 0xffff);
  return (Math.imul(xHigh, yHigh) + (middle1 >>> 16) + (middle2 >>> 16) + (carry >>> 16)) | 0;
}

function checkTerms(option: OptionTerms): void {
  const { kind, style, spot, strike, rate, volatility, years, dividendYield = 0 } = option;
  const positive = 'must be a finite number above 0';
  check('kind', kind, ['call', 'put'].includes(kind), "must be 'call' or 'put'");
  check('style', style, ['european', 'asian'].includes(style), "must be 'european' or 'asian'");
  check('spot', spot, Number.isFinite(spot) && spot > 0, `${positive}, in the currency of the strike`);
  check('strike', strike, Number.isFinite(strike) && strike > 0, `${positive}, in the currency of the spot`);
  check(
    'volatility',
    volatility,
    volatility >= 0 && volatility <= 10,
    'must be a finite number from 0 to 10: 0.2 is 20 % a year',
  );
  check('years', years, Number.isFinite(years) && years >= 0, 'must be a finite number, 0 or more: 0.5 is half a year');
  check('rate', rate, Number.isFinite(rate), 'must be a finite number: 0.05 is 5 % a year');
  check(
    'dividendYield',
    dividendYield,
    Number.isFinite(dividendYield),
    'must be a finite number: leave it out for none',
  );
  if (option.style === 'asian') checkInteger('fixings', option.fixings, 1, MAX_FIXINGS, 'prices in the mean');
}

function checkInteger(name: string, value: number, least: number, most: number, remedy: string): void {
  const holds = Number.isInteger(value) && value >= least && value <= most;
  check(name, value, holds, `must be an integer from ${least} to ${most} (${remedy})`);
}

function check(name: string, value: unknown, holds: boolean, requirement: string): void {
  if (!holds) throw new NonRetryableError(`${name} ${requirement}; got ${String(value)}`);
}

function overflow({ spot, rate, volatility, years }: OptionTerms): NonRetryableError {
  return new NonRetryableError(
    `the payoffs exceed what a double holds (spot ${spot}, rate ${rate}, volatility ${volatility}, years ${years}): ` +
      'rates and volatilities are per year, 0.05 for 5 %',
  );
}

/** Slice of the path pairs of an option → moments of its payoffs, for `combine`. */
export default defineExec(import.meta.url, {
  name: 'monteCarlo',
  params: DEFAULT_PARAMS,
  exec: (slice: PathSlice, { params }): Moments => simulate(slice, params.seed),
});
