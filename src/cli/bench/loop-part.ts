/**
 * Which of the inputs that were taken a bare loop goes over. Pure.
 *
 * L1 A loop is a bound of what the pipeline can gain only where its exec is most of the pipeline's work, and its inputs divide
 *    among the threads as well as all of them do. Where they do not, there is none.
 */
import { CanoError } from '../../index.ts';
import { formatMs, formatShare } from '../../observe/format.ts';
import { countOf } from './advice.ts';
import type { CapturedWork } from './captured.ts';
import type { LoopWork } from './loop-exec.ts';

/** On one thread a loop takes about so long when there are inputs to leave out, and never longer than `LONGEST_MS`. */
const MOST_MS = 5_000;
const LONGEST_MS = 20_000;
/** Inputs for each thread: with fewer one that is left over is felt. */
const LEAST_PER_THREAD = 8;
const LEAST_SHARE = 0.8;

/**
 * All inputs, or every n-th.
 *
 * @param threads the most that a loop will have
 * @throws CanoError with the reason when there can be no loop
 */
export function partOf(captured: CapturedWork, threads: number): LoopWork {
  const { inputs, commonOf, share, tookMs } = captured;
  const exec = `exec '${execOf(captured)}'`;
  const count = inputs.length;
  if (share < LEAST_SHARE)
    throw none(`the heaviest of several, ${exec}, takes only ${formatShare(share)} of their time`);
  if (count < threads) throw none(`${exec} has ${countOf(count, 'input')} for ${threads} threads`);
  const most = Math.max(1, Math.floor(count / (LEAST_PER_THREAD * threads)));
  const every = Math.min(Math.ceil(tookMs / MOST_MS), most);
  if (tookMs / every > LONGEST_MS) {
    throw none(
      `${exec} takes ${formatMs(tookMs)} for ${countOf(count, 'input')}, and fewer would not divide evenly among ${countOf(threads, 'thread')}`,
    );
  }
  if (every <= 1) return captured;
  const taken = Math.ceil(count / every);
  const end = (taken - (taken % threads)) * every;
  const isTaken = (_value: unknown, at: number): boolean => at < end && at % every === 0;
  return Object.assign({}, captured, { inputs: inputs.filter(isTaken), commonOf: commonOf.filter(isTaken) });
}

/** Whether so many inputs divide evenly enough among so many threads. */
export function isEvenFor(inputs: number, threads: number): boolean {
  return inputs >= LEAST_PER_THREAD * threads;
}

/** Name of the exec. */
export function execOf({ key }: Pick<LoopWork, 'key'>): string {
  return key.slice(key.indexOf('#') + 1);
}

function none(why: string): CanoError {
  return new CanoError('CANO_USAGE', why);
}
