/** From outcomes to what the table says of a row. */
import type { Outcome } from './measure-apart.ts';
import type { Budget, Counts, Measurement, Row } from './row.ts';
import { noisyRounds } from './control.ts';
import { median, medianWithInterval, type Interval } from './stats.ts';

/** All that was measured for one row. */
export interface RowResult {
  readonly row: Row;
  /** Milliseconds of the control before each round. */
  readonly controls: readonly number[];
  /** Outcomes by contender, one per round. */
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>;
}

export interface Line {
  readonly contender: string;
  /** Undefined when no round was measured. */
  readonly value: (Interval & { readonly min: number; readonly max: number }) | undefined;
  readonly cpuMicros: number | undefined;
  readonly latency: { readonly p50: number; readonly p99: number } | undefined;
  /** Times better than the reference of the row, round by round. */
  readonly ratio: Interval | undefined;
  readonly budgets: readonly BudgetResult[];
  /** What went wrong, and what else was measured. */
  readonly notes: readonly string[];
}

export interface BudgetResult {
  readonly text: string;
  readonly met: boolean;
}

/** The lines of a row, in the order of its contenders. */
export function linesOf(result: RowResult): Line[] {
  const [reference] = result.row.contenders;
  return result.row.contenders.map((contender) => {
    const outcomes = result.outcomes.get(contender) ?? [];
    const measured = outcomes.flatMap((outcome) => (outcome.kind === 'measured' ? [outcome.measurement] : []));
    const values = measured.map(({ value }) => value);
    const cpu = measured.flatMap(({ cpuMicros }) => (cpuMicros === undefined ? [] : [cpuMicros]));
    const latencies = measured.flatMap(({ latency }) => (latency === undefined ? [] : [latency]));
    return {
      contender,
      value:
        values.length === 0
          ? undefined
          : { ...medianWithInterval(values), min: Math.min(...values), max: Math.max(...values) },
      cpuMicros: cpu.length === 0 ? undefined : median(cpu),
      latency:
        latencies.length === 0
          ? undefined
          : { p50: median(latencies.map(({ p50 }) => p50)), p99: median(latencies.map(({ p99 }) => p99)) },
      ratio: contender === reference ? undefined : ratioTo(result, reference ?? '', contender),
      budgets: (result.row.budgets ?? [])
        .filter((budget) => budget.contender === contender)
        .map((budget) => judge(result, budget)),
      notes: notesOf(outcomes, measured),
    };
  });
}

/** How many times better than the other, as the median over the rounds in which both were measured. */
function ratioTo(result: RowResult, reference: string, contender: string): Interval | undefined {
  const [theirs, own] = [result.outcomes.get(reference) ?? [], result.outcomes.get(contender) ?? []];
  const ratios = own.flatMap((outcome, index) => {
    const other = theirs[index];
    if (outcome.kind !== 'measured' || other?.kind !== 'measured') return [];
    return [other.measurement.value / outcome.measurement.value];
  });
  return ratios.length === 0 ? undefined : medianWithInterval(ratios);
}

function judge(result: RowResult, { contender, atLeast, atMost }: Budget): BudgetResult {
  if (atLeast !== undefined) {
    const ratio = ratioTo(result, atLeast.against, contender);
    const text = `≥ ${round(atLeast.ratio)} × ${atLeast.against}`;
    return { text, met: ratio !== undefined && ratio.median >= atLeast.ratio };
  }
  const values = (result.outcomes.get(contender) ?? []).flatMap((outcome) =>
    outcome.kind === 'measured' ? [outcome.measurement.value] : [],
  );
  return { text: `≤ ${atMost}`, met: atMost !== undefined && values.length > 0 && median(values) <= atMost };
}

function notesOf(outcomes: readonly Outcome[], measured: readonly Measurement[]): string[] {
  const notes: string[] = [];
  const of = (kind: Outcome['kind']): Outcome[] => outcomes.filter((outcome) => outcome.kind === kind);
  const hung = of('hung');
  if (hung.length > 0) notes.push(`HUNG in ${hung.length} of ${outcomes.length} rounds`);
  for (const outcome of of('crashed').slice(0, 1)) {
    if (outcome.kind === 'crashed') notes.push(`FAILED: ${headlineOf(outcome.detail)}`);
  }
  if (outcomes.some((outcome) => outcome.kind === 'measured' && !outcome.exited)) {
    notes.push('its process had to be ended after close');
  }
  const sum = (key: keyof Counts): number =>
    measured.reduce((total, { counts }) => total + Math.max(0, counts?.[key] ?? 0), 0);
  for (const key of ['wrong', 'lost', 'duplicated'] as const) {
    if (sum(key) > 0) notes.push(`${sum(key)} of ${sum('submitted')} ${key}`);
  }
  const names = new Set(measured.flatMap(({ also }) => Object.keys(also ?? {})));
  for (const name of names) {
    notes.push(`${name} ${round(median(measured.flatMap(({ also }) => also?.[name] ?? [])))}`);
  }
  return notes;
}

/** The line of a stack trace that names the error; else the first line. */
function headlineOf(detail: string): string {
  const lines = detail.split('\n');
  return lines.find((line) => /^\w*(Error|Exception)\b/.test(line)) ?? lines[0] ?? '';
}

/** Why the bench fails: anybody's wrong result, and anything of cano's that was lost, repeated, hung or crashed. */
export function failuresOf(results: readonly RowResult[]): string[] {
  const failures: string[] = [];
  for (const { row, outcomes } of results) {
    for (const [contender, ends] of outcomes) {
      for (const [index, end] of ends.entries()) {
        const where = `${row.id}, ${contender}, round ${index + 1}`;
        const isOurs = contender.startsWith('cano');
        if (end.kind === 'hung' && isOurs) failures.push(`${where}: no report within ${end.seconds} s`);
        if (end.kind === 'crashed' && isOurs) failures.push(`${where}: ${end.detail}`);
        if (end.kind !== 'measured') continue;
        const { counts } = end.measurement;
        if ((counts?.wrong ?? 0) > 0) failures.push(`${where}: ${counts?.wrong} wrong results`);
        if (isOurs && (counts?.lost ?? 0) > 0) failures.push(`${where}: ${counts?.lost} executions lost`);
        if (isOurs && (counts?.duplicated ?? 0) > 0) failures.push(`${where}: ${counts?.duplicated} executed twice`);
        if (isOurs && !end.exited) failures.push(`${where}: the process did not end by itself`);
      }
    }
  }
  return failures;
}

/** How many rounds of a row were measured while the machine was slower than usual. */
export function noisy(result: RowResult, all: readonly RowResult[]): number {
  const flags = noisyRounds(all.flatMap(({ controls }) => controls));
  let start = 0;
  for (const other of all) {
    if (other === result) return flags.slice(start, start + result.controls.length).filter(Boolean).length;
    start += other.controls.length;
  }
  return 0;
}

/** Three significant digits. */
export function round(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}
