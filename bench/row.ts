/** What a row of the table is, and what one process reports of it. */

/** What happened to the executions of a measurement. A row whose contender loses any says so in the table. */
export interface Counts {
  readonly submitted: number;
  /** Ended with the right result. */
  readonly completed: number;
  /** Ended with a wrong result: the bench fails. */
  readonly wrong: number;
  /** Rejected, for any reason. */
  readonly failed: number;
  /** Neither ended nor rejected within the time limit. */
  readonly lost: number;
  /** Executed more than once; -1 where it was not counted. */
  readonly duplicated: number;
}

/** One contender, one row, one process. */
export interface Measurement {
  /** The figure of the row, in its unit. */
  readonly value: number;
  /** CPU time of the whole process per execution, in µs: less sensitive to what else the machine does than wall time. */
  readonly cpuMicros?: number;
  /** Milliseconds from submission (from the intended start in open-loop rows) to the result. */
  readonly latency?: { readonly p50: number; readonly p99: number };
  readonly counts?: Counts;
  /** Anything else that was measured, by name with its unit. */
  readonly also?: Readonly<Record<string, number>>;
}

export interface MeasureOptions {
  /** A tenth of the work: for a look, and for tests of the bench itself. */
  readonly quick: boolean;
  readonly seed: number;
}

export interface Budget {
  readonly contender: string;
  /** The smallest acceptable ratio to another contender; above 1 is better than it. */
  readonly atLeast?: { readonly ratio: number; readonly against: string };
  /** The largest acceptable value, in the unit of the row. */
  readonly atMost?: number;
}

export interface Row {
  /** For the filter on the command line: `noop-100`. */
  readonly id: string;
  readonly title: string;
  /** Unit of `value`. Smaller is always better, so that one rule reads all ratios. */
  readonly unit: string;
  /** Ids of contenders. The first is the reference of the ratios. */
  readonly contenders: readonly string[];
  readonly budgets?: readonly Budget[];
  /** How often it is measured: for rows that take minutes. */
  readonly rounds?: number;
  /** Left out of a quick run, since it says nothing when it is short. */
  readonly fullOnly?: boolean;
  /** A contender that has not reported by then is stopped and said to hang. In seconds. @default 60 */
  readonly timeLimit?: number;
  measure(contender: string, options: MeasureOptions): Promise<Measurement>;
}
