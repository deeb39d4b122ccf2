/**
 * Every metric of cano: the one place that names them. The exporter, the dashboards, the alert rules and the page of
 * metrics are made of it, or checked against it.
 *
 * K1 Names follow Prometheus' practice: `cano_`, one quantity, base units, `_total` on counters, after the unit.
 * K2 No label takes values without a bound: names that a program declares (guarded, see guard.ts), numbers of threads,
 *    closed sets. No ids, messages or paths.
 * K3 A series that does not apply is absent, not 0.
 */

export type MetricType = 'counter' | 'gauge' | 'histogram';

/** Which upper bounds a histogram has, by what it measures. */
export type BucketKind = 'run' | 'exec' | 'wait' | 'overhead' | 'lag' | 'bytes';

export interface MetricSpec {
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: BucketKind;
}

/** Upper bounds in seconds, for `bytes` in bytes. Neighbours differ by 2.5 at most where people look. */
export const BUCKETS: Readonly<Record<BucketKind, readonly number[]>> = {
  run: [0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200],
  exec: [0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  wait: [0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  overhead: [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1],
  lag: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60],
  bytes: [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864],
};

/** Times of a visit, in the order of its life. */
export const PHASES = ['prep', 'queue', 'clone', 'exec', 'return', 'post', 'backoff'] as const;
export type PhaseName = (typeof PHASES)[number];

export const RUN_STATUSES = ['completed', 'failed', 'cancelled', 'timed_out'] as const;
export const VISIT_STATUSES = ['completed', 'failed', 'cancelled'] as const;
export const OUTCOMES = ['ok', 'error', 'timeout', 'cancelled', 'crash'] as const;
export const FAILURE_REASONS = [
  'error',
  'timeout',
  'crash',
  'out_of_memory',
  'not_cloneable',
  'load',
  'setup',
] as const;
export const EXIT_REASONS = ['exit', 'uncaught_error', 'out_of_memory', 'terminated', 'protocol', 'recycled'] as const;
export const FIRE_REASONS = ['schedule', 'catch_up', 'trigger'] as const;
export const SKIP_REASONS = ['overlap', 'queue_full', 'replaced', 'backoff', 'tripped', 'removed', 'stopped'] as const;
export const SCHEDULE_STATES = ['idle', 'running', 'paused', 'backoff', 'tripped'] as const;
export const WARNING_CODES = ['many_transitions', 'logs_dropped', 'costly_input'] as const;
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** The metrics of engines and schedulers, by name. */
export const CATALOGUE = {
  cano_build_info: {
    type: 'gauge',
    help: 'Constant 1; versions as labels.',
    labels: ['version', 'node_version'],
  },

  cano_workflow_runs_started_total: { type: 'counter', help: 'Runs that have begun.', labels: ['workflow'] },
  cano_workflow_runs_total: {
    type: 'counter',
    help: 'Runs that have ended, by status (completed|failed|cancelled|timed_out).',
    labels: ['workflow', 'status'],
  },
  cano_workflow_run_duration_seconds: {
    type: 'histogram',
    help: 'Time of a run from its start to its end, by status; what it waits for room (maxRuns) is included.',
    labels: ['workflow', 'status'],
    buckets: 'run',
  },
  cano_workflow_runs_active: { type: 'gauge', help: 'Runs under way.', labels: ['workflow'] },
  cano_workflow_run_active_seconds_total: {
    type: 'counter',
    help: 'Seconds that runs have been under way, those that still are included: its rate is the average number of active runs.',
    labels: ['workflow'],
  },
  cano_workflow_runs_pending: {
    type: 'gauge',
    help: 'Runs that wait for room (maxRuns).',
    labels: ['workflow'],
  },
  cano_workflow_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When a run last completed, in seconds since 1970.',
    labels: ['workflow'],
  },

  cano_node_visits_total: {
    type: 'counter',
    help: 'Visits that have ended, retries included, and branches, by status (completed|failed|cancelled).',
    labels: ['workflow', 'node', 'status'],
  },
  cano_node_attempts_total: {
    type: 'counter',
    help: 'Attempts of exec, of each item of a batch, by outcome (ok|error|timeout|cancelled|crash).',
    labels: ['workflow', 'node', 'outcome'],
  },
  cano_node_retries_total: {
    type: 'counter',
    help: 'Attempts after the first, of any phase.',
    labels: ['workflow', 'node'],
  },
  cano_node_failures_total: {
    type: 'counter',
    help: 'Failed attempts of exec, by reason (error|timeout|crash|out_of_memory|not_cloneable|load|setup).',
    labels: ['workflow', 'node', 'reason'],
  },
  cano_node_exec_duration_seconds: {
    type: 'histogram',
    help: 'Running time of exec in one attempt, measured where it runs.',
    labels: ['workflow', 'node'],
    buckets: 'exec',
  },
  cano_node_phase_seconds_total: {
    type: 'counter',
    help: 'Seconds by phase (prep|queue|clone|exec|return|post|backoff); a setup is a part of queue. What waits for or runs on a thread is included: the rate is the average number of executions in that phase.',
    labels: ['workflow', 'node', 'phase'],
  },
  cano_node_transitions_total: {
    type: 'counter',
    help: 'Transitions taken, by the outcome of the visit (failed: its onFailure route).',
    labels: ['workflow', 'node', 'outcome'],
  },
  cano_node_counts_total: {
    type: 'counter',
    help: 'What nodes have counted with ctx.counter(name).',
    labels: ['workflow', 'node', 'counter'],
  },
  cano_warnings_total: {
    type: 'counter',
    help: 'Warnings of runs, by code (many_transitions|logs_dropped|costly_input).',
    labels: ['workflow', 'code'],
  },
  cano_log_lines_total: {
    type: 'counter',
    help: 'Lines that nodes have logged, by level (debug|info|warn|error).',
    labels: ['workflow', 'level'],
  },

  cano_pool_executions_total: {
    type: 'counter',
    help: 'Attempts that threads have ended, by outcome (ok|error|timeout|cancelled|crash).',
    labels: ['pool', 'outcome'],
  },
  cano_pool_queue_seconds: {
    type: 'histogram',
    help: 'Time from being ready to the start on a thread, its copy and its setup included.',
    labels: ['pool'],
    buckets: 'wait',
  },
  cano_pool_exec_seconds: {
    type: 'histogram',
    help: 'Running time of exec on a thread, measured there.',
    labels: ['pool'],
    buckets: 'exec',
  },
  cano_pool_overhead_seconds: {
    type: 'histogram',
    help: 'What travelling adds to an execution: copying its input, and its result on the way back.',
    labels: ['pool'],
    buckets: 'overhead',
  },
  cano_pool_payload_bytes: {
    type: 'histogram',
    help: 'Estimated bytes of an input (in) and a result (out) that crossed threads.',
    labels: ['pool', 'direction'],
    buckets: 'bytes',
  },
  cano_pool_threads: { type: 'gauge', help: 'Threads that live, those with nothing to do included.', labels: ['pool'] },
  cano_pool_threads_max: { type: 'gauge', help: 'Threads that there may be.', labels: ['pool'] },
  cano_pool_threads_busy: { type: 'gauge', help: 'Threads that execute something.', labels: ['pool'] },
  cano_pool_busy_seconds_total: {
    type: 'counter',
    help: 'Seconds that threads have executed, what runs included: its rate is the average number of busy threads.',
    labels: ['pool'],
  },
  cano_pool_queue_size: { type: 'gauge', help: 'Executions that wait for a thread.', labels: ['pool'] },
  cano_pool_in_flight: {
    type: 'gauge',
    help: 'Executions that threads have been given and that have not ended.',
    labels: ['pool'],
  },
  cano_pool_runs_limit: {
    type: 'gauge',
    help: 'Runs that may be under way at once (maxRuns); absent without a bound.',
    labels: ['pool'],
  },
  cano_pool_runs_under_way: {
    type: 'gauge',
    help: 'Runs that are under way and count against maxRuns; absent without a bound.',
    labels: ['pool'],
  },
  cano_pool_runs_rejected_total: {
    type: 'counter',
    help: 'Runs that were refused because maxRuns were under way.',
    labels: ['pool'],
  },

  cano_thread_busy_seconds_total: {
    type: 'counter',
    help: 'Seconds that the thread has executed, what runs included.',
    labels: ['pool', 'thread'],
  },
  cano_thread_cpu_seconds_total: {
    type: 'counter',
    help: 'CPU time of threads while they had that number, as of the end of one of the last executions (Node 22.19 and newer).',
    labels: ['pool', 'thread'],
  },
  cano_thread_heap_used_bytes: {
    type: 'gauge',
    help: 'V8 heap in use on the thread, as of the end of its last execution; absent once the thread has gone.',
    labels: ['pool', 'thread'],
  },
  cano_thread_heap_limit_bytes: {
    type: 'gauge',
    help: 'Limit of the old generation of the V8 heap of the thread.',
    labels: ['pool', 'thread'],
  },
  cano_thread_execution_age_seconds: {
    type: 'gauge',
    help: 'How long what the thread executes has been running; 0 when it is idle.',
    labels: ['pool', 'thread'],
  },
  cano_thread_starts_total: { type: 'counter', help: 'Threads that have started.', labels: ['pool'] },
  cano_thread_exits_total: {
    type: 'counter',
    help: 'Threads that have ended before their engine, by reason (exit|uncaught_error|out_of_memory|terminated|protocol|recycled).',
    labels: ['pool', 'reason'],
  },
  cano_event_loop_active_seconds_total: {
    type: 'counter',
    help: 'Seconds that the event loop of the main thread was active.',
    labels: [],
  },
  cano_event_loop_idle_seconds_total: {
    type: 'counter',
    help: 'Seconds that the event loop of the main thread was idle.',
    labels: [],
  },

  cano_scheduler_fires_total: {
    type: 'counter',
    help: 'Runs started by schedules, by reason (schedule|catch_up|trigger).',
    labels: ['schedule', 'reason'],
  },
  cano_scheduler_runs_total: {
    type: 'counter',
    help: 'Runs of schedules that have ended, by status (completed|failed|cancelled|timed_out).',
    labels: ['schedule', 'status'],
  },
  cano_scheduler_skips_total: {
    type: 'counter',
    help: 'Fires that started nothing, by reason (overlap|queue_full|replaced|backoff|tripped|removed|stopped).',
    labels: ['schedule', 'reason'],
  },
  cano_scheduler_misses_total: {
    type: 'counter',
    help: 'Fires whose time was over when they were found.',
    labels: ['schedule'],
  },
  cano_scheduler_lag_seconds: {
    type: 'histogram',
    help: 'Time from when a run was to start until it did.',
    labels: ['schedule'],
    buckets: 'lag',
  },
  cano_scheduler_schedules: {
    type: 'gauge',
    help: 'Schedules, by state (idle|running|paused|backoff|tripped).',
    labels: ['state'],
  },
  cano_scheduler_next_fire_timestamp_seconds: {
    type: 'gauge',
    help: 'When the schedule fires next, in seconds since 1970; absent when it does not.',
    labels: ['schedule'],
  },

  cano_metrics_dropped_label_values_total: {
    type: 'counter',
    help: 'Times that a value of a label was one too many (maxLabelValues) and was counted as __other__, by label.',
    labels: ['label'],
  },
} as const;

/** What a server adds to them. */
export const SERVER_CATALOGUE = {
  cano_server_event_clients: { type: 'gauge', help: 'Clients that read /api/events.', labels: [] },
  cano_server_event_clients_dropped_total: {
    type: 'counter',
    help: 'Clients of /api/events that were let go of because they did not keep up.',
    labels: [],
  },
  cano_server_runs_forgotten_total: {
    type: 'counter',
    help: 'Ended runs that the record of the server does not hold any more.',
    labels: [],
  },
} as const;

export type MetricName = keyof typeof CATALOGUE;

/** Labels whose values a program chooses: each is guarded. */
export const OPEN_LABELS = ['workflow', 'node', 'outcome', 'counter', 'schedule', 'pool'] as const;
export type OpenLabel = (typeof OPEN_LABELS)[number];
