// Thread: both
/**
 * The wall time of a run as an account: what it would have taken with all threads busy, and what was lost to what.
 *
 * A1 Visits follow each other, so the wall time of a run is the sum of its visits and of what lies between them. The entries
 *    of a state add up to the time in its visits, those of all accounts to the wall time (within the rounding of doubles).
 * A2 The report holds sums, not intervals. What they cannot tell apart is not told apart: within a batch or a split, threads
 *    that wait for the last item look like threads that wait for the first.
 * A3 An entry is never negative: what was measured twice (a branch that executes on after its join) is cut to what was left.
 */
import type { NodeReport, RunReport } from './report.ts';

/** Where wall time goes; milliseconds. */
export interface WallTime {
  /** What the executions on threads would have taken with all threads busy all the time: Σ exec / threads. */
  full: number;
  /** An execution on a thread, while the others had nothing to do; beyond its part of `full`. */
  alone: number;
  /** Batches and splits: threads without work before the last execution ended; beyond `full`. */
  uneven: number;
  /** Getting executions to threads and results back: queue, copying, messages. In batches only copying can be told. */
  handover: number;
  /** prep, post and exec on the main thread. */
  main: number;
  backoff: number;
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
  /** Running time on threads. */
  readonly threadMs: number;
  /** What its visits would take on one thread, if executions took as long as they did. */
  readonly oneThreadMs: number;
  readonly entries: WallTime;
}

/** The accounts of all states, and what lies between them. */
export interface Accounts {
  readonly states: readonly Account[];
  readonly betweenMs: number;
}

export function accountsOf(report: RunReport): Accounts {
  const threads = Math.max(1, report.threads);
  const rows = report.nodes.filter(({ branch }) => branch === undefined);
  const states = rows.map((row) => accountOf(row, report.nodes, threads));
  const top = rows.filter(({ state }) => !rows.some(({ kind, state: of }) => kind === 'workflow' && isIn(state, of)));
  const visitsMs = top.reduce((sum, { wallMs }) => sum + wallMs, 0);
  return { states, betweenMs: Math.max(0, report.wallMs - visitsMs) };
}

function accountOf(row: NodeReport, nodes: readonly NodeReport[], threads: number): Account {
  const branches =
    row.kind === 'split' ? nodes.filter(({ state, branch }) => branch !== undefined && state === row.state) : [];
  const rest = new Rest(row.wallMs);
  const main = rest.take(row.prepMs + row.postMs);
  const entries: WallTime = { full: 0, alone: 0, uneven: 0, handover: 0, main, backoff: 0, other: 0 };
  const inside =
    row.kind === 'workflow'
      ? nodes.filter(({ state, branch }) => branch === undefined && isDirectlyIn(state, row.state))
      : [];
  rest.take(sumOf(inside, ({ wallMs }) => wallMs));
  const execPhaseMs = rest.ms;
  const executing = row.kind === 'split' ? branches : [row];
  const threadMs = sumOf(executing, ({ execMs, inlineMs }) => execMs - inlineMs);
  let oneThreadMs = main + execPhaseMs;
  if (row.kind === 'batch' || row.kind === 'split') {
    entries.full = rest.take(threadMs / threads);
    // On the main thread executions may wait side by side, and branches prepare while others execute.
    entries.main += rest.take(sumOf(executing, ({ inlineMs }) => inlineMs) + sumOf(branches, ({ prepMs }) => prepMs));
    // Its other half is made on the thread, where it cannot be seen, and is taken to be as long.
    entries.handover = rest.take(2 * sumOf(executing, ({ cloneMs }) => cloneMs));
    if (threadMs > 0) entries.uneven = rest.take(Infinity);
    oneThreadMs = main + Math.max(execPhaseMs, threadMs);
  } else if (row.kind !== 'workflow') {
    const taken = rest.take(threadMs);
    entries.full = taken / threads;
    entries.alone = taken - entries.full;
    entries.main += rest.take(row.inlineMs);
    entries.backoff = rest.take(row.backoffMs);
    entries.handover = rest.take(row.queueMs + row.returnMs);
  }
  entries.other = rest.take(Infinity);
  return { row, branches, wallMs: row.wallMs, execPhaseMs, threadMs, oneThreadMs, entries };
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

function isIn(state: string, holder: string): boolean {
  return state.startsWith(`${holder}/`);
}

function isDirectlyIn(state: string, holder: string): boolean {
  return isIn(state, holder) && !state.slice(holder.length + 1).includes('/');
}

function sumOf(nodes: readonly NodeReport[], of: (node: NodeReport) => number): number {
  return nodes.reduce((sum, node) => sum + of(node), 0);
}
