/** What is printed when a run is over: how it ended and where its time went. Pure. */
import type { RunStatus } from '../core/events.ts';
import type { NodeReport, RunReport } from '../core/report.ts';
import { formatCount, formatMs, formatShare, plural } from './format.ts';
import { doneOf, labelOf } from './frame.ts';
import type { RunModel } from './model.ts';
import { bar, clean, padEnd, padStart, trimEnd, widthOf, type Line, type Span } from './text.ts';

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

/** The card of a run that is over; empty before. */
export function renderEndCard(model: RunModel, threads: number): Line[] {
  const { report } = model;
  if (report === undefined) return [];
  const counts = totals(report.nodes);
  const main = counts.prepMs + counts.postMs;
  const lines = [
    headline(model, report),
    [],
    fact(
      'busy threads',
      report.busyThreads.toFixed(2),
      `Σ exec / wall time, on ${plural(threads, 'thread', 'threads')}`,
    ),
    ...(main < report.wallMs * 0.01 ? [] : [fact('main thread', formatMs(main), 'prep and post; no exec meanwhile')]),
    [
      ...fact('executions', formatCount(counts.executions)),
      { text: ' · ' },
      counted(plural(counts.retries, 'retry', 'retries'), counts.retries, 'yellow'),
      { text: ' · ' },
      counted(plural(counts.failures, 'failure', 'failures'), counts.failures, 'red'),
    ],
    ...slowest(model, report),
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

function totals(nodes: readonly NodeReport[]): {
  executions: number;
  retries: number;
  failures: number;
  prepMs: number;
  postMs: number;
} {
  const sum = { executions: 0, retries: 0, failures: 0, prepMs: 0, postMs: 0 };
  for (const node of nodes) {
    sum.executions += node.executions;
    sum.retries += node.retries;
    sum.failures += node.failures;
    sum.prepMs += node.prepMs;
    sum.postMs += node.postMs;
  }
  return sum;
}
