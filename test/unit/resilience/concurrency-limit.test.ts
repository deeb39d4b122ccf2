import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ConcurrencyLimit } from '../../../src/resilience/concurrency-limit.ts';

test('as many enter at once as the limit allows; the others in the order of their coming', () => {
  const limit = new ConcurrencyLimit(2);
  const entered: number[] = [];
  for (let i = 0; i < 5; i += 1) limit.request(() => entered.push(i));
  assert.deepEqual(entered, [0, 1]);
  limit.leave();
  assert.deepEqual(entered, [0, 1, 2]);
  limit.leave();
  limit.leave();
  assert.deepEqual(entered, [0, 1, 2, 3, 4]);
  assert.equal(limit.holders, 2);
  limit.leave();
  limit.leave();
  assert.equal(limit.holders, 0);
});

test('a request is taken back once, and only while it waits', () => {
  const limit = new ConcurrencyLimit(1);
  const entered: string[] = [];
  const first = limit.request(() => entered.push('first'));
  const second = limit.request(() => entered.push('second'));
  limit.request(() => entered.push('third'));
  assert.equal(first(), false);
  assert.equal(second(), true);
  assert.equal(second(), false);
  limit.leave();
  assert.deepEqual(entered, ['first', 'third']);
});

test('guests of a higher priority enter first, and each is told how it stands', () => {
  const limit = new ConcurrencyLimit(1);
  const entered: string[] = [];
  const guests = { low: { priority: -1 }, a: { priority: 0 }, b: { priority: 0 }, high: { priority: 5 } };
  assert.ok(limit.hasRoom);
  limit.request(() => entered.push('first'));
  assert.ok(!limit.hasRoom);
  for (const name of ['low', 'a', 'b', 'a', 'high'] as const) limit.request(() => entered.push(name), guests[name]);
  assert.equal(limit.waiting, 5);
  assert.deepEqual(
    Object.values(guests).map((guest) => limit.standingOf(guest)),
    [
      { waiting: 1, ahead: 4 },
      { waiting: 2, ahead: 1 },
      { waiting: 1, ahead: 2 },
      { waiting: 1, ahead: 0 },
    ],
  );
  assert.deepEqual(limit.standingOf({ priority: 9 }), { waiting: 0, ahead: 0 });
  for (let left = 5; left > 0; left -= 1) limit.leave();
  assert.deepEqual(entered, ['first', 'high', 'a', 'b', 'a', 'low']);
});

test('who enters and leaves at once makes room for the next, however many wait', () => {
  const limit = new ConcurrencyLimit(1);
  let entered = 0;
  limit.request(() => {});
  for (let i = 0; i < 20_000; i += 1) {
    limit.request(() => {
      entered += 1;
      limit.leave();
    });
  }
  limit.leave();
  assert.equal(entered, 20_000);
  assert.equal(limit.holders, 0);
});

test('laws: never more holders than the limit, nobody waits while there is room, first come first served', () => {
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.constant('request' as const) },
    { weight: 3, arbitrary: fc.constant('leave' as const) },
    { weight: 1, arbitrary: fc.nat() },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(action, { maxLength: 100 }), (size, actions) => {
      const limit = new ConcurrencyLimit(size);
      const waiting: { readonly id: number; readonly withdraw: () => boolean }[] = [];
      const entered: number[] = [];
      let inside = 0;
      let made = 0;
      for (const next of actions) {
        if (next === 'request') {
          const id = (made += 1);
          const withdraw = limit.request(() => {
            entered.push(id);
            inside += 1;
          });
          if (entered.at(-1) !== id) waiting.push({ id, withdraw });
        } else if (next === 'leave') {
          if (inside === 0) continue;
          inside -= 1;
          const due = waiting.shift();
          limit.leave();
          if (due !== undefined) assert.equal(entered.at(-1), due.id);
        } else if (waiting.length > 0) {
          const [taken] = waiting.splice(next % waiting.length, 1);
          assert.equal(taken?.withdraw(), true);
        }
        assert.ok(inside <= size);
        assert.equal(limit.holders, inside);
        assert.ok(waiting.length === 0 || inside === size);
      }
    }),
  );
});
