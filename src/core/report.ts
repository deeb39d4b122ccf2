// Thread: both
/** What a run did and where its time went; kept in plain numbers while the run goes on, without any subscriber. */
import type { RunStatus } from './events.ts';

/** Sums over all visits of one state, or of one branch of a split. Times are milliseconds. */
export interface NodeReport {
  /** In a sub-workflow with the way to it: `'Enrich/Load'`. */
  readonly state: string;
  readonly node: string;
  /** Of a branch: its name in the split. The row of the split itself has none, and no executions. */
  readonly branch?: string;
  /** Times the run entered the state. */
  visits: number;
  /** Finished executions: one per visit, or one per item of a batch. */
  executions: number;
  /** Tries of an execution, the first ones included. */
  attempts: number;
  /** Tries after the first, of any phase. */
  retries: number;
  /** Executions that failed for good. */
  failures: number;
  prepMs: number;
  /** From being ready to the start on a thread, summed over executions. */
  queueMs: number;
  /** Running time of exec, summed over executions. */
  execMs: number;
  postMs: number;
  backoffMs: number;
  /** Copying inputs on the main thread on their way to threads, summed over executions. */
  cloneMs: number;
  /** From the end of exec to its result in hand on the main thread, summed over executions. */
  returnMs: number;
  /** Estimated bytes of inputs and results that crossed threads; shared values weigh no more than their ids. */
  bytesIn: number;
  bytesOut: number;
}

/** The account of one run. */
export interface RunReport {
  readonly runId: string;
  readonly workflow: string;
  readonly version: number;
  status: RunStatus;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  wallMs: number;
  transitions: number;
  /** Σ exec of all nodes divided by wall time: how many threads were kept busy on average. Not a speed-up. */
  busyThreads: number;
  /** Running time of exec per thread slot; inline execs are not in it. */
  readonly threadMs: number[];
  readonly nodes: NodeReport[];
}
