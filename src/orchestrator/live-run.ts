/**
 * The state of one run: what its loop works on and what its starter sees as `Run`.
 *
 * Owns: identity, status, the request to stop, events and their numbering, the cells of its report.
 * Does not own: what happens next (the run loop), executions (the dispatchers), what is made of the report (run-report).
 *
 * R1 `seq` goes up by one with every event, whether anybody listens or not. Listeners get events in that order, also when
 *    one of them causes the next. Nothing is announced after `run.finished`.
 * R2 The first request to stop wins; later ones change nothing. After the end none has an effect.
 * R3 What still executes for the run when it has gone on, such as a branch that lost, is held: the run ends after it.
 */
import type { Clock } from '../core/clock.ts';
import { describeValue, InvalidOptionError, StoppedError } from '../core/errors.ts';
import type { RunEvent, RunEventBody, RunStatus } from '../core/events.ts';
import type { AnalysedReport, NodeReport, RunReport } from '../core/report.ts';
import type { Writable } from '../core/writable.ts';
import type { EventsOptions, Run, RunOptions, RunResult } from '../definition/run.ts';
import type { WorkflowDefinition } from '../definition/workflow.ts';
import { RunShare } from '../dispatch/run-share.ts';
import { deliverRunEvent, isRunChannelInUse } from './announcer.ts';
import type { VisitPlace } from './attempt.ts';
import { EventStream } from './event-stream.ts';
import type { RunWait } from './explain.ts';
import { CompletedRun, copyOf, copyUpTo, newCells, withAnalysis, type OpenVisit } from './run-report.ts';
import { StopScope } from './stop-scope.ts';

const DEFAULT_EVENT_LIMIT = 100_000;
const NOBODY: readonly never[] = [];

/** Why a run is to end before an exit state. */
export interface StopRequest {
  readonly status: 'cancelled' | 'timed_out';
  readonly reason: unknown;
}

export class LiveRun implements Run {
  readonly id: string;
  readonly definition: WorkflowDefinition;
  readonly store: unknown;
  readonly priority: number;
  readonly result: Promise<RunResult>;
  status: RunStatus = 'pending';
  state: string;
  visit = 0;
  maxTransitions: number | undefined;
  /** The error that took an `onFailure` route into the present state. */
  lastError: unknown;
  stopRequest: StopRequest | undefined;
  /** What waits for something in the run is told here that it is to stop. */
  readonly scope: StopScope = new StopScope();
  /** `share`, once the run has had an execution: for who only looks. */
  shareSoFar: RunShare | undefined;
  /** Its visit, as far as others may ask it; undefined before the first, between two, and after the last. */
  present: (OpenVisit & { waits(): readonly RunWait[] }) | undefined;
  readonly #clock: Clock;
  readonly #report: RunReport;
  readonly #nodes = new Map<string, NodeReport>();
  #held = 0;
  #onReleased: (() => void) | undefined;
  /** Since when nothing is left to be waited for but what is held. */
  #heldSince: number | undefined;
  readonly #onOver: () => void;
  // Replaced, never changed: who starts to listen during an event gets the next one. (An object of its own for it would be
  // made for every run.)
  #listeners: readonly ((event: RunEvent) => void)[] = NOBODY;
  #isDelivering = false;
  /** What listeners have caused while an event was delivered. */
  #undelivered: RunEvent[] | undefined;
  #isClosed = false;
  readonly #startedAt: number;
  /** Made when somebody asks for it, like what tells of it. */
  #started: Promise<void> | undefined;
  #onBegin: (() => void) | undefined;
  #hasBegun = false;
  #seq = 0;
  #toldOnce: Set<string> | undefined;
  #settle!: { readonly resolve: (result: RunResult) => void; readonly reject: (error: unknown) => void };

  /**
   * @param threads of the engine, for its report
   * @param onOver called when nothing of the run is executed any more, before its result settles
   */
  constructor(
    id: string,
    definition: WorkflowDefinition,
    store: unknown,
    options: RunOptions,
    clock: Clock,
    threads: number,
    onOver: () => void,
  ) {
    this.id = id;
    this.definition = definition;
    this.store = store;
    this.priority = options.priority ?? 0;
    this.state = definition.start;
    this.#clock = clock;
    this.#onOver = onOver;
    this.#startedAt = clock.now();
    if (options.onEvent !== undefined) this.listen(options.onEvent);
    const { name, version } = definition;
    this.#report = {
      runId: id,
      workflow: name,
      version,
      status: 'pending',
      startedAt: clock.wallNow(),
      wallMs: 0,
      pendingMs: 0,
      stoppingMs: 0,
      threads,
      transitions: 0,
      busyThreads: 0,
      threadMs: [],
      nodes: [],
    };
    this.result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever does not look at the result must not be ended by an unhandled rejection; who does still gets it.
    this.result.catch(() => {});
  }

  /** What the run has had of the threads; made for its first execution. */
  get share(): RunShare {
    this.shareSoFar ??= new RunShare(this.priority);
    return this.shareSoFar;
  }

  get started(): Promise<void> {
    this.#started ??= this.#hasBegun
      ? Promise.resolve()
      : new Promise((resolve, reject) => {
          this.#onBegin = resolve;
          // First come, first served: after it has begun this changes nothing.
          this.result.catch(reject);
        });
    this.#started.catch(() => {});
    return this.#started;
  }

  /** The run is under way from now on. */
  begin(): void {
    this.status = 'running';
    this.#report.pendingMs = this.#clock.now() - this.#startedAt;
    this.#hasBegun = true;
    this.#onBegin?.();
  }

  get isOver(): boolean {
    return this.status !== 'pending' && this.status !== 'running' && this.status !== 'waiting';
  }

  cancel(reason?: unknown): void {
    this.requestStop({ status: 'cancelled', reason: reason ?? new StoppedError('cancelled by its handle') });
  }

  requestStop(request: StopRequest): void {
    if (this.stopRequest !== undefined || this.isOver) return;
    this.stopRequest = request;
    const how = request.status === 'timed_out' ? 'timed out' : 'was cancelled';
    this.scope.stop(new StoppedError(`the run ${how}`, { cause: request.reason }));
  }

  /** The run does not end before this has settled. */
  hold(executing: Promise<void>): void {
    this.#held += 1;
    void executing.finally(() => {
      this.#held -= 1;
      if (this.#held === 0) this.#onReleased?.();
    });
  }

  get isHeld(): boolean {
    return this.#held > 0;
  }

  /** Resolves when nothing is held any more; to be called after the last visit. */
  async released(): Promise<void> {
    if (this.#held === 0) return;
    this.#heldSince = this.#clock.now();
    await new Promise<void>((resolve) => {
      this.#onReleased = resolve;
    });
  }

  /** Each is told once. */
  listen(...listeners: readonly ((event: RunEvent) => void)[]): void {
    const own = this.#listeners;
    this.#listeners = own.length === 0 ? listeners : [...new Set([...own, ...listeners])];
  }

  unlisten(listener: (event: RunEvent) => void): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }

  events({ limit = DEFAULT_EVENT_LIMIT }: EventsOptions = {}): EventStream {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new InvalidOptionError(`events: limit must be an integer >= 1, got ${describeValue(limit)}`);
    }
    const listener = (event: RunEvent): void => stream.push(event);
    const stream = new EventStream(limit, () => this.unlisten(listener));
    if (this.#isClosed) stream.end();
    else this.listen(listener);
    return stream;
  }

  /**
   * Announces an event; `body` is made only when somebody listens.
   *
   * @param at what the clock said a moment ago, where nothing of the run can have happened since
   */
  announce(body: () => RunEventBody, at?: number): void {
    if (this.#isClosed) return;
    this.#seq += 1;
    if (this.#listeners.length === 0 && !isRunChannelInUse()) return;
    // Written into the body: a new object of both takes V8 three times as long, and a spread of both forty times.
    const event = body() as Writable<RunEvent>;
    event.v = 1;
    event.seq = this.#seq;
    event.at = at ?? this.#clock.now();
    event.runId = this.id;
    event.workflow = this.definition.name;
    event.version = this.definition.version;
    this.#deliver(event);
  }

  /** Announces something that is worth telling once per run and `key`. */
  announceOnce(key: string, body: () => RunEventBody): void {
    const told = (this.#toldOnce ??= new Set());
    if (told.has(key)) return;
    told.add(key);
    this.announce(body);
  }

  /** The cells of a state, or of a branch of the split in it. */
  nodeReport({ state, node, branch }: VisitPlace, kind: NodeReport['kind']): NodeReport {
    const key = branch === undefined ? state : `${state}\0${branch}`;
    let cells = this.#nodes.get(key);
    if (cells === undefined) {
      cells =
        branch === undefined ? newCells(state, node, kind) : Object.assign(newCells(state, node, kind), { branch });
      this.#nodes.set(key, cells);
      this.#report.nodes.push(cells);
    }
    return cells;
  }

  addThreadMs(thread: number, ms: number): void {
    const { threadMs } = this.#report;
    while (threadMs.length <= thread) threadMs.push(0);
    threadMs[thread] = (threadMs[thread] as number) + ms;
  }

  countTransition(): number {
    this.#report.transitions += 1;
    return this.#report.transitions;
  }

  report(): AnalysedReport {
    return withAnalysis(this.#sums());
  }

  #sums(): RunReport {
    if (this.isOver) return copyOf(this.#report);
    const now = this.#clock.now();
    this.#bookUpTo(now);
    return copyUpTo(now, this.#report, this.present);
  }

  complete(state: string): void {
    this.#finish('completed', state);
    this.#announceEnd(() => ({ type: 'run.finished', status: 'completed', state, report: this.#sums() }));
    this.#settle.resolve(new CompletedRun(state, this.id, this.#report));
  }

  /** `error` is made with the final report. */
  fail(
    status: 'failed' | 'cancelled' | 'timed_out',
    makeError: (report: RunReport) => Error,
    describe: (error: Error, report: RunReport) => RunEventBody,
  ): void {
    this.#finish(status, this.state);
    const report = this.#sums();
    const error = makeError(report);
    this.#announceEnd(() => describe(error, report));
    this.#settle.reject(error);
  }

  #finish(status: RunStatus, state: string): void {
    this.status = status;
    this.#bookUpTo(this.#clock.now());
    this.state = state;
    this.scope.close();
    this.#onOver();
  }

  #bookUpTo(now: number): void {
    const report = this.#report;
    report.status = this.status;
    report.wallMs = now - this.#startedAt;
    // One that was stopped before it began has done nothing but wait for that.
    if (!this.#hasBegun) report.pendingMs = report.wallMs;
    if (this.#heldSince !== undefined) report.stoppingMs = now - this.#heldSince;
  }

  #announceEnd(body: () => RunEventBody): void {
    this.announce(() => {
      // Before it is delivered: a listener may cause further events.
      this.#isClosed = true;
      return body();
    });
    this.#isClosed = true;
  }

  #deliver(event: RunEvent): void {
    if (this.#isDelivering) {
      (this.#undelivered ??= []).push(event);
      return;
    }
    this.#isDelivering = true;
    deliverRunEvent(event, this.#listeners);
    const caused = this.#undelivered;
    if (caused !== undefined) {
      // It grows meanwhile when a listener causes further events.
      for (const next of caused) deliverRunEvent(next, this.#listeners);
      this.#undelivered = undefined;
    }
    this.#isDelivering = false;
  }
}
