// Thread: both
/**
 * Everything that cano announces. This list is the only input of reporters, metrics, traces and streams.
 *
 * E1 `seq` counts the events of one run from 1 without gaps, in the order of emission.
 * E2 `at` and all `…At` fields read one monotonic clock in milliseconds; `wallTime` of `run.started` ties it to the calendar.
 * E3 Progress, counters and logs of an execution come before its `exec.finished`.
 * E4 There is no event at the start of an execution: `exec.finished` carries all its times.
 * E5 States of a sub-workflow have the way to them in their name (`'Enrich/Load'`). Their visits lie between `state.entered`
 *    and the end of the visit that holds it; other visits follow each other.
 * E6 A visit ends with `transition`, or with `state.left` when nothing follows it.
 * E7 A branch that lost, or was stopped with its run, ends when its thread has let go of it: its `exec.finished` may come after
 *    the end of its visit.
 */
import { describeValue, fieldOf, isError, messageOf, nameOf, type DeathReason } from './errors.ts';
import type { RunReport } from './report.ts';

/** Where a run stands in its life. */
export type RunStatus = 'pending' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled' | 'timed_out';

/** How one attempt of an exec ended. */
export type AttemptOutcome = 'ok' | 'error' | 'timeout' | 'cancelled' | 'crash';

export type Phase = 'prep' | 'exec' | 'post';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** An error as events carry it. */
export interface EventError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  /** Of a thread's death. */
  readonly reason?: string;
}

interface OfRun {
  readonly v: 1;
  readonly seq: number;
  readonly at: number;
  readonly runId: string;
  readonly workflow: string;
  readonly version: number;
}

interface OfVisit extends OfRun {
  readonly state: string;
  readonly node: string;
  readonly visit: number;
}

interface OfExecution extends OfVisit {
  readonly branch?: string;
  /** Index of the item in its batch, from 0. */
  readonly item?: number;
  readonly attempt: number;
  /** Slot number of the thread; absent for an exec on the main thread. */
  readonly thread?: number;
}

export interface RunStarted extends OfRun {
  readonly type: 'run.started';
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly wallTime: number;
}

export interface RunFinished extends OfRun {
  readonly type: 'run.finished';
  readonly status: 'completed' | 'failed' | 'cancelled' | 'timed_out';
  readonly state: string;
  readonly error?: EventError;
  readonly report: RunReport;
}

export interface StateEntered extends OfVisit {
  readonly type: 'state.entered';
  /** What works in it: one exec, one exec per item, branches side by side, or a sub-workflow. */
  readonly kind: StateKind;
}

export type StateKind = 'node' | 'batch' | 'split' | 'workflow';

/** A visit came to its end: where it goes and what its own phases took, retries included. */
export interface Transition extends OfVisit {
  readonly type: 'transition';
  readonly outcome: string;
  readonly to: string;
  /** True when the visit failed and took its `onFailure` route. */
  readonly failed: boolean;
  readonly prepMs: number;
  readonly postMs: number;
}

/** A visit came to its end without a transition: it failed without a route, or it was stopped. The run ends, or the visit around it fails. */
export interface StateLeft extends OfVisit {
  readonly type: 'state.left';
  readonly status: 'failed' | 'cancelled';
  readonly prepMs: number;
  readonly postMs: number;
}

/** The source of a batch told how many items there are; `final` when no more will come. */
export interface BatchSized extends OfVisit {
  readonly type: 'batch.sized';
  readonly items: number;
  readonly final: boolean;
}

/** A branch of a split is over. One that lost is cancelled at this moment, and its thread may need its grace yet. */
export interface BranchFinished extends OfVisit {
  readonly type: 'branch.finished';
  readonly branch: string;
  readonly status: 'completed' | 'failed' | 'cancelled';
  /** What its prep has taken, retries included. */
  readonly prepMs: number;
  /** Of a failed one. */
  readonly error?: EventError;
}

/** The branches of a split are together, or cannot be. Follows the `branch.finished` of all branches. */
export interface JoinDecided extends OfVisit {
  readonly type: 'join.decided';
  readonly outcome: 'won' | 'impossible' | 'timed_out';
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Whether it was decided by its deadline. */
  readonly deadlinePassed: boolean;
}

export interface ExecFinished extends OfExecution {
  readonly type: 'exec.finished';
  readonly outcome: AttemptOutcome;
  readonly error?: EventError;
  /** Ready to be dispatched. */
  readonly queuedAt: number;
  /** Handed to a thread; an inline exec has `startedAt` here. */
  readonly postedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Result in hand on the main thread. */
  readonly receivedAt: number;
  /** From being ready until a thread took it, with all that it travelled with; milliseconds. */
  readonly waitMs: number;
  /** Items that travelled together, this one included; 1 but for a batch. Each has its share of `waitMs`, not all of it. */
  readonly together: number;
  /**
   * What copying the input took on the main thread, in milliseconds; part of the time from `postedAt` to `startedAt`, in which
   * the thread makes the copy's other half.
   */
  readonly cloneMs: number;
  /** Estimated bytes of the input and the result that crossed threads. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface RetryScheduled extends OfVisit {
  readonly type: 'retry.scheduled';
  readonly phase: Phase;
  readonly branch?: string;
  readonly item?: number;
  /** The attempt that failed. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: EventError;
}

export interface Progress extends OfExecution {
  readonly type: 'progress';
  readonly done: number;
  readonly total: number;
}

export interface CounterAdded extends OfExecution {
  readonly type: 'counter';
  readonly name: string;
  /** Added since the last such event of this execution. */
  readonly add: number;
}

export interface Logged extends OfExecution {
  readonly type: 'log';
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Something is not as it should be, and the run goes on. What belongs to a visit, or a branch, says to which. */
export interface Warning extends OfRun, Partial<Omit<OfVisit, keyof OfRun>> {
  readonly type: 'warning';
  readonly code: 'many_transitions' | 'logs_dropped' | 'costly_input';
  readonly message: string;
  readonly branch?: string;
  /** With `logs_dropped`: so many log lines of the visit or branch, since the last such warning. */
  readonly dropped?: number;
}

/** All that a run announces. */
export type RunEvent =
  | RunStarted
  | StateEntered
  | BatchSized
  | BranchFinished
  | JoinDecided
  | ExecFinished
  | RetryScheduled
  | Progress
  | CounterAdded
  | Logged
  | Warning
  | Transition
  | StateLeft
  | RunFinished;

/** Distributes `Omit` over a union. */
type Without<E, K extends PropertyKey> = E extends unknown ? Omit<E, K> : never;

/** An event as its emitter writes it; the run adds the rest. */
export type RunEventBody = Without<RunEvent, keyof OfRun>;

interface OfEngine {
  readonly v: 1;
  readonly at: number;
  readonly engine: string;
}

/** What an engine announces about its threads; not tied to a run. */
export type EngineEvent =
  | (OfEngine & {
      readonly type: 'thread.started';
      readonly thread: number;
      readonly threadId: number;
      readonly readyMs: number;
    })
  | (OfEngine & {
      readonly type: 'thread.exited';
      readonly thread: number;
      readonly reason: string;
      readonly message?: string;
    });

interface OfSchedule {
  readonly v: 1;
  readonly at: number;
  readonly scheduler: string;
  readonly schedule: string;
  readonly workflow: string;
}

/** Why a scheduled run starts: its time has come, its time has passed unseen, or somebody asked for it. */
export type StartReason = 'schedule' | 'catch_up' | 'trigger';

/** Why a fire starts nothing. */
export type SkipReason = 'overlap' | 'queue_full' | 'replaced' | 'backoff' | 'tripped' | 'removed' | 'stopped';

/** What a scheduler announces about its schedules; the runs that they start announce themselves. */
export type ScheduleEvent =
  | (OfSchedule & {
      readonly type: 'schedule.started';
      readonly runId: string;
      readonly reason: StartReason;
      /** The time that the plan names, in milliseconds since 1970. */
      readonly scheduledAt: number;
      readonly latenessMs: number;
    })
  | (OfSchedule & {
      readonly type: 'schedule.finished';
      /** Absent when the run could not be started. */
      readonly runId?: string;
      readonly status: 'completed' | 'failed' | 'cancelled' | 'timed_out';
      readonly durationMs: number;
      readonly error?: EventError;
    })
  | (OfSchedule & {
      readonly type: 'schedule.skipped';
      readonly reason: SkipReason;
      readonly scheduledAt: number;
    })
  | (OfSchedule & { readonly type: 'schedule.missed'; readonly fires: number })
  | (OfSchedule & {
      readonly type: 'schedule.changed';
      readonly change: 'added' | 'removed' | 'paused' | 'resumed' | 'backoff' | 'tripped';
      /** End of a back-off, in milliseconds since 1970. */
      readonly until?: number;
    });

/** Reasons of `thread.exited` that user code brought about; threads are also recycled, and terminated at a timeout or a cancellation. */
export const UNEXPECTED_DEATHS: ReadonlySet<string> = new Set([
  'exit',
  'uncaught_error',
  'out_of_memory',
  'protocol',
] satisfies DeathReason[]);

/** The short form of whatever was thrown, for an event. */
export function eventError(thrown: unknown): EventError {
  if (!isError(thrown))
    return { name: 'thrown value', message: typeof thrown === 'string' ? thrown : describeValue(thrown) };
  const code = fieldOf(thrown, 'code');
  const reason = code === 'CANO_THREAD_DIED' ? fieldOf(thrown, 'reason') : undefined;
  return {
    name: nameOf(thrown),
    message: messageOf(thrown),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
  };
}
