/** A folder of results is written whole or not at all, and nobody else's is replaced. */
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { refuseForeignFolder, writeFolder } from '../../../examples/shared/out-folder.ts';

const MARKER = '.cano-test';

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cano-out-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a write that fails half way leaves the old folder whole and nothing beside it', (context) => {
  const root = folderOf(context);
  const folder = join(root, 'deep', 'out');
  writeFolder(folder, MARKER, { 'texts.jsonl': 'first' });
  assert.throws(() => writeFolder(folder, MARKER, { 'report.html': 'second', 'no/such/folder.txt': 'third' }), {
    code: 'ENOENT',
  });
  assert.equal(readFileSync(join(folder, 'texts.jsonl'), 'utf8'), 'first');
  assert.equal(existsSync(join(folder, 'report.html')), false);
  assert.deepEqual(readdirSync(join(root, 'deep')), ['out']);
});

test('files are written from text, from bytes and from parts, and take the place of all that was there', (context) => {
  const folder = join(folderOf(context), 'out');
  writeFolder(folder, MARKER, { 'a.png': Uint8Array.of(1, 2), 'index.html': 'first' });
  assert.deepEqual(readdirSync(folder).toSorted(), [MARKER, 'a.png', 'index.html']);
  assert.deepEqual([...readFileSync(join(folder, 'a.png'))], [1, 2]);
  writeFolder(folder, MARKER, { 'report.html': [Buffer.from('sec'), Buffer.from('ond')] });
  assert.deepEqual(readdirSync(folder).toSorted(), [MARKER, 'report.html']);
  assert.equal(readFileSync(join(folder, 'report.html'), 'utf8'), 'second');
});

test('only a folder that holds nothing else is replaced, and a link to one stays a link', (context) => {
  const root = folderOf(context);
  const folder = join(root, 'out');
  writeFolder(folder, MARKER, { 'texts.jsonl': 'first' });
  symlinkSync(folder, join(root, 'link'));
  writeFolder(join(root, 'link'), MARKER, { 'texts.jsonl': 'second' });
  assert.ok(lstatSync(join(root, 'link')).isSymbolicLink());
  assert.equal(readFileSync(join(folder, 'texts.jsonl'), 'utf8'), 'second');

  writeFileSync(join(folder, 'notes.txt'), 'mine');
  const refused = { code: 'CANO_INVALID_OPTION', message: /holds 'notes\.txt', which this pipeline did not write/ };
  assert.throws(() => refuseForeignFolder(folder, MARKER), refused);
  assert.throws(() => writeFolder(folder, MARKER, { 'texts.jsonl': 'third' }), refused);
  assert.equal(readFileSync(join(folder, 'texts.jsonl'), 'utf8'), 'second');
  // The name alone does not make it ours, nor the marker of another pipeline.
  rmSync(join(folder, 'notes.txt'));
  assert.throws(() => refuseForeignFolder(folder, '.cano-other'), /which this pipeline did not write/);
  rmSync(join(folder, MARKER));
  assert.throws(() => refuseForeignFolder(folder, MARKER), /holds 'texts\.jsonl'/);
  assert.throws(() => refuseForeignFolder(join(folder, 'texts.jsonl'), MARKER), /is a file; name a folder/);
});

test('an empty folder is anybody’s', (context) => {
  const folder = join(folderOf(context), 'out');
  mkdirSync(folder);
  writeFolder(folder, MARKER, { 'a.txt': 'a' });
  assert.equal(readFileSync(join(folder, 'a.txt'), 'utf8'), 'a');
});
