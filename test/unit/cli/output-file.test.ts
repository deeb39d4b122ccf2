/** Which files a command takes to write to. */
import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { requireWritable, writeWhole } from '../../../src/cli/output-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'cano-output-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (...parts: readonly string[]): string => join(folder, ...parts);

describe('a file to write to', () => {
  mkdirSync(file('real'));
  symlinkSync(file('real'), file('link'));
  writeFileSync(file('present.html'), '');
  linkSync(file('present.html'), file('same.html'));
  symlinkSync(file('present.html'), file('points.html'));
  symlinkSync(file('loop.html'), file('loop.html'));

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

  for (const [what, name, message] of [
    [
      'in a file',
      ['present.html', 'y', 'x.html'],
      /there is no folder '.*present\.html.y' for '.*': make it, or name another file$/,
    ],
    ['in no folder', ['none', 'x.html'], /there is no folder '.*none' for '.*'/],
    ['with a name that is too long', ['x'.repeat(300)], /'.*x' cannot be written \(ENAMETOOLONG\): name another file$/],
    ['in a folder with a name that is too long', ['x'.repeat(300), 'x'], /there is no folder/],
    ['at a link to itself', ['loop.html'], /cannot be written \(ELOOP\): name another file$/],
    ['that is a folder', ['real'], /is a folder: name a file in it$/],
  ] as const) {
    it(`is not one ${what}`, () => {
      assert.throws(() => requireWritable(file(...name), '--html', {}), { code: 'CANO_USAGE', message });
      // Another one's is that one's to refuse.
      requireWritable(file('new.html'), '--report', { '--trace': file(...name) });
    });
  }

  it('may have the longest name that there is', () => {
    const longest = file('x'.repeat(255));
    requireWritable(longest, '--html', {});
    writeWhole(longest, 'first');
    writeWhole(longest, 'text');
    assert.equal(readFileSync(longest, 'utf8'), 'text');
    assert.ok(
      readdirSync(folder).every((name) => !name.endsWith('.tmp')),
      'a part was left',
    );
  });

  it('is as it was when it cannot be written', () => {
    assert.throws(() => writeWhole(file('real'), 'text'), { code: /EISDIR|EPERM|ENOTEMPTY/ });
    assert.ok(
      readdirSync(folder).every((name) => !name.endsWith('.tmp')),
      'a part was left',
    );
  });

  it('is taken where the others are elsewhere', () => {
    const others = { '--trace': file('real', 'new.html'), '--baseline': file('present.html'), '--x': file('no', 'x') };
    requireWritable(file('new.html'), '--report', others);
    requireWritable(file('link', 'present.html'), '--report', others);
  });
});
