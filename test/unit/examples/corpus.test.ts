/** The parts of the corpus example that run on the main thread. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { compareQuality, UnionFind } from '../../../examples/corpus/deduplicate.ts';
import { count, escapeHtml } from '../../../examples/shared/html.ts';
import { jsonLine } from '../../../examples/corpus/json-line.ts';
import { onIsland, placeIslands } from '../../../examples/corpus/map.ts';
import { sampleOf, toMatrix } from '../../../examples/corpus/matrix.ts';
import { onPlane } from '../../../examples/corpus/plane.ts';
import { MARKER } from '../../../examples/corpus/output.ts';
import { scan } from '../../../examples/corpus/scan.ts';

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

test('the scan is in the order of the paths, stops at the limit and leaves out what the pipeline wrote', (context) => {
  const root = folderOf(context);
  for (const path of [
    'b/x.txt',
    'a.txt',
    'a/z.md',
    'a-b/y.txt',
    'LICENSE',
    `out/${MARKER}`,
    'out/report.html',
    'pic.png',
    '.git/config.txt',
  ]) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), 'text');
  }
  const { paths } = scan(root, 100);
  assert.deepEqual(paths, ['LICENSE', 'a-b/y.txt', 'a.txt', 'a/z.md', 'b/x.txt']);
  assert.deepEqual(paths, paths.toSorted());
  assert.deepEqual(scan(root, 3).paths, paths.slice(0, 3));
  assert.deepEqual(scan(join(root, 'nowhere'), 3), { paths: [], unreadableFolders: ['.'] });
});

test('the plane tells apart what differs and is the same in every run', () => {
  const vectors = Array.from({ length: 40 }, (_value, row) =>
    Float32Array.from({ length: 8 }, (_zero, d) => (d === (row < 20 ? 1 : 5) ? 1 : (row % 5) * 0.01)),
  );
  const data = { points: toMatrix(vectors, 8), dim: 8, rows: [...vectors.keys()] };
  const places = onPlane(data);
  const side = (row: number): number => Math.sign(places[row * 2] as number);
  assert.ok(vectors.every((_vector, row) => side(row) === side(row < 20 ? 0 : 20)) && side(0) !== side(20));
  assert.deepEqual(onPlane(data), places);
  const alike = { points: toMatrix([Float32Array.of(1, 2), Float32Array.of(1, 2)], 2), dim: 2, rows: [0, 1] };
  assert.deepEqual([...onPlane(alike)], [0, 0, 0, 0]);
});

test('islands never touch, and no text lies off its island', () => {
  const sizes = fc.array(fc.nat(300), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 60, maxLength: 60 }), (of, numbers) => {
      const islands = placeIslands(of, Float32Array.from(numbers), 3);
      islands.forEach((a, index) => {
        assert.equal(a.radius > 0, (of[index] as number) > 0);
        for (const b of islands.slice(index + 1)) {
          const apart = Math.hypot(a.x - b.x, a.y - b.y);
          assert.ok(a.radius === 0 || b.radius === 0 || apart > a.radius + b.radius, `${apart}`);
        }
      });
    }),
    { seed: 3, numRuns: 60 },
  );
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), (dx) => {
      const [x, y] = onIsland({ x: 5, y: 1, radius: 2 }, dx, dx / 3);
      return Math.hypot(x - 5, y - 1) <= 2 + 1e-9;
    }),
  );
});

test('a sample is evenly spaced rows, and all of them when there are few', () => {
  const points = toMatrix(
    Array.from({ length: 10 }, (_value, row) => Float32Array.of(row, -row)),
    2,
  );
  assert.equal(sampleOf(points, 2, 10), points);
  assert.deepEqual([...sampleOf(points, 2, 3)], [0, -0, 3, -3, 6, -6]);
});

test('a line of corpus.jsonl is JSON in UTF-8 with rounded signals', () => {
  const record = { path: 'ä/"b"', bytes: 1, words: 2, hash: 'h', cluster: 3, duplicates: ['c'], text: 'line\nline' };
  const line = new TextDecoder().decode(jsonLine({ ...record, quality: { share: 1 / 3 } }));
  assert.equal(line.indexOf('\n'), line.length - 1);
  assert.deepEqual(JSON.parse(line), { ...record, quality: { share: 0.3333 } });
});

test('escaped text holds no sign that means something in HTML', () => {
  fc.assert(fc.property(fc.string(), (text) => !/[<>"']|&(?!#\d+;)/.test(escapeHtml(text))));
});

test('counts are readable', () => {
  assert.deepEqual([0, 999, 1_000, 123_456, 1_390_000].map(count), ['0', '999', '1,000', '123,456', '1.39 M']);
});
