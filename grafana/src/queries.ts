/** PromQL as the dashboards need it: every query is of the chosen jobs and instances, and counters are looked at by rate only. */
const OURS = 'job=~"$job",instance=~"$instance"';

/** Matchers of the variables of a dashboard. */
export const WORKFLOW = 'workflow=~"$workflow"';
export const NODE = `${WORKFLOW},node=~"$node"`;
export const POOL = 'pool=~"$pool"';
export const SCHEDULE = 'schedule=~"$schedule"';

/** The series of a metric. */
export function of(metric: string, matchers = ''): string {
  return `${metric}{${OURS}${matchers === '' ? '' : `,${matchers}`}}`;
}

export function rate(metric: string, matchers = ''): string {
  return `rate(${of(metric, matchers)}[$__rate_interval])`;
}

/** Of a gauge, over the window of the rates that it is compared with: what is gone within it has a part in both. */
export function mean(metric: string, matchers = ''): string {
  return `avg_over_time(${of(metric, matchers)}[$__rate_interval])`;
}

/** How much a counter of rare things has grown: whole things, so it is rounded. */
export function grown(by: string, metric: string, matchers = '', range = '$__rate_interval'): string {
  return `round(sum by (${by}) (increase(${of(metric, matchers)}[${range}])))`;
}

export function sum(expr: string, by?: string): string {
  return by === undefined ? `sum(${expr})` : `sum by (${by}) (${expr})`;
}

/** @param metric a histogram */
export function quantile(q: number, metric: string, matchers = '', by?: string): string {
  return `histogram_quantile(${q}, ${sum(rate(`${metric}_bucket`, matchers), by === undefined ? 'le' : `${by}, le`)})`;
}

/** p50, p95 and p99 of a histogram, as queries with these names. */
export function percentiles(metric: string, matchers = ''): { readonly expr: string; readonly legend: string }[] {
  return [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, metric, matchers), legend: `p${Math.round(q * 100)}` }));
}

/** Shares of its time that the main thread's event loop was not idle, by instance. */
export function mainLoopBusy(): string {
  const active = sum(rate('cano_event_loop_active_seconds_total'), 'instance');
  return share(active, `(${active} + ${sum(rate('cano_event_loop_idle_seconds_total'), 'instance')})`);
}

export function busiestMainLoop(): string {
  return `max(${mainLoopBusy()})`;
}

/** Shares of a whole: sums are divided, never shares averaged. */
export function share(part: string, whole: string): string {
  return `${part} / ${whole}`;
}
