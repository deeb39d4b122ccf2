// Thread: both
/**
 * What can be read out of a run's report: its critical path, how well it used its threads, and what to do first. Pure.
 *
 * N1 Every figure is defined for every report, also of a run that took no time, has no threads or was stopped: no NaN, no
 *    Infinity. What has no meaning there is undefined.
 * N2 Of a run under way only what has ended is known of its executions. So it has a path and a division of its wall time (A5),
 *    but no figure about its threads, and no advice.
 */
import { accountsOf, isOver, wantedMsOf, type Account, type Accounts, type WallTime } from './accounts.ts';
import { adviceOf, type Advice } from './advice.ts';
import type { NodeReport, RunReport } from './report.ts';

/** A part of the critical path: all that the run waited for in one state, or in one branch of the split in it. */
export interface PathPart {
  readonly state: string;
  readonly node: string;
  readonly branch?: string;
  readonly kind: NodeReport['kind'];
  /** Present when what was waited for is that it let go of its thread, after its last visit. */
  readonly isStopping?: true;
  /** Without the branches and the visits of a sub-workflow, which are parts of their own. */
  readonly selfMs: number;
  /** Of the wall time, 0 to 1. */
  readonly share: number;
  /** Threads that executed for it on average meanwhile, and were wanted to. */
  readonly busyThreads: number;
}

export interface RunAnalysis {
  readonly threads: number;
  /**
   * What the run waited for, in the order in which the states were first entered. Visits follow each other, so each of them
   * is on the path; a split is passed through the branch whose end decided its join; a batch is bounded by the thread
   * that ended last, so its whole time is. At its end are the branches that did not stop when they were asked to.
   */
  readonly path: readonly PathPart[];
  /** Where the wall time went; adds up to it. */
  readonly wall: Readonly<WallTime>;
  /**
   * Where the time of the threads went while the run was under way: `execMs` as long as it was wanted, `stoppedMs` after it had
   * been asked to stop. In `idleMs` they did nothing for this run; what they did for others it does not know.
   */
  readonly threadTime: {
    readonly execMs: number;
    readonly stoppedMs: number;
    readonly copyMs: number;
    readonly idleMs: number;
  };
  /** Sums over executions; they overlap, and may exceed the wall time. */
  readonly executions: {
    readonly queueMs: number;
    readonly cloneMs: number;
    readonly execMs: number;
    readonly returnMs: number;
  };
  /**
   * Parallel efficiency: the share of the threads' time in which they executed what was wanted, while the run was under way.
   * Undefined without threads.
   */
  readonly efficiency: number | undefined;
  /**
   * Against one thread, estimated: what ran side by side one after the other, all else as it was. Without the time before the
   * run began. A measurement is `cano run --compare`. Undefined with fewer than two threads.
   */
  readonly speedUp: number | undefined;
  /**
   * The serial fraction after Karp and Flatt ("Measuring parallel processor performance", CACM 33(5), 1990): the share of the
   * work that behaves as if one thread had to do it, from the estimated speed-up. Undefined with fewer than two threads.
   */
  readonly serialFraction: number | undefined;
  /**
   * What is worth doing first, at most three, by what it could bring at most (Amdahl). Empty when nothing stands out, and while
   * the run goes on.
   */
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
  const underWayMs = wallMs - wall.pending;
  const capacityMs = threads * underWayMs;
  const hasFigures = isOver(report) && capacityMs > 0;
  const speedUp = hasFigures && threads > 1 ? speedUpOf(accounts, underWayMs, threads) : undefined;
  const execMs = Math.min(wantedThreadMs(report), capacityMs);
  const stoppedMs = Math.min(sumOf(report, 'overrunMs') + sumOf(report, 'lostMs'), capacityMs - execMs);
  const copyMs = Math.min(sumOf(report, 'cloneMs'), capacityMs - execMs - stoppedMs);
  return {
    threads,
    path: pathOf(report, accounts),
    wall,
    threadTime: { execMs, stoppedMs, copyMs, idleMs: capacityMs - execMs - stoppedMs - copyMs },
    executions: {
      queueMs: sumOf(report, 'queueMs'),
      cloneMs: sumOf(report, 'cloneMs'),
      execMs: sumOf(report, 'execMs'),
      returnMs: sumOf(report, 'returnMs'),
    },
    efficiency: hasFigures ? execMs / capacityMs : undefined,
    speedUp,
    serialFraction: speedUp === undefined ? undefined : serialFractionOf(speedUp, threads),
    advice: isOver(report) ? adviceOf(report, accounts, wall) : [],
  };
}

/** What the executions took on threads as long as they were wanted. */
function wantedThreadMs({ nodes }: RunReport): number {
  return nodes.reduce((sum, node) => sum + wantedMsOf(node), 0);
}

function speedUpOf({ states, outside }: Accounts, underWayMs: number, threads: number): number {
  const oneThreadMs = states.reduce((sum, each) => sum + each.oneThreadMs, outside.stopping + outside.other);
  return Math.min(threads, Math.max(1, oneThreadMs / underWayMs));
}

function serialFractionOf(speedUp: number, threads: number): number {
  return Math.max(0, (1 / speedUp - 1 / threads) / (1 - 1 / threads));
}

function wallOf({ states, outside }: Accounts): WallTime {
  const sum: WallTime = { ...outside };
  for (const { entries } of states) {
    for (const key of Object.keys(sum) as (keyof WallTime)[]) sum[key] += entries[key];
  }
  return sum;
}

function pathOf(report: RunReport, { states, outside }: Accounts): PathPart[] {
  const visits = states.flatMap((account) => {
    const branches = account.branches.filter(({ pathMs }) => pathMs > 0);
    const branchesMs = branches.reduce((sum, { pathMs }) => sum + pathMs, 0);
    const { row, entries } = account;
    const selfMs = Math.max(0, Object.values(entries).reduce((sum, ms) => sum + ms, 0) - branchesMs);
    // What executes in a split executes in its branches.
    const ownThreadMs = row.kind === 'split' ? 0 : account.threadMs;
    return [
      partOf(report, row, selfMs, ownThreadMs),
      ...branches.map((branch) => partOf(report, branch, branch.pathMs, threadMsOnPath(account, branch))),
    ];
  });
  const last = outside.stopping > 0 ? lastToLetGo(report) : undefined;
  const end = last === undefined ? [] : [{ ...partOf(report, last, outside.stopping, 0), isStopping: true as const }];
  return [...visits, ...end].filter(({ selfMs: ms }) => ms > 0);
}

/** The branch that ran on for longest after its split was over; undefined when none did on a thread. */
function lastToLetGo({ nodes }: RunReport): NodeReport | undefined {
  return nodes.filter(({ lostMs }) => lostMs > 0).toSorted((a, b) => b.lostMs - a.lostMs)[0];
}

// The others of the split execute meanwhile; how much of that falls into its time on the path is not known, so what all of
// them executed until it was over is spread evenly over it.
function threadMsOnPath({ threadMs, execPhaseMs }: Account, { pathMs }: NodeReport): number {
  return execPhaseMs > 0 ? (threadMs * pathMs) / execPhaseMs : 0;
}

function partOf({ wallMs, threads }: RunReport, row: NodeReport, selfMs: number, threadMs: number): PathPart {
  const { state, node, branch, kind } = row;
  return {
    state,
    node,
    ...(branch === undefined ? {} : { branch }),
    kind,
    selfMs,
    share: wallMs > 0 ? Math.min(1, selfMs / wallMs) : 0,
    busyThreads: selfMs > 0 ? Math.min(threads, threadMs / selfMs) : 0,
  };
}

function sumOf(
  { nodes }: RunReport,
  key: 'queueMs' | 'cloneMs' | 'execMs' | 'returnMs' | 'overrunMs' | 'lostMs',
): number {
  return nodes.reduce((sum, node) => sum + node[key], 0);
}
