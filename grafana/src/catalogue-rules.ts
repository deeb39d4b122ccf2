/**
 * Queries against the catalogue: what Prometheus answers with an empty result, and nobody sees.
 *
 * C1 Metrics, their labels and the values of closed labels exist.
 * C2 A counter is looked at by its growth, a gauge never.
 * C3 A histogram is looked at by its buckets with `le` kept, or by the sum or count of what it has seen.
 * C4 A thread is one of an instance: threads of one number in two of them are not put together.
 */
import * as catalogue from '../../src/observe/metrics/catalogue.ts';
import { labelsLeft, matchingLabels, selectorsOf, type Selector } from './promql.ts';

/** Metrics that are not cano's: of Prometheus itself, and of prom-client's process metrics. */
const FOREIGN: Readonly<Record<string, { readonly type: catalogue.MetricType; readonly labels: readonly string[] }>> = {
  up: { type: 'gauge', labels: [] },
  process_cpu_seconds_total: { type: 'counter', labels: [] },
  nodejs_eventloop_lag_p99_seconds: { type: 'gauge', labels: [] },
  nodejs_gc_duration_seconds: { type: 'histogram', labels: ['kind'] },
};

const METRICS: Readonly<
  Record<string, { readonly type: catalogue.MetricType; readonly labels: readonly string[] } | undefined>
> = { ...catalogue.CATALOGUE, ...catalogue.SERVER_CATALOGUE, ...FOREIGN };

/** Labels that Prometheus adds to whatever it scrapes. */
const OF_TARGET: ReadonlySet<string> = new Set(['job', 'instance']);
const GROWTH = new Set(['rate', 'increase', 'irate', 'resets']);
const OVER_TIME = new Set(['changes', 'avg_over_time', 'max_over_time', 'min_over_time', 'last_over_time']);

const REASONS: Readonly<Record<string, readonly string[]>> = {
  cano_node_failures_total: catalogue.FAILURE_REASONS,
  cano_thread_exits_total: catalogue.EXIT_REASONS,
  cano_scheduler_fires_total: catalogue.FIRE_REASONS,
  cano_scheduler_skips_total: catalogue.SKIP_REASONS,
};

/** The values that a label of a metric can have, where the catalogue closes them. */
function closedValues(metric: string, label: string): readonly string[] | undefined {
  switch (label) {
    case 'status':
      return metric === 'cano_node_visits_total' ? catalogue.VISIT_STATUSES : catalogue.RUN_STATUSES;
    case 'outcome':
      return metric === 'cano_node_transitions_total' ? undefined : catalogue.OUTCOMES;
    case 'phase':
      return catalogue.PHASES;
    case 'state':
      return catalogue.SCHEDULE_STATES;
    case 'code':
      return catalogue.WARNING_CODES;
    case 'level':
      return catalogue.LOG_LEVELS;
    case 'direction':
      return ['in', 'out'];
    case 'reason':
      return REASONS[metric];
    default:
      return undefined;
  }
}

/** The metric of the catalogue that a series belongs to, and which part of a histogram it is. */
function lookUp(
  series: string,
): { name: string; part: string; type: catalogue.MetricType; labels: readonly string[] } | undefined {
  const plain = METRICS[series];
  if (plain !== undefined) return { name: series, part: '', ...plain };
  const [, name = '', part = ''] = /^(.*)_(bucket|sum|count)$/.exec(series) ?? [];
  const histogram = METRICS[name];
  if (histogram?.type !== 'histogram') return undefined;
  return { name, part, type: 'histogram', labels: part === 'bucket' ? [...histogram.labels, 'le'] : histogram.labels };
}

/** Names of the catalogue's metrics in an expression. */
export function metricsIn(expr: string): string[] {
  return selectorsOf(expr).map(({ metric }) => lookUp(metric)?.name ?? metric);
}

/** What is wrong with an expression, as far as the catalogue tells. @param legend with `{{label}}` */
export function catalogueViolations(expr: string, legend?: string): string[] {
  const selectors = selectorsOf(expr);
  const all = selectors.flatMap(selectorViolations);
  const known = new Set([...OF_TARGET, ...selectors.flatMap(({ metric }) => lookUp(metric)?.labels ?? [])]);
  for (const label of matchingLabels(expr)) if (!known.has(label)) all.push(`no side has the label ${label}`);
  const left = labelsLeft(expr) ?? [...known];
  for (const [, label = ''] of (legend ?? '').matchAll(/\{\{(\w+)\}\}/g)) {
    if (!left.includes(label)) all.push(`the legend names ${label}, which the result does not have`);
  }
  return all;
}

function selectorViolations({ metric, matchers, around, isRange }: Selector): string[] {
  const found = lookUp(metric);
  if (found === undefined) return [`there is no metric ${metric}`];
  const { name, part, type, labels } = found;
  const violations: string[] = [];
  const has = (label: string): boolean => OF_TARGET.has(label) || labels.includes(label);
  for (const { label, operator, value } of matchers) {
    if (!has(label)) violations.push(`${metric} has no label ${label}`);
    const closed = closedValues(name, label);
    for (const each of operator.includes('~') ? value.split('|') : [value]) {
      if (closed !== undefined && !closed.includes(each)) violations.push(`${label} of ${name} is never '${each}'`);
    }
  }
  for (const { by = [] } of around) {
    for (const label of by) if (!has(label)) violations.push(`${metric} has no label ${label} to group by`);
    if (by.includes('thread') && !by.includes('instance'))
      violations.push(`${metric} is grouped by thread without the instance that the thread is of`);
  }
  const inner = around[0]?.name ?? '';
  const grows = type !== 'gauge';
  if (grows && !(isRange && GROWTH.has(inner))) violations.push(`${metric} only grows: look at it by rate or increase`);
  if (!grows && GROWTH.has(inner)) violations.push(`${metric} goes up and down: it has no ${inner}`);
  if (!grows && isRange && !GROWTH.has(inner) && !OVER_TIME.has(inner))
    violations.push(`${metric} over a time needs a function of one`);
  if (type === 'histogram' && part === '')
    violations.push(`${metric} is a histogram: look at its _bucket, _sum or _count`);
  const quantile = around.some(({ name: each }) => each === 'histogram_quantile');
  if (quantile && part !== 'bucket') violations.push(`${metric} is no histogram's _bucket: it has no quantiles`);
  if (part === 'bucket' && !around.some(({ by = [] }) => by.includes('le')))
    violations.push(`${metric} is summed without its le`);
  return violations;
}

/** Metrics of the catalogue that no query looks at. */
export function unusedMetrics(exprs: readonly string[]): string[] {
  const used = new Set(exprs.flatMap(metricsIn));
  return [...Object.keys(catalogue.CATALOGUE), ...Object.keys(catalogue.SERVER_CATALOGUE)].filter(
    (name) => !used.has(name),
  );
}
