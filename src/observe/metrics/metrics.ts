/**
 * The metrics of engines and schedulers: fed by their events, read off them where a figure is one of the moment.
 *
 * M1 What is counted is in plain cells on the main thread; nothing is rendered, and no client library is asked, before
 *    somebody looks.
 * M2 `refresh` and the reading that follows it are of one turn of the event loop: what is read fits together.
 */
import type { Clock } from '../../core/clock.ts';
import type { EngineEvent, RunEvent, ScheduleEvent } from '../../core/events.ts';
import { Families, type FamiliesOptions } from './families.ts';
import { PoolCells, type ObservedEngine } from './pool-cells.ts';
import { RunCollector, type DeclaredWorkflow } from './run-collector.ts';
import { ScheduleCollector, type ObservedScheduler } from './schedule-collector.ts';

/** What metrics are taken of. */
export interface EngineSource extends ObservedEngine {
  listen(listener: (event: RunEvent | EngineEvent) => void): () => void;
  runs(): readonly RunSource[];
}

interface WorkflowSource {
  readonly definition: { readonly name: string };
}

interface RunSource extends WorkflowSource {
  readonly id: string;
  readonly status: string;
  report(): { readonly wallMs: number };
}

export interface SchedulerSource extends ObservedScheduler {
  listen(listener: (event: ScheduleEvent) => void): () => void;
  workflowOf(id: string): WorkflowSource;
}

export interface MetricsOptions extends FamiliesOptions {
  readonly version: string;
  /** What is known of a workflow, by a run of it that begins, or the schedule that it has; asked once per workflow. */
  readonly declare: (source: WorkflowSource) => DeclaredWorkflow;
  readonly clock: Clock;
}

export class Metrics {
  readonly families: Families;
  readonly #clock: Clock;
  readonly #declare: MetricsOptions['declare'];
  readonly #runs: RunCollector;
  readonly #schedules: ScheduleCollector;
  readonly #engines = new WeakSet<EngineSource>();
  readonly #pools = new Map<string, PoolCells>();
  readonly #schedulers = new Set<SchedulerSource>();
  readonly #offs = new Set<() => void>();
  #isClosed = false;

  constructor({ version, declare, clock, ...options }: MetricsOptions) {
    this.families = new Families(options);
    this.#clock = clock;
    this.#declare = declare;
    this.#runs = new RunCollector(this.families);
    this.#schedules = new ScheduleCollector(this.families);
    this.families.of('cano_build_info').child(version, process.version).value = 1;
  }

  /** Counts what an engine does from now on. One that is counted already is not counted twice. */
  addEngine(engine: EngineSource): void {
    if (this.#engines.has(engine)) return;
    this.#engines.add(engine);
    const pool = this.#poolOf(engine.name);
    for (const run of engine.runs()) {
      this.#declareOf(run);
      // One that waits for room announces its start yet.
      if (run.status !== 'pending')
        this.#runs.workflow(run.definition.name).begin(this.#clock.now() - run.report().wallMs);
    }
    const introduce = (runId: string): void => {
      const run = engine.runs().find(({ id }) => id === runId);
      if (run !== undefined) this.#declareOf(run);
    };
    const counted = { pool, introduce };
    const runs = this.#runs;
    const off = engine.listen((event) => runs.take(event, counted));
    this.#offs.add(off);
    pool.add(engine, () => {
      off();
      this.#offs.delete(off);
    });
  }

  addScheduler(scheduler: SchedulerSource): void {
    if (this.#schedulers.has(scheduler)) return;
    this.#schedulers.add(scheduler);
    this.#schedules.add(scheduler);
    // Runs of schedules are often short: what the first of them counts would be over before a scrape has seen it at 0.
    for (const { id } of scheduler.overview()) this.#declareOf(scheduler.workflowOf(id));
    const off = scheduler.listen((event) => {
      if (event.type === 'schedule.changed' && event.change === 'added')
        this.#declareOf(scheduler.workflowOf(event.schedule));
      this.#schedules.take(event);
    });
    this.#offs.add(off);
  }

  /** Has all series of a workflow begin at 0. */
  declare(workflow: DeclaredWorkflow): void {
    this.#runs.declare(workflow);
  }

  /** Brings up to date what is read off engines, schedulers and clocks. */
  refresh(): void {
    if (this.#isClosed) return;
    this.#runs.refresh(this.#clock.now());
    this.#schedules.refresh();
    for (const pool of this.#pools.values()) pool.refresh(this.#runs);
    const { active, idle } = performance.eventLoopUtilization();
    this.families.of('cano_event_loop_active_seconds_total').child().value = active / 1_000;
    this.families.of('cano_event_loop_idle_seconds_total').child().value = idle / 1_000;
  }

  /** Counts nothing any more: all stays as it is now. */
  close(): void {
    this.refresh();
    this.#isClosed = true;
    for (const off of this.#offs) off();
    this.#offs.clear();
    this.#pools.clear();
    this.#schedulers.clear();
  }

  #poolOf(name: string): PoolCells {
    const admitted = this.families.admit('pool', name);
    let pool = this.#pools.get(admitted);
    if (pool === undefined) this.#pools.set(admitted, (pool = new PoolCells(this.families, admitted)));
    return pool;
  }

  #declareOf(source: WorkflowSource): void {
    if (!this.#runs.workflow(source.definition.name).isDeclared) this.declare(this.#declare(source));
  }
}
