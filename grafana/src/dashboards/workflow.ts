/** One workflow from the inside: which node is slow, which one fails, which way do runs take? */
import { NODE, of, quantile, rate, share, sum } from '../queries.ts';
import { BY_PHASE, BY_STATUS, type DashboardSpec } from '../spec.ts';

const byNode = 'workflow, node';
const name = '{{workflow}}/{{node}}';

export const workflow: DashboardSpec = {
  uid: 'cano-workflow',
  title: 'cano / Workflow and nodes',
  about: 'The nodes of workflows: time, failures, retries, transitions, and what they count themselves.',
  variables: ['workflow', 'node'],
  rows: [
    {
      title: 'Nodes of $workflow',
      panels: [
        {
          kind: 'lines',
          title: 'Exec, p95',
          about: 'Running time of exec in one attempt, of each item for a batch.',
          unit: 's',
          width: 12,
          queries: [{ expr: quantile(0.95, 'cano_node_exec_duration_seconds', NODE, byNode), legend: name }],
        },
        {
          kind: 'heat',
          title: 'Exec time',
          about: 'How long execs of the chosen nodes run: the darker, the more of them.',
          unit: 's',
          width: 12,
          queries: [{ expr: sum(rate('cano_node_exec_duration_seconds_bucket', NODE), 'le'), legend: '{{le}}' }],
        },
        {
          kind: 'area',
          title: 'Execs under way',
          about: 'Seconds of exec per second, which is the mean number of execs of the node that run.',
          unit: 'short',
          width: 12,
          queries: [{ expr: sum(rate('cano_node_phase_seconds_total', `${NODE},phase="exec"`), byNode), legend: name }],
        },
        {
          kind: 'area',
          title: 'Executions that wait for a thread',
          about: 'As a mean over the interval. Nodes of one workflow that wait for each other do not show here.',
          unit: 'short',
          width: 12,
          queries: [
            { expr: sum(rate('cano_node_phase_seconds_total', `${NODE},phase="queue"`), byNode), legend: name },
          ],
        },
        {
          kind: 'area',
          title: 'Executions in the other phases',
          about:
            'Copies to threads and back, prep and post on the main thread, waits before retries; of all chosen nodes.',
          unit: 'short',
          width: 12,
          colors: BY_PHASE,
          queries: [
            {
              expr: sum(rate('cano_node_phase_seconds_total', `${NODE},phase!~"exec|queue"`), 'phase'),
              legend: '{{phase}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Attempts per second',
          about: 'Attempts of exec, of each item for a batch: what the node gets done.',
          unit: 'reqps',
          width: 12,
          queries: [{ expr: sum(rate('cano_node_attempts_total', NODE), byNode), legend: name }],
        },
      ],
    },
    {
      title: 'Failures and retries',
      panels: [
        {
          kind: 'lines',
          title: 'Share of attempts that fail',
          about: 'Attempts that did not end well, cancelled ones left out, of all. A gap: there was none.',
          unit: 'percentunit',
          max: 1,
          width: 8,
          queries: [
            {
              expr: share(
                sum(rate('cano_node_attempts_total', `${NODE},outcome=~"error|timeout|crash"`), byNode),
                sum(rate('cano_node_attempts_total', NODE), byNode),
              ),
              legend: name,
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Retries per second',
          about: 'Attempts after the first, of any phase.',
          unit: 'reqps',
          width: 8,
          queries: [{ expr: sum(rate('cano_node_retries_total', NODE), byNode), legend: name }],
        },
        {
          kind: 'bars',
          title: 'Failed attempts',
          about: 'By node and reason, in the range shown; the ten most frequent.',
          unit: 'short',
          decimals: 0,
          width: 8,
          queries: [
            {
              expr: `topk(10, round(sum by (${byNode}, reason) (increase(${of('cano_node_failures_total', NODE)}[$__range]))) > 0)`,
              legend: `${name} {{reason}}`,
            },
          ],
        },
      ],
    },
    {
      title: 'Ways and counts',
      panels: [
        {
          kind: 'area',
          title: 'Visits by status',
          about: 'Visits that have ended per second, retries included.',
          unit: 'reqps',
          width: 8,
          colors: BY_STATUS,
          queries: [{ expr: sum(rate('cano_node_visits_total', NODE), 'status'), legend: '{{status}}' }],
        },
        {
          kind: 'lines',
          title: 'Transitions taken',
          about: 'By node and the outcome of its visits; failed is the way of onFailure.',
          unit: 'reqps',
          width: 8,
          queries: [
            {
              expr: sum(rate('cano_node_transitions_total', NODE), `${byNode}, outcome`),
              legend: `${name} → {{outcome}}`,
            },
          ],
        },
        {
          kind: 'lines',
          title: 'What nodes count',
          about: 'Per second, by the name given to ctx.counter(name).',
          unit: 'cps',
          width: 8,
          queries: [
            { expr: sum(rate('cano_node_counts_total', NODE), `${byNode}, counter`), legend: `${name} {{counter}}` },
          ],
        },
      ],
    },
  ],
};
