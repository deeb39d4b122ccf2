/** What stands in a trace file: events of the Chrome trace format, as far as cano writes them. */

/** All lanes belong to one process. Perfetto takes the thread with the number of its process for the main thread. */
export const PID = 1;
export const MAIN_TID = 1;

/** Lane of a thread. */
export function tidOf(thread: number): number {
  return thread + 2;
}

export type Args = Readonly<Record<string, string | number | boolean>>;

export interface TraceEvent {
  /** X slice, b and e and n of an asynchronous slice, s and f of an arrow, i instant, C counter, M metadata. */
  readonly ph: 'X' | 'b' | 'e' | 'n' | 's' | 'f' | 'i' | 'C' | 'M';
  readonly pid: number;
  readonly tid: number;
  /** Microseconds from the start of the recording. */
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly name: string;
  /** Of an arrow. */
  readonly id?: number;
  /** Of an asynchronous slice: one of its process. With a plain `id` Perfetto draws it apart from the process. */
  readonly id2?: { readonly local: string };
  /** An arrow ends in the slice that is open at its time. */
  readonly bp?: 'e';
  /** An instant belongs to its lane or to the process. */
  readonly s?: 't' | 'p';
  readonly cname?: string;
  readonly args?: Args;
}

/** An asynchronous slice, with those that lie in it. */
export interface Span {
  readonly name: string;
  readonly cat: string;
  /** Microseconds, as all times of a trace. */
  start: number;
  end: number;
  args: Args;
  readonly inner: Span[];
  /** A point in time. */
  readonly isInstant?: boolean;
  /** Its end is known less well than the start of what comes after it. */
  readonly isVague?: boolean;
}

/** `b`, what lies in it, `e`; spans with one id must nest. */
export function* eventsOf(span: Span, id: string): Generator<TraceEvent> {
  const { name, cat, start, end, args, inner, isInstant } = span;
  const head = { pid: PID, tid: MAIN_TID, cat, id2: { local: id }, name } as const;
  if (isInstant === true) {
    yield { ph: 'n', ...head, ts: start, args };
    return;
  }
  yield { ph: 'b', ...head, ts: start, args };
  for (const child of inner) yield* eventsOf(child, id);
  yield { ph: 'e', ...head, ts: end };
}
