/** Dashboards and rules as they are in the files: what the checks and the pictures look at. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const GRAFANA: string = fileURLToPath(new URL('..', import.meta.url));

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
  readonly datasource?: { readonly uid?: string };
}

export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Override {
  readonly matcher: { readonly id: string; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: GridPosition;
  readonly datasource?: { readonly uid?: string };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly min?: number;
      readonly max?: number;
      readonly decimals?: number;
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
      readonly custom?: { readonly stacking?: { readonly mode?: string } };
    };
    readonly overrides: readonly Override[];
  };
}

export interface Variable {
  readonly type: string;
  readonly name: string;
  readonly query: string | { readonly query: string };
  readonly refresh?: number;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description?: string;
  readonly editable: boolean;
  readonly refresh?: string;
  readonly tags: readonly string[];
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list?: readonly { readonly name: string; readonly expr?: string }[] };
}

export function readDashboards(folder: string = join(GRAFANA, 'dashboards')): Dashboard[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dashboard);
}

/** A query and where it stands. */
export interface Query {
  readonly where: string;
  readonly expr: string;
  readonly legend: string | undefined;
  readonly instant: boolean;
  /** Marks on a time axis: it may well have nothing to mark. */
  readonly mayBeEmpty: boolean;
}

export function queriesOf(dashboards: readonly Dashboard[]): Query[] {
  return dashboards.flatMap(({ uid, panels, annotations }) => [
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr, legendFormat, instant }) => ({
        where: `${uid} / ${title} / ${refId}`,
        expr,
        legend: legendFormat,
        instant: instant === true,
        mayBeEmpty: false,
      })),
    ),
    ...(annotations.list ?? []).flatMap(({ name, expr }) =>
      expr === undefined
        ? []
        : [{ where: `${uid} / annotation ${name}`, expr, legend: undefined, instant: false, mayBeEmpty: true }],
    ),
  ]);
}

/** What `label_values` of each variable asks for: the series, and the label. */
export function variableQueries(dashboards: readonly Dashboard[]): { where: string; expr: string; label: string }[] {
  return dashboards.flatMap(({ uid, templating }) =>
    templating.list.flatMap(({ type, name, query }) => {
      if (type !== 'query') return [];
      const text = typeof query === 'string' ? query : query.query;
      const [, expr = '', label = ''] = /^label_values\((.+), *(\w+)\)$/.exec(text) ?? [];
      return [{ where: `${uid} / variable ${name}`, expr, label }];
    }),
  );
}

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function readRules(folder: string = join(GRAFANA, 'prometheus/rules')): Rule[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yml'))
    .toSorted()
    .flatMap((file) => {
      const { groups } = parse(readFileSync(join(folder, file), 'utf8')) as { groups: { rules: Rule[] }[] };
      return groups.flatMap(({ rules }) => rules);
    });
}
