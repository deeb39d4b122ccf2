import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import monteCarlo, {
  blackScholes,
  combine,
  fillNormals,
  geometricAsian,
  pathSlices,
  philox4x32,
  simulate,
  type AsianOption,
  type EuropeanOption,
  type OptionTerms,
  type PathSlice,
  type PriceEstimate,
} from '../../../nodes/monteCarlo.ts';
import { NonRetryableError } from '../../../src/node.ts';
import { seededRandom } from '../../support/planted.ts';
import { runItem, runItems } from './run-exec.ts';

const MARKET = { spot: 100, strike: 100, rate: 0.05, volatility: 0.2, years: 1 } as const;
const european = (terms: Partial<EuropeanOption> = {}): EuropeanOption => {
  return { style: 'european', kind: 'call', ...MARKET, ...terms };
};
const asian = (terms: Partial<AsianOption> = {}): AsianOption => {
  return { style: 'asian', kind: 'call', ...MARKET, fixings: 12, ...terms };
};

function priceOf(option: OptionTerms, pairs: number, seed = 1): PriceEstimate {
  return combine([simulate({ option, from: 0, to: pairs }, seed)]);
}

function assertNear(actual: number, expected: number, tolerance: number, what = ''): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} ${actual} is not within ${tolerance} of ${expected}`);
}

function assertBelow(actual: number, limit: number, what = ''): void {
  assert.ok(actual <= limit, `${what} ${actual} is above ${limit}`);
}

/** Within 4 standard errors (and 1e-9, for estimates without any). */
function assertCovers(estimate: PriceEstimate, truth: number, what = ''): void {
  assertNear(estimate.price, truth, 4 * estimate.standardError + 1e-9, what);
}

/** E f(Z) of a standard normal Z: trapezoids, which converge exponentially for smooth f. */
function expectation(f: (z: number) => number): number {
  const step = 1 / 8;
  let sum = 0;
  for (let z = -8; z <= 8; z += step) sum += f(z) * Math.exp((-z * z) / 2);
  return (sum * step) / Math.sqrt(2 * Math.PI);
}

/**
 * The price of an Asian call by nested quadrature. The last step is exact: given the fixings so far, the payoff is that of
 * a European call over one step, or of a forward when the strike is reached already.
 */
function asianByQuadrature(option: AsianOption, fixed = 0, spot = option.spot, left = option.fixings): number {
  const { rate, volatility, years, fixings, strike } = option;
  const step = years / fixings;
  if (left === 1) {
    const toGo = strike * fixings - fixed;
    const discount = Math.exp(-rate * step);
    const last =
      toGo > 0 ? blackScholes(european({ ...option, style: 'european', spot, strike: toGo, years: step })) : 0;
    return (toGo > 0 ? last : spot - toGo * discount) / fixings;
  }
  const drift = (rate - (volatility * volatility) / 2) * step;
  return (
    Math.exp(-rate * step) *
    expectation((z) => {
      const next = spot * Math.exp(drift + volatility * Math.sqrt(step) * z);
      return asianByQuadrature(option, fixed + next, next, left - 1);
    })
  );
}

function normals(seed: number, stream: number, first: number, length: number): Float64Array {
  const target = new Float64Array(length);
  fillNormals(target, first, seed, stream);
  return target;
}

describe('philox4x32', () => {
  it('gives the known answers of Random123', () => {
    const answers = [
      ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
      ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
      ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
    ] as const;
    const parse = (text: string) => text.split(' ').map((word) => Number.parseInt(word, 16));
    for (const [counter, key, answer] of answers) {
      const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = parse(counter);
      const [k0 = 0, k1 = 0] = parse(key);
      const out = new Uint32Array(4);
      philox4x32(out, c0, c1, c2, c3, k0, k1);
      assert.deepEqual([...out], parse(answer));
    }
  });

  it('is the function of the paper, written in integers of any size', () => {
    const reference = (counter: readonly number[], key: readonly number[]): number[] => {
      let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
      let [k0, k1] = key.map(BigInt) as [bigint, bigint];
      const mask = 0xffffffffn;
      for (let round = 0; round < 10; round++) {
        const [x, y] = [c0 * 0xd2511f53n, c2 * 0xcd9e8d57n];
        [c0, c1, c2, c3] = [(y >> 32n) ^ c1 ^ k0, y & mask, (x >> 32n) ^ c3 ^ k1, x & mask];
        [k0, k1] = [(k0 + 0x9e3779b9n) & mask, (k1 + 0xbb67ae85n) & mask];
      }
      return [c0, c1, c2, c3].map(Number);
    };
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        const out = new Uint32Array(4);
        philox4x32(out, ...counter, ...key);
        assert.deepEqual([...out], reference(counter, key));
      }),
    );
  });
});

describe('fillNormals', () => {
  it('gives any part of one sequence', () => {
    const whole = normals(7, 3, 0, 300);
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (x, y) => {
        const [from, to] = [Math.min(x, y), Math.max(x, y)];
        assert.deepEqual(normals(7, 3, from, to - from), whole.slice(from, to));
      }),
    );
  });

  it('does not repeat itself after 2 ** 32 blocks, nor in other seeds and streams that differ in any word', () => {
    const places = [
      [1, 0, 0],
      [1, 0, 2 ** 33],
      [1, 0, 2 ** 40],
      [1, 1, 0],
      [1, 2 ** 32 - 1, 0],
      [2, 0, 0],
      [1 + 2 ** 32, 0, 0],
      [2 ** 53 - 1, 0, 0],
    ] as const;
    const seen = places.flatMap(([seed, stream, first]) => Array.from(normals(seed, stream, first, 64)));
    assert.equal(new Set(seen).size, seen.length);
  });

  it('is standard normal: four moments, and as many in each tenth', () => {
    const count = 200_000;
    const values = normals(1, 0, 0, count);
    const moment = (k: number) => values.reduce((sum, z) => sum + z ** k, 0) / count;
    // Var Z^k = E Z^2k − (E Z^k)²: 1, 2, 15, 96.
    for (const [k, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const) {
      assertNear(moment(k), expected, 4 * Math.sqrt(variance / count), `moment ${k}`);
    }
    const deciles = [-1.2815516, -0.8416212, -0.5244005, -0.2533471, 0, 0.2533471, 0.5244005, 0.8416212, 1.2815516];
    const bins = new Float64Array(10);
    for (const z of values) {
      const bin = deciles.filter((decile) => z > decile).length;
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    const chi2 = bins.reduce((sum, observed) => sum + (observed - count / 10) ** 2 / (count / 10), 0);
    // 99.9 % of the chi-squared distribution of 9 degrees of freedom.
    assertBelow(chi2, 27.88, 'chi²');
  });

  it('is not correlated with its neighbours, other seeds and other streams', () => {
    const count = 100_000;
    const values = normals(1, 0, 0, count);
    const others = { neighbours: [1, 0, 1], blocks: [1, 0, 2], seeds: [2, 0, 0], streams: [1, 1, 0] } as const;
    for (const [name, [seed, stream, first]] of Object.entries(others)) {
      const other = normals(seed, stream, first, count);
      const correlation = values.reduce((sum, z, i) => sum + z * (other[i] ?? 0), 0) / count;
      assertNear(correlation, 0, 4 / Math.sqrt(count), name);
    }
  });
});

describe('blackScholes', () => {
  it('gives the example of Hull, Options, Futures and Other Derivatives', () => {
    const terms = { spot: 42, strike: 40, rate: 0.1, volatility: 0.2, years: 0.5 };
    assertNear(blackScholes(european(terms)), 4.76, 0.005);
    assertNear(blackScholes(european({ ...terms, kind: 'put' })), 0.81, 0.005);
  });

  it('is the discounted expectation of the payoff', () => {
    for (const terms of [{}, { strike: 130 }, { dividendYield: 0.03, volatility: 0.5, years: 2 }, { rate: -0.01 }]) {
      const option = european(terms);
      const { spot, strike, rate, volatility, years, dividendYield = 0 } = option;
      const deviation = volatility * Math.sqrt(years);
      const mean = Math.log(spot) + (rate - dividendYield) * years - (deviation * deviation) / 2;
      // From the kink on, so that the integrand is smooth: Simpson's rule over the standard normal.
      const kink = (Math.log(strike) - mean) / deviation;
      const steps = 4000;
      const step = (12 - kink) / steps;
      let sum = 0;
      for (let i = 0; i <= steps; i++) {
        const z = kink + i * step;
        const weight = i === 0 || i === steps ? 1 : i % 2 === 0 ? 2 : 4;
        sum += weight * (Math.exp(mean + deviation * z) - strike) * Math.exp((-z * z) / 2);
      }
      const expected = (Math.exp(-rate * years) * sum * step) / 3 / Math.sqrt(2 * Math.PI);
      assertNear(blackScholes(option), expected, 1e-9);
    }
  });

  it('obeys put-call parity and its bounds', () => {
    const double = (min: number, max: number) => fc.double({ min, max, noNaN: true });
    const terms = fc.record({
      spot: double(0.01, 1e4),
      strike: double(0.01, 1e4),
      rate: double(-0.1, 0.2),
      dividendYield: double(0, 0.1),
      volatility: double(0, 3),
      years: double(0, 30),
    });
    fc.assert(
      fc.property(terms, (market) => {
        const call = blackScholes(european(market));
        const put = blackScholes(european({ ...market, kind: 'put' }));
        const stock = market.spot * Math.exp(-market.dividendYield * market.years);
        const bond = market.strike * Math.exp(-market.rate * market.years);
        const rounding = 1e-13 * (stock + bond);
        assertNear(call - put, stock - bond, rounding);
        assertBelow(0, Math.min(call, put));
        assertBelow(call, stock + rounding);
        assertBelow(put, bond + rounding);
      }),
    );
  });

  it('is the discounted payoff of the forward without volatility or time', () => {
    assertNear(blackScholes(european({ volatility: 0, strike: 90 })), 100 - 90 * Math.exp(-0.05), 1e-12);
    assert.equal(blackScholes(european({ volatility: 0, strike: 110, rate: 0 })), 0);
    assert.equal(blackScholes(european({ years: 0, strike: 90 })), 10);
    assert.equal(blackScholes(european({ years: 0 })), 0);
  });
});

describe('European options', () => {
  it('come within 4 standard errors of the closed form', () => {
    for (const kind of ['call', 'put'] as const) {
      for (const deviations of [-2, -1, 0, 1, 2]) {
        for (const volatility of [0.05, 0.2, 0.4, 0.8]) {
          for (const years of [0.1, 2]) {
            const strike = 100 * Math.exp(deviations * volatility * Math.sqrt(years));
            const option = european({ kind, strike, volatility, years, dividendYield: 0.02 });
            assertCovers(priceOf(option, 4000), blackScholes(option), JSON.stringify(option));
          }
        }
      }
    }
  });

  it('have intervals that cover the truth in about 95 % of the seeds', () => {
    const seeds = 400;
    for (const option of [european(), european({ kind: 'put', strike: 90 })]) {
      const truth = blackScholes(option);
      let covered = 0;
      for (let seed = 0; seed < seeds; seed++) {
        const { low, high } = priceOf(option, 500, seed);
        if (low <= truth && truth <= high) covered++;
      }
      // Binomial: 380 ± 4.36; four deviations.
      assertNear(covered, 0.95 * seeds, 4 * Math.sqrt(seeds * 0.95 * 0.05));
    }
  });

  it('have a standard error that falls with the root of the pairs', () => {
    const errors = [1000, 4000, 16_000, 64_000].map((pairs) => priceOf(european(), pairs).standardError);
    for (let i = 1; i < errors.length; i++) assertNear((errors[i - 1] ?? 0) / (errors[i] ?? 0), 2, 0.15);
  });

  it('obey put-call parity', () => {
    for (const volatility of [0.1, 0.4]) {
      const call = priceOf(european({ volatility, strike: 95 }), 20_000);
      const put = priceOf(european({ volatility, strike: 95, kind: 'put' }), 20_000);
      // The same random numbers: what is left is the error of the forward.
      assertNear(call.price - put.price, 100 - 95 * Math.exp(-0.05), 4 * (call.standardError + put.standardError));
    }
  });

  it('are exact without volatility', () => {
    const { price, standardError } = priceOf(european({ volatility: 0, strike: 90 }), 100);
    assertNear(price, 100 - 90 * Math.exp(-0.05), 1e-12);
    assertNear(standardError, 0, 1e-12);
  });

  it('have errors that go together in one stream', () => {
    const truth = (blackScholes(european({ spot: 101 })) - blackScholes(european({ spot: 99 }))) / 2;
    /** Root of the mean squared error of a delta from two prices, the second one of another stream or not. */
    const errorOf = (stream: number) => {
      let squares = 0;
      for (let seed = 0; seed < 20; seed++) {
        const up = combine([simulate({ option: european({ spot: 101 }), from: 0, to: 1000 }, seed)]);
        const down = combine([simulate({ option: european({ spot: 99 }), from: 0, to: 1000, stream }, seed)]);
        squares += ((up.price - down.price) / 2 - truth) ** 2;
      }
      return Math.sqrt(squares / 20);
    };
    assertBelow(errorOf(0), errorOf(1) / 10);
  });
});

describe('Asian options', () => {
  it('of one fixing are European, and the control leaves no error', () => {
    for (const kind of ['call', 'put'] as const) {
      const { price, standardError } = priceOf(asian({ kind, fixings: 1 }), 100);
      assertNear(price, blackScholes(european({ kind })), 1e-9);
      assertNear(standardError, 0, 1e-12);
    }
  });

  it('of two and three fixings come within 4 standard errors of the integral', () => {
    for (const fixings of [2, 3]) {
      for (const strike of [80, 100, 125]) {
        for (const volatility of [0.15, 0.5]) {
          const option = asian({ fixings, strike, volatility });
          assertCovers(priceOf(option, 8000), asianByQuadrature(option), JSON.stringify(option));
        }
      }
    }
  });

  it('of many fixings agree with a convolution of densities', () => {
    // The market of G. Fusai and A. Meucci (2008), where the mean includes the price of today:
    // (S₀ + n·A) / (n + 1) − K = n / (n + 1) · (A − ((n + 1)·K − S₀) / n). All digits are exact.
    const market = { spot: 100, rate: 0.0367, volatility: 0.17801, years: 1 };
    for (const [fixings, strike, truth] of [
      [12, 90, 11.90491575],
      [12, 100, 4.88196162],
      [12, 110, 1.36303795],
      [50, 90, 11.9329382],
      [50, 100, 4.93720281],
      [50, 110, 1.40251551],
    ] as const) {
      const option = asian({ ...market, fixings, strike: ((fixings + 1) * strike - 100) / fixings });
      const estimate = priceOf(option, fixings === 12 ? 40_000 : 10_000);
      assertBelow(estimate.standardError, 0.003);
      assertCovers(estimate, (truth * (fixings + 1)) / fixings, `${fixings} fixings, strike ${strike}`);
    }
  });

  it('obey put-call parity, with the mean of the forwards', () => {
    const terms = { fixings: 4, strike: 105, dividendYield: 0.01 };
    const call = priceOf(asian(terms), 20_000);
    const put = priceOf(asian({ ...terms, kind: 'put' }), 20_000);
    const mean = [0.25, 0.5, 0.75, 1].reduce((sum, time) => sum + 25 * Math.exp(0.04 * time), 0);
    const parity = Math.exp(-0.05) * (mean - 105);
    assertNear(call.price - put.price, parity, 4 * (call.standardError + put.standardError));
  });

  it('need far fewer pairs than without the control', () => {
    // A simulation that shares nothing with the node: other generator, one path at a time, no control.
    const random = seededRandom(5);
    const payoffs = Array.from({ length: 20_000 }, () => {
      let [spot, sum] = [100, 0];
      for (let i = 0; i < 12; i++) {
        const z = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
        spot *= Math.exp(0.03 / 12 + (0.2 / Math.sqrt(12)) * z);
        sum += spot;
      }
      return Math.exp(-0.05) * Math.max(sum / 12 - 100, 0);
    });
    const mean = payoffs.reduce((sum, x) => sum + x, 0) / payoffs.length;
    const variance = payoffs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (payoffs.length - 1);
    const plainError = Math.sqrt(variance / payoffs.length);
    const { price, standardError } = priceOf(asian(), 10_000);
    assertNear(price, mean, 4 * Math.hypot(plainError, standardError));
    // Two paths per pair: as many paths for both.
    assertBelow(standardError, plainError / 15);
  });
});

describe('geometricAsian', () => {
  it('of one fixing is European', () => {
    for (const kind of ['call', 'put'] as const) {
      assertNear(geometricAsian(asian({ kind, fixings: 1 })), blackScholes(european({ kind })), 1e-12);
    }
  });

  it('goes to the continuous mean of Kemna and Vorst', () => {
    // Their formula: volatility σ / √3, and a forward that grows by (r − σ² / 6) / 2.
    const continuous = european({ volatility: 0.2 / Math.sqrt(3), dividendYield: 0.05 - (0.05 - 0.04 / 6) / 2 });
    assertNear(geometricAsian(asian({ fixings: 65_536 })), blackScholes(continuous), 1e-4);
    const gap = (fixings: number) => geometricAsian(asian({ fixings })) - blackScholes(continuous);
    assertNear(gap(100) / gap(200), 2, 0.02);
  });

  it('is below the arithmetic call', () => {
    for (const strike of [80, 100, 120]) {
      const option = asian({ strike });
      const { price, standardError } = priceOf(option, 4000);
      assertBelow(geometricAsian(option), price + 4 * standardError);
    }
  });
});

describe('slices', () => {
  for (const option of [european(), asian({ fixings: 7 })]) {
    it(`of the same pairs give the same price, however they are cut (${option.style})`, () => {
      const pairs = 6400;
      const whole = priceOf(option, pairs);
      for (const slices of [1, 4, 64, 100]) {
        const cut = combine(pathSlices(option, pairs, pairs / slices).map((slice) => simulate(slice)));
        assertNear(cut.price, whole.price, 1e-12 * whole.price);
        assertNear(cut.standardError, whole.standardError, 1e-10 * whole.standardError);
        assert.equal(cut.pairs, pairs);
      }
    });
  }

  it('cover every pair once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 600 }), (pairs, size) => {
        const slices = pathSlices(european(), pairs, size, 3);
        let next = 0;
        for (const { from, to, stream } of slices) {
          assert.equal(from, next);
          assertBelow(from + 1, to);
          assertBelow(to - from, size);
          assert.equal(stream, 3);
          next = to;
        }
        assert.equal(next, pairs);
      }),
    );
  });

  it('are merged to the moments of all values', () => {
    const value = fc.double({ min: -1e3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.array(value, { minLength: 1 }), { minLength: 1 }), (groups) => {
        const momentsOf = (values: readonly number[]) => {
          const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
          return { count: values.length, mean, m2: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) };
        };
        const all = momentsOf(groups.flat());
        if (all.count < 2) return;
        const { price, standardError, low, high, pairs } = combine(groups.map(momentsOf));
        assert.equal(pairs, all.count);
        assertNear(price, all.mean, 1e-9);
        assertNear(standardError ** 2 * all.count * (all.count - 1), all.m2, 1e-9 * (all.m2 + 1));
        assertNear(high - low, 2 * 1.959964 * standardError, 1e-6 * standardError);
      }),
    );
  });
});

describe('the exec monteCarlo', () => {
  const options = [european(), asian(), european({ kind: 'put', strike: 90 })];
  const items: PathSlice[] = options.flatMap((option, i) => pathSlices(option, 1000, 300, i));

  it('gives what the kernel gives, in any order', async () => {
    const forth = await runItems(monteCarlo, items);
    assert.deepEqual(
      forth,
      items.map((item) => simulate(item)),
    );
    assert.deepEqual((await runItems(monteCarlo, items.toReversed())).toReversed(), forth);
  });

  it('depends on the seed alone', async () => {
    const seeded = monteCarlo.with({ seed: 2 });
    const first = await runItems(seeded, items);
    assert.deepEqual(await runItems(seeded, items), first);
    assert.notDeepEqual(await runItems(monteCarlo, items), first);
  });

  it('refuses what cannot be, with the value and a remedy', async () => {
    const slice: PathSlice = { option: european(), from: 0, to: 10 };
    const bad: [Partial<Record<keyof OptionTerms | 'fixings' | 'from' | 'to' | 'stream', unknown>>, RegExp][] = [
      [{ volatility: -0.2 }, /^volatility must be a finite number from 0 to 10: 0\.2 is 20 % a year; got -0\.2$/],
      [{ volatility: 20 }, /^volatility .*: 0\.2 is 20 % a year; got 20$/],
      [{ volatility: Number.NaN }, /^volatility .* got NaN$/],
      [{ spot: 0 }, /^spot must be a finite number above 0, .* got 0$/],
      [{ strike: Infinity }, /^strike must be a finite number above 0, .* got Infinity$/],
      [{ strike: '100' }, /^strike .* got 100$/],
      [{ rate: undefined }, /^rate must be a finite number: 0\.05 is 5 % a year; got undefined$/],
      [{ years: -1 }, /^years must be a finite number, 0 or more: .* got -1$/],
      [{ dividendYield: Number.NaN }, /^dividendYield must be a finite number: leave it out for none; got NaN$/],
      [{ kind: 'straddle' }, /^kind must be 'call' or 'put'; got straddle$/],
      [{ style: 'american' }, /^style must be 'european' or 'asian'; got american$/],
      [{ style: 'asian' }, /^fixings must be an integer from 1 to 65536 .* got undefined$/],
      [{ style: 'asian', fixings: 2.5 }, /^fixings .* got 2\.5$/],
      [{ from: -1 }, /^from must be an integer from 0 .* got -1$/],
      [{ to: 0 }, /^to must be an integer from 1 .*\(a slice has at least one pair\); got 0$/],
      [{ to: 10.5 }, /^to .* got 10\.5$/],
      [{ stream: 2 ** 32 }, /^stream must be an integer from 0 to 4294967295 .* got 4294967296$/],
      [{ rate: 800 }, /^the payoffs exceed what a double holds \(spot 100, rate 800,/],
    ];
    for (const [wrong, message] of bad) {
      const { from = 0, to = 10, stream = 0, ...terms } = wrong;
      const item = { option: { ...slice.option, ...terms }, from, to, stream } as PathSlice;
      await assert.rejects(runItem(monteCarlo, item), (error) => {
        assert.ok(error instanceof NonRetryableError, String(error));
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(runItem(monteCarlo.with({ seed: -1 }), slice), /^NonRetryableError: seed .* got -1$/);
    await assert.rejects(runItem(monteCarlo.with({ seed: 2 ** 53 }), slice), /seed must be an integer from 0/);
    assert.throws(() => blackScholes(european({ volatility: -1 })), NonRetryableError);
    assert.throws(() => geometricAsian(asian({ fixings: 0 })), /fixings .* got 0$/);
    assert.throws(() => pathSlices(european(), 0), /^NonRetryableError: pairs must be an integer from 1 .* got 0$/);
    assert.throws(() => pathSlices(european(), 10, 0.5), /size .* got 0\.5$/);
    assert.throws(() => combine([]), /at least 2 pairs of paths, got 0: simulate more$/);
    assert.throws(() => combine([simulate({ ...slice, to: 1 })]), NonRetryableError);
  });
});
