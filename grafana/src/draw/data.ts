/** Series of a panel, with the names and colours that its dashboard gives them. */
import type { Dashboard, Panel, Target } from '../model.ts';
import type { Prometheus, Sample } from '../prometheus.ts';
import { substitute } from '../promql.ts';
import type { LiveWindow } from '../live.ts';
import { classic, colorOf } from './svg.ts';

export interface DrawWindow extends LiveWindow {
  /** Times of annotations, in seconds since 1970. */
  readonly marks: readonly number[];
}

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** By step of the window; undefined where there is nothing. */
  readonly values: readonly (number | undefined)[];
  readonly color: string;
  readonly isRight: boolean;
  readonly isBound: boolean;
  readonly unit: string;
}

export async function seriesOf(prometheus: Prometheus, panel: Panel, window: LiveWindow): Promise<Series[]> {
  const found: Series[] = [];
  for (const target of panel.targets ?? []) {
    const expr = substitute(target.expr, window);
    const samples =
      target.instant === true
        ? await prometheus.query(expr, window.to)
        : await prometheus.queryRange(expr, window.from, window.to, window.step);
    for (const sample of samples.toSorted(byLabels)) found.push(series(panel, target, sample, window, found.length));
  }
  return found;
}

function byLabels({ metric: a }: Sample, { metric: b }: Sample): number {
  return keyOf(a).localeCompare(keyOf(b));
}

function keyOf(labels: Sample['metric']): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .toSorted((a, b) => a.localeCompare(b))
    .join();
}

function series(panel: Panel, target: Target, { metric, values }: Sample, window: LiveWindow, at: number): Series {
  const name = (target.legendFormat ?? panel.title).replaceAll(
    /\{\{(\w+)\}\}/g,
    (_, label: string) => metric[label] ?? '',
  );
  const { defaults, overrides } = panel.fieldConfig ?? { defaults: {}, overrides: [] };
  const own = new Map(
    overrides
      .filter(({ matcher }) => new RegExp(matcher.options).test(name))
      .flatMap(({ properties }) => properties.map(({ id, value }) => [id, value] as const)),
  );
  const fixed = (own.get('color') as { fixedColor: string } | undefined)?.fixedColor;
  return {
    name,
    labels: metric,
    values: target.instant === true ? values.map(([, value]) => numberOf(value)) : grid(values, window),
    color: fixed === undefined ? classic(at) : colorOf(fixed),
    isRight: own.get('custom.axisPlacement') === 'right',
    isBound: own.has('custom.lineStyle'),
    unit: (own.get('unit') as string | undefined) ?? defaults.unit ?? 'short',
  };
}

function grid(values: Sample['values'], { from, to, step }: LiveWindow): (number | undefined)[] {
  const all: (number | undefined)[] = Array.from({ length: Math.floor((to - from) / step) + 1 });
  for (const [time, value] of values) all[Math.round((time - from) / step)] = numberOf(value);
  return all;
}

function numberOf(value: string): number | undefined {
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** When something begins that the annotations of a dashboard ask for. */
export async function marksOf(
  prometheus: Prometheus,
  { annotations }: Dashboard,
  window: LiveWindow,
): Promise<number[]> {
  const found: number[] = [];
  for (const { expr } of annotations.list ?? []) {
    if (expr === undefined) continue;
    const samples = await prometheus.queryRange(substitute(expr, window), window.from, window.to, window.step);
    for (const { values } of samples) {
      const begins = values.filter(([time], at) => time - (values[at - 1]?.[0] ?? -Infinity) > window.step * 1.5);
      found.push(...begins.map(([time]) => time));
    }
  }
  return found;
}

export function last(values: Series['values']): number | undefined {
  return values.findLast((value) => value !== undefined);
}
