/**
 * `--compare`: the pipeline with 1 and with n threads, in pairs, each run in a process of its own.
 *
 * C1 Within a pair the order alternates, so that a machine that gets slower does not favour one side.
 * C2 What is compared is the run's own wall time, not the start of its process.
 * C3 The control is measured between the two runs of each pair: the nearest to both.
 */
import type { ChildProcess } from 'node:child_process';
import { formatMs } from '../observe/format.ts';
import { calibrate, controlRatio } from './control.ts';
import { onInterrupt } from './interrupt.ts';
import type { Io } from './io.ts';
import { renderSpeedUp, type Pair } from './speed-up.ts';
import { signalRun, startTimedRun, TimedRunFailed } from './timed-run.ts';
import { EXIT } from './usage.ts';

export interface Comparison {
  readonly workflow: string;
  readonly file: string;
  /** The inputs as the user wrote them. */
  readonly given: ReadonlyMap<string, string | true>;
  readonly threads: number;
  readonly pairs: number;
  readonly verbose: boolean;
  /** The script of this very process. */
  readonly script: string;
}

/** Runs all pairs and prints the result; returns the exit code. */
export async function compare(comparison: Comparison, io: Io): Promise<number> {
  const { threads, pairs } = comparison;
  const children = new Set<ChildProcess>();
  let isInterrupted = false;
  const off = onInterrupt(
    (signal) => {
      isInterrupted = true;
      for (const child of children) signalRun(child, signal);
      if (children.size === 0) io.exit(EXIT.interrupted);
    },
    () => {
      for (const child of children) signalRun(child, 'SIGKILL');
      io.exit(EXIT.interrupted);
    },
  );
  const time = async (count: number): Promise<number> => {
    let hasSpoken = false;
    // What a run says about its end begins on a line of its own.
    const onStderr = (text: string): void => {
      io.err.write(hasSpoken ? text : `\n${text}`);
      hasSpoken = true;
    };
    const { child, ended } = startTimedRun({ ...comparison, threads: count, env: io.env, onStderr });
    children.add(child);
    const { wallMs } = (await ended.finally(() => children.delete(child))).report;
    // It may have been at its end.
    if (isInterrupted) throw new TimedRunFailed('interrupted', EXIT.interrupted, '');
    io.err.write(`  ${count === 1 ? '1 thread ' : `${count} threads`} ${formatMs(wallMs)}`);
    return wallMs;
  };
  try {
    const iterations = await calibrate();
    const done: Pair[] = [];
    for (let pair = 1; pair <= pairs; pair += 1) {
      io.err.write(` pair ${pair}/${pairs}`);
      const oneFirst = pair % 2 === 1;
      const first = await time(oneFirst ? 1 : threads);
      const control = await controlRatio(threads, iterations);
      io.err.write(`  spin ${control.toFixed(2)}`);
      const second = await time(oneFirst ? threads : 1);
      const [oneMs, manyMs] = oneFirst ? [first, second] : [second, first];
      done.push({ oneMs, manyMs, control });
      io.err.write(`  speed-up ${(oneMs / manyMs).toFixed(2)}\n`);
    }
    io.err.write('\n');
    io.out.write(`${renderSpeedUp(comparison.workflow, threads, done).join('\n')}\n`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof TimedRunFailed)) throw error;
    if (isInterrupted) return EXIT.interrupted;
    io.err.write(`cano: ${error.message}, so there is nothing to compare\n`);
    return error.exitCode;
  } finally {
    off();
  }
}
