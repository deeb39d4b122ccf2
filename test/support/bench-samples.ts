/** Made-up measurements for `cano bench`. */
import { recommend } from '../../src/cli/bench/advice.ts';
import { analyse } from '../../src/cli/bench/analysis.ts';
import { compareWith, type BaselineComparison } from '../../src/cli/bench/baseline.ts';
import { cautionsOf } from '../../src/cli/bench/cautions.ts';
import type { BenchDocument, Benchmark } from '../../src/cli/bench/document.ts';
import type { Environment } from '../../src/cli/bench/environment.ts';
import type { Sample } from '../../src/cli/bench/measure.ts';

export function sampleOf(given: Partial<Sample> & Pick<Sample, 'threads' | 'wallMs'>): Sample {
  const { threads, wallMs } = given;
  return {
    round: 1,
    state: 'Done',
    startMs: 300,
    processMs: wallMs + 400,
    cpuMs: 1_050,
    peakRssBytes: 80e6 + threads * 20e6,
    executions: 120,
    busyMs: 0.9 * wallMs * threads,
    execMs: 900,
    queueMs: 80,
    cloneMs: 5,
    returnMs: 15,
    mainMs: 10,
    // A machine that gives all its threads as much as one.
    control: { oneMs: 200, allMs: 200 },
    ...given,
  };
}

/** As many rounds as a list has entries; times by thread count. */
export function samplesOf(wallMs: Readonly<Record<number, readonly number[]>>, more: Partial<Sample> = {}): Sample[] {
  return Object.entries(wallMs).flatMap(([threads, times]) =>
    times.map((time, index) => sampleOf({ round: index + 1, threads: Number(threads), wallMs: time, ...more })),
  );
}

/** The samples, those that are meant with something else in them. */
export function withOther(
  samples: readonly Sample[],
  isMeant: (sample: Sample) => boolean,
  other: Partial<Sample>,
): Sample[] {
  return samples.map((sample) => (isMeant(sample) ? sampleOf(Object.assign({}, sample, other)) : sample));
}

export const HERE: Environment = {
  cano: '0.1.0',
  node: 'v20.20.2',
  v8: '11.3',
  platform: 'linux-x64',
  cpu: 'Some CPU <fast>',
  cores: 4,
  usableCores: 4,
  memoryBytes: 16e9,
  load: 0.2,
};

export function benchmarkOf(samples: readonly Sample[], more: Partial<Benchmark> = {}): Benchmark {
  const { usableCores } = HERE;
  const analysis = analyse(samples, usableCores);
  const advice = recommend(analysis.rows, analysis, usableCores);
  const counts = analysis.rows.map(({ threads }) => threads);
  const repeat = new Set(samples.map(({ round }) => round)).size;
  const { ownLoop = { why: 'no exec of it runs on threads' } } = more;
  return {
    workflow: 'primes',
    version: 1,
    definitionHash: 'abc',
    file: 'pipeline.ts',
    inputs: { limit: 10, out: './out' },
    pathInputs: ['out'],
    controlIterations: 1e6,
    ownLoop,
    warmups: [],
    samples,
    analysis,
    advice,
    cautions: cautionsOf({ analysis, advice, counts, repeat, usableCores, ownLoop }),
    comparison: undefined,
    ...more,
  };
}

/** Compared with `THEN`. */
export function comparedWith(then: Benchmark, now: Benchmark, ...warnings: string[]): BaselineComparison {
  return compareWith({ benchmark: then, warnings }, now, THEN.threshold);
}

export const THEN = { file: 'before.json', createdAt: '2026-11-28T09:30:00Z', threshold: 0.1 };

export function documentOf(benchmarks: readonly Benchmark[]): BenchDocument {
  return {
    v: 1,
    kind: 'cano.bench',
    createdAt: '2026-11-29T10:00:00.000Z',
    environment: HERE,
    settings: { threads: [1, 2], repeat: 5, warmup: 1 },
    baseline: undefined,
    benchmarks,
  };
}
