/**
 * Counts of what an engine and its scheduler do, and their form for Prometheus.
 *
 * M1 What is counted is kept in plain cells; the client library renders them when it is asked, on the main thread.
 * M2 No label takes values without a bound: names of workflows, nodes and schedules, numbers of threads, closed sets.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { EngineEvent, RunEvent, ScheduleEvent } from '../core/events.ts';

/** What metrics are taken of, as far as they look at it. */
export interface Observed {
  readonly engine: {
    readonly name: string;
    readonly threads: number;
    runs(): readonly { report(): { readonly workflow: string } }[];
    stats(): {
      readonly threads: readonly { readonly thread: number; readonly status: string; readonly busyMs: number }[];
      readonly queued: number;
    };
  };
  readonly scheduler:
    | { list(): readonly { readonly id: string; readonly status: string; readonly nextFires: readonly Date[] }[] }
    | undefined;
  readonly version: string;
}

type Labels = Readonly<Record<string, string | number>>;

/** A metric whose values are set anew for each rendering. */
interface Rendered {
  put(labels: Labels, value: number): void;
}

/** Cells of one counter, by its labels. */
class Cells {
  readonly #cells = new Map<string, { readonly labels: Labels; value: number }>();

  add(labels: Labels, by: number = 1): void {
    const key = Object.values(labels).join('\0');
    const cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, { labels, value: by });
    else cell.value += by;
  }

  fill(metric: Rendered): void {
    for (const { labels, value } of this.#cells.values()) metric.put(labels, value);
  }
}

const SCHEDULE_STATES = ['idle', 'running', 'paused', 'backoff', 'tripped'];

export class Metrics {
  readonly #registry = new Registry();
  readonly #started = new Cells();
  readonly #ended = new Cells();
  readonly #attempts = new Cells();
  readonly #retries = new Cells();
  readonly #threadStarts = new Cells();
  readonly #threadExits = new Cells();
  readonly #fires = new Cells();
  readonly #skips = new Cells();
  readonly #misses = new Cells();

  constructor({ engine, scheduler, version }: Observed) {
    const pool = engine.name;
    const threads = () => engine.stats().threads;
    this.gauge('build_info', 'Constant 1; versions as labels', ['version', 'node_version'], (metric) =>
      metric.put({ version, node_version: process.version }, 1),
    );
    this.counter('workflow_runs_started_total', 'Runs started', ['workflow'], (metric) => this.#started.fill(metric));
    this.counter('workflow_runs_total', 'Runs ended, by status', ['workflow', 'status'], (metric) =>
      this.#ended.fill(metric),
    );
    this.gauge('workflow_runs_active', 'Runs that have not ended', ['workflow'], (metric) => {
      const active = new Cells();
      for (const run of engine.runs()) active.add({ workflow: run.report().workflow });
      active.fill(metric);
    });
    this.counter('node_attempts_total', 'Attempts of execs, by outcome', ['workflow', 'node', 'outcome'], (metric) =>
      this.#attempts.fill(metric),
    );
    this.counter('node_retries_total', 'Attempts after the first', ['workflow', 'node'], (metric) =>
      this.#retries.fill(metric),
    );
    this.gauge('pool_threads', 'Threads that live', ['pool'], (metric) =>
      metric.put({ pool }, threads().filter(({ status }) => status !== 'off').length),
    );
    this.gauge('pool_threads_max', 'Threads that there may be', ['pool'], (metric) =>
      metric.put({ pool }, engine.threads),
    );
    this.gauge('pool_threads_busy', 'Threads that execute something', ['pool'], (metric) =>
      metric.put({ pool }, threads().filter(({ status }) => status === 'busy').length),
    );
    this.gauge('pool_queue_size', 'Executions that wait for a thread', ['pool'], (metric) =>
      metric.put({ pool }, engine.stats().queued),
    );
    this.counter(
      'thread_busy_seconds_total',
      'Time that a thread spent in executions, the present one included',
      ['pool', 'thread'],
      (metric) => {
        for (const { thread, busyMs } of threads()) metric.put({ pool, thread }, busyMs / 1_000);
      },
    );
    this.counter('thread_starts_total', 'Threads started', ['pool'], (metric) => this.#threadStarts.fill(metric));
    this.counter('thread_exits_total', 'Threads ended, by reason', ['pool', 'reason'], (metric) =>
      this.#threadExits.fill(metric),
    );
    if (scheduler !== undefined) this.#addScheduler(scheduler);
  }

  /** Takes an event in. */
  take(event: RunEvent | EngineEvent | ScheduleEvent): void {
    switch (event.type) {
      case 'run.started':
        this.#started.add({ workflow: event.workflow });
        break;
      case 'run.finished':
        this.#ended.add({ workflow: event.workflow, status: event.status });
        break;
      case 'exec.finished':
        this.#attempts.add({ workflow: event.workflow, node: event.node, outcome: event.outcome });
        break;
      case 'retry.scheduled':
        this.#retries.add({ workflow: event.workflow, node: event.node });
        break;
      case 'thread.started':
        this.#threadStarts.add({ pool: event.engine });
        break;
      case 'thread.exited':
        this.#threadExits.add({ pool: event.engine, reason: event.reason });
        break;
      case 'schedule.started':
        this.#fires.add({ schedule: event.schedule, trigger: event.reason });
        break;
      case 'schedule.skipped':
        this.#skips.add({ schedule: event.schedule, reason: event.reason });
        break;
      case 'schedule.missed':
        this.#misses.add({ schedule: event.schedule }, event.fires);
        break;
      default:
    }
  }

  /** Adds a gauge that is filled when it is rendered. */
  gauge(name: string, help: string, labelNames: readonly string[], fill: (metric: Rendered) => void): void {
    const metric = new Gauge({
      name: `cano_${name}`,
      help: `${help}.`,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        metric.reset();
        fill({ put: (labels, value) => metric.set(labels, value) });
      },
    });
  }

  /** Adds a counter whose values are told when it is rendered. */
  counter(name: string, help: string, labelNames: readonly string[], fill: (metric: Rendered) => void): void {
    const metric = new Counter({
      name: `cano_${name}`,
      help: `${help}.`,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        metric.reset();
        fill({ put: (labels, value) => metric.inc(labels, value) });
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text format of Prometheus. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  #addScheduler(scheduler: NonNullable<Observed['scheduler']>): void {
    this.counter(
      'scheduler_fires_total',
      'Runs started by schedules, by what started them',
      ['schedule', 'trigger'],
      (metric) => this.#fires.fill(metric),
    );
    this.counter('scheduler_skips_total', 'Fires left out, by reason', ['schedule', 'reason'], (metric) =>
      this.#skips.fill(metric),
    );
    this.counter('scheduler_misses_total', 'Fires whose time was over when they were found', ['schedule'], (metric) =>
      this.#misses.fill(metric),
    );
    this.gauge('scheduler_schedules', 'Schedules, by status', ['state'], (metric) => {
      const all = scheduler.list();
      for (const state of SCHEDULE_STATES) metric.put({ state }, all.filter(({ status }) => status === state).length);
    });
    this.gauge('scheduler_next_fire_timestamp_seconds', 'Time of the next fire', ['schedule'], (metric) => {
      for (const { id, nextFires } of scheduler.list()) {
        if (nextFires[0] !== undefined) metric.put({ schedule: id }, nextFires[0].getTime() / 1_000);
      }
    });
  }
}
