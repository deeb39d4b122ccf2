/** What is in a trace file, from its document. Pure. */

export interface TraceSummary {
  /** Of the process, as the timeline shows it. */
  readonly name: string;
  /** When the recording began, as an ISO date. */
  readonly startedAt: string;
  readonly spanMs: number;
  readonly events: number;
  readonly runs: number;
  /** On threads. */
  readonly executions: number;
  readonly failed: number;
  readonly threads: number;
  readonly busyMs: number;
  /** Events that the recording had no room for. */
  readonly dropped: number;
}

interface Event {
  readonly ph: string;
  readonly name: string;
  /** Absent for metadata. */
  readonly ts: number;
  readonly dur?: number;
  readonly cat?: unknown;
  readonly tid?: unknown;
  readonly args?: { readonly name?: unknown; readonly outcome?: unknown; readonly workflow?: unknown };
}

/** Undefined when it is no trace that cano wrote. */
export function summaryOf(document: unknown): TraceSummary | undefined {
  if (!isObject(document)) return undefined;
  const { traceEvents, otherData } = document;
  if (!isObject(otherData) || otherData['producer'] !== 'cano') return undefined;
  const { startedAt, droppedEvents = 0 } = otherData;
  if (!isDate(startedAt) || !isWithin(droppedEvents)) return undefined;
  if (!Array.isArray(traceEvents) || !traceEvents.every(isEvent)) return undefined;
  let name: unknown;
  let [first, last] = [Infinity, 0];
  let [runs, executions, failed, busyUs] = [0, 0, 0, 0];
  const threads = new Set<unknown>();
  for (const { ph, cat, name: called, ts, dur = 0, tid, args } of traceEvents) {
    if (ph === 'M') {
      if (called === 'process_name') name = args?.name;
      if (called === 'thread_name' && args?.name !== 'main thread') threads.add(tid);
      continue;
    }
    // Counters are there from the start, and threads begin before runs do.
    if (cat === 'run' || cat === 'exec') [first, last] = [Math.min(first, ts), Math.max(last, ts + dur)];
    if (ph === 'b' && cat === 'run' && args?.workflow !== undefined) runs += 1;
    if (ph !== 'X' || cat !== 'exec') continue;
    executions += 1;
    busyUs += dur;
    if (args?.outcome !== 'ok' && args?.outcome !== undefined) failed += 1;
  }
  if (typeof name !== 'string') return undefined;
  return {
    name,
    startedAt,
    spanMs: Math.max(0, last - first) / 1_000,
    events: traceEvents.length,
    runs,
    executions,
    failed,
    threads: threads.size,
    busyMs: busyUs / 1_000,
    dropped: droppedEvents,
  };
}

function isEvent(event: unknown): event is Event {
  if (!isObject(event)) return false;
  const { ph, name, ts, dur = 0, args = {} } = event;
  if (typeof ph !== 'string' || typeof name !== 'string' || !isObject(args)) return false;
  return ph === 'M' || (isWithin(ts) && isWithin(dur));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** A time in microseconds, or a number of events. */
function isWithin(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function isDate(value: unknown): value is string {
  const ms = typeof value === 'string' ? Date.parse(value) : NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value;
}
