/**
 * A benchmark beside an earlier one. Pure.
 *
 * V1 Slower is a verdict on the median only when it is past the threshold and noise does not explain it: the interval of the
 *    ratio lies above 1.
 * V2 What the machine itself has lost since, by the loop that spins, is not the pipeline's doing: a slower median counts only
 *    when it is past the threshold with that taken off as well.
 * V3 Other work or another machine is not compared at all. What shows only afterwards, because as many threads executed
 *    more or less than they did, has no verdict.
 */
import { formatCount } from '../../observe/format.ts';
import { usageError } from '../usage.ts';
import type { Baseline, BaselineBenchmark, Benchmark } from './document.ts';
import type { Environment } from './environment.ts';
import { median, ratioInterval, type Interval } from './stats.ts';

export type Verdict = 'slower' | 'faster' | 'same' | 'machine' | 'other';

export interface Executions {
  readonly least: number;
  readonly most: number;
}

/** One thread count now and then. */
export interface Difference {
  readonly threads: number;
  readonly thenMs: number;
  readonly nowMs: number;
  /** Now / then: above 1 is slower. */
  readonly ratio: Interval;
  /** The same of the loop that spins. */
  readonly machine: number;
  /** Executions of a run, then and now. */
  readonly thenExecutions: Executions;
  readonly nowExecutions: Executions;
  /** `machine`: slower, as the machine is; `other`: no verdict, since it is other work. */
  readonly verdict: Verdict;
}

export interface BaselineComparison {
  readonly differences: readonly Difference[];
  /** Thread counts of now that were not measured then. */
  readonly missing: readonly number[];
  readonly warnings: readonly string[];
}

type Samples = BaselineBenchmark['samples'];

/** What is about to be measured. */
export type Subject = Pick<Benchmark, 'workflow' | 'version' | 'definitionHash' | 'inputs' | 'pathInputs'>;

/**
 * Finds what a benchmark is to be compared with, before anything is measured.
 *
 * @returns it, with what makes the comparison less certain
 * @throws CanoError `CANO_USAGE` when comparing would be meaningless
 */
export function matchBaseline(
  baseline: Baseline,
  subject: Subject,
  counts: readonly number[],
  here: Environment,
): { readonly benchmark: BaselineBenchmark; readonly warnings: readonly string[] } {
  const { file, environment: there } = baseline;
  const machines = (['platform', 'cpu', 'cores', 'usableCores'] as const).filter((key) => there[key] !== here[key]);
  if (machines.length > 0) {
    const told = machines.map((key) => `${key} ${there[key]} then, ${here[key]} now`).join('; ');
    throw usageError(
      `--baseline '${file}' is of another machine (${told})`,
      'measure a baseline on this one: cano bench … --json > FILE',
    );
  }
  const benchmark = baseline.benchmarks.find(({ workflow }) => workflow === subject.workflow);
  if (benchmark === undefined) {
    const names = baseline.benchmarks.map(({ workflow }) => `'${workflow}'`).join(', ');
    throw usageError(
      `--baseline '${file}' is of ${names}, and this is '${subject.workflow}'`,
      'name the file of that one',
    );
  }
  const changed = [...new Set([...Object.keys(subject.inputs), ...Object.keys(benchmark.inputs)])].filter(
    (name) => JSON.stringify(subject.inputs[name]) !== JSON.stringify(benchmark.inputs[name]),
  );
  const told = (name: string): string =>
    `${name} ${JSON.stringify(benchmark.inputs[name]) ?? 'not set'} then, ${JSON.stringify(subject.inputs[name]) ?? 'not set'} now`;
  const isPath = (name: string): boolean => subject.pathInputs.includes(name) && benchmark.pathInputs.includes(name);
  const other = changed.filter((name) => !isPath(name));
  if (other.length > 0) {
    throw usageError(
      `--baseline '${file}' had other inputs (${other.map(told).join('; ')})`,
      'give the same inputs, or measure a new baseline',
    );
  }
  const then = new Set(benchmark.samples.map(({ threads }) => threads));
  if (!counts.some((count) => then.has(count))) {
    throw usageError(
      `--baseline '${file}' has ${[...then].join(', ')} threads, and none of these is measured now (${counts.join(', ')})`,
      `add --threads ${[...then].join(',')}`,
    );
  }
  const warnings = [
    ...changed.filter(isPath).map((name) => `another path: ${told(name)}`),
    ...(benchmark.version === subject.version && benchmark.definitionHash === subject.definitionHash
      ? []
      : ['its states, nodes or routes have changed since']),
    ...(['node', 'cano'] as const)
      .filter((key) => there[key] !== here[key])
      .map((key) => `${key} ${there[key]} then, ${here[key]} now`),
  ];
  return { benchmark, warnings };
}

/** @param threshold share by which a median may be slower */
export function compareWith(
  { benchmark: then, warnings }: ReturnType<typeof matchBaseline>,
  now: Pick<Benchmark, 'analysis' | 'samples' | 'controlIterations'>,
  threshold: number,
): BaselineComparison {
  const counts = now.analysis.rows.map(({ threads }) => threads);
  const missing = counts.filter((count) => then.samples.every(({ threads }) => threads !== count));
  const differences = counts
    .filter((count) => !missing.includes(count))
    .map((threads): Difference => {
      const of = (samples: Samples): Samples => samples.filter((sample) => sample.threads === threads);
      const [own, theirs] = [of(now.samples), of(then.samples)];
      const [nowMs, thenMs] = [own.map(({ wallMs }) => wallMs), theirs.map(({ wallMs }) => wallMs)];
      const ratio = ratioInterval(nowMs, thenMs);
      const machine = loopOf(own, now.controlIterations) / loopOf(theirs, then.controlIterations);
      const [thenExecutions, nowExecutions] = [executionsOf(theirs), executionsOf(own)];
      const isSame = thenExecutions.least <= nowExecutions.most && nowExecutions.least <= thenExecutions.most;
      return {
        threads,
        thenMs: median(thenMs),
        nowMs: median(nowMs),
        ratio,
        machine,
        thenExecutions,
        nowExecutions,
        verdict: isSame ? verdictOf(ratio, machine, threshold) : 'other',
      };
    });
  return { differences, missing, warnings: [...warnings, ...otherWork(differences)] };
}

/** Said once where it is so of all thread counts. */
function otherWork(differences: readonly Difference[]): string[] {
  const told = new Map<string, number[]>();
  for (const { threads, thenExecutions, nowExecutions, verdict } of differences) {
    const [before, after] = [rangeOf(thenExecutions), rangeOf(nowExecutions)];
    if (before === after) continue;
    const text = `${before} executions then, ${after} now${verdict === 'other' ? ': that is other work, and not compared' : ''}`;
    told.set(text, [...(told.get(text) ?? []), threads]);
  }
  return [...told].map(([text, counts]) =>
    counts.length === differences.length ? text : `${counts.join(', ')} threads: ${text}`,
  );
}

function rangeOf({ least, most }: Executions): string {
  return least === most ? formatCount(least) : `${formatCount(least)} to ${formatCount(most)}`;
}

export function verdictOf(ratio: Interval, machine: number, threshold: number): Verdict {
  if (ratio.value > 1 + threshold && ratio.low > 1) {
    // A machine that has become faster excuses nothing, and makes nothing worse.
    return ratio.value / Math.max(1, machine) > 1 + threshold ? 'slower' : 'machine';
  }
  return ratio.value < 1 / (1 + threshold) && ratio.high < 1 ? 'faster' : 'same';
}

function executionsOf(samples: Samples): Executions {
  const all = samples.map(({ executions }) => executions);
  return { least: Math.min(...all), most: Math.max(...all) };
}

/** Milliseconds of an iteration of the loop that spins on as many threads. */
function loopOf(samples: Samples, iterations: number): number {
  return median(samples.map(({ control }) => control.allMs)) / iterations;
}
