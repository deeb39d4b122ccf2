/** For people who measure concurrency: how much faster is it with more threads, and what eats the rest? */
import { busiestMainLoop, mainLoopBusy, mean, of, percentiles, POOL, quantile, rate, share, sum } from '../queries.ts';
import { BUSY, type DashboardSpec } from '../spec.ts';

const busy = sum(rate('cano_pool_busy_seconds_total', POOL));
const threads = sum(of('cano_pool_threads_max', POOL));
const efficiency = share(busy, sum(mean('cano_pool_threads_max', POOL)));
const runs = sum(rate('cano_workflow_runs_total', 'status="completed"'));
const executions = sum(rate('cano_pool_executions_total', `${POOL},outcome="ok"`));
const overheadShare = share(
  sum(rate('cano_pool_overhead_seconds_sum', POOL)),
  `(${sum(rate('cano_pool_overhead_seconds_sum', POOL))} + ${sum(rate('cano_pool_exec_seconds_sum', POOL))})`,
);

export const benchmark: DashboardSpec = {
  uid: 'cano-benchmark',
  title: 'cano / Benchmark',
  about: 'Throughput against threads: speed-up, efficiency, and where the rest of the time goes.',
  variables: ['pool'],
  annotations: [
    {
      name: 'Threads changed',
      expr: `changes(${of('cano_pool_threads_max')}[1m]) > 0`,
      text: 'the number of threads of {{pool}} changed',
      color: 'blue',
    },
  ],
  rows: [
    {
      title: 'Result',
      panels: [
        {
          kind: 'stat',
          title: 'Runs per second',
          about: 'Completed runs, of all workflows.',
          unit: 'reqps',
          width: 4,
          queries: [{ expr: runs }],
        },
        {
          kind: 'stat',
          title: 'Executions per second',
          about: 'Executions that threads have ended well.',
          unit: 'reqps',
          width: 4,
          queries: [{ expr: executions }],
        },
        {
          kind: 'stat',
          title: 'Speed-up',
          about: 'Seconds of exec per second. See the panel of this name for what it does not see.',
          unit: 'short',
          decimals: 2,
          width: 4,
          queries: [{ expr: busy }],
        },
        {
          kind: 'stat',
          title: 'Efficiency',
          about: 'Speed-up over threads.',
          unit: 'percentunit',
          width: 4,
          thresholds: [
            [null, 'red'],
            [0.5, 'orange'],
            [0.8, 'green'],
          ],
          queries: [{ expr: efficiency }],
        },
        {
          kind: 'stat',
          title: 'Overhead share',
          about: 'What copies of inputs and results take, of that and exec together.',
          unit: 'percentunit',
          width: 4,
          thresholds: [
            [null, 'green'],
            [0.1, 'orange'],
            [0.3, 'red'],
          ],
          queries: [{ expr: overheadShare }],
        },
        {
          kind: 'stat',
          title: 'Main loop busy',
          about:
            'In the busiest instance. Near 100 % the main thread cannot keep more threads supplied: larger executions, batches, less in prep and post.',
          unit: 'percentunit',
          width: 4,
          thresholds: BUSY,
          queries: [{ expr: busiestMainLoop() }],
        },
      ],
    },
    {
      title: 'Throughput against threads',
      panels: [
        {
          kind: 'lines',
          title: 'Runs per second',
          about: 'Completed runs, and the number of threads on the right. Runs should grow as threads do.',
          unit: 'reqps',
          width: 12,
          bounds: 'threads',
          right: { match: 'threads', unit: 'short' },
          queries: [
            { expr: runs, legend: 'runs' },
            { expr: threads, legend: 'threads' },
          ],
        },
        {
          kind: 'lines',
          title: 'Executions per second',
          about: 'Executions that threads have ended well, and the number of threads on the right.',
          unit: 'reqps',
          width: 12,
          bounds: 'threads',
          right: { match: 'threads', unit: 'short' },
          queries: [
            { expr: executions, legend: 'executions' },
            { expr: threads, legend: 'threads' },
          ],
        },
        {
          kind: 'lines',
          title: 'Speed-up',
          about:
            'Seconds of exec per second: the mean number of threads at work, against how many there are and the cores that the processes get. It takes exec to be as fast as on one thread; when cores are short, or memory is the bottleneck, execs get longer and it flatters. Then cores stay below it, and executions per second do not follow.',
          unit: 'short',
          width: 12,
          bounds: 'threads',
          queries: [
            { expr: busy, legend: 'speed-up' },
            { expr: sum(rate('process_cpu_seconds_total')), legend: 'cores in use' },
            { expr: threads, legend: 'threads' },
          ],
        },
        {
          kind: 'lines',
          title: 'Efficiency and balance',
          about:
            'Efficiency is speed-up over threads. Balance is the least busy thread over the busiest of the same pool: low means that some wait while others work.',
          unit: 'percentunit',
          max: 1,
          width: 12,
          queries: [
            { expr: efficiency, legend: 'efficiency' },
            {
              expr: share(
                `min by (instance, pool) (${rate('cano_thread_busy_seconds_total', POOL)})`,
                `max by (instance, pool) (${rate('cano_thread_busy_seconds_total', POOL)})`,
              ),
              legend: 'balance {{pool}} {{instance}}',
            },
          ],
        },
      ],
    },
    {
      title: 'What eats the rest?',
      panels: [
        {
          kind: 'lines',
          title: 'Queue wait',
          about:
            'From being ready to the start on a thread. Long with busy threads: they are the limit. Long with idle threads: the main loop is.',
          unit: 's',
          width: 8,
          queries: percentiles('cano_pool_queue_seconds', POOL),
        },
        {
          kind: 'lines',
          title: 'Exec',
          about: 'Running time on a thread. It should not grow with the number of threads.',
          unit: 's',
          width: 8,
          queries: percentiles('cano_pool_exec_seconds', POOL),
        },
        {
          kind: 'lines',
          title: 'Overhead',
          about: 'What travelling adds to an execution, and its share of that and exec together, on the right.',
          unit: 's',
          width: 8,
          right: { match: 'share', unit: 'percentunit' },
          queries: [
            { expr: quantile(0.5, 'cano_pool_overhead_seconds', POOL), legend: 'p50' },
            { expr: quantile(0.95, 'cano_pool_overhead_seconds', POOL), legend: 'p95' },
            { expr: overheadShare, legend: 'share' },
          ],
        },
        {
          kind: 'lines',
          title: 'Payload',
          about: 'Estimated bytes that cross threads per second.',
          unit: 'Bps',
          width: 8,
          queries: [{ expr: sum(rate('cano_pool_payload_bytes_sum', POOL), 'direction'), legend: '{{direction}}' }],
        },
        {
          kind: 'lines',
          title: 'Main loop',
          about: 'Share of its time that it works, and how long it makes others wait (p99), on the right.',
          unit: 'percentunit',
          max: 1,
          width: 8,
          right: { match: 'delay', unit: 's' },
          queries: [
            { expr: mainLoopBusy(), legend: 'busy {{instance}}' },
            { expr: `max by (instance) (${of('nodejs_eventloop_lag_p99_seconds')})`, legend: 'delay p99 {{instance}}' },
          ],
        },
        {
          kind: 'lines',
          title: 'Garbage collection of the main thread',
          about: 'Share of its time, by kind. The client library sees a part of the collections only: read the trend.',
          unit: 'percentunit',
          width: 8,
          queries: [
            { expr: sum(rate('nodejs_gc_duration_seconds_sum'), 'instance, kind'), legend: '{{kind}} {{instance}}' },
          ],
        },
      ],
    },
  ],
};
