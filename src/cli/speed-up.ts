/** The figures of `--compare`. Pure. */
import { formatMs } from '../observe/format.ts';
import { median } from './bench/stats.ts';

/** One pair of runs, and the control measured between them. */
export interface Pair {
  /** Wall time of the run with one thread, in milliseconds. */
  readonly oneMs: number;
  /** Wall time of the run with n threads. */
  readonly manyMs: number;
  /** What a spin gained from n threads. */
  readonly control: number;
}

/** The lines that tell the result. */
export function renderSpeedUp(workflow: string, threads: number, pairs: readonly Pair[]): string[] {
  const speedUps = pairs.map(({ oneMs, manyMs }) => oneMs / manyMs);
  const controls = pairs.map(({ control }) => control);
  const shares = pairs.map(({ oneMs, manyMs, control }) => oneMs / manyMs / control);
  const one = formatMs(median(pairs.map(({ oneMs }) => oneMs)));
  const many = formatMs(median(pairs.map(({ manyMs }) => manyMs)));
  const count = pairs.length === 1 ? '1 pair' : `median of ${pairs.length} pairs`;
  return [
    ` ${workflow} on ${threads === 1 ? '1 thread' : `${threads} threads`} against 1 thread, ${count} (min–max)`,
    '',
    ` speed-up   ${spread(speedUps)}   wall time ${one} → ${many}`,
    ` spin       ${spread(controls)}   what the machine gave ${threads === 1 ? '1 thread' : `${threads} threads`} meanwhile`,
    ` of it      ${`${Math.round(median(shares) * 100)}%`.padEnd(spread(speedUps).length)}   speed-up / spin, pair by pair`,
    ...(threads === 1
      ? ['', ' The process may use one core only, or --threads is 1: both sides ran on one thread.']
      : []),
  ];
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(2)}  (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`;
}
