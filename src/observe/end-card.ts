/** What is printed when a run is over: how it ended and where its time went. Pure. */
import { analyse, type PathPart, type RunAnalysis } from '../core/analysis.ts';
import type { RunStatus } from '../core/events.ts';
import type { NodeReport, RunReport } from '../core/report.ts';
import { formatCount, formatMs, formatShare, plural } from './format.ts';
import { doneOf, labelOf } from './frame.ts';
import type { RunModel } from './model.ts';
import { shareOf, withoutAdvice } from './report/words.ts';
import { bar, clean, padEnd, padStart, trimEnd, widthOf, wrap, type Line, type Span } from './text.ts';

const ENDS: Readonly<
  Partial<Record<RunStatus, { readonly mark: string; readonly style: 'green' | 'red' | 'yellow' }>>
> = {
  completed: { mark: '✔', style: 'green' },
  failed: { mark: '✖', style: 'red' },
  timed_out: { mark: '✖', style: 'red' },
  cancelled: { mark: '■', style: 'yellow' },
};

const MAX_NODES = 5;
const MAX_LABEL = 32;
const BAR = 10;
const MAX_PATH = 7;
const FEW = 3;
/** Cells before what a fact says. */
const INDENT = 17;
const MIN_TEXT = 40;
/** Runs below this are over before anything about them could be worth doing. */
const LEAST_MS = 100;

/**
 * The card of a run that is over; empty before.
 *
 * @param columns in which its sentences are to be broken
 */
export function renderEndCard(model: RunModel, columns: number): Line[] {
  const { report } = model;
  if (report === undefined) return [];
  const counts = totals(report.nodes);
  const analysis = analyse(report);
  const width = Math.max(MIN_TEXT, columns - INDENT - 1);
  const lines = [
    headline(model, report),
    [],
    ...threadsBusy(analysis),
    ...partOfWall('main thread', analysis.wall.main, report, 'prep, post and exec on it'),
    ...partOfWall('waiting', analysis.wall.pending, report, 'before it could begin'),
    ...partOfWall('stopping', analysis.wall.stopping, report, 'executions that did not stop when they were asked to'),
    [
      ...fact('executions', formatCount(counts.executions)),
      { text: ' · ' },
      counted(plural(counts.retries, 'retry', 'retries'), counts.retries, 'yellow'),
      { text: ' · ' },
      counted(plural(counts.failures, 'failure', 'failures'), counts.failures, 'red'),
    ],
    ...criticalPath(analysis.path, width),
    ...slowest(model, report),
    ...(report.wallMs < LEAST_MS ? [] : worthDoing(analysis, report, width)),
  ];
  return lines.map(trimEnd);
}

function headline(model: RunModel, { wallMs, status }: RunReport): Line {
  const { mark, style } = ENDS[status] ?? { mark: '?', style: 'yellow' };
  const how = status === 'completed' ? 'completed in' : status === 'timed_out' ? 'timed out after' : `${status} after`;
  const view = model.find(model.endState, undefined);
  const done = status === 'completed' || view?.kind !== 'batch' ? '' : ` at ${doneOf(view)} items`;
  return [
    { text: ' ' },
    { text: mark, style },
    { text: ` ${clean(model.workflow)}`, style: 'bold' },
    { text: ` ${how} ` },
    { text: formatMs(wallMs), style: 'bold' },
    { text: ` in state ${clean(model.endState)}${done}` },
  ];
}

function fact(name: string, value: string, note?: string): Line {
  return [
    { text: `   ${name.padEnd(14)}`, style: 'dim' },
    { text: value },
    ...(note === undefined ? [] : [{ text: `  (${note})`, style: 'dim' } as const]),
  ];
}

function threadsBusy({ threads, efficiency, serialFraction }: RunAnalysis): Line[] {
  if (efficiency === undefined) return [];
  const busy = `${(efficiency * threads).toFixed(2)} of ${plural(threads, 'thread', 'threads')} on average`;
  const serial =
    serialFraction === undefined || efficiency === 0 ? '' : `; serial fraction ${formatShare(serialFraction)}`;
  return [fact('threads busy', formatShare(efficiency), `${busy}${serial}`)];
}

/** What it was lost to, where that is worth a line. */
function partOfWall(name: string, took: number, { wallMs }: RunReport, what: string): Line[] {
  if (took < wallMs * 0.01) return [];
  return [fact(name, formatMs(took), `${formatShare(Math.min(1, took / wallMs))}: ${what}`)];
}

/** The largest parts of the path, in its order, and how many more there are when they matter. */
function criticalPath(path: readonly PathPart[], width: number): Line[] {
  const bySize = path.toSorted((a, b) => b.share - a.share);
  const large = bySize.filter(({ share }) => share >= 0.01).slice(0, MAX_PATH);
  // A path of nothing but small parts is told by the largest of them.
  const kept = new Set(large.length === 0 ? bySize.slice(0, FEW) : large);
  if (kept.size === 0) return [];
  const texts = path
    .filter((part) => kept.has(part))
    .map((part, index) => `${index === 0 ? '' : '→ '}${nameOfPart(part)} ${shareOf(part.share)}`);
  const left = bySize.filter((part) => !kept.has(part));
  const share = left.reduce((sum, part) => sum + part.share, 0);
  if (share >= 0.01) texts.push(`· ${formatCount(left.length)} more ${shareOf(share)}`);
  return below('critical path', wrap(texts.join(' '), width));
}

function nameOfPart({ state, branch, isStopping }: PathPart): string {
  const name = clean(branch === undefined ? state : `${state} › ${branch}`);
  return isStopping === true ? `${name} (stopping)` : name;
}

/** What to do about the time of the run. */
function worthDoing(analysis: RunAnalysis, report: RunReport, width: number): Line[] {
  const { advice } = analysis;
  if (advice.length === 0 && report.status !== 'completed') return [];
  if (advice.length === 0) return [[], ...below('worth doing', wrap(withoutAdvice(report, analysis), width))];
  const lines: Line[] = [[], [{ text: '   worth doing first', style: 'dim' }]];
  for (const { finding, remedy, gainMs, gain } of advice) {
    lines.push(...below(`−${formatMs(gainMs)} ${formatShare(gain)}`, wrap(clean(finding), width), 'bold'));
    for (const text of wrap(`→ ${clean(remedy)}`, width))
      lines.push([{ text: ' '.repeat(INDENT) + text, style: 'dim' }]);
  }
  return lines;
}

/** A fact of several lines. */
function below(name: string, [first = '', ...more]: readonly string[], style: 'dim' | 'bold' = 'dim'): Line[] {
  return [
    [{ text: `   ${name.padEnd(INDENT - 3)}`, style }, { text: first }],
    ...more.map((text): Line => [{ text: ' '.repeat(INDENT) + text }]),
  ];
}

function counted(text: string, count: number, style: 'red' | 'yellow'): Span {
  return { text, style: count > 0 ? style : undefined };
}

/** The nodes that took most of the execution time. */
function slowest(model: RunModel, report: RunReport): Line[] {
  const all = report.nodes.reduce((sum, { execMs }) => sum + execMs, 0);
  const nodes = report.nodes.filter(({ execMs }) => execMs > 0).toSorted((a, b) => b.execMs - a.execMs);
  if (all <= 0 || nodes.length === 0) return [];
  const top = nodes.slice(0, MAX_NODES);
  const retried = top.some(({ retries }) => retries > 0);
  const rows = top.map((node) => {
    const times = model.find(node.state, node.branch)?.times;
    const numbers = [formatCount(node.executions), ms(times?.at(0.5)), times?.count === 1 ? '' : ms(times?.at(0.95))];
    return {
      node,
      texts: [
        labelOf(node),
        formatMs(node.execMs),
        ...numbers,
        ...(retried ? [node.retries === 0 ? '' : formatCount(node.retries)] : []),
      ],
    };
  });
  const heads = ['slowest nodes', 'exec', 'executions', 'p50', 'p95', ...(retried ? ['retries'] : [])];
  const widths = heads.map((head, column) =>
    Math.max(widthOf(head), ...rows.map(({ texts }) => widthOf(texts[column] ?? ''))),
  );
  const cells = ([label = '', exec = '', ...numbers]: readonly string[]): readonly [string, string] => [
    `   ${padEnd(label, Math.min(MAX_LABEL, widths[0] ?? 0))}  ${padStart(exec, widths[1] ?? 0)}  `,
    numbers.map((text, index) => `  ${padStart(text, widths[index + 2] ?? 0)}`).join(''),
  ];
  const [before, after] = cells(heads);
  return [
    [],
    [{ text: `${before}${padEnd('share', BAR + 5)}${after}`, style: 'dim' }],
    ...rows.map(({ node, texts }): Line => {
      const share = node.execMs / all;
      const { full, empty } = bar(share, BAR);
      const [start, end] = cells(texts);
      return [
        { text: start },
        { text: full, style: 'cyan' },
        { text: empty, style: 'dim' },
        { text: ` ${padStart(formatShare(share), 4)}${end}` },
      ];
    }),
    ...(nodes.length > MAX_NODES
      ? [[{ text: `   and ${plural(nodes.length - MAX_NODES, 'more state', 'more states')}`, style: 'dim' } as const]]
      : []),
  ];
}

function ms(value: number | undefined): string {
  return value === undefined ? '' : formatMs(value);
}

function totals(nodes: readonly NodeReport[]): { executions: number; retries: number; failures: number } {
  const sum = { executions: 0, retries: 0, failures: 0 };
  for (const node of nodes) {
    sum.executions += node.executions;
    sum.retries += node.retries;
    sum.failures += node.failures;
  }
  return sum;
}
