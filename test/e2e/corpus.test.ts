/** The corpus example on a folder with known truth. */
import assert from 'node:assert/strict';
import {
  existsSync,
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
import { after, test } from 'node:test';
import type { CorpusSchema } from '../../examples/corpus/schema.ts';
import { corpus } from '../../examples/corpus/workflow.ts';
import { createEngine, MemoryStore, RunFailedError } from '../../src/index.ts';
import { plantedPairs, seededRandom } from '../support/planted.ts';

const root = mkdtempSync(join(tmpdir(), 'cano-corpus-'));
after(() => rmSync(root, { recursive: true, force: true }));

const NEAR_PAIRS = 60;
const input = join(root, 'input');
const planted = plantedPairs({ seed: 5, pairs: NEAR_PAIRS, from: 0.9, to: 1 });

function makeInput(): void {
  mkdirSync(join(input, 'deep', 'er'), { recursive: true });
  const put = (path: string, content: string | Uint8Array): void => writeFileSync(join(input, path), content);
  // In lines, or they would be taken for generated text; shingles are made of words, whatever is between them.
  planted.texts.forEach((text, index) =>
    put(`near-${String(index).padStart(3, '0')}.txt`, text.replace(/((?:\S+ ){9}\S+) /g, '$1\n')),
  );
  const random = seededRandom(9);
  const word = (): string =>
    Array.from({ length: 6 }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('');
  for (let index = 0; index < 260; index += 1) {
    const text = Array.from({ length: 80 }, word).join(' ');
    put(`${index % 2 === 0 ? 'deep/' : 'deep/er/'}single-${String(index).padStart(3, '0')}.md`, text);
    if (index < 10) put(`copy-${index}.md`, `${text}\r\n`);
  }
  put('binary.txt', new Uint8Array([1, 2, 0, 0, 255, 0, 3]));
  put('empty.txt', '');
  put('huge.txt', 'a few words again and again '.repeat(60_000));
  put('<script>alert(1)<&script>.txt', Array.from({ length: 90 }, word).join(' '));
  mkdirSync(join(input, 'folder.txt'));
  symlinkSync(join(input, 'nowhere'), join(input, 'dangling.txt'));
}
makeInput();

async function run(threads: number, name: string, limit = 2_000): Promise<MemoryStore<CorpusSchema>> {
  const store = new MemoryStore<CorpusSchema>({
    settings: { title: 'input', input, out: join(root, name), limit, threshold: 0.8, clusters: 5 },
  });
  await using engine = createEngine({ threads });
  const { state } = await engine.start(corpus, store).result;
  assert.equal(state, 'Done');
  return store;
}

const lines = (name: string): Record<string, unknown>[] =>
  readFileSync(join(root, name, 'corpus.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('counts what was planted, and leaves out what is no text', async () => {
  const store = await run(2, 'two');
  assert.equal(store.get('paths').length, 2 * NEAR_PAIRS + 260 + 10 + 4);
  assert.deepEqual(
    store.get('skipped').map(({ path, reason }) => `${path}: ${reason}`),
    ['binary.txt: binary', 'empty.txt: empty', 'huge.txt: too_large'],
  );
  assert.equal(store.get('exactGroups').length, 10);
  const dropped = store.get('nearGroups').reduce((sum, { others }) => sum + others.length, 0);
  const expected = planted.pairs.filter(({ jaccard }) => jaccard >= 0.8).length;
  assert.ok(dropped >= 0.95 * expected, `${dropped} of ${expected}`);
  assert.equal(lines('two').length, store.get('texts').length);
  assert.ok(lines('two').every(({ cluster }) => Number.isInteger(cluster)));
});

test('writes the same bytes with 1, 2 and 4 threads', async () => {
  await run(1, 'one');
  await run(4, 'four');
  const [one, two, four] = ['one', 'two', 'four'].map((name) => readFileSync(join(root, name, 'corpus.jsonl')));
  assert.ok(one !== undefined && two !== undefined && four !== undefined && one.length > 10_000);
  assert.ok(one.equals(two) && one.equals(four));
});

test('the report stands alone and escapes what comes from files', () => {
  const html = readFileSync(join(root, 'two', 'report.html'), 'utf8');
  assert.doesNotMatch(html, /<script/i);
  assert.match(html, /&#60;script&#62;alert/);
  assert.doesNotMatch(html, /(?:src|href)="(?!data:)/);
  assert.equal((html.match(/<circle /g) ?? []).length, lines('two').length);
});

test('limit takes the first files by path', async () => {
  const store = await run(1, 'few', 20);
  assert.deepEqual(store.get('paths'), store.get('paths').toSorted());
  assert.equal(store.get('paths').length, 20);
  assert.equal(store.get('paths')[0], '<script>alert(1)<&script>.txt');
});

test('replaces its own folder, and leaves it as it was when the write fails', async () => {
  const before = readFileSync(join(root, 'few', 'corpus.jsonl'), 'utf8');
  await run(1, 'few', 30);
  assert.notEqual(readFileSync(join(root, 'few', 'corpus.jsonl'), 'utf8'), before);

  mkdirSync(join(root, 'foreign'));
  writeFileSync(join(root, 'foreign', 'thesis.txt'), 'years of work');
  await assert.rejects(
    run(1, 'foreign', 20),
    (error: unknown) => error instanceof RunFailedError && /did not write/.test(error.message),
  );
  assert.deepEqual(readdirSync(join(root, 'foreign')), ['thesis.txt']);
  assert.deepEqual(
    readdirSync(root).filter((name) => name.startsWith('.')),
    [],
  );
});

test('a folder without a text ends in Empty and writes nothing', async () => {
  const folder = join(root, 'bare');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.txt'), '');
  await using engine = createEngine({ threads: 1 });
  const store = new MemoryStore<CorpusSchema>({
    settings: { title: 'bare', input: folder, out: join(root, 'none'), limit: 10, threshold: 0.8, clusters: 3 },
  });
  const { state } = await engine.start(corpus, store).result;
  assert.equal(state, 'Empty');
  assert.equal(existsSync(join(root, 'none')), false);
});
