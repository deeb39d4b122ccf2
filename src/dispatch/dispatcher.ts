// Thread: main
/** The port through which the orchestrator has executions done. Threads and the main thread implement it. */
import type { BoundExec } from '../node.ts';
import type { CommonValue, Execution } from './execution.ts';

/** One thread at this moment. */
export interface ThreadView {
  readonly thread: number;
  readonly status: 'off' | 'starting' | 'idle' | 'busy';
  readonly execution: Execution | undefined;
  readonly item: number | undefined;
  readonly runningMs: number;
  readonly busyMs: number;
  readonly inFlight: number;
}

export interface DispatcherView {
  readonly threads: readonly ThreadView[];
  readonly queued: number;
  readonly inFlight: number;
  readonly settled: number;
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
  /** Tears everything down; nothing may be in flight. */
  close(): Promise<void>;
}
