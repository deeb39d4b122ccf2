// Thread: main
/**
 * How many threads the process may really use: cores by affinity, cut by a cgroup's CPU quota. Node 20 knows the first
 * only (libuv honours quotas since 1.49), and a container with 2 CPUs on a 64-core host would get 64 threads.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describeValue, InvalidOptionError } from '../core/errors.ts';

/** More threads than this is taken for a mistake. */
const MAX_THREADS = 1_024;

/** Where the answer comes from; tests hand in a machine of their own. */
export interface Machine {
  readonly cores: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file, or undefined when there is none. */
  readonly read: (path: string) => string | undefined;
}

const thisMachine: Machine = {
  get cores() {
    return availableParallelism();
  },
  env: process.env,
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // No cgroup file system: not Linux, or not mounted. Affinity alone counts then.
      return undefined;
    }
  },
};

/**
 * The number of threads of an engine: the option, else CANO_THREADS, else the cores that the process may use, at least 1.
 *
 * @throws InvalidOptionError when the option or the variable is not an integer from 1 to 1,024
 */
export function threadCount(option: number | undefined, given: Partial<Machine> = {}): number {
  const machine = { ...thisMachine, ...given };
  if (option !== undefined) return checked(option, option, 'threads');
  const variable = machine.env['CANO_THREADS'];
  if (variable !== undefined && variable !== '') {
    return checked(
      /^\s*\d+\s*$/.test(variable) ? Number(variable) : Number.NaN,
      variable,
      'the environment variable CANO_THREADS',
    );
  }
  const quota = cpuQuota(machine.read);
  return Math.max(1, Math.min(machine.cores, quota === undefined ? machine.cores : Math.floor(quota)));
}

function checked(count: number, given: unknown, what: string): number {
  if (Number.isSafeInteger(count) && count >= 1 && count <= MAX_THREADS) return count;
  throw new InvalidOptionError(`${what} must be an integer from 1 to ${MAX_THREADS}, got ${describeValue(given)}`);
}

/** The tightest quota of the process's cgroup and its ancestors, in cores; undefined without one. */
export function cpuQuota(read: Machine['read']): number | undefined {
  const quotas: number[] = [];
  for (const line of (read('/proc/self/cgroup') ?? '0::/').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    for (const folder of ancestors(path)) {
      if (controllers === '') quotas.push(...quotaV2(read(`/sys/fs/cgroup${folder}/cpu.max`)));
      else if (controllers?.split(',').includes('cpu')) {
        const base = `/sys/fs/cgroup/${controllers}${folder}`;
        quotas.push(...quotaV1(read(`${base}/cpu.cfs_quota_us`), read(`${base}/cpu.cfs_period_us`)));
        const short = `/sys/fs/cgroup/cpu${folder}`;
        quotas.push(...quotaV1(read(`${short}/cpu.cfs_quota_us`), read(`${short}/cpu.cfs_period_us`)));
      }
    }
  }
  return quotas.length === 0 ? undefined : Math.min(...quotas);
}

// Inside a container the path of the host may be reported while only the own subtree is mounted at the root.
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return ['', ...parts.map((_part, index) => `/${parts.slice(0, index + 1).join('/')}`)];
}

function quotaV2(text: string | undefined): number[] {
  const [quota, period] = (text ?? '').trim().split(/\s+/).map(Number);
  return isPositive(quota) && isPositive(period) ? [quota / period] : [];
}

function quotaV1(quotaText: string | undefined, periodText: string | undefined): number[] {
  const [quota, period] = [Number(quotaText ?? Number.NaN), Number(periodText ?? Number.NaN)];
  return isPositive(quota) && isPositive(period) ? [quota / period] : [];
}

function isPositive(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}
