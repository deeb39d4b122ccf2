/** What a contender is: an engine, opened as its documentation says is best, behind one small interface. */
import type { FunctionName } from './threads/functions.ts';

export interface OpenOptions {
  readonly threads: number;
  /** Which function of `threads/functions.ts` is executed. */
  readonly task: FunctionName;
  /** Whether executions are going to fail or to end their thread: contenders with an option for it set it. */
  readonly faults?: boolean;
  /** Calls back to the main thread from within an execution, for rows on calls between threads. */
  readonly services?: object;
}

/** An open engine. */
export interface Pool {
  /** One execution of the task. Rejects when it failed; never when the input was never tried. */
  run(input: unknown, signal?: AbortSignal): Promise<unknown>;
  /** Many at once, in the way that the contender offers for it; results in input order. */
  readonly all?: (inputs: Iterable<unknown>) => Promise<readonly unknown[]>;
  /** Ends all threads. */
  close(): Promise<void>;
}

export interface Contender {
  /** As the table prints it. */
  readonly name: string;
  /** How it was configured, in one line. */
  readonly configuration: string;
  /** What becomes of an execution whose signal fires; absent when `run` refuses signals. */
  readonly cancel?: string;
  /** Resolves when all threads have started and each has executed something, unless `threads` start on demand only. */
  open(options: OpenOptions): Promise<Pool>;
}
