/** What the table says of outcomes, and when the bench fails. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noisyRounds } from '../../../bench/control.ts';
import type { Outcome } from '../../../bench/measure-apart.ts';
import { failuresOf, linesOf, noisy, round, type RowResult } from '../../../bench/report.ts';
import type { Counts, Measurement, Row } from '../../../bench/row.ts';
import { rowText } from '../../../bench/table.ts';

const FINE: Counts = { submitted: 10, completed: 10, wrong: 0, failed: 0, lost: 0, duplicated: 0 };

function measured(value: number, counts: Partial<Counts> = {}, more: Partial<Measurement> = {}): Outcome {
  return { kind: 'measured', exited: true, measurement: { value, counts: { ...FINE, ...counts }, ...more } };
}

function resultOf(outcomes: Record<string, Outcome[]>, row: Partial<Row> = {}): RowResult {
  return {
    row: {
      id: 'row',
      title: 'A row',
      unit: 'µs',
      contenders: Object.keys(outcomes),
      measure: () => assert.fail('nothing is measured here'),
      ...row,
    },
    controls: [40, 40, 40],
    outcomes: new Map(Object.entries(outcomes)),
  };
}

describe('a line of the table', () => {
  it('compares round by round, so that a slow machine slows both', () => {
    const [, own] = linesOf(
      resultOf({
        peer: [measured(20), measured(200), measured(22)],
        cano: [measured(10), measured(100), measured(11)],
      }),
    );
    assert.equal(own?.ratio?.median, 2);
    assert.deepEqual([own?.ratio?.low, own?.ratio?.high], [2, 2]);
    assert.equal(own?.value?.median, 11);
    assert.deepEqual([own?.value?.min, own?.value?.max], [10, 100]);
  });

  it('compares only rounds in which both were measured', () => {
    const hung: Outcome = { kind: 'hung', seconds: 60 };
    const [peer, own] = linesOf(resultOf({ peer: [hung, measured(30)], cano: [measured(1), measured(10)] }));
    assert.equal(own?.ratio?.median, 3);
    assert.deepEqual(peer?.notes, ['HUNG in 1 of 2 rounds']);
  });

  it('says what was lost, repeated or wrong, and how a process ended', () => {
    const [line] = linesOf(
      resultOf({
        peer: [
          measured(1, { lost: 2, duplicated: 1 }, { also: { 'innocent rejected': 4 } }),
          measured(1, { wrong: 3, duplicated: -1 }),
          { kind: 'measured', exited: false, measurement: { value: 1 } },
          { kind: 'crashed', detail: 'exit code 1: at file.js:3\nRangeError: planted\n    at main\n\nNode.js v20' },
        ],
      }),
    );
    assert.deepEqual(line?.notes, [
      'FAILED: RangeError: planted',
      'its process had to be ended after close',
      '3 of 20 wrong',
      '2 of 20 lost',
      '1 of 20 duplicated',
      'innocent rejected 4.00',
    ]);
  });

  it('judges budgets on the median', () => {
    const outcomes = { peer: [measured(20), measured(20)], cano: [measured(10), measured(12)] };
    const judged = (budget: object): unknown =>
      linesOf(resultOf(outcomes, { budgets: [{ contender: 'cano', ...budget }] }))[1]?.budgets[0];
    assert.deepEqual(judged({ atLeast: { ratio: 1.8, against: 'peer' } }), { text: '≥ 1.80 × peer', met: true });
    assert.deepEqual(judged({ atLeast: { ratio: 1.9, against: 'peer' } }), { text: '≥ 1.90 × peer', met: false });
    assert.deepEqual(judged({ atMost: 11 }), { text: '≤ 11', met: true });
    assert.deepEqual(judged({ atMost: 10.9 }), { text: '≤ 10.9', met: false });
  });

  it('misses its budget when nothing was measured', () => {
    const outcomes = { peer: [measured(20)], cano: [{ kind: 'hung', seconds: 9 } as Outcome] };
    for (const budget of [{ atMost: 99 }, { atLeast: { ratio: 0.1, against: 'peer' } }]) {
      const [, own] = linesOf(resultOf(outcomes, { budgets: [{ contender: 'cano', ...budget }] }));
      assert.equal(own?.budgets[0]?.met, false);
    }
  });
});

describe('the bench fails', () => {
  const failures = (contender: string, outcome: Outcome): string[] =>
    failuresOf([resultOf({ [contender]: [outcome] })]);

  it('on a wrong result of anybody', () => {
    assert.deepEqual(failures('peer', measured(1, { wrong: 2 })), ['row, peer, round 1: 2 wrong results']);
  });

  it('on an execution of cano that is lost, repeated, late for ever, or outlives close', () => {
    const bad: Outcome[] = [
      measured(1, { lost: 1 }),
      measured(1, { duplicated: 1 }),
      { kind: 'hung', seconds: 60 },
      { kind: 'crashed', detail: 'exit code 1' },
      { kind: 'measured', exited: false, measurement: { value: 1 } },
    ];
    for (const outcome of bad) {
      assert.equal(failures('canoDispatcher', outcome).length, 1);
      assert.deepEqual(failures('peer', outcome), []);
    }
  });

  it('not otherwise', () => assert.deepEqual(failures('cano', measured(1, { failed: 3, duplicated: -1 })), []));
});

describe('noise', () => {
  it('is a control that took a tenth longer than the median control of all rows', () => {
    assert.deepEqual(noisyRounds([40, 41, 40, 45, 39]), [false, false, false, true, false]);
    const quiet = resultOf({ cano: [measured(1)] });
    const loud = { ...resultOf({ cano: [measured(1)] }), controls: [40, 60, 80] };
    assert.equal(noisy(loud, [quiet, loud]), 2);
    assert.equal(noisy(quiet, [quiet, loud]), 0);
  });
});

describe('the text', () => {
  it('has a column for what was measured and none for what was not', () => {
    const result = resultOf(
      { peer: [measured(20.34)], cano: [measured(10)] },
      { budgets: [{ contender: 'cano', atMost: 5 }] },
    );
    assert.equal(
      rowText(result, [result]),
      [
        'row: A row (µs; 3 rounds)',
        '        median    min–max     × peer (95 %)  budget',
        '  peer    20.3  20.3–20.3                 1',
        '  cano    10.0  10.0–10.0  2.03 (2.03–2.03)  ✘ ≤ 5',
      ].join('\n'),
    );
  });

  it('has three significant digits', () => {
    assert.deepEqual([0, 0.01234, 1.234, 12.34, 123.4, 12_340].map(round), [
      '0',
      '0.0123',
      '1.23',
      '12.3',
      '123',
      '12340',
    ]);
  });
});
