/**
 * The rules of the Chrome trace format as readers apply them: what breaks one of them is dropped by Perfetto, or drawn wrong.
 *
 * T1 A document with `traceEvents`; every event has a phase, process, thread and name; times are finite, from 0, in eighths of a
 *    microsecond (so that whole nanoseconds are exact).
 * T2 The process and every lane have a name.
 * T3 Slices of a lane nest.
 * T4 Asynchronous slices of one category and id begin, nest and end; their events come in order.
 * T5 An arrow has one start and one end, later or at once, each inside a slice of its lane.
 * T6 Counters hold numbers from 0.
 */
import { gunzipSync } from 'node:zlib';

export interface AnyTraceEvent {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly cat: string;
  readonly name: string;
  readonly id?: number;
  readonly id2?: { readonly local: string };
  readonly bp?: string;
  readonly s?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface TraceDocument {
  readonly traceEvents: readonly AnyTraceEvent[];
  readonly otherData: Readonly<Record<string, unknown>>;
}

/** Reads a trace from the text, or the bytes of a file, compressed or not. */
export function parseTrace(file: string | Uint8Array): TraceDocument {
  const isText = typeof file === 'string';
  const text = isText ? file : (file[0] === 0x1f ? gunzipSync(file) : Buffer.from(file)).toString('utf8');
  return JSON.parse(text) as TraceDocument;
}

/** Every broken rule, in words; none for a sound trace. */
export function violationsOf(document: TraceDocument): string[] {
  const events = document.traceEvents;
  if (!Array.isArray(events) || events.length === 0) return ['T1 there are no traceEvents'];
  const basic = events.flatMap(basicViolations);
  // What follows takes the shape for granted.
  if (basic.length > 0) return basic;
  const timed = events.filter(({ ph }) => ph !== 'M').toSorted((a, b) => a.ts - b.ts);
  return [
    ...nameViolations(events),
    ...[...grouped(timed, ({ pid, tid }) => `${pid}/${tid}`).values()].flatMap(laneViolations),
    ...asyncViolations(events),
    ...arrowViolations(timed),
    ...timed.filter(({ ph }) => ph === 'C').flatMap(counterViolations),
  ];
}

const PHASES = new Set(['X', 'b', 'e', 'n', 's', 'f', 'i', 'C', 'M']);
const say = (rule: string, event: AnyTraceEvent, problem: string): string =>
  `${rule} ${problem}: ${JSON.stringify(event)}`;

function basicViolations(event: AnyTraceEvent): string[] {
  const { ph, pid, tid, name, ts, dur } = event;
  const problems: string[] = [];
  if (!PHASES.has(ph)) problems.push(`unknown phase ${ph}`);
  if (!Number.isInteger(pid) || !Number.isInteger(tid)) problems.push('no process or thread');
  if (typeof name !== 'string' || name === '') problems.push('no name');
  const isTime = (value: unknown): boolean => Number.isFinite(value) && Number.isInteger((value as number) * 8);
  if (ph !== 'M' && (!isTime(ts) || ts < 0)) problems.push('bad ts');
  if (ph === 'X' && (!isTime(dur) || dur < 0)) problems.push('bad dur');
  if (ph === 'i' && event.s !== 't' && event.s !== 'p') problems.push('bad scope');
  return problems.map((problem) => say('T1', event, problem));
}

function nameViolations(events: readonly AnyTraceEvent[]): string[] {
  const named = (what: string): Set<string> =>
    new Set(
      events
        .filter(({ ph, name, args }) => ph === 'M' && name === what && typeof args?.['name'] === 'string')
        .map(({ pid, tid }) => (what === 'process_name' ? `${pid}` : `${pid}/${tid}`)),
    );
  const [processes, threads] = [named('process_name'), named('thread_name')];
  const missing = new Set<string>();
  for (const { pid, tid } of events) {
    if (!processes.has(`${pid}`)) missing.add(`T2 process ${pid} has no name`);
    if (!threads.has(`${pid}/${tid}`)) missing.add(`T2 thread ${pid}/${tid} has no name`);
  }
  return [...missing];
}

/** One lane as Perfetto reads it: in order of time, those of one time in the order of the file. */
function laneViolations(lane: readonly AnyTraceEvent[]): string[] {
  const problems: string[] = [];
  const open: AnyTraceEvent[] = [];
  for (const event of lane) {
    if (event.ph !== 'X') continue;
    while (open.length > 0 && endOf(open.at(-1)) <= event.ts) open.pop();
    const around = open.at(-1);
    if (around !== undefined && endOf(event) > endOf(around)) {
      problems.push(say('T3', event, `overlaps with ${JSON.stringify(around)}`));
      continue;
    }
    open.push(event);
  }
  return problems;
}

function asyncViolations(events: readonly AnyTraceEvent[]): string[] {
  const problems: string[] = [];
  const ofAsync = events.filter(({ ph }) => ph === 'b' || ph === 'e' || ph === 'n');
  for (const track of grouped(ofAsync, ({ cat, id2 }) => `${cat}/${id2?.local}`).values()) {
    const open: AnyTraceEvent[] = [];
    let last = 0;
    for (const event of track) {
      if (event.id2?.local === undefined) problems.push(say('T4', event, 'no id of the process'));
      if (event.ts < last) problems.push(say('T4', event, `comes after ${last}`));
      last = event.ts;
      if (event.ph === 'b') open.push(event);
      else if (open.length === 0) problems.push(say('T4', event, 'nothing is open'));
      else if (event.ph === 'e' && open.pop()?.name !== event.name) problems.push(say('T4', event, 'ends another'));
    }
    for (const event of open) problems.push(say('T4', event, 'never ends'));
  }
  return problems;
}

function arrowViolations(timed: readonly AnyTraceEvent[]): string[] {
  const problems: string[] = [];
  // Which slices are open on a lane at an arrow's end, in one pass.
  const open = new Map<string, AnyTraceEvent[]>();
  const starts = new Map<string, AnyTraceEvent>();
  const ends = new Set<string>();
  for (const event of timed) {
    const lane = `${event.pid}/${event.tid}`;
    const stack = open.get(lane) ?? [];
    open.set(lane, stack);
    if (event.ph === 'X') {
      while (stack.length > 0 && endOf(stack.at(-1)) <= event.ts) stack.pop();
      stack.push(event);
    }
    if (event.ph !== 's' && event.ph !== 'f') continue;
    const key = `${event.cat}/${event.name}/${event.id}`;
    const around = stack.at(-1);
    if (around === undefined || event.ts > endOf(around)) problems.push(say('T5', event, 'is in no slice'));
    if (event.ph === 's') {
      if (starts.has(key)) problems.push(say('T5', event, 'starts twice'));
      starts.set(key, event);
    } else {
      if (event.bp !== 'e') problems.push(say('T5', event, 'does not bind to the slice around it'));
      if (!starts.has(key)) problems.push(say('T5', event, 'has not started'));
      if (ends.has(key)) problems.push(say('T5', event, 'ends twice'));
      ends.add(key);
    }
  }
  for (const [key, event] of starts) if (!ends.has(key)) problems.push(say('T5', event, 'never ends'));
  return problems;
}

function counterViolations(event: AnyTraceEvent): string[] {
  const values = Object.values(event.args ?? {});
  const isSound = values.length > 0 && values.every((value) => Number.isFinite(value) && (value as number) >= 0);
  return isSound ? [] : [say('T6', event, 'bad value')];
}

function endOf(event: AnyTraceEvent | undefined): number {
  return event === undefined ? -1 : event.ts + event.dur;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
