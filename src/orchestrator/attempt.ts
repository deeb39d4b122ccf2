/** What is told and counted of every attempt of an exec, wherever it ran. */
import { decodeError } from '../core/error-codec.ts';
import { eventError, type RunEventBody } from '../core/events.ts';
import type { NodeReport } from '../core/report.ts';
import type { Writable } from '../core/writable.ts';
import type { Execution, ItemEnd } from '../dispatch/execution.ts';
import type { Note, PlacedError } from '../wire/messages.ts';
import type { LiveRun } from './live-run.ts';

type Body<Type extends RunEventBody['type']> = Extract<RunEventBody, { type: Type }>;

/** Where a visit stands, for its events. */
export interface VisitPlace {
  readonly state: string;
  readonly node: string;
  readonly visit: number;
  /** Of a branch: its name in the split. */
  readonly branch?: string;
}

/** The way of an execution; an `Execution` is one. */
export interface Travel {
  readonly queuedAt: number;
  readonly postedAt: number;
  readonly startedAt: number | undefined;
  readonly receivedAt: number;
  readonly thread: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly cloneMs: number;
  readonly items: { readonly length: number };
}

/**
 * Counts an attempt and announces `exec.finished`.
 *
 * @param at as for `LiveRun.announce`
 */
export function recordAttempt(
  run: LiveRun,
  place: VisitPlace,
  cells: NodeReport,
  travel: Travel,
  index: number,
  attempt: number,
  end: ItemEnd,
  at?: number,
): void {
  const { queuedAt, postedAt, receivedAt, thread } = travel;
  const ms = end.endedAt - end.startedAt;
  // A chunk's wait and cost of travel belong to all of its items; each carries its share.
  const count = Math.max(1, travel.items.length);
  const bytesIn = Math.round(travel.bytesIn / count);
  const bytesOut = Math.round(travel.bytesOut / count);
  const cloneMs = travel.cloneMs / count;
  cells.attempts += 1;
  cells.execMs += ms;
  if (ms > cells.longestMs) cells.longestMs = ms;
  const waitMs = Math.max(0, (travel.startedAt ?? end.startedAt) - queuedAt);
  cells.queueMs += waitMs / count;
  cells.returnMs += Math.max(0, receivedAt - end.endedAt) / count;
  cells.cloneMs += cloneMs;
  cells.bytesIn += bytesIn;
  cells.bytesOut += bytesOut;
  if (thread === undefined) {
    cells.inlineMs += ms;
    cells.blockedMs += end.blockedMs ?? 0;
  } else run.addThreadMs(thread, ms);
  run.announce(() => {
    // The commonest event by far: what it may lack is added, since each spread would cost as much as all the rest.
    const event: Writable<Body<'exec.finished'>> = {
      type: 'exec.finished',
      state: place.state,
      node: place.node,
      visit: place.visit,
      attempt,
      outcome: end.outcome,
      queuedAt,
      // What was stopped in the queue has never been posted.
      postedAt: Math.max(postedAt, queuedAt),
      startedAt: end.startedAt,
      endedAt: end.endedAt,
      receivedAt: Math.max(receivedAt, end.endedAt),
      waitMs,
      together: count,
      cloneMs,
      bytesIn,
      bytesOut,
    };
    if (place.branch !== undefined) event.branch = place.branch;
    if (index >= 0) event.item = index;
    if (thread !== undefined) event.thread = thread;
    if (end.outcome !== 'ok') event.error = eventError(end.error);
    return event;
  }, at);
}

/**
 * Counts what an execution ran on for on a thread after it had been asked to stop: at its timeout, or at `stoppedAt`. Of a
 * branch the latter is the moment at which its split was over.
 */
export function recordOverrun(
  cells: NodeReport,
  { thread, request }: Pick<Execution, 'thread' | 'request'>,
  { outcome, startedAt, endedAt }: ItemEnd,
  stoppedAt: number | undefined,
): void {
  if (thread === undefined || (stoppedAt === undefined && outcome !== 'timeout')) return;
  const { timeoutMs = Infinity, branch } = request;
  const dueAt = outcome === 'timeout' ? startedAt + timeoutMs : Infinity;
  if (branch === undefined || stoppedAt === undefined) {
    cells.overrunMs += Math.max(0, endedAt - Math.max(startedAt, Math.min(dueAt, stoppedAt ?? Infinity)));
    return;
  }
  cells.overrunMs += Math.max(0, Math.min(stoppedAt, endedAt) - dueAt);
  cells.lostMs += Math.max(0, endedAt - Math.max(startedAt, stoppedAt));
}

/** Puts the errors into the fields of a line where they stood. */
function placeErrors(errors: readonly PlacedError[]): void {
  for (const [holder, key, wire] of errors) {
    const value = decodeError(wire);
    if (holder instanceof Map) holder.set(key, value);
    else if (holder instanceof Set) holder.add(value);
    // Defined and not assigned: a key may be '__proto__'.
    else Object.defineProperty(holder, String(key), { value, writable: true, enumerable: true, configurable: true });
  }
}

/** Announces a note of an execution. */
export function announceNote(
  run: LiveRun,
  place: VisitPlace,
  thread: number | undefined,
  index: number,
  attempt: number,
  note: Exclude<Note, readonly ['dropped', number]>,
): void {
  const head = (): VisitPlace & { readonly attempt: number } => ({
    ...place,
    ...(index < 0 ? {} : { item: index }),
    attempt,
    ...(thread === undefined ? {} : { thread }),
  });
  switch (note[0]) {
    case 'progress':
      run.announce(() => ({ type: 'progress', ...head(), done: note[1], total: note[2] }));
      break;
    case 'counter':
      run.announce(() => ({ type: 'counter', ...head(), name: note[1], add: note[2] }));
      break;
    case 'log':
      run.announce(() => {
        const [, level, message, fields, errors] = note;
        if (errors !== undefined) placeErrors(errors);
        return { type: 'log', ...head(), level, message, ...(fields === undefined ? {} : { fields }) };
      });
      break;
    default:
      note satisfies never;
  }
}
