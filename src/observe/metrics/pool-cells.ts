/** The cells of one engine's threads, and what is read off the engine at each scrape. */
import type { EngineEvent } from '../../core/events.ts';
import { EXIT_REASONS, OUTCOMES } from './catalogue.ts';
import type { Cell, HistogramCell } from './cells.ts';
import type { Families } from './families.ts';
import type { RunCollector } from './run-collector.ts';
import { eachOf } from './workflow-cells.ts';

/** What metrics are taken of, as far as they look at it. */
export interface ObservedEngine {
  readonly name: string;
  readonly threads: number;
  runs(): readonly {
    readonly status: string;
    readonly definition: { readonly name: string };
  }[];
  load(): readonly {
    readonly workflow: string;
    readonly node: string;
    readonly queuedMs: number;
    readonly runningMs: number;
  }[];
  stats(): {
    readonly threads: readonly {
      readonly thread: number;
      readonly status: string;
      readonly execution?: { readonly runningMs: number };
      readonly busyMs: number;
      readonly cpuMs?: number;
      readonly heapUsedBytes?: number;
      readonly heapLimitBytes?: number;
    }[];
    readonly queued: number;
    readonly inFlight: number;
    readonly runs: number;
    readonly pending: number;
    readonly maxRuns: number | undefined;
    readonly rejected: number;
  };
}

export class PoolCells {
  readonly executions: Readonly<Record<(typeof OUTCOMES)[number], Cell>>;
  readonly queue: HistogramCell;
  readonly exec: HistogramCell;
  readonly overhead: HistogramCell;
  readonly bytesIn: HistogramCell;
  readonly bytesOut: HistogramCell;
  readonly #families: Families;
  readonly #engine: ObservedEngine;
  readonly #pool: string;
  readonly #starts: Cell;
  /** CPU time by thread number, in milliseconds: of the threads before the present one, and of that. */
  readonly #cpu = new Map<string, readonly [before: number, last: number]>();

  constructor(families: Families, engine: ObservedEngine) {
    this.#families = families;
    this.#engine = engine;
    const pool = families.admit('pool', engine.name);
    this.#pool = pool;
    const executions = families.of('cano_pool_executions_total');
    this.executions = eachOf(OUTCOMES, (outcome) => executions.child(pool, outcome));
    this.queue = families.of('cano_pool_queue_seconds').child(pool);
    this.exec = families.of('cano_pool_exec_seconds').child(pool);
    this.overhead = families.of('cano_pool_overhead_seconds').child(pool);
    this.bytesIn = families.of('cano_pool_payload_bytes').child(pool, 'in');
    this.bytesOut = families.of('cano_pool_payload_bytes').child(pool, 'out');
    this.#starts = families.of('cano_thread_starts_total').child(pool);
    for (const reason of EXIT_REASONS) this.#exits(reason);
  }

  take(event: EngineEvent): void {
    if (event.type === 'thread.started') this.#starts.value += 1;
    else this.#exits(event.reason).value += 1;
  }

  /** Reads the engine; also what waits and runs at this moment, for the nodes of its workflows. */
  refresh(runs: RunCollector): void {
    const engine = this.#engine;
    const stats = engine.stats();
    const { threads } = stats;
    this.#gauge('cano_pool_threads', threads.filter(({ status }) => status !== 'off').length);
    this.#gauge('cano_pool_threads_max', engine.threads);
    this.#gauge('cano_pool_threads_busy', threads.filter(({ status }) => status === 'busy').length);
    this.#gauge('cano_pool_queue_size', stats.queued);
    this.#gauge('cano_pool_in_flight', stats.inFlight);
    this.#families.of('cano_pool_runs_rejected_total').child(this.#pool).value = stats.rejected;
    if (stats.maxRuns !== undefined) {
      this.#gauge('cano_pool_runs_limit', stats.maxRuns);
      this.#gauge('cano_pool_runs_under_way', stats.runs - stats.pending);
    }
    const busyMs = threads.reduce((sum, thread) => sum + thread.busyMs, 0);
    this.#families.of('cano_pool_busy_seconds_total').child(this.#pool).settled = busyMs / 1_000;
    for (const thread of threads) this.#refreshThread(thread);
    for (const { workflow, node, queuedMs, runningMs } of engine.load()) {
      const { phases } = runs.workflow(workflow).node(node);
      phases.queue.open += queuedMs / 1_000;
      phases.exec.open += runningMs / 1_000;
    }
    for (const { status, definition } of engine.runs()) {
      if (status === 'pending') runs.workflow(definition.name).pending.value += 1;
    }
  }

  #refreshThread(of: ReturnType<ObservedEngine['stats']>['threads'][number]): void {
    const thread = String(of.thread);
    const families = this.#families;
    families.of('cano_thread_busy_seconds_total').child(this.#pool, thread).settled = of.busyMs / 1_000;
    families.of('cano_thread_execution_age_seconds').child(this.#pool, thread).value =
      (of.execution?.runningMs ?? 0) / 1_000;
    if (of.cpuMs !== undefined) {
      // A thread counts from its start: what the one before it had taken is kept.
      const [before = 0, last = 0] = this.#cpu.get(thread) ?? [];
      const base = of.cpuMs < last ? before + last : before;
      this.#cpu.set(thread, [base, of.cpuMs]);
      families.of('cano_thread_cpu_seconds_total').child(this.#pool, thread).value = (base + of.cpuMs) / 1_000;
    }
    if (of.heapUsedBytes !== undefined)
      families.of('cano_thread_heap_used_bytes').child(this.#pool, thread).value = of.heapUsedBytes;
    if (of.heapLimitBytes !== undefined)
      families.of('cano_thread_heap_limit_bytes').child(this.#pool, thread).value = of.heapLimitBytes;
  }

  #gauge(
    name:
      | 'cano_pool_threads'
      | 'cano_pool_threads_max'
      | 'cano_pool_threads_busy'
      | 'cano_pool_queue_size'
      | 'cano_pool_in_flight'
      | 'cano_pool_runs_limit'
      | 'cano_pool_runs_under_way',
    value: number,
  ): void {
    this.#families.of(name).child(this.#pool).value = value;
  }

  #exits(reason: string): Cell {
    return this.#families.of('cano_thread_exits_total').child(this.#pool, reason);
  }
}
