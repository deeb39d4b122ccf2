/** The corpus example on a folder with known truth. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
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
import { cano } from '../fixtures/cli/run-cli.ts';
import { plantedPairs, plantedTopics, seededRandom } from '../support/planted.ts';

const root = mkdtempSync(join(tmpdir(), 'cano-corpus-'));
after(() => rmSync(root, { recursive: true, force: true }));

const NEAR_PAIRS = 60;
const TOPICS = 4;
const input = join(root, 'input');
const planted = plantedPairs({ seed: 5, pairs: NEAR_PAIRS, from: 0.9, to: 1 });
const about = plantedTopics({ seed: 9, topics: TOPICS, documents: 260 });
const topicPath = (index: number): string =>
  `${index % 3 === 0 ? 'deep/' : 'deep/er/'}topic-${index % TOPICS}-${String(index).padStart(3, '0')}.md`;

/** @returns whether there is a named pipe among the files: what cannot be read, even for root */
function makeInput(): boolean {
  mkdirSync(join(input, 'deep', 'er'), { recursive: true });
  const put = (path: string, content: string | Uint8Array): void => writeFileSync(join(input, path), content);
  // In lines, or they would be taken for generated text; shingles are made of words, whatever is between them.
  const inLines = (text: string): string => text.replace(/((?:\S+ ){9}\S+) /g, '$1\n');
  planted.texts.forEach((text, index) => put(`near-${String(index).padStart(3, '0')}.txt`, inLines(text)));
  const random = seededRandom(9);
  const word = (): string =>
    Array.from({ length: 6 }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('');
  about.texts.forEach((text, index) => {
    put(topicPath(index), inLines(text));
    if (index < 10) put(`copy-${index}.md`, `${inLines(text).replaceAll('\n', '\r\n')}\r\n`);
  });
  put('binary.txt', new Uint8Array([1, 2, 0, 0, 255, 0, 3]));
  put('empty.txt', '');
  put('huge.txt', 'a few words again and again '.repeat(60_000));
  put('<script>alert(1)<&script>.txt', inLines(Array.from({ length: 90 }, word).join(' ')));
  mkdirSync(join(input, 'folder.txt'));
  symlinkSync(join(input, 'nowhere'), join(input, 'dangling.txt'));
  symlinkSync(input, join(input, 'deep', 'circle'));
  put('picture.png', new Uint8Array([137, 80, 78, 71]));
  return process.platform !== 'win32' && spawnSync('mkfifo', [join(input, 'pipe.txt')]).status === 0;
}
const hasPipe = makeInput();

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
  assert.equal(store.get('paths').length, 2 * NEAR_PAIRS + 260 + 10 + 4 + (hasPipe ? 1 : 0));
  assert.deepEqual(
    store.get('skipped').map(({ path, reason }) => `${path}: ${reason}`),
    ['binary.txt: binary', 'empty.txt: empty', 'huge.txt: too_large', ...(hasPipe ? ['pipe.txt: unreadable'] : [])],
  );
  assert.deepEqual(store.get('dropped'), []);
  assert.deepEqual(
    store.get('exactGroups').map(({ kept, others }) => [kept, others.map(({ path }) => path)]),
    Array.from({ length: 10 }, (_value, index) => [`copy-${index}.md`, [topicPath(index)]]),
  );
  const dropped = store.get('nearGroups').reduce((sum, { others }) => sum + others.length, 0);
  const expected = planted.pairs.filter(({ jaccard }) => jaccard >= 0.8).length;
  assert.ok(dropped >= 0.95 * expected, `${dropped} of ${expected}`);
  assert.equal(lines('two').length, store.get('texts').length);
  const seen = store.get('texts').flatMap(({ path, duplicates }) => duplicates.concat(path));
  assert.deepEqual(
    [...seen, ...store.get('skipped').map(({ path }) => path)].toSorted(),
    store.get('paths'),
    'every file is in the output once: kept, as a copy, or skipped',
  );
});

test('texts of one topic come into one cluster, and the terms of the cluster are words of the topic', async () => {
  const store = await run(2, 'two');
  const clusterOf = new Map(lines('two').map(({ path, cluster }) => [path, cluster as number]));
  const found = Array.from({ length: TOPICS }, (_value, topic) => {
    const counts = new Map<number, number>();
    const members = about.texts.flatMap((_text, index) => (index % TOPICS === topic && index >= 10 ? [index] : []));
    for (const index of members) {
      const cluster = clusterOf.get(topicPath(index)) as number;
      counts.set(cluster, (counts.get(cluster) ?? 0) + 1);
    }
    const [cluster, count] = [...counts].toSorted(([, a], [, b]) => b - a)[0] as [number, number];
    assert.ok(count >= 0.95 * members.length, `topic ${topic}: ${count} of ${members.length} in cluster ${cluster}`);
    const words = about.vocabularies[topic] as readonly string[];
    const { terms } = store.get('clusters')[cluster] as { terms: readonly string[] };
    assert.ok(
      terms.every((term) => words.includes(term)),
      terms.join(' '),
    );
    return cluster;
  });
  assert.equal(new Set(found).size, TOPICS);
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

test('from the command line: done, and bad usage for a folder that is missing or not ours', async () => {
  const args = ['run', 'examples/corpus/pipeline.ts', '--threads', '1', '--limit', '40', '--reporter', 'plain'];
  const done = await cano([...args, '--input', input, '--out', join(root, 'cli')]);
  assert.equal(done.code, 0, done.err);
  assert.match(done.out + done.err, /40 files seen.*\n.*report {2}.*report\.html/);
  assert.deepEqual(readdirSync(join(root, 'cli')).toSorted(), ['.cano-corpus', 'corpus.jsonl', 'report.html']);

  const missing = await cano([...args, '--input', join(root, 'nowhere')]);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /there is no folder '.*nowhere'/);
  const foreign = await cano([...args, '--input', input, '--out', join(root, 'foreign')]);
  assert.equal(foreign.code, 2);
  assert.match(foreign.err, /holds 'thesis\.txt', which this pipeline did not write/);
  const empty = await cano([...args, '--input', join(root, 'bare'), '--out', join(root, 'none')]);
  assert.equal(empty.code, 0, empty.err);
  assert.match(empty.out + empty.err, /no text to keep in '.*bare' \(1 empty\); nothing was written/);
});
