/** When plans fire, and which fires a late look still makes: pure. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseCron } from '../../../src/scheduler/cron.ts';
import { takeDue, type DueFire, type Position } from '../../../src/scheduler/due.ts';
import { next, upcoming, type Plan } from '../../../src/scheduler/plan.ts';

const interval = (everyMs: number, anchor = 0, until = Infinity): Plan => ({
  kind: 'interval',
  everyMs,
  anchor,
  until,
});
const cron = (expression: string, from = -Infinity, until = Infinity): Plan => ({
  kind: 'cron',
  cron: parseCron('schedule', expression, 'UTC'),
  from,
  until,
});
const none = (): number => 0;

describe('next', () => {
  it('is the next point of the grid, also after a billion of them', () => {
    assert.equal(next(interval(500), 0), 500);
    assert.equal(next(interval(500), 499.9), 500);
    assert.equal(next(interval(1.1), 1.1e9), 1.1 * (1e9 + 1));
    assert.equal(next(interval(500, 10_000), 0), 10_000);
  });

  it('is after what it is given, and there is no point between', () => {
    const positive = fc.double({ min: 1, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        fc.double({ min: 0, max: 2e12, noNaN: true }),
        fc.double({ min: 0, max: 2e12, noNaN: true }),
        (everyMs, anchor, after) => {
          const at = next(interval(everyMs, anchor), after) as number;
          assert.ok(at > after, `${at} is not after ${after}`);
          assert.ok(at === anchor || at - everyMs <= after + 1e-3, `${at} is more than ${everyMs} after ${after}`);
        },
      ),
    );
  });

  it('keeps to its bounds, both included', () => {
    assert.deepEqual(upcoming(interval(10, 100, 120), 0, 9), [100, 110, 120]);
    const [from, until] = [Date.UTC(2027, 0, 1, 9), Date.UTC(2027, 0, 3, 9)];
    assert.equal(upcoming(cron('0 9 * * *', from, until), 0, 9).length, 3);
    assert.equal(next({ kind: 'manual' }, 0), undefined);
  });
});

describe('takeDue', () => {
  const start: Position = { planned: 1_000, delayMs: 0, behind: 0 };
  const times = (fires: readonly DueFire[]): number[] => fires.map(({ planned }) => planned);

  it('makes what is due, and of several the last, up to a minute late', () => {
    const plan = interval(1_000);
    const one = takeDue(plan, start, 1_000, 0, none);
    assert.deepEqual([times(one.fires), one.missed, one.position.planned], [[1_000], 0, 2_000]);
    const five = takeDue(plan, start, 5_999, 0, none);
    assert.deepEqual([times(five.fires), five.missed, five.position.planned], [[5_000], 4, 6_000]);
    const hourly = interval(3_600_000);
    const slept = { planned: 3_600_000, delayMs: 0, behind: 0 };
    assert.deepEqual(times(takeDue(hourly, slept, 3_660_000, 0, none).fires), [3_600_000]);
    assert.equal(takeDue(hourly, slept, 3_660_001, 0, none).missed, 1);
  });

  it('makes all that are within the catch-up window, in order', () => {
    const { fires, missed } = takeDue(interval(1_000), start, 5_500, 2_500, none);
    assert.deepEqual([times(fires), missed], [[3_000, 4_000, 5_000], 2]);
    assert.deepEqual(
      fires.map(({ isPunctual }) => isPunctual),
      [false, false, true],
    );
  });

  it('hands out every fire once, however long and often it does not look', () => {
    const plans = fc.constantFrom(
      interval(1_000),
      interval(7_777.7),
      cron('*/5 * * * *'),
      cron('7 3 * * *'),
      cron('*/20 * * * * *'),
    );
    const looks = fc.array(fc.integer({ min: 1, max: 5_000_000 }), { minLength: 1, maxLength: 20 });
    const window = fc.constantFrom(0, 5_000, 600_000);
    fc.assert(
      fc.property(
        plans,
        looks,
        window,
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (plan, gaps, catchUpMs, jitter) => {
          const draw = (): number => 900 * jitter;
          let position: Position = { planned: next(plan, 0), delayMs: 0, behind: 0 };
          let now = 0;
          let handedOut = 0;
          let last = 0;
          for (const gap of gaps) {
            now += gap;
            for (let isBehind = true; isBehind;) {
              const taken = takeDue(plan, position, now, catchUpMs, draw);
              ({ position } = taken);
              handedOut += taken.fires.length + taken.missed;
              for (const { planned } of taken.fires) {
                assert.ok(planned > last && planned <= now, 'fires come in order, none before its time');
                last = planned;
              }
              isBehind = (position.planned ?? Infinity) + position.delayMs <= now;
            }
          }
          const due = countUpTo(plan, position.planned as number);
          assert.equal(handedOut, due);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('looks at no more than a thousand fires in one go', () => {
    const plan = cron('* * * * * *');
    let position: Position = { planned: next(plan, 0), delayMs: 0, behind: 0 };
    const now = 3_600_000;
    const sizes: number[] = [];
    while ((position.planned as number) <= now) {
      const taken = takeDue(plan, position, now, 0, none);
      ({ position } = taken);
      sizes.push(taken.fires.length + taken.missed);
    }
    assert.deepEqual(sizes, [1_000, 1_000, 1_000, 600]);
  });

  it('does not walk a grid point by point through a gap', () => {
    const { missed, fires } = takeDue(interval(1), { planned: 1, delayMs: 0, behind: 0 }, 1e9, 0, none);
    assert.deepEqual([missed, times(fires)], [1e9 - 1, [1e9]]);
  });
});

/** Times of a plan after 0 and before `end`. */
function countUpTo(plan: Plan, end: number): number {
  let count = 0;
  for (let at = next(plan, 0) as number; at < end; at = next(plan, at) as number) count += 1;
  return count;
}
