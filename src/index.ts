/**
 * The public API, grouped in the order in which a run meets it. Files that run on threads import `cano/node` instead.
 */
import { WrongThreadError } from './core/errors.ts';

// A thread that gets here was given a file that wires workflows. Going on would load the engine into every thread and, in
// a script, start its work once more.
if ((globalThis as { [key: symbol]: unknown })[Symbol.for('cano.thread')] === true) {
  throw new WrongThreadError(
    "'cano' was imported on one of cano's own threads. The file that calls defineExec, or one that it imports, is also the one that " +
      "builds or runs the workflow: move the exec to a file of its own that imports 'cano/node' only; in a bundle, make that file an " +
      'entry point of its own',
  );
}

// what is executed on threads
export { defineExec, execFor } from './node.ts';
export type {
  BoundExec,
  Cloneable,
  Counter,
  ExecContext,
  ExecSpec,
  Log,
  LogMethod,
  NotCloneable,
  Rpc,
  ThreadExec,
} from './node.ts';

// nodes and workflows
export { nodeFor } from './definition/node.ts';
export type { ExecutionOptions, InlineContext, Node, PostContext, PrepContext } from './definition/node.ts';
export { batchNodeFor } from './definition/batch-node.ts';
export type { ItemResult, Items, ItemsWithCommon } from './definition/batch-node.ts';
export { branchFor } from './definition/branch.ts';
export type { Branch } from './definition/branch.ts';
export { join } from './core/join.ts';
export type { JoinOptions, JoinRule } from './core/join.ts';
export type { JoinFailure, Settled } from './core/join-error.ts';
export type { SplitResults, SplitSpec } from './definition/split.ts';
export type { ChildEnd, ChildSpec } from './definition/child.ts';
export type { OutlineRow } from './definition/outline.ts';
export { Workflow } from './definition/workflow.ts';
export type { Ready, Routes, StateOptions, WorkflowDefinition, WorkflowOptions } from './definition/workflow.ts';
export { definePipeline } from './definition/pipeline.ts';
export type { Pipeline, PipelineSpec } from './definition/pipeline.ts';
export type { InputDeclaration, InputDeclarations, InputValues } from './definition/inputs.ts';
export { retry } from './core/retry.ts';
export type { RetryPolicy } from './core/retry.ts';
export type { Duration } from './core/duration.ts';

// shared memory
export { share, shareMutable } from './wire/share.ts';
export { read } from './node.ts';
export type { MutableShared, ReadonlyData, ReadonlyTypedArray, Shared, StoreSnapshot, WritableData } from './node.ts';

// stores
export { MemoryStore } from './store/memory-store.ts';
export type { SnapshotStore } from './store/snapshot.ts';
export type { Store } from './store/store.ts';

// engines and runs
export { createEngine } from './orchestrator/engine.ts';
export { defaultEngine } from './orchestrator/default-engine.ts';
export { threadCount as availableThreads } from './dispatch/threads.ts';
export type {
  CloseOptions,
  Engine,
  EngineOptions,
  EngineStats,
  NodeLoad,
  ThreadLimits,
  ThreadStatus,
} from './orchestrator/types.ts';
export type { Trace, TraceFile, TraceOptions } from './observe/trace/trace.ts';
export type { RunExplanation, RunWait } from './orchestrator/explain.ts';
export type { EventsOptions, Run, RunOptions, RunResult } from './definition/run.ts';

// schedules
export { Scheduler } from './scheduler/scheduler.ts';
export type { SchedulerOptions, StopOptions } from './scheduler/scheduler.ts';
export {
  ScheduleBusyError,
  SchedulerStoppedError,
  ScheduleTrippedError,
  UnknownScheduleError,
} from './scheduler/errors.ts';
export type {
  BackoffOptions,
  CronOptions,
  Fire,
  OverlapPolicy,
  Schedule,
  ScheduledRun,
  ScheduleOptions,
  ScheduleOverview,
  ScheduleState,
  ScheduleStatus,
  StopReport,
  TriggerOptions,
} from './scheduler/types.ts';

// what is announced
export { SCHEDULER_CHANNEL } from './scheduler/announcer.ts';
export { ENGINE_CHANNEL, RUN_CHANNEL } from './orchestrator/announcer.ts';
export type * from './core/events.ts';
export { messageFirst } from './orchestrator/logging.ts';
export type { LogFields, Logger, LogOrigin, MessageFirstLogger } from './orchestrator/logging.ts';
export type { LogThreshold } from './core/log.ts';

// where the time of a run went
export { analyse } from './core/analysis.ts';
export type { PathPart, RunAnalysis } from './core/analysis.ts';
export type { Advice, AdviceRule } from './core/advice.ts';
export type { WallTime } from './core/accounts.ts';
export type { AnalysedReport, NodeReport, RunReport } from './core/report.ts';

// errors
export {
  AttemptTimeoutError,
  CanoError,
  DuplicateExecError,
  EngineClosedError,
  InvalidOptionError,
  InvalidWorkflowError,
  isCanoError,
  LoadFailedError,
  MissingKeyError,
  NonRetryableError,
  NotAListError,
  NotCloneableError,
  QueueFullError,
  ReadOnlyStoreError,
  RetryAfterError,
  ServiceError,
  SetupFailedError,
  StoppedError,
  ThreadDiedError,
  UndeclaredOutcomeError,
  WrongThreadError,
} from './core/errors.ts';
export type { ErrorCode, Where } from './core/errors.ts';
export { JoinFailedError } from './core/join-error.ts';
export { RunCancelledError, RunError, RunFailedError, RunTimedOutError } from './core/run-errors.ts';
