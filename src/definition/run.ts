/** A run as its starter sees it. Types only; the orchestrator implements them. */
import type { Duration } from '../core/duration.ts';
import type { RunEvent, RunStatus } from '../core/events.ts';
import type { AnalysedReport } from '../core/report.ts';
import type { WorkflowDefinition } from './workflow.ts';

/** How a run is started. */
export interface RunOptions {
  /** Cancels the run when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** An id of your own, unique among the live runs. @default a UUID of version 7 */
  readonly runId?: string | undefined;
  /** Longest time from `start` to exit, what the run waits for room (`maxRuns`) included; then the run rejects with `RunTimedOutError`. */
  readonly timeout?: Duration | undefined;
  /**
   * Executions of runs with a higher priority start first, and so do the runs themselves when they wait for room. Runs of
   * equal priority share execution time fairly. @default 0
   */
  readonly priority?: number | undefined;
  /** Called for every event, synchronously; what it throws is reported as an uncaught error and does not touch the run. */
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  /** The run fails when it takes more transitions. @default no limit; a warning event at 100,000 */
  readonly maxTransitions?: number | undefined;
}

/** What a completed run resolves to. */
export interface RunResult<Exit extends string = string> {
  /** The exit state that was reached. */
  readonly state: Exit;
  readonly runId: string;
  /** What the run did, where its time went, and what to do about it; worked out when it is called. */
  readonly report: () => AnalysedReport;
}

export interface EventsOptions {
  /** Events kept for a reader that lags; above it the iteration ends with `CANO_EVENTS_OVERFLOW`. @default 100,000 */
  readonly limit?: number;
}

/** One execution of a workflow. */
export interface Run<Exit extends string = string> {
  readonly id: string;
  /** What is run. */
  readonly definition: WorkflowDefinition;
  readonly status: RunStatus;
  /** The state it stands in. */
  readonly state: string;
  /** Resolves on an exit state; rejects with `RunFailedError`, `RunCancelledError` or `RunTimedOutError`. */
  readonly result: Promise<RunResult<Exit>>;
  /**
   * Resolves when the run begins: in the next microtask, or with `maxRuns` when there is room. Rejects as `result` does
   * when the run is cancelled or times out before it has begun.
   */
  readonly started: Promise<void>;
  /** Stops what the run executes and rejects `result` with `RunCancelledError`. Does nothing after the end. */
  cancel(reason?: unknown): void;
  /** The events from now on; ends with the run. */
  events(options?: EventsOptions): AsyncIterableIterator<RunEvent>;
  /** The report so far; what the present visit has taken is in it when that has ended. */
  report(): AnalysedReport;
}
