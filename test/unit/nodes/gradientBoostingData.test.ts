import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import binColumnExec, {
  binColumn,
  binFeatures,
  packColumns,
  settle,
  withTarget,
} from '../../../nodes/gradientBoostingData.ts';
import { seededRandom } from '../../support/planted.ts';
import { runItems } from './run-exec.ts';

const value = fc.oneof(
  fc.integer({ min: -4, max: 4 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constant(Number.NaN),
);
const column = fc.array(value, { minLength: 1, maxLength: 60 }).map((values) => Float64Array.from(values));

describe('binColumn', () => {
  it('keeps the order of the values, parts no equal ones, and has at most so many bins', () => {
    fc.assert(
      fc.property(column, fc.integer({ min: 2, max: 20 }), (values, most) => {
        const { bins, edges } = binColumn(values, most);
        assert.ok(edges.length < most);
        values.forEach((x, i) => {
          const bin = bins[i] ?? 0;
          if (Number.isNaN(x)) return assert.equal(bin, 0);
          assert.ok(bin >= 1 && bin <= edges.length + 1);
          assert.ok(bin === 1 || x > (edges[bin - 2] ?? NaN), 'above the edge before');
          assert.ok(bin > edges.length || x <= (edges[bin - 1] ?? NaN), 'up to its edge');
        });
      }),
    );
  });

  it('gives every value a bin of its own when there are bins enough, and else uses them all', () => {
    fc.assert(
      fc.property(column, fc.integer({ min: 2, max: 20 }), (values, most) => {
        const { bins } = binColumn(values, most);
        // −0 and 0 are one value.
        const different = new Set([...values].filter((x) => !Number.isNaN(x)).map((x) => x + 0)).size;
        const used = new Set([...bins].filter((bin) => bin > 0)).size;
        if (different <= most) assert.equal(used, different);
        else assert.ok(used >= 2 && used <= most);
      }),
    );
  });

  it('does so for rare values beside a frequent one', () => {
    const values = Float64Array.from({ length: 100 }, (_value, row) => Math.min(row, 2));
    assert.deepEqual([...binColumn(values, 3).bins.subarray(0, 4)], [1, 2, 3, 3]);
  });

  it('makes bins of equally many rows, and of what is left beside a value that fills many', () => {
    const random = seededRandom(3);
    const uniform = Float64Array.from({ length: 6_400 }, random);
    const counts = new Uint32Array(65);
    for (const bin of binColumn(uniform, 64).bins) counts[bin] = (counts[bin] ?? 0) + 1;
    assert.deepEqual([...counts], [0, ...Array.from({ length: 64 }, () => 100)]);

    // Half of the rows are 0: one bin; the other nine share the rest.
    const skewed = Float64Array.from({ length: 1_800 }, (_value, row) => (row % 2 === 0 ? 0 : row));
    const ofSkewed = new Uint32Array(11);
    for (const bin of binColumn(skewed, 10).bins) ofSkewed[bin] = (ofSkewed[bin] ?? 0) + 1;
    assert.deepEqual([...ofSkewed], [0, 900, ...Array.from({ length: 9 }, () => 100)]);
  });

  it('depends on the order of the values alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 1, maxLength: 80 }), (values) => {
        const cubes = Float64Array.from(values, (x) => x ** 3 + 7);
        assert.deepEqual(binColumn(Float64Array.from(values), 8).bins, binColumn(cubes, 8).bins);
      }),
    );
  });

  it('puts edges between neighbours that have no number in the middle, or none that is finite', () => {
    const [low, high] = [1 + Number.EPSILON, 1 + 2 * Number.EPSILON];
    assert.equal(low / 2 + high / 2, high, 'rounded to even');
    assert.deepEqual([...binColumn(Float64Array.of(high, low)).bins], [2, 1]);
    assert.deepEqual([...binColumn(Float64Array.of(0, -5e-324)).bins], [2, 1]);
    assert.deepEqual([...binColumn(Float64Array.of(Number.MAX_VALUE, 1.7e308)).bins], [2, 1]);
  });

  it('has no edge for a feature that is always the same, or always missing', () => {
    assert.deepEqual(binColumn(Float64Array.of(7, 7, NaN)), {
      bins: Uint8Array.of(1, 1, 0),
      edges: new Float64Array(),
    });
    assert.deepEqual(binColumn(Float64Array.of(NaN, NaN)), { bins: Uint8Array.of(0, 0), edges: new Float64Array() });
  });

  it('refuses what cannot be', () => {
    assert.throws(() => binColumn(Float64Array.of(1, Infinity)), {
      code: 'CANO_NON_RETRYABLE',
      message: 'the feature is Infinity in row 1: give a finite number, or NaN if it is missing',
    });
    for (const bins of [1, 256, 2.5, NaN]) {
      assert.throws(() => binColumn(Float64Array.of(1), bins), /bins must be an integer from 2 to 255, got/);
    }
  });
});

describe('binFeatures', () => {
  it('is the same on threads, a feature per item', async () => {
    const random = seededRandom(5);
    const matrix = Float64Array.from({ length: 300 * 4 }, () => (random() < 0.1 ? NaN : Math.floor(random() * 400)));
    const columns = [0, 1, 2, 3].map((feature) => matrix.filter((_value, at) => at % 4 === feature));
    const onThreads = packColumns(await runItems(binColumnExec.with({ bins: 32 }), columns));
    assert.deepEqual(onThreads, binFeatures(matrix, 300, 4, 32));
    assert.deepEqual(onThreads.bins.subarray(600, 900), new Uint8Array(binColumn(columns[2] ?? matrix, 32).bins));
  });

  it('lies in shared memory', () => {
    const data = withTarget(binFeatures([1, 2, 3, 4], 2, 2), [0, 1]);
    for (const part of [data.bins, data.edges, data.offsets, data.target]) {
      assert.ok(part.buffer instanceof SharedArrayBuffer);
    }
  });

  it('refuses what cannot be', () => {
    assert.throws(() => binFeatures([1, 2, 3], 2, 2), /3 numbers are not 2 rows of 2 features/);
    assert.throws(() => binFeatures([], 0, 2), /there is nothing to learn from: 2 features of 0 rows/);
    assert.throws(() => binFeatures([], 2, 0), /there is nothing to learn from: 0 features of 0 rows/);
    assert.throws(() => binFeatures([1, 2, 3, -Infinity], 2, 2), /feature 1 is -Infinity in row 1/);
    const [one, two] = [binColumn(Float64Array.of(1)), binColumn(Float64Array.of(1, 2))];
    assert.throws(() => packColumns([one, two]), /feature 1 has 2 rows, feature 0 has 1/);
    assert.throws(() => withTarget(binFeatures([1, 2], 2, 1), [1]), /the target has 1 numbers for 2 rows/);
    assert.throws(() => withTarget(binFeatures([1, 2], 2, 1), [1, NaN]), /the target is NaN in row 1/);
  });
});

describe('settle', () => {
  it('fills in what is not given', () => {
    assert.deepEqual(settle({ trees: 7 }), {
      trees: 7,
      depth: 3,
      learningRate: 0.1,
      minRows: 5,
      l2: 1,
      subsample: 1,
      columnsPerTree: 1,
      seed: 1,
    });
  });

  for (const [params, message] of [
    [{ trees: 0 }, /trees must be a positive integer, got 0/],
    [{ depth: 31 }, /depth must be an integer from 1 to 30, got 31/],
    [{ learningRate: 0 }, /learningRate must be above 0 and at most 1, got 0/],
    [{ learningRate: 1.5 }, /learningRate must be above 0 and at most 1, got 1.5/],
    [{ minRows: 1.5 }, /minRows must be a positive integer, got 1.5/],
    [{ l2: -1 }, /l2 must be a finite number from 0, got -1/],
    [{ subsample: NaN }, /subsample must be above 0 and at most 1, got NaN/],
    [{ columnsPerTree: 2 }, /columnsPerTree must be above 0 and at most 1, got 2/],
    [{ seed: 0.5 }, /seed must be an integer, got 0.5/],
    [
      { leaves: 8 } as object,
      /there is no param 'leaves': the params are trees, depth, learningRate, minRows, l2, subsample,/,
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(params)}`, () => {
      assert.throws(() => settle(params), { code: 'CANO_NON_RETRYABLE', message });
    });
  }
});
