/**
 * Rules that a dashboard keeps, in the manner of Grafana's own linter.
 *
 * L1 Every query is of the chosen job and instance, and of the data source that is chosen.
 * L2 Panels say what they show: title, description, unit, names of series.
 * L3 Panels are inside of the 24 columns and on top of nothing.
 */
import { catalogueViolations } from './catalogue-rules.ts';
import type { Dashboard, Panel, Target } from './model.ts';
import { selectorsOf, syntaxErrors } from './promql.ts';

const SOURCE = '${datasource}';
const COLUMNS = 24;

/** Everything wrong with a dashboard, with the panel that it is in. */
export function lint(dashboard: Dashboard): string[] {
  const { panels } = dashboard;
  return [
    ...frame(dashboard),
    ...variables(dashboard),
    ...geometry(panels),
    ...panels.flatMap((panel) => panelViolations(panel).map((text) => `${panel.title}: ${text}`)),
  ].map((text) => `${dashboard.uid} / ${text}`);
}

function frame({ uid, description, editable, tags, refresh, annotations }: Dashboard): string[] {
  const violations: string[] = [];
  if (!/^cano-[a-z]+$/.test(uid)) violations.push(`the uid is not cano-…: ${uid}`);
  if ((description ?? '') === '') violations.push('it has no description');
  if (editable) violations.push('it can be edited, and what is edited is lost at the next start');
  if (!tags.includes('cano')) violations.push('it has not the tag that the others link to');
  if (refresh === undefined) violations.push('it does not refresh');
  for (const { name, expr = '' } of annotations.list ?? []) {
    violations.push(
      ...[...syntaxErrors(expr), ...catalogueViolations(expr)].map((text) => `annotation ${name}: ${text}`),
    );
  }
  return violations;
}

function variables({ templating: { list } }: Dashboard): string[] {
  const violations: string[] = [];
  for (const name of ['datasource', 'job', 'instance']) {
    if (!list.some((variable) => variable.name === name)) violations.push(`there is no variable ${name}`);
  }
  for (const { type, name, query, refresh, multi, includeAll, allValue } of list) {
    if (type !== 'query') continue;
    if (refresh !== 2) violations.push(`variable ${name} does not follow the time range`);
    if (multi !== true || includeAll !== true || allValue !== '.+')
      violations.push(`variable ${name} has not All, or not as '.+'`);
    const text = typeof query === 'string' ? query : query.query;
    const [, series, label] = /^label_values\((.+), *(\w+)\)$/.exec(text) ?? [];
    if (series === undefined || label === undefined) {
      violations.push(`variable ${name} is not made by label_values`);
      continue;
    }
    // As if it were summed by that label: so the label must be one of the metric.
    const asked = `sum by (${label}) (rate(${series}[5m]))`;
    violations.push(
      ...[...syntaxErrors(series), ...catalogueViolations(asked).filter((each) => !each.includes('has no rate'))].map(
        (text2) => `variable ${name}: ${text2}`,
      ),
    );
  }
  return violations;
}

function geometry(panels: readonly Panel[]): string[] {
  const violations: string[] = [];
  const ids = panels.map(({ id }) => id);
  if (new Set(ids).size < ids.length || ids.includes(0)) violations.push(`ids are not unique: ${ids.join(' ')}`);
  panels.forEach(({ title, gridPos: { x, y, w, h } }, at) => {
    if (x < 0 || w < 1 || h < 1 || x + w > COLUMNS) violations.push(`${title} reaches out of the ${COLUMNS} columns`);
    for (const other of panels.slice(at + 1)) {
      const { x: x2, y: y2, w: w2, h: h2 } = other.gridPos;
      if (x < x2 + w2 && x2 < x + w && y < y2 + h2 && y2 < y + h) violations.push(`${title} lies on ${other.title}`);
    }
  });
  return violations;
}

function panelViolations(panel: Panel): string[] {
  if (panel.type === 'row') return panel.title === '' ? ['a row without a title'] : [];
  const { title, description = '', datasource, targets = [], fieldConfig, type } = panel;
  const violations: string[] = [];
  if (title === '') violations.push('it has no title');
  if (description === '') violations.push('it has no description');
  if (datasource?.uid !== SOURCE) violations.push('its data source is not the chosen one');
  if ((fieldConfig?.defaults.unit ?? '') === '') violations.push('it has no unit');
  if (targets.length === 0) violations.push('it has no query');
  if (new Set(targets.map(({ refId }) => refId)).size < targets.length) violations.push('two queries have one refId');
  for (const target of targets) {
    violations.push(...queryViolations(target, type).map((text) => `${target.refId}: ${text}`));
  }
  return violations;
}

function queryViolations({ expr, legendFormat, datasource }: Target, type: string): string[] {
  const violations = syntaxErrors(expr);
  // What is not understood would only be misunderstood by the rest.
  if (violations.length > 0) return violations;
  if (datasource?.uid !== SOURCE) violations.push('its data source is not the chosen one');
  if (type !== 'stat' && (legendFormat ?? '') === '') violations.push('its series have no names');
  for (const { metric, matchers } of selectorsOf(expr)) {
    for (const label of ['job', 'instance']) {
      if (!matchers.some((each) => each.label === label && each.operator === '=~' && each.value === '.+'))
        violations.push(`${metric} is not of the chosen ${label}`);
    }
  }
  for (const [, range = ''] of expr.matchAll(/\[([^\]]+)\]/g)) {
    if (range !== '$__rate_interval' && range !== '$__range')
      violations.push(`a range of ${range} does not follow the resolution: $__rate_interval`);
  }
  violations.push(...catalogueViolations(expr, legendFormat));
  return violations;
}
