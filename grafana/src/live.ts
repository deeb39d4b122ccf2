/** Asks a real Prometheus every query of the dashboards and rules, and says what does not give data. */
import { unusedMetrics } from './catalogue-rules.ts';
import { queriesOf, readRules, variableQueries, type Dashboard, type Query } from './model.ts';
import type { Prometheus, Sample } from './prometheus.ts';
import { substitute, type Windows } from './promql.ts';

/** Queries that may be empty, and when; the reason is printed. */
const ABSENT: readonly { readonly metric: string; readonly reason: string; readonly holds: boolean }[] = [
  {
    metric: 'cano_thread_cpu_seconds_total',
    reason: 'this Node does not tell the CPU time of threads; 22.19 and newer do',
    holds: typeof (process as { threadCpuUsage?: unknown }).threadCpuUsage !== 'function',
  },
];

/** Metrics that are for other uses than panels and alerts. */
export const UNUSED: Readonly<Record<string, string>> = {
  cano_build_info: 'the variables job and instance are made of it',
  cano_pool_threads_busy: 'a sample of one moment: panels show busy seconds, which miss nothing',
  cano_server_event_clients: 'for who looks into a server that is slow',
  cano_server_event_clients_dropped_total: 'for who looks into a server that is slow',
  cano_server_runs_forgotten_total: 'for who sets server.history',
};

export interface LiveWindow extends Windows {
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

export interface LiveResult {
  readonly panels: number;
  readonly queries: number;
  readonly variables: number;
  readonly rules: number;
  readonly failures: readonly string[];
  /** What is empty as it should be, with the reason. */
  readonly absent: readonly string[];
}

export async function checkLive(
  prometheus: Prometheus,
  dashboards: readonly Dashboard[],
  window: LiveWindow,
): Promise<LiveResult> {
  const failures: string[] = [];
  const absent: string[] = [];
  const queries = queriesOf(dashboards);
  for (const query of queries) {
    const failure = await failureOf(prometheus, query, window);
    if (failure === undefined) continue;
    const excuse = ABSENT.find(({ metric, holds }) => holds && query.expr.includes(metric));
    if (excuse === undefined || failure !== NO_DATA) failures.push(`${query.where}: ${failure}: ${query.expr}`);
    else absent.push(`${query.where}: ${excuse.reason}`);
  }
  const variables = variableQueries(dashboards);
  for (const { where, expr, label } of variables) {
    try {
      const values = await prometheus.labelValues(label, substitute(expr, window));
      if (values.length === 0) failures.push(`${where}: no values: ${expr}`);
    } catch (error) {
      failures.push(`${where}: ${(error as Error).message}: ${expr}`);
    }
  }
  const rules = await prometheus.rules();
  for (const { name, health, lastError } of rules) {
    if (health !== 'ok') failures.push(`rule ${name} is ${health}: ${lastError ?? ''}`);
  }
  const unused = unusedMetrics([...queries, ...readRules()].map(({ expr }) => expr));
  for (const name of unused) if (!(name in UNUSED)) failures.push(`no panel and no alert looks at ${name}`);
  for (const name of Object.keys(UNUSED)) if (!unused.includes(name)) failures.push(`${name} is used after all`);
  const panels = dashboards.flatMap(({ panels: all }) => all.filter(({ type }) => type !== 'row')).length;
  return { panels, queries: queries.length, variables: variables.length, rules: rules.length, failures, absent };
}

const NO_DATA = 'no data';

async function failureOf(prometheus: Prometheus, query: Query, window: LiveWindow): Promise<string | undefined> {
  const expr = substitute(query.expr, window);
  try {
    const samples = query.instant
      ? await prometheus.query(expr, window.to)
      : await prometheus.queryRange(expr, window.from, window.to, window.step);
    return query.mayBeEmpty || samples.some(hasNumber) ? undefined : NO_DATA;
  } catch (error) {
    return (error as Error).message;
  }
}

/** NaN is what a quotient of nothing by nothing is: an empty panel. */
function hasNumber({ values }: Sample): boolean {
  return values.some(([, value]) => Number.isFinite(Number(value)));
}

export function summaryOf({ panels, queries, variables, rules, failures, absent }: LiveResult): string {
  return [
    `${panels} panels, ${queries} queries, ${variables} variables, ${rules} rules: ${failures.length} failures`,
    ...absent.map((each) => `empty as it should be: ${each}`),
    ...failures.map((each) => `FAILED ${each}`),
  ].join('\n');
}
