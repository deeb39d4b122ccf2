/** What is counted, cell by cell. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  BUCKETS,
  CATALOGUE,
  EXIT_REASONS,
  FAILURE_REASONS,
  FIRE_REASONS,
  LOG_LEVELS,
  OPEN_LABELS,
  OUTCOMES,
  PHASES,
  RUN_STATUSES,
  SCHEDULE_STATES,
  SERVER_CATALOGUE,
  SKIP_REASONS,
  VISIT_STATUSES,
  WARNING_CODES,
} from '../../../../src/observe/metrics/catalogue.ts';
import type { MetricSpec } from '../../../../src/observe/metrics/catalogue.ts';
import { HistogramCell } from '../../../../src/observe/metrics/cells.ts';
import { Families } from '../../../../src/observe/metrics/families.ts';
import { LabelGuard, OTHER } from '../../../../src/observe/metrics/guard.ts';
import { IntegralCell, Pauses } from '../../../../src/observe/metrics/integral.ts';

describe('a histogram', () => {
  it('counts each value below the first bound that is not less than it', () => {
    const bounds = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(bounds, fc.array(fc.integer({ min: -60, max: 60 })), (unsorted, values) => {
        const sorted = unsorted.toSorted((a, b) => a - b);
        const cell = new HistogramCell(Float64Array.from(sorted));
        for (const value of values) cell.observe(value);
        const expected = Array.from({ length: sorted.length + 1 }, () => 0);
        for (const value of values) {
          const at = sorted.findIndex((bound) => value <= bound);
          const place = at < 0 ? sorted.length : at;
          expected[place] = (expected[place] as number) + 1;
        }
        assert.deepEqual([...cell.counts], expected);
        assert.equal(
          cell.sum,
          values.reduce((sum, value) => sum + value, 0),
        );
      }),
    );
  });
});

describe('the guard', () => {
  it('keeps what came first, and folds what came after into one', () => {
    const guard = new LabelGuard(2);
    assert.deepEqual(
      ['a', 'b', 'c', 'a', 'd', 'b'].map((value) => guard.admit('node', value)),
      ['a', 'b', OTHER, 'a', OTHER, 'b'],
    );
    assert.equal(guard.admit('workflow', 'c'), 'c', 'each label has a count of its own');
  });

  it('counts what it folds, by label', () => {
    const families = new Families({ maxLabelValues: 1, buckets: {} });
    for (const name of ['a', 'b', 'a', 'c', 'b']) families.admit('counter', name);
    const dropped = families.of('cano_metrics_dropped_label_values_total');
    assert.equal(dropped.child('counter').value, 3);
    assert.equal(dropped.child('node').value, 0);
  });
});

describe('seconds of what goes on', () => {
  it('never go back when what was open has settled as less', () => {
    const cell = new IntegralCell();
    cell.open = 5;
    assert.equal(cell.value, 5);
    cell.open = 0;
    assert.equal(cell.value, 5, 'it has ended, and nobody knows yet');
    cell.settled = 4.5;
    assert.equal(cell.value, 5);
    cell.settled = 6;
    assert.equal(cell.value, 6);
  });

  it('of pauses are the sum of what each has lasted', () => {
    const pause = fc.record({
      after: fc.integer({ min: 0, max: 50 }),
      ms: fc.integer({ min: 0, max: 200 }),
      runId: fc.constantFrom('a', 'b', 'c'),
      branch: fc.constantFrom(undefined, 'left', 'right'),
      cut: fc.option(fc.constantFrom(undefined, 'left'), { freq: 10 }),
    });
    fc.assert(
      fc.property(fc.array(pause, { maxLength: 300 }), fc.integer({ min: 0, max: 500 }), (pauses, later) => {
        const told = new Pauses();
        let now = 0;
        const all: { from: number; to: number; runId: string; branch: string | undefined }[] = [];
        for (const { after, ms, runId, branch, cut } of pauses) {
          now += after;
          told.add(now, ms, runId, branch);
          all.push({ from: now, to: now + ms, runId, branch });
          if (cut === null) continue;
          // The run is over, or one branch of it.
          told.cut(now, runId, cut);
          for (const other of all) {
            if (other.runId === runId && (cut === undefined || other.branch === cut))
              other.to = Math.min(other.to, now);
          }
        }
        for (const at of [now, now + later]) {
          const expected = all.reduce((sum, { from, to }) => sum + Math.min(to, at) - from, 0);
          assert.equal(told.sumMs(at), expected);
        }
      }),
    );
  });
});

describe('the catalogue', () => {
  const all: [string, MetricSpec][] = Object.entries<MetricSpec>({ ...CATALOGUE, ...SERVER_CATALOGUE });

  for (const [name, { type, help, labels, buckets }] of all) {
    it(`${name} is named and described as Prometheus wants it`, () => {
      assert.match(name, /^cano_[a-z][a-z0-9_]*$/);
      assert.equal(name.endsWith('_total'), type === 'counter', 'counters, and nothing else, end in _total');
      assert.doesNotMatch(name, /milliseconds|_ms(_|$)|kilobytes|megabytes|percent/, 'base units only');
      assert.match(help, /^[A-Z].*\.$/s, 'a sentence');
      assert.equal(type === 'histogram', buckets !== undefined, 'a histogram has buckets');
      for (const label of labels) {
        assert.match(label, /^[a-z_]+$/);
        assert.ok(!['job', 'instance', 'le', 'quantile'].includes(label), `${label} is Prometheus' own`);
      }
    });
  }

  it('says in its help which values a closed label has', () => {
    const help = (name: keyof typeof CATALOGUE): string => CATALOGUE[name].help;
    for (const [name, values] of [
      ['cano_workflow_runs_total', RUN_STATUSES],
      ['cano_node_visits_total', VISIT_STATUSES],
      ['cano_node_attempts_total', OUTCOMES],
      ['cano_node_failures_total', FAILURE_REASONS],
      ['cano_node_phase_seconds_total', PHASES],
      ['cano_warnings_total', WARNING_CODES],
      ['cano_log_lines_total', LOG_LEVELS],
      ['cano_pool_executions_total', OUTCOMES],
      ['cano_thread_exits_total', EXIT_REASONS],
      ['cano_scheduler_fires_total', FIRE_REASONS],
      ['cano_scheduler_runs_total', RUN_STATUSES],
      ['cano_scheduler_skips_total', SKIP_REASONS],
      ['cano_scheduler_schedules', SCHEDULE_STATES],
    ] as const) {
      assert.ok(help(name).includes(`(${values.join('|')})`), `${name}: ${help(name)}`);
    }
  });

  it('has buckets in ascending order', () => {
    for (const [kind, bounds] of Object.entries(BUCKETS)) {
      assert.deepEqual(
        bounds,
        bounds.toSorted((a, b) => a - b),
        kind,
      );
    }
  });

  it('guards labels that there are', () => {
    const labels = new Set(all.flatMap(([, spec]) => spec.labels));
    for (const label of OPEN_LABELS) assert.ok(labels.has(label), `no metric has the label ${label}`);
  });
});
