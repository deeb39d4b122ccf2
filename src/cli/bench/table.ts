/** A benchmark on the terminal. Pure. */
import { formatBytes, formatMs, formatShare } from '../../observe/format.ts';
import {
  clean,
  padEnd,
  padStart,
  trimEnd,
  widthOf,
  widthOfLine,
  wrap,
  type Line,
  type Span,
  type Style,
} from '../../observe/text.ts';
import { describeFit, describeOwnLoop, headOf } from './advice.ts';
import type { Row } from './analysis.ts';
import type { BaselineComparison, Difference, Verdict } from './baseline.ts';
import type { BenchDocument, Benchmark } from './document.ts';
import type { Environment } from './environment.ts';
import type { Interval } from './stats.ts';

interface Column<R> {
  readonly title: string;
  readonly cell: (row: R) => Span;
  /** @default right */
  readonly align?: 'left';
}

/** Columns that mean something only beside each other. */
type Unit<R> = readonly Column<R>[];

const plain = (text: string): Span => ({ text });
const dim = (text: string): Span => ({ text, style: 'dim' });

const THREADS: Column<{ readonly threads: number }> = {
  title: 'threads',
  cell: ({ threads }) => plain(String(threads)),
};
const RESULT: readonly Unit<Row>[] = [
  [
    { title: 'time', cell: ({ wallMs }) => ({ text: formatMs(wallMs.value), style: 'bold' }) },
    { title: '95%', cell: ({ wallMs }) => dim(`${formatMs(wallMs.low)}–${formatMs(wallMs.high)}`) },
  ],
  [
    { title: 'speed-up', cell: ({ speedUp }) => ({ text: speedUp.value.toFixed(2), style: 'bold' }) },
    { title: '95%', cell: ({ speedUp }) => dim(rangeOf(speedUp)) },
  ],
  [{ title: 'efficiency', cell: ({ efficiency }) => plain(percent(efficiency)) }],
  [{ title: 'machine', cell: ({ machine }) => plain(machine.value.toFixed(2)) }],
];
const BARE_LOOP: Unit<Row> = [
  {
    title: 'bare loop',
    cell: ({ bareLoop }) => plain(bareLoop === undefined ? '' : bareLoop.value.toFixed(2)),
  },
];
const OF_IT: Unit<Row> = [{ title: 'of it', cell: ({ ofIt }) => plain(percent(ofIt.value)) }];
const COST: readonly Unit<Row>[] = [
  [{ title: 'CPU', cell: ({ cpuMs }) => plain(formatMs(cpuMs)) }],
  [{ title: 'memory', cell: ({ peakRssBytes }) => plain(formatBytes(peakRssBytes)) }],
  [{ title: 'busy', cell: ({ busyShare }) => plain(formatShare(busyShare)) }],
  [{ title: 'queue', cell: ({ queueShare }) => plain(formatShare(queueShare)) }],
  [{ title: 'overhead', cell: ({ overheadShare }) => plain(tenths(overheadShare)) }],
];
const START: Unit<Row> = [{ title: 'start', cell: ({ startMs }) => plain(formatMs(startMs)) }];

/** Where it was measured. */
export function renderEnvironment({ node, cpu, cores, usableCores, load }: Environment, width: number): Line[] {
  const usable = usableCores === cores ? '' : `, ${usableCores} of them usable`;
  const text = `Node ${node.slice(1)} · ${clean(cpu)}, ${cores === 1 ? '1 core' : `${cores} cores`}${usable} · load ${load}`;
  return wrap(text, width - 1).map((line) => [dim(` ${line}`)]);
}

/** @param width cells of the terminal */
export function renderBenchmark(
  benchmark: Benchmark,
  settings: { readonly repeat: number; readonly warmup: number },
  width: number,
): Line[] {
  const { analysis, advice, cautions, workflow, file } = benchmark;
  const { repeat, warmup } = settings;
  const rounds = `median of ${repeat === 1 ? '1 round' : `${repeat} rounds`} after ${warmup === 0 ? 'no warm-up' : warmup === 1 ? '1 warm-up' : `${warmup} warm-ups`}`;
  const lines: Line[] = [
    ...heading([plain(' '), { text: clean(workflow), style: 'bold' }, dim(`  ${clean(file)}`)], ` · ${rounds}`, width),
    ...blocksOf(analysis.rows, advice.threads, width),
    [],
    ...paragraph('recommended', [{ text: headOf(advice), style: 'bold' }], `: ${advice.because}`, width),
    ...(advice.beyond === undefined ? [] : paragraph('', [], capital(advice.beyond), width)),
    ...paragraph('bare loop', [], describeOwnLoop(benchmark.ownLoop), width),
    ...paragraph('Amdahl', [], describeFit(analysis.amdahl), width),
    ...paragraph('USL', [], describeFit(analysis.usl), width),
    ...cautions.flatMap((caution) => paragraph('note', [], caution, width, 'yellow')),
  ];
  return lines.map(trimEnd);
}

/** What the columns are; printed once, under all tables. */
export function renderLegend(width: number): Line[] {
  return [
    ...paragraph(
      'time',
      [],
      'from the start of the run, all threads being ready, to its result; what the process takes to start is not in it',
      width,
      'dim',
    ),
    ...paragraph(
      'machine',
      [],
      'what a loop that spins gained from as many threads right before each run; bare loop: what the pipeline’s own work gained in a loop without cano; of it: speed-up / bare loop, or / machine without one, round by round',
      width,
      'dim',
    ),
    ...paragraph(
      'busy',
      [],
      'share of all threads’ time in which they executed; queue, overhead: share of the time from ready to result that executions waited for a thread (those of a batch do, it keeps some ready), and that copies and the way back took',
      width,
      'dim',
    ),
  ];
}

/** What it is about, and beside it or below how it was measured. */
function heading(subject: Line, how: string, width: number): Line[] {
  const whole = [...subject, dim(how)];
  return widthOfLine(whole) <= width ? [whole] : [subject, [dim(how)]];
}

function blocksOf(rows: readonly Row[], recommended: number | undefined, width: number): Line[] {
  const hasLoop = rows.some(({ bareLoop }) => bareLoop !== undefined);
  const result = [...RESULT, ...(hasLoop ? [BARE_LOOP] : []), OF_IT];
  const pack = (units: readonly Unit<Row>[]): Column<Row>[][] => packed(units, rows, width);
  const whole = pack([...result, ...COST, START]);
  // A second block for this one alone is too much for what it says.
  const withoutStart = pack([...result, ...COST]);
  const apart = [...pack(result), ...pack([...COST, START])];
  const one = [whole, withoutStart].find((blocks) => blocks.length === 1);
  return (one ?? (apart.length <= whole.length ? apart : whole)).flatMap((columns) =>
    block(columns, rows, ({ threads }) => threads === recommended),
  );
}

/** The columns in blocks, each with the thread counts, that are no wider than the terminal unless one unit is. */
function packed<R extends { readonly threads: number }>(
  units: readonly Unit<R>[],
  rows: readonly R[],
  width: number,
): Column<R>[][] {
  const blocks: Column<R>[][] = [];
  for (const unit of units) {
    const wider = [...(blocks.at(-1) ?? []), ...unit];
    const fits = Math.max(...block(wider, rows).map(widthOfLine)) <= width;
    if (blocks.length > 0 && fits) blocks.splice(-1, 1, wider);
    else blocks.push([THREADS, ...unit]);
  }
  return blocks;
}

/** Below an empty line. */
function block<R>(columns: readonly Column<R>[], rows: readonly R[], isMarked?: (row: R) => boolean): Line[] {
  const widths = columns.map(({ title, cell }) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(cell(row).text))),
  );
  const line = (cells: readonly Span[], lead: string): Line =>
    cells.flatMap(({ text, style }, index) => {
      const pad = columns[index]?.align === 'left' ? padEnd : padStart;
      return [plain(index === 0 ? lead : '  '), { text: pad(text, widths[index] ?? 0), style }];
    });
  return [
    [],
    line(
      columns.map(({ title }) => dim(title)),
      '   ',
    ),
    ...rows.map((row) =>
      line(
        columns.map(({ cell }) => cell(row)),
        isMarked?.(row) === true ? ' ▸ ' : '   ',
      ),
    ),
  ];
}

const VERDICTS: Readonly<Record<Verdict, { readonly text: string; readonly style: Style | undefined }>> = {
  slower: { text: '✖ slower', style: 'red' },
  faster: { text: '✔ faster', style: 'green' },
  same: { text: '✔ no slower', style: 'green' },
  machine: { text: '! slower, as the machine is', style: 'yellow' },
  other: { text: '! not compared', style: 'yellow' },
};

/** Other work has not changed by so much. */
const ofSame = ({ verdict }: Difference, text: string): string => (verdict === 'other' ? '' : text);

const DIFFERENCE: readonly Unit<Difference>[] = [
  [{ title: 'then', cell: ({ thenMs }) => plain(formatMs(thenMs)) }],
  [{ title: 'now', cell: ({ nowMs }) => ({ text: formatMs(nowMs), style: 'bold' }) }],
  [
    {
      title: 'change',
      cell: (row) => ({ text: ofSame(row, change(row.ratio.value)), style: VERDICTS[row.verdict].style }),
    },
    { title: '95%', cell: (row) => dim(ofSame(row, `${change(row.ratio.low)} to ${change(row.ratio.high)}`)) },
  ],
  [
    { title: 'machine', cell: ({ machine }) => plain(change(machine)) },
    { title: '', cell: ({ verdict }) => VERDICTS[verdict], align: 'left' },
  ],
];

/** The differences from an earlier benchmark. */
export function renderComparison(
  { differences, missing, warnings }: BaselineComparison,
  { file, createdAt, threshold }: NonNullable<BenchDocument['baseline']>,
  width: number,
): Line[] {
  const how = `  of ${clean(createdAt).slice(0, 16).replace('T', ' ')}, threshold ${Number((threshold * 100).toFixed(2))}%`;
  const lines: Line[] = [
    ...heading([plain(' against '), { text: clean(file), style: 'bold' }], how, width),
    ...packed(DIFFERENCE, differences, width).flatMap((columns) => block(columns, differences)),
    ...(missing.length === 0
      ? []
      : [[], ...paragraph('note', [], `not in the baseline: ${missing.join(', ')} threads`, width, 'yellow')]),
    ...warnings.flatMap((warning) => paragraph('note', [], warning, width, 'yellow')),
  ];
  return lines.map(trimEnd);
}

const LABEL = 13;

/** A label and a text that wraps beside it. */
function paragraph(label: string, head: readonly Span[], text: string, width: number, style?: Style): Line[] {
  const room = Math.max(30, Math.min(width, 120) - LABEL - 2);
  let used = widthOfLine(head);
  const lines: string[][] = [[]];
  for (const word of clean(text).split(' ')) {
    const space = used === 0 || (lines.length === 1 && lines[0]?.length === 0) ? 0 : 1;
    if (used > 0 && used + space + widthOf(word) > room) {
      lines.push([]);
      used = 0;
    } else used += space;
    lines.at(-1)?.push(word);
    used += widthOf(word);
  }
  return lines.map((words, index): Line => {
    const lead: Span = { text: ` ${padEnd(index === 0 ? label : '', LABEL)}`, style: style ?? 'dim' };
    const rest: Span = { text: words.join(' '), style: style === 'dim' ? 'dim' : undefined };
    return index === 0 ? [lead].concat(head, rest) : [lead, rest];
  });
}

function rangeOf({ low, high }: Interval): string {
  return `${low.toFixed(2)}–${high.toFixed(2)}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function tenths(share: number): string {
  return share < 0.0005 ? '0%' : share < 0.0995 ? `${(share * 100).toFixed(1)}%` : percent(share);
}

/** `+4.2%` */
function change(ratio: number): string {
  const percentage = (ratio - 1) * 100;
  return `${percentage < 0 ? '−' : '+'}${Math.abs(percentage).toFixed(1)}%`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
