/**
 * Dashboards of a service with two instances: what is a share of one thing is not made of two. Asked of promtool, over
 * series made for it; skipped without one, as grafana.test.ts is.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readDashboards, type Panel, type Target } from '../../grafana/src/model.ts';
import { findPrometheus, HOW_TO_GET, type Binaries } from '../../grafana/src/prometheus.ts';
import { promtool } from '../../grafana/src/promtool.ts';
import { substitute } from '../../grafana/src/promql.ts';

const found = findPrometheus();

/** Counters of an instance; each grows by three quarters of a second, or of a thing, per second. */
const COUNTERS = [
  'cano_workflow_runs_total{workflow="w",status="completed"}',
  'cano_workflow_runs_total{workflow="w",status="failed"}',
  'cano_node_attempts_total{workflow="w",node="n",outcome="ok"}',
  'cano_node_attempts_total{workflow="w",node="n",outcome="error"}',
  'cano_pool_busy_seconds_total{pool="p"}',
  'cano_pool_overhead_seconds_sum{pool="p"}',
  'cano_pool_exec_seconds_sum{pool="p"}',
  'cano_thread_busy_seconds_total{pool="p",thread="0"}',
  'cano_thread_cpu_seconds_total{pool="p",thread="0"}',
  'cano_event_loop_active_seconds_total{}',
  'cano_event_loop_idle_seconds_total{}',
  'process_cpu_seconds_total{}',
  'nodejs_gc_duration_seconds_sum{kind="major"}',
];
/** The heap of one is small and nearly full, that of the other large and empty. */
const HEAPS = [
  ['a:1', 490, 512],
  ['b:1', 100, 4_096],
] as const;

const input = HEAPS.flatMap(([instance, used, limit]) =>
  [
    ...COUNTERS.map((series) => [series, '0+11.25x40'] as const),
    ['cano_pool_threads_max{pool="p"}', '1x40'] as const,
    ['cano_thread_heap_used_bytes{pool="p",thread="0"}', `${used}x40`] as const,
    ['cano_thread_heap_limit_bytes{pool="p",thread="0"}', `${limit}x40`] as const,
  ].map(([series, values]) => ({
    series: series.replace('{', `{job="cano",instance="${instance}",`).replace(',}', '}'),
    values,
  })),
);

/** The unit in which a query is shown. */
function unitOf({ fieldConfig }: Panel, { legendFormat = '' }: Target): unknown {
  const own = fieldConfig?.overrides
    .filter(({ matcher }) => new RegExp(matcher.options).test(legendFormat))
    .flatMap(({ properties }) => properties)
    .find(({ id }) => id === 'unit');
  return own?.value ?? fieldConfig?.defaults.unit;
}

/** Queries of shares, and of CPU: a thread, and a process of these, use less than a core. */
const shares = readDashboards().flatMap(({ panels }) =>
  panels.flatMap((panel) =>
    (panel.targets ?? [])
      .filter((target) => panel.title === 'CPU' || unitOf(panel, target) === 'percentunit')
      .map(({ expr }) => substitute(expr, { rateInterval: '1m', range: '5m' })),
  ),
);
const heap = shares.find((expr) => expr.includes('heap_used')) ?? '';

// Of each test: a file whose suite is skipped as a whole has no test for the runner, which fails then.
const skip = found === undefined ? HOW_TO_GET : false;

describe('dashboards of two instances', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cano-instances-'));
    mkdirSync(join(folder, 'tests'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What promtool finds otherwise. */
  async function complaints(
    expected: readonly { readonly expr: string; readonly exp_samples: object[] }[],
  ): Promise<string> {
    const tests = [
      {
        interval: '15s',
        input_series: input,
        promql_expr_test: expected.map((each) => ({ ...each, eval_time: '5m' })),
      },
    ];
    // JSON is YAML.
    writeFileSync(join(folder, 'tests/instances.yml'), JSON.stringify({ evaluation_interval: '15s', tests }));
    return (await promtool(found as Binaries, ['test', 'rules'], '', folder)).join('\n');
  }

  it('show no share above 1, and no share is without data', { skip }, async () => {
    assert.ok(shares.length >= 14, shares.join('\n'));
    const expected = shares.flatMap((expr) => [`(${expr}) > 1`, `absent((${expr}) >= 0)`]);
    assert.equal(await complaints(expected.map((expr) => ({ expr, exp_samples: [] }))), '');
  });

  it('show the heap of each thread over its own limit', { skip }, async () => {
    const samples = HEAPS.map(([instance, used, limit]) => ({
      labels: `{instance="${instance}",pool="p",thread="0"}`,
      value: used / limit,
    }));
    assert.equal(await complaints([{ expr: heap, exp_samples: samples }]), '');
  });

  it('would show such shares if instances were not told apart', { skip }, async () => {
    const mixed = shares
      .filter((expr) => expr.includes('(instance, '))
      .map((expr) => expr.replaceAll('(instance, ', '('));
    const complaint = await complaints(mixed.map((expr) => ({ expr: `(${expr}) > 1`, exp_samples: [] })));
    for (const name of ['cano_thread_busy', 'cano_thread_cpu', 'nodejs_gc']) assert.match(complaint, new RegExp(name));
  });
});
