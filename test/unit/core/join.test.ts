import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isCanoError } from '../../../src/core/errors.ts';
import { JoinFailedError } from '../../../src/core/join-error.ts';
import {
  decideJoin,
  describeJoin,
  isJoinRule,
  join,
  neededOf,
  type JoinDecision,
  type JoinRule,
  type JoinState,
} from '../../../src/core/join.ts';

function invalid(act: () => unknown, message: string): void {
  assert.throws(act, (error) => {
    assert.ok(isCanoError(error) && error.code === 'CANO_INVALID_OPTION');
    assert.equal(error.message, message);
    return true;
  });
}

test('rules are data', () => {
  assert.deepEqual(join.all(), { kind: 'all', settle: false, deadlineMs: undefined });
  assert.deepEqual(join.all({ deadline: '2s' }), { kind: 'all', settle: false, deadlineMs: 2_000 });
  assert.deepEqual(join.all({ settle: true }), { kind: 'all', settle: true, deadlineMs: undefined });
  assert.deepEqual(join.any(), { kind: 'at_least', needed: { count: 1 }, deadlineMs: undefined });
  assert.deepEqual(join.any({ deadline: 5 }), { kind: 'at_least', needed: { count: 1 }, deadlineMs: 5 });
  assert.deepEqual(join.atLeast(2), { kind: 'at_least', needed: { count: 2 }, deadlineMs: undefined });
  assert.deepEqual(join.atLeast('60%', { deadline: '1m' }), {
    kind: 'at_least',
    needed: { percent: 60 },
    deadlineMs: 60_000,
  });
});

test('a value that cannot be used is refused with its name', () => {
  const needed = "must be an integer >= 1 or a whole percentage from '1%' to '100%', got";
  for (const [bad, got] of [
    [0, '0'],
    [-1, '-1'],
    [1.5, '1.5'],
    [Number.NaN, 'NaN'],
    ['0%', "'0%'"],
    ['101%', "'101%'"],
    ['1.5%', "'1.5%'"],
    ['-5%', "'-5%'"],
    ['60', "'60'"],
    [undefined, 'undefined'],
  ] as const) {
    invalid(() => join.atLeast(bad as never), `join.atLeast: the number of branches ${needed} ${got}`);
  }
  invalid(() => join.all({ settle: 1 as never }), 'join.all: settle must be true or false, got 1');
  invalid(() => join.any({ deadline: 0 }), 'join.any: deadline must be above 0, got 0');
  invalid(
    () => join.all({ deadline: 'soon' as never }),
    "join.all: deadline must be milliseconds >= 0 or a duration such as '500ms', '30s', '5m' or '2h', got 'soon'",
  );
});

test('what is needed: all, none, a number, or a percentage rounded up', () => {
  assert.deepEqual(
    [join.all(), join.all({ settle: true }), join.any(), join.atLeast(3)].map((rule) => neededOf(rule, 5)),
    [5, 0, 1, 3],
  );
  assert.deepEqual(
    [1, 2, 3, 5, 10, 100].map((total) => neededOf(join.atLeast('60%'), total)),
    [1, 2, 2, 3, 6, 60],
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 10_000 }), (percent, total) => {
      const needed = neededOf(join.atLeast(`${percent}%`), total);
      assert.ok(needed >= 1 && needed <= total);
      assert.ok(needed * 100 >= percent * total && (needed - 1) * 100 < percent * total);
    }),
  );
});

test('rules in words', () => {
  assert.deepEqual(
    [join.all(), join.all({ settle: true }), join.any(), join.atLeast(2), join.atLeast('60%')].map(describeJoin),
    ['all', 'all, settled', 'any', 'at least 2', 'at least 60%'],
  );
});

test('a rule is known by its shape', () => {
  for (const rule of [join.all(), join.any()]) assert.ok(isJoinRule(rule));
  for (const other of [undefined, null, 'all', {}, { kind: 'none' }, () => 1]) assert.ok(!isJoinRule(other));
});

const at = (completed: number, failed: number, total: number, deadlinePassed = false): JoinState => ({
  total,
  completed,
  failed,
  deadlinePassed,
});

for (const [name, rule, cases] of [
  [
    'all is won by the last and lost by the first failure; at its deadline it is lost',
    join.all(),
    [
      [at(0, 0, 3), 'open'],
      [at(2, 0, 3), 'open'],
      [at(3, 0, 3), 'won'],
      [at(0, 1, 3), 'impossible'],
      [at(2, 1, 3), 'impossible'],
      [at(2, 0, 3, true), 'impossible'],
      [at(3, 0, 3, true), 'won'],
    ],
  ],
  [
    'all settled is won when all have ended, or at its deadline',
    join.all({ settle: true }),
    [
      [at(0, 2, 3), 'open'],
      [at(0, 3, 3), 'won'],
      [at(2, 1, 3), 'won'],
      [at(0, 0, 3, true), 'won'],
      [at(1, 1, 3, true), 'won'],
    ],
  ],
  [
    'any is won by the first and lost by the last failure; at its deadline it is lost',
    join.any(),
    [
      [at(0, 2, 3), 'open'],
      [at(1, 0, 3), 'won'],
      [at(1, 2, 3), 'won'],
      [at(0, 3, 3), 'impossible'],
      [at(0, 0, 3, true), 'impossible'],
    ],
  ],
  [
    'at least so many is won by the last of them, and lost once they cannot complete any more',
    join.atLeast(2),
    [
      [at(1, 1, 4), 'open'],
      [at(1, 2, 4), 'open'],
      [at(2, 0, 4), 'won'],
      [at(2, 2, 4), 'won'],
      [at(0, 3, 4), 'impossible'],
      [at(1, 3, 4), 'impossible'],
      [at(1, 0, 4, true), 'impossible'],
      [at(2, 0, 4, true), 'won'],
    ],
  ],
  [
    'a percentage is of all branches',
    join.atLeast('60%'),
    [
      [at(2, 0, 5), 'open'],
      [at(3, 0, 5), 'won'],
      [at(2, 2, 5), 'open'],
      [at(2, 3, 5), 'impossible'],
    ],
  ],
] as const satisfies readonly (readonly [string, JoinRule, readonly (readonly [JoinState, JoinDecision])[]])[]) {
  test(name, () => {
    for (const [state, expected] of cases) assert.equal(decideJoin(rule, state), expected, JSON.stringify(state));
  });
}

test('laws: it is decided at the first moment, stays decided, and at the end or the deadline it is', () => {
  const rules = fc.oneof(
    fc.constantFrom(join.all(), join.all({ settle: true }), join.any()),
    fc.integer({ min: 1, max: 6 }).map((n) => join.atLeast(n)),
    fc.integer({ min: 1, max: 100 }).map((percent) => join.atLeast(`${percent}%`)),
  );
  fc.assert(
    fc.property(rules, fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), (rule, ends) => {
      const total = ends.length;
      fc.pre(neededOf(rule, total) <= total);
      const isWonBy = (all: readonly boolean[]): boolean =>
        (rule.kind === 'all' && rule.settle) || all.filter(Boolean).length >= neededOf(rule, total);
      let before: JoinDecision = 'open';
      for (let known = 0; known <= total; known += 1) {
        const completed = ends.slice(0, known).filter(Boolean).length;
        const state = at(completed, known - completed, total);
        const decision = decideJoin(rule, state);
        if (before !== 'open') assert.equal(decision, before);
        before = decision;
        assert.notEqual(decideJoin(rule, { ...state, deadlinePassed: true }), 'open');
        // Decided if and only if whatever the others do makes no difference, but that all settled waits for their ends.
        const rest = total - known;
        const bestAndWorst = [true, false].map((end) =>
          isWonBy([...ends.slice(0, known), ...Array.from({ length: rest }, () => end)]),
        );
        const isSettling = rule.kind === 'all' && rule.settle;
        const isDecided = isSettling ? rest === 0 : bestAndWorst[0] === bestAndWorst[1];
        assert.equal(decision === 'open', !isDecided);
        if (decision !== 'open') assert.equal(decision === 'won', bestAndWorst[0]);
      }
    }),
  );
});

test('the error has every end, and the first failure as its cause; printed, it is short', () => {
  const first = new Error('first');
  const results = { a: { status: 'failed', error: first }, b: { status: 'completed', value: 1 } } as const;
  const error = new JoinFailedError('cannot be won', 'impossible', results, [first, 'second'], { state: 'S' });
  assert.equal(error.code, 'CANO_JOIN_FAILED');
  assert.equal(error.name, 'JoinFailedError');
  assert.equal(error.cause, first);
  assert.deepEqual([error.results, error.errors, error.where], [results, [first, 'second'], { state: 'S' }]);
  assert.deepEqual(Object.keys(error).toSorted(), ['code', 'name', 'reason', 'where']);
  assert.ok(!('cause' in new JoinFailedError('late', 'deadline', {}, [], {})));
});
