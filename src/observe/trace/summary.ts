/** What is in a trace file, from its document. Pure. */

export interface TraceSummary {
  /** Of the process, as the timeline shows it. */
  readonly name: string;
  /** When the recording began, as an ISO date. */
  readonly startedAt: string | undefined;
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
  readonly ph?: unknown;
  readonly cat?: unknown;
  readonly name?: unknown;
  readonly ts?: unknown;
  readonly dur?: unknown;
  readonly tid?: unknown;
  readonly args?: { readonly name?: unknown; readonly outcome?: unknown; readonly workflow?: unknown };
}

/** Undefined when it is no trace that cano wrote. */
export function summaryOf(document: unknown): TraceSummary | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { traceEvents, otherData } = document as { traceEvents?: unknown; otherData?: Record<string, unknown> };
  if (!Array.isArray(traceEvents) || otherData?.['producer'] !== 'cano') return undefined;
  let [name, first, last] = ['', Infinity, 0];
  let [runs, executions, failed, busyUs] = [0, 0, 0, 0];
  const threads = new Set<unknown>();
  for (const { ph, cat, name: called, ts, dur, tid, args } of traceEvents as readonly Event[]) {
    if (ph === 'M') {
      if (called === 'process_name') name = String(args?.name);
      if (called === 'thread_name' && args?.name !== 'main thread') threads.add(tid);
      continue;
    }
    const [from, took] = [Number(ts), Number(dur ?? 0)];
    // Counters are there from the start, and threads begin before runs do.
    if (cat === 'run' || cat === 'exec') [first, last] = [Math.min(first, from), Math.max(last, from + took)];
    if (ph === 'b' && cat === 'run' && args?.workflow !== undefined) runs += 1;
    if (ph !== 'X' || cat !== 'exec') continue;
    executions += 1;
    busyUs += took;
    if (args?.outcome !== 'ok' && args?.outcome !== undefined) failed += 1;
  }
  const { startedAt, droppedEvents } = otherData;
  return {
    name,
    startedAt: typeof startedAt === 'string' ? startedAt : undefined,
    spanMs: Math.max(0, last - first) / 1_000,
    events: traceEvents.length,
    runs,
    executions,
    failed,
    threads: threads.size,
    busyMs: busyUs / 1_000,
    dropped: typeof droppedEvents === 'number' ? droppedEvents : 0,
  };
}
