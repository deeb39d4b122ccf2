/** The dashboards as they are committed: generated, valid, in line with the catalogue. Each rule is shown to fail as well. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { catalogueViolations, unusedMetrics } from '../../../grafana/src/catalogue-rules.ts';
import { generated, outdated } from '../../../grafana/src/generate.ts';
import { lint } from '../../../grafana/src/lint.ts';
import { UNUSED } from '../../../grafana/src/live.ts';
import {
  GRAFANA,
  queriesOf,
  readDashboards,
  readRules,
  type Dashboard,
  type Panel,
} from '../../../grafana/src/model.ts';
import { syntaxErrors } from '../../../grafana/src/promql.ts';

const dashboards = readDashboards();

/** What is wrong with a copy of a dashboard with something changed. */
function changed(change: (text: string) => string, of = 'cano-overview'): string[] {
  const text = JSON.stringify(dashboards.find(({ uid }) => uid === of));
  const after = change(text);
  assert.notEqual(after, text, 'nothing was changed');
  return lint(JSON.parse(after) as Dashboard);
}

function assertSome(violations: readonly string[], pattern: RegExp): void {
  assert.ok(
    violations.some((each) => pattern.test(each)),
    `${pattern} is not among:\n${violations.join('\n')}`,
  );
}

describe('generated files', () => {
  it('are what is committed', () => {
    assert.deepEqual(outdated(), [], 'run npm run grafana');
    assert.deepEqual(
      dashboards.map(({ uid }) => uid),
      ['benchmark', 'overview', 'pool', 'scheduler', 'workflow'].map((name) => `cano-${name}`),
    );
  });

  it('name every metric in METRICS.md, with its type and labels', () => {
    const page = generated().get('METRICS.md') ?? '';
    assert.match(page, /^\| `cano_node_failures_total` \| counter \| `workflow` `node` `reason` \| .*out_of_memory/m);
    assert.match(page, /^\| `cano_pool_queue_seconds` \| histogram \(wait\) \| `pool` \|/m);
    assert.equal([...page.matchAll(/^\| `cano_/gm)].length, new Set(page.match(/^\| `cano_\w+`/gm)).size);
    for (const name of unusedMetrics([])) assert.ok(page.includes(`| \`${name}\` |`), `${name} is missing`);
  });
});

describe('dashboards', () => {
  it('keep all rules', () => assert.deepEqual(dashboards.flatMap(lint), []));

  it('and alerts look at every metric, but for those with a reason', () => {
    const unused = unusedMetrics([...queriesOf(dashboards), ...readRules()].map(({ expr }) => expr));
    assert.deepEqual(unused, Object.keys(UNUSED));
  });

  it('show nothing of another job or instance', () => {
    assertSome(
      changed((text) => text.replace('_active{job=~\\"$job\\",', '_active{')),
      /is not of the chosen job/,
    );
    assertSome(
      changed((text) =>
        text.replace('instance=~\\"$instance\\",workflow=~\\"$workflow\\"})', 'workflow=~\\"$workflow\\"})'),
      ),
      /is not of the chosen instance/,
    );
  });

  it('are refused when a query is changed for the worse', () => {
    const mutations: readonly (readonly [from: string, to: string, pattern: RegExp])[] = [
      ['cano_workflow_runs_total{', 'cano_workflow_run_total{', /there is no metric cano_workflow_run_total/],
      ['(rate(cano_workflow_runs_total{', '((cano_workflow_runs_total{', /only grows/],
      ['\\"$job\\",instance', '\\"$job\\" instance', /syntax error/],
      ['workflow=~', 'workflows=~', /has no label workflows/],
      ['status=\\"completed\\"', 'status=\\"complete\\"', /is never 'complete'/],
      ['sum by (status)', 'sum by (state)', /has no label state to group by/],
      ['{{status}}', '{{state}}', /legend names state/],
      ['sum by (le)', 'sum by (workflow)', /without its le/],
      ['_seconds_bucket{', '_seconds_count{', /it has no quantiles/],
      ['_seconds_bucket{', '_seconds{', /is a histogram/],
      ['[$__rate_interval]', '[5m]', /does not follow the resolution/],
      ['$__rate_interval', '$__rate_intervall', /syntax error|unknown variable/],
      ['sum(cano_workflow_runs_active{', 'sum(rate(cano_workflow_runs_active{', /syntax error|goes up and down/],
    ];
    for (const [from, to, pattern] of mutations)
      assertSome(
        changed((text) => text.replace(from, to)),
        pattern,
      );
    assertSome(
      changed((text) => text.replaceAll('instance, pool, thread', 'pool, thread'), 'cano-pool'),
      /is grouped by thread without the instance/,
    );
  });

  it('say what they show', () => {
    assertSome(
      changed((text) => text.replace(/"description":"Runs that[^"]*"/, '"description":""')),
      /it has no description/,
    );
    assertSome(
      changed((text) => text.replaceAll('"unit":"reqps"', '"unit":""')),
      /it has no unit/,
    );
    assertSome(
      changed((text) => text.replace('"legendFormat":"{{status}}",', '')),
      /its series have no names/,
    );
    assertSome(
      changed((text) => text.replaceAll('${datasource}', 'abc')),
      /data source is not the chosen one/,
    );
    assertSome(
      changed((text) => text.replace('"editable":false', '"editable":true')),
      /it can be edited/,
    );
    assertSome(
      changed((text) => text.replace('"refresh":2', '"refresh":1')),
      /does not follow the time range/,
    );
    assertSome(
      changed((text) => text.replaceAll('"name":"instance"', '"name":"host"')),
      /there is no variable instance/,
    );
    assertSome(
      changed((text) => text.replaceAll('}, workflow)', '}, workflows)')),
      /variable workflow: .* workflows/,
    );
  });

  it('lie side by side', () => {
    const moved = (change: Partial<Panel['gridPos']>): string[] => {
      const [first, second, ...more] = (dashboards[0] as Dashboard).panels.filter(({ type }) => type !== 'row');
      const there = { ...(second as Panel), gridPos: { ...(second as Panel).gridPos, ...change } };
      return lint({ ...(dashboards[0] as Dashboard), panels: [first as Panel, there, ...more] });
    };
    assert.deepEqual(moved({}), []);
    assertSome(moved({ x: 2 }), /lies on/);
    assertSome(moved({ x: 22 }), /reaches out of the 24 columns/);
    const [panel] = (dashboards[0] as Dashboard).panels;
    assertSome(
      lint({ ...(dashboards[0] as Dashboard), panels: [panel as Panel, panel as Panel] }),
      /ids are not unique/,
    );
  });
});

describe('rules', () => {
  const rules = readRules();

  it('are in line with the catalogue', () => {
    for (const { alert, record, expr } of rules) {
      assert.deepEqual([...syntaxErrors(expr), ...catalogueViolations(expr)], [], alert ?? record);
    }
  });

  it('have names that say level, metric and operation', () => {
    for (const { record } of rules) if (record !== undefined) assert.match(record, /^[a-z]+:cano_[a-z_]+:[a-z0-9_]+$/);
  });

  it('are twelve alerts, each with severity, text, and a section on what to do', () => {
    const alerts = rules.filter(({ alert }) => alert !== undefined);
    assert.equal(alerts.length, 12);
    const page = readFileSync(join(GRAFANA, 'ALERTS.md'), 'utf8');
    for (const { alert = '', labels, annotations } of alerts) {
      assert.match(alert, /^Cano[A-Z]\w+$/);
      assert.match(labels?.['severity'] ?? '', /^(critical|warning|info)$/, alert);
      assert.ok((annotations?.['summary'] ?? '') !== '' && (annotations?.['description'] ?? '') !== '', alert);
      assert.equal(annotations?.['runbook'], `ALERTS.md#${alert.toLowerCase()}`);
      assert.ok(page.includes(`\n## ${alert}\n`), `ALERTS.md has no section ${alert}`);
    }
  });

  it('and their unit tests have each alert fire, and stay quiet', () => {
    const folder = join(GRAFANA, 'prometheus/tests');
    const tests = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n');
    for (const { alert } of rules) {
      if (alert === undefined) continue;
      const cases = new Set(
        [...tests.matchAll(new RegExp(`alertname: ${alert}\\n +exp_alerts:(.*)`, 'g'))].map(([, rest]) => rest),
      );
      assert.ok(cases.has(''), `${alert} never fires`);
      assert.ok(cases.has(' []'), `${alert} is never quiet`);
    }
  });
});
