/** From samples to figures. Pure. */
import { fitAmdahl, fitUsl, misfit, type Law, type Point } from './fit.ts';
import type { Sample } from './measure.ts';
import { bootstrap, median, medianInterval, seeded, type Interval } from './stats.ts';

/** A control that took so much more or less than the median one marks its sample. */
export const NOISE_LIMIT = 0.1;

/** The figures of one thread count. Times are milliseconds, shares 0–1. */
export interface Row {
  readonly threads: number;
  readonly wallMs: Interval;
  /** Against the smallest thread count, round by round. */
  readonly speedUp: Interval;
  /** `speedUp` by how many times more threads; 1 is ideal. */
  readonly efficiency: number;
  /** What a loop that spins gained from so many threads at the same time. */
  readonly machine: Interval;
  /** What the pipeline's own work gained in a bare loop at the same time; undefined when it was not measured. */
  readonly bareLoop: Interval | undefined;
  /** `speedUp` by what the bare loop gained, or by what the machine gave where there is none; round by round. */
  readonly ofIt: Interval;
  readonly cpuMs: number;
  /** Of all rounds the most. */
  readonly peakRssBytes: number;
  readonly startMs: number;
  /** Of the time of all threads, the share in which they executed. */
  readonly busyShare: number;
  /** Of the time from an execution's being ready to its result in hand: waiting for a thread; copying and the way back. */
  readonly queueShare: number;
  readonly overheadShare: number;
}

/** A law that was fitted. */
export interface Fit {
  readonly law: Law;
  readonly sigma: Interval;
  readonly kappa: Interval;
  /** Root mean square of what is left, in units of speed-up. */
  readonly misfit: number;
  /** Thread counts that it was fitted to. */
  readonly counts: readonly number[];
}

export type FitResult = Fit | { readonly why: string };

export interface Analysis {
  readonly rows: readonly Row[];
  readonly amdahl: FitResult;
  readonly usl: FitResult;
  /** Rounds in which the machine was slower or faster than usual. */
  readonly noisyRounds: readonly number[];
  /** Executions of a run, when they were not the same in all. */
  readonly executions: { readonly least: number; readonly most: number } | undefined;
}

/** @param usableCores thread counts beyond it are left out of the fits: no law here is about cores that are missing */
export function analyse(samples: readonly Sample[], usableCores: number): Analysis {
  const counts = [...new Set(samples.map(({ threads }) => threads))].toSorted((a, b) => a - b);
  const rounds = [...new Set(samples.map(({ round }) => round))];
  const bySlot = new Map(samples.map((sample) => [`${sample.round}/${sample.threads}`, sample]));
  const of = (round: number, threads: number): Sample => bySlot.get(`${round}/${threads}`) as Sample;
  const [base = 1] = counts;
  const hasLoop = samples.every(({ control }) => control.ownMs !== undefined);
  const rows = counts.map((threads): Row => {
    const own = samples.filter((sample) => sample.threads === threads);
    const pairs = rounds.map((round) => [of(round, base), of(round, threads)] as const);
    const speedUp = threads === base ? certain(1) : medianInterval(pairs.map(speedUpOf));
    return {
      threads,
      wallMs: medianInterval(own.map(({ wallMs }) => wallMs)),
      speedUp,
      efficiency: (speedUp.value * base) / threads,
      machine: medianInterval(pairs.map(machineOf)),
      bareLoop: hasLoop ? medianInterval(pairs.map(loopOf)) : undefined,
      ofIt: medianInterval(pairs.map((pair) => speedUpOf(pair) / (hasLoop ? loopOf(pair) : machineOf(pair)))),
      cpuMs: median(own.map(({ cpuMs }) => cpuMs)),
      peakRssBytes: Math.max(...own.map(({ peakRssBytes }) => peakRssBytes)),
      startMs: median(own.map(({ startMs }) => startMs)),
      busyShare: median(own.map(({ busyMs, wallMs }) => share(busyMs, wallMs * threads))),
      queueShare: median(own.map((sample) => share(sample.queueMs, lifeOf(sample)))),
      overheadShare: median(own.map((sample) => share(sample.cloneMs + sample.returnMs, lifeOf(sample)))),
    };
  });
  const executions = samples.map((sample) => sample.executions);
  const [least, most] = [Math.min(...executions), Math.max(...executions)];
  return {
    rows,
    ...fits(rounds, counts, (round, threads) => speedUpOf([of(round, 1), of(round, threads)]), usableCores),
    noisyRounds: noisyRounds(samples),
    executions: least === most ? undefined : { least, most },
  };
}

type Pair = readonly [base: Sample, sample: Sample];

function speedUpOf([base, { wallMs }]: Pair): number {
  return base.wallMs / wallMs;
}

/** What the machine gave the run, by what it gave the run with the smallest count. */
function machineOf([base, sample]: Pair): number {
  if (base === sample) return 1;
  return base.threads === 1 ? loopsOf(sample) : loopsOf(sample) / loopsOf(base);
}

/** What the pipeline's own work gained in a bare loop. */
function loopOf([base, sample]: Pair): number {
  return (base.control.ownMs as number) / (sample.control.ownMs as number);
}

/** How many times as many loops as one thread the threads did in the same time. */
function loopsOf({ threads, control }: Sample): number {
  return (threads * control.oneMs) / control.allMs;
}

function lifeOf({ queueMs, execMs, cloneMs, returnMs }: Sample): number {
  return queueMs + execMs + cloneMs + returnMs;
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function certain(value: number): Interval {
  return { value, low: value, high: value };
}

/** Rounds with a control that is off the median of its like, on one thread or on all. */
export function noisyRounds(samples: readonly Sample[]): number[] {
  const usualOne = median(samples.map(({ control }) => control.oneMs));
  const noisy = samples.filter(({ threads, control }) => {
    const alike = samples.filter((other) => other.threads === threads).map((other) => other.control.allMs);
    return isOff(control.oneMs, usualOne) || isOff(control.allMs, median(alike));
  });
  return [...new Set(noisy.map(({ round }) => round))].toSorted((a, b) => a - b);
}

function isOff(ms: number, usual: number): boolean {
  return Math.abs(ms / usual - 1) > NOISE_LIMIT;
}

function fits(
  rounds: readonly number[],
  counts: readonly number[],
  speedUp: (round: number, threads: number) => number,
  usableCores: number,
): Pick<Analysis, 'amdahl' | 'usl'> {
  const within = counts.filter((count) => count <= usableCores);
  const cores = usableCores === 1 ? 'core' : 'cores';
  const leftOut =
    within.length === counts.length ? '' : ` (those beyond the ${usableCores} usable ${cores} say nothing of it)`;
  if (!counts.includes(1)) {
    const why = 'not fitted: it is about speed-ups against 1 thread, which was not measured';
    return { amdahl: { why }, usl: { why } };
  }
  const pointsOf = (drawn: readonly number[]): Point[] =>
    within.map((threads) => ({ threads, speedUp: median(drawn.map((round) => speedUp(round, threads))) }));
  const points = pointsOf(rounds);
  const fitted = (fit: (of: readonly Point[]) => Law | undefined, takes: string): FitResult => {
    const law = fit(points);
    if (law === undefined) {
      return { why: `not fitted: it takes ${takes}; there are ${within.join(', ')}${leftOut}` };
    }
    const interval = (unknown: keyof Law): Interval =>
      bootstrap(rounds, (drawn) => fit(pointsOf(drawn))?.[unknown] ?? Number.NaN, seeded(3));
    return { law, sigma: interval('sigma'), kappa: interval('kappa'), misfit: misfit(points, law), counts: within };
  };
  return {
    amdahl: fitted(fitAmdahl, 'a count above 1 thread'),
    usl: fitted(fitUsl, '3 thread counts, since it has two unknowns'),
  };
}
