// Thread: both
/**
 * What is worth doing first about the time of a run. Pure.
 *
 * V1 Every finding is a figure of the report in words, and every gain an upper bound of the wall time that its remedy could
 *    save (Amdahl): no two findings claim the same part of an entry of an account.
 * V2 What could save less than `LEAST_SHARE` of the wall time, or `LEAST_MS`, is not worth a word. What is lost to one thing in
 *    many states, a little in each, is one finding about the run.
 * V3 What the report cannot tell is not said: what threads did for other runs, and whether an async phase computed or waited.
 */
import type { Account, Accounts, WallTime } from './accounts.ts';
import { mostOf, nameOf, ofRun, STATE_RULES, STOP_WHEN_ASKED } from './findings.ts';
import { formatCount, formatMs, formatShare } from './format.ts';
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
  | 'main_thread_async'
  | 'backoff'
  | 'stopping'
  | 'pending'
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
const MANY_TRANSITIONS = 1000;
/** Busy share of the threads from which more of them are worth a thought. */
const BUSY = 0.7;

export interface Facts {
  readonly report: RunReport;
  readonly threads: number;
  readonly wall: WallTime;
}

export type Found = Omit<Advice, 'state' | 'gain'>;

/** A finding about a state. */
interface OfState {
  readonly row: NodeReport;
  readonly found: Found;
}

export function adviceOf(report: RunReport, { states }: Accounts, wall: WallTime): Advice[] {
  const { wallMs, threads } = report;
  const facts: Facts = { report, threads, wall };
  const isWorthIt = ({ gainMs }: Found): boolean => gainMs >= LEAST_MS && gainMs >= LEAST_SHARE * wallMs;
  const ofStates = states.flatMap((account) =>
    STATE_RULES.flatMap((rule) => rule(account, facts)).map((found): OfState => ({ row: account.row, found })),
  );
  const worth = ofStates.filter(({ found }) => isWorthIt(found));
  const little = ofStates.filter(({ found }) => found.gainMs > 0 && !isWorthIt(found));
  const aboutRun = [...RUN_RULES.flatMap((rule) => rule(states, facts)), ...inManyStates(little, facts)];
  const all = [...worth, ...aboutRun.filter(isWorthIt).map((found) => ({ row: undefined, found }))];
  return all
    .toSorted((a, b) => b.found.gainMs - a.found.gainMs)
    .slice(0, MOST)
    .map(({ row, found: { rule, gainMs, finding, remedy } }) => {
      const gain = Math.min(1, gainMs / wallMs);
      const advice = { rule, gainMs, gain, finding, remedy };
      return row === undefined ? advice : Object.assign(advice, { state: row.state });
    });
}

/** What many states lose to, each of them too little for a word (V2). Rules that claim the same entry go together. */
const IN_MANY: readonly { readonly rules: readonly AdviceRule[]; readonly to: string }[] = [
  { rules: ['alone'], to: 'executions of which each was alone on the threads' },
  { rules: ['few_items', 'long_item', 'starved', 'slow_branch'], to: 'uneven ends of batches and splits' },
  { rules: ['copying', 'dispatch', 'waiting'], to: 'the way of executions to threads and back' },
  { rules: ['main_thread'], to: 'what they compute on the main thread' },
  { rules: ['main_thread_async'], to: 'async phases on the main thread' },
  { rules: ['backoff'], to: 'back-off' },
  { rules: ['stopping'], to: 'executions that did not stop when they were asked to' },
];

function inManyStates(little: readonly OfState[], { report }: Facts): Found[] {
  return IN_MANY.flatMap(({ rules, to }): Found[] => {
    const all = little.filter(({ found }) => rules.includes(found.rule));
    const [largest] = all.toSorted((a, b) => b.found.gainMs - a.found.gainMs);
    const states = new Set(all.map(({ row }) => row.state)).size;
    if (largest === undefined || states < 2) return [];
    const gainMs = all.reduce((sum, { found }) => sum + found.gainMs, 0);
    const { rule, gainMs: mostMs, remedy } = largest.found;
    const finding = `${formatCount(states)} states lost up to ${formatMs(gainMs)}${ofRun(gainMs, report)} to ${to}, none of them more than ${formatMs(mostMs)} (${nameOf(largest.row)})`;
    return [{ rule, gainMs, finding, remedy }];
  });
}

/** Branches that were not needed any more, at the end of the run. */
function lost(_states: readonly Account[], { report }: Facts): Found[] {
  const last = mostOf(report.nodes, ({ lostMs }) => lostMs);
  if (last === undefined || last.lostMs <= 0) return [];
  const { stoppingMs } = report;
  return [
    {
      rule: 'stopping',
      gainMs: stoppingMs,
      finding: `${nameOf(last)} ran on for ${formatMs(last.lostMs)} after its split was over: at its end the run waited ${formatMs(stoppingMs)}${ofRun(stoppingMs, report)} for branches to stop`,
      remedy: STOP_WHEN_ASKED,
    },
  ];
}

/** Before the run was under way. */
function pending(_states: readonly Account[], { report, wall }: Facts): Found[] {
  const { pending: gainMs } = wall;
  return [
    {
      rule: 'pending',
      gainMs,
      finding: `the run waited ${formatMs(gainMs)}${ofRun(gainMs, report)} before it could begin`,
      remedy:
        'other runs had the room (a larger maxRuns, or priority, which decides who goes first), or the main thread computed when it was started',
    },
  ];
}

function between(_states: readonly Account[], { report, wall }: Facts): Found[] {
  const { transitions } = report;
  if (transitions < MANY_TRANSITIONS) return [];
  return [
    {
      rule: 'between',
      gainMs: wall.other,
      finding: `${formatCount(transitions)} transitions took ${formatMs(wall.other)}${ofRun(wall.other, report)} beside the work of their nodes`,
      remedy: 'let a node do several rounds in one visit',
    },
  ];
}

/** The threads had enough to do: what is left is their number, and what they execute. */
function busy(states: readonly Account[], { report, threads, wall }: Facts): Found[] {
  const execMs = states.reduce((sum, { threadMs }) => sum + threadMs, 0);
  const share = execMs / (threads * (report.wallMs - wall.pending));
  const most = mostOf(states, ({ threadMs }) => threadMs);
  if (!(share >= BUSY) || most === undefined) return [];
  const who = threads === 1 ? 'the one thread' : `the ${threads} threads`;
  return [
    {
      rule: 'busy',
      gainMs: wall.full / 2,
      finding: `${who} executed ${formatShare(Math.min(1, share))} of the time, most of it ${nameOf(most.row)} (${formatShare(most.threadMs / execMs)} of all exec)`,
      remedy: `twice as many threads, where there are cores for them, or a faster exec of ${nameOf(most.row)}`,
    },
  ];
}

const RUN_RULES: readonly ((states: readonly Account[], facts: Facts) => Found[])[] = [lost, pending, between, busy];
