/** The other kinds of panels: figures, bars, heat maps, lanes. */
import type { Panel } from '../model.ts';
import type { LiveWindow } from '../live.ts';
import { timeAxis, type Box } from './chart.ts';
import { last, type Series } from './data.ts';
import { COLOR, colorOf, format, rect, round, shorten, text } from './svg.ts';

const BLUE = 'blue';

/** The colour of a value by the thresholds of its panel. */
function thresholdColor(panel: Panel, value: number): string {
  const steps = panel.fieldConfig?.defaults.thresholds?.steps ?? [{ value: null, color: BLUE }];
  return colorOf(steps.findLast(({ value: from }) => from === null || value >= from)?.color ?? BLUE);
}

export function stat({ x, y, w, h }: Box, panel: Panel, [series]: readonly Series[]): string {
  const value = series === undefined ? undefined : last(series.values);
  if (series === undefined || value === undefined) return nothing({ x, y, w, h });
  const { unit, decimals } = panel.fieldConfig?.defaults ?? {};
  const color = thresholdColor(panel, value);
  const known = series.values.map((each) => each ?? 0);
  const most = Math.max(...known, 1e-12);
  const points = known.map((each, at) => {
    const left = x + (at / Math.max(1, known.length - 1)) * w;
    return `${round(left)},${round(y + h - (each / most) * h * 0.45)}`;
  });
  const area = `<polygon points="${round(x)},${round(y + h)} ${points.join(' ')} ${round(x + w)},${round(y + h)}" fill="${color}" fill-opacity="0.15"/>`;
  const shown = text(x + w / 2, y + h * 0.58, format(value, unit ?? 'short', decimals), {
    size: 30,
    color,
    anchor: 'middle',
    weight: 'bold',
  });
  return area + shown;
}

export function bars(box: Box, panel: Panel, series: readonly Series[]): string {
  const shown = series.flatMap(({ name, values }) => {
    const value = last(values);
    return value === undefined ? [] : [{ name, value }];
  });
  if (shown.length === 0) return nothing(box);
  const { x, y, w, h } = box;
  const { unit = 'short', max, decimals } = panel.fieldConfig?.defaults ?? {};
  const top = max ?? Math.max(...shown.map(({ value }) => value), 1e-12);
  const row = Math.min(34, h / shown.length);
  const names = Math.min(w * 0.42, Math.max(...shown.map(({ name }) => name.length)) * 6.4 + 8);
  const room = w - names - 70;
  return shown
    .map(({ name, value }, at) => {
      const from = y + at * row;
      const middle = from + row / 2 + 4;
      const color = thresholdColor(panel, value);
      return [
        text(x, middle, shorten(name, names)),
        rect(x + names, from + row * 0.18, room, row * 0.64, COLOR.grid, 'rx="2"'),
        rect(x + names, from + row * 0.18, Math.max(0, Math.min(1, value / top)) * room, row * 0.64, color, 'rx="2"'),
        text(x + w - 2, middle, format(value, unit, decimals), { anchor: 'end', color }),
      ].join('');
    })
    .join('');
}

/** Buckets are cumulative: a cell is what lies between two of them. */
export function heat(box: Box, series: readonly Series[], window: LiveWindow): string {
  const rows = series
    .map(({ labels, values }) => ({ le: Number(labels['le']?.replace('+Inf', 'Infinity')), values }))
    .toSorted((a, b) => a.le - b.le);
  const cells = rows.map(({ le, values }, at) => ({
    le,
    counts: values.map((value, step) => Math.max(0, (value ?? 0) - (at === 0 ? 0 : (rows[at - 1]?.values[step] ?? 0)))),
  }));
  const used = cells.filter(({ counts }) => counts.some((count) => count > 1e-9));
  if (used.length === 0) return nothing(box);
  const [first, final] = [cells.indexOf(used[0] as (typeof cells)[0]), cells.indexOf(used.at(-1) as (typeof cells)[0])];
  const shown = cells.slice(Math.max(0, first - 1), Math.min(cells.length, final + 2));
  const most = Math.max(...shown.flatMap(({ counts }) => counts));
  const plot = { x: box.x + 58, y: box.y + 4, w: box.w - 64, h: box.h - 22 };
  const height = plot.h / shown.length;
  const width = plot.w / Math.max(1, shown[0]?.counts.length ?? 1);
  const parts = [timeAxis(plot, window)];
  shown.forEach(({ le, counts }, at) => {
    const y = plot.y + plot.h - (at + 1) * height;
    const name = le === Infinity ? '+Inf' : format(le, 's');
    parts.push(text(plot.x - 6, y + height / 2 + 3, name, { size: 10, color: COLOR.dim, anchor: 'end' }));
    counts.forEach((count, step) => {
      if (count <= 1e-9) return;
      const opacity = round(Math.max(0.12, Math.sqrt(count / most)) * 10) / 10;
      parts.push(rect(plot.x + step * width, y + 0.5, width - 0.5, height - 1, '#ff7f2a', `fill-opacity="${opacity}"`));
    });
  });
  return parts.join('');
}

export function lanes(box: Box, panel: Panel, series: readonly Series[], window: LiveWindow): string {
  if (series.length === 0) return nothing(box);
  const plot = { x: box.x + 90, y: box.y + 4, w: box.w - 96, h: box.h - 40 };
  const height = plot.h / series.length;
  const parts = [timeAxis(plot, window)];
  series.forEach(({ name, values }, at) => {
    const y = plot.y + at * height;
    const width = plot.w / values.length;
    parts.push(text(plot.x - 6, y + height / 2 + 4, shorten(name, 84), { anchor: 'end' }));
    values.forEach((value, step) => {
      if (value === undefined) return;
      parts.push(
        rect(plot.x + step * width, y + height * 0.1, width + 0.3, height * 0.8, thresholdColor(panel, value)),
      );
    });
  });
  const steps = panel.fieldConfig?.defaults.thresholds?.steps ?? [];
  const unit = panel.fieldConfig?.defaults.unit ?? 'short';
  steps.forEach(({ value, color }, at) => {
    const x = plot.x + at * 78;
    parts.push(rect(x, box.y + box.h - 12, 10, 10, colorOf(color)));
    parts.push(
      text(
        x + 14,
        box.y + box.h - 3,
        value === null ? `< ${format(steps[1]?.value ?? 0, unit)}` : `≥ ${format(value, unit)}`,
        { size: 10 },
      ),
    );
  });
  return parts.join('');
}

export function nothing({ x, y, w, h }: Box): string {
  return text(x + w / 2, y + h / 2, 'No data', { anchor: 'middle', color: COLOR.dim });
}
