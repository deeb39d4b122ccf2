/** What was recorded, as the exporter reads it: by record and field, times in microseconds of the trace. */
import type { Args } from './event.ts';
import {
  F_AT,
  F_ENDED,
  F_ITEM,
  F_KIND,
  F_STARTED,
  N_BRANCH,
  N_ERROR,
  N_NODE,
  N_OUTCOME,
  N_RUN,
  N_STATE,
  NAMES,
  NUMBERS,
} from './record.ts';
import type { Recorded } from './recorded.ts';

/** What a thread executed when the recording was read. */
export interface LiveExecution {
  readonly thread: number;
  readonly runId: string;
  readonly state: string;
  readonly node: string;
  readonly branch?: string;
  readonly item?: number;
  readonly runningMs: number;
}

/** A run that was under way when the recording was read. */
export interface RunUnderWay {
  readonly runId: string;
  readonly workflow: string;
  readonly state: string;
}

/** All that a trace is made of. */
export interface Recording extends Recorded {
  readonly engine: string;
  readonly threads: number;
  /** When it began and ended, in milliseconds of the engine's clock. */
  readonly from: number;
  readonly until: number;
  /** When it began, in milliseconds since 1970. */
  readonly wallFrom: number;
  readonly live: readonly LiveExecution[];
  readonly underWay: readonly RunUnderWay[];
}

/**
 * A trace counts in eighths of a microsecond. Readers turn microseconds into whole nanoseconds by cutting off, start and
 * duration each for itself; with other fractions a slice could so end a nanosecond after the start of the next one, which
 * Perfetto drops as an overlap.
 */
const PER_MS = 8_000;
const PER_US = 8;

export class Reading {
  readonly recording: Recording;
  /** Before this time records are missing. */
  readonly horizon: number;

  constructor(recording: Recording) {
    this.recording = recording;
    this.horizon = recording.dropped > 0 && recording.count > 0 ? this.time(0, F_AT) : 0;
  }

  get count(): number {
    return this.recording.count;
  }

  get end(): number {
    return this.us(this.recording.until);
  }

  us(ms: number): number {
    return Math.max(0, Math.round((ms - this.recording.from) * PER_MS) / PER_US);
  }

  kind(index: number): number {
    return this.number(index, F_KIND);
  }

  number(index: number, field: number): number {
    return this.recording.numbers[index * NUMBERS + field] as number;
  }

  /** A field that holds milliseconds of the engine's clock. */
  time(index: number, field: number): number {
    return this.us(this.number(index, field));
  }

  name(index: number, field: number): string {
    return this.recording.names[index * NAMES + field] as string;
  }

  runId(index: number): string {
    return this.name(index, N_RUN);
  }

  /** Whether the execution got to its exec: what is stopped or refused before it ends where it starts. */
  hasStarted(index: number): boolean {
    return this.number(index, F_ENDED) > this.number(index, F_STARTED) || this.name(index, N_OUTCOME) === 'ok';
  }

  /** Whether an execution, or a retry, is of the visit itself: not of an item or a branch. */
  isWhole(index: number): boolean {
    return this.number(index, F_ITEM) < 0 && this.name(index, N_BRANCH) === '';
  }

  /** Run, state, node, branch and item of an execution or a retry. */
  place(index: number): Args {
    const item = this.number(index, F_ITEM);
    const branch = this.name(index, N_BRANCH);
    return {
      run: this.runId(index),
      state: this.name(index, N_STATE),
      node: this.name(index, N_NODE),
      ...(branch === '' ? {} : { branch }),
      ...(item < 0 ? {} : { item }),
    };
  }

  error(index: number): Args {
    const error = this.name(index, N_ERROR);
    return error === '' ? {} : { error };
  }
}

/** Milliseconds with three decimals: what people read. */
export function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
