/** Is it well, and where does the time go? */
import { busiestMainLoop, mean, of, percentiles, quantile, rate, share, sum, WORKFLOW } from '../queries.ts';
import { BUSY, BY_PHASE, BY_STATUS, type DashboardSpec } from '../spec.ts';

const ended = rate('cano_workflow_runs_total', WORKFLOW);
const badly = rate('cano_workflow_runs_total', `${WORKFLOW},status=~"failed|timed_out"`);

export const overview: DashboardSpec = {
  uid: 'cano-overview',
  title: 'cano / Overview',
  about: 'Runs of workflows: how many, how they end, how long they take, and where their time goes.',
  variables: ['workflow'],
  rows: [
    {
      title: 'Now',
      panels: [
        {
          kind: 'stat',
          title: 'Runs per second',
          about: 'Runs that have ended, whatever their status.',
          unit: 'reqps',
          width: 4,
          queries: [{ expr: sum(ended) }],
        },
        {
          kind: 'stat',
          title: 'Success ratio',
          about: 'Completed runs of all that have ended. Empty when none has.',
          unit: 'percentunit',
          width: 4,
          thresholds: [
            [null, 'red'],
            [0.95, 'orange'],
            [0.99, 'green'],
          ],
          queries: [
            { expr: share(sum(rate('cano_workflow_runs_total', `${WORKFLOW},status="completed"`)), sum(ended)) },
          ],
        },
        {
          kind: 'stat',
          title: 'Active runs',
          about: 'Runs under way at this moment.',
          unit: 'short',
          decimals: 0,
          width: 4,
          queries: [{ expr: sum(of('cano_workflow_runs_active', WORKFLOW)) }],
        },
        {
          kind: 'stat',
          title: 'Run time, p95',
          about: '95 of 100 runs took no longer.',
          unit: 's',
          width: 4,
          queries: [{ expr: quantile(0.95, 'cano_workflow_run_duration_seconds', WORKFLOW) }],
        },
        {
          kind: 'stat',
          title: 'Busy threads',
          about:
            'Share of the threads that there may be which has been executing, as a mean over the interval. All of them busy is what a pool is for; whether runs wait for it is in the queue phase below.',
          unit: 'percentunit',
          width: 4,
          queries: [{ expr: share(sum(rate('cano_pool_busy_seconds_total')), sum(mean('cano_pool_threads_max'))) }],
        },
        {
          kind: 'stat',
          title: 'Main loop busy',
          about:
            'Share of its time that the main thread works, in the busiest instance. Near 100 % it cannot keep threads supplied: move work out of prep, post and inline execs.',
          unit: 'percentunit',
          width: 4,
          thresholds: BUSY,
          queries: [{ expr: busiestMainLoop() }],
        },
      ],
    },
    {
      title: 'Workflows',
      panels: [
        {
          kind: 'area',
          title: 'Runs by status',
          about: 'Runs that have ended per second, by status.',
          unit: 'reqps',
          width: 12,
          colors: BY_STATUS,
          queries: [{ expr: sum(ended, 'status'), legend: '{{status}}' }],
        },
        {
          kind: 'lines',
          title: 'Run time',
          about: 'Percentiles of the time of a run from start to end; what it waits for room (maxRuns) is included.',
          unit: 's',
          width: 12,
          queries: percentiles('cano_workflow_run_duration_seconds', WORKFLOW),
        },
        {
          kind: 'lines',
          title: 'Active and pending runs',
          about: 'Runs under way by workflow, as a mean over the interval, and all runs that wait for room (maxRuns).',
          unit: 'short',
          width: 12,
          queries: [
            {
              expr: sum(rate('cano_workflow_run_active_seconds_total', WORKFLOW), 'workflow'),
              legend: '{{workflow}}',
            },
            { expr: sum(of('cano_workflow_runs_pending', WORKFLOW)), legend: 'all, pending' },
          ],
        },
        {
          kind: 'lines',
          title: 'Failure ratio by workflow',
          about: 'Failed and timed-out runs of all that have ended. A gap: none has.',
          unit: 'percentunit',
          max: 1,
          width: 12,
          queries: [{ expr: share(sum(badly, 'workflow'), sum(ended, 'workflow')), legend: '{{workflow}}' }],
        },
      ],
    },
    {
      title: 'Where does the time go?',
      panels: [
        {
          kind: 'area',
          title: 'Executions in each phase',
          about:
            'Seconds per second in each phase, which is the mean number of executions in it. A wide queue asks for threads, wide clone and return for smaller payloads or share(), wide backoff for a look at what fails.',
          unit: 'short',
          width: 16,
          height: 9,
          colors: BY_PHASE,
          // Two queries: series are stacked in their order, and exec is the ground on which the others stand.
          queries: [
            {
              expr: sum(rate('cano_node_phase_seconds_total', `${WORKFLOW},phase="exec"`), 'phase'),
              legend: '{{phase}}',
            },
            {
              expr: sum(rate('cano_node_phase_seconds_total', `${WORKFLOW},phase!="exec"`), 'phase'),
              legend: '{{phase}}',
            },
          ],
        },
        {
          kind: 'bars',
          title: 'Failed attempts by reason',
          about: 'Attempts of exec that failed in the range shown, those that were retried included.',
          unit: 'short',
          decimals: 0,
          width: 8,
          height: 9,
          queries: [
            {
              expr: `round(sum by (reason) (increase(${of('cano_node_failures_total', WORKFLOW)}[$__range])))`,
              legend: '{{reason}}',
            },
          ],
        },
      ],
    },
    {
      title: 'What runs tell',
      panels: [
        {
          kind: 'lines',
          title: 'Log lines and warnings',
          about: 'Lines that nodes log, by level, and warnings that runs give, by code.',
          unit: 'cps',
          width: 16,
          colors: { error: 'red', warn: 'orange', info: 'green', debug: '#8e8e8e' },
          queries: [
            { expr: sum(rate('cano_log_lines_total', WORKFLOW), 'level'), legend: '{{level}}' },
            { expr: sum(rate('cano_warnings_total', WORKFLOW), 'code'), legend: 'warning: {{code}}' },
          ],
        },
        {
          kind: 'bars',
          title: 'Time since the last success',
          about: 'How long ago a run of each workflow last completed. A workflow that never has is not here.',
          unit: 's',
          width: 8,
          queries: [
            {
              expr: `time() - max by (workflow) (${of('cano_workflow_last_success_timestamp_seconds', WORKFLOW)})`,
              legend: '{{workflow}}',
            },
          ],
        },
      ],
    },
  ],
};
