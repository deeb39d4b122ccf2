/**
 * `--compare`: the pipeline with 1 and with n threads, in pairs, each run in a process of its own.
 *
 * C1 Within a pair the order alternates, so that a machine that gets slower does not favour one side.
 * C2 What is compared is the run's own wall time, not the start of its process.
 * C3 The control is measured between the two runs of each pair: the nearest to both.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { formatMs } from '../observe/format.ts';
import { calibrate, controlRatio } from './control.ts';
import { onInterrupt } from './interrupt.ts';
import type { Io } from './io.ts';
import { renderSpeedUp, type Pair } from './speed-up.ts';
import { EXIT } from './usage.ts';

/** Set for the runs of a comparison: they tell their wall time over IPC. */
const CHILD = 'CANO_COMPARE_CHILD';

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

/** A run of the comparison did not complete; it has said why on stderr. */
class RunOfPairFailed extends Error {
  readonly exitCode: number;

  constructor(threads: number, exitCode: number) {
    super(
      `the run with ${threads === 1 ? '1 thread' : `${threads} threads`} ended with exit code ${exitCode}, so there is nothing to compare`,
    );
    this.exitCode = exitCode;
  }
}

/** Runs all pairs and prints the result; returns the exit code. */
export async function compare(comparison: Comparison, io: Io): Promise<number> {
  const { threads, pairs } = comparison;
  const children = new Set<ChildProcess>();
  let isInterrupted = false;
  const off = onInterrupt(
    (signal) => {
      isInterrupted = true;
      for (const child of children) child.kill(signal);
      if (children.size === 0) io.exit(EXIT.interrupted);
    },
    () => {
      for (const child of children) child.kill('SIGKILL');
      io.exit(EXIT.interrupted);
    },
  );
  const time = async (count: number): Promise<number> => {
    const wallMs = await timeRun(comparison, count, children, io);
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
      io.err.write(`  bare loop ${control.toFixed(2)}`);
      const second = await time(oneFirst ? threads : 1);
      const [oneMs, manyMs] = oneFirst ? [first, second] : [second, first];
      done.push({ oneMs, manyMs, control });
      io.err.write(`  speed-up ${(oneMs / manyMs).toFixed(2)}\n`);
    }
    io.err.write('\n');
    io.out.write(`${renderSpeedUp(comparison.workflow, threads, done).join('\n')}\n`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof RunOfPairFailed)) throw error;
    if (isInterrupted) return EXIT.interrupted;
    io.err.write(`cano: ${error.message}\n`);
    return error.exitCode;
  } finally {
    off();
  }
}

/** Whether this process is a run of a comparison. */
export function isRunOfComparison(env: Io['env']): boolean {
  return env[CHILD] !== undefined && process.send !== undefined;
}

/** Tells the wall time to the comparing process; resolves when it has been sent. */
export function reportWallTime(wallMs: number): Promise<void> {
  return new Promise((resolve) => {
    process.send?.({ type: 'cano.wallMs', wallMs }, undefined, undefined, () => resolve());
  });
}

function timeRun(
  { file, given, verbose, script }: Comparison,
  threads: number,
  children: Set<ChildProcess>,
  io: Io,
): Promise<number> {
  const inputs = [...given].map(([flag, value]) => (value === true ? `--${flag}` : `--${flag}=${value}`));
  const args = [
    ...process.execArgv,
    script,
    'run',
    file,
    '--threads',
    String(threads),
    '--reporter',
    'none',
    ...(verbose ? ['--verbose'] : []),
    ...inputs,
  ];
  return new Promise((resolve, reject) => {
    // A group of its own: Ctrl-C reaches this process only, which passes it on once.
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...io.env, [CHILD]: '1' },
      detached: process.platform !== 'win32',
    });
    children.add(child);
    // What a run says about its end begins on a line of its own.
    child.stderr?.once('data', () => io.err.write('\n'));
    child.stderr?.on('data', (chunk: Buffer) => io.err.write(chunk.toString()));
    let wallMs: number | undefined;
    child.on('message', (message: { readonly type?: unknown; readonly wallMs?: unknown }) => {
      if (message.type === 'cano.wallMs' && typeof message.wallMs === 'number') wallMs = message.wallMs;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      children.delete(child);
      if (code === 0 && wallMs !== undefined) resolve(wallMs);
      else reject(new RunOfPairFailed(threads, code ?? EXIT.interrupted));
    });
  });
}
