import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Quantiles } from '../../../src/observe/quantiles.ts';
import { RateMeter } from '../../../src/observe/rate.ts';

const quantilesOf = (samples: Iterable<number>): Quantiles => {
  const quantiles = new Quantiles();
  for (const sample of samples) quantiles.add(sample);
  return quantiles;
};

describe('Quantiles', () => {
  it('has none without samples', () => {
    assert.equal(new Quantiles().at(0.5), undefined);
    assert.equal(new Quantiles().count, 0);
  });

  it('is exact for equal samples', () => {
    const quantiles = quantilesOf([7.3, 7.3, 7.3]);
    assert.equal(quantiles.at(0), 7.3);
    assert.equal(quantiles.at(0.95), 7.3);
    assert.equal(quantiles.count, 3);
  });

  it('is off by less than 4.9 % of the nearest-rank sample', () => {
    const sample = fc.double({ min: 0.001, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (samples, share) => {
          const sorted = samples.toSorted((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] as number;
          const found = quantilesOf(samples).at(share) as number;
          assert.ok(Math.abs(found - exact) <= exact * 0.049, `${found} for ${exact}`);
        },
      ),
    );
  });

  it('takes what is outside of its range, and ignores what is no number', () => {
    const quantiles = quantilesOf([0, -1, 1e12, Number.NaN]);
    assert.equal(quantiles.count, 3);
    assert.ok((quantiles.at(1) as number) > 0.95e9);
    assert.ok((quantiles.at(0) as number) <= 0.0011);
  });
});

describe('RateMeter', () => {
  it('is zero before the first', () => assert.equal(new RateMeter().perSecond(1e6), 0));

  it('counts the last seconds only', () => {
    const meter = new RateMeter();
    for (let at = 1000; at < 3000; at += 10) meter.add(at);
    assert.ok(Math.abs(meter.perSecond(3000) - 100) < 2, String(meter.perSecond(3000)));
    for (let at = 3000; at < 10_000; at += 100) meter.add(at);
    assert.ok(Math.abs(meter.perSecond(10_000) - 10) < 0.5, String(meter.perSecond(10_000)));
    assert.equal(meter.perSecond(60_000), 0);
  });

  it('does not boast at the start', () => {
    const meter = new RateMeter();
    meter.add(1000);
    assert.equal(meter.perSecond(1000), 4);
  });
});
