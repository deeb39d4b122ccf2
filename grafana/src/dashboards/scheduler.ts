/** Schedules: do they fire, on time, and do their runs end well? */
import { grown, of, quantile, rate, SCHEDULE, sum } from '../queries.ts';
import { BY_STATUS, type DashboardSpec } from '../spec.ts';

const inRange = (by: string, metric: string): string => grown(by, metric, SCHEDULE, '$__range');

export const scheduler: DashboardSpec = {
  uid: 'cano-scheduler',
  title: 'cano / Scheduler',
  about: 'Schedules: what they start, what they leave out and why, and how late they are.',
  variables: ['schedule'],
  rows: [
    {
      title: 'In the range shown',
      panels: [
        {
          kind: 'stat',
          title: 'Runs started',
          about: 'By schedules, for any reason.',
          unit: 'short',
          decimals: 0,
          width: 6,
          queries: [{ expr: `round(sum(increase(${of('cano_scheduler_fires_total', SCHEDULE)}[$__range])))` }],
        },
        {
          kind: 'stat',
          title: 'Runs failed',
          about: 'Runs of schedules that failed or timed out.',
          unit: 'short',
          decimals: 0,
          width: 6,
          thresholds: [
            [null, 'green'],
            [1, 'orange'],
          ],
          queries: [
            {
              expr: `round(sum(increase(${of('cano_scheduler_runs_total', `${SCHEDULE},status=~"failed|timed_out"`)}[$__range])))`,
            },
          ],
        },
        {
          kind: 'stat',
          title: 'Fires missed',
          about:
            'Fires whose time was over when they were found: the machine slept, or the process was not there. catchUp makes up for them.',
          unit: 'short',
          decimals: 0,
          width: 6,
          thresholds: [
            [null, 'green'],
            [1, 'red'],
          ],
          queries: [{ expr: `round(sum(increase(${of('cano_scheduler_misses_total', SCHEDULE)}[$__range])))` }],
        },
        {
          kind: 'stat',
          title: 'Schedules tripped',
          about: 'They start nothing until somebody resumes them: too many failures in a row (tripAfter).',
          unit: 'short',
          decimals: 0,
          width: 6,
          thresholds: [
            [null, 'green'],
            [1, 'red'],
          ],
          queries: [{ expr: sum(of('cano_scheduler_schedules', 'state="tripped"')) }],
        },
      ],
    },
    {
      title: 'Fires',
      panels: [
        {
          kind: 'lines',
          title: 'Runs started per minute',
          about: 'By schedule and reason: its plan, a catch-up, or somebody who triggered it.',
          unit: 'cpm',
          width: 12,
          queries: [
            {
              expr: `60 * ${sum(rate('cano_scheduler_fires_total', SCHEDULE), 'schedule, reason')} > 0`,
              legend: '{{schedule}}: {{reason}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Lateness, p95',
          about: 'Time from when a run was to start until it did. A busy main loop makes all schedules late.',
          unit: 's',
          width: 12,
          queries: [
            { expr: quantile(0.95, 'cano_scheduler_lag_seconds', SCHEDULE, 'schedule'), legend: '{{schedule}}' },
          ],
        },
        {
          kind: 'area',
          title: 'Runs by status',
          about: 'Runs of schedules that have ended per second.',
          unit: 'reqps',
          width: 12,
          colors: BY_STATUS,
          queries: [{ expr: sum(rate('cano_scheduler_runs_total', SCHEDULE), 'status'), legend: '{{status}}' }],
        },
        {
          kind: 'lines',
          title: 'Fires that started nothing',
          about:
            'In each interval. overlap: the run before was still under way; backoff and tripped: it failed too often; missed: its time was over.',
          unit: 'short',
          decimals: 0,
          width: 12,
          queries: [
            {
              expr: `${grown('schedule, reason', 'cano_scheduler_skips_total', SCHEDULE)} > 0`,
              legend: '{{schedule}}: {{reason}}',
            },
            { expr: grown('schedule', 'cano_scheduler_misses_total', SCHEDULE), legend: '{{schedule}}: missed' },
          ],
        },
      ],
    },
    {
      title: 'Where they stand',
      panels: [
        {
          kind: 'bars',
          title: 'Time to the next fire',
          about: 'A schedule that does not fire by itself (manual, paused, tripped) is not here.',
          unit: 's',
          width: 8,
          queries: [
            {
              // What was to fire since the last scrape has done so.
              expr: `clamp_min(min by (schedule) (${of('cano_scheduler_next_fire_timestamp_seconds', SCHEDULE)}) - time(), 0)`,
              legend: '{{schedule}}',
            },
          ],
        },
        {
          kind: 'area',
          title: 'Schedules by state',
          about: 'backoff: waits longer after failures; tripped: starts nothing until it is resumed.',
          unit: 'short',
          decimals: 0,
          width: 8,
          colors: { idle: 'blue', running: 'green', paused: '#8e8e8e', backoff: 'orange', tripped: 'red' },
          queries: [{ expr: sum(of('cano_scheduler_schedules'), 'state'), legend: '{{state}}' }],
        },
        {
          kind: 'bars',
          title: 'Fires that started nothing, by reason',
          about: 'In the range shown, of all chosen schedules.',
          unit: 'short',
          decimals: 0,
          width: 8,
          queries: [{ expr: inRange('reason', 'cano_scheduler_skips_total'), legend: '{{reason}}' }],
        },
      ],
    },
  ],
};
