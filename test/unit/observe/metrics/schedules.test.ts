/** What the exporter says of schedules, against what was made to happen. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as client from 'prom-client';
import { prometheusExporterWith } from '../../../../src/prometheus.ts';
import { readExposition, type Exposition } from '../../../support/exposition.ts';
import { Harness, MINUTE, SECOND, workflow } from '../../scheduler/harness.ts';

async function observed(options: ConstructorParameters<typeof Harness>[0] = {}): Promise<{
  harness: Harness;
  readonly read: () => Promise<Exposition>;
}> {
  const harness = new Harness(options);
  const { scheduler, clock } = harness;
  const exporter = prometheusExporterWith({ client, scheduler }, clock);
  return { harness, read: async () => readExposition(await exporter.render()) };
}

describe('metrics of schedules', () => {
  it('tell fires, ends, skips by reason and misses, each from 0 on', async () => {
    const { harness, read } = await observed();
    const { scheduler, clock, runs } = harness;
    scheduler.every('slow', workflow, '10s');
    const schedule = 'slow';
    const before = await read();
    for (const name of ['cano_scheduler_fires_total', 'cano_scheduler_skips_total', 'cano_scheduler_runs_total']) {
      assert.ok(
        before.samples.some((sample) => sample.name === name && sample.labels['schedule'] === schedule),
        `${name} is not there`,
      );
      assert.equal(before.sum(name, { schedule }), 0);
    }
    await scheduler.start();
    await clock.advance(35 * SECOND);
    assert.equal(runs.length, 1, 'the others met it');
    runs[0]?.complete();
    await clock.flush();
    // The process stands still for six fires.
    clock.pass(5 * MINUTE);
    await clock.advance(SECOND);
    runs[1]?.fail();
    await clock.flush();
    const after = await read();
    assert.equal(after.value('cano_scheduler_fires_total', { schedule, reason: 'schedule' }), runs.length);
    assert.equal(after.value('cano_scheduler_skips_total', { schedule, reason: 'overlap' }), 2);
    const misses = scheduler.status('slow').misses;
    assert.ok(misses > 10, `${misses} misses`);
    assert.equal(after.value('cano_scheduler_misses_total', { schedule }), misses);
    assert.equal(after.value('cano_scheduler_runs_total', { schedule, status: 'completed' }), 1);
    assert.equal(after.value('cano_scheduler_runs_total', { schedule, status: 'failed' }), 1);
  });

  it('have the workflows of schedules begin at 0, of those that are added later as well', async () => {
    const { harness } = await observed();
    const { scheduler, clock } = harness;
    scheduler.every('early', workflow, '10s');
    const { name } = workflow.definition;
    const late = prometheusExporterWith({ client, scheduler }, clock);
    const other = new Harness();
    const empty = prometheusExporterWith({ client, scheduler: other.scheduler }, other.clock);
    const absent = readExposition(await empty.render());
    assert.ok(!absent.samples.some(({ labels }) => labels['workflow'] === name), 'nothing is known of it');
    other.scheduler.manual('added', workflow);
    for (const exporter of [late, empty]) {
      const text = readExposition(await exporter.render());
      assert.equal(text.value('cano_workflow_runs_total', { workflow: name, status: 'failed' }), 0);
      assert.ok(
        text.samples.some((sample) => sample.name === 'cano_node_failures_total' && sample.labels['workflow'] === name),
        'its nodes are there',
      );
    }
  });

  it('tell how late runs start, and not of triggers, which have no time', async () => {
    const { harness, read } = await observed({ onRun: (run) => run.complete() });
    const { scheduler, clock } = harness;
    const handle = scheduler.every('late', workflow, '1m');
    await scheduler.start();
    clock.pass(MINUTE + 700);
    await clock.advance(1);
    await handle.trigger();
    await clock.flush();
    const after = await read();
    assert.equal(after.value('cano_scheduler_lag_seconds_count', { schedule: 'late' }), 1);
    const sum = after.value('cano_scheduler_lag_seconds_sum', { schedule: 'late' }) as number;
    assert.ok(sum >= 0.7 && sum < 0.71, `${sum} s`);
    assert.equal(after.value('cano_scheduler_fires_total', { schedule: 'late', reason: 'trigger' }), 1);
  });

  it('tell states, and the next fire of those that have one', async () => {
    const { harness, read } = await observed();
    const { scheduler, clock } = harness;
    const a = scheduler.every('a', workflow, '1m');
    scheduler.manual('b', workflow);
    await scheduler.start();
    const next = 'cano_scheduler_next_fire_timestamp_seconds';
    const running = await read();
    assert.equal(running.value(next, { schedule: 'a' }), (clock.wallNow() + MINUTE) / 1_000);
    assert.equal(running.value(next, { schedule: 'b' }), undefined, 'it has no plan');
    assert.equal(running.value('cano_scheduler_schedules', { state: 'idle' }), 2);
    a.pause();
    const paused = await read();
    assert.equal(paused.value(next, { schedule: 'a' }), undefined, 'it is paused');
    assert.equal(paused.value('cano_scheduler_schedules', { state: 'paused' }), 1);
    assert.equal(paused.value('cano_scheduler_schedules', { state: 'idle' }), 1);
  });
});
