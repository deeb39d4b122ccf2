/** What the threads executed: a lane for each, in which slices follow each other. */
import { MAIN_TID, PID, tidOf, type Args, type TraceEvent } from './event.ts';
import { rounded, type Reading } from './reading.ts';
import {
  F_ATTEMPT,
  F_BYTES_IN,
  F_BYTES_OUT,
  F_CLONE_MS,
  F_ENDED,
  N_NODE,
  N_OUTCOME,
  F_QUEUED,
  F_RECEIVED,
  F_STARTED,
  F_THREAD,
  KIND,
} from './record.ts';

/** One execution on a thread. */
export interface Slice {
  readonly start: number;
  readonly end: number;
  /** The record of it; undefined when it was under way at the end of the recording. */
  readonly index: number | undefined;
  readonly name: string;
}

/** The slices of each thread in order; what overlaps with an earlier one is left out. */
export interface Lanes {
  readonly lanes: ReadonlyMap<number, readonly Slice[]>;
  /** A thread executes one at a time, so this is 0; a file says so when it is not. */
  readonly overlapping: number;
}

export function lanesOf(reading: Reading): Lanes {
  const found = new Map<number, Slice[]>();
  const add = (thread: number, slice: Slice): void => {
    const lane = found.get(thread);
    if (lane === undefined) found.set(thread, [slice]);
    else lane.push(slice);
  };
  for (let index = 0; index < reading.count; index += 1) {
    if (reading.kind(index) !== KIND.executed || !reading.hasStarted(index)) continue;
    const thread = reading.number(index, F_THREAD);
    if (thread < 0) continue;
    const start = reading.time(index, F_STARTED);
    const end = Math.max(start, reading.time(index, F_ENDED));
    add(thread, { start, end, index, name: reading.name(index, N_NODE) });
  }
  const { live, until } = reading.recording;
  for (const { thread, node, runningMs } of live) {
    add(thread, { start: reading.us(until - runningMs), end: reading.end, index: undefined, name: node });
  }
  let overlapping = 0;
  const lanes = new Map<number, Slice[]>();
  for (const thread of [...found.keys()].toSorted((a, b) => a - b)) {
    let last = 0;
    const sorted = (found.get(thread) as Slice[]).toSorted((a, b) => a.start - b.start || a.end - b.end);
    const lane = sorted.filter(({ start, end }) => {
      if (start < last) return false;
      last = end;
      return true;
    });
    overlapping += sorted.length - lane.length;
    lanes.set(thread, lane);
  }
  return { lanes, overlapping };
}

export function* eventsOfLane(reading: Reading, thread: number, lane: readonly Slice[]): Generator<TraceEvent> {
  for (const { start, end, index, name } of lane) {
    const isBad = index !== undefined && reading.name(index, N_OUTCOME) !== 'ok';
    yield {
      ph: 'X',
      pid: PID,
      tid: tidOf(thread),
      ts: start,
      dur: end - start,
      cat: 'exec',
      name,
      ...(isBad ? { cname: 'terrible' } : {}),
      args: index === undefined ? liveArgs(reading, thread) : argsOf(reading, index),
    };
  }
}

function argsOf(reading: Reading, index: number): Args {
  const number = (field: number): number => reading.number(index, field);
  return {
    ...reading.place(index),
    attempt: number(F_ATTEMPT),
    outcome: reading.name(index, N_OUTCOME),
    ...reading.error(index),
    queuedMs: rounded(number(F_STARTED) - number(F_QUEUED)),
    cloneMs: rounded(number(F_CLONE_MS)),
    returnMs: rounded(number(F_RECEIVED) - number(F_ENDED)),
    bytesIn: number(F_BYTES_IN),
    bytesOut: number(F_BYTES_OUT),
  };
}

function liveArgs(reading: Reading, thread: number): Args {
  const { runId, state, node, branch, item } = reading.recording.live.find((each) => each.thread === thread) ?? {
    runId: '',
    state: '',
    node: '',
  };
  return {
    run: runId,
    state,
    node,
    ...(branch === undefined ? {} : { branch }),
    ...(item === undefined ? {} : { item }),
    open: true,
  };
}

/** The names of the lanes. */
export function* laneNames(threads: Iterable<number>): Generator<TraceEvent> {
  const lanes: (readonly [tid: number, name: string])[] = [[MAIN_TID, 'main thread']];
  for (const thread of threads) lanes.push([tidOf(thread), `thread ${thread}`]);
  for (const [order, [tid, name]] of lanes.entries()) {
    yield { ph: 'M', pid: PID, tid, name: 'thread_name', args: { name } };
    yield { ph: 'M', pid: PID, tid, name: 'thread_sort_index', args: { sort_index: order } };
  }
}
