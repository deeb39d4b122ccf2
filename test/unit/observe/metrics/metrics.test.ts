/** What the exporter says, against a count by hand of the same runs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as client from 'prom-client';
import type { RunEvent } from '../../../../src/core/events.ts';
import { branchFor, join, NonRetryableError, QueueFullError, retry, Workflow } from '../../../../src/index.ts';
import { prometheusExporter, prometheusExporterWith } from '../../../../src/prometheus.ts';
import { readExposition, type Exposition } from '../../../support/exposition.ts';
import { createEngineWith } from '../../../../src/orchestrator/engine.ts';
import { batchNode, inlineEngine, newStore, node, workflowOf, type TestStore } from '../../orchestrator/harness.ts';

type State = 'Fetch' | 'Each' | 'Split' | 'Done' | 'Lost';

/** One of everything: retries, a batch with a bad item, branches of which one loses, a failure that is routed. */
function everything(): Workflow<State, TestStore, never, 'Done' | 'Lost'> {
  let calls = 0;
  const fetch = node({
    name: 'fetch',
    outcomes: ['Each'],
    retry: retry.fixed({ retries: 2, delay: 100 }),
    exec: (_input: undefined, ctx) => {
      ctx.counter('calls').add(2);
      ctx.log.warn('called');
      calls += 1;
      if (calls % 3 !== 0) throw new Error('not yet');
      return calls;
    },
  });
  const each = batchNode({
    name: 'each',
    outcomes: ['Split'],
    onItemError: 'collect',
    retry: retry.none(),
    prep: () => [1, 2, 3, 4],
    exec: (item: number) => {
      if (item === 2) throw new NonRetryableError('not two');
      return item;
    },
    post: () => 'Split' as const,
  });
  const branch = branchFor<TestStore>();
  return new Workflow<State, TestStore>('everything', 'Fetch')
    .registerNode('Fetch', fetch)
    .registerNode('Each', each)
    .registerSplit(
      'Split',
      {
        branches: {
          left: branch({ name: 'left', prep: () => 1, exec: () => 1 }),
          right: branch({
            name: 'right',
            prep: () => 1,
            retry: retry.none(),
            exec: () => Promise.reject(new Error('no')),
          }),
        },
        join: join.all(),
        outcomes: ['Done'],
        post: () => 'Done' as const,
      },
      undefined,
      { onFailure: 'Lost' },
    )
    .addExitStates('Done', 'Lost');
}

const render = async (exporter: { render(): Promise<string> }): Promise<Exposition> =>
  readExposition(await exporter.render());

/** Counts events without any of the code under test. */
function count(events: readonly RunEvent[], matches: (event: RunEvent) => boolean): number {
  return events.filter(matches).length;
}

describe('metrics of runs', () => {
  it('are what a count of the events gives', async () => {
    const { engine, clock } = inlineEngine();
    const exporter = prometheusExporterWith({ client, engine }, clock);
    const events: RunEvent[] = [];
    engine.listen((event) => events.push(event as RunEvent));
    for (let run = 0; run < 3; run += 1) await clock.until(engine.start(everything(), newStore()).result);
    const read = await render(exporter);
    const workflow = 'everything';
    assert.equal(read.value('cano_workflow_runs_started_total', { workflow }), 3);
    assert.equal(read.value('cano_workflow_runs_total', { workflow, status: 'completed' }), 3);
    assert.equal(read.value('cano_workflow_runs_active', { workflow }), 0);
    for (const name of ['fetch', 'each', 'left', 'right']) {
      for (const outcome of ['ok', 'error', 'timeout', 'cancelled', 'crash']) {
        const expected = count(
          events,
          (event) => event.type === 'exec.finished' && event.node === name && event.outcome === outcome,
        );
        assert.equal(
          read.value('cano_node_attempts_total', { workflow, node: name, outcome }),
          expected,
          `${name} ${outcome}`,
        );
      }
    }
    assert.equal(read.value('cano_node_attempts_total', { workflow, node: 'fetch', outcome: 'error' }), 6);
    assert.equal(read.value('cano_node_attempts_total', { workflow, node: 'each', outcome: 'ok' }), 9);
    assert.equal(read.value('cano_node_retries_total', { workflow, node: 'fetch' }), 6);
    assert.equal(read.value('cano_node_failures_total', { workflow, node: 'each', reason: 'error' }), 3);
    assert.equal(read.value('cano_node_visits_total', { workflow, node: 'Split', status: 'failed' }), 3);
    assert.equal(read.value('cano_node_visits_total', { workflow, node: 'fetch', status: 'completed' }), 3);
    assert.equal(read.value('cano_node_transitions_total', { workflow, node: 'each', outcome: 'Split' }), 3);
    assert.equal(read.value('cano_node_transitions_total', { workflow, node: 'Split', outcome: 'failed' }), 3);
    assert.equal(read.value('cano_node_counts_total', { workflow, node: 'fetch', counter: 'calls' }), 18);
    assert.equal(read.value('cano_log_lines_total', { workflow, level: 'warn' }), 9);
    assert.equal(read.value('cano_node_exec_duration_seconds_count', { workflow, node: 'each' }), 12);
    assert.equal(read.value('cano_node_phase_seconds_total', { workflow, node: 'fetch', phase: 'backoff' }), 0.6);
  });

  it('begin at 0 for what a workflow declares, at its first run or before', async () => {
    const { engine, clock } = inlineEngine();
    const exporter = prometheusExporter({ client, engine, workflows: [everything()] });
    const before = await render(exporter);
    assert.equal(before.value('cano_node_transitions_total', { node: 'each', outcome: 'Split' }), 0);
    assert.equal(before.value('cano_workflow_runs_total', { workflow: 'everything', status: 'failed' }), 0);
    assert.equal(before.value('cano_workflow_last_success_timestamp_seconds'), undefined, 'there was none');

    const other = new Workflow<'A' | 'B' | 'Done', TestStore>('other', 'A')
      .registerNode('A', node({ name: 'a', outcomes: ['Done', 'B'], exec: () => 1, post: () => 'Done' as const }))
      .registerNode('B', node({ name: 'b', outcomes: ['Done'], exec: () => 1 }))
      .addExitStates('Done');
    await clock.until(engine.start(other, newStore()).result);
    const after = await render(exporter);
    assert.equal(after.value('cano_node_attempts_total', { workflow: 'other', node: 'b', outcome: 'ok' }), 0);
    assert.equal(after.value('cano_node_transitions_total', { workflow: 'other', node: 'a', outcome: 'B' }), 0);
    assert.equal(after.value('cano_node_transitions_total', { workflow: 'other', node: 'a', outcome: 'Done' }), 1);
  });

  it('tell runs under way, also those that had begun before, and the seconds they have taken', async () => {
    const { engine, clock } = inlineEngine();
    const gates: (() => void)[] = [];
    const wait = node({
      name: 'wait',
      outcomes: ['Done'],
      exec: () => new Promise<number>((resolve) => gates.push(() => resolve(1))),
    });
    const early = engine.start(workflowOf(wait), newStore());
    await clock.advance(2_000);
    const exporter = prometheusExporterWith({ client, engine }, clock);
    const late = engine.start(workflowOf(wait), newStore());
    await clock.flush();
    const seconds = 'cano_workflow_run_active_seconds_total';
    const during = await render(exporter);
    assert.equal(during.value('cano_workflow_runs_active', { workflow: 'test' }), 2);
    assert.equal(during.value(seconds, { workflow: 'test' }), 2);
    await clock.advance(3_000);
    assert.equal((await render(exporter)).value(seconds, { workflow: 'test' }), 8);
    await clock.advance(500);
    late.cancel();
    await clock.until(late.result.catch(() => {}));
    // 5.5 of the one, 3.5 of the other, which has ended; nobody has looked at it since.
    assert.equal((await render(exporter)).value(seconds, { workflow: 'test' }), 9);
    await clock.advance(1_000);
    assert.equal((await render(exporter)).value(seconds, { workflow: 'test' }), 10, 'only one is under way');
    await clock.advance(1_000);
    for (const gate of gates) gate();
    await clock.until(early.result);
    const read = await render(exporter);
    assert.equal(read.value('cano_workflow_runs_active', { workflow: 'test' }), 0);
    assert.equal(read.value(seconds, { workflow: 'test' }), 11, 'its last second was not looked at');
    assert.equal(read.value('cano_workflow_runs_started_total', { workflow: 'test' }), 2, 'as many have ended');
    assert.equal(read.value('cano_node_visits_total', { node: 'wait', status: 'cancelled' }), 1);
    assert.equal(read.value('cano_node_visits_total', { node: 'wait', status: 'completed' }), 1);
  });

  it('count all seconds of a run that had begun before what was counted last', async () => {
    const { engine, clock } = inlineEngine();
    const other = createEngineWith({ inline: true }, { clock, random: () => 0.5 });
    const gates: (() => void)[] = [];
    const wait = node({
      name: 'wait',
      outcomes: ['Done'],
      exec: () => new Promise<number>((resolve) => gates.push(() => resolve(1))),
    });
    const runs = [engine, other].map((each) => each.start(workflowOf(wait), newStore()));
    await clock.flush();
    const exporter = prometheusExporterWith({ client, engine }, clock);
    await clock.advance(4_000);
    const seconds = 'cano_workflow_run_active_seconds_total';
    assert.equal((await render(exporter)).value(seconds, { workflow: 'test' }), 4);
    exporter.observe({ engine: other });
    assert.equal((await render(exporter)).value(seconds, { workflow: 'test' }), 8);
    for (const gate of gates) gate();
    await clock.until(Promise.all(runs.map(({ result }) => result)));
    assert.equal((await render(exporter)).value(seconds, { workflow: 'test' }), 8);
  });

  it('tell those that wait for room, and those that were refused', async () => {
    const { engine, clock } = inlineEngine({ maxRuns: 1, whenFull: 'wait' });
    const exporter = prometheusExporterWith({ client, engine }, clock);
    const gates: (() => void)[] = [];
    const wait = node({
      name: 'wait',
      outcomes: ['Done'],
      exec: () => new Promise<number>((resolve) => gates.push(() => resolve(1))),
    });
    const runs = [1, 2, 3].map(() => engine.start(workflowOf(wait), newStore()));
    await clock.flush();
    const late = await render(prometheusExporterWith({ client, engine }, clock));
    assert.equal(late.value('cano_workflow_runs_active', { workflow: 'test' }), 1, 'the others have not begun');
    const read = await render(exporter);
    assert.equal(read.value('cano_workflow_runs_pending', { workflow: 'test' }), 2);
    assert.equal(read.value('cano_workflow_runs_active', { workflow: 'test' }), 1);
    assert.equal(read.value('cano_pool_runs_limit', { pool: 'default' }), 1);
    assert.equal(read.value('cano_pool_runs_under_way', { pool: 'default' }), 1);
    for (const run of runs) run.cancel();
    await clock.until(Promise.allSettled(runs.map(({ result }) => result)));
    assert.equal((await render(exporter)).value('cano_workflow_runs_pending', { workflow: 'test' }), 0);

    const full = inlineEngine({ maxRuns: 1, name: 'full' });
    exporter.observe({ engine: full.engine });
    const first = full.engine.start(workflowOf(wait), newStore());
    assert.throws(() => full.engine.start(workflowOf(wait), newStore()), QueueFullError);
    assert.equal((await render(exporter)).value('cano_pool_runs_rejected_total', { pool: 'full' }), 1);
    first.cancel();
    await full.clock.until(first.result.catch(() => {}));
  });
});

describe('the exporter', () => {
  it('counts two engines in one registry, each once, however often it is told of them', async () => {
    const one = inlineEngine({ name: 'one' });
    const two = inlineEngine({ name: 'two' });
    const exporter = prometheusExporter({ client, engine: one.engine });
    exporter.observe({ engine: two.engine });
    exporter.observe({ engine: two.engine });
    const quick = node({ name: 'quick', outcomes: ['Done'], exec: () => 1 });
    await one.clock.until(one.engine.start(workflowOf(quick), newStore()).result);
    await two.clock.until(two.engine.start(workflowOf(quick), newStore()).result);
    const read = await render(exporter);
    assert.equal(read.value('cano_workflow_runs_total', { workflow: 'test', status: 'completed' }), 2);
    assert.deepEqual(
      read.samples.filter(({ name }) => name === 'cano_pool_threads_max').map(({ labels }) => labels['pool']),
      ['one', 'two'],
    );
  });

  it('folds the 10,000 names of a program that makes them up, and counts all the same', async () => {
    const { engine, clock } = inlineEngine();
    const exporter = prometheusExporter({ client, engine, maxLabelValues: 50 });
    const chatty = node({
      name: 'chatty',
      outcomes: ['Done'],
      exec: (_input: undefined, ctx) => {
        for (let n = 0; n < 10_000; n += 1) ctx.counter(`user ${n}`).add(1);
        return 1;
      },
    });
    await clock.until(engine.start(workflowOf(chatty), newStore()).result);
    const read = await render(exporter);
    const counters = read.samples.filter(({ name }) => name === 'cano_node_counts_total');
    assert.equal(counters.length, 51);
    assert.equal(read.sum('cano_node_counts_total'), 10_000);
    assert.equal(read.value('cano_node_counts_total', { counter: '__other__' }), 9_950);
    assert.equal(read.value('cano_metrics_dropped_label_values_total', { label: 'counter' }), 9_950);
  });

  it('escapes names that would break the format', async () => {
    const { engine, clock } = inlineEngine();
    const exporter = prometheusExporter({ client, engine });
    const name = 'a"b\\c\nd,e="f"}';
    await clock.until(engine.start(workflowOf(node({ name, outcomes: ['Done'], exec: () => 1 })), newStore()).result);
    const read = await render(exporter);
    const found = read.samples.find(({ name: metric }) => metric === 'cano_node_retries_total');
    assert.equal(found?.labels['node'], 'a\\"b\\\\c\\nd,e=\\"f\\"}');
  });

  it('stays out of the global registry, and can share one of the user', async () => {
    const registry = new client.Registry();
    registry.setDefaultLabels({ app: 'mine' });
    const own = new client.Counter({ name: 'own_total', help: 'Own.', registers: [registry] });
    own.inc();
    const { engine } = inlineEngine();
    const exporter = prometheusExporter({ client, registry, engine });
    const read = await render(exporter);
    assert.equal(read.value('own_total', { app: 'mine' }), 1);
    assert.equal(read.value('cano_pool_threads', { app: 'mine' }), 0);
    assert.deepEqual(await client.register.getMetricsAsJSON(), []);
  });

  it('speaks OpenMetrics when its registry does, scrape after scrape', async () => {
    const registry = new client.Registry<client.OpenMetricsContentType>();
    registry.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
    const { engine, clock } = inlineEngine();
    const exporter = prometheusExporter({ client, registry, engine });
    const quick = node({ name: 'quick', outcomes: ['Done'], exec: () => 1 });
    await clock.until(engine.start(workflowOf(quick), newStore()).result);
    for (let scrape = 0; scrape < 2; scrape += 1) {
      const text = await exporter.render();
      assert.match(text, /# TYPE cano_workflow_runs counter\n/);
      assert.match(text, /cano_workflow_runs_total\{workflow="test",status="completed"\} 1\n/);
      assert.match(text, /# EOF/);
    }
  });

  it('gives the registry its values as JSON, too', async () => {
    const registry = new client.Registry();
    const { engine, clock } = inlineEngine();
    prometheusExporter({ client, registry, engine });
    const quick = node({ name: 'quick', outcomes: ['Done'], exec: () => 1 });
    await clock.until(engine.start(workflowOf(quick), newStore()).result);
    const all = await registry.getMetricsAsJSON();
    const ended = all.find(({ name }) => name === 'cano_workflow_runs_total');
    assert.deepEqual(ended?.values[0], { value: 1, labels: { workflow: 'test', status: 'completed' } });
    const durations = all.find(({ name }) => name === 'cano_node_exec_duration_seconds');
    assert.deepEqual(durations?.values[0], {
      value: 1,
      metricName: 'cano_node_exec_duration_seconds_bucket',
      labels: { le: 0.0001, workflow: 'test', node: 'quick' },
    });
  });

  it('has buckets of the user', async () => {
    const { engine } = inlineEngine();
    const read = await render(prometheusExporter({ client, engine, buckets: { overhead: [1, 2] } }));
    const bounds = read.samples.filter(({ name }) => name === 'cano_pool_overhead_seconds_bucket');
    assert.deepEqual(
      bounds.map(({ labels }) => labels['le']),
      ['1', '2', '+Inf'],
    );
  });

  it('counts nothing any more when it is closed', async () => {
    const { engine, clock } = inlineEngine();
    const exporter = prometheusExporter({ client, engine });
    const quick = node({ name: 'quick', outcomes: ['Done'], exec: () => 1 });
    await clock.until(engine.start(workflowOf(quick), newStore()).result);
    exporter.close();
    await clock.until(engine.start(workflowOf(quick), newStore()).result);
    assert.equal((await render(exporter)).sum('cano_workflow_runs_total'), 1);
  });

  const refused: [string, object, RegExp][] = [
    ['no client', {}, /client must be the client library .* got undefined/],
    ['a client without a Registry', { client: {} }, /client must be the client library/],
    ['a registry that is none', { client, registry: {} }, /registry must be a Registry of the client, got an object/],
    ['a bound that is none', { client, maxLabelValues: 0 }, /maxLabelValues must be an integer >= 1, got 0/],
    ['buckets of nothing', { client, buckets: { speed: [1] } }, /there are no buckets 'speed'; there are run, exec/],
    ['buckets out of order', { client, buckets: { exec: [2, 1] } }, /buckets\.exec must be numbers in ascending order/],
    ['no buckets', { client, buckets: { exec: [] } }, /buckets\.exec must be numbers in ascending order/],
  ];
  for (const [what, options, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => prometheusExporter(options as never), { code: 'CANO_INVALID_OPTION', message });
    });
  }

  it('refuses a registry that has its metrics already, and says what to do', () => {
    const registry = new client.Registry();
    prometheusExporter({ client, registry });
    assert.throws(() => prometheusExporter({ client, registry }), {
      code: 'CANO_INVALID_OPTION',
      message: /already been registered.*exporter\.observe/,
    });
  });
});
