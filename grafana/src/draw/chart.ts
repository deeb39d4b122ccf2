/** Lines and stacked areas, with a legend as a table on the right. */
import type { Panel } from '../model.ts';
import type { LiveWindow } from '../live.ts';
import type { DrawWindow, Series } from './data.ts';
import { COLOR, format, line, rect, round, shorten, text } from './svg.ts';

/** The inside of a panel, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const TICKS = 4;
const ROW = 15;
const LIST_ROWS = 2;
const MARK = '#5794f2';

export function chart(box: Box, panel: Panel, all: readonly Series[], window: DrawWindow): string {
  const isStacked = panel.fieldConfig?.defaults.custom?.stacking?.mode === 'normal';
  const isNarrow = box.w < 600;
  const hasRight = all.some(({ isRight }) => isRight);
  const room = isNarrow ? { w: box.w, h: box.h - LIST_ROWS * ROW } : { w: box.w * 0.64, h: box.h };
  const plot = { x: box.x + 50, y: box.y + 4, w: room.w - 62 - (hasRight ? 40 : 0), h: room.h - 22 };
  const legend = isNarrow
    ? listOf({ ...box, y: box.y + room.h + 4, h: LIST_ROWS * ROW }, all)
    : tableOf({ ...box, x: box.x + room.w, w: box.w - room.w }, all);
  const parts = [legend, timeAxis(plot, window)];
  for (const isRight of [false, true]) {
    const series = all.filter((each) => each.isRight === isRight);
    if (series.length === 0) continue;
    const lines = isStacked ? stacked(series) : series.map(({ values }) => ({ low: undefined, high: values }));
    const top = niceTop(
      isRight ? undefined : panel.fieldConfig?.defaults.max,
      lines.flatMap(({ high }) => high),
    );
    const y = (value: number): number => plot.y + plot.h - (Math.min(value, top) / top) * plot.h;
    const x = (at: number): number =>
      plot.x + (at / Math.max(1, Math.floor((window.to - window.from) / window.step))) * plot.w;
    const { unit } = series[0] as Series;
    for (let tick = 0; tick <= TICKS; tick += 1) {
      const value = (top * tick) / TICKS;
      if (!isRight) parts.push(line(plot.x, y(value), plot.x + plot.w, y(value), COLOR.grid));
      const label = { size: 10, color: COLOR.dim, anchor: isRight ? 'start' : 'end' } as const;
      parts.push(text(isRight ? plot.x + plot.w + 5 : plot.x - 5, y(value) + 3, format(value, unit), label));
    }
    lines.forEach(({ low, high }, at) => {
      const { color, isBound } = series[at] as Series;
      parts.push(...runsOf(high).map((points) => shape(points, { x, y, low, color, isBound, isStacked, isRight })));
    });
  }
  for (const mark of window.marks) {
    const at = plot.x + ((mark - window.from) / (window.to - window.from)) * plot.w;
    parts.push(line(at, plot.y, at, plot.y + plot.h, MARK, 'stroke-dasharray="3 3"'));
    parts.push(
      `<polygon points="${[at - 4, at + 4, at].map((x, of) => `${round(x)},${round(plot.y + plot.h + (of === 2 ? 0 : 6))}`).join(' ')}" fill="${MARK}"/>`,
    );
  }
  return parts.join('');
}

interface Drawing {
  readonly x: (at: number) => number;
  readonly y: (value: number) => number;
  readonly low: readonly number[] | undefined;
  readonly color: string;
  readonly isBound: boolean;
  readonly isStacked: boolean;
  readonly isRight: boolean;
}

type Point = readonly [at: number, value: number];

function shape(points: readonly Point[], { x, y, low, color, isBound, isStacked, isRight }: Drawing): string {
  const upper = points.map(([at, value]) => `${round(x(at))},${round(y(value))}`);
  if (points.length === 1) {
    const [at, value] = points[0] as Point;
    return `<circle cx="${round(x(at))}" cy="${round(y(value))}" r="1.5" fill="${color}"/>`;
  }
  const path = `<polyline points="${upper.join(' ')}" fill="none" stroke="${color}" stroke-width="${isStacked ? 0 : 1.4}" ${isBound ? 'stroke-dasharray="6 5"' : ''}/>`;
  if (isBound || isRight) return path;
  const lower = points.map(([at]) => `${round(x(at))},${round(y(low?.[at] ?? 0))}`).toReversed();
  return `<polygon points="${[...upper, ...lower].join(' ')}" fill="${color}" fill-opacity="${isStacked ? 0.6 : 0.1}"/>${path}`;
}

/** Parts without a gap. */
function runsOf(values: readonly (number | undefined)[]): Point[][] {
  const runs: Point[][] = [[]];
  values.forEach((value, at) => {
    if (value === undefined) runs.push([]);
    else runs.at(-1)?.push([at, value]);
  });
  return runs.filter((run) => run.length > 0);
}

function stacked(series: readonly Series[]): { low: readonly number[]; high: readonly (number | undefined)[] }[] {
  const ground: number[] = [];
  return series.map(({ values }) => {
    const low = values.map((_, at) => ground[at] ?? 0);
    const high = values.map((value, at) => (value === undefined ? undefined : (low[at] as number) + value));
    high.forEach((value, at) => (ground[at] = value ?? low[at] ?? 0));
    return { low, high };
  });
}

/** A round number above all values. */
function niceTop(max: number | undefined, values: readonly (number | undefined)[]): number {
  if (max !== undefined) return max;
  const most = Math.max(0, ...values.filter((value) => value !== undefined)) * 1.05;
  if (most === 0) return 1;
  const size = 10 ** Math.floor(Math.log10(most));
  return ([1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((step) => step * size >= most) ?? 10) * size;
}

export function timeAxis(plot: Box, { from, to }: LiveWindow): string {
  const every = [5, 10, 15, 30, 60, 120, 300, 600].find((step) => (to - from) / step <= plot.w / 70) ?? 1_800;
  const parts: string[] = [];
  for (let time = Math.ceil(from / every) * every; time <= to; time += every) {
    const x = plot.x + ((time - from) / (to - from)) * plot.w;
    const label = new Date(time * 1_000).toISOString().slice(11, every < 60 ? 19 : 16);
    parts.push(line(x, plot.y, x, plot.y + plot.h, COLOR.grid));
    parts.push(text(x, plot.y + plot.h + 14, label, { size: 10, color: COLOR.dim, anchor: 'middle' }));
  }
  return parts.join('');
}

function tableOf({ x, y, w, h }: Box, series: readonly Series[]): string {
  const columns = [x + w - 58, x + w - 2];
  const fit = Math.floor((h - ROW) / ROW);
  const most = series.length <= fit ? fit : fit - 1;
  const names = ['Mean', 'Max'];
  const head = names.map((name, at) =>
    text(columns[at] as number, y + 10, name, { size: 10, color: COLOR.dim, anchor: 'end' }),
  );
  const rows = series.slice(0, most).map(({ name, color, values, unit }, at) => {
    const top = y + 10 + ROW * (at + 1);
    const known = values.filter((value) => value !== undefined);
    const figures = [known.reduce((sum, value) => sum + value, 0) / known.length, Math.max(...known)];
    return [
      rect(x + 6, top - 5, 12, 3, color),
      text(x + 23, top, shorten(name, w - 135), { size: 10.5 }),
      ...figures.map((value, column) =>
        text(columns[column] as number, top, known.length === 0 ? '–' : format(value, unit), {
          size: 10.5,
          anchor: 'end',
        }),
      ),
    ].join('');
  });
  const hidden = series.length - rows.length;
  const more = hidden > 0 ? text(x + 23, y + h - 2, `and ${hidden} more`, { size: 10, color: COLOR.dim }) : '';
  return [...head, ...rows, more].join('');
}

/** Names below the plot, in rows. */
function listOf({ x, y, w, h }: Box, series: readonly Series[]): string {
  const parts: string[] = [];
  let [left, top] = [x + 4, y + 10];
  for (const [at, { name, color }] of series.entries()) {
    const width = Math.min(w - 10, name.length * 6.2 + 28);
    if (left + width > x + w) [left, top] = [x + 4, top + ROW];
    const isLastRow = top + ROW > y + h;
    if (isLastRow && at < series.length - 1 && left + width + 80 > x + w) {
      parts.push(text(left, top, `and ${series.length - at} more`, { size: 10, color: COLOR.dim }));
      break;
    }
    parts.push(rect(left, top - 5, 12, 3, color), text(left + 16, top, shorten(name, width), { size: 10.5 }));
    left += width;
  }
  return parts.join('');
}
