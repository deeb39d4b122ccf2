/** `engine.trace()`: records what an engine does, and writes it as a trace that Perfetto and chrome://tracing draw. */
import { describeValue, InvalidOptionError } from '../../core/errors.ts';
import type { Clock } from '../../core/clock.ts';
import type { EngineEvent, RunEvent, RunStatus } from '../../core/events.ts';
import { traceText } from './export.ts';
import { writeTrace } from './file.ts';
import type { LiveExecution, Recording } from './reading.ts';
import { Recorder } from './recorder.ts';

export interface TraceOptions {
  /**
   * How many entries are kept: an execution on a thread (of a batch, each item) takes two, every other event that is recorded
   * one; a run has two, each of its visits two. What comes beyond takes the place of the oldest. 1,000 take 64 kB.
   * @default 200_000
   */
  readonly capacity?: number | undefined;
}

/** A trace that was written. */
export interface TraceFile {
  readonly path: string;
  readonly bytes: number;
  /** In the file. */
  readonly events: number;
  /** Events of the engine that were not kept, since they were more than the capacity. */
  readonly dropped: number;
}

/** A recording of an engine. */
export interface Trace extends Disposable {
  /** Records no more; what was recorded can be written still. Safe to call twice. */
  stop(): void;
  /**
   * Writes what was recorded so far as a file in the Chrome trace format, compressed when its name ends in `.gz`. The file is
   * there whole or not at all, and takes the place of no pipe and no device.
   *
   * @throws CanoError `CANO_TRACE_NOT_WRITTEN` (as rejection)
   */
  write(path: string): Promise<TraceFile>;
  /** The same as text, in pieces of some 64 kB. */
  text(): Iterable<string>;
}

/** What is recorded; an engine is one. */
export interface Traced {
  readonly name: string;
  readonly threads: number;
  readonly clock: Pick<Clock, 'now' | 'wallNow'>;
  listen(listener: (event: RunEvent | EngineEvent) => void): () => void;
  stats(): {
    readonly threads: readonly {
      readonly thread: number;
      readonly execution?: Omit<LiveExecution, 'thread'>;
    }[];
  };
  runs(): readonly {
    readonly id: string;
    readonly definition: { readonly name: string };
    readonly status: RunStatus;
    readonly state: string;
  }[];
}

const DEFAULT_CAPACITY = 200_000;
/** 640 MB of memory. */
const MAX_CAPACITY = 10_000_000;

/** Begins to record. @throws InvalidOptionError */
export function startTrace(engine: Traced, { capacity = DEFAULT_CAPACITY }: TraceOptions = {}): Trace {
  if (!Number.isSafeInteger(capacity) || capacity < 1 || capacity > MAX_CAPACITY) {
    throw new InvalidOptionError(
      `trace: capacity must be an integer from 1 to ${MAX_CAPACITY}, got ${describeValue(capacity)}`,
    );
  }
  return new EngineTrace(engine, capacity);
}

class EngineTrace implements Trace {
  readonly #engine: Traced;
  readonly #recorder: Recorder;
  readonly #from: number;
  readonly #wallFrom: number;
  readonly #unlisten: () => void;
  #final: Recording | undefined;

  constructor(engine: Traced, capacity: number) {
    const recorder = new Recorder(capacity);
    this.#engine = engine;
    this.#recorder = recorder;
    this.#from = engine.clock.now();
    this.#wallFrom = engine.clock.wallNow();
    this.#unlisten = engine.listen((event) => recorder.record(event));
  }

  stop(): void {
    if (this.#final !== undefined) return;
    this.#unlisten();
    this.#final = this.#look();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  async write(path: string): Promise<TraceFile> {
    if (typeof path !== 'string' || path === '')
      throw new InvalidOptionError(
        `trace.write: the path must be a string that is not empty, got ${describeValue(path)}`,
      );
    const recording = this.#recording();
    return writeTrace(path, recording);
  }

  *text(): Generator<string> {
    for (const { text } of traceText(this.#recording())) yield text;
  }

  #recording(): Recording {
    return this.#final ?? this.#look();
  }

  #look(): Recording {
    const { name, threads, clock } = this.#engine;
    const live = this.#engine
      .stats()
      .threads.flatMap(({ thread, execution }) => (execution === undefined ? [] : [{ thread, ...execution }]));
    const underWay = this.#engine
      .runs()
      .filter(({ status }) => status !== 'pending')
      .map(({ id, definition, state }) => ({ runId: id, workflow: definition.name, state }));
    return {
      ...this.#recorder.snapshot(),
      engine: name,
      threads,
      from: this.#from,
      until: clock.now(),
      wallFrom: this.#wallFrom,
      live,
      underWay,
    };
  }
}
