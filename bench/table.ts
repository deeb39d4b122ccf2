/** The table as text: for a terminal, and for bench/README.md. */
import { linesOf, noisy, round, type Line, type RowResult } from './report.ts';

/** Names, budgets and notes; the others are numbers. */
const LEFT: ReadonlySet<number> = new Set([0, 7, 8]);

/** A row with its contenders, as lines of aligned columns. */
export function rowText(result: RowResult, all: readonly RowResult[]): string {
  const { row, controls } = result;
  const slow = noisy(result, all);
  const head = `${row.id}: ${row.title} (${row.unit}; ${controls.length} rounds${slow === 0 ? '' : `, ${slow} noisy`})`;
  const reference = row.contenders[0] ?? '';
  const cells = [
    ['', 'median', 'min–max', 'CPU µs', 'p50 ms', 'p99 ms', `× ${reference} (95 %)`, 'budget', ''],
    ...linesOf(result).map((line) => cellsOf(line, line.contender === reference)),
  ];
  // A column that no line fills is left out.
  const used = cells[0]?.map((_title, column) => column === 0 || cells.slice(1).some((line) => line[column] !== ''));
  const widths = cells[0]?.map((_title, column) => Math.max(...cells.map((line) => (line[column] ?? '').length))) ?? [];
  const text = cells.map((line) =>
    line
      .map((cell, column) => (LEFT.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .filter((_cell, column) => used?.[column] === true)
      .join('  ')
      .trimEnd(),
  );
  return [head, ...text.map((line) => `  ${line}`)].join('\n');
}

function cellsOf(line: Line, isReference: boolean): string[] {
  const { value, cpuMicros, latency, ratio, budgets, notes } = line;
  return [
    line.contender,
    value === undefined ? '–' : round(value.median),
    value === undefined ? '' : `${round(value.min)}–${round(value.max)}`,
    cpuMicros === undefined ? '' : round(cpuMicros),
    latency === undefined ? '' : round(latency.p50),
    latency === undefined ? '' : round(latency.p99),
    ratio === undefined
      ? isReference
        ? '1'
        : ''
      : `${round(ratio.median)} (${round(ratio.low)}–${round(ratio.high)})`,
    budgets.map(({ text, met }) => `${met ? '✔' : '✘'} ${text}`).join(', '),
    notes.join('; '),
  ];
}
