/** How many threads to use, in sentences. Pure. */
import type { Analysis, Fit, FitResult, Row } from './analysis.ts';
import { formatCount } from '../../observe/format.ts';
import { peakOf, speedUpBy } from './fit.ts';
import type { OwnLoopResult } from './own-loop.ts';
import type { Interval } from './stats.ts';

/** A further thread is worth having when it does at least so much of what one thread alone does. */
export const WORTH = 0.25;

/** So many times what the cores can give is more than noise. */
const BEYOND_CORES = 1.1;

/** So much of the cores must a loop that spins get, or the figures may be about the machine. */
const LEAST_OF_MACHINE = 0.9;

export interface Advice {
  /** One of the measured counts; undefined when they do not tell. */
  readonly threads: number | undefined;
  readonly because: string;
  /** Counts that would be recommended if the true speed-ups were at an end of their intervals. */
  readonly orRather: readonly number[];
  /** What the laws say of counts that were not measured; undefined without a law, or where it has nothing to say. */
  readonly beyond: string | undefined;
}

/**
 * The measured thread count up to which each further thread is worth `WORTH`.
 *
 * @param rows ascending by thread count, at least one
 */
export function recommend(rows: readonly Row[], fits: Pick<Analysis, 'amdahl' | 'usl'>, usableCores: number): Advice {
  const chosen = pick(rows, ({ value }) => value);
  const why = whyNone(rows, chosen, usableCores);
  if (why !== undefined) return { threads: undefined, because: why, orRather: [], beyond: undefined };
  const last = rows.at(-1) as Row;
  const others = [pick(rows, ({ low }) => low), pick(rows, ({ high }) => high)].map(({ threads }) => threads);
  const isWaiting = waitsIn(rows, usableCores);
  return {
    threads: chosen.threads,
    because: reasonOf(chosen, last, isWaiting, usableCores),
    orRather: [...new Set(others.filter((threads) => threads !== chosen.threads))],
    // The laws are about cores, and fitted to what was measured within them.
    beyond: isWaiting ? undefined : beyond(fits, last.threads, usableCores),
  };
}

/** Why the rows recommend nothing, when they do not. */
function whyNone(rows: readonly Row[], chosen: Row, usableCores: number): string | undefined {
  if (rows.every(({ busyShare }) => busyShare === 0)) {
    return 'nothing was executed on threads, so their number makes no difference';
  }
  if (rows.length === 1 && (usableCores > 1 || chosen.threads > 1)) {
    return `only ${countOf(chosen.threads, 'thread')} ${chosen.threads === 1 ? 'was' : 'were'} measured, and there is nothing to compare with`;
  }
  const base = rows[0]?.threads ?? 1;
  const lacking = rows.find((row) => isStarved(row, base, usableCores) && isByMachine(chosen, row, base));
  if (lacking === undefined) return undefined;
  return `the machine gave too little to tell: a loop that spins gained ${lacking.machine.value.toFixed(2)} from ${countOf(lacking.threads, 'thread')} and ${chosen.machine.value.toFixed(2)} from ${chosen.threads}; measure again when nothing else runs, and if that is all it gives, use ${countOf(chosen.threads, 'thread')}`;
}

/**
 * Whether the machine explains that the threads beyond the chosen count gained little: it gave them little, or the
 * pipeline made enough of what it gave.
 */
function isByMachine(chosen: Row, row: Row, base: number): boolean {
  if (row.threads <= chosen.threads) return false;
  const each = (of: (row: Row) => number): number => ((of(row) - of(chosen)) * base) / (row.threads - chosen.threads);
  const given = each(({ machine }) => machine.value);
  return given < WORTH || each(({ speedUp }) => speedUp.value) >= WORTH * given;
}

/** Up to which count each further thread is worth having, by the middle or an end of the intervals. */
function pick(rows: readonly Row[], end: (speedUp: Interval) => number): Row {
  const [first, ...others] = rows as readonly [Row, ...Row[]];
  let chosen = first;
  for (const row of others) {
    // In what one of the threads did in the smallest count: that need not be 1.
    const gained = (end(row.speedUp) - end(chosen.speedUp)) * first.threads;
    if (gained / (row.threads - chosen.threads) >= WORTH) chosen = row;
  }
  return chosen;
}

function reasonOf(chosen: Row, last: Row, isWaiting: boolean, usableCores: number): string {
  const isMost = chosen === last;
  const limit = isMost
    ? 'the most that were measured'
    : `beyond ${chosen.threads}, a further thread did less than ${WORTH * 100}% of what one thread does alone`;
  const cores = countOf(usableCores, 'usable core');
  if (chosen.threads > usableCores) {
    return isWaiting
      ? `${limit}; more threads than the ${cores} gain, so what they execute waits more than it computes`
      : `${limit}; this machine has only ${cores}`;
  }
  if (!isMost) return limit;
  if (last.threads < usableCores) return `${limit}; this machine has ${cores}`;
  if (usableCores === 1) return 'the process may use one core only';
  return `each of the ${cores} of this machine is worth using`;
}

/** Whether more was gained than the cores, or a loop that spins, could give: the execs wait for something else than a core. */
export function waitsIn(rows: readonly Row[], usableCores: number): boolean {
  const base = Math.min(rows[0]?.threads ?? 1, usableCores);
  return rows.some(
    ({ threads, speedUp, machine }) =>
      threads > usableCores && speedUp.low > BEYOND_CORES * Math.max(usableCores / base, machine.value),
  );
}

function beyond(
  { amdahl, usl }: Pick<Analysis, 'amdahl' | 'usl'>,
  most: number,
  usableCores: number,
): string | undefined {
  const fit = isFit(usl) ? usl : isFit(amdahl) ? amdahl : undefined;
  if (fit === undefined) return undefined;
  const { law } = fit;
  const name = fit === usl ? 'the Universal Scalability Law' : "Amdahl's law";
  const peak = peakOf(law);
  const isMeasured = peak.threads <= Math.min(most, usableCores);
  if (Number.isFinite(peak.threads)) {
    const text = `by ${name} the speed-up is highest at ${countOf(peak.threads, 'thread')}, with ${peak.speedUp.toFixed(2)}`;
    return isMeasured ? text : `${text}: an extrapolation, on a machine with the cores for it`;
  }
  const next = 2 * Math.max(...fit.counts);
  const limit = Number.isFinite(peak.speedUp) ? `, and ${limitText(peak.speedUp)} whatever their number` : '';
  return `by ${name} ${next} threads would give ${speedUpBy(law, next).toFixed(2)}${limit}: an extrapolation, on a machine with the cores for it`;
}

function limitText(speedUp: number): string {
  return `no more than ${speedUp < 100 ? speedUp.toFixed(1) : formatCount(speedUp)}`;
}

/** A law that was fitted as a sentence, or why it was not. */
export function describeFit(result: FitResult): string {
  if (!isFit(result)) return result.why;
  const { sigma, kappa, law, misfit } = result;
  const isUsl = law.kappa > 0 || kappa.high > 0;
  const serial = `serial share ${percent(sigma.value)} (${percent(sigma.low)}–${percent(sigma.high)})`;
  const pairs = isUsl
    ? `, per pair of threads ${percent(kappa.value)} (${percent(kappa.low)}–${percent(kappa.high)})`
    : '';
  const free = result.counts.length - 1 - (isUsl ? 2 : 1);
  return `${serial}${pairs}${free > 0 ? `, off by ${misfit.toFixed(2)} on average` : ''}`;
}

/** What the bare loop went over, or why there was none. */
export function describeOwnLoop(result: OwnLoopResult): string {
  if ('why' in result) return `none: ${result.why}`;
  const { exec, inputs, of, share } = result;
  const some = inputs === of ? `all ${countOf(of, 'input')}` : `${formatCount(inputs)} of ${countOf(of, 'input')}`;
  return `${some} of exec '${exec}', which takes ${percent(share)} of the time of all execs`;
}

/** The first thread count, of those there are cores for, for which the machine had no cores to give. */
export function starvedRow(rows: readonly Row[], usableCores: number): Row | undefined {
  const base = rows[0]?.threads ?? 1;
  return rows.find((row) => isStarved(row, base, usableCores));
}

function isStarved({ threads, machine }: Row, base: number, usableCores: number): boolean {
  return threads <= usableCores && machine.value < LEAST_OF_MACHINE * (threads / base);
}

/** `2 threads`, or that there is no recommendation. */
export function headOf({ threads }: Pick<Advice, 'threads'>): string {
  return threads === undefined ? 'none' : countOf(threads, 'thread');
}

export function isFit(result: FitResult): result is Fit {
  return 'law' in result;
}

function percent(share: number): string {
  const value = share * 100;
  return `${value < 9.995 ? value.toFixed(value < 0.9995 && value > 0 ? 2 : 1) : Math.round(value)}%`;
}

/** `2 threads` */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
