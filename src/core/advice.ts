// Thread: both
/**
 * What is worth doing first about the time of a run. Pure.
 *
 * V1 Every finding is a figure of the report in words, and every gain an upper bound of the wall time that its remedy could
 *    save (Amdahl): no two findings claim the same entry of an account.
 * V2 What could save less than `LEAST_SHARE` of the wall time, or `LEAST_MS`, is not worth a word.
 */
import type { Account, Accounts, WallTime } from './accounts.ts';
import { formatBytes, formatCount, formatMs, formatShare, plural } from './format.ts';
import type { NodeReport, RunReport } from './report.ts';

export type AdviceRule =
  | 'alone'
  | 'few_items'
  | 'long_item'
  | 'starved'
  | 'slow_branch'
  | 'copying'
  | 'dispatch'
  | 'waiting'
  | 'main_thread'
  | 'main_thread_waits'
  | 'backoff'
  | 'between'
  | 'busy';

export interface Advice {
  readonly rule: AdviceRule;
  /** The state that it is about; absent when it is about the run. */
  readonly state?: string;
  /** Wall time that it could save at most. */
  readonly gainMs: number;
  /** The same as a share of the wall time. */
  readonly gain: number;
  /** What is so, with its figure. */
  readonly finding: string;
  /** What to do. */
  readonly remedy: string;
}

const MOST = 3;
const LEAST_SHARE = 0.03;
const LEAST_MS = 5;
/** Bytes per execution from which copying, not the way, is what costs. */
const LARGE = 64 * 1024;
const MANY_TRANSITIONS = 1000;
/** Busy share of the threads from which more of them are worth a thought. */
const BUSY = 0.7;
/** Average wait for a thread from which it is more than the way there. */
const LONG_WAIT_MS = 5;

interface Facts {
  readonly report: RunReport;
  readonly threads: number;
  readonly wall: WallTime;
}

type Found = Omit<Advice, 'state' | 'gain'>;

export function adviceOf(report: RunReport, { states }: Accounts, wall: WallTime): Advice[] {
  const { wallMs, threads } = report;
  const facts: Facts = { report, threads, wall };
  const all: Advice[] = [];
  const add = (found: Found | undefined, state: string | undefined): void => {
    if (found === undefined || !(found.gainMs >= LEAST_MS && found.gainMs >= LEAST_SHARE * wallMs)) return;
    const { rule, gainMs, finding, remedy } = found;
    const gain = Math.min(1, gainMs / wallMs);
    all.push({ rule, ...(state === undefined ? {} : { state }), gainMs, gain, finding, remedy });
  };
  for (const account of states) for (const rule of STATE_RULES) add(rule(account, facts), account.row.state);
  for (const rule of RUN_RULES) add(rule(states, facts), undefined);
  return all.toSorted((a, b) => b.gainMs - a.gainMs).slice(0, MOST);
}

/** An exec on one thread while the others have nothing to do. */
function alone({ row, entries }: Account, { threads, report }: Facts): Found | undefined {
  if (threads < 2 || entries.alone <= 0) return undefined;
  const took = entries.alone + entries.full;
  const others = threads === 2 ? 'the other thread' : `${threads - 1} of ${threads} threads`;
  const visits = row.visits > 1 ? ` in ${formatCount(row.visits)} visits` : '';
  return {
    rule: 'alone',
    gainMs: entries.alone,
    finding: `${nameOf(row)} executed alone for ${formatMs(took)}${ofRun(took, report)}${visits} while ${others} had nothing to do`,
    remedy:
      'cut its work into items (batchNode), or run it as a branch of a split beside work that does not need its result',
  };
}

/** A batch whose threads did not end together. */
function unevenBatch({ row, threadMs, execPhaseMs, entries }: Account, { threads }: Facts): Found | undefined {
  const { uneven } = entries;
  if (row.kind !== 'batch' || threads < 2 || uneven <= 0) return undefined;
  const idealMs = threadMs / threads;
  const evenly = `evenly shared by ${threads} threads, all of them take ${formatMs(idealMs)}`;
  const perVisit = row.executions / Math.max(1, row.visits);
  if (perVisit < threads) {
    return {
      rule: 'few_items',
      gainMs: uneven,
      finding: `${nameOf(row)} had ${plural(Math.round(perVisit), 'item', 'items')} for ${threads} threads and took ${formatMs(execPhaseMs)}; cut finer, they take ${formatMs(idealMs)}`,
      remedy: 'cut the work into more items than threads',
    };
  }
  if (row.longestMs >= 0.5 * uneven && row.longestMs >= 0.4 * idealMs) {
    const first = Math.min(uneven, execPhaseMs - Math.max(row.longestMs, idealMs));
    const early = first >= 0.1 * execPhaseMs ? `; put first, it alone saves ${formatMs(first)} at most` : '';
    return {
      rule: 'long_item',
      gainMs: uneven,
      finding: `one of the ${formatCount(row.executions)} items of ${nameOf(row)} took ${formatMs(row.longestMs)} of its ${formatMs(execPhaseMs)}; ${evenly}`,
      remedy: `cut that item into several${early}`,
    };
  }
  if (row.retries > 0 && row.backoffMs >= 0.5 * uneven) return retried(row, uneven);
  // What they waited for was copied meanwhile, as is said by itself.
  if (entries.handover > uneven) return undefined;
  return {
    rule: 'starved',
    gainMs: uneven,
    finding: `${nameOf(row)} kept ${(threadMs / execPhaseMs).toFixed(1)} of ${threads} threads busy for ${formatMs(execPhaseMs)}; ${evenly}`,
    remedy:
      'find what its threads waited for: items (its source and reduce run on the main thread), its concurrency limit, other runs, their own setup (engine.warmUp), or cores that other programs had',
  };
}

function unevenSplit(
  { row, branches, threadMs, execPhaseMs, entries }: Account,
  { threads }: Facts,
): Found | undefined {
  if (row.kind !== 'split' || entries.uneven <= 0) return undefined;
  const longest = branches.toSorted((a, b) => b.pathMs - a.pathMs)[0];
  if (longest === undefined || longest.pathMs < 0.5 * entries.uneven) return undefined;
  return {
    rule: 'slow_branch',
    gainMs: entries.uneven,
    finding: `the split ${nameOf(row)} hung on its branch '${longest.branch ?? ''}' for ${formatMs(longest.pathMs)} of ${formatMs(execPhaseMs)}; evenly shared by ${plural(threads, 'thread', 'threads')}, all branches take ${formatMs(threadMs / threads)}`,
    remedy: 'cut the work of that branch into several branches, or begin it in an earlier state',
  };
}

/** What getting executions to threads and results back took. */
function handover({ row, branches, entries, threadMs }: Account, { report }: Facts): Found | undefined {
  const { handover: gainMs } = entries;
  const of = row.kind === 'split' ? branches : [row];
  const sum = (key: 'bytesIn' | 'bytesOut' | 'attempts' | 'cloneMs' | 'queueMs'): number =>
    of.reduce((total, each) => total + each[key], 0);
  const attempts = Math.max(1, sum('attempts'));
  const [bytesIn, bytesOut] = [sum('bytesIn'), sum('bytesOut')];
  if (bytesIn + bytesOut >= LARGE * attempts) {
    const isIn = row.kind !== 'node' || bytesIn >= bytesOut;
    return {
      rule: 'copying',
      gainMs,
      finding: `copying ${formatBytes(isIn ? bytesIn : bytesIn + bytesOut)} ${isIn ? 'to' : 'to and from'} ${nameOf(row)} held it up for ${formatMs(gainMs)}${ofRun(gainMs, report)}, for ${formatMs(threadMs)} of exec`,
      remedy: isIn
        ? 'share() what does not change from one execution to the next, and pass on what that returns'
        : 'return less, or have it written into a shareMutable() value',
    };
  }
  // In batches and splits executions wait for those beside them, which says nothing.
  if (row.kind !== 'node') return undefined;
  const waitMs = (sum('queueMs') - 2 * sum('cloneMs')) / attempts;
  if (waitMs >= LONG_WAIT_MS) {
    return {
      rule: 'waiting',
      gainMs,
      finding: `${plural(attempts, 'execution', 'executions')} of ${nameOf(row)} waited ${formatMs(waitMs)} each for a thread`,
      remedy:
        'other runs had the threads (priority decides who goes first), or they had to start and set up (engine.warmUp)',
    };
  }
  return {
    rule: 'dispatch',
    gainMs,
    finding: `${plural(attempts, 'execution', 'executions')} of ${nameOf(row)} took ${formatMs(threadMs / attempts)} each on a thread and ${formatMs(gainMs / attempts)} to get there and back`,
    remedy: 'let one execution do more, or make them items of a batch',
  };
}

/** prep, post and exec on the main thread. */
function main({ row, entries }: Account, { threads, report }: Facts): Found | undefined {
  const { main: tookMs } = entries;
  if (threads < 1 || tookMs <= 0) return undefined;
  const phases = [
    { phase: 'prep', ms: row.prepMs },
    { phase: 'exec', ms: row.inlineMs },
    { phase: 'post', ms: row.postMs },
  ].filter(({ ms }) => ms >= 0.1 * tookMs);
  const what = phases.map(({ phase }) => phase).join(' and ');
  const took = `${what} of ${nameOf(row)} took ${formatMs(tookMs)}${ofRun(tookMs, report)} on the main thread`;
  // In a batch or split the threads may have worked meanwhile.
  const meanwhile =
    row.kind === 'node' || row.kind === 'workflow' ? ', and no thread worked for the run meanwhile' : '';
  if (row.blockedMs >= 0.5 * tookMs) {
    return {
      rule: 'main_thread',
      gainMs: tookMs * (1 - 1 / threads),
      finding: `${took}${meanwhile}`,
      remedy: 'move what it computes into a thread exec, best as items of a batch',
    };
  }
  return {
    rule: 'main_thread_waits',
    gainMs: Math.min(tookMs, report.wallMs - tookMs),
    finding: `${took}, waiting for the most part${meanwhile}`,
    remedy:
      'let threads work while it waits: an async iterable as source of a batch starts them with its first item, and branches of a split wait side by side',
  };
}

function backoff({ row, entries }: Account): Found | undefined {
  return row.retries === 0 ? undefined : retried(row, entries.backoff);
}

function retried(row: NodeReport, gainMs: number): Found {
  return {
    rule: 'backoff',
    gainMs,
    finding: `${plural(row.retries, 'retry', 'retries')} of ${nameOf(row)} waited ${formatMs(row.backoffMs)} in back-off`,
    remedy: 'see why its attempts fail (retry.scheduled events have the errors), or give its retry a shorter delay',
  };
}

function between(_states: readonly Account[], { report, wall }: Facts): Found | undefined {
  const { transitions } = report;
  if (transitions < MANY_TRANSITIONS) return undefined;
  return {
    rule: 'between',
    gainMs: wall.other,
    finding: `${formatCount(transitions)} transitions took ${formatMs(wall.other)}${ofRun(wall.other, report)} beside the work of their nodes`,
    remedy: 'let a node do several rounds in one visit',
  };
}

/** The threads had enough to do: what is left is their number, and what they execute. */
function busy(states: readonly Account[], { report, threads, wall }: Facts): Found | undefined {
  const execMs = report.threadMs.reduce((sum, ms) => sum + ms, 0);
  const share = execMs / (threads * report.wallMs);
  const most = states.toSorted((a, b) => b.threadMs - a.threadMs)[0];
  if (!(share >= BUSY) || most === undefined) return undefined;
  const who = threads === 1 ? 'the one thread' : `the ${threads} threads`;
  return {
    rule: 'busy',
    gainMs: wall.full / 2,
    finding: `${who} executed ${formatShare(Math.min(1, share))} of the time, most of it ${nameOf(most.row)} (${formatShare(most.threadMs / execMs)} of all exec)`,
    remedy: `twice as many threads, where there are cores for them, or a faster exec of ${nameOf(most.row)}`,
  };
}

const STATE_RULES: readonly ((account: Account, facts: Facts) => Found | undefined)[] = [
  alone,
  unevenBatch,
  unevenSplit,
  handover,
  main,
  backoff,
];
const RUN_RULES: readonly ((states: readonly Account[], facts: Facts) => Found | undefined)[] = [between, busy];

function nameOf({ state, node }: NodeReport): string {
  return state.toLowerCase() === node.toLowerCase() ? `'${state}'` : `'${node}' in state '${state}'`;
}

function ofRun(ms: number, { wallMs }: RunReport): string {
  return wallMs > 0 ? ` (${formatShare(Math.min(1, ms / wallMs))} of the run)` : '';
}
