// Thread: main
/** The port through which the orchestrator has executions done. Threads and the main thread implement it. */
import type { BoundExec } from '../node.ts';
import type { CommonValue, Execution } from './execution.ts';
import type { Vitals } from '../wire/slots.ts';
import type { RunShare } from './run-share.ts';

/** One thread at this moment. */
export interface ThreadView {
  readonly thread: number;
  /** Node's id of the thread that has this number now; undefined where none is known. */
  readonly threadId: number | undefined;
  readonly status: 'off' | 'starting' | 'idle' | 'busy';
  readonly execution: Execution | undefined;
  readonly item: number | undefined;
  /** How long its present item runs, or the setup that it waits for. */
  readonly runningMs: number;
  /** Sum of what has executed on it so far; setups are not in it. */
  readonly busyMs: number;
  readonly inFlight: number;
  /** What it last said of itself; undefined before that. */
  readonly vitals: Vitals | undefined;
}

/** An execution that a thread has been given. */
export interface FlightView {
  readonly execution: Execution;
  /** Since its present item runs; undefined while the execution waits for its turn or for a setup. */
  readonly runningMs: number | undefined;
  /** How long it has waited; of one that has started, the share of those items that have not settled yet. */
  readonly waitedMs: number;
}

export interface DispatcherView {
  readonly threads: readonly ThreadView[];
  /** Threads that live, whether they have something to do or not. */
  readonly alive: number;
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
  /** What threads have been given and has not ended. */
  flight(): FlightView[];
  standingOf(share: RunShare): RunStanding;
  /** Tears everything down; nothing may be in flight. */
  close(): Promise<void>;
}
