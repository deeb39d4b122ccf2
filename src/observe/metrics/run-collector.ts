/**
 * Counts what runs announce.
 *
 * R1 An event adds to cells that are at hand: names are looked up, nothing is made after the first event of its kind.
 * R2 The report of a run is not used for what its events have told: each event counts once.
 */
import type {
  BranchFinished,
  EngineEvent,
  EventError,
  ExecFinished,
  RetryScheduled,
  RunEvent,
  RunFinished,
  StateLeft,
  Transition,
} from '../../core/events.ts';
import type { FAILURE_REASONS } from './catalogue.ts';
import type { Families } from './families.ts';
import type { PoolCells } from './pool-cells.ts';
import { Named, WorkflowCells, type NodeCells } from './workflow-cells.ts';

/** What is known of a workflow before it has run. */
export interface DeclaredWorkflow {
  readonly name: string;
  readonly nodes: readonly { readonly node: string; readonly outcomes: readonly string[] }[];
}

/** An engine whose events are counted. */
export interface CountedEngine {
  readonly pool: PoolCells;
  /** Declares the workflow of a run, if that is known. */
  readonly introduce: (runId: string) => void;
}

export type FailureReason = (typeof FAILURE_REASONS)[number];

export class RunCollector {
  readonly #workflows: Named<WorkflowCells>;

  constructor(families: Families) {
    this.#workflows = new Named(families, 'workflow', (name) => new WorkflowCells(families, name));
  }

  /** Has all its series begin at 0: what is first seen above it is missed by `rate()` and `increase()`. */
  declare({ name, nodes }: DeclaredWorkflow): void {
    const workflow = this.workflow(name);
    workflow.isDeclared = true;
    for (const { node, outcomes } of nodes) {
      const cells = workflow.node(node);
      for (const outcome of outcomes) cells.transition(outcome);
    }
  }

  workflow(name: string): WorkflowCells {
    return this.#workflows.of(name);
  }

  refresh(now: number): void {
    for (const workflow of this.#workflows.all()) workflow.refresh(now);
  }

  /**
   * Nothing but the type is read before it is known, and once only: where objects of many shapes are read V8 takes several times
   * as long.
   */
  take(event: RunEvent | EngineEvent, { pool, introduce }: CountedEngine): void {
    switch (event.type) {
      case 'exec.finished':
        takeAttempt(event, this.workflow(event.workflow).node(event.node), pool);
        break;
      case 'transition':
        takeTransition(event, this.workflow(event.workflow).node(event.node));
        break;
      case 'state.entered':
        // The third of the common ones: nothing is counted, and not to be looked for in vain below.
        break;
      case 'run.started':
        if (!this.workflow(event.workflow).isDeclared) introduce(event.runId);
        this.workflow(event.workflow).begin(event.at);
        break;
      case 'run.finished':
        takeEnd(event, this.workflow(event.workflow));
        break;
      case 'state.left':
        takeLeft(event, this.workflow(event.workflow).node(event.node));
        break;
      case 'branch.finished':
        takeBranch(event, this.workflow(event.workflow).node(event.node));
        break;
      case 'retry.scheduled':
        takeRetry(event, this.workflow(event.workflow));
        break;
      case 'counter':
        this.workflow(event.workflow).node(event.node).counter(event.name).value += event.add;
        break;
      case 'log':
        this.workflow(event.workflow).logLines(event.level).value += 1;
        break;
      case 'warning':
        this.workflow(event.workflow).warnings(event.code).value += 1;
        break;
      case 'thread.started':
      case 'thread.exited':
        pool.take(event);
        break;
      default:
      // The rest tells nothing that is counted.
    }
  }
}

function takeAttempt(event: ExecFinished, node: NodeCells, pool: PoolCells): void {
  const { outcome, startedAt, endedAt, together } = event;
  const exec = (endedAt - startedAt) / 1_000;
  const back = (event.receivedAt - endedAt) / 1_000 / together;
  const clone = event.cloneMs / 1_000;
  node.attempts[outcome].value += 1;
  if (outcome !== 'ok' && outcome !== 'cancelled') node.failures[reasonOf(event)].value += 1;
  const { phases } = node;
  phases.exec.settled += exec;
  // An exec that is called at once, on the main thread, has none of these.
  if (event.receivedAt > endedAt || event.waitMs > 0) {
    // Its own copy is a part of what it waited.
    phases.queue.settled += Math.max(0, event.waitMs / 1_000 / together - clone);
    phases.clone.settled += clone;
    phases.return.settled += back;
  }
  // What was cancelled before it started has taken no time, and would count as the shortest of all.
  const hasRun = outcome !== 'cancelled' || exec > 0;
  if (hasRun) node.exec.observe(exec);
  if (event.thread === undefined) return;
  pool.executions[outcome].value += 1;
  if (!hasRun) return;
  pool.queue.observe(event.waitMs / 1_000);
  pool.exec.observe(exec);
  pool.overhead.observe(clone + back);
  pool.bytesIn.observe(event.bytesIn);
  pool.bytesOut.observe(event.bytesOut);
}

function takeTransition({ failed, outcome, prepMs, postMs }: Transition, node: NodeCells): void {
  node.visits[failed ? 'failed' : 'completed'].value += 1;
  node.transition(outcome).value += 1;
  node.phases.prep.settled += prepMs / 1_000;
  node.phases.post.settled += postMs / 1_000;
}

function takeLeft({ status, prepMs, postMs }: StateLeft, node: NodeCells): void {
  node.visits[status].value += 1;
  node.phases.prep.settled += prepMs / 1_000;
  node.phases.post.settled += postMs / 1_000;
}

function takeBranch({ at, runId, branch, status, prepMs }: BranchFinished, node: NodeCells): void {
  node.visits[status].value += 1;
  node.phases.prep.settled += prepMs / 1_000;
  node.cutBackOffs(at, runId, branch);
}

function takeRetry({ node, at, delayMs, runId, branch }: RetryScheduled, workflow: WorkflowCells): void {
  const cells = workflow.node(node);
  cells.retries.value += 1;
  workflow.backOff(cells, at, delayMs, runId, branch);
}

function takeEnd({ runId, status, at, report }: RunFinished, workflow: WorkflowCells): void {
  workflow.end(runId, status, at, report.wallMs);
  if (status === 'completed') workflow.lastSuccess().value = (report.startedAt + report.wallMs) / 1_000;
}

/** Why an attempt failed; the code of its error says it where the outcome does not. */
export function reasonOf({ outcome, error }: { readonly outcome: string; readonly error?: EventError }): FailureReason {
  if (outcome === 'timeout') return 'timeout';
  if (outcome === 'crash') return error?.reason === 'out_of_memory' ? 'out_of_memory' : 'crash';
  switch (error?.code) {
    case 'CANO_NOT_CLONEABLE':
      return 'not_cloneable';
    case 'CANO_LOAD_FAILED':
      return 'load';
    case 'CANO_SETUP_FAILED':
      return 'setup';
    default:
      return 'error';
  }
}
