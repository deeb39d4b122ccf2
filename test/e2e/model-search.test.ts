/** The model search example: finds what was planted, and says what is wrong with a table. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { friedman1, NOISE_FLOOR } from '../../examples/model-search/friedman.ts';
import type { Source } from '../../examples/model-search/load.ts';
import type { SearchSchema } from '../../examples/model-search/schema.ts';
import { GRID } from '../../examples/model-search/search.ts';
import { modelSearch } from '../../examples/model-search/workflow.ts';
import { createEngine, MemoryStore, RunFailedError } from '../../src/index.ts';
import { cano } from '../fixtures/cli/run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'cano-model-search-'));
after(() => rmSync(root, { recursive: true, force: true }));

const engine = createEngine({ threads: 2 });
after(() => engine.close());

function storeOf(source: Source, name: string, configs = GRID): MemoryStore<SearchSchema> {
  return new MemoryStore<SearchSchema>({ settings: { source, folds: 5, seed: 1, out: join(root, name), configs } });
}

const read = (name: string, file: string): string => readFileSync(join(root, name, file), 'utf8');

// With less than a third of the default rows, so that the noise is worse than for who runs it.
for (const seed of [1, 2, 3]) {
  test(`finds the configuration that is right for the function (seed ${seed})`, async () => {
    const store = storeOf({ kind: 'friedman', rows: 400, seed }, `seed-${seed}`);
    assert.equal((await engine.start(modelSearch, store).result).state, 'Done');
    const [winner, second] = store.get('ranking');
    assert.deepEqual(winner?.config, { depth: 2, trees: 200, learningRate: 0.2 });
    assert.ok(winner.mse < (second?.mse ?? 0));
    const { mse, baseline } = store.get('test');
    assert.ok(mse > NOISE_FLOOR && mse < 3.5 && baseline > 20, `${mse} on held-out rows, ${baseline} by the mean`);

    const results = JSON.parse(read(`seed-${seed}`, 'results.json')) as {
      winner: unknown;
      heldOut: { floor: number };
      importance: Record<string, number>;
      search: { configurations: { folds: number[] }[] };
    };
    assert.deepEqual(results.winner, winner.config);
    assert.equal(results.heldOut.floor, NOISE_FLOOR);
    assert.equal(results.search.configurations.flatMap(({ folds }) => folds).length, 120);
    const ofFive = ['x1', 'x2', 'x3', 'x4', 'x5'].reduce((sum, name) => sum + (results.importance[name] ?? 0), 0);
    assert.ok(ofFive > 0.95, `${ofFive} of the importance is on the features that matter`);
  });
}

test('writes the same bytes with 1, 2 and 4 threads', async () => {
  const few = GRID.filter(({ trees }) => trees === 50);
  const written: string[] = [];
  for (const threads of [1, 2, 4]) {
    await using own = createEngine({ threads });
    const name = `threads-${threads}`;
    await own.start(modelSearch, storeOf({ kind: 'friedman', rows: 150, seed: 1 }, name, few)).result;
    assert.deepEqual(readdirSync(join(root, name)).toSorted(), ['.cano-model-search', 'report.html', 'results.json']);
    written.push(read(name, 'results.json') + read(name, 'report.html'));
  }
  assert.ok((written[0]?.length ?? 0) > 5_000);
  assert.equal(written[1], written[0]);
  assert.equal(written[2], written[0]);
});

/** Friedman's function with some cells empty, and a feature whose name is no safe HTML. */
function tableText(): string {
  const { features, matrix, values } = friedman1(300, 9);
  const lines = [...values].map((y, row) => {
    const cells = [...matrix.subarray(row * 10, row * 10 + 10)].map((x) =>
      row % 17 === 3 && x < 0.2 ? '' : String(x),
    );
    return [...cells.slice(0, 4), y, ...cells.slice(4)].join(',');
  });
  return [[...features.slice(0, 4), 'price', ...features.slice(4, 9), '<b>x10</b>'].join(','), ...lines].join('\n');
}

test('from the command line: a table of numbers', async () => {
  writeFileSync(join(root, 'table.csv'), tableText());
  const args = ['run', 'examples/model-search/pipeline.ts', '--out', join(root, 'cli'), '--threads', '2'];
  const { code, out, err } = await cano([...args, '--csv', join(root, 'table.csv'), '--target', 'price']);
  assert.equal(code, 0, err);
  assert.match(
    out,
    /^24 configurations × 5 folds on table\.csv, 240 rows\nbest {4}depth 2, 200 trees, learning rate 0\.2\n/,
  );
  assert.match(
    out,
    /error {3}\d\.\d\d ± 0\.\d\d over the folds, \d\.\d\d on 60 other rows \(always the mean: \d\d\.\d\)\n/,
  );

  const html = read('cli', 'report.html');
  assert.match(html, /&#60;b&#62;x10&#60;\/b&#62;/);
  assert.doesNotMatch(html, /<b>x10|<script|the noise/);
  assert.doesNotMatch(html, /(?:src|href)="(?!data:)/);
  assert.equal((html.match(/class="range"/g) ?? []).length, 24);
});

test('a bad table ends in the state Failed, with its line and column, and writes nothing', async () => {
  const path = join(root, 'bad.csv');
  writeFileSync(path, 'area,city,price\n50,Oslo,100\n');
  const why = /bad\.csv, line 2, column 'city': 'Oslo' is not a number; turn such a column into numbers/;

  const way: string[] = [];
  const run = engine.start(modelSearch, storeOf({ kind: 'csv', path, target: 'price', seed: 1 }, 'bad'), {
    onEvent: (event) => {
      if (event.type === 'state.entered') way.push(event.state);
    },
  });
  await assert.rejects(run.result, (error) => {
    assert.ok(error instanceof RunFailedError);
    assert.equal(error.state, 'Failed');
    assert.match(error.message, why);
    return true;
  });
  assert.deepEqual(way, ['Load', 'Failed']);

  const args = ['run', 'examples/model-search/pipeline.ts', '--out', join(root, 'bad'), '--reporter', 'none'];
  const { code, err } = await cano([...args, '--csv', path, '--target', 'price']);
  assert.equal(code, 1);
  assert.match(err, why);
  assert.match(err, /in state 'Failed': .*; nothing was written\n/);
  assert.equal(existsSync(join(root, 'bad')), false);
});

test('what cannot be used is refused before anything runs', async () => {
  const pipeline = (...args: string[]) => cano(['run', 'examples/model-search/pipeline.ts', ...args]);
  writeFileSync(join(root, 'some.csv'), 'x,y\n');
  for (const [ended, message] of await Promise.all([
    pipeline('--csv', join(root, 'some.csv')).then(
      (end) => [end, /--csv needs --target: the column to predict/] as const,
    ),
    pipeline('--target', 'y').then((end) => [end, /--target names a column of --csv: give that too/] as const),
    pipeline('--out', root).then((end) => [end, /holds '.*', which this pipeline did not write/] as const),
  ])) {
    assert.equal(ended.code, 2, ended.err);
    assert.match(ended.err, message);
  }
});
