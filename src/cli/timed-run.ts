/**
 * A run in a process of its own, which tells what it took: fresh heap, fresh compiled code, as when a user runs it. For
 * `--compare` and `cano bench`.
 *
 * P1 What is timed begins when all threads are ready and ends with the result; the start of the process is told beside it.
 * P2 The run is in a process group of its own: Ctrl-C reaches this process only, which passes it on once.
 * P3 A run whose timing process has gone ends by itself.
 * P4 A signal goes to the whole group, as one of a terminal does: what the pipeline has started does not outlive it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { RunReport, RunResult } from '../index.ts';
import { EXIT } from './usage.ts';

/** Set for timed runs. */
export const TIMED_RUN_MARK = 'CANO_TIMED_RUN';
const TYPE = 'cano.timedRun';
const KEPT_OUTPUT = 4_000;
/** Milliseconds that a run has for its end when nobody waits for it any more. */
const LEAVE_MS = 5_000;
const HAS_GROUPS = process.platform !== 'win32';

/** What a run has taken. */
export interface TimedRun {
  /** The exit state. */
  readonly state: string;
  /** From the start of the process until its run began: loading, engine, threads. */
  readonly startMs: number;
  /** CPU time of all threads of the process while the run went on, user and system. */
  readonly cpuMs: number;
  /** The most memory that the process had in RAM at a time. */
  readonly peakRssBytes: number;
  readonly report: RunReport;
}

/** The run did not complete. */
export class TimedRunFailed extends Error {
  readonly exitCode: number;
  /** The end of what it said on stderr. */
  readonly stderr: string;

  constructor(message: string, exitCode: number, stderr: string) {
    super(message);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** A process that runs a pipeline. */
export interface RunProcessOptions {
  readonly file: string;
  /** The inputs as the user wrote them. */
  readonly given: ReadonlyMap<string, string | true>;
  readonly verbose: boolean;
  /** The script of this very process. */
  readonly script: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface TimedRunOptions extends RunProcessOptions {
  readonly threads: number;
  /** Milliseconds after which the process is killed. @default none */
  readonly timeoutMs?: number;
  /** Given what the run says on stderr as it comes. */
  readonly onStderr?: (text: string) => void;
}

/** Starts `cano run` in a process of its own, with a variable in its environment that says what it is for. */
export function spawnRun(
  { file, given, threads, verbose, script, env }: RunProcessOptions & { readonly threads: number },
  mark: string,
): ChildProcess {
  const inputs = [...given].map(([flag, value]) => (value === true ? `--${flag}` : `--${flag}=${value}`));
  const own = ['--threads', String(threads), '--reporter', 'none', ...(verbose ? ['--verbose'] : [])];
  return spawn(process.execPath, [...process.execArgv, script, 'run', file, ...own, ...inputs], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...env, [mark]: String(process.pid) },
    detached: HAS_GROUPS,
  });
}

/** Sends a signal to a process of `spawnRun` and all that it has started (P4). Nothing happens when they are gone. */
export function signalRun({ pid }: { readonly pid?: number | undefined }, signal: NodeJS.Signals): void {
  // It could not be started.
  if (pid === undefined) return;
  try {
    process.kill(HAS_GROUPS ? -pid : pid, signal);
  } catch (error) {
    // macOS says EPERM of a group whose members have all ended and have not been waited for.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** Starts a process; `ended` rejects with `TimedRunFailed` when its run does not complete. */
export function startTimedRun(options: TimedRunOptions): {
  readonly child: ChildProcess;
  readonly ended: Promise<TimedRun>;
} {
  const { threads, timeoutMs, onStderr } = options;
  const child = spawnRun(options, TIMED_RUN_MARK);
  const ended = new Promise<TimedRun>((resolve, reject) => {
    const called = `the run with ${threads === 1 ? '1 thread' : `${threads} threads`}`;
    let stderr = '';
    let timed: TimedRun | undefined;
    let isLate = false;
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            isLate = true;
            signalRun(child, 'SIGKILL');
          }, timeoutMs);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-KEPT_OUTPUT);
      onStderr?.(text);
    });
    child.on('message', (message: { readonly type?: unknown; readonly timed?: TimedRun }) => {
      if (message.type === TYPE) timed = message.timed;
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === EXIT.done && timed !== undefined) resolve(timed);
      else if (isLate)
        reject(new TimedRunFailed(`${called} was killed: it took longer than --timeout allows`, EXIT.failed, stderr));
      else if (code === null) reject(new TimedRunFailed(`${called} was ended by ${signal}`, EXIT.interrupted, stderr));
      else reject(new TimedRunFailed(`${called} ended with exit code ${code}`, code, stderr));
    });
  });
  return { child, ended };
}

/** Whether this process was started for that, by `spawnRun`. */
export function isMarked(mark: string, env: Readonly<Record<string, string | undefined>>): boolean {
  return env[mark] !== undefined && process.send !== undefined;
}

/** The process that has started this one, by its id. */
export function askerOf(mark: string, env: Readonly<Record<string, string | undefined>>): number {
  return Number(env[mark]);
}

/** The part of the process that is timed. */
export function timeThisRun(): {
  /** Called when all is ready. */
  readonly begin: () => void;
  /** Tells what the run took to the process that asked; resolves when it has been sent. */
  readonly end: (result: RunResult) => Promise<void>;
} {
  // Without this a run goes on for nobody when the timing process is killed.
  process.once('disconnect', () => {
    signalRun(process, 'SIGTERM');
    // One that does not listen is for nobody, too.
    setTimeout(() => signalRun(process, 'SIGKILL'), LEAVE_MS).unref();
  });
  let [startMs, before] = [0, process.cpuUsage()];
  return {
    begin: () => {
      startMs = performance.now();
      before = process.cpuUsage();
    },
    end: ({ state, report }) => {
      const { user, system } = process.cpuUsage(before);
      const { maxRSS } = process.resourceUsage();
      const timed: TimedRun = {
        state,
        startMs,
        cpuMs: (user + system) / 1000,
        peakRssBytes: maxRSS * 1024,
        report: report(),
      };
      return new Promise((resolve) => {
        process.send?.({ type: TYPE, timed }, undefined, undefined, () => resolve());
      });
    },
  };
}
