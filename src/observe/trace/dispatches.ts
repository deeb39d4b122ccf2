/** The ways of executions to threads: what each chunk waited for, and the slices in which the main thread sent them off. */
import type { Span } from './event.ts';
import type { Reading } from './reading.ts';
import {
  N_BRANCH,
  F_BYTES_IN,
  F_CLONE_MS,
  F_ENDED,
  F_POSTED,
  F_QUEUED,
  F_STARTED,
  F_THREAD,
  F_VISIT,
  KIND,
} from './record.ts';

/** One execution of a node, or a chunk of a batch: what travels together. */
export interface Dispatch {
  /** The first record of it. */
  readonly first: number;
  /** -1 when it never left the queue. */
  readonly thread: number;
  readonly queued: number;
  /** When it left the queue, to a thread or because it was stopped. */
  readonly left: number;
  /** When the first of its items that is known started, or was stopped before. */
  arrived: number;
  /** The record of that item; undefined when none started. */
  starts: number | undefined;
  items: number;
  bytes: number;
  cloneMs: number;
}

/** All that was sent to threads, or waited to be; by its first record. */
export function dispatchesOf(reading: Reading): Map<number, Dispatch> {
  const byWay = new Map<string, Dispatch>();
  for (let index = 0; index < reading.count; index += 1) {
    if (reading.kind(index) !== KIND.executed) continue;
    const thread = reading.number(index, F_THREAD);
    const hasStarted = reading.hasStarted(index);
    if (thread < 0 && hasStarted) continue;
    const way = [
      reading.runId(index),
      reading.name(index, N_BRANCH),
      ...[F_VISIT, F_THREAD, F_QUEUED, F_POSTED].map((field) => reading.number(index, field)),
    ].join();
    const arrived = reading.time(index, hasStarted ? F_STARTED : F_ENDED);
    let dispatch = byWay.get(way);
    if (dispatch === undefined) {
      const left = thread < 0 ? arrived : reading.time(index, F_POSTED);
      const starts = hasStarted ? index : undefined;
      const queued = reading.time(index, F_QUEUED);
      dispatch = { first: index, thread, queued, left, arrived, starts, items: 0, bytes: 0, cloneMs: 0 };
      byWay.set(way, dispatch);
    } else if (hasStarted && (dispatch.starts === undefined || arrived < dispatch.arrived)) {
      dispatch.arrived = arrived;
      dispatch.starts = index;
    }
    dispatch.items += 1;
    dispatch.bytes += reading.number(index, F_BYTES_IN);
    dispatch.cloneMs += reading.number(index, F_CLONE_MS);
  }
  return new Map([...byWay.values()].map((dispatch) => [dispatch.first, dispatch]));
}

/** What posting takes at least: nobody has measured it, but an arrow needs a slice to begin in. */
const LEAST_US = 1;

/** The bursts in which the main thread posted them: it copies one input after the other, so they do not overlap. */
export function burstsOf(dispatches: Iterable<Dispatch>): Span[] {
  const posted = [...dispatches].filter(({ thread }) => thread >= 0).toSorted((a, b) => a.left - b.left);
  const bursts: Span[] = [];
  let present: (Span & { executions: number; items: number; bytes: number }) | undefined;
  for (const { left, cloneMs, items, bytes } of posted) {
    if (present === undefined || left > present.end) {
      const empty = { name: 'dispatch', cat: 'dispatch', args: {}, inner: [] };
      present = { ...empty, start: left, end: left + LEAST_US, executions: 0, items: 0, bytes: 0 };
      bursts.push(present);
    }
    // In eighths, as all times.
    present.end = Math.max(present.end, left) + Math.round(cloneMs * 8_000) / 8;
    present.executions += 1;
    present.items += items;
    present.bytes += bytes;
    present.args = { executions: present.executions, items: present.items, bytes: present.bytes };
  }
  return bursts;
}
