/**
 * The cells of the engines of one name, and what is read off them at each scrape.
 *
 * P1 Engines of one name are one pool: what they have is added up, or the largest of it is told. `default` is the name of every
 *    engine that has none of its own.
 * P2 A counter that is read off engines keeps what engines have left that are closed; they themselves are let go of.
 */
import type { EngineEvent } from '../../core/events.ts';
import { EXIT_REASONS, OUTCOMES } from './catalogue.ts';
import type { Cell, HistogramCell } from './cells.ts';
import type { Families } from './families.ts';
import type { RunCollector } from './run-collector.ts';
import { eachOf } from './workflow-cells.ts';

interface ObservedThread {
  readonly thread: number;
  readonly threadId?: number;
  readonly status: string;
  readonly execution?: { readonly runningMs: number };
  readonly busyMs: number;
  readonly cpuMs?: number;
  readonly heapUsedBytes?: number;
  readonly heapLimitBytes?: number;
}

interface ObservedStats {
  readonly threads: readonly ObservedThread[];
  readonly alive: number;
  readonly queued: number;
  readonly inFlight: number;
  readonly runs: number;
  readonly pending: number;
  readonly maxRuns: number | undefined;
  readonly rejected: number;
  readonly isClosed: boolean;
}

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
    readonly waitedMs: number;
  }[];
  stats(): ObservedStats;
}

/** Threads whose CPU time is remembered. A thread that is not heard of while so many others are has gone. */
const MOST_THREADS = 2_048;

export class PoolCells {
  readonly executions: Readonly<Record<(typeof OUTCOMES)[number], Cell>>;
  readonly queue: HistogramCell;
  readonly exec: HistogramCell;
  readonly overhead: HistogramCell;
  readonly bytesIn: HistogramCell;
  readonly bytesOut: HistogramCell;
  readonly #families: Families;
  readonly #pool: string;
  readonly #starts: Cell;
  /** With what ends their observation. */
  readonly #engines = new Map<ObservedEngine, () => void>();
  /** Of engines that are closed. */
  readonly #left = { rejected: 0, busyMs: new Map<number, number>() };
  /** CPU time that a thread had when it was last looked at, by its id, in milliseconds; the longest ago first. */
  readonly #cpu = new Map<number, number>();

  /** @param pool the name as it was admitted */
  constructor(families: Families, pool: string) {
    this.#families = families;
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

  /** @param off called when the engine is not looked at any more */
  add(engine: ObservedEngine, off: () => void): void {
    this.#engines.set(engine, off);
  }

  take(event: EngineEvent): void {
    if (event.type === 'thread.started') {
      this.#starts.value += 1;
      return;
    }
    this.#exits(event.reason).value += 1;
    // Of one that dies idle the number is not known.
    if (event.thread >= 0) this.#forgetHeap(event.thread);
    else for (let thread = 0; thread < this.#threads; thread += 1) this.#forgetHeap(thread);
  }

  /** Reads the engines; also what waits and runs at this moment, for the nodes of their workflows. */
  refresh(runs: RunCollector): void {
    const all = [...this.#engines.keys()].map((engine) => ({ engine, stats: engine.stats() }));
    const sum = (of: (each: (typeof all)[number]) => number): number =>
      all.reduce((total, each) => total + of(each), 0);
    const ofStatus = (status: string): number =>
      sum(({ stats }) => stats.threads.filter((thread) => thread.status === status).length);
    this.#gauge(
      'cano_pool_threads',
      sum(({ stats }) => stats.alive),
    );
    this.#gauge(
      'cano_pool_threads_max',
      sum(({ engine, stats }) => (stats.isClosed ? 0 : engine.threads)),
    );
    this.#gauge('cano_pool_threads_busy', ofStatus('busy'));
    this.#gauge(
      'cano_pool_queue_size',
      sum(({ stats }) => stats.queued),
    );
    this.#gauge(
      'cano_pool_in_flight',
      sum(({ stats }) => stats.inFlight),
    );
    this.#families.of('cano_pool_runs_rejected_total').child(this.#pool).value =
      this.#left.rejected + sum(({ stats }) => stats.rejected);
    if (all.some(({ stats }) => stats.maxRuns !== undefined)) {
      const bounded = (of: (stats: ObservedStats) => number): number =>
        sum(({ stats }) => (stats.maxRuns === undefined ? 0 : of(stats)));
      this.#gauge(
        'cano_pool_runs_limit',
        bounded(({ maxRuns = 0 }) => maxRuns),
      );
      this.#gauge(
        'cano_pool_runs_under_way',
        bounded((stats) => stats.runs - stats.pending),
      );
    }
    this.#refreshThreads(all.flatMap(({ stats }) => stats.threads));
    for (const { engine, stats } of all) {
      for (const { workflow, node, queuedMs, waitedMs, runningMs } of engine.load()) {
        const { phases } = runs.workflow(workflow).node(node);
        phases.queue.open += (queuedMs + waitedMs) / 1_000;
        phases.exec.open += runningMs / 1_000;
      }
      for (const { status, definition } of engine.runs()) {
        if (status === 'pending') runs.workflow(definition.name).pending.value += 1;
      }
      if (stats.isClosed) this.#letGo(engine, stats);
    }
  }

  get #threads(): number {
    return Math.max(0, ...Array.from(this.#engines.keys(), ({ threads }) => threads));
  }

  #refreshThreads(threads: readonly ObservedThread[]): void {
    const busy = new Map(this.#left.busyMs);
    const age = new Map<number, number>();
    const fullest = new Map<number, ObservedThread>();
    for (const of of threads) {
      const { thread, heapUsedBytes = 0 } = of;
      busy.set(thread, (busy.get(thread) ?? 0) + of.busyMs);
      age.set(thread, Math.max(age.get(thread) ?? 0, of.execution?.runningMs ?? 0));
      if (heapUsedBytes > (fullest.get(thread)?.heapUsedBytes ?? 0)) fullest.set(thread, of);
      this.#addCpu(of);
    }
    let busyMs = 0;
    for (const [thread, ms] of busy) {
      busyMs += ms;
      this.#families.of('cano_thread_busy_seconds_total').child(this.#pool, String(thread)).settled = ms / 1_000;
    }
    this.#families.of('cano_pool_busy_seconds_total').child(this.#pool).settled = busyMs / 1_000;
    for (const [thread, ms] of age)
      this.#families.of('cano_thread_execution_age_seconds').child(this.#pool, String(thread)).value = ms / 1_000;
    for (const [thread, { heapUsedBytes = 0, heapLimitBytes }] of fullest) {
      this.#families.of('cano_thread_heap_used_bytes').child(this.#pool, String(thread)).value = heapUsedBytes;
      if (heapLimitBytes !== undefined)
        this.#families.of('cano_thread_heap_limit_bytes').child(this.#pool, String(thread)).value = heapLimitBytes;
    }
  }

  // A thread counts from its start, and may have another number after a pause: what it has taken since it was last looked at
  // goes to the number that it has now.
  #addCpu({ thread, threadId, cpuMs }: ObservedThread): void {
    if (cpuMs === undefined || threadId === undefined) return;
    const added = Math.max(0, cpuMs - (this.#cpu.get(threadId) ?? 0));
    this.#cpu.delete(threadId);
    this.#cpu.set(threadId, cpuMs);
    if (this.#cpu.size > MOST_THREADS) this.#cpu.delete(this.#cpu.keys().next().value as number);
    this.#families.of('cano_thread_cpu_seconds_total').child(this.#pool, String(thread)).value += added / 1_000;
  }

  #letGo(engine: ObservedEngine, { threads, rejected }: ObservedStats): void {
    this.#engines.get(engine)?.();
    this.#engines.delete(engine);
    this.#left.rejected += rejected;
    const { busyMs } = this.#left;
    for (const of of threads) {
      busyMs.set(of.thread, (busyMs.get(of.thread) ?? 0) + of.busyMs);
      if (of.thread >= this.#threads) this.#forgetHeap(of.thread);
    }
  }

  // How full the heap of a thread was that has gone is of no interest.
  #forgetHeap(thread: number): void {
    this.#families.of('cano_thread_heap_used_bytes').remove(this.#pool, String(thread));
    this.#families.of('cano_thread_heap_limit_bytes').remove(this.#pool, String(thread));
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
