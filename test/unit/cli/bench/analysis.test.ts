import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeFit, isFit, recommend, type Advice } from '../../../../src/cli/bench/advice.ts';
import { analyse, noisyRounds } from '../../../../src/cli/bench/analysis.ts';
import { cautionsOf } from '../../../../src/cli/bench/cautions.ts';
import { speedUpBy } from '../../../../src/cli/bench/fit.ts';
import type { Sample } from '../../../../src/cli/bench/measure.ts';
import type { OwnLoopResult } from '../../../../src/cli/bench/own-loop.ts';
import { sampleOf, samplesOf, withOther } from '../../../support/bench-samples.ts';

const adviceOf = (samples: readonly Sample[], usableCores: number): Advice => {
  const analysis = analyse(samples, usableCores);
  return recommend(analysis.rows, analysis, usableCores);
};

/** Rounds by a law, all equal. */
const byLaw = (sigma: number, kappa: number, counts: readonly number[]): Sample[] =>
  samplesOf(
    Object.fromEntries(
      counts.map((threads) => [threads, Array.from({ length: 5 }, () => 1_000 / speedUpBy({ sigma, kappa }, threads))]),
    ),
  );

/** Speed-ups, and what a loop that spins gained beside them. */
const withMachine = (gains: Readonly<Record<number, readonly [speedUp: number, machine: number]>>): Sample[] =>
  Object.entries(gains).flatMap(([threads, [speedUp, machine]]) =>
    samplesOf(
      { [threads]: Array.from({ length: 5 }, () => 1_000 / speedUp) },
      { control: { oneMs: 200, allMs: (200 * Number(threads)) / machine } },
    ),
  );

describe('the figures of a thread count', () => {
  it('are ratios round by round, not ratios of medians', () => {
    // The machine became twice as slow after the first round: each round says 2, the medians say 1.
    const { rows } = analyse(samplesOf({ 1: [1_000, 2_000, 2_000], 2: [500, 1_000, 1_000] }), 4);
    assert.deepEqual(
      rows.map(({ threads, speedUp, efficiency }) => [threads, speedUp, efficiency]),
      [
        [1, { value: 1, low: 1, high: 1 }, 1],
        [2, { value: 2, low: 2, high: 2 }, 1],
      ],
    );
    const drifting = analyse(samplesOf({ 1: [1_000, 3_000, 9_000], 2: [500, 1_500, 4_500] }), 4);
    assert.deepEqual(drifting.rows[1]?.speedUp, { value: 2, low: 2, high: 2 });
  });

  it('say what the machine gave, and how much of it was used', () => {
    const samples = [
      sampleOf({ threads: 1, wallMs: 1_000 }),
      // Two threads do twice the loops in 1.25 times the time.
      sampleOf({ threads: 2, wallMs: 800, control: { oneMs: 200, allMs: 250 } }),
    ];
    const { rows } = analyse(samples, 2);
    assert.equal(rows[0]?.machine.value, 1);
    assert.equal(rows[1]?.machine.value, 1.6);
    assert.equal(rows[1]?.speedUp.value, 1.25);
    assert.equal(rows[1]?.ofIt.value, 1.25 / 1.6);
  });

  it('are beside what its own work gained in a bare loop, where that was measured', () => {
    const samples = [
      sampleOf({ threads: 1, wallMs: 1_000, control: { oneMs: 200, allMs: 200, ownMs: 900 } }),
      sampleOf({ threads: 2, wallMs: 640, control: { oneMs: 200, allMs: 200, ownMs: 600 } }),
    ];
    const { rows } = analyse(samples, 2);
    assert.equal(rows[0]?.bareLoop?.value, 1);
    assert.equal(rows[1]?.machine.value, 2);
    assert.equal(rows[1]?.bareLoop?.value, 1.5);
    assert.equal(rows[1]?.ofIt.value, 1_000 / 640 / 1.5);
    // One loop that is missing, and none counts.
    const [first, second] = samples as [Sample, Sample];
    const partly = analyse([first, sampleOf({ ...second, control: { oneMs: 200, allMs: 200 } })], 2);
    assert.equal(partly.rows[1]?.bareLoop, undefined);
    assert.equal(partly.rows[1]?.ofIt.value, 1_000 / 640 / 2);
  });

  it('split the time from ready to result, and that of the threads', () => {
    const [row] = analyse([sampleOf({ threads: 1, wallMs: 1_000 })], 2).rows;
    assert.equal(row?.queueShare, 80 / 1_000);
    assert.equal(row?.overheadShare, 20 / 1_000);
    assert.equal(row?.busyShare, 0.9);
    const none = sampleOf({ threads: 1, wallMs: 1_000, execMs: 0, queueMs: 0, cloneMs: 0, returnMs: 0, busyMs: 0 });
    assert.equal(analyse([none], 2).rows[0]?.queueShare, 0);
  });

  it('are against the smallest count where 1 is missing', () => {
    const analysis = analyse(samplesOf({ 2: [1_000, 1_000], 4: [500, 500] }), 8);
    assert.equal(analysis.rows[1]?.speedUp.value, 2);
    assert.equal(analysis.rows[1]?.efficiency, 1);
    assert.match(describeFit(analysis.amdahl), /1 thread, which was not measured/);
    assert.match(describeFit(analysis.usl), /1 thread, which was not measured/);
  });

  it('tell when runs did not do equally much', () => {
    assert.equal(analyse(samplesOf({ 1: [1, 1] }), 2).executions, undefined);
    const other = [sampleOf({ threads: 1, wallMs: 1 }), sampleOf({ threads: 2, wallMs: 1, executions: 119 })];
    assert.deepEqual(analyse(other, 2).executions, { least: 119, most: 120 });
  });
});

describe('noise', () => {
  it('is a control that is off its like, whether on one thread or on all', () => {
    const quiet = samplesOf({ 1: [1, 1, 1], 2: [1, 1, 1] });
    assert.deepEqual(noisyRounds(quiet), []);
    const slow = withOther(quiet, (sample) => sample.round === 2 && sample.threads === 2, {
      control: { oneMs: 200, allMs: 225 },
    });
    assert.deepEqual(noisyRounds(slow), [2]);
    const fast = withOther(quiet, (sample) => sample.round === 3, { control: { oneMs: 170, allMs: 200 } });
    assert.deepEqual(noisyRounds(fast), [3]);
    // More threads than cores always take longer: that is no noise.
    const crowded = withOther(quiet, (sample) => sample.threads === 2, { control: { oneMs: 200, allMs: 400 } });
    assert.deepEqual(noisyRounds(crowded), []);
  });
});

describe('the fits', () => {
  it('find the law behind the measurements', () => {
    const { amdahl, usl } = analyse(byLaw(0.05, 0.003, [1, 2, 4, 8]), 8);
    assert.ok(isFit(usl) && isFit(amdahl), 'both are fitted');
    assert.ok(Math.abs(usl.law.sigma - 0.05) < 1e-6 && Math.abs(usl.law.kappa - 0.003) < 1e-6, JSON.stringify(usl));
    assert.match(describeFit(usl), /serial share 5\.0% \(5\.0%–5\.0%\), per pair of threads 0\.30%/);
    // Amdahl's has to put into the serial share what pairs cost.
    assert.ok(amdahl.law.sigma > 0.055, JSON.stringify(amdahl.law));
  });

  it('leave out what is beyond the cores, and say what is missing', () => {
    const samples = [...byLaw(0.1, 0, [1, 2]), ...samplesOf({ 4: [550, 550, 550, 550, 550] })];
    const { amdahl, usl } = analyse(samples, 2);
    assert.ok(isFit(amdahl) && Math.abs(amdahl.law.sigma - 0.1) < 1e-9, JSON.stringify(amdahl));
    assert.equal(
      describeFit(usl),
      'not fitted: it takes 3 thread counts, since it has two unknowns; there are 1, 2 (those beyond the 2 usable cores say nothing of it)',
    );
    assert.match(
      describeFit(analyse(samplesOf({ 1: [1] }), 2).amdahl),
      /it takes a count above 1 thread; there are 1$/,
    );
  });
});

describe('the recommendation', () => {
  it('is the count up to which further threads are worth having', () => {
    const advice = adviceOf(byLaw(0.2, 0.02, [1, 2, 4, 8]), 8);
    assert.equal(advice.threads, 4);
    assert.match(advice.because, /beyond 4, a further thread did less than 25%/);
    assert.match(advice.beyond ?? '', /Universal Scalability Law the speed-up is highest at 6 threads, with 2\.\d\d$/);
  });

  it('asks each further thread, not all of them together', () => {
    // From 8 to 16 the speed-up grows by 1.5, from 5 to 6.5: that is 0.19 for each thread.
    const samples = samplesOf({ 1: [6_500, 6_500], 8: [1_300, 1_300], 16: [1_000, 1_000] });
    assert.equal(adviceOf(samples, 16).threads, 8);
  });

  it('does not stop at a dent', () => {
    const samples = samplesOf({ 1: [1_000, 1_000], 2: [990, 990], 4: [260, 260] });
    assert.equal(adviceOf(samples, 4).threads, 4);
  });

  it('says when it has measured too little, and what is an extrapolation', () => {
    const advice = adviceOf(byLaw(0.05, 0, [1, 2]), 16);
    assert.equal(advice.threads, 2);
    assert.match(advice.because, /the most that were measured; this machine has 16 usable cores/);
    assert.match(
      advice.beyond ?? '',
      /Amdahl's law 4 threads would give 3\.48, and no more than 20\.0 .*: an extrapolation/,
    );
    const falling = adviceOf(byLaw(0.05, 0.001, [1, 2, 4]), 16);
    assert.match(falling.beyond ?? '', /highest at 31 threads, .*: an extrapolation/);
  });

  it('names what the intervals leave open', () => {
    const samples = samplesOf({ 1: [1_000, 1_000, 1_000, 1_000], 2: [600, 1_400, 650, 1_300] });
    const advice = adviceOf(samples, 2);
    assert.equal(advice.threads, 1);
    assert.deepEqual(advice.orRather, [2]);
    assert.deepEqual(adviceOf(byLaw(0.05, 0, [1, 2]), 2).orRather, []);
  });

  it('does not blame the pipeline for a busy machine', () => {
    const busy = [
      ...byLaw(0.05, 0, [1]),
      ...samplesOf({ 2: [900, 900, 900, 900, 900] }, { control: { oneMs: 200, allMs: 380 } }),
    ];
    const advice = adviceOf(busy, 2);
    assert.equal(advice.threads, undefined);
    assert.equal(
      advice.because,
      'the machine gave too little to tell: a loop that spins gained 1.05 from 2 threads and 1.00 from 1; measure again when nothing else runs, and if that is all it gives, use 1 thread',
    );
    assert.deepEqual([advice.orRather, advice.beyond], [[], undefined]);
    // Half of what there is to gain on a machine that gives a half: it may be worth it on a whole one.
    assert.equal(adviceOf(withMachine({ 1: [1, 1], 2: [1.2, 1.4] }), 2).threads, undefined);
  });

  it('does not blame the machine for what the pipeline leaves of it', () => {
    // All cores together are slower than one alone; the pipeline gains next to nothing from what they give.
    const turbo = adviceOf(withMachine({ 1: [1, 1], 2: [1.5, 1.97], 4: [1.6, 3.8], 8: [1.6, 5.5] }), 8);
    assert.equal(turbo.threads, 2);
    assert.match(turbo.because, /^beyond 2, a further thread did less than 25%/);
    assert.equal(adviceOf(withMachine({ 1: [1, 1], 2: [1, 1.9], 4: [1, 3.5], 8: [1, 6.5] }), 8).threads, 1);
    assert.equal(adviceOf(withMachine({ 1: [1, 1], 2: [1.97, 1.97], 4: [3.8, 3.8], 8: [5.5, 5.5] }), 8).threads, 8);
    // Two threads for each core.
    const { threads, because } = adviceOf(withMachine({ 1: [1, 1], 4: [4, 4], 8: [4.7, 4.7] }), 8);
    assert.equal(threads, undefined);
    assert.match(because, /gained 4\.70 from 8 threads and 4\.00 from 4; .* if that is all it gives, use 4 threads$/);
  });

  it('of one core is one, of one count is none', () => {
    const only = adviceOf(samplesOf({ 1: [1] }), 1);
    assert.equal(only.threads, 1);
    assert.match(only.because, /may use one core only/);
    assert.equal(only.beyond, undefined);
    for (const [threads, cores, because] of [
      [2, 2, 'only 2 threads were measured, and there is nothing to compare with'],
      [1, 8, 'only 1 thread was measured, and there is nothing to compare with'],
      [4, 1, 'only 4 threads were measured, and there is nothing to compare with'],
    ] as const) {
      const advice = adviceOf(samplesOf({ [threads]: [9, 9] }), cores);
      assert.deepEqual([advice.threads, advice.because], [undefined, because]);
    }
  });

  it('beyond the cores is for what waits', () => {
    const waits = adviceOf(withMachine({ 1: [1, 1], 2: [1.98, 1.9], 4: [3.95, 1.9], 8: [7.7, 2] }), 2);
    assert.equal(waits.threads, 8);
    assert.match(
      waits.because,
      /^the most that were measured; more threads than the 2 usable cores gain, so what they/,
    );
    assert.equal(waits.beyond, undefined, 'a law of cores');
    const some = adviceOf(withMachine({ 1: [1, 1], 2: [2, 2], 4: [4, 2], 8: [4.1, 2] }), 2);
    assert.equal(some.threads, 4);
    assert.match(some.because, /^beyond 4, a further thread did .*; more threads than the 2 usable cores gain/);
    // Four cores give that much.
    const computes = adviceOf(withMachine({ 1: [1, 1], 8: [3.9, 3.8] }), 4);
    assert.equal(computes.threads, 8);
    assert.equal(computes.because, 'the most that were measured; this machine has only 4 usable cores');
    // More than four cores should give; a loop that spins says that there are more.
    assert.match(adviceOf(withMachine({ 1: [1, 1], 8: [7.8, 7.9] }), 4).because, /has only 4 usable cores$/);
    const from8 = adviceOf(samplesOf({ 8: [1_000], 16: [990] }), 4);
    assert.match(from8.because, /^beyond 8, .*; this machine has only 4 usable cores$/);
  });

  it('is none where nothing runs on threads', () => {
    const empty = samplesOf({ 1: [3, 2, 3], 2: [1, 1, 1] }, { busyMs: 0, executions: 0 });
    const advice = adviceOf(empty, 2);
    assert.equal(advice.threads, undefined);
    assert.equal(advice.because, 'nothing was executed on threads, so their number makes no difference');
    assert.deepEqual([advice.orRather, advice.beyond], [[], undefined]);
  });
});

describe('the cautions', () => {
  const cautions = (
    samples: readonly Sample[],
    usableCores: number,
    ownLoop: OwnLoopResult = { why: 'no exec of it runs on threads' },
  ): string => {
    const analysis = analyse(samples, usableCores);
    const counts = analysis.rows.map(({ threads }) => threads);
    const repeat = new Set(samples.map(({ round }) => round)).size;
    return cautionsOf({
      analysis,
      advice: recommend(analysis.rows, analysis, usableCores),
      counts,
      repeat,
      usableCores,
      ownLoop,
    }).join('\n');
  };

  it('are none for a quiet machine, enough rounds and ordinary figures', () => {
    assert.equal(cautions(byLaw(0.05, 0, [1, 2]), 2), '');
  });

  it('tell of each thing once', () => {
    assert.match(
      cautions([...byLaw(0.05, 0, [1, 2]), ...samplesOf({ 4: [520, 520, 520, 520, 520] })], 2),
      /^4 threads are more than the 2 usable cores: there they take turns$/,
    );
    const waits = withMachine({ 1: [1, 1], 2: [1.98, 2], 4: [3.95, 2] });
    assert.equal(cautions(waits, 2), '', 'they wait, and take no turns');
    assert.match(cautions(byLaw(0.05, 0, [2, 4]), 4), /^1 thread was not measured: speed-ups are against 2 threads/);
    assert.match(cautions(samplesOf({ 1: [9, 9], 2: [5, 5] }), 2), /^2 rounds: an interval/);
    assert.match(
      cautions(samplesOf({ 1: [9, 9, 9, 9, 9], 2: [3, 3, 3, 3, 3] }), 2),
      /^2 threads are more than 2 times as fast as 1/,
    );
    assert.match(
      cautions(samplesOf({ 3: [9, 9, 9, 9, 9], 7: [3, 3, 3, 3, 3] }), 8),
      /\n7 threads are more than 2\.33 times as fast as 3:/,
    );
    const starved = [
      ...byLaw(0.05, 0, [1]),
      ...samplesOf({ 2: [900, 900, 900, 900, 900] }, { control: { oneMs: 200, allMs: 380 } }),
    ];
    assert.match(cautions(starved, 2), /^the machine gave 2 threads 1\.05 times what it gave 1: what it lacks/);
    const noisy = withOther(byLaw(0.05, 0, [1, 2]), (sample) => sample.round === 4, {
      control: { oneMs: 300, allMs: 300 },
    });
    assert.match(cautions(noisy, 2), /^the machine was busy: in round 4 of 5 a loop that spins was more than 10% off/);
    const unequal = withOther(byLaw(0.05, 0, [1, 2]), (sample) => sample.round === 1, { executions: 1_234 });
    assert.match(cautions(unequal, 2), /^the runs did not do equally much: 120 to 1,234 executions/);
  });

  it('blame what threads share only for a loop whose inputs divide evenly', () => {
    const looped = [
      ...samplesOf({ 1: [9, 9, 9, 9, 9] }, { control: { oneMs: 200, allMs: 200, ownMs: 9 } }),
      ...samplesOf({ 2: [6, 6, 6, 6, 6] }, { control: { oneMs: 200, allMs: 200, ownMs: 6 } }),
    ];
    const over = (inputs: number): OwnLoopResult => ({ exec: 'fit', inputs, of: inputs, share: 1 });
    assert.match(cautions(looped, 2, over(16)), /^in a bare loop, too, its own work gains only 1\.50 from 2 threads/);
    // Of three inputs one thread has two.
    assert.equal(cautions(looped, 2, over(3)), '');
  });
});
