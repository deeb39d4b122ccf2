import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { calibrate, controlRatio } from '../../../src/cli/control.ts';
import { renderSpeedUp } from '../../../src/cli/speed-up.ts';

describe('speed-up', () => {
  it('is told with its spread, and what the machine gave beside it', () => {
    const pairs = [
      { oneMs: 20_000, manyMs: 10_000, control: 2 },
      { oneMs: 18_000, manyMs: 10_000, control: 1.8 },
      { oneMs: 19_000, manyMs: 10_000, control: 2 },
    ];
    assert.deepEqual(renderSpeedUp('corpus', 2, pairs), [
      ' corpus on 2 threads against 1 thread, median of 3 pairs (min–max)',
      '',
      ' speed-up   1.90  (1.80–2.00)   wall time 19.0s → 10.0s',
      ' spin       2.00  (1.80–2.00)   what the machine gave 2 threads meanwhile',
      ' of it      100%                speed-up / spin, pair by pair',
    ]);
  });

  it('says so when there was nothing to gain', () => {
    const lines = renderSpeedUp('corpus', 1, [{ oneMs: 1000, manyMs: 1010, control: 1 }]);
    assert.match(lines[2] ?? '', /^ speed-up {3}0\.99/);
    assert.match(lines.at(-1) ?? '', /both sides ran on one thread/);
  });
});

describe('control', () => {
  it('measures a ratio of plain loops', async () => {
    const iterations = await calibrate();
    assert.ok(Number.isSafeInteger(iterations) && iterations > 1e6);
    const ratio = await controlRatio(2, Math.round(iterations / 20));
    // What it is depends on who else computes at this moment.
    assert.ok(Number.isFinite(ratio) && ratio > 0, String(ratio));
  });
});
