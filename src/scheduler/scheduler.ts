/**
 * Schedulers: workflows that start by themselves.
 *
 * Owns: the schedules by id, one timer for all of them, their stopping.
 * Does not own: what a schedule does with a fire (live-schedule.ts), what a run does (the engine).
 *
 * H1 After `stop` was called nothing starts. It resolves when nothing of the scheduler runs any more.
 */
import { toMs, type Duration } from '../core/duration.ts';
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import type { Run } from '../definition/run.ts';
import type { AnyWorkflow, Ready, ServicesCheck, Workflow } from '../definition/workflow.ts';
import { defaultEngine } from '../orchestrator/default-engine.ts';
import { systemPorts, type Ports } from '../orchestrator/ports.ts';
import type { Engine } from '../orchestrator/types.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { SchedulerAnnouncer } from './announcer.ts';
import { DueTimer } from './due-timer.ts';
import { SchedulerStoppedError, UnknownScheduleError } from './errors.ts';
import { LiveSchedule, type ScheduleHost } from './live-schedule.ts';
import { checkId, checkSpec, cronOf, intervalOf, type Timing } from './spec.ts';
import { overviewOf, statusOf } from './status.ts';
import { Stopping } from './stopping.ts';
import { Timeline } from './timeline.ts';
import type {
  CronOptions,
  RunPort,
  Schedule,
  ScheduleListener,
  ScheduleOptions,
  ScheduleOverview,
  ScheduleStatus,
  StopReport,
  StoreRequired,
  TriggerOptions,
} from './types.ts';

const DEFAULT_STOP_TIMEOUT = '30s';
const DEFAULT_FIRES_SHOWN = 5;

export interface SchedulerOptions<Services = unknown> {
  /** Runs the workflows. It is not closed with the scheduler. @default the process-wide engine */
  readonly engine?: Engine<Services>;
  /** Shown in events. @default 'default' */
  readonly name?: string;
  /** Called for every event of every schedule, synchronously; what it throws is reported as an uncaught error. */
  readonly onEvent?: ScheduleListener;
}

export interface StopOptions {
  /** How long runs may go on before they are cancelled. @default '30s' */
  readonly timeout?: Duration;
}

/** What a schedule asks of the workflow that it runs: no state open, and services that the engine has. */
type Schedulable<State extends string, Store, Open extends State, Exit extends State, Needed, Services> = Workflow<
  State,
  Store,
  Open,
  Exit,
  Needed
> &
  Ready<Open> &
  ServicesCheck<Services, Needed>;

/**
 * Starts workflows by interval, by cron expression, and by hand; each with a state and a store type of its own.
 *
 * A started scheduler keeps the process alive until it is stopped.
 *
 * @throws InvalidOptionError when an option cannot be used
 * @example
 * await using scheduler = new Scheduler({ engine });
 * const report = scheduler.cron('report', reports, '0 9 * * *', { timezone: 'Europe/Madrid', store: () => new ReportStore() });
 * scheduler.everySeconds('health', health, 30);
 * await scheduler.start();
 * const run = await report.trigger();
 */
export class Scheduler<Services = unknown> implements AsyncDisposable {
  readonly name: string;
  readonly #schedules = new Map<string, LiveSchedule>();
  /** Removed ones whose runs are under way. */
  readonly #leaving = new Set<LiveSchedule>();
  readonly #timer: DueTimer<LiveSchedule>;
  readonly #host: ScheduleHost;
  #status: 'new' | 'running' | 'stopping' = 'new';
  #stopping: Stopping | undefined;
  #added = 0;

  constructor(options?: SchedulerOptions<Services>);
  /** @internal Time and chance of the caller's. */
  constructor(options: SchedulerOptions<Services> | undefined, ports: Ports);
  constructor({ engine, name, onEvent }: SchedulerOptions<Services> = {}, { clock, random }: Ports = systemPorts) {
    if (name !== undefined && (typeof name !== 'string' || name === '')) {
      throw new InvalidOptionError(`Scheduler: name must be a string that is not empty, got ${describeValue(name)}`);
    }
    if (engine !== undefined && typeof (engine as { start?: unknown } | null)?.start !== 'function') {
      throw new InvalidOptionError(`Scheduler: engine must be one made by createEngine, got ${describeValue(engine)}`);
    }
    this.name = name ?? 'default';
    const timeline = new Timeline(clock);
    this.#timer = new DueTimer(clock, timeline, (ms) => {
      for (const schedule of this.#schedules.values()) schedule.leapt(ms);
    });
    this.#host = {
      clock,
      random,
      timeline,
      // Asked for late: the process-wide engine is made on first use.
      port: { start: (...given) => ((engine ?? defaultEngine()) as unknown as RunPort).start(...given) },
      announcer: new SchedulerAnnouncer(this.name, clock),
      defaultStore: () => new MemoryStore(),
      moved: (schedule) => this.#timer.place(schedule),
      ended: (schedule) => this.#afterRun(schedule),
    };
    if (onEvent !== undefined) this.#listen('Scheduler: onEvent', onEvent);
  }

  /**
   * Starts a run each `interval`, on a grid that does not drift: the first one interval after the start of the scheduler, or
   * of its `startAt`.
   *
   * @throws InvalidOptionError, InvalidWorkflowError
   */
  every<State extends string, Store, Open extends State, Exit extends State, Needed>(
    id: string,
    workflow: Schedulable<State, Store, Open, Exit, Needed, Services>,
    interval: Duration,
    ...[options]: StoreRequired<Store, ScheduleOptions<Store>>
  ): Schedule<Store, Exit> {
    return this.#add(id, workflow, intervalOf(checkId(id), interval, '', 1), options);
  }

  /** `every`, in seconds. */
  everySeconds<State extends string, Store, Open extends State, Exit extends State, Needed>(
    id: string,
    workflow: Schedulable<State, Store, Open, Exit, Needed, Services>,
    seconds: number,
    ...[options]: StoreRequired<Store, ScheduleOptions<Store>>
  ): Schedule<Store, Exit> {
    return this.#add(id, workflow, intervalOf(checkId(id), seconds, 'seconds', 1_000), options);
  }

  /** `every`, in minutes. */
  everyMinutes<State extends string, Store, Open extends State, Exit extends State, Needed>(
    id: string,
    workflow: Schedulable<State, Store, Open, Exit, Needed, Services>,
    minutes: number,
    ...[options]: StoreRequired<Store, ScheduleOptions<Store>>
  ): Schedule<Store, Exit> {
    return this.#add(id, workflow, intervalOf(checkId(id), minutes, 'minutes', 60_000), options);
  }

  /** `every`, in hours. */
  everyHours<State extends string, Store, Open extends State, Exit extends State, Needed>(
    id: string,
    workflow: Schedulable<State, Store, Open, Exit, Needed, Services>,
    hours: number,
    ...[options]: StoreRequired<Store, ScheduleOptions<Store>>
  ): Schedule<Store, Exit> {
    return this.#add(id, workflow, intervalOf(checkId(id), hours, 'hours', 3_600_000), options);
  }

  /**
   * Starts runs by a cron expression: `'minute hour day month weekday'`, with a field for seconds before it if need be.
   *
   * @throws InvalidOptionError, InvalidWorkflowError
   */
  cron<State extends string, Store, Open extends State, Exit extends State, Needed>(
    id: string,
    workflow: Schedulable<State, Store, Open, Exit, Needed, Services>,
    expression: string,
    ...[options]: StoreRequired<Store, CronOptions<Store>>
  ): Schedule<Store, Exit> {
    return this.#add(id, workflow, cronOf(checkId(id), expression, options?.timezone), options);
  }

  /**
   * Starts runs by `trigger` only.
   *
   * @throws InvalidOptionError, InvalidWorkflowError
   */
  manual<State extends string, Store, Open extends State, Exit extends State, Needed>(
    id: string,
    workflow: Schedulable<State, Store, Open, Exit, Needed, Services>,
    ...[options]: StoreRequired<Store, ScheduleOptions<Store>>
  ): Schedule<Store, Exit> {
    checkId(id);
    return this.#add(id, workflow, { kind: 'manual' }, options);
  }

  /** Fires from now on. Does nothing when it does already. @throws SchedulerStoppedError (as a rejection) after `stop` */
  async start(): Promise<void> {
    if (this.#status === 'stopping') {
      throw new SchedulerStoppedError(`scheduler '${this.name}' was stopped: make another one`);
    }
    if (this.#status === 'running') return;
    this.#status = 'running';
    this.#timer.sync();
    for (const schedule of this.#schedules.values()) schedule.begin();
    this.#timer.start();
  }

  /** As `Schedule.trigger`, by id; the store is not checked by type. @throws UnknownScheduleError (as a rejection), and what that throws */
  async trigger(id: string, options: TriggerOptions = {}): Promise<Run> {
    const schedule = this.#get(id);
    if (this.#status !== 'running') {
      const how = this.#status === 'new' ? 'does not run yet: start() it first' : 'was stopped';
      throw new SchedulerStoppedError(`schedule '${id}' was not triggered: scheduler '${this.name}' ${how}`);
    }
    this.#timer.sync();
    return schedule.trigger('store' in options ? { store: options.store } : undefined);
  }

  /** @throws UnknownScheduleError */
  status(id: string): ScheduleStatus {
    return statusOf(this.#get(id));
  }

  /** All schedules, in the order in which they were added. */
  list(): ScheduleStatus[] {
    return [...this.#schedules.values()].map(statusOf);
  }

  /** State and next fire of all schedules, in the order of adding; cheap, for who looks often. */
  overview(): ScheduleOverview[] {
    return Array.from(this.#schedules.values(), overviewOf);
  }

  has(id: string): boolean {
    return this.#schedules.has(id);
  }

  /** As `Schedule.pause`. @throws UnknownScheduleError */
  pause(id: string): void {
    this.#get(id).pause();
  }

  /** As `Schedule.resume`. @throws UnknownScheduleError */
  resume(id: string): void {
    this.#timer.sync();
    this.#get(id).resume();
  }

  /** As `Schedule.remove`; the id is free again. @throws UnknownScheduleError */
  remove(id: string): void {
    const schedule = this.#get(id);
    this.#schedules.delete(id);
    if (schedule.running > 0) this.#leaving.add(schedule);
    schedule.halt('removed');
    this.#host.announcer.announce(schedule.spec, { type: 'schedule.changed', change: 'removed' });
  }

  /** Calls a function for every event from now on, as `onEvent` does. Returns what ends that. @throws InvalidOptionError */
  listen(listener: ScheduleListener): () => void {
    return this.#listen('listen: the listener', listener);
  }

  /** The workflow of a schedule. @throws UnknownScheduleError */
  workflowOf(id: string): AnyWorkflow {
    return this.#get(id).spec.workflow;
  }

  /** Runs under way that a schedule has started, those included whose store is being made. */
  get runningCount(): number {
    let running = 0;
    for (const schedule of this.#all()) running += schedule.running;
    return running;
  }

  get hasRunning(): boolean {
    return this.runningCount > 0;
  }

  /** Whether it has been started and not been stopped. */
  get isRunning(): boolean {
    return this.#status === 'running';
  }

  /**
   * Fires no more, waits for the runs under way, cancels what is left at the timeout, and tells what that was. A second call
   * can only make it shorter.
   */
  async stop({ timeout = DEFAULT_STOP_TIMEOUT }: StopOptions = {}): Promise<StopReport> {
    const timeoutMs = toMs(timeout, 'stop: timeout');
    const stopping = (this.#stopping ??= this.#beginStop());
    const timer = this.#host.clock.setTimer(() => stopping.expire(), timeoutMs);
    const report = await stopping.done;
    timer.cancel();
    return report;
  }

  /** `stop` without a wait: what runs is cancelled at once. */
  stopImmediately(): Promise<StopReport> {
    return this.stop({ timeout: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #listen(what: string, listener: ScheduleListener): () => void {
    if (typeof listener !== 'function')
      throw new InvalidOptionError(`${what} must be a function, got ${describeValue(listener)}`);
    const { listeners } = this.#host.announcer;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #add<Store, Exit extends string>(
    id: string,
    workflow: unknown,
    timing: Timing,
    options: CronOptions<Store> | undefined,
  ): Schedule<Store, Exit> {
    if (this.#schedules.has(id)) {
      throw new InvalidOptionError(`schedule '${id}' exists already: every schedule needs an id of its own`);
    }
    if (this.#status === 'stopping') {
      throw new SchedulerStoppedError(`schedule '${id}' was not added: scheduler '${this.name}' was stopped`);
    }
    const spec = checkSpec(id, workflow as AnyWorkflow, timing, options);
    this.#added += 1;
    const schedule = new LiveSchedule(spec, this.#host, this.#added);
    this.#schedules.set(id, schedule);
    this.#host.announcer.announce(schedule.spec, { type: 'schedule.changed', change: 'added' });
    if (this.#status === 'running') {
      this.#timer.sync();
      schedule.begin();
    }
    return this.#handleOf(schedule);
  }

  // A handle is of its schedule, not of whichever has the id later.
  #handleOf<Store, Exit extends string>(schedule: LiveSchedule): Schedule<Store, Exit> {
    const { id } = schedule.spec;
    const isGone = (): boolean => this.#schedules.get(id) !== schedule;
    const present = (): LiveSchedule => {
      if (isGone()) throw new SchedulerStoppedError(`schedule '${id}' was removed`);
      return schedule;
    };
    return {
      id,
      trigger: async (options = {}) => {
        present();
        return this.trigger(id, options) as Promise<Run<Exit>>;
      },
      status: () => statusOf(schedule),
      next: (count = DEFAULT_FIRES_SHOWN) => schedule.nextFires(count).map((at) => new Date(at)),
      pause: () => present().pause(),
      resume: () => {
        present();
        this.resume(id);
      },
      remove: () => {
        if (!isGone()) this.remove(id);
      },
    };
  }

  #get(id: string): LiveSchedule {
    const schedule = this.#schedules.get(id);
    if (schedule === undefined) throw new UnknownScheduleError(id, [...this.#schedules.keys()]);
    return schedule;
  }

  *#all(): Generator<LiveSchedule> {
    yield* this.#schedules.values();
    yield* this.#leaving;
  }

  #beginStop(): Stopping {
    const wasRunning = this.#status === 'running';
    this.#status = 'stopping';
    this.#timer.stop();
    let waiting = 0;
    if (wasRunning) for (const schedule of this.#schedules.values()) waiting += schedule.halt('stopped');
    return new Stopping(this.name, () => this.#all(), waiting);
  }

  #afterRun(schedule: LiveSchedule): void {
    if (schedule.running === 0) this.#leaving.delete(schedule);
    this.#stopping?.look();
  }
}
