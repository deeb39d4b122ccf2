/** What every reporter is: a subscriber of events that writes to two streams. */
import type { EngineEvent, RunEvent } from '../core/events.ts';
import type { LogThreshold } from '../core/log.ts';
import type { EngineLook } from './lanes.ts';
import type { StateOutline } from './model.ts';

/** A stream as reporters need it; `process.stdout` is one. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** Node's own, undocumented: asks the terminal for its size. */
  _refreshSize?(): void;
}

/** What a reporter is told of the run before it starts. */
export interface ReporterSetup {
  readonly workflow: string;
  /** The states of the workflow, in order of registration. */
  readonly outline: readonly StateOutline[];
  readonly threads: number;
  /** Takes a look at the engine. */
  readonly look: () => EngineLook;
  /** The monotonic clock of the events. */
  readonly now: () => number;
  /** Carries results: the summary, or events as NDJSON. */
  readonly out: Sink;
  /** Carries everything else. */
  readonly err: Sink;
  readonly colors: { readonly out: boolean; readonly err: boolean };
  /** Least level of what is shown of log lines and warnings; lines below it do not come. */
  readonly logLevel: LogThreshold;
}

export interface Reporter {
  /** Whether a pipeline's summary is wanted. */
  readonly wantsSummary: boolean;
  update(event: RunEvent | EngineEvent): void;
  /** Says something about the run from outside, such as that it is being cancelled. */
  notice(text: string): void;
  /** Restores the terminal and shows no more progress. Synchronous, safe to call at any time and twice. */
  stop(): void;
  /** After the run: the end card, and the pipeline's summary. */
  finish(summary: readonly string[]): void;
}
