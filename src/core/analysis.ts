// Thread: both
/**
 * What can be read out of a run's report: its critical path, how well it used its threads, and what to do first. Pure.
 *
 * N1 Every figure is defined for every report, also of a run that took no time, has no threads or was stopped: no NaN, no
 *    Infinity. What has no meaning there is undefined.
 */
import { accountsOf, type Account, type Accounts, type WallTime } from './accounts.ts';
import { adviceOf, type Advice } from './advice.ts';
import type { NodeReport, RunReport } from './report.ts';

/** A part of the critical path: all that the run waited for in one state, or in one branch of the split in it. */
export interface PathPart {
  readonly state: string;
  readonly node: string;
  readonly branch?: string;
  readonly kind: NodeReport['kind'];
  /** Without the branches and the visits of a sub-workflow, which are parts of their own. */
  readonly selfMs: number;
  /** Of the wall time, 0 to 1. */
  readonly share: number;
  /** Threads that executed for it on average meanwhile. */
  readonly busyThreads: number;
}

export interface RunAnalysis {
  readonly threads: number;
  /**
   * What the run waited for, in the order in which the states were first entered. Visits follow each other, so each of them
   * is on the path; a split is passed through the branch whose end decided its join; a batch is bounded by the thread
   * that ended last, so its whole time is.
   */
  readonly path: readonly PathPart[];
  /** Where the wall time went; adds up to it. */
  readonly wall: Readonly<WallTime>;
  /** Where the time of the threads went: threads × wall time. */
  readonly threadTime: { readonly execMs: number; readonly copyMs: number; readonly idleMs: number };
  /** Sums over executions; they overlap, and may exceed the wall time. */
  readonly executions: {
    readonly queueMs: number;
    readonly cloneMs: number;
    readonly execMs: number;
    readonly returnMs: number;
  };
  /** Parallel efficiency: the share of the threads' time in which they executed. Undefined without threads. */
  readonly efficiency: number | undefined;
  /**
   * Against one thread, estimated: what ran side by side one after the other, all else as it was. A measurement is
   * `cano run --compare`. Undefined with fewer than two threads.
   */
  readonly speedUp: number | undefined;
  /**
   * The serial fraction after Karp and Flatt ("Measuring parallel processor performance", CACM 33(5), 1990): the share of the
   * work that behaves as if one thread had to do it, from the estimated speed-up. Undefined with fewer than two threads.
   */
  readonly serialFraction: number | undefined;
  /** What is worth doing first, at most three, by what it could bring at most (Amdahl). Empty when nothing stands out. */
  readonly advice: readonly Advice[];
}

/**
 * Reads a report. `run.report()` and `result.report()` do so by themselves; for those of errors and events there is this.
 *
 * @example
 * orders.orchestrate(store).catch((error) => {
 *   if (error instanceof RunError) console.log(analyse(error.report).advice[0]?.finding);
 *   // 'Sign': one of its 41 items took 2.1s; evenly shared by 4 threads, all of them take 1.3s
 * });
 */
export function analyse(report: RunReport): RunAnalysis {
  const { threads, wallMs } = report;
  const accounts = accountsOf(report);
  const wall = wallOf(accounts);
  const execMs = report.threadMs.reduce((sum, ms) => sum + ms, 0);
  const speedUp = threads < 2 || wallMs <= 0 ? undefined : Math.max(1, oneThreadMsOf(accounts) / wallMs);
  const capacityMs = threads * wallMs;
  const busyMs = Math.min(execMs, capacityMs);
  const copyMs = Math.min(sumOf(report, 'cloneMs'), capacityMs - busyMs);
  return {
    threads,
    path: pathOf(report, accounts),
    wall,
    threadTime: { execMs: busyMs, copyMs, idleMs: capacityMs - busyMs - copyMs },
    executions: {
      queueMs: sumOf(report, 'queueMs'),
      cloneMs: sumOf(report, 'cloneMs'),
      execMs: sumOf(report, 'execMs'),
      returnMs: sumOf(report, 'returnMs'),
    },
    efficiency: capacityMs > 0 ? Math.min(1, execMs / capacityMs) : undefined,
    speedUp,
    serialFraction: speedUp === undefined ? undefined : serialFractionOf(speedUp, threads),
    advice: adviceOf(report, accounts, wall),
  };
}

function serialFractionOf(speedUp: number, threads: number): number {
  return Math.max(0, (1 / speedUp - 1 / threads) / (1 - 1 / threads));
}

function wallOf({ states, betweenMs }: Accounts): WallTime {
  const sum: WallTime = { full: 0, alone: 0, uneven: 0, handover: 0, main: 0, backoff: 0, other: betweenMs };
  for (const { entries } of states) {
    for (const key of Object.keys(sum) as (keyof WallTime)[]) sum[key] += entries[key];
  }
  return sum;
}

function oneThreadMsOf({ states, betweenMs }: Accounts): number {
  return states.reduce((sum, { oneThreadMs }) => sum + oneThreadMs, betweenMs);
}

function pathOf({ wallMs }: RunReport, { states }: Accounts): PathPart[] {
  return states.flatMap((account) => {
    const branches = account.branches.filter(({ pathMs }) => pathMs > 0);
    const branchesMs = branches.reduce((sum, { pathMs }) => sum + pathMs, 0);
    const { row, entries } = account;
    const selfMs = Math.max(0, Object.values(entries).reduce((sum, ms) => sum + ms, 0) - branchesMs);
    // What executes in a split executes in its branches.
    const ownThreadMs = row.kind === 'split' ? 0 : account.threadMs;
    return [
      partOf(row, selfMs, wallMs, ownThreadMs),
      ...branches.map((branch) => partOf(branch, branch.pathMs, wallMs, threadMsOnPath(account, branch))),
    ].filter(({ selfMs: ms }) => ms > 0);
  });
}

// The others of the split execute meanwhile; how much of that falls into its time on the path is not known, so what all of
// them executed is spread evenly over the split.
function threadMsOnPath({ threadMs, execPhaseMs }: Account, { pathMs }: NodeReport): number {
  return execPhaseMs > 0 ? (threadMs * pathMs) / execPhaseMs : 0;
}

function partOf({ state, node, branch, kind }: NodeReport, selfMs: number, wallMs: number, threadMs: number): PathPart {
  return {
    state,
    node,
    ...(branch === undefined ? {} : { branch }),
    kind,
    selfMs,
    share: wallMs > 0 ? Math.min(1, selfMs / wallMs) : 0,
    busyThreads: selfMs > 0 ? threadMs / selfMs : 0,
  };
}

function sumOf({ nodes }: RunReport, key: 'queueMs' | 'cloneMs' | 'execMs' | 'returnMs'): number {
  return nodes.reduce((sum, node) => sum + node[key], 0);
}
