/**
 * Engines: the runs that are under way, and the threads they share.
 *
 * Owns: the live runs, those that wait for room included, the dispatchers, limits per node, the end of both.
 * Does not own: what a run does (run-loop), where executions go (dispatch).
 *
 * N1 After `close` was called no run starts.
 * N2 Threads are torn down only when no run is left.
 */
import { isMainThread } from 'node:worker_threads';
import { toMs } from '../core/duration.ts';
import {
  describeValue,
  EngineClosedError,
  InvalidOptionError,
  StoppedError,
  WrongThreadError,
} from '../core/errors.ts';
import { eventError, type EngineEvent, type RunEvent } from '../core/events.ts';
import { Listeners } from '../core/listeners.ts';
import { checkLogLevel, DEFAULT_LOG_LEVEL, type LogThreshold } from '../core/log.ts';
import type { AnyNode } from '../definition/node.ts';
import { threadExecsOf } from '../definition/outline.ts';
import type { Run, RunOptions } from '../definition/run.ts';
import type { AnyWorkflow, WorkflowDefinition } from '../definition/workflow.ts';
import type { Dispatcher, RunStanding } from '../dispatch/dispatcher.ts';
import { InlineDispatcher } from '../dispatch/inline-dispatcher.ts';
import { ThreadDispatcher } from '../dispatch/thread-dispatcher.ts';
import { threadCount } from '../dispatch/threads.ts';
import { LogSwitch } from '../wire/log-switch.ts';
import { startTrace, type Trace, type TraceOptions } from '../observe/trace/trace.ts';
import { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import { Admission } from './admission.ts';
import { deliverEngineEvent } from './announcer.ts';
import { loadOf, threadStatusOf } from './engine-view.ts';
import { explainRun, type RunExplanation } from './explain.ts';
import { LiveRun } from './live-run.ts';
import { checkLogger, logTo } from './logging.ts';
import { systemPorts, type EngineServices, type Ports } from './ports.ts';
import { runLoop } from './run-loop.ts';
import { newRunId } from './run-ids.ts';
import { checkRunOptions } from './run-options.ts';
import { SharedSignals } from './shared-signals.ts';
import type { CloseOptions, Engine, EngineOptions, EngineStats, NodeLoad } from './types.ts';

const DEFAULT_GRACE = '1s';
const DEFAULT_CLOSE_TIMEOUT = '30s';
const DEFAULT_SHARED_CACHE_MB = 256;

/**
 * Makes an engine with threads of its own.
 *
 * @throws InvalidOptionError when an option or CANO_THREADS cannot be used
 * @throws WrongThreadError when called on a worker thread
 * @example
 * await using engine = createEngine({ threads: 4 });
 * const { state } = await engine.start(workflow, store).result;
 */
export function createEngine<Services = unknown>(options: EngineOptions<Services> = {}): Engine<Services> {
  return createEngineWith(options, systemPorts);
}

/** @internal An engine over a clock and a source of chance of the caller's. */
export function createEngineWith<Services = unknown>(options: EngineOptions<Services>, ports: Ports): Engine<Services> {
  return new LocalEngine(options, ports) as Engine<Services>;
}

const validated = new WeakSet<object>();

class LocalEngine implements EngineServices {
  readonly name: string;
  readonly threads: number;
  readonly clock: Ports['clock'];
  readonly random: Ports['random'];
  readonly services: unknown;
  readonly logs: LogSwitch;
  readonly #listeners = new Listeners<RunEvent | EngineEvent>();
  readonly #inline: InlineDispatcher;
  readonly #dispatcher: Dispatcher;
  readonly #runs = new Map<string, LiveRun>();
  readonly #admission: Admission;
  readonly #signals = new SharedSignals();
  readonly #limits = new WeakMap<AnyNode, ConcurrencyLimit>();
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #onQuiet: (() => void) | undefined;

  constructor(options: EngineOptions, { clock, random }: Ports) {
    if (!isMainThread) {
      throw new WrongThreadError(
        'an engine can be made on the main thread only, and this is a worker thread. If this file is your own script: a thread ' +
          'loaded it because defineExec is called in it; move what runs on threads to a file of its own',
      );
    }
    this.name = checkName(options.name);
    this.clock = clock;
    this.random = random;
    this.services = checkServices(options.services);
    this.logs = new LogSwitch(checkLogLevel('createEngine: logLevel', options.logLevel ?? DEFAULT_LOG_LEVEL));
    if (options.logger !== undefined) this.#listeners.add(logTo(checkLogger(options.logger), this.logs));
    if (options.onEvent !== undefined) this.#listeners.add(checkListener('createEngine: onEvent', options.onEvent));
    this.#admission = new Admission(options);
    this.#inline = new InlineDispatcher(this.services, clock, this.logs);
    const graceMs = toMs(options.grace ?? DEFAULT_GRACE, 'createEngine: grace');
    const recycleAfter = checkRecycle(options.recycleAfter);
    const sharedCacheMb = checkSharedCache(options.sharedCacheMb);
    const threads = threadCount(options.threads);
    this.threads = options.inline === true ? 0 : threads;
    this.#dispatcher =
      options.inline === true
        ? this.#inline
        : new ThreadDispatcher({
            threads,
            services: options.services as object | undefined,
            resourceLimits: options.resourceLimits,
            graceMs,
            recycleAfter,
            sharedCacheBytes: sharedCacheMb * 2 ** 20,
            logs: this.logs.buffer,
            observer: {
              started: (thread, threadId, readyMs) =>
                this.#announce({ type: 'thread.started', thread, threadId, readyMs }),
              exited: (thread, reason, error) =>
                this.#announce({
                  type: 'thread.exited',
                  thread,
                  reason,
                  ...(error === undefined ? {} : { message: eventError(error).message }),
                }),
            },
          });
  }

  get logLevel(): LogThreshold {
    return this.logs.level;
  }

  set logLevel(level: LogThreshold) {
    this.logs.level = checkLogLevel('logLevel', level);
  }

  start(workflow: AnyWorkflow, store: unknown, given: RunOptions = {}): Run {
    this.#refuseWhenClosed();
    if (!validated.has(workflow)) {
      workflow.validate();
      validated.add(workflow);
    }
    const { timeoutMs, maxTransitions } = checkRunOptions(given);
    const id = given.runId ?? newRunId(this.clock.wallNow());
    if (this.#runs.has(id))
      throw new InvalidOptionError(
        `runId '${id}' belongs to a run that is still live; every run needs an id of its own`,
      );
    this.#admission.refuseWhenFull(this.name);
    // The function in its place, not in a constant: that cost every run a third of a microsecond (measured on Node 20).
    const run = new LiveRun(id, workflow.definition, store, given, this.clock, this.threads, () => {
      release();
      leave();
      this.#runs.delete(id);
      if (this.#runs.size === 0) this.#onQuiet?.();
    });
    if (!this.#listeners.isEmpty) run.listen(...this.#listeners);
    this.#runs.set(id, run);
    const release = this.#watch(run, given.signal, timeoutMs);
    const leave = this.#admission.admit(run, () => {
      queueMicrotask(() => void runLoop(run, this, maxTransitions));
    });
    return run;
  }

  listen(listener: (event: RunEvent | EngineEvent) => void): () => void {
    this.#listeners.add(checkListener('listen: the listener', listener));
    for (const run of this.#runs.values()) run.listen(listener);
    return () => {
      this.#listeners.delete(listener);
      for (const run of this.#runs.values()) run.unlisten(listener);
    };
  }

  trace(options?: TraceOptions): Trace {
    return startTrace(this, options);
  }

  runs(): readonly Run[] {
    return [...this.#runs.values()];
  }

  cancel(runId: string, reason?: unknown): boolean {
    const run = this.#runs.get(runId);
    run?.cancel(reason ?? new StoppedError('cancelled through its engine'));
    return run !== undefined;
  }

  explain(runId: string): RunExplanation | undefined {
    const run = this.#runs.get(runId);
    if (run === undefined) return undefined;
    const { maxRuns } = this.#admission;
    const { id, definition, status, state, visit } = run;
    return explainRun({
      run: { runId: id, workflow: definition.name, status, state, visit },
      admission: maxRuns === undefined ? undefined : { ...this.#admission.standingOf(run), maxRuns },
      visit: run.present?.waits() ?? [],
      dispatch: this.#standingOf(run),
      threads: this.stats().threads,
    });
  }

  // Its executions may be with both at once: branches of a split.
  #standingOf({ share }: LiveRun): RunStanding {
    const standing = this.#dispatcher.standingOf(share);
    if (this.#dispatcher === this.#inline) return standing;
    return { ...standing, inFlight: standing.inFlight + this.#inline.standingOf(share).inFlight };
  }

  async warmUp({ definition }: { readonly definition: WorkflowDefinition }): Promise<void> {
    this.#refuseWhenClosed();
    await this.#dispatcher.warmUp(threadExecsOf(definition));
  }

  stats(): EngineStats {
    const view = this.#dispatcher.view();
    return {
      threads: view.threads.map(threadStatusOf),
      alive: view.alive,
      queued: view.queued,
      inFlight: view.inFlight,
      settled: view.settled,
      runs: this.#runs.size,
      pending: this.#admission.pending,
      maxRuns: this.#admission.maxRuns,
      rejected: this.#admission.rejected,
      isClosed: this.#isClosed,
    };
  }

  load(): NodeLoad[] {
    const shares = Array.from(this.#runs.values(), ({ shareSoFar }) => shareSoFar);
    return loadOf(shares, this.#dispatcher.flight(), this.clock.now());
  }

  async close({ timeout = DEFAULT_CLOSE_TIMEOUT }: CloseOptions = {}): Promise<void> {
    const timeoutMs = toMs(timeout, 'close: timeout');
    this.#closing ??= this.#shutDown(timeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  dispatcherOf(node: AnyNode): Dispatcher {
    return typeof node.exec === 'function' ? this.#inline : this.#dispatcher;
  }

  limitOf(node: AnyNode): ConcurrencyLimit | undefined {
    if (node.concurrency === undefined) return undefined;
    let limit = this.#limits.get(node);
    if (limit === undefined) {
      limit = new ConcurrencyLimit(node.concurrency);
      this.#limits.set(node, limit);
    }
    return limit;
  }

  #refuseWhenClosed(): void {
    if (this.#closing === undefined) return;
    throw new EngineClosedError(`engine '${this.name}' is closed; make another one with createEngine()`);
  }

  // Ends the run at its signal or timeout; returns what takes both back.
  #watch(run: LiveRun, signal: AbortSignal | undefined, timeoutMs: number | undefined): () => void {
    const off =
      signal === undefined ? undefined : this.#signals.listen(signal, () => run.cancel(signal.reason as unknown));
    const timer = timeoutMs === undefined ? undefined : this.clock.setTimer(() => timeOut(run, timeoutMs), timeoutMs);
    return () => {
      off?.();
      timer?.cancel();
    };
  }

  async #shutDown(timeoutMs: number): Promise<void> {
    if (this.#runs.size > 0) {
      const quiet = new Promise<void>((resolve) => (this.#onQuiet = resolve));
      const timer = this.clock.setTimer(() => {
        for (const run of this.#runs.values()) run.cancel(new EngineClosedError(`engine '${this.name}' was closed`));
      }, timeoutMs);
      await quiet;
      timer.cancel();
    }
    await this.#dispatcher.close();
    if (this.#dispatcher !== this.#inline) await this.#inline.close();
    this.#isClosed = true;
  }

  #announce(body: Record<string, unknown>): void {
    deliverEngineEvent(
      { v: 1, at: this.clock.now(), engine: this.name, ...body } as unknown as EngineEvent,
      this.#listeners,
    );
  }
}

function timeOut(run: LiveRun, timeoutMs: number): void {
  run.requestStop({ status: 'timed_out', reason: new StoppedError(`it took longer than ${timeoutMs} ms`) });
}

function checkName(name: unknown): string {
  if (name === undefined) return 'default';
  if (typeof name === 'string' && name !== '') return name;
  throw new InvalidOptionError(`createEngine: name must be a string that is not empty, got ${describeValue(name)}`);
}

function checkListener<Listener>(what: string, listener: Listener): Listener {
  if (typeof listener === 'function') return listener;
  throw new InvalidOptionError(`${what} must be a function, got ${describeValue(listener)}`);
}

function checkServices(services: unknown): unknown {
  if (services === undefined) return {};
  if (typeof services === 'object' && services !== null) return services;
  throw new InvalidOptionError(
    `createEngine: services must be an object of services by name, got ${describeValue(services)}`,
  );
}

function checkRecycle(after: unknown): number | undefined {
  if (after === undefined || (Number.isSafeInteger(after) && (after as number) >= 1))
    return after as number | undefined;
  throw new InvalidOptionError(`createEngine: recycleAfter must be an integer >= 1, got ${describeValue(after)}`);
}

function checkSharedCache(mb: unknown = DEFAULT_SHARED_CACHE_MB): number {
  if (typeof mb === 'number' && Number.isFinite(mb) && mb >= 0) return mb;
  throw new InvalidOptionError(`createEngine: sharedCacheMb must be a number of MiB >= 0, got ${describeValue(mb)}`);
}
