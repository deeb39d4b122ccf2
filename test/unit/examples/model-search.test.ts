/** The parts of the model search example. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { rank } from '../../../examples/model-search/choose.ts';
import { parseTable } from '../../../examples/model-search/csv.ts';
import { digits } from '../../../examples/model-search/digits.ts';
import { friedman1 } from '../../../examples/model-search/friedman.ts';
import { load } from '../../../examples/model-search/load.ts';
import { GRID, searchData, searchItems } from '../../../examples/model-search/search.ts';

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cano-search-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('parseTable', () => {
  it('reads numbers, quoted cells and missing values, whatever the line ends are', () => {
    const lines = ['\uFEFF"a ""b"", c" , y,z', '1,2,-.5', '', '"3",4e-1, ', ' NA ,+5.,null', ''];
    for (const end of ['\n', '\r\n', '\r']) {
      assert.deepEqual(parseTable(lines.join(end), 't.csv', 'y'), {
        name: 't.csv',
        features: ['a "b", c', 'z'],
        target: 'y',
        matrix: Float64Array.of(1, -0.5, 3, NaN, NaN, NaN),
        values: Float64Array.of(2, 0.4, 5),
      });
    }
  });

  it('gives back what was written', () => {
    // A text has no −0.
    const number = fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0);
    const cell = fc.oneof(number, fc.constant(NaN));
    const row = fc.tuple(cell, number, cell);
    const name = fc.string({ minLength: 1 }).filter((text) => !/[\r\n\uFEFF]/.test(text));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), name, (rows, first) => {
        fc.pre(first !== 'y' && first !== 'z');
        const header = `"${first.replaceAll('"', '""')}",y,z`;
        const body = rows.map((cells) => cells.map((value) => (Number.isNaN(value) ? '' : String(value))).join(','));
        const { features, matrix, values } = parseTable([header, ...body].join('\n'), 't.csv', 'y');
        assert.deepEqual(features, [first, 'z']);
        assert.deepEqual(
          [...matrix],
          rows.flatMap(([a, , b]) => [a, b]),
        );
        assert.deepEqual(
          [...values],
          rows.map(([, y]) => y),
        );
      }),
    );
  });

  for (const [text, message] of [
    ['', 't.csv, line 1: it is empty; it must name the columns'],
    ['1,2\n3,4', 't.csv, line 1: it holds numbers; it must name the columns'],
    ['x,,y', 't.csv, line 1: column 2 has no name'],
    ['x,x,y', "t.csv, line 1: two columns have the name 'x'"],
    ['x;y', "t.csv has no column 'y'; it has 'x;y'"],
    ['y', "t.csv has no column but 'y': there is no feature"],
    ['x,y\n1,2\n3', 't.csv, line 3: it has 1 cells, the header has 2'],
    ['x,y\n1,2,', 't.csv, line 2: it has 3 cells, the header has 2'],
    ['x,y\n\n1,2\n3,', "t.csv, line 4, column 'y': the target is missing; leave such lines out"],
    ['x,y\n1,"2', 't.csv, line 2, cell 2: its quotes do not match'],
    ['x,y\n1"2,3', 't.csv, line 2, cell 1: its quotes do not match'],
    ...['red', '1e999', '0x10', '1.2.3', '1 2', 'Infinity'].map(
      (cell) =>
        [
          `x,y\n1,2\n${cell},4`,
          `t.csv, line 3, column 'x': '${cell}' is not a number; turn such a column into numbers, or leave the cell empty if it is missing`,
        ] as const,
    ),
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseTable(text, 't.csv', 'y'), { code: 'CANO_NON_RETRYABLE', message });
    });
  }
});

describe('load', () => {
  const table = (rows: number): string =>
    ['x,y', ...Array.from({ length: rows }, (_value, row) => `${row},${row * 10}`)].join('\n');

  it('keeps a fifth of the rows of a file back, by the seed', (context) => {
    const path = join(folderOf(context), 'rows.csv');
    writeFileSync(path, table(103));
    const split = (seed: number) => load({ kind: 'csv', path, target: 'y', seed });
    const { table: rest, heldOut, floor } = split(1);
    assert.equal(heldOut.values.length, 20);
    assert.equal(floor, undefined);
    assert.equal(rest.name, 'rows.csv');
    assert.deepEqual(
      [...rest.matrix, ...heldOut.matrix].toSorted((a, b) => a - b),
      Array.from({ length: 103 }, (_value, row) => row),
    );
    for (const { matrix, values } of [rest, heldOut])
      assert.deepEqual(
        values,
        matrix.map((x) => x * 10),
      );
    assert.deepEqual(split(1), split(1));
    assert.notDeepEqual(split(1).heldOut, split(2).heldOut);
  });

  it('refuses a file that it cannot read, and one with too few rows', (context) => {
    const path = join(folderOf(context), 'few.csv');
    writeFileSync(path, table(24));
    assert.throws(
      () => load({ kind: 'csv', path, target: 'y', seed: 1 }),
      /few\.csv has 24 rows; at least 25 are needed/,
    );
    const missing = { kind: 'csv', path: join(path, 'x'), target: 'y', seed: 1 } as const;
    assert.throws(() => load(missing), { code: 'CANO_NON_RETRYABLE', message: /cannot read '.*few\.csv.x'/ });
  });

  it('draws the rows that are held out beside those that are asked for', () => {
    const { table: drawn, heldOut, floor } = load({ kind: 'friedman', rows: 60, seed: 3 });
    assert.deepEqual([drawn.values.length, heldOut.values.length, floor], [60, 2_000, 1]);
    const both = friedman1(2_060, 3);
    assert.deepEqual([...drawn.matrix, ...heldOut.matrix], [...both.matrix]);
    assert.deepEqual([...drawn.values, ...heldOut.values], [...both.values]);
  });
});

describe('friedman1', () => {
  it('has the mean and the variance that follow from its formula, and noise of variance 1', () => {
    const { matrix, values } = friedman1(60_000, 5);
    const mean = values.reduce((sum, y) => sum + y, 0) / 60_000;
    // 10 E[sin(π u v)] + 20 / 12 + 10 / 2 + 5 / 2, the first by E = (γ + ln π − Ci π) / π = 0.5246.
    assert.ok(Math.abs(mean - 14.413) < 0.1, `mean ${mean}`);
    const truth = (row: number): number => {
      const [a = 0, b = 0, c = 0, d = 0, e = 0] = matrix.subarray(row * 10, row * 10 + 5);
      return 10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e;
    };
    const noise = values.map((y, row) => y - truth(row));
    const ofNoise = noise.reduce((sum, e) => sum + e, 0) / 60_000;
    const variance = noise.reduce((sum, e) => sum + e * e, 0) / 60_000;
    // Four standard errors of a mean and of a variance.
    assert.ok(Math.abs(ofNoise) < 4 / Math.sqrt(60_000), `mean of the noise ${ofNoise}`);
    assert.ok(Math.abs(variance - 1) < 4 * Math.sqrt(2 / 60_000), `variance of the noise ${variance}`);
  });
});

describe('the search', () => {
  it('has 24 different configurations, and an item for each of them and each fold', () => {
    assert.equal(new Set(GRID.map((config) => JSON.stringify(config))).size, 24);
    const items = searchItems(GRID, 5);
    assert.equal(items.length, 120);
    assert.deepEqual(items.slice(0, 6), [
      ...[0, 1, 2, 3, 4].map((fold) => ({ config: GRID[0], fold })),
      { config: GRID[1], fold: 0 },
    ]);
  });

  it('deals the rows out by the seed', () => {
    const table = friedman1(100, 1);
    const data = searchData(table, 4, 1);
    assert.deepEqual([data.rows, data.features, Math.max(...data.folds)], [100, 10, 3]);
    assert.deepEqual(new Float64Array(data.target), table.values);
    assert.notDeepEqual(searchData(table, 4, 2).folds, data.folds);
  });

  it('ranks by the mean error, then by the size of the model, then by the order', () => {
    const result = (mse: number, nodes: number) => ({ fold: 0, mse, nodes, importance: new Float64Array(1) });
    const configs = GRID.slice(0, 4);
    const results = [
      [result(3, 5), result(1, 5)],
      [result(1, 9), result(2, 9)],
      [result(2, 5), result(2, 5)],
      [result(2, 3), result(2, 3)],
    ].flat();
    assert.deepEqual(
      rank(configs, results).map(({ config, mse, folds }) => [configs.indexOf(config), mse, folds]),
      [
        [1, 1.5, [1, 2]],
        [3, 2, [2, 2]],
        [0, 2, [3, 1]],
        [2, 2, [2, 2]],
      ],
    );
  });
});

describe('digits', () => {
  it('shows three that count, and a spread like its mean', () => {
    assert.deepEqual(
      [25.46, 2.0561, 0.012_345, 1234.5, 1e-7, 12_345_678, 0].map((value) => digits(value)),
      ['25.5', '2.06', '0.0123', '1235', '1.00e-7', '1.23e+7', '0'],
    );
    assert.equal(digits(0.0814, 2.0561), '0.08');
  });
});
