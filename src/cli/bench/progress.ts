/** What is under way, on stderr: one line that is written over on a terminal, one line per round elsewhere. */
import { formatElapsed, formatMs } from '../../observe/format.ts';
import { cut } from '../../observe/text.ts';
import type { Io } from '../io.ts';
import { orderOf, timeLeft } from './plan.ts';

const CLEAR = '\r\u001b[K';
const DEFAULT_WIDTH = 80;

export interface Progress {
  readonly begins: (what: { readonly isWarmUp: boolean; readonly round: number; readonly threads: number }) => void;
  readonly ended: (run: { readonly threads: number; readonly wallMs: number }, tookMs: number) => void;
  /** Takes the line away, before something else is written or at the end. */
  readonly clear: () => void;
}

export interface ProgressOf {
  readonly workflow: string;
  readonly counts: readonly number[];
  readonly repeat: number;
  readonly warmup: number;
}

export function showProgress({ workflow, counts, repeat, warmup }: ProgressOf, io: Io): Progress {
  const all = Array.from({ length: warmup + repeat }, (_, index) => orderOf(index, counts)).flat();
  const done: { threads: number; tookMs: number }[] = [];
  const start = performance.now();
  const isLive = io.err.isTTY === true;
  // Elsewhere than on a terminal: what the line of a round begins with, runs that are told on it, whether it is open.
  let head = '';
  let told = 0;
  let isOpen = false;
  const add = (text: string): void => {
    io.err.write(isOpen ? text : head + text);
    isOpen = true;
  };
  const end = (): void => {
    if (isOpen) io.err.write('\n');
    isOpen = false;
  };
  return {
    begins: ({ isWarmUp, round, threads }) => {
      const place = isWarmUp ? `warm-up ${round}/${warmup}` : `round ${round}/${repeat}`;
      if (isLive) {
        const left = timeLeft(done, all.slice(done.length));
        const rest =
          left === undefined
            ? ''
            : ` · about ${formatElapsed(Math.ceil(left / 1000) * 1000).replace(/\.\ds$/, 's')} left`;
        const elapsed = formatElapsed(performance.now() - start).replace(/\.\ds$/, 's');
        const threadsText = threads === 1 ? '1 thread' : `${threads} threads`;
        io.err.write(
          `${CLEAR}${cut(` ${workflow}  ${place}  ${threadsText}  ${elapsed}${rest}`, (io.err.columns ?? DEFAULT_WIDTH) - 1)}`,
        );
      } else {
        head = ` ${workflow}  ${place}`;
        add('');
      }
    },
    ended: ({ threads, wallMs }, tookMs) => {
      done.push({ threads, tookMs });
      if (isLive) return;
      add(`  ${threads === 1 ? '1 thread' : `${threads} threads`} ${formatMs(wallMs)}`);
      told += 1;
      if (told % counts.length === 0) end();
    },
    clear: () => {
      if (isLive) io.err.write(CLEAR);
      else end();
    },
  };
}
