/** A benchmark on the terminal. Pure. */
import { formatBytes, formatMs, formatShare } from '../../observe/format.ts';
import {
  clean,
  padEnd,
  padStart,
  trimEnd,
  widthOf,
  widthOfLine,
  type Line,
  type Span,
  type Style,
} from '../../observe/text.ts';
import { describeFit, describeOwnLoop, headOf } from './advice.ts';
import type { Row } from './analysis.ts';
import type { BaselineComparison, Verdict } from './baseline.ts';
import type { Benchmark } from './document.ts';
import type { Environment } from './environment.ts';
import type { Interval } from './stats.ts';

interface Column {
  readonly title: string;
  readonly cell: (row: Row) => Span;
}

const plain = (text: string): Span => ({ text });
const dim = (text: string): Span => ({ text, style: 'dim' });

const THREADS: Column = { title: 'threads', cell: ({ threads }) => plain(String(threads)) };
const RESULT: readonly Column[] = [
  { title: 'time', cell: ({ wallMs }) => ({ text: formatMs(wallMs.value), style: 'bold' }) },
  { title: '95%', cell: ({ wallMs }) => dim(`${formatMs(wallMs.low)}–${formatMs(wallMs.high)}`) },
  { title: 'speed-up', cell: ({ speedUp }) => ({ text: speedUp.value.toFixed(2), style: 'bold' }) },
  { title: '95%', cell: ({ speedUp }) => dim(rangeOf(speedUp)) },
  { title: 'efficiency', cell: ({ efficiency }) => plain(percent(efficiency)) },
  { title: 'machine', cell: ({ machine }) => plain(machine.value.toFixed(2)) },
];
const BARE_LOOP: Column = {
  title: 'bare loop',
  cell: ({ bareLoop }) => plain(bareLoop === undefined ? '' : bareLoop.value.toFixed(2)),
};
const OF_IT: Column = { title: 'of it', cell: ({ ofIt }) => plain(percent(ofIt.value)) };
const COST: readonly Column[] = [
  { title: 'CPU', cell: ({ cpuMs }) => plain(formatMs(cpuMs)) },
  { title: 'memory', cell: ({ peakRssBytes }) => plain(formatBytes(peakRssBytes)) },
  { title: 'busy', cell: ({ busyShare }) => plain(formatShare(busyShare)) },
  { title: 'queue', cell: ({ queueShare }) => plain(formatShare(queueShare)) },
  { title: 'overhead', cell: ({ overheadShare }) => plain(tenths(overheadShare)) },
];
const START: Column = { title: 'start', cell: ({ startMs }) => plain(formatMs(startMs)) };

/** Where it was measured, in one line. */
export function renderEnvironment({ node, cpu, cores, usableCores, load }: Environment): Line {
  const usable = usableCores === cores ? '' : `, ${usableCores} of them usable`;
  return [
    dim(` Node ${node.slice(1)} · ${clean(cpu)}, ${cores === 1 ? '1 core' : `${cores} cores`}${usable} · load ${load}`),
  ];
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
    [plain(' '), { text: clean(workflow), style: 'bold' }, dim(`  ${clean(file)} · ${rounds}`)],
    [],
    ...blocks(analysis.rows, advice.threads, width),
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

function blocks(rows: readonly Row[], recommended: number | undefined, width: number): Line[] {
  const hasLoop = rows.some(({ bareLoop }) => bareLoop !== undefined);
  const result = [...RESULT, ...(hasLoop ? [BARE_LOOP] : []), OF_IT];
  for (const columns of [[...COST, START], COST]) {
    const whole = block([THREADS, ...result, ...columns], rows, recommended);
    if (Math.max(...whole.map(widthOfLine)) <= width) return whole;
  }
  return [
    ...block([THREADS, ...result], rows, recommended),
    [],
    ...block([THREADS, ...COST, START], rows, recommended),
  ];
}

function block(columns: readonly Column[], rows: readonly Row[], recommended: number | undefined): Line[] {
  const widths = columns.map(({ title, cell }) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(cell(row).text))),
  );
  const line = (cells: readonly Span[], lead: string): Line =>
    cells.flatMap(({ text, style }, index) => [
      plain(index === 0 ? lead : '  '),
      { text: padStart(text, widths[index] ?? 0), style },
    ]);
  return [
    line(
      columns.map(({ title }) => dim(title)),
      '   ',
    ),
    ...rows.map((row) =>
      line(
        columns.map(({ cell }) => cell(row)),
        row.threads === recommended ? ' ▸ ' : '   ',
      ),
    ),
  ];
}

const VERDICTS: Readonly<Record<Verdict, { readonly text: string; readonly style: Style | undefined }>> = {
  slower: { text: '✖ slower', style: 'red' },
  faster: { text: '✔ faster', style: 'green' },
  same: { text: '✔ no slower', style: 'green' },
  machine: { text: '! slower, as the machine is', style: 'yellow' },
};

/** The differences from an earlier benchmark. */
export function renderComparison(
  { differences, missing, warnings }: BaselineComparison,
  baseline: { readonly file: string; readonly createdAt: string },
  threshold: number,
  width: number,
): Line[] {
  const texts = differences.map(({ threads, thenMs, nowMs, ratio, machine, verdict }) => [
    plain(String(threads)),
    plain(formatMs(thenMs)),
    { text: formatMs(nowMs), style: 'bold' as const },
    { text: change(ratio.value), style: VERDICTS[verdict].style },
    dim(`${change(ratio.low)} to ${change(ratio.high)}`),
    plain(change(machine)),
    VERDICTS[verdict],
  ]);
  const titles = ['threads', 'then', 'now', 'change', '95%', 'machine', ''];
  const widths = titles.map((title, index) =>
    Math.max(...[title, ...texts.map((cells) => cells[index]?.text ?? '')].map(widthOf)),
  );
  const line = (cells: readonly Span[]): Line =>
    cells.flatMap(({ text, style }, index) => [
      plain(index === 0 ? '   ' : '  '),
      { text: index === titles.length - 1 ? text : padStart(text, widths[index] ?? 0), style },
    ]);
  const lines: Line[] = [
    [
      plain(' against '),
      { text: clean(baseline.file), style: 'bold' },
      dim(
        `  of ${clean(baseline.createdAt).slice(0, 16).replace('T', ' ')}, threshold ${Number((threshold * 100).toFixed(2))}%`,
      ),
    ],
    [],
    line(titles.map(dim)),
    ...texts.map(line),
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
