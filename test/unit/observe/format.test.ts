import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatBytes,
  formatCount,
  formatElapsed,
  formatMs,
  formatRate,
  formatShare,
  plural,
} from '../../../src/observe/format.ts';

const table = <T>(format: (value: T) => string, rows: readonly (readonly [T, string])[]): void => {
  for (const [value, expected] of rows) assert.equal(format(value), expected, String(value));
};

describe('format', () => {
  it('durations', () =>
    table(formatMs, [
      [0, '0µs'],
      [-1, '0µs'],
      [0.0004, '0µs'],
      [0.42, '420µs'],
      [0.9996, '1.0ms'],
      [3.84, '3.8ms'],
      [9.96, '10ms'],
      [38.4, '38ms'],
      [999.4, '999ms'],
      [999.6, '1.00s'],
      [9_994, '9.99s'],
      [9_996, '10.0s'],
      [59_940, '59.9s'],
      [59_960, '1m00s'],
      [64_400, '1m04s'],
      [3_599_600, '1h00m'],
      [7_500_000, '2h05m'],
    ]));

  it('elapsed time', () =>
    table(formatElapsed, [
      [0, '0.0s'],
      [-5, '0.0s'],
      [3_290, '3.2s'],
      [59_999, '59.9s'],
      [64_999, '1:04'],
      [3_600_000, '1:00:00'],
      [7_509_000, '2:05:09'],
    ]));

  it('rates', () =>
    table(formatRate, [
      [0, '0.0/s'],
      [3.14, '3.1/s'],
      [9.96, '10/s'],
      [310.4, '310/s'],
      [9_940, '9,940/s'],
      [9_960, '10.0k/s'],
      [123_456, '123k/s'],
    ]));

  it('shares, 0 and 100 % only where they are true', () =>
    table(formatShare, [
      [0, '0%'],
      [0.0001, '1%'],
      [0.834, '83%'],
      [0.9999, '99%'],
      [1, '100%'],
    ]));

  it('bytes', () =>
    table(formatBytes, [
      [0, '0 B'],
      [1.4, '1 B'],
      [999.4, '999 B'],
      [999.5, '1.0 kB'],
      [52_400, '52 kB'],
      [999_499, '999 kB'],
      [999_500, '1.0 MB'],
      [23_400_000, '23 MB'],
      [4_200_000_000, '4.2 GB'],
      [1_234_000_000_000, '1,234 GB'],
    ]));

  it('counts', () => {
    assert.equal(formatCount(999), '999');
    assert.equal(formatCount(1_234_567), '1,234,567');
    assert.equal(plural(1, 'retry', 'retries'), '1 retry');
    assert.equal(plural(0, 'retry', 'retries'), '0 retries');
  });
});
