import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cpuQuota, threadCount, type Machine } from '../../../src/dispatch/threads.ts';

function machine(cores: number, files: Readonly<Record<string, string>> = {}, env: Machine['env'] = {}): Machine {
  return { cores, env, read: (path) => files[path] };
}

describe('threadCount', () => {
  it('takes the option, else CANO_THREADS, else the cores', () => {
    assert.equal(threadCount(3, machine(8, {}, { CANO_THREADS: '5' })), 3);
    assert.equal(threadCount(undefined, machine(8, {}, { CANO_THREADS: ' 5 ' })), 5);
    assert.equal(threadCount(undefined, machine(8, {}, { CANO_THREADS: '' })), 8);
    assert.equal(threadCount(undefined, machine(8)), 8);
    assert.equal(threadCount(1_024, machine(1)), 1_024);
    assert.ok(threadCount(undefined) >= 1);
  });

  for (const bad of [0, -1, 1.5, Number.NaN, 1_025, Number.POSITIVE_INFINITY, '2' as never, null as never]) {
    it(`refuses ${String(bad)} (${typeof bad}) as option, with the value and the rule`, () => {
      assert.throws(() => threadCount(bad, machine(8)), {
        code: 'CANO_INVALID_OPTION',
        message: `threads must be an integer from 1 to 1024, got ${typeof bad === 'string' ? "'2'" : String(bad)}`,
      });
    });
  }

  for (const bad of ['0', '-1', '1.5', 'four', '1e2', '0x4', '1025', '2 3', 'NaN']) {
    it(`refuses CANO_THREADS=${bad}`, () => {
      assert.throws(() => threadCount(undefined, machine(8, {}, { CANO_THREADS: bad })), {
        code: 'CANO_INVALID_OPTION',
        message: `the environment variable CANO_THREADS must be an integer from 1 to 1024, got '${bad}'`,
      });
    });
  }
});

describe('a CPU quota', () => {
  const quotas: readonly [title: string, files: Record<string, string>, quota: number | undefined][] = [
    ['v2 without one', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, undefined],
    ['v2 of two CPUs', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '200000 100000\n' }, 2],
    ['v2 of half a CPU', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '50000 100000' }, 0.5],
    [
      'v2 of an ancestor',
      {
        '/proc/self/cgroup': '0::/a/b\n',
        '/sys/fs/cgroup/a/cpu.max': '300000 100000',
        '/sys/fs/cgroup/a/b/cpu.max': 'max 100000',
      },
      3,
    ],
    [
      'v2, the tightest of several',
      {
        '/proc/self/cgroup': '0::/a/b\n',
        '/sys/fs/cgroup/a/cpu.max': '300000 100000',
        '/sys/fs/cgroup/a/b/cpu.max': '150000 100000',
      },
      1.5,
    ],
    ['v2 where /proc is missing', { '/sys/fs/cgroup/cpu.max': '400000 100000' }, 4],
    [
      'v1 by its pair of controllers',
      {
        '/proc/self/cgroup': '5:cpu,cpuacct:/docker/x\n1:name=systemd:/\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '250000\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      },
      2.5,
    ],
    [
      'v1 by its short name',
      {
        '/proc/self/cgroup': '5:cpu:/d\n',
        '/sys/fs/cgroup/cpu/d/cpu.cfs_quota_us': '100000',
        '/sys/fs/cgroup/cpu/d/cpu.cfs_period_us': '50000',
      },
      2,
    ],
    [
      'v1 without one',
      {
        '/proc/self/cgroup': '5:cpu,cpuacct:/\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000',
      },
      undefined,
    ],
    [
      'of another controller',
      {
        '/proc/self/cgroup': '5:cpuset:/\n',
        '/sys/fs/cgroup/cpuset/cpu.cfs_quota_us': '100000',
        '/sys/fs/cgroup/cpuset/cpu.cfs_period_us': '100000',
      },
      undefined,
    ],
    ['that is garbage', { '/proc/self/cgroup': 'what\n0::/\n', '/sys/fs/cgroup/cpu.max': 'many 0' }, undefined],
    ['where there are no cgroups', {}, undefined],
  ];
  for (const [title, files, quota] of quotas) {
    it(`${title} is ${quota ?? 'none'}`, () => {
      assert.equal(
        cpuQuota((path) => files[path]),
        quota,
      );
      const threads = quota === undefined ? 64 : Math.max(1, Math.floor(quota));
      assert.equal(threadCount(undefined, machine(64, files)), threads);
    });
  }

  it('above the cores changes nothing', () => {
    assert.equal(threadCount(undefined, machine(2, { '/sys/fs/cgroup/cpu.max': '800000 100000' })), 2);
  });
});
