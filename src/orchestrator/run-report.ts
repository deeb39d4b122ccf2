/** The report of a run: its cells, copies of it while the run goes on, and what is kept of a run that has completed. */
import { analyse } from '../core/analysis.ts';
import type { AnalysedReport, NodeReport, RunReport } from '../core/report.ts';
import type { RunResult } from '../definition/run.ts';

/** A visit that has been entered, whose time its cells do not have yet. */
export interface OpenVisit {
  readonly cells: NodeReport;
  readonly enteredAt: number;
  /** What its phases that are over have taken. */
  readonly prepMs: number;
  readonly postMs: number;
  /** The visit of the state that holds its sub-workflow. */
  readonly outer: OpenVisit | undefined;
}

/** A copy of the sums as they are: the cells go on counting. */
export function copyOf(report: RunReport): RunReport {
  const { wallMs } = report;
  const execMs = report.nodes.reduce((sum, node) => sum + node.execMs, 0);
  return {
    ...report,
    busyThreads: wallMs > 0 ? execMs / wallMs : 0,
    threadMs: [...report.threadMs],
    nodes: report.nodes.map((node) => ({ ...node })),
  };
}

/** The same of a run under way, with its visit and those that hold it up to now. */
export function copyUpTo(now: number, report: RunReport, present: OpenVisit | undefined): RunReport {
  const copy = copyOf(report);
  for (let visit = present; visit !== undefined; visit = visit.outer) {
    const row = copy.nodes[report.nodes.indexOf(visit.cells)] as NodeReport;
    const tookMs = now - visit.enteredAt;
    row.wallMs += tookMs;
    row.pathMs += tookMs;
    row.prepMs += visit.prepMs;
    row.postMs += visit.postMs;
  }
  return copy;
}

export function withAnalysis(report: RunReport): AnalysedReport {
  return {
    ...report,
    get analysis() {
      return analyse(report);
    },
  };
}

/**
 * What a completed run resolves to; kept, it keeps neither the run nor its store. The sums of a run that is over do not
 * change any more: they are copied and read when somebody asks.
 */
export class CompletedRun implements RunResult {
  readonly state: string;
  readonly runId: string;
  readonly #sums: RunReport;

  constructor(state: string, runId: string, sums: RunReport) {
    this.state = state;
    this.runId = runId;
    this.#sums = sums;
  }

  // Made when it is read: a function in every result would cost every run a third of a microsecond.
  get report(): () => AnalysedReport {
    return () => withAnalysis(copyOf(this.#sums));
  }
}

// A literal without a spread: with one, making it would cost every run half a microsecond.
export function newCells(state: string, node: string, kind: NodeReport['kind']): NodeReport {
  return {
    state,
    node,
    kind,
    visits: 0,
    executions: 0,
    attempts: 0,
    retries: 0,
    failures: 0,
    wallMs: 0,
    pathMs: 0,
    prepMs: 0,
    queueMs: 0,
    execMs: 0,
    inlineMs: 0,
    blockedMs: 0,
    feedMs: 0,
    overrunMs: 0,
    lostMs: 0,
    longestMs: 0,
    postMs: 0,
    backoffMs: 0,
    cloneMs: 0,
    returnMs: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
}
