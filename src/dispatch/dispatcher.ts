// Thread: main
/** The port through which the orchestrator has executions done. Threads and the main thread implement it. */
import type { BoundExec } from '../node.ts';
import type { CommonValue, Execution } from './execution.ts';
import type { Vitals } from '../wire/slots.ts';
import type { RunShare } from './run-share.ts';

/** One thread at this moment. */
export interface ThreadView {
  readonly thread: number;
  readonly status: 'off' | 'starting' | 'idle' | 'busy';
  readonly execution: Execution | undefined;
  readonly item: number | undefined;
  readonly runningMs: number;
  readonly busyMs: number;
  readonly inFlight: number;
  /** What it last said of itself; undefined before that. */
  readonly vitals: Vitals | undefined;
}

export interface DispatcherView {
  readonly threads: readonly ThreadView[];
  readonly queued: number;
  readonly inFlight: number;
  readonly settled: number;
}

/** How a run stands with a dispatcher at this moment. */
export interface RunStanding {
  /** Its executions that wait for a thread. */
  readonly queued: number;
  /** Executions of other runs that are taken before its first, if nothing else comes and all cost what is expected. */
  readonly aheadByPriority: number;
  readonly aheadByShare: number;
  /** Its executions that run or are with a thread already, and the numbers of those threads. */
  readonly inFlight: number;
  readonly threads: readonly number[];
}

export interface Dispatcher {
  readonly threads: number;
  /** Takes an execution; its sink hears of every item. */
  submit(execution: Execution): void;
  /** Stops an execution by the ladder; its sink hears of the end of every item as ever. */
  cancel(execution: Execution, reason: unknown): void;
  /** No further execution will need a common value. */
  release(common: CommonValue): void;
  /** Starts every thread and has it load and set up these execs; resolves when all are ready or have failed to be. */
  warmUp(execs: readonly BoundExec<unknown, unknown>[]): Promise<void>;
  view(): DispatcherView;
  standingOf(share: RunShare): RunStanding;
  /** Tears everything down; nothing may be in flight. */
  close(): Promise<void>;
}
