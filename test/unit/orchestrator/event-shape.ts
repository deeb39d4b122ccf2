/** Checks that events are as `core/events.ts` has them; the compiler keeps the two equal. */
import assert from 'node:assert/strict';
import type { RunEvent } from '../../../src/core/events.ts';

type Check = (value: unknown) => boolean;
type OptionalKey<E> = { [K in keyof E]-?: undefined extends E[K] ? K : never }[keyof E];
/** A check for each field; a question mark after the name of one that may be missing. */
type Shape<E> = { readonly [K in keyof E as K extends OptionalKey<E> ? `${K & string}?` : K]-?: Check };
type Shapes = { readonly [T in RunEvent['type']]: Omit<Shape<Extract<RunEvent, { type: T }>>, keyof typeof head> };

const text: Check = (value) => typeof value === 'string' && value !== '';
const anyText: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const time: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value > 0;
const amount: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const finite: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const from1: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 1;
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const object: Check = (value) => typeof value === 'object' && value !== null;
const error: Check = (value) => {
  if (typeof value !== 'object' || value === null) return false;
  const { name, message, code, ...rest } = value as Record<string, unknown>;
  return text(name) && anyText(message) && (code === undefined || text(code)) && Object.keys(rest).length === 0;
};
const report: Check = (value) => {
  if (typeof value !== 'object' || value === null) return false;
  const { runId, workflow, version, startedAt, wallMs, threads, transitions, busyThreads, threadMs, nodes, status } =
    value as Record<string, unknown>;
  return (
    [runId, workflow, status].every(text) &&
    [version, threads, transitions].every(count) &&
    [startedAt, wallMs, busyThreads].every(amount) &&
    [threadMs, nodes].every(Array.isArray)
  );
};

const head = { v: oneOf(1), seq: from1, at: time, runId: text, workflow: text, version: count, type: text };
const visit = { state: text, node: text, visit: from1 };
const execution = { ...visit, 'branch?': text, 'item?': count, attempt: from1, 'thread?': count };
const end = oneOf('completed', 'failed', 'cancelled', 'timed_out');

const shapes: Shapes = {
  'run.started': { state: text, wallTime: time },
  'run.finished': { status: end, state: text, 'error?': error, report },
  'state.entered': { ...visit, kind: oneOf('node', 'batch', 'split', 'workflow') },
  transition: { ...visit, outcome: text, to: text, failed: flag, prepMs: amount, postMs: amount },
  'state.left': { ...visit, status: oneOf('failed', 'cancelled'), prepMs: amount, postMs: amount },
  'branch.finished': {
    ...visit,
    branch: text,
    status: oneOf('completed', 'failed', 'cancelled'),
    prepMs: amount,
    'error?': error,
  },
  'join.decided': {
    ...visit,
    outcome: oneOf('won', 'impossible', 'timed_out'),
    completed: count,
    failed: count,
    cancelled: count,
    deadlinePassed: flag,
  },
  'batch.sized': { ...visit, items: count, final: flag },
  'exec.finished': {
    ...execution,
    outcome: oneOf('ok', 'error', 'timeout', 'cancelled', 'crash'),
    'error?': error,
    queuedAt: time,
    postedAt: time,
    startedAt: time,
    endedAt: time,
    receivedAt: time,
    waitMs: amount,
    together: from1,
    cloneMs: amount,
    bytesIn: count,
    bytesOut: count,
  },
  'retry.scheduled': {
    ...visit,
    phase: oneOf('prep', 'exec', 'post'),
    'branch?': text,
    'item?': count,
    attempt: from1,
    delayMs: amount,
    error,
  },
  progress: { ...execution, done: finite, total: finite },
  counter: { ...execution, name: text, add: finite },
  log: { ...execution, level: oneOf('debug', 'info', 'warn', 'error'), message: anyText, 'fields?': object },
  warning: {
    code: oneOf('many_transitions', 'logs_dropped', 'costly_input'),
    message: text,
    'dropped?': from1,
    'state?': text,
    'node?': text,
    'visit?': from1,
    'branch?': text,
  },
};

/** @throws AssertionError naming the field when an event is not as declared */
function assertWellFormed(event: RunEvent): void {
  const shape: Readonly<Record<string, Check>> = { ...head, ...shapes[event.type] };
  const seen = new Set(Object.keys(event));
  for (const [key, check] of Object.entries(shape)) {
    const name = key.replace('?', '');
    const isThere = seen.delete(name);
    if (!isThere && key.endsWith('?')) continue;
    const value = (event as unknown as Record<string, unknown>)[name];
    assert.ok(isThere && check(value), `${event.type} #${event.seq}: ${name} is ${JSON.stringify(value)}`);
  }
  assert.deepEqual([...seen], [], `${event.type} #${event.seq} has undeclared fields`);
  if (event.type !== 'exec.finished') return;
  const { queuedAt, postedAt, startedAt, endedAt, receivedAt, outcome } = event;
  assert.ok(queuedAt <= postedAt && startedAt <= endedAt && endedAt <= receivedAt, JSON.stringify(event));
  assert.equal(event.error === undefined, outcome === 'ok');
}

/**
 * Checks all events of a finished run: well formed, numbered without gaps, in the order of their times, the first and the
 * last where they belong, visits one after the other or inside the visit of a sub-workflow, notes and retries where their
 * attempt is, branches and joins in their split. Only what a branch that was stopped still tells may come after its visit.
 */
export function assertStream(events: readonly RunEvent[]): void {
  for (const event of events) assertWellFormed(event);
  assertOrder(events);
}

/** As `assertStream`, but that the events need not be well formed: those of a fake dispatcher lack times. */
export function assertOrder(events: readonly RunEvent[]): void {
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_event, index) => index + 1),
  );
  assert.equal(events[0]?.type, 'run.started');
  assert.deepEqual(
    events.flatMap(({ type }, index) => (type === 'run.finished' ? [index] : [])),
    [events.length - 1],
  );
  let at = 0;
  let entered = 0;
  const open = new Map<number, string>();
  const finished = new Set<string>();
  const lost = new Set<string>();
  const left = new Set<number>();
  for (const event of events) {
    assert.ok(event.at >= at, `${event.type} #${event.seq} is earlier than the event before it`);
    at = event.at;
    assert.equal(event.runId, events[0]?.runId);
    if (!('visit' in event)) continue;
    const where = `${event.type} #${event.seq}`;
    if (event.type === 'state.entered') {
      assert.equal(event.visit, entered + 1);
      entered = event.visit;
      const holder = [...open.values()].at(-1);
      assert.ok(holder === undefined || event.state.startsWith(`${holder}/`), `${where} lies in another visit`);
      open.set(event.visit, event.state);
    }
    const branch = 'branch' in event ? `${event.visit}/${event.branch}` : undefined;
    if (branch === undefined || !(lost.has(branch) || left.has(event.visit))) {
      assert.equal([...open.keys()].at(-1), event.visit, `${where} belongs to another visit`);
      assert.equal(open.get(event.visit), event.state);
    }
    if (event.type === 'transition' || event.type === 'state.left') open.delete(event.visit);
    if (event.type === 'state.left') left.add(event.visit);
    if (event.type === 'branch.finished') {
      assert.ok(!finished.has(branch as string), `branch ${branch} finished twice`);
      finished.add(branch as string);
      if (event.status === 'cancelled') lost.add(branch as string);
      assert.equal(event.error === undefined, event.status !== 'failed');
    }
    if (event.type === 'join.decided') {
      assert.ok(!finished.has(`${event.visit}`), `the join of visit ${event.visit} was decided twice`);
      finished.add(`${event.visit}`);
    }
    if (!('attempt' in event) || event.type === 'retry.scheduled') continue;
    const item = 'item' in event ? String(event.item) : '';
    const attempt = `${branch ?? event.visit}/${item}/${event.attempt}`;
    if (event.type === 'exec.finished') {
      assert.ok(!finished.has(attempt), `attempt ${attempt} finished twice`);
      finished.add(attempt);
    } else if (event.type !== 'log') {
      assert.ok(!finished.has(attempt), `${where} comes after its exec.finished`);
    }
  }
  assert.deepEqual([...open.values()], [], 'every visit has ended');
}
