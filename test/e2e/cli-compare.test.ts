import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cano, fixture, nodeArgs, startProcess, works } from '../fixtures/cli/run-cli.ts';

const FIGURES =
  / speed-up {3}(?<speedUp>\d+\.\d\d) {2}\((?<least>[\d.]+)–(?<most>[\d.]+)\) {3}wall time .*\n spin {7}(?<control>\d+\.\d\d) /;
const canPin = works('taskset', '-c', '0', 'true');

describe('cano run --compare', () => {
  it('prints the speed-up with its spread, and the control beside it', async () => {
    const { code, out, err } = await cano([
      'run',
      fixture('counts'),
      '--compare',
      '--pairs',
      '2',
      '--threads',
      '2',
      '--items',
      '4',
    ]);
    assert.equal(code, 0, err);
    // The order alternates.
    assert.match(err, /pair 1\/2 {2}1 thread .* spin .* 2 threads .* speed-up /);
    assert.match(err, /pair 2\/2 {2}2 threads .* spin .* 1 thread .* speed-up /);
    const { speedUp, least, most } = FIGURES.exec(out)?.groups ?? assert.fail(out);
    assert.ok(Number(least) <= Number(speedUp) && Number(speedUp) <= Number(most));
    assert.match(out, /counts on 2 threads against 1 thread, median of 2 pairs/);
  });

  // Who else computes on that core gets less of it from two threads than from one, so a busy core gives two threads more.
  // The control tells such moments from quiet ones; only the latter count.
  it('finds none on a single core', { skip: canPin ? false : 'needs taskset(1)' }, async (t) => {
    const args = nodeArgs('run', fixture('counts'), '--compare', '--pairs', '1', '--threads', '2');
    const seen: string[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const { code, out, err } = await startProcess('taskset', ['-c', '0', process.execPath, ...args]).ended;
      assert.equal(code, 0, err);
      const { speedUp, control } = FIGURES.exec(out)?.groups ?? assert.fail(out);
      if (Number(control) < 1.2 && Number(speedUp) < 1.3) return;
      if (Number(control) < 1.2) seen.push(out);
    }
    if (seen.length === 0) t.skip('the core was never quiet');
    else assert.fail(seen.join('\n'));
  });

  it('ends with the exit code of a run that fails', async () => {
    const { code, out, err } = await cano(['run', fixture('fails'), '--compare']);
    assert.equal(code, 1);
    assert.match(err, /the stone was too big/);
    assert.match(err, /the run with 1 thread ended with exit code 1, so there is nothing to compare/);
    assert.equal(out, '');
  });
});
