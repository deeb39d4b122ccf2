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
  let times: string[] = [];
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
      } else if (times.length === 0) io.err.write(` ${workflow}  ${place}`);
    },
    ended: ({ threads, wallMs }, tookMs) => {
      done.push({ threads, tookMs });
      if (isLive) return;
      times.push(`${threads === 1 ? '1 thread' : `${threads} threads`} ${formatMs(wallMs)}`);
      io.err.write(`  ${times.at(-1)}`);
      if (times.length < counts.length) return;
      io.err.write('\n');
      times = [];
    },
    clear: () => {
      if (isLive) io.err.write(CLEAR);
      else if (times.length > 0) io.err.write('\n');
    },
  };
}
