/**
 * Dashboards, rules and metrics against a real Prometheus that scrapes a real `cano serve` under load. Without Prometheus it
 * is skipped, unless CANO_NEED_PROMETHEUS is set, as it is where a push is checked.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { checkLive, summaryOf, type LiveResult, type LiveWindow } from '../../grafana/src/live.ts';
import { loadUntil } from '../../grafana/src/load.ts';
import { GRAFANA, readDashboards, type Dashboard } from '../../grafana/src/model.ts';
import { findPrometheus, HOW_TO_GET, Prometheus, type Binaries } from '../../grafana/src/prometheus.ts';
import { promtool } from '../../grafana/src/promtool.ts';
import { Serving } from '../../grafana/src/serving.ts';

/** On a machine that is busy with other things. */
const LIMIT_SECONDS = 60;

const found = findPrometheus();
const isNeeded = (process.env['CANO_NEED_PROMETHEUS'] ?? '') !== '';
const skip = found === undefined ? HOW_TO_GET : false;
const binaries = found as Binaries;

it('there is a Prometheus', { skip: isNeeded ? false : skip }, () => assert.ok(found !== undefined, HOW_TO_GET));

// Side by side: the load takes its time.
describe('dashboards and rules', { skip, concurrency: 2 }, () => {
  describe('promtool', () => {
    it('accepts the configuration and the rules', async () => {
      assert.deepEqual(await promtool(binaries, ['check', 'config']), []);
      assert.deepEqual(await promtool(binaries, ['check', 'rules']), []);
    });

    it('sees each alert fire when it must, and be quiet when it must be', async () => {
      assert.deepEqual(await promtool(binaries, ['test', 'rules']), []);
    });

    it('sees it when a threshold is changed', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'cano-rules-'));
      try {
        cpSync(join(GRAFANA, 'prometheus'), folder, { recursive: true });
        const file = join(folder, 'rules/cano-alerts.yml');
        const rules = readFileSync(file, 'utf8');
        const mutations = [
          ['> 300', '> 30000', 'CanoThreadStuck fires'],
          ['exit|uncaught_error|out_of_memory', 'exit|recycled', 'CanoThreadCrashLoop is quiet'],
          ['> 10.5\n', '> -1\n', 'CanoWorkflowFailureRatioHigh is quiet'],
          [' offset 1h', '', 'CanoNoRecentSuccess is quiet'],
        ] as const;
        writeFileSync(
          file,
          mutations.reduce((text, [from, to]) => text.replace(from, to), rules),
        );
        const [complaint = ''] = await promtool(binaries, ['test', 'rules'], '', folder);
        for (const [, , name] of mutations) assert.match(complaint, new RegExp(name));
        writeFileSync(file, rules.replace('sum by', 'sum of'));
        assert.equal((await promtool(binaries, ['check', 'rules'], '', folder)).length, 1);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });

  describe('the example under load', () => {
    const dashboards = readDashboards();
    let serving: Serving | undefined;
    let prometheus: Prometheus | undefined;
    let window: LiveWindow;

    let result: LiveResult;

    before(async () => {
      serving = await Serving.start();
      prometheus = await Prometheus.start({ binaries, target: serving.target, scrapeInterval: '1s' });
      const load = new AbortController();
      const loading = loadUntil(load.signal, serving);
      const from = Date.now() / 1_000;
      // What comes last is a fire that is left out while its schedule backs off: after some 15 s.
      do {
        await setTimeout(2_000);
        const to = Date.now() / 1_000;
        window = { from, to, step: 1, rateInterval: '5s', range: `${Math.ceil(to - from)}s` };
        result = await checkLive(prometheus, dashboards, window);
      } while (result.failures.length > 0 && window.to - from < LIMIT_SECONDS);
      load.abort();
      await loading;
    });
    after(async () => {
      await prometheus?.stop();
      await serving?.stop();
    });

    it('gives every query of every dashboard data, and all rules are healthy', (context) => {
      context.diagnostic(summaryOf(result));
      assert.deepEqual(result.failures, []);
      assert.ok(result.panels > 50 && result.queries > 80 && result.rules === 19, summaryOf(result));
    });

    it('gives metrics that promtool accepts', async () => {
      const metrics = await (serving as Serving).metrics();
      assert.deepEqual(await promtool(binaries, ['check', 'metrics'], metrics), []);
      const misnamed = metrics.replaceAll('cano_node_retries_total', 'cano_node_retries');
      assert.equal((await promtool(binaries, ['check', 'metrics'], misnamed)).length, 1);
    });

    it('finds a query that was changed for the worse', async () => {
      const pool = dashboards.find(({ uid }) => uid === 'cano-pool');
      for (const [from, to, failure] of [
        ['cano_pool_in_flight', 'cano_pool_inflight', /no data/],
        ['outcome)', 'outcome', /parse error/],
        ['\\"$job\\",', '\\"$job\\"', /parse error/],
        ['pool=~', 'pools=~', /no data/],
        [
          'sum by (pool, le) (rate(cano_pool_queue_seconds_bucket',
          'sum by (pool) (rate(cano_pool_queue_seconds_bucket',
          /no data/,
        ],
        ['rate(cano_pool_busy_seconds_total', 'rat(cano_pool_busy_seconds_total', /unknown function/],
        ['[$__rate_interval]', '', /expected type range vector/],
      ] as const) {
        const text = JSON.stringify([pool]);
        const mutated = text.replace(from, to);
        assert.notEqual(mutated, text, `${from} is not there`);
        const { failures } = await checkLive(prometheus as Prometheus, JSON.parse(mutated) as Dashboard[], window);
        // What the rest of the dashboards look at is not looked at here.
        const queries = failures.filter((each) => !each.startsWith('no panel'));
        assert.ok(queries.length > 0, `${from} → ${to} was not found`);
        assert.match(queries.join('\n'), failure);
      }
    });
  });
});
