/**
 * From what was recorded to a trace in the Chrome format. Pure; gives one event after the other, so that a large trace never is
 * one string.
 *
 * X1 Events of one lane, and of one asynchronous slice, come in the order of their times, those that hold others first.
 * X2 Slices of a lane do not overlap, asynchronous ones of one id nest, and each begins and ends.
 * X3 An arrow begins in a slice of the main thread and ends in one of a thread.
 */
import { counterOf } from './counters.ts';
import { burstsOf, dispatchesOf, type Dispatch } from './dispatches.ts';
import { eventsOf, MAIN_TID, PID, tidOf, type TraceEvent } from './event.ts';
import { eventsOfLane, laneNames, lanesOf, type Slice } from './lanes.ts';
import { Reading, rounded, type Recording } from './reading.ts';
import { F_AT, F_MS, N_OUTCOME, F_THREAD, N_WORKFLOW, KIND } from './record.ts';
import { spansOfQuiet, spansOfRun } from './run-span.ts';
import { runsOf } from './runs.ts';

/** The trace as text, in pieces: a JSON document with one event a line. */
export function* traceText(recording: Recording): Generator<{ readonly text: string; readonly events: number }> {
  const { engine, threads, dropped, wallFrom } = recording;
  const reading = new Reading(recording);
  const lanes = lanesOf(reading);
  const facts = {
    producer: 'cano',
    engine,
    threads,
    startedAt: new Date(wallFrom).toISOString(),
    recordedEvents: recording.count,
    droppedEvents: dropped,
    ...(lanes.overlapping === 0 ? {} : { overlappingExecutions: lanes.overlapping }),
  };
  let text = `{"displayTimeUnit":"ms","otherData":${JSON.stringify(facts)},"traceEvents":[\n`;
  let events = 0;
  let separator = '';
  for (const event of traceEvents(reading, lanes.lanes)) {
    text += separator + JSON.stringify(event);
    separator = ',\n';
    events += 1;
    if (text.length < PIECE) continue;
    yield { text, events };
    text = '';
    events = 0;
  }
  yield { text: `${text}\n]}\n`, events };
}

const PIECE = 64 * 1024;

function* traceEvents(reading: Reading, lanes: ReadonlyMap<number, readonly Slice[]>): Generator<TraceEvent> {
  const dispatches = dispatchesOf(reading);
  yield* names(reading, lanes.keys());
  yield* runs(reading, dispatches);
  for (const { name, cat, start, end, args } of burstsOf(dispatches.values())) {
    yield { ph: 'X', pid: PID, tid: MAIN_TID, ts: start, dur: end - start, cat, name, args };
  }
  for (const [thread, lane] of lanes) yield* eventsOfLane(reading, thread, lane);
  yield* arrows(dispatches.values(), lanes);
  yield* instants(reading);
  const waits = [...dispatches.values()].map(({ queued, left }) => ({ start: queued, end: left }));
  yield* counterOf('queue', 'executions', waits, reading.horizon, reading.end);
  yield* counterOf('busy', 'threads', [...lanes.values()].flat(), reading.horizon, reading.end);
}

function* names(reading: Reading, used: Iterable<number>): Generator<TraceEvent> {
  const { engine, threads, underWay } = reading.recording;
  const workflows = new Set(underWay.map(({ workflow }) => workflow));
  for (let index = 0; index < reading.count && workflows.size < 2; index += 1)
    if (reading.runId(index) !== '') workflows.add(reading.name(index, N_WORKFLOW));
  const [workflow = 'default'] = workflows;
  const name = engine !== 'default' || workflows.size !== 1 ? engine : workflow;
  yield { ph: 'M', pid: PID, tid: MAIN_TID, name: 'process_name', args: { name: `cano ${name}` } };
  const all = new Set([...Array.from({ length: threads }, (_value, thread) => thread), ...used]);
  yield* laneNames([...all].toSorted((a, b) => a - b));
}

function* runs(reading: Reading, dispatches: ReadonlyMap<number, Dispatch>): Generator<TraceEvent> {
  let number = 0;
  for (const { id, indices, quiet } of runsOf(reading)) {
    const { run, loose } =
      quiet === undefined ? spansOfRun(reading, indices, dispatches) : spansOfQuiet(reading, quiet);
    yield* eventsOf(run, id);
    for (const span of loose) {
      number += 1;
      yield* eventsOf(span, `${span.cat} ${number}`);
    }
  }
}

/** From where an execution was sent off to where it started. */
function* arrows(dispatches: Iterable<Dispatch>, lanes: ReadonlyMap<number, readonly Slice[]>): Generator<TraceEvent> {
  const drawn = new Set<number | undefined>([...lanes.values()].flatMap((lane) => lane.map(({ index }) => index)));
  let id = 0;
  for (const { thread, left, arrived, starts } of dispatches) {
    if (starts === undefined || !drawn.has(starts) || arrived < left) continue;
    id += 1;
    const head = { pid: PID, cat: 'dispatch', name: 'dispatch', id } as const;
    yield { ph: 's', ...head, tid: MAIN_TID, ts: left };
    yield { ph: 'f', ...head, tid: tidOf(thread), ts: arrived, bp: 'e' };
  }
}

function* instants(reading: Reading): Generator<TraceEvent> {
  for (let index = 0; index < reading.count; index += 1) {
    const kind = reading.kind(index);
    const ts = reading.time(index, F_AT);
    const thread = reading.number(index, F_THREAD);
    if (kind === KIND.warning) {
      const args = { run: reading.runId(index) };
      yield {
        ph: 'i',
        pid: PID,
        tid: MAIN_TID,
        ts,
        s: 'p',
        cat: 'warning',
        name: reading.name(index, N_OUTCOME),
        args,
      };
    } else if (kind === KIND.threadStarted) {
      const args = { readyMs: rounded(reading.number(index, F_MS)) };
      yield { ph: 'i', pid: PID, tid: tidOf(thread), ts, s: 't', cat: 'thread', name: 'thread started', args };
    } else if (kind === KIND.threadExited) {
      const head = { ph: 'i', pid: PID, ts, cat: 'thread', name: 'thread exited' } as const;
      const args = { reason: reading.name(index, N_OUTCOME) };
      // One that had no lane yet has no number.
      yield thread < 0 ? { ...head, tid: MAIN_TID, s: 'p', args } : { ...head, tid: tidOf(thread), s: 't', args };
    }
  }
}
