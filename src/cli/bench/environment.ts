/** The machine and the program that a benchmark ran on. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { availableThreads } from '../../index.ts';

export interface Environment {
  readonly cano: string;
  readonly node: string;
  readonly v8: string;
  /** As in `linux-x64`. */
  readonly platform: string;
  readonly cpu: string;
  /** That the operating system offers the process. */
  readonly cores: number;
  /** Of them those that it may really use: its cgroup may have a quota. */
  readonly usableCores: number;
  readonly memoryBytes: number;
  /** Mean number of threads that wanted a core in the minute before; 0 on Windows, which does not tell. */
  readonly load: number;
}

/** @param cano its version */
export function lookAround(cano: string): Environment {
  const cores = availableParallelism();
  return {
    cano,
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores,
    // Without CANO_THREADS, which says what is wanted and not what there is.
    usableCores: availableThreads(undefined, { env: {} }),
    memoryBytes: totalmem(),
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}
