/** Schedules as their users see them. Types only. */
import type { Duration } from '../core/duration.ts';
import type { EventError, RunStatus, ScheduleEvent, StartReason } from '../core/events.ts';
import type { Run } from '../definition/run.ts';
import type { MaybePromise } from '../definition/node.ts';
import type { AnyWorkflow } from '../definition/workflow.ts';
import type { MemoryStore } from '../store/memory-store.ts';
import type { Store as StorePort } from '../store/store.ts';

/** What becomes of a fire while a run of its schedule is under way. */
export type OverlapPolicy = 'skip' | 'queue' | 'allow' | 'replace';

/** Why the store of a run is asked for. */
export interface Fire {
  readonly schedule: string;
  readonly reason: StartReason;
  /** The time that the plan names, jitter not included; that of the call for a trigger. */
  readonly scheduledAt: Date;
}

/** What a schedule waits before it fires again after failures. */
export interface BackoffOptions {
  /** After the first failure. @default '1s' */
  readonly initial?: Duration;
  /** Growth per failure in a row, >= 1. @default 2 */
  readonly multiplier?: number;
  /** No wait is longer, jitter included. @default '5m' */
  readonly max?: Duration;
  /** Share of the wait that is random, 0 to 1: 0.1 gives ±10 %. @default 0.1 */
  readonly jitter?: number;
}

export interface ScheduleOptions<Store = unknown> {
  /** Makes the store of each run. What it throws counts as a failure of that run. @default an empty MemoryStore */
  readonly store?: (fire: Fire) => MaybePromise<Store>;
  /**
   * What becomes of a fire while a run of this schedule is under way: it is left out, it waits for its turn, it starts beside
   * it, or the run is cancelled and it starts when that has ended. @default 'skip'
   */
  readonly overlap?: OverlapPolicy;
  /** Fires that may wait with `overlap: 'queue'`; more are skipped. @default 100 */
  readonly queueLimit?: number;
  /**
   * Fires that a blocked or sleeping process missed are made when it finds them at most so late; older ones are counted as
   * missed. The last one that is due is made up to a minute late in any case. @default 0
   */
  readonly catchUp?: Duration;
  /** Each fire is put off by a random time below this; for an interval it must be shorter than that. @default 0 */
  readonly jitter?: Duration;
  /** No fire before; the grid of an interval starts here. */
  readonly startAt?: Date;
  /** No fire after. */
  readonly endAt?: Date;
  /** So many runs are started by its plan; those of `trigger` do not count. @default no limit */
  readonly maxRuns?: number;
  /** Fires within a wait after a failure are skipped. @default no wait */
  readonly backoff?: BackoffOptions;
  /** After so many failures in a row it fires no more until `resume`. @default never */
  readonly tripAfter?: number;
  /** Of each run, as in `RunOptions`. */
  readonly timeout?: Duration;
  /** Of each run, as in `RunOptions`. */
  readonly priority?: number;
  /** Called when a run fails, times out or cannot be started. */
  readonly onError?: (error: unknown, at: { readonly schedule: string; readonly runId: string | undefined }) => void;
}

export interface CronOptions<Store = unknown> extends ScheduleOptions<Store> {
  /** IANA name, such as 'Europe/Madrid'. @default the zone of the process */
  readonly timezone?: string;
}

/** The options of a schedule; `store` may be left out only where an empty MemoryStore will do. */
export type StoreRequired<Store, Options> = [HoldsMemoryStore<Store>] extends [true]
  ? [options?: Options]
  : [options: Options & { readonly store: (fire: Fire) => MaybePromise<Store> }];

type HoldsMemoryStore<Store> =
  Store extends MemoryStore<infer Schema>
    ? MemoryStore<Schema> extends Store
      ? true
      : false
    : Store extends StorePort<infer Schema>
      ? MemoryStore<Schema> extends Store
        ? true
        : false
      : false;

export interface TriggerOptions<Store = unknown> {
  /** For this run, instead of what the schedule's factory would make. */
  readonly store?: Store;
}

export type ScheduleState = 'idle' | 'running' | 'paused' | 'backoff' | 'tripped';

/** One run of a schedule, or one that could not be started. */
export interface ScheduledRun {
  /** Undefined when it could not be started. */
  readonly runId: string | undefined;
  readonly reason: StartReason;
  readonly scheduledAt: Date;
  readonly startedAt: Date;
  /** Start minus the time it was due at, in milliseconds; 0 for a trigger. */
  readonly latenessMs: number;
  readonly status: RunStatus;
  /** Exit state of a completed run, else where it stood. */
  readonly state?: string;
  readonly durationMs?: number;
  readonly error?: EventError;
}

/** What a schedule knows about itself; a copy. */
export interface ScheduleStatus {
  readonly id: string;
  readonly workflow: string;
  /** As it was declared: `every 500ms`, `cron 0 9 * * * (Europe/Madrid)`, `manual`. */
  readonly plan: string;
  readonly status: ScheduleState;
  readonly overlap: OverlapPolicy;
  /** Runs under way, those included whose store is being made. */
  readonly running: number;
  /** Fires that wait for their turn. */
  readonly queued: number;
  /** Runs so far: those under way, completed, failed (timed out included) and cancelled. */
  readonly runs: number;
  readonly successes: number;
  readonly failures: number;
  readonly cancellations: number;
  /** Fires left out: by overlap, in a back-off, by a full queue. */
  readonly skips: number;
  /** Fires whose time was over when the process found them. */
  readonly misses: number;
  /** Failures since the last success. */
  readonly failureStreak: number;
  readonly lastStart?: Date;
  readonly lastDurationMs?: number;
  /** Of all runs that have ended. */
  readonly averageDurationMs?: number;
  readonly lastLatenessMs?: number;
  readonly lastError?: EventError;
  /** End of the wait after a failure; only in the status 'backoff'. */
  readonly backoffUntil?: Date;
  /** The next fires, jitter not included; none while it is paused, tripped, or the scheduler does not run. */
  readonly nextFires: readonly Date[];
  /** The last 50, the newest last. */
  readonly history: readonly ScheduledRun[];
}

/** A schedule in a glance. */
export interface ScheduleOverview {
  readonly id: string;
  readonly status: ScheduleState;
  /** Jitter not included; absent while it is paused, tripped, or the scheduler does not run. */
  readonly nextFire?: Date;
}

/** A schedule in the hands of who made it. */
export interface Schedule<Store = unknown, Exit extends string = string> {
  readonly id: string;
  /**
   * Starts a run now; resolves when it has begun. It goes by the overlap policy: with 'skip' it is refused while a run is
   * under way, with 'queue' and 'replace' it waits. Works in a back-off and while paused.
   *
   * @throws ScheduleBusyError, ScheduleTrippedError, SchedulerStoppedError (as rejections), and what the store factory throws
   */
  trigger(options?: TriggerOptions<Store>): Promise<Run<Exit>>;
  status(): ScheduleStatus;
  /** The next fires, at most `count`. */
  next(count?: number): Date[];
  /** No fires until `resume`; runs under way go on. */
  pause(): void;
  /** Fires again, from its next time on; also after it tripped. */
  resume(): void;
  /** Takes it out of its scheduler; runs under way go on. */
  remove(): void;
}

/** What `stop` had to do. */
export interface StopReport {
  /** Runs that ended by themselves. */
  readonly drained: number;
  /** Runs that were cancelled at the timeout. */
  readonly cancelled: readonly { readonly schedule: string; readonly runId: string }[];
  /** Fires that waited and were not started, and stores whose making had not ended. */
  readonly dropped: number;
}

/** What starts the runs of a scheduler: an engine. */
export interface RunPort {
  start(
    workflow: AnyWorkflow,
    store: unknown,
    options: { readonly timeout?: Duration | undefined; readonly priority?: number | undefined },
  ): Run;
}

export type ScheduleListener = (event: ScheduleEvent) => void;
