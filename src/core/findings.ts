// Thread: both
/**
 * What the account of a state says about its time, each rule for an entry of its own, whatever it is worth; `advice.ts` decides
 * what is worth a word. Pure.
 */
import type { Account } from './accounts.ts';
import type { Facts, Found } from './advice.ts';
import { formatBytes, formatCount, formatMs, formatShare, plural } from './format.ts';
import type { NodeReport, RunReport } from './report.ts';

/** Bytes per execution from which copying, not the way, is what costs. */
const LARGE = 64 * 1024;
/** Average wait for a thread from which it is more than the way there. */
const LONG_WAIT_MS = 5;
/** From so many times their average on, the longest of some items is not one of many that are alike. */
const UNLIKE = 2;

/** An exec on one thread while the others do nothing for the run. */
function alone({ row, entries }: Account, { threads, report }: Facts): Found[] {
  if (threads < 2 || entries.alone <= 0) return [];
  const took = entries.alone + entries.full;
  const others = threads === 2 ? 'the other thread' : `${threads - 1} of ${threads} threads`;
  const visits = row.visits > 1 ? ` in ${formatCount(row.visits)} visits` : '';
  return [
    {
      rule: 'alone',
      gainMs: entries.alone,
      finding: `${nameOf(row)} executed alone for ${formatMs(took)}${ofRun(took, report)}${visits} while ${others} did nothing for the run`,
      remedy:
        'cut its work into items (batchNode), or run it as a branch of a split beside work that does not need its result',
    },
  ];
}

/** A batch whose threads did not end together. */
function unevenBatch({ row, threadMs, execPhaseMs, entries }: Account, { threads }: Facts): Found[] {
  const { uneven: gainMs } = entries;
  if (row.kind !== 'batch' || threads < 2 || gainMs <= 0) return [];
  // What its threads waited for was stopped meanwhile, as is said by itself; and the longest item may be one of those.
  if (entries.stopping >= gainMs) return [];
  const visits = Math.max(1, row.visits);
  // Some of a batch that was stopped have been tried and have not come to their end.
  const all = Math.max(row.executions, row.attempts - row.retries);
  // Of one visit, on average: items of different visits do not wait for each other.
  const [items, tookMs, idealMs] = [all / visits, execPhaseMs / visits, threadMs / threads / visits];
  const meanMs = threadMs / Math.max(1, row.attempts, all);
  const isEven = row.longestMs < UNLIKE * meanMs;
  const took = visits === 1 ? formatMs(tookMs) : `${formatMs(tookMs)} a visit`;
  // The last round of items that are alike has one for a thread, and perhaps for no other.
  const isCoarse = visits * meanMs * (1 - 1 / threads) >= 0.5 * gainMs;
  if (items < threads || (isCoarse && (isEven || visits > 1))) {
    const had = visits === 1 ? plural(all, 'item', 'items') : `${trimmed(items)} items a visit`;
    const each = all > 1 ? `, of ${formatMs(meanMs)} on average,` : '';
    return [
      {
        rule: 'few_items',
        gainMs,
        finding: `${nameOf(row)} had ${had}${each} for ${threads} threads and took ${took}; cut finer, they take ${formatMs(idealMs)}`,
        remedy: 'cut the work into more and smaller items: several for each thread',
      },
    ];
  }
  const evenly = `evenly shared by ${threads} threads, all of them take ${formatMs(idealMs)}`;
  if (!isEven && row.longestMs * visits >= 0.5 * gainMs && row.longestMs >= 0.4 * idealMs) {
    const first = visits > 1 ? 0 : Math.min(gainMs, tookMs - Math.max(row.longestMs, idealMs));
    const early = first >= 0.1 * tookMs ? `; put first, it alone saves ${formatMs(first)} at most` : '';
    return [
      {
        rule: 'long_item',
        gainMs,
        finding: `one of the ${formatCount(all)} items of ${nameOf(row)} took ${formatMs(row.longestMs)} of its ${took}; ${evenly}`,
        remedy: `cut that item into several${early}`,
      },
    ];
  }
  if (row.retries > 0 && row.backoffMs >= 0.5 * gainMs) return [retried(row, gainMs)];
  // What they waited for was copied meanwhile, as is said by itself.
  if (entries.handover > gainMs) return [];
  return [
    {
      rule: 'starved',
      gainMs,
      finding: `${nameOf(row)} kept ${(threadMs / execPhaseMs).toFixed(1)} of ${threads} threads busy for ${formatMs(execPhaseMs)}; ${evenly}`,
      remedy:
        'find what its threads waited for: items (an async source), its concurrency limit, other runs, their own setup (engine.warmUp), or cores that other programs had',
    },
  ];
}

function unevenSplit({ row, branches, threadMs, execPhaseMs, entries }: Account, { threads }: Facts): Found[] {
  if (row.kind !== 'split' || entries.uneven <= 0) return [];
  const longest = mostOf(branches, ({ pathMs }) => pathMs);
  if (longest === undefined || longest.pathMs < 0.5 * entries.uneven) return [];
  return [
    {
      rule: 'slow_branch',
      gainMs: entries.uneven,
      finding: `the split ${nameOf(row)} hung on its branch '${longest.branch ?? ''}' for ${formatMs(longest.pathMs)} of ${formatMs(execPhaseMs)}; evenly shared by ${plural(threads, 'thread', 'threads')}, what all branches executed on them takes ${formatMs(threadMs / threads)}`,
      remedy: 'cut the work of that branch into several branches, or begin it in an earlier state',
    },
  ];
}

/** What getting executions to threads and results back took: copying, as far as it can be told, and the way. */
function handover({ row, branches, entries, threadMs }: Account, { report }: Facts): Found[] {
  const of = row.kind === 'split' ? branches : [row];
  const sum = (key: 'bytesIn' | 'bytesOut' | 'attempts' | 'cloneMs' | 'queueMs' | 'returnMs'): number =>
    of.reduce((total, each) => total + each[key], 0);
  const attempts = Math.max(1, sum('attempts'));
  const [bytesIn, bytesOut] = [sum('bytesIn'), sum('bytesOut')];
  // The other half of a copy is made on the thread, unseen. Only a node waits for the way back of what it returns.
  const inMs = 2 * sum('cloneMs');
  const outMs = row.kind === 'node' && bytesOut >= LARGE * attempts ? sum('returnMs') : 0;
  const isLarge = bytesIn + bytesOut >= LARGE * attempts;
  const copyMs = isLarge ? Math.min(entries.handover, inMs + outMs) : 0;
  const isIn = inMs >= outMs;
  const copying: Found = {
    rule: 'copying',
    gainMs: copyMs,
    finding: `copying ${formatBytes(isIn ? bytesIn : bytesIn + bytesOut)} ${isIn ? 'to' : 'to and from'} ${nameOf(row)} held it up for ${formatMs(copyMs)}${ofRun(copyMs, report)}, for ${formatMs(threadMs)} of exec`,
    remedy: isIn
      ? 'share() what does not change from one execution to the next, and pass on what that returns'
      : 'return less, or have it written into a shareMutable() value',
  };
  // In batches and splits executions wait for those beside them, which says nothing.
  if (row.kind !== 'node') return [copying];
  const gainMs = entries.handover - copyMs;
  const waitMs = (sum('queueMs') - inMs) / attempts;
  const way: Found =
    waitMs >= LONG_WAIT_MS
      ? {
          rule: 'waiting',
          gainMs,
          finding: `${plural(attempts, 'execution', 'executions')} of ${nameOf(row)} waited ${formatMs(waitMs)}${attempts === 1 ? '' : ' each'} for a thread`,
          remedy:
            'other runs had the threads (priority decides who goes first), or they had to start and set up (engine.warmUp)',
        }
      : {
          rule: 'dispatch',
          gainMs,
          finding: `${plural(attempts, 'execution', 'executions')} of ${nameOf(row)} took ${formatMs(threadMs / attempts)} each on a thread and ${formatMs(gainMs / attempts)} to get there and back`,
          remedy: 'let one execution do more, or make them items of a batch',
        };
  return [copying, way];
}

/** prep, post and exec on the main thread: what certainly blocked it, and what returned a promise and did either. */
function main(account: Account, { threads, report }: Facts): Found[] {
  const { row, branches, entries, threadMs } = account;
  if (threads < 1 || entries.main <= 0) return [];
  const blockedMs = Math.min(
    entries.main,
    [row, ...branches].reduce((sum, each) => sum + each.blockedMs, 0),
  );
  const asyncMs = entries.main - blockedMs;
  // In a batch or split the threads may have worked meanwhile.
  const isApart = row.kind === 'node' || row.kind === 'workflow' || threadMs === 0;
  const meanwhile = isApart ? ', and no thread worked for the run meanwhile' : '';
  return [
    {
      rule: 'main_thread',
      gainMs: blockedMs * (1 - 1 / threads),
      finding: `${whoHad(account, (each) => each.blockedMs)} took ${formatMs(blockedMs)}${ofRun(blockedMs, report)} on the main thread${meanwhile}`,
      remedy: 'move what it computes into a thread exec, best as items of a batch',
    },
    {
      rule: 'main_thread_async',
      gainMs: asyncMs,
      finding: `${whoHad(account, (each) => phasesMsOf(each) - each.blockedMs)} took ${formatMs(asyncMs)}${ofRun(asyncMs, report)} on the main thread, waiting or computing${meanwhile}`,
      remedy: `if it waits, ${WAIT_BETTER[row.kind] ?? WAIT_BETTER.node}; if it computes, move that into a thread exec`,
    },
  ];
}

/** Whose phases had the main thread; of a split, those of the branch that had most of it. */
function whoHad({ row, branches }: Account, of: (each: NodeReport) => number): string {
  const all = [row, ...branches];
  const most = mostOf(all, of) ?? row;
  const phases = [
    { phase: 'prep', ms: most.prepMs },
    { phase: 'exec', ms: most.inlineMs },
    { phase: 'source and reduce', ms: most.feedMs },
    { phase: 'post', ms: most.postMs },
  ];
  const seen = phases.filter(({ ms }) => ms > 0 && ms >= 0.1 * phasesMsOf(most)).map(({ phase }) => phase);
  const others = all.some((each) => each !== most && of(each) >= 0.1 * of(most)) ? ', with others beside it,' : '';
  return `${seen.join(' and ')} of ${nameOf(most)}${others}`;
}

function phasesMsOf({ prepMs, inlineMs, feedMs, postMs }: NodeReport): number {
  return prepMs + inlineMs + feedMs + postMs;
}

const WAIT_BETTER: Readonly<Partial<Record<NodeReport['kind'], string>>> & { readonly node: string } = {
  node: 'let other work go on meanwhile (branches of a split wait side by side, and an async iterable as source of a batch starts threads with its first item)',
  batch: 'let more of its items wait side by side (concurrency)',
  split: 'shorten what its branches wait for, or begin it in an earlier state',
};

/** Executions that had been asked to stop, with their visit waiting for them. */
function stopping({ row, branches, entries }: Account, { report }: Facts): Found[] {
  const one = mostOf([row, ...branches], ({ overrunMs }) => overrunMs) ?? row;
  return [
    {
      rule: 'stopping',
      gainMs: entries.stopping,
      finding: `${nameOf(one)} ran on for ${formatMs(one.overrunMs)} after it had been asked to stop, at its timeout or because its result was not needed any more: the run waited ${formatMs(entries.stopping)}${ofRun(entries.stopping, report)} for that`,
      remedy: STOP_WHEN_ASKED,
    },
  ];
}

export const STOP_WHEN_ASKED =
  'call ctx.throwIfAborted() between its steps, or hand on ctx.signal, so that it stops when it is asked to; what does not is terminated with its thread, after the grace of the engine';

function backoff({ row, branches, entries }: Account): Found[] {
  // Of a split, by its branch that was waited for.
  const one = mostOf(branches, ({ backoffMs, pathMs }) => Math.min(backoffMs, pathMs)) ?? row;
  return one.retries === 0 ? [] : [retried(one, entries.backoff)];
}

function retried(row: NodeReport, gainMs: number): Found {
  return {
    rule: 'backoff',
    gainMs,
    finding: `${plural(row.retries, 'retry', 'retries')} of ${nameOf(row)} waited ${formatMs(row.backoffMs)} in back-off`,
    remedy: 'see why its attempts fail (retry.scheduled events have the errors), or give its retry a shorter delay',
  };
}

export const STATE_RULES: readonly ((account: Account, facts: Facts) => Found[])[] = [
  alone,
  unevenBatch,
  unevenSplit,
  handover,
  main,
  backoff,
  stopping,
];

export function nameOf({ state, node, branch }: NodeReport): string {
  if (branch !== undefined) return `branch '${branch}' of '${state}'`;
  return state.toLowerCase() === node.toLowerCase() ? `'${state}'` : `'${node}' in state '${state}'`;
}

export function mostOf<Of>(all: readonly Of[], of: (each: Of) => number): Of | undefined {
  return all.toSorted((a, b) => of(b) - of(a))[0];
}

export function ofRun(ms: number, { wallMs }: RunReport): string {
  return wallMs > 0 ? ` (${formatShare(Math.min(1, ms / wallMs))} of the run)` : '';
}

/** `1.5`, `2` */
function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
