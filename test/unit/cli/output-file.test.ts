/** Which files a command takes to write to. */
import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { requireWritable } from '../../../src/cli/output-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'cano-output-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (...parts: readonly string[]): string => join(folder, ...parts);

describe('a file to write to', () => {
  mkdirSync(file('real'));
  symlinkSync(file('real'), file('link'));
  writeFileSync(file('present.html'), '');
  linkSync(file('present.html'), file('same.html'));
  symlinkSync(file('present.html'), file('points.html'));

  const same: readonly (readonly [string, string])[] = [
    [file('new.html'), file('new.html')],
    [file('new.html'), relative(process.cwd(), file('new.html'))],
    [file('real', 'new.html'), file('link', 'new.html')],
    [file('present.html'), file('real', '..', 'present.html')],
    [file('present.html'), file('same.html')],
    [file('present.html'), file('points.html')],
  ];
  for (const [one, other] of same) {
    it(`is not what another one is: ${relative(folder, one)} and ${other.replace(folder, '…')}`, () => {
      for (const [mine, theirs] of [
        [one, other],
        [other, one],
      ] as const)
        assert.throws(() => requireWritable(mine, '--report', { 'the pipeline': undefined, '--trace': theirs }), {
          code: 'CANO_USAGE',
          message: `--report: '${mine}' is the file of --trace too: name another one`,
        });
    });
  }

  it('is taken where the others are elsewhere', () => {
    const others = { '--trace': file('real', 'new.html'), '--baseline': file('present.html'), '--x': file('no', 'x') };
    requireWritable(file('new.html'), '--report', others);
    requireWritable(file('link', 'present.html'), '--report', others);
  });
});
