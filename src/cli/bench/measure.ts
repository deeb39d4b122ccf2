/**
 * Measures a pipeline: rounds of runs, each in a process of its own, and the machine itself before each of them.
 *
 * B1 Every round runs each thread count once, in an order that favours none (`orderOf`).
 * B2 The control is taken right before the run: a loop that spins, on one thread and on as many as the run will have, and the
 *    pipeline's own work in a bare loop on as many. They are what the machine gives at that moment, and the same for the whole
 *    benchmark. Only of the very first run the bare loop comes right after it, since that is what shows that it ends.
 * B3 Nothing that was measured is left out; what was measured on a machine that was busy is marked (analysis.ts).
 */
import type { ChildProcess } from 'node:child_process';
import { spinOn } from '../control.ts';
import { startTimedRun, TimedRunFailed, type TimedRun } from '../timed-run.ts';
import { OwnLoop, type OwnLoopResult } from './own-loop.ts';
import { orderOf } from './plan.ts';

/** One run with what the machine gave before it. All times are milliseconds. */
export interface Sample {
  /** From 1; of warm-up rounds as well, which are counted by themselves. */
  readonly round: number;
  readonly threads: number;
  /** The exit state. */
  readonly state: string;
  /** From the start of the run, all threads being ready, to its result. */
  readonly wallMs: number;
  /** From the start of the process to that of the run; not in `wallMs`. */
  readonly startMs: number;
  /** The whole process, as a user waits for it. */
  readonly processMs: number;
  /** CPU time of all threads during the run. */
  readonly cpuMs: number;
  readonly peakRssBytes: number;
  /** Finished executions of all nodes. */
  readonly executions: number;
  /** Running time of exec on threads, summed over them. */
  readonly busyMs: number;
  /** These are sums over all executions, as in the run's report. */
  readonly execMs: number;
  readonly queueMs: number;
  readonly cloneMs: number;
  readonly returnMs: number;
  /** prep and post, on the main thread. */
  readonly mainMs: number;
  readonly control: Control;
}

/** Bare loops: one that spins, and one over the pipeline's own work. */
export interface Control {
  /** On one thread. */
  readonly oneMs: number;
  /** On as many threads as the run has, each doing as much as the one. */
  readonly allMs: number;
  /** The pipeline's own work in a bare loop, divided among as many threads as the run has; absent when it could not be measured. */
  readonly ownMs?: number;
}

export interface Plan {
  readonly file: string;
  readonly given: ReadonlyMap<string, string | true>;
  readonly counts: readonly number[];
  readonly repeat: number;
  readonly warmup: number;
  readonly timeoutMs: number;
  readonly verbose: boolean;
  readonly script: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the control; about 0.2 s on one thread. */
  readonly iterations: number;
}

/** So much longer, in milliseconds and as a factor, its inputs may take to be taken than a run has executed. */
const PATIENCE_MS = 10_000;
const PATIENCE = 5;

/** Told of what goes on. */
export interface Watch {
  readonly begins: (what: { readonly isWarmUp: boolean; readonly round: number; readonly threads: number }) => void;
  readonly ended: (sample: Sample, tookMs: number) => void;
  readonly stderr: (text: string) => void;
  /** The process of a run, while it lives. */
  readonly child: (child: ChildProcess | undefined) => void;
  /** The process of the bare loop, when it has started. */
  readonly loop: (child: ChildProcess) => void;
}

export interface Measured {
  readonly warmups: readonly Sample[];
  readonly samples: readonly Sample[];
  readonly ownLoop: OwnLoopResult;
}

/** @throws TimedRunFailed when a run does not complete, or two runs end differently */
export async function measure(plan: Plan, watch: Watch): Promise<Measured> {
  const warmups: Sample[] = [];
  const samples: Sample[] = [];
  let own: OwnLoop | undefined;
  try {
    for (let index = 0; index < plan.warmup + plan.repeat; index += 1) {
      const isWarmUp = index < plan.warmup;
      const round = isWarmUp ? index + 1 : index - plan.warmup + 1;
      for (const threads of orderOf(index, plan.counts)) {
        watch.begins({ isWarmUp, round, threads });
        const start = performance.now();
        const before = await own?.on(threads);
        const sample = await measureRun(plan, round, threads, watch);
        const ownMs = own === undefined ? await (own = await startLoop(plan, sample, watch)).on(threads) : before;
        (isWarmUp ? warmups : samples).push(withOwn(sample, ownMs));
        requireSameEnd([...warmups, ...samples]);
        watch.ended(sample, performance.now() - start);
      }
    }
    return { warmups, samples, ownLoop: own?.result ?? { why: 'there was no run' } };
  } finally {
    own?.end();
  }
}

/** After the first run, which has shown that the pipeline completes, and how long on all threads. */
function startLoop(plan: Plan, { busyMs, wallMs }: Sample, { loop }: Watch): Promise<OwnLoop> {
  const options = Object.assign({}, plan, { threads: Math.max(...plan.counts) });
  return OwnLoop.start(options, Math.min(plan.timeoutMs, PATIENCE_MS + PATIENCE * (busyMs + wallMs)), loop);
}

function withOwn(sample: Sample, ownMs: number | undefined): Sample {
  if (ownMs === undefined) return sample;
  return Object.assign({}, sample, { control: Object.assign({}, sample.control, { ownMs }) });
}

async function measureRun(plan: Plan, round: number, threads: number, watch: Watch): Promise<Sample> {
  const control = await takeControl(threads, plan.iterations);
  const start = performance.now();
  const { child, ended } = startTimedRun({ ...plan, threads, onStderr: watch.stderr });
  watch.child(child);
  try {
    return toSample(await ended, { round, threads, control, start });
  } finally {
    watch.child(undefined);
  }
}

/** Twice in turns, so that a burst of somebody else's work does not fall on one side only. */
async function takeControl(threads: number, iterations: number): Promise<Control> {
  let [oneMs, allMs] = [0, 0];
  for (let turn = 0; turn < 2; turn += 1) {
    oneMs += await spinOn(1, Math.round(iterations / 2));
    allMs += await spinOn(threads, Math.round(iterations / 2));
  }
  return { oneMs, allMs };
}

function toSample(
  { state, startMs, cpuMs, peakRssBytes, report }: TimedRun,
  of: { readonly round: number; readonly threads: number; readonly control: Control; readonly start: number },
): Sample {
  type Sums = 'executions' | 'execMs' | 'queueMs' | 'cloneMs' | 'returnMs' | 'prepMs' | 'postMs';
  const sum = (key: Sums): number => report.nodes.reduce((total, node) => total + node[key], 0);
  return {
    round: of.round,
    threads: of.threads,
    state,
    wallMs: report.wallMs,
    startMs,
    processMs: performance.now() - of.start,
    cpuMs,
    peakRssBytes,
    executions: sum('executions'),
    busyMs: report.threadMs.reduce((total, ms) => total + ms, 0),
    execMs: sum('execMs'),
    queueMs: sum('queueMs'),
    cloneMs: sum('cloneMs'),
    returnMs: sum('returnMs'),
    mainMs: sum('prepMs') + sum('postMs'),
    control: of.control,
  };
}

/** Runs that end in different states have done different things, whatever the number of their threads. */
function requireSameEnd(all: readonly Sample[]): void {
  const [first] = all;
  const other = all.find(({ state }) => state !== first?.state);
  if (first === undefined || other === undefined) return;
  const told = ({ threads, state }: Sample): string =>
    `${threads === 1 ? '1 thread' : `${threads} threads`} in '${state}'`;
  throw new TimedRunFailed(
    `the runs do not end in the same state: one with ${told(first)}, one with ${told(other)}; what differs in its work from run to run cannot be compared`,
    1,
    '',
  );
}
