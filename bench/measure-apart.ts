/** One measurement in a process of its own, so that nothing of one contender (heap, compiled code, threads) meets another. */
import { fork } from 'node:child_process';
import type { Measurement } from './row.ts';

export type Outcome =
  | { readonly kind: 'measured'; readonly measurement: Measurement; readonly exited: boolean }
  /** No report within the row's time limit. */
  | { readonly kind: 'hung'; readonly seconds: number }
  /** The process ended without a report. */
  | { readonly kind: 'crashed'; readonly detail: string };

/** A contender that is closed and measured has so long to let its process end. */
const EXIT_MS = 3_000;
const KEPT_OUTPUT = 2_000;

/**
 * @param program sends one `Measurement` over IPC and disconnects
 * @param seconds to wait for it
 * @returns what the process reported; never rejects for what a contender does
 */
export async function measureApart(program: URL, args: readonly string[], seconds: number): Promise<Outcome> {
  const child = fork(program, args, {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-KEPT_OUTPUT);
  });
  let measurement: Measurement | undefined;
  child.once('message', (message) => {
    measurement = message as Measurement;
    clearTimeout(timer);
    timer = setTimeout(() => child.kill('SIGKILL'), EXIT_MS);
  });
  let timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (...end: [number | null, NodeJS.Signals | null]) => resolve(end));
  });
  clearTimeout(timer);
  // NaN and Infinity cross as null: nothing completed.
  if (measurement !== undefined && Number.isFinite(measurement.value)) {
    return { kind: 'measured', measurement, exited: signal !== 'SIGKILL' };
  }
  if (signal === 'SIGKILL' && measurement === undefined) return { kind: 'hung', seconds };
  const detail = measurement === undefined ? errors.trim() : 'nothing completed';
  return { kind: 'crashed', detail: `${signal ?? `exit code ${code}`}${detail === '' ? '' : `: ${detail}`}` };
}
