/** The engine as its users see it. Types only. */
import type { Duration } from '../core/duration.ts';
import type { EngineEvent, RunEvent } from '../core/events.ts';
import type { LogThreshold } from '../core/log.ts';
import type { Ready, ServicesCheck, Workflow, WorkflowDefinition } from '../definition/workflow.ts';
import type { Run, RunOptions } from '../definition/run.ts';
import type { Logger } from './logging.ts';
import type { Trace, TraceOptions } from '../observe/trace/trace.ts';
import type { RunExplanation } from './explain.ts';

/** Heap limits of one thread, in MiB. Best effort: V8 may end the whole process instead, and ArrayBuffers do not count. */
export interface ThreadLimits {
  readonly maxOldGenerationSizeMb?: number;
  readonly maxYoungGenerationSizeMb?: number;
  readonly stackSizeMb?: number;
}

export interface EngineOptions<Services = unknown> {
  /** Shown in events. @default 'default' */
  readonly name?: string;
  /** Number of threads. @default CANO_THREADS, else the cores that the process may really use */
  readonly threads?: number | undefined;
  /** Main-thread objects: `ctx.services` in prep and post, `ctx.rpc` in exec. */
  readonly services?: Services;
  /** Runs everything on the main thread: for tests and debugging. @default false */
  readonly inline?: boolean;
  /** Heap limits of each thread. */
  readonly resourceLimits?: ThreadLimits;
  /** Time between asking an execution to stop and terminating its thread. @default '1s' */
  readonly grace?: Duration;
  /** Replaces a thread after so many executions. @default never */
  readonly recycleAfter?: number;
  /**
   * What objects and strings of shared values may weigh on one thread, in MiB, by their serialised size; typed arrays do not
   * count, since they are not copied. Above it a thread lets go of those it has not read for longest. @default 256
   */
  readonly sharedCacheMb?: number;
  /** So many runs may be under way at once. @default no bound */
  readonly maxRuns?: number | undefined;
  /**
   * What becomes of a run beyond `maxRuns`: `start` throws `QueueFullError`, or the run waits with status 'pending' and
   * begins when there is room, by priority, then in the order of coming. @default 'reject'
   */
  readonly whenFull?: 'reject' | 'wait' | undefined;
  /**
   * Gets what nodes log (`ctx.log`), warnings, deaths of threads and failures of runs, called as pino is: `(fields, message)`.
   * For loggers that take the message first there is `messageFirst`.
   *
   * @example
   * createEngine({ logger: pino() });
   */
  readonly logger?: Logger | undefined;
  /** The least level that is logged; what lies below is not even sent from threads. @default 'info' */
  readonly logLevel?: LogThreshold | undefined;
  /** Called for every event of every run and of the engine, synchronously. */
  readonly onEvent?: (event: RunEvent | EngineEvent) => void;
}

/** What one thread does at this moment. */
export interface ThreadStatus {
  readonly thread: number;
  /** Node's id of the thread that has this number now: after a pause that may be another one. */
  readonly threadId?: number;
  readonly status: 'off' | 'starting' | 'idle' | 'busy';
  /** What it executes; only when busy. */
  readonly execution?: {
    readonly runId: string;
    readonly state: string;
    readonly node: string;
    readonly branch?: string;
    readonly item?: number;
    readonly runningMs: number;
  };
  /** Sum of running times of all executions so far, the present one included; setups are not in it. */
  readonly busyMs: number;
  /** Executions handed to it that have not ended. */
  readonly inFlight: number;
  /** V8 heap in use and its limit (of the old generation), as of the end of one of its last executions. */
  readonly heapUsedBytes?: number;
  readonly heapLimitBytes?: number;
  /** CPU time since it started, likewise; Node 22.19 and newer. */
  readonly cpuMs?: number;
}

/** What a node has waiting for a thread and running on threads at this moment. */
export interface NodeLoad {
  readonly workflow: string;
  readonly node: string;
  /** Executions that wait for a thread, or on one for their turn or a setup; and the sum of how long they have, in milliseconds. */
  readonly queued: number;
  readonly queuedMs: number;
  /** Executions that run, and the sum of how long their present items have. */
  readonly running: number;
  readonly runningMs: number;
  /** The sum of how long those that run had waited before, for as many of their items as have not been told of yet. */
  readonly waitedMs: number;
}

/** The engine at this moment. */
export interface EngineStats {
  readonly threads: readonly ThreadStatus[];
  /** Threads that live, also those with nothing to do, whose status is 'off'. */
  readonly alive: number;
  /** Executions that wait for a thread. */
  readonly queued: number;
  /** Executions on threads. */
  readonly inFlight: number;
  /** Executions that have ended since the engine was made. */
  readonly settled: number;
  /** Runs that have not ended. */
  readonly runs: number;
  /** Those of them that wait for room (`maxRuns`). */
  readonly pending: number;
  readonly maxRuns: number | undefined;
  /** Runs that were refused since the engine was made, because there was no room. */
  readonly rejected: number;
  /** It was closed, and all of it has ended. */
  readonly isClosed: boolean;
}

export interface CloseOptions {
  /** How long unfinished runs may go on before they are cancelled. @default '30s' */
  readonly timeout?: Duration;
}

/** Runs workflows on a pool of threads of its own. */
export interface Engine<Services = unknown> extends AsyncDisposable {
  readonly name: string;
  /** Number of threads; 0 with `inline`. */
  readonly threads: number;
  /**
   * The least level that is logged. Setting it works at once, also on threads that compute.
   *
   * @throws InvalidOptionError when set to something that is no level
   */
  logLevel: LogThreshold;
  /**
   * Starts a run; it begins in the next microtask, so handlers attached at once miss nothing. Beyond `maxRuns` it is
   * refused, or begins when there is room: `await run.started` keeps a producer at the pace of the engine.
   *
   * @throws InvalidWorkflowError, InvalidOptionError, EngineClosedError, QueueFullError
   */
  start<State extends string, Store, Open extends State, Exit extends State, Needed>(
    workflow: Workflow<State, Store, Open, Exit, Needed> & Ready<Open> & ServicesCheck<Services, Needed>,
    store: Store,
    options?: RunOptions,
  ): Run<Exit>;
  /** The runs that have not ended. */
  runs(): readonly Run[];
  /** Cancels a run by its id; false when no such run is live. */
  cancel(runId: string, reason?: unknown): boolean;
  /**
   * What a run waits for at this moment: room, a thread and who is ahead, its node's `concurrency`, a back-off, its own
   * code. Undefined when no such run is live.
   *
   * @example
   * console.log(engine.explain(run.id)?.text);
   * // run '…' of workflow 'corpus' is running in state 'Sign': 4 executions wait for a thread, behind 0 of a higher
   * // priority and 2 by fair share; thread 0 executes 'minhash' (item 17) of run '…' for 3 ms; thread 1 is idle
   */
  explain(runId: string): RunExplanation | undefined;
  stats(): EngineStats;
  /** What waits for threads and runs on them at this moment, by workflow and node; looks at each execution that waits. */
  load(): NodeLoad[];
  /**
   * Calls a function for every event from now on, of the live runs too, as `onEvent` does. Returns what ends that.
   *
   * @throws InvalidOptionError when it is no function
   */
  listen(listener: (event: RunEvent | EngineEvent) => void): () => void;
  /**
   * Records from now on what becomes of runs and executions, in a memory of fixed size, to be written as a timeline that
   * ui.perfetto.dev and chrome://tracing draw: a lane per thread, runs, waits, retries.
   *
   * @throws InvalidOptionError
   * @example
   * using trace = engine.trace();
   * await engine.start(workflow, store).result;
   * await trace.write('trace.json.gz');
   */
  trace(options?: TraceOptions): Trace;
  /**
   * Starts all threads and has them load and set up what the workflow executes on them, so that its first run does not
   * wait for that. What cannot be loaded is told by the run that needs it.
   */
  warmUp(workflow: { readonly definition: WorkflowDefinition }): Promise<void>;
  /** Takes no more runs, waits for the live ones, cancels what is left at the timeout, tears the threads down. Safe to call twice. */
  close(options?: CloseOptions): Promise<void>;
}
