// Thread: both
/** What a run did and where its time went; kept in plain numbers while the run goes on, without any subscriber. */
import type { RunAnalysis } from './analysis.ts';
import type { RunStatus, StateKind } from './events.ts';

/** Sums over all visits of one state, or of one branch of a split. Times are milliseconds. */
export interface NodeReport {
  /** In a sub-workflow with the way to it: `'Enrich/Load'`. */
  readonly state: string;
  readonly node: string;
  /** Of a branch: its name in the split. The row of the split itself has none, and no executions. */
  readonly branch?: string;
  readonly kind: StateKind | 'branch';
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
  /**
   * Time in its visits, from entry to the outcome, or up to now; of a branch, until its thread has let go of it (and nothing
   * before that).
   */
  wallMs: number;
  /**
   * For how long of that the run waited for it: all of it, but of a branch only the time in which the join of its split hung
   * on it alone (the critical path).
   */
  pathMs: number;
  prepMs: number;
  /** From being ready to the start on a thread, summed over executions. */
  queueMs: number;
  /** Running time of exec, summed over executions. */
  execMs: number;
  /** Of `execMs`, what ran on the main thread. */
  inlineMs: number;
  /**
   * Of prep, exec and post on the main thread, until they had returned, be it a promise; and `feedMs`. Meanwhile the main thread
   * did nothing else. What an async function computes after its first await is not known, and not in it.
   */
  blockedMs: number;
  /** Of a batch: pulling its source and reducing its results, as far as that blocked the main thread. */
  feedMs: number;
  /**
   * Of `execMs` on threads, what ran on after it had been asked to stop, with its visit waiting for it: after its timeout, the
   * failure of its batch, or a stop of the run.
   */
  overrunMs: number;
  /**
   * Of `execMs` of a branch on threads, what ran on after its split was over. The run does not wait for it, but at its very end
   * (`stoppingMs`).
   */
  lostMs: number;
  /** The longest attempt of an exec. */
  longestMs: number;
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
  /** Of that, before it was under way: until there was room for it (`maxRuns`), and the main thread came to it. */
  pendingMs: number;
  /** Of that, after its last visit: until branches that had been asked to stop let go of their threads. */
  stoppingMs: number;
  /** Threads of the engine; 0 with `inline`. */
  readonly threads: number;
  transitions: number;
  /** Σ exec of all nodes divided by wall time: how many threads were kept busy on average. Not a speed-up. */
  busyThreads: number;
  /** Running time of exec per thread slot; inline execs are not in it. */
  readonly threadMs: number[];
  readonly nodes: NodeReport[];
}

/** A report with what can be read out of it. */
export interface AnalysedReport extends RunReport {
  /** Worked out when it is read. */
  readonly analysis: RunAnalysis;
}
