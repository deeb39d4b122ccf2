// Thread: both
/**
 * The wall time of a run as an account: what it would have taken with all threads busy, and what was lost to what.
 *
 * A1 A run waits until it may begin, then makes its visits one after another, and at last waits for branches that do not let
 *    go of their threads. So its wall time is the sum of these and of what lies between the visits. The entries of a state add
 *    up to the time in its visits, those of all accounts to the wall time (within the rounding of doubles).
 * A2 The report holds sums, not intervals. What they cannot tell apart is not told apart: within a batch or a split, threads
 *    that wait for the last item look like threads that wait for the first.
 * A3 An entry is never negative: what was measured twice (branches that were on the main thread side by side) is cut to what
 *    was left.
 * A4 Work is what was still wanted. What an execution did after it had been asked to stop is a loss while its visit waited for
 *    it (`overrunMs`), and no part of the visit after that (`lostMs`).
 * A5 Of a run under way, what its executions have not told yet is `other`, also in batches and splits.
 */
import type { NodeReport, RunReport } from './report.ts';

/** Where wall time goes; milliseconds. */
export interface WallTime {
  /** Before the run was under way. */
  pending: number;
  /** What the executions on threads would have taken with all threads busy all the time: Σ exec / threads. */
  full: number;
  /** An execution on a thread, while the others did nothing for the run; beyond its part of `full`. */
  alone: number;
  /** Batches and splits: threads without work before the last execution ended; beyond `full`. */
  uneven: number;
  /** Getting executions to threads and results back: queue, copying, messages. In batches only copying can be told. */
  handover: number;
  /** prep, post and exec on the main thread; of a batch also its source and reduce. */
  main: number;
  backoff: number;
  /** Executions that had been asked to stop, until they let go. */
  stopping: number;
  /** Between visits, and in them beside all this. */
  other: number;
}

/** One state. */
export interface Account {
  readonly row: NodeReport;
  /** Of a split. */
  readonly branches: readonly NodeReport[];
  readonly wallMs: number;
  /** Without prep, post, and the visits of a sub-workflow. */
  readonly execPhaseMs: number;
  /** Running time on threads, as long as it was wanted. */
  readonly threadMs: number;
  /** What its visits would take on one thread, if executions took as long as they did. */
  readonly oneThreadMs: number;
  readonly entries: WallTime;
}

/** The accounts of all states, and what lies outside of them. */
export interface Accounts {
  readonly states: readonly Account[];
  readonly outside: WallTime;
}

/** Whether the run had ended when the report was made. */
export function isOver({ status }: RunReport): boolean {
  return status !== 'pending' && status !== 'running' && status !== 'waiting';
}

export function accountsOf(report: RunReport): Accounts {
  const rows = report.nodes.filter(({ branch }) => branch === undefined);
  const states = rows.map((row) => accountOf(row, report));
  const top = rows.filter(({ state }) => !rows.some(({ kind, state: of }) => kind === 'workflow' && isIn(state, of)));
  const rest = new Rest(report.wallMs);
  rest.take(sumOf(top, ({ wallMs }) => wallMs));
  const pending = rest.take(report.pendingMs);
  const stopping = rest.take(report.stoppingMs);
  return { states, outside: { ...nothing(), pending, stopping, other: rest.take(Infinity) } };
}

function accountOf(row: NodeReport, report: RunReport): Account {
  const { nodes } = report;
  const threads = Math.max(1, report.threads);
  const branches =
    row.kind === 'split' ? nodes.filter(({ state, branch }) => branch !== undefined && state === row.state) : [];
  const rest = new Rest(row.wallMs);
  const main = rest.take(row.prepMs + row.postMs);
  const entries: WallTime = { ...nothing(), main };
  const inside =
    row.kind === 'workflow'
      ? nodes.filter(({ state, branch }) => branch === undefined && isDirectlyIn(state, row.state))
      : [];
  rest.take(sumOf(inside, ({ wallMs }) => wallMs));
  const execPhaseMs = rest.ms;
  const executing = row.kind === 'split' ? branches : [row];
  const threadMs = sumOf(executing, wantedMsOf);
  const overrunMs = sumOf(executing, (each) => each.overrunMs);
  let oneThreadMs = main + execPhaseMs;
  if (row.kind === 'batch' || row.kind === 'split') {
    entries.full = rest.take(threadMs / threads);
    // On the main thread executions may wait side by side, and branches prepare while others execute.
    entries.main += rest.take(row.feedMs + sumOf(executing, mainMsOf));
    // Its other half is made on the thread, where it cannot be seen, and is taken to be as long.
    entries.handover = rest.take(2 * sumOf(executing, ({ cloneMs }) => cloneMs));
    entries.stopping = rest.take(overrunMs);
    // Items and branches wait for their next attempt side by side with others; a split hangs on those of its path.
    entries.backoff = rest.take(sumOf(branches, ({ backoffMs, pathMs }) => Math.min(backoffMs, pathMs)));
    if (threadMs > 0 && isOver(report)) entries.uneven = rest.take(Infinity);
    oneThreadMs = main + Math.max(execPhaseMs, threadMs + overrunMs);
  } else if (row.kind !== 'workflow') {
    const taken = rest.take(threadMs);
    entries.full = taken / threads;
    entries.alone = taken - entries.full;
    entries.main += rest.take(row.inlineMs);
    entries.stopping = rest.take(overrunMs);
    entries.backoff = rest.take(row.backoffMs);
    entries.handover = rest.take(row.queueMs + row.returnMs);
  }
  entries.other = rest.take(Infinity);
  return { row, branches, wallMs: row.wallMs, execPhaseMs, threadMs, oneThreadMs, entries };
}

/** Running time on threads, as long as it was wanted. */
export function wantedMsOf({ execMs, inlineMs, overrunMs, lostMs }: NodeReport): number {
  return Math.max(0, execMs - inlineMs - overrunMs - lostMs);
}

/** What the executions of a batch, or a branch of a split, had on the main thread. */
function mainMsOf({ kind, inlineMs, prepMs }: NodeReport): number {
  return kind === 'branch' ? prepMs + inlineMs : inlineMs;
}

/** What is left of a time from which parts are taken. */
class Rest {
  ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }

  take(wantedMs: number): number {
    const taken = Math.min(this.ms, Math.max(0, wantedMs));
    this.ms -= taken;
    return taken;
  }
}

function nothing(): WallTime {
  return { pending: 0, full: 0, alone: 0, uneven: 0, handover: 0, main: 0, backoff: 0, stopping: 0, other: 0 };
}

function isIn(state: string, holder: string): boolean {
  return state.startsWith(`${holder}/`);
}

function isDirectlyIn(state: string, holder: string): boolean {
  return isIn(state, holder) && !state.slice(holder.length + 1).includes('/');
}

function sumOf(nodes: readonly NodeReport[], of: (node: NodeReport) => number): number {
  return nodes.reduce((sum, node) => sum + of(node), 0);
}
