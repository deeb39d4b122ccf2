/** The command line of the bench, as a person types it; what it measures needs the peers and is not measured here. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

function bench(...args: string[]): { code: number | null; out: string; err: string } {
  const run = spawnSync(process.execPath, ['--import', 'tsx', 'bench/run.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

describe('npm run bench', () => {
  it('lists its rows, all or those that are asked for', () => {
    const all = bench('--list');
    assert.equal(all.code, 0, all.err);
    for (const id of ['transition', 'noop-1', 'noop-100', 'batch-10us', 'faults', 'soak']) {
      assert.match(all.out, new RegExp(`^${id} `, 'm'));
    }
    const some = bench('--list', 'noop', 'soak');
    assert.match(some.out, /^noop-1 /m);
    assert.match(some.out, /^soak /m);
    assert.doesNotMatch(some.out, /^faults /m);
  });

  it('explains itself', () => {
    const { code, out } = bench('--help');
    assert.equal(code, 0);
    assert.match(out, /npm run bench \[-- FILTER/);
  });

  for (const [args, message] of [
    [['nothing-like-this'], /no row matches 'nothing-like-this' \(there are transition, /],
    [['--rounds', 'many'], /--rounds must be a positive integer, got 'many'/],
    [['--rounds', '0'], /--rounds must be a positive integer, got '0'/],
    [['--fast'], /Unknown option '--fast'/],
  ] as const) {
    it(`refuses ${args.join(' ')}`, () => {
      const { code, out, err } = bench(...args);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.match(err, message);
      assert.match(err, /npm run bench -- --help/);
    });
  }
});
