import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { failedAt, settleNotCloneable } from '../../../src/dispatch/item-end.ts';
import { okEnd, record } from './helpers.ts';

describe('Execution', () => {
  it('numbers the items of a row from its first, and the one of a node -1', () => {
    const row = record({ items: ['a', 'b'], index: 7, attempt: 2 }).execution;
    assert.deepEqual([row.indexAt(0), row.indexAt(1), row.attemptAt(1)], [7, 8, 2]);
    assert.equal(record().execution.indexAt(0), -1);
    const list = record({ items: ['a', 'b'], index: [9, 3], attempt: [1, 4] }).execution;
    assert.deepEqual([list.indexAt(1), list.attemptAt(1)], [3, 4]);
  });

  it('forgets a request to stop one item when that has settled', () => {
    const { execution } = record({ items: [1, 2], index: 0 });
    execution.stop = { kind: 'timeout', position: 0, hardAt: 0, reason: 'r' };
    execution.settleNext(okEnd(1));
    assert.equal(execution.stop, undefined);
    execution.stop = { kind: 'cancelled', position: -1, hardAt: 0, reason: 'r' };
    execution.settleNext(okEnd(2));
    assert.notEqual(execution.stop, undefined);
  });

  it('gives its last items away with their numbers, and its share of the bytes', () => {
    const row = record({ items: ['a', 'b', 'c', 'd'], index: 7, attempt: 2 });
    row.execution.bytesIn = 100;
    row.execution.settleNext(okEnd(1));
    const rest = row.execution.divide(3);
    assert.deepEqual(
      [row.execution.items, rest.items, rest.indexAt(0), rest.attemptAt(0)],
      [['a', 'b', 'c'], ['d'], 10, 2],
    );
    assert.deepEqual([row.execution.bytesIn, rest.bytesIn, rest.status, row.execution.settled], [75, 0, 'new', 1]);
    const list = record({ items: ['a', 'b', 'c'], index: [9, 3, 5], attempt: [1, 4, 2] }).execution;
    const two = list.divide(1);
    assert.deepEqual([two.indexAt(0), two.indexAt(1), two.attemptAt(1), list.indexAt(0)], [3, 5, 2, 9]);
  });

  it('settles every item exactly once, with its own index and attempt, whatever happens to it on the way', () => {
    const step = fc.oneof(
      { arbitrary: fc.constant({ kind: 'next' as const }), weight: 4 },
      { arbitrary: fc.record({ kind: fc.constant('at' as const), at: fc.nat(30) }), weight: 2 },
      { arbitrary: fc.constant({ kind: 'requeue' as const }), weight: 2 },
      { arbitrary: fc.constant({ kind: 'notes' as const }), weight: 1 },
    );
    const shape = fc.oneof(
      fc.record({
        kind: fc.constant('row' as const),
        length: fc.integer({ min: 1, max: 12 }),
        from: fc.nat(100),
        attempt: fc.integer({ min: 1, max: 4 }),
      }),
      fc.record({
        kind: fc.constant('list' as const),
        entries: fc.uniqueArray(fc.tuple(fc.nat(100), fc.integer({ min: 1, max: 4 })), {
          minLength: 1,
          maxLength: 12,
          selector: ([index]) => index,
        }),
      }),
    );
    fc.assert(
      fc.property(shape, fc.array(step, { maxLength: 40 }), (given, steps) => {
        const entries =
          given.kind === 'list'
            ? given.entries
            : Array.from({ length: given.length }, (_value, at) => [given.from + at, given.attempt] as const);
        const isRow = given.kind === 'row';
        const recorded = record({
          items: entries.map(([index]) => `item ${index}`),
          index: isRow ? given.from : entries.map(([index]) => index),
          attempt: isRow ? given.attempt : entries.map(([, attempt]) => attempt),
        });
        const { execution, settled, notes } = recorded;
        for (const what of steps) {
          const left = execution.items.length - execution.settled;
          if (what.kind === 'requeue') {
            execution.keepUnsettled();
            assert.equal(execution.settled, 0);
            assert.equal(execution.items.length, left);
          } else if (left === 0) {
            break;
          } else if (what.kind === 'next') execution.settleNext(okEnd(settled.length));
          else if (what.kind === 'notes') execution.note(execution.settled, ['progress', 1, 1]);
          else execution.settleAt(execution.settled + (what.at % left), failedAt(1, 'taken out'));
          // What is left keeps its own numbers.
          for (let position = execution.settled; position < execution.items.length; position += 1) {
            assert.equal(execution.items[position], `item ${execution.indexAt(position)}`);
          }
        }
        execution.settleRest(failedAt(1, 'rest'));
        const expected = new Map(entries.map(([index, attempt]) => [index, attempt]));
        assert.equal(settled.length, entries.length);
        assert.equal(new Set(settled.map(({ index }) => index)).size, entries.length);
        for (const { index, attempt, item } of settled)
          assert.deepEqual([attempt, item], [expected.get(index), `item ${index}`]);
        for (const { index, attempt } of notes) assert.equal(attempt, expected.get(index));
        execution.end();
        assert.deepEqual([execution.status, recorded.ended], ['ended', 1]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('settleNotCloneable', () => {
  it('takes out the items that cannot be cloned, each with its path, and leaves the others in order', () => {
    const { execution, settled } = record({ items: [1, { f: () => 1 }, 3, Symbol('s'), 5], index: 10 });
    settleNotCloneable(execution, 4);
    assert.deepEqual(execution.items, [1, 3, 5]);
    assert.deepEqual([execution.indexAt(0), execution.indexAt(1), execution.indexAt(2)], [10, 12, 14]);
    assert.deepEqual(
      settled.map(({ index, end }) => [index, end.outcome, (end.error as Error).message.split(', which')[0]]),
      [
        [13, 'error', 'n: exec input is a symbol'],
        [11, 'error', 'n: exec input .f is the function f'],
      ],
    );
  });
});
