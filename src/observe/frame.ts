/**
 * The live picture of a run: a line per state, a lane per thread, and what is under way. Pure.
 *
 * F1 No line is wider than the terminal, and there are fewer lines than it has rows: else it scrolls, and the next frame
 *    could not be drawn over this one.
 */
import { formatCount, formatElapsed, formatMs, formatRate, formatShare, plural } from './format.ts';
import type { Lane } from './lanes.ts';
import type { RunModel, StateOutline, StateView } from './model.ts';
import { bar, clean, cut, fit, padEnd, padStart, trimEnd, widthOf, widthOfLine, type Line, type Span } from './text.ts';

/** Cells of the terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const MARKS = {
  pending: { text: '○', style: 'dim' },
  active: { text: '●', style: 'cyan' },
  passed: { text: '✔', style: 'green' },
  failed: { text: '✖', style: 'red' },
  stopped: { text: '■', style: 'dim' },
} as const satisfies Record<StateView['status'], Span>;

const MAX_LABEL = 28;
/** From this width on, batches get a bar. */
const WIDE = 100;
const STATE_BAR = 14;
const LANE_BAR = 10;
const LANE_CELL = 36;
/** Lanes stand one below the other up to this number, then side by side. */
const MAX_LANE_ROWS = 8;

const gap: Span = { text: '  ' };

/** The lines of the picture. */
export function renderFrame(model: RunModel, now: number, size: Size): Line[] {
  const lanes = laneLines(model.lanes, size);
  const around = 2 + (lanes.length === 0 ? 0 : lanes.length + 1);
  const states = stateLines(model, now, size.columns, Math.max(1, size.rows - 1 - around));
  const lines: Line[] = [...states, [], ...(lanes.length === 0 ? [] : [...lanes, []]), footer(model, now)];
  // In a terminal of a few rows the states matter less than the footer.
  return lines.slice(-Math.max(1, size.rows - 1)).map((line) => trimEnd(fit(line, size.columns - 1)));
}

function stateLines(model: RunModel, now: number, columns: number, rows: number): Line[] {
  const all = [...model.states.values()];
  const shown = choose(all, model.current, rows);
  const rowsOfText = shown.map((view) => textsOf(view, now));
  const width = (cell: keyof StateTexts): number => Math.max(0, ...rowsOfText.map((texts) => widthOf(texts[cell])));
  const widths = {
    label: Math.min(MAX_LABEL, width('label')),
    done: width('done'),
    p50: width('p50'),
    p95: width('p95'),
    spent: width('spent'),
  };
  const lines = shown.map((view, index): Line => {
    const texts = rowsOfText[index] as StateTexts;
    const label = padEnd(texts.label, widths.label);
    return [
      { text: ' ' },
      MARKS[view.status],
      { text: ` ${label}`, style: view.status === 'active' ? 'bold' : view.status === 'pending' ? 'dim' : undefined },
      ...(columns >= WIDE ? [gap, ...stateBar(view)] : []),
      ...(widths.done === 0 ? [] : [gap, { text: padStart(texts.done, widths.done) }]),
      ...quantile('p50', texts.p50, widths.p50),
      ...quantile('p95', texts.p95, widths.p95),
      gap,
      { text: padStart(texts.spent, widths.spent), style: 'dim' },
      ...(view.retries > 0 ? [gap, { text: plural(view.retries, 'retry', 'retries'), style: 'yellow' } as const] : []),
      ...(view.failures > 0 ? [gap, { text: `${formatCount(view.failures)} failed`, style: 'red' } as const] : []),
    ];
  });
  const hidden = all.length - shown.length;
  return hidden === 0
    ? lines
    : [...lines, [{ text: `   … ${plural(hidden, 'more state', 'more states')}`, style: 'dim' }]];
}

/** As many states as there are rows, around the one that the run is in. */
function choose(all: readonly StateView[], current: StateView | undefined, rows: number): readonly StateView[] {
  if (all.length <= rows) return all;
  const room = Math.max(1, rows - 1);
  const at = current === undefined ? 0 : all.indexOf(current);
  const first = Math.min(Math.max(0, at - Math.floor(room / 2)), all.length - room);
  return all.slice(first, first + room);
}

interface StateTexts {
  readonly label: string;
  readonly done: string;
  readonly p50: string;
  readonly p95: string;
  readonly spent: string;
}

function textsOf(view: StateView, now: number): StateTexts {
  const spentMs = view.spentMs + (view.status === 'active' ? now - view.enteredAt : 0);
  return {
    label: labelOf(view),
    done: doneOf(view),
    p50: quantileOf(view, 0.5),
    p95: view.times.count > 1 ? quantileOf(view, 0.95) : '',
    spent: view.visits === 0 ? '' : view.status === 'active' ? formatElapsed(spentMs) : formatMs(spentMs),
  };
}

/** The state, and its node where that has another name; of a branch, the state and the branch. */
export function labelOf({ state, node, branch }: StateOutline): string {
  const place = branch === undefined ? state : `${state} › ${branch}`;
  return clean((branch ?? state).toLowerCase() === node.toLowerCase() ? place : `${place} · ${node}`);
}

/** How far a state is: items, its own account, or how often it was entered. */
export function doneOf(view: StateView): string {
  const { visits, settled, total, progress } = view;
  const times = visits > 1 ? `×${formatCount(visits)}` : '';
  if (view.kind === 'batch' || view.kind === 'split') {
    const items = total === undefined ? formatCount(settled) : `${formatCount(settled)}/${formatCount(total)}`;
    return times === '' ? items : `${times} ${items}`;
  }
  if (view.status === 'active' && progress !== undefined && progress.total > 0)
    return formatShare(progress.done / progress.total);
  return times;
}

function quantileOf({ times }: StateView, share: number): string {
  const ms = times.at(share);
  return ms === undefined ? '' : formatMs(ms);
}

function quantile(name: string, text: string, width: number): readonly Span[] {
  if (width === 0) return [];
  return [gap, { text: text === '' ? '   ' : name, style: 'dim' }, { text: ` ${padStart(text, width)}` }];
}

function stateBar(view: StateView): readonly Span[] {
  const { status, kind, settled, total, progress } = view;
  const account = kind === 'batch' || kind === 'split' ? { done: settled, total } : progress;
  const isShown = status === 'active' && account?.total !== undefined && account.total > 0;
  if (!isShown) return [{ text: ' '.repeat(STATE_BAR) }];
  const { full, empty } = bar(account.done / account.total, STATE_BAR);
  return [
    { text: full, style: 'cyan' },
    { text: empty, style: 'dim' },
  ];
}

function laneLines(lanes: readonly Lane[], { columns, rows }: Size): Line[] {
  const limit = Math.max(1, Math.min(MAX_LANE_ROWS, Math.floor(rows / 3)));
  if (lanes.length <= limit) return lanes.map((lane) => [{ text: ' ' }, ...laneSpans(lane, lanes.length)]);
  const perLine = Math.max(1, Math.floor(columns / LANE_CELL));
  const height = Math.ceil(lanes.length / perLine);
  if (height > limit) return stripLines(lanes, columns);
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: perLine }, (_unused, column) => lanes[column * height + row])
      .filter((lane) => lane !== undefined)
      .flatMap((lane) => laneCell(lane, lanes.length)),
  );
}

function laneCell(lane: Lane, count: number): Line {
  const spans = fit([{ text: ' ' }, ...laneSpans(lane, count)], LANE_CELL - 1);
  return [...spans, { text: ' '.repeat(LANE_CELL - widthOfLine(spans)) }];
}

function laneSpans({ thread, status, share, node, item }: Lane, count: number): Span[] {
  const { full, empty } = bar(share, LANE_BAR);
  const number = String(thread).padEnd(String(Math.max(0, count - 1)).length);
  const what = status === 'busy' ? `${clean(node)}${item === undefined ? '' : ` #${formatCount(item)}`}` : status;
  return [
    { text: `T${number} ` },
    { text: full, style: 'green' },
    { text: empty, style: 'dim' },
    { text: ` ${padStart(formatShare(share), 4)}  ` },
    { text: what, style: status === 'busy' ? undefined : 'dim' },
  ];
}

const HEIGHTS = '▁▂▃▄▅▆▇█';

/** For many threads: one cell each, its height the busy share. */
function stripLines(lanes: readonly Lane[], columns: number): Line[] {
  const cells = lanes.map(({ share }) => HEIGHTS[Math.min(7, Math.floor(share * 8))]).join('');
  const busy = lanes.filter(({ status }) => status === 'busy').length;
  const summary = `${formatCount(busy)} of ${formatCount(lanes.length)} threads busy`;
  return [[{ text: ' ' }, { text: cut(cells, Math.max(1, columns - 4)), style: 'green' }], [{ text: ` ${summary}` }]];
}

function footer(model: RunModel, now: number): Line {
  const elapsed = `${formatElapsed((model.endedAt ?? now) - model.startedAt)} elapsed`;
  const name: Span = { text: ` ${clean(model.workflow)}`, style: 'bold' };
  if (model.notice !== undefined) return [name, { text: `  ${elapsed}  ` }, { text: model.notice, style: 'yellow' }];
  const leftMs = model.leftMs(now);
  const rate = model.rate(now);
  const parts = [
    ...(model.lanes.length === 0 ? [] : [`queue ${formatCount(model.queued)}`]),
    ...(rate >= 1 ? [formatRate(rate)] : []),
    elapsed,
    ...(leftMs === undefined ? [] : [`ETA ${formatElapsed(leftMs)} for ${clean(model.current?.state ?? '')}`]),
  ];
  return [name, { text: `  ${parts.join(' · ')}` }];
}
