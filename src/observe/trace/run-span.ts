/**
 * One run as asynchronous slices: the run, in it its visits (those of sub-workflows in the visit that holds them), in those
 * what a visit did one after the other.
 *
 * V1 What runs side by side (items, branches, an exec that outlives its visit) cannot nest: it becomes a slice of its own.
 * V2 What began before the first record of a run begins with the records; what has not ended ends with them.
 */
import type { Args, Span } from './event.ts';
import type { Dispatch } from './dispatches.ts';
import { rounded, type Reading, type RunUnderWay } from './reading.ts';
import {
  F_AT,
  F_ATTEMPT,
  F_CANCELLED,
  F_COMPLETED,
  F_ENDED,
  F_FAILED,
  F_FAILURES,
  N_BRANCH,
  F_MS,
  N_NODE,
  N_OUTCOME,
  F_POST_MS,
  F_PREP_MS,
  F_STARTED,
  N_STATE,
  F_THREAD,
  N_TO,
  F_VISIT,
  N_WORKFLOW,
  KIND,
} from './record.ts';
import { nested } from './nest.ts';

/** Waits and phases below this are left out, in microseconds: what they took stands in the arguments. */
const LEAST_US = 10;

interface Visit {
  readonly number: number;
  readonly state: string;
  /** One exec at a time: what it does can stand in the visit. */
  isSerial: boolean;
  readonly span: Span;
  /** Phases other than exec that were tried more than once: where they lie is not known. */
  readonly retried: Set<string>;
}

/** A run's slice, and those that cannot lie in it. */
export interface RunSpans {
  readonly run: Span;
  readonly loose: readonly Span[];
}

/** @param indices the records of the run, in order */
export function spansOfRun(
  reading: Reading,
  indices: readonly number[],
  dispatches: ReadonlyMap<number, Dispatch>,
): RunSpans {
  return new RunReader(reading, dispatches).read(indices);
}

/** A run that nothing was recorded of: it has stood in its state all the time. */
export function spansOfQuiet(reading: Reading, { runId, workflow, state }: RunUnderWay): RunSpans {
  const span = (name: string, args: Args, inner: Span[]): Span => ({
    ...newSpan(name, reading.horizon, { ...args, clipped: true, open: true }),
    end: Math.max(reading.horizon, reading.end),
    inner,
  });
  return { run: span(`run ${workflow}`, { run: runId, workflow }, [span(state, {}, [])]), loose: [] };
}

class RunReader {
  readonly #reading: Reading;
  readonly #dispatches: ReadonlyMap<number, Dispatch>;
  readonly #visits = new Map<number, Visit>();
  readonly #loose: Span[] = [];
  #open: Visit[] = [];
  #run!: Span;

  constructor(reading: Reading, dispatches: ReadonlyMap<number, Dispatch>) {
    this.#reading = reading;
    this.#dispatches = dispatches;
  }

  read(indices: readonly number[]): RunSpans {
    const reading = this.#reading;
    const [first] = indices as [number];
    const isClipped = reading.kind(first) !== KIND.runStarted;
    const workflow = reading.name(first, N_WORKFLOW);
    const start = isClipped ? reading.horizon : reading.time(first, F_AT);
    const args = { run: reading.runId(first), workflow, ...(isClipped ? { clipped: true } : {}) };
    this.#run = newSpan(`run ${workflow}`, start, args);
    if (isClipped) this.#resume(indices);
    let isOver = false;
    for (const index of indices) {
      this.#take(index);
      isOver ||= reading.kind(index) === KIND.runFinished;
    }
    const end = isOver ? this.#run.end : Math.max(this.#run.start, reading.end);
    this.#run.end = end;
    if (!isOver) this.#run.args = { ...this.#run.args, open: true };
    this.#close(0, end);
    nested(this.#run, this.#loose);
    for (const span of this.#loose) {
      // A back-off ends early when its run does.
      span.end = Math.max(span.start, Math.min(span.end, end));
    }
    return { run: this.#run, loose: this.#loose };
  }

  #take(index: number): void {
    const reading = this.#reading;
    const at = reading.time(index, F_AT);
    switch (reading.kind(index)) {
      case KIND.entered:
        this.#enter(index, at);
        break;
      case KIND.transition:
        this.#leave(index, at);
        break;
      case KIND.executed:
        this.#executed(index);
        break;
      case KIND.retry:
        this.#retry(index, at);
        break;
      case KIND.branch:
        this.#tell(
          index,
          `branch ${reading.name(index, N_BRANCH)} ${reading.name(index, N_OUTCOME)}`,
          reading.error(index),
        );
        break;
      case KIND.join:
        this.#tell(index, `join ${reading.name(index, N_OUTCOME)}`, {
          completed: reading.number(index, F_COMPLETED),
          failed: reading.number(index, F_FAILURES),
          cancelled: reading.number(index, F_CANCELLED),
        });
        break;
      case KIND.runFinished:
        this.#run.end = at;
        this.#run.args = { ...this.#run.args, status: reading.name(index, N_OUTCOME), ...reading.error(index) };
        break;
      default:
        break;
    }
  }

  // The visits that the first records find open. All that have a transition are: one in the other, the holders first. One
  // without may be: the last, when no visit has begun since that is not in it.
  #resume(indices: readonly number[]): void {
    const reading = this.#reading;
    const entered = new Set<number>();
    const found = new Map<number, { readonly index: number; ends: boolean; isSerial: boolean }>();
    let firstEntered: string | undefined;
    for (const index of indices) {
      const kind = reading.kind(index);
      if (kind === KIND.entered) {
        entered.add(reading.number(index, F_VISIT));
        firstEntered ??= reading.name(index, N_STATE);
      } else if (kind === KIND.transition || kind === KIND.executed || kind === KIND.retry) {
        const visit = reading.number(index, F_VISIT);
        if (entered.has(visit)) continue;
        const known = found.get(visit) ?? { index, ends: false, isSerial: true };
        known.ends ||= kind === KIND.transition;
        if (kind === KIND.executed && !reading.isWhole(index)) known.isSerial = false;
        found.set(visit, known);
      }
    }
    const last = Math.max(...found.keys());
    const open = [...found].filter(([visit, { index, ends }]) => {
      if (ends) return true;
      return visit === last && (firstEntered?.startsWith(`${reading.name(index, N_STATE)}/`) ?? true);
    });
    for (const [visit, { index, isSerial }] of open.toSorted(([a], [b]) => a - b)) {
      this.#push(index, visit, this.#run.start, isSerial, { clipped: true });
    }
  }

  #enter(index: number, at: number): void {
    const reading = this.#reading;
    const state = reading.name(index, N_STATE);
    // Whatever does not hold this state is over.
    let holders = this.#open.length;
    while (holders > 0 && !state.startsWith(`${this.#open[holders - 1]?.state}/`)) holders -= 1;
    this.#close(holders, at);
    const kind = reading.name(index, N_OUTCOME);
    this.#push(index, reading.number(index, F_VISIT), at, kind === 'node', { kind });
  }

  #push(index: number, number: number, at: number, isSerial: boolean, args: Args): void {
    const reading = this.#reading;
    const state = reading.name(index, N_STATE);
    const span = newSpan(state, at, { visit: number, node: reading.name(index, N_NODE), ...args });
    const visit: Visit = { number, state, isSerial, span, retried: new Set() };
    (this.#open.at(-1)?.span ?? this.#run).inner.push(span);
    this.#open.push(visit);
    this.#visits.set(number, visit);
  }

  // Ends the open visits from `depth` on.
  #close(depth: number, at: number): void {
    for (const { span } of this.#open.splice(depth)) span.end = at;
  }

  #leave(index: number, at: number): void {
    const reading = this.#reading;
    const visit = this.#visits.get(reading.number(index, F_VISIT));
    const depth = visit === undefined ? -1 : this.#open.indexOf(visit);
    if (visit === undefined || depth < 0) return;
    this.#close(depth, at);
    const { span, retried } = visit;
    const [prepMs, postMs] = [reading.number(index, F_PREP_MS), reading.number(index, F_POST_MS)];
    span.args = {
      ...span.args,
      outcome: reading.name(index, N_OUTCOME),
      to: reading.name(index, N_TO),
      ...(reading.number(index, F_FAILED) === 1 ? { failed: true } : {}),
      prepMs: rounded(prepMs),
      postMs: rounded(postMs),
    };
    // Sums, not times: they say when only where a phase was tried once.
    const [prepUs, postUs] = [eighths(prepMs * 1_000), eighths(postMs * 1_000)];
    if (prepUs >= LEAST_US && !retried.has('prep') && span.args['clipped'] !== true)
      span.inner.push({ ...newSpan('prep', span.start, {}), end: span.start + prepUs, isVague: true });
    if (postUs >= LEAST_US && !retried.has('post'))
      span.inner.push({ ...newSpan('post', Math.max(span.start, at - postUs), {}), end: at });
  }

  #executed(index: number): void {
    const reading = this.#reading;
    const visit = this.#visits.get(reading.number(index, F_VISIT));
    const onMain = reading.number(index, F_THREAD) < 0;
    // What a visit does by itself stands in it; what outlived it, or has others beside it, does not.
    const isIn = visit?.isSerial === true && this.#open.includes(visit);
    const place = reading.place(index);
    const dispatch = this.#dispatches.get(index);
    if (dispatch !== undefined) this.#waits(dispatch, isIn ? visit.span : undefined, place);
    if (!reading.hasStarted(index) || (!onMain && !isIn)) return;
    const args = {
      ...(isIn ? {} : place),
      attempt: reading.number(index, F_ATTEMPT),
      outcome: reading.name(index, N_OUTCOME),
      ...reading.error(index),
      ...(onMain ? {} : { thread: reading.number(index, F_THREAD) }),
    };
    const name = isIn ? 'exec' : reading.name(index, N_NODE);
    const span = { ...newSpan(name, reading.time(index, F_STARTED), args), end: reading.time(index, F_ENDED) };
    if (isIn) visit.span.inner.push(span);
    else this.#loose.push({ ...span, cat: 'exec' });
  }

  #waits({ queued, left, arrived, thread, items }: Dispatch, inside: Span | undefined, place: Args): void {
    const { item, ...rest } = place;
    const args = inside === undefined ? { ...rest, ...(item === undefined ? {} : { item, items }) } : {};
    this.#add({ ...newSpan('queue', queued, args), end: left }, inside);
    if (thread >= 0) this.#add({ ...newSpan('to thread', left, { ...args, thread }), end: arrived }, inside);
  }

  #add(span: Span, inside: Span | undefined): void {
    if (span.end - span.start < LEAST_US) return;
    if (inside === undefined) this.#loose.push({ ...span, cat: 'wait' });
    else inside.inner.push(span);
  }

  #retry(index: number, at: number): void {
    const reading = this.#reading;
    const phase = reading.name(index, N_OUTCOME);
    const visit = this.#visits.get(reading.number(index, F_VISIT));
    visit?.retried.add(phase);
    const facts = { phase, attempt: reading.number(index, F_ATTEMPT), ...reading.error(index) };
    const isIn = visit !== undefined && this.#open.includes(visit);
    const isAlone = isIn && reading.isWhole(index);
    if (isIn)
      visit.span.inner.push({ ...newSpan('retry', at, { ...reading.place(index), ...facts }), isInstant: true });
    const delayUs = eighths(reading.number(index, F_MS) * 1_000);
    const backOff = newSpan('back-off', at, isAlone ? facts : { ...reading.place(index), ...facts });
    this.#add({ ...backOff, end: at + delayUs, isVague: true }, isAlone ? visit.span : undefined);
  }

  #tell(index: number, name: string, args: Args): void {
    const visit = this.#visits.get(this.#reading.number(index, F_VISIT));
    if (visit === undefined || !this.#open.includes(visit)) return;
    visit.span.inner.push({ ...newSpan(name, this.#reading.time(index, F_AT), args), isInstant: true });
  }
}

function newSpan(name: string, start: number, args: Args): Span {
  return { name, cat: 'run', start, end: start, args, inner: [] };
}

function eighths(us: number): number {
  return Math.round(us * 8) / 8;
}
