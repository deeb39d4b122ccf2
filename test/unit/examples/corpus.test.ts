/** The parts of the corpus example that run on the main thread. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { compareQuality, UnionFind } from '../../../examples/corpus/deduplicate.ts';
import { project } from '../../../examples/corpus/map.ts';
import { escapeHtml } from '../../../examples/corpus/report-html.ts';
import { scan } from '../../../examples/corpus/scan.ts';
import { writeFolder } from '../../../examples/corpus/write.ts';

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cano-parts-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('union-find agrees with a search through the pairs', () => {
  const pair = fc.tuple(fc.nat(19), fc.nat(19));
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 40 }), (pairs) => {
      const forest = new UnionFind(20);
      for (const [a, b] of pairs) forest.union(a, b);
      const reach = (from: number): number[] => {
        const seen = new Set([from]);
        for (const at of seen)
          for (const [a, b] of pairs)
            if (a === at) seen.add(b);
            else if (b === at) seen.add(a);
        return [...seen].toSorted((a, b) => a - b);
      };
      for (const group of forest.groups()) assert.deepEqual(group, reach(group[0] as number));
      assert.equal(
        forest.groups().flat().length,
        Array.from({ length: 20 }, (_value, at) => at).filter((at) => reach(at).length > 1).length,
      );
    }),
  );
});

test('of two copies the one with more words among its tokens stays, then the longer, then the first by path', () => {
  const text = (path: string, alphabeticWords: number, words: number) => ({
    path,
    words,
    quality: { alphabeticWords, duplicateLines: 0 },
  });
  const sorted = [text('c', 0.5, 9), text('b', 0.9, 5), text('d', 0.9, 8), text('a', 0.9, 5)].toSorted(compareQuality);
  assert.deepEqual(
    sorted.map(({ path }) => path),
    ['d', 'a', 'b', 'c'],
  );
});

test('the scan is in the order of the paths, stops at the limit and does not enter what is left out', (context) => {
  const root = folderOf(context);
  for (const path of ['b/x.txt', 'a.txt', 'a/z.md', 'a-b/y.txt', 'out/report.txt', 'pic.png', '.git/config.txt']) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), 'text');
  }
  const { paths } = scan(root, 100, join(root, 'out'));
  assert.deepEqual(paths, ['a-b/y.txt', 'a.txt', 'a/z.md', 'b/x.txt']);
  assert.deepEqual(paths, paths.toSorted());
  assert.deepEqual(scan(root, 2, join(root, 'out')).paths, ['a-b/y.txt', 'a.txt']);
});

test('a write that fails half way leaves the old folder whole and nothing beside it', (context) => {
  const root = folderOf(context);
  const folder = join(root, 'out');
  writeFolder(folder, { 'a.txt': 'first' });
  assert.throws(() => writeFolder(folder, { 'b.txt': 'second', 'no/such/folder.txt': 'third' }), { code: 'ENOENT' });
  assert.equal(readFileSync(join(folder, 'a.txt'), 'utf8'), 'first');
  assert.equal(existsSync(join(folder, 'b.txt')), false);
  assert.deepEqual(readdirSync(root), ['out']);
  writeFolder(folder, { 'b.txt': 'second' });
  assert.deepEqual(readdirSync(folder).toSorted(), ['.cano-corpus', 'b.txt']);
});

test('the map tells apart what differs and is the same in every run', () => {
  const vectors = Array.from({ length: 40 }, (_value, row) =>
    Float32Array.from({ length: 8 }, (_zero, d) => (d === (row < 20 ? 1 : 5) ? 1 : (row % 5) * 0.01)),
  );
  const coordinates = project(vectors);
  const x = (row: number): number => coordinates[row * 2] as number;
  assert.ok(
    vectors.every((_vector, row) => Math.sign(x(row)) === Math.sign(x(row < 20 ? 0 : 20))) &&
      Math.sign(x(0)) !== Math.sign(x(20)),
  );
  assert.deepEqual(project(vectors), coordinates);
});

test('escaped text holds no sign that means something in HTML', () => {
  fc.assert(fc.property(fc.string(), (text) => !/[<>"']|&(?!#\d+;)/.test(escapeHtml(text))));
});
