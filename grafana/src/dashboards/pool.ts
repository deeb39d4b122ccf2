/** The threads: are there enough, are they evenly busy, is one of them in trouble? */
import { grown, of, POOL, quantile, rate, share, sum } from '../queries.ts';
import { BUSY, BY_STATUS, type DashboardSpec } from '../spec.ts';

// Threads of one number are as many as there are instances: they are not one thread, and limits of one are none of another.
const byThread = 'instance, pool, thread';
const thread = '{{pool}}/{{thread}} {{instance}}';
const threadsMax = sum(of('cano_pool_threads_max', POOL), 'pool');

export const pool: DashboardSpec = {
  uid: 'cano-pool',
  title: 'cano / Pool and threads',
  about: 'The threads of engines: capacity, queue, cost of travelling, and each thread by itself.',
  variables: ['pool'],
  rows: [
    {
      title: 'Capacity',
      panels: [
        {
          kind: 'lines',
          title: 'Threads',
          about:
            'Busy threads as a mean over the interval, threads that live, and how many there may be; in all chosen instances together.',
          unit: 'short',
          width: 8,
          bounds: '.* max',
          queries: [
            { expr: sum(rate('cano_pool_busy_seconds_total', POOL), 'pool'), legend: '{{pool}} busy' },
            { expr: sum(of('cano_pool_threads', POOL), 'pool'), legend: '{{pool}} live' },
            { expr: threadsMax, legend: '{{pool}} max' },
          ],
        },
        {
          kind: 'lines',
          title: 'Executions that wait and that are under way',
          about:
            'Ready ones in the queue, and those given to threads. A queue that only grows asks for threads, or for maxRuns.',
          unit: 'short',
          width: 8,
          queries: [
            { expr: sum(of('cano_pool_queue_size', POOL), 'pool'), legend: '{{pool}} queue' },
            { expr: sum(of('cano_pool_in_flight', POOL), 'pool'), legend: '{{pool}} in flight' },
          ],
        },
        {
          kind: 'lines',
          title: 'Queue, exec and overhead, p95',
          about: 'Where an execution spends its time: it waits, it runs, it travels (copies of input and result).',
          unit: 's',
          width: 8,
          queries: [
            { expr: quantile(0.95, 'cano_pool_queue_seconds', POOL, 'pool'), legend: '{{pool}} queue' },
            { expr: quantile(0.95, 'cano_pool_exec_seconds', POOL, 'pool'), legend: '{{pool}} exec' },
            { expr: quantile(0.95, 'cano_pool_overhead_seconds', POOL, 'pool'), legend: '{{pool}} overhead' },
          ],
        },
        {
          kind: 'heat',
          title: 'Exec time',
          about: 'How long execs run on threads: the darker, the more of them.',
          unit: 's',
          width: 8,
          queries: [{ expr: sum(rate('cano_pool_exec_seconds_bucket', POOL), 'le'), legend: '{{le}}' }],
        },
        {
          kind: 'area',
          title: 'Executions by outcome',
          about: 'Attempts that threads have ended per second.',
          unit: 'reqps',
          width: 8,
          colors: BY_STATUS,
          queries: [{ expr: sum(rate('cano_pool_executions_total', POOL), 'outcome'), legend: '{{outcome}}' }],
        },
        {
          kind: 'lines',
          title: 'Payload',
          about:
            'Estimated bytes that cross to threads (in) and back (out) per second. What many executions need belongs into share().',
          unit: 'Bps',
          width: 8,
          queries: [
            {
              expr: sum(rate('cano_pool_payload_bytes_sum', POOL), 'pool, direction'),
              legend: '{{pool}} {{direction}}',
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Runs under way of maxRuns',
          about: 'By instance: what one has no room for, another does not take. Absent for an engine without maxRuns.',
          unit: 'short',
          width: 12,
          height: 6,
          bounds: '.* maxRuns .*',
          queries: [
            {
              expr: sum(of('cano_pool_runs_under_way', POOL), 'instance, pool'),
              legend: '{{pool}} under way {{instance}}',
            },
            { expr: sum(of('cano_pool_runs_limit', POOL), 'instance, pool'), legend: '{{pool}} maxRuns {{instance}}' },
          ],
        },
        {
          kind: 'lines',
          title: 'Runs refused',
          about: 'Runs that were refused because maxRuns were under way, in each interval.',
          unit: 'short',
          decimals: 0,
          width: 12,
          height: 6,
          queries: [{ expr: grown('pool', 'cano_pool_runs_rejected_total', POOL), legend: '{{pool}}' }],
        },
      ],
    },
    {
      title: 'Threads',
      panels: [
        {
          kind: 'lanes',
          title: 'Busy share of each thread',
          about: 'The darker, the busier. Lanes of one colour mean that work is spread evenly.',
          unit: 'percentunit',
          max: 1,
          width: 12,
          thresholds: [
            [null, '#3d4452'],
            [0.05, 'super-light-green'],
            [0.35, 'light-green'],
            [0.65, 'green'],
            [0.9, 'dark-green'],
          ],
          queries: [{ expr: sum(rate('cano_thread_busy_seconds_total', POOL), byThread), legend: thread }],
        },
        {
          kind: 'lines',
          title: 'CPU',
          about:
            'Cores in use by each process, and by each thread where Node tells it (22.19 and newer). A thread that is busy and uses little CPU waits for I/O, a lock or a core.',
          unit: 'short',
          width: 12,
          queries: [
            { expr: sum(rate('process_cpu_seconds_total'), 'instance'), legend: 'process {{instance}}' },
            { expr: sum(rate('cano_thread_cpu_seconds_total', POOL), byThread), legend: thread },
          ],
        },
        {
          kind: 'bars',
          title: 'Heap of its limit',
          about:
            'V8 heap in use over the limit of the thread, as of its last execution. At the limit the thread dies: resourceLimits.',
          unit: 'percentunit',
          max: 1,
          width: 8,
          thresholds: BUSY,
          queries: [
            {
              expr: share(
                `max by (${byThread}) (${of('cano_thread_heap_used_bytes', POOL)})`,
                `max by (${byThread}) (${of('cano_thread_heap_limit_bytes', POOL)})`,
              ),
              legend: thread,
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Age of the running execution',
          about: 'A line that climbs and climbs is a thread that does not come back: give the node a timeout.',
          unit: 's',
          width: 8,
          queries: [
            {
              expr: `max by (${byThread}) (${of('cano_thread_execution_age_seconds', POOL)})`,
              legend: thread,
            },
          ],
        },
        {
          kind: 'lines',
          title: 'Threads started and ended',
          about:
            'In each interval. Ends have a reason: recycled is the plan, out_of_memory, uncaught_error and exit are not.',
          unit: 'short',
          decimals: 0,
          width: 8,
          queries: [
            { expr: grown('pool', 'cano_thread_starts_total', POOL), legend: '{{pool}} started' },
            { expr: grown('pool, reason', 'cano_thread_exits_total', POOL), legend: '{{pool}} {{reason}}' },
          ],
        },
      ],
    },
  ],
};
