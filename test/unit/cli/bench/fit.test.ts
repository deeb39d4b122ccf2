import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fitAmdahl, fitUsl, misfit, peakOf, speedUpBy, type Law, type Point } from '../../../../src/cli/bench/fit.ts';
import { seeded } from '../../../../src/cli/bench/stats.ts';

const share = fc.double({ min: 0, max: 0.9, noNaN: true });
const pairCost = fc.double({ min: 0, max: 0.05, noNaN: true });
const many = fc.uniqueArray(fc.integer({ min: 2, max: 64 }), { minLength: 2, maxLength: 8 });

const pointsOf = (law: Law, counts: readonly number[]): Point[] =>
  [1, ...counts].map((threads) => ({ threads, speedUp: speedUpBy(law, threads) }));
const near = (actual: number, expected: number, within: number): void =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected} ± ${within}`);

describe('the laws', () => {
  it('say what they are known to say', () => {
    assert.equal(speedUpBy({ sigma: 0, kappa: 0 }, 8), 8);
    near(speedUpBy({ sigma: 0.05, kappa: 0 }, 16), 9.142857, 1e-6);
    assert.equal(speedUpBy({ sigma: 1, kappa: 0 }, 8), 1);
    // Gunther's highest point: √((1 − σ) / κ).
    assert.deepEqual(peakOf({ sigma: 0.1, kappa: 0.009 }).threads, 10);
    assert.deepEqual(peakOf({ sigma: 0.25, kappa: 0 }), { threads: Infinity, speedUp: 4 });
    assert.equal(peakOf({ sigma: 1, kappa: 0.5 }).threads, 1);
  });

  it('have no higher point than the one that is given', () => {
    fc.assert(
      fc.property(share, fc.double({ min: 0.0005, max: 0.05, noNaN: true }), (sigma, kappa) => {
        const { threads, speedUp } = peakOf({ sigma, kappa });
        for (const other of [threads - 1, threads + 1]) {
          if (other >= 1) assert.ok(speedUpBy({ sigma, kappa }, other) <= speedUp + 1e-12, `${other} beats ${threads}`);
        }
      }),
    );
  });
});

/** Squared distance of the speed-ups. */
const loss = (points: readonly Point[], law: Law): number =>
  points.reduce((sum, { threads, speedUp }) => sum + (speedUp - speedUpBy(law, threads)) ** 2, 0);

describe('the fits', () => {
  it('are the least squares of speed-ups that fall again, too', () => {
    const points = [1, 1.9, 3, 2, 1].map((speedUp, index) => ({ threads: 2 ** index, speedUp }));
    const amdahl = fitAmdahl(points) as Law;
    const usl = fitUsl(points) as Law;
    const steps = Array.from({ length: 1_001 }, (_, index) => index / 1_000);
    const least = Math.min(...steps.map((sigma) => loss(points, { sigma, kappa: 0 })));
    near(loss(points, amdahl), least, 1e-4);
    near(amdahl.sigma, 0.469, 1e-3);
    const leastOfBoth = Math.min(
      ...steps.flatMap((kappa) => [0, 0.01, 0.02, 0.05, 0.1].map((sigma) => loss(points, { sigma, kappa: kappa / 5 }))),
    );
    near(loss(points, usl), leastOfBoth, 1e-4);
  });

  it('find a planted serial share', () => {
    fc.assert(
      fc.property(share, many, (sigma, counts) => {
        near(fitAmdahl(pointsOf({ sigma, kappa: 0 }, counts))?.sigma ?? Number.NaN, sigma, 1e-9);
      }),
    );
  });

  it('find both numbers of the Universal Scalability Law', () => {
    fc.assert(
      fc.property(share, pairCost, many, (sigma, kappa, counts) => {
        const found = fitUsl(pointsOf({ sigma, kappa }, counts));
        near(found?.sigma ?? Number.NaN, sigma, 1e-6);
        near(found?.kappa ?? Number.NaN, kappa, 1e-6);
      }),
    );
  });

  it('find them under noise, about', () => {
    const random = seeded(4);
    const law = { sigma: 0.06, kappa: 0.002 };
    const noisy = pointsOf(law, [2, 4, 8, 12, 16, 24, 32]).map(({ threads, speedUp }) => ({
      threads,
      speedUp: threads === 1 ? 1 : speedUp * (1 + (random() - 0.5) * 0.04),
    }));
    const found = fitUsl(noisy) as Law;
    near(found.sigma, law.sigma, 0.015);
    near(found.kappa, law.kappa, 0.0006);
    assert.ok(misfit(noisy, found) < 0.15, String(misfit(noisy, found)));
  });

  it('never leave the laws, and no neighbour fits better', () => {
    const speeds = fc.array(fc.double({ min: 0.2, max: 12, noNaN: true }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(speeds, (some) => {
        const points = [
          { threads: 1, speedUp: 1 },
          ...some.map((speedUp, index) => ({ threads: 2 ** (index + 1), speedUp })),
        ];
        const amdahl = fitAmdahl(points) as Law;
        for (const sigma of [0, 0.25, 0.5, 0.75, 1, amdahl.sigma - 0.01, amdahl.sigma + 0.01]) {
          if (sigma < 0 || sigma > 1) continue;
          const other = loss(points, { sigma, kappa: 0 });
          assert.ok(other >= loss(points, amdahl) * (1 - 1e-6), `${sigma} beats ${amdahl.sigma}`);
        }
        const law = fitUsl(points) as Law;
        assert.ok(law.sigma >= 0 && law.sigma <= 1 && law.kappa >= 0, JSON.stringify(law));
        const least = loss(points, law);
        for (const [ds, dk] of [
          [0.01, 0],
          [-0.01, 0],
          [0, 0.01],
          [0, -0.01],
          [0.01, -0.005],
          [-0.01, 0.005],
        ] as const) {
          const other = { sigma: law.sigma + ds, kappa: law.kappa + dk };
          if (other.sigma < 0 || other.sigma > 1 || other.kappa < 0) continue;
          assert.ok(
            loss(points, other) >= least * (1 - 1e-6) - 1e-9,
            `${JSON.stringify(other)} beats ${JSON.stringify(law)}`,
          );
        }
      }),
    );
  });

  it('take more than ideal for no serial share, and less than nothing for a whole one', () => {
    assert.deepEqual(fitAmdahl([{ threads: 2, speedUp: 2.4 }]), { sigma: 0, kappa: 0 });
    assert.deepEqual(fitAmdahl([{ threads: 2, speedUp: 0.7 }]), { sigma: 1, kappa: 0 });
  });

  it('are not made of too few counts', () => {
    assert.equal(fitAmdahl([{ threads: 1, speedUp: 1 }]), undefined);
    assert.equal(fitUsl(pointsOf({ sigma: 0.1, kappa: 0 }, [2])), undefined);
  });
});
