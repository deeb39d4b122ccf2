/** How many log lines a thread may have on the way. */
import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { LogCredit } from '../../../src/dispatch/log-credit.ts';
import { SlotTable } from '../../../src/wire/slots.ts';

let time = 1_000;
mock.method(performance, 'now', () => time);

/** Times are sums of fractions. */
const assertAbout = (credit: number, expected: number): void =>
  assert.ok(Math.abs(credit - expected) <= 1, `${credit} in place of ${expected}`);

/** A lease whose main thread takes so long for each line. */
class Handling {
  readonly slots: SlotTable = new SlotTable();
  readonly #credit = new LogCredit(this.slots);

  /** Receiving a message takes 0.01 ms, which is not measured. */
  handle(lines: number, msEach: number, hasDropped = false): number {
    const since = time;
    time += Math.max(0, lines * msEach - 0.01);
    this.#credit.giveBack(lines, since, hasDropped);
    return this.slots.logCredit();
  }
}

it('is a thousand where lines are cheap, and what was handled is given back', () => {
  const handling = new Handling();
  assert.equal(handling.slots.logCredit(), 1_000);
  assert.equal(handling.handle(100, 0.005), 1_000);
  assert.equal(handling.handle(50, 0), 1_000);
  assert.equal(handling.slots.logsSeen(), 150);
});

it('shrinks to what is handled in 30 ms where lines are dear, never to nothing, and grows again', () => {
  const handling = new Handling();
  for (let n = 0; n < 50; n += 1) handling.handle(10, 0.1);
  assertAbout(handling.handle(10, 0.1), 300);
  for (let n = 0; n < 50; n += 1) handling.handle(10, 50);
  assert.equal(handling.handle(10, 50), 16);
  for (let n = 0; n < 100; n += 1) handling.handle(10, 0.01);
  assert.equal(handling.handle(10, 0.01), 1_000);
});

it('is what is handled in 1 ms for a second after lines were dropped', () => {
  const handling = new Handling();
  for (let n = 0; n < 50; n += 1) handling.handle(100, 0.01);
  assertAbout(handling.handle(100, 0.01, true), 100);
  time += 900;
  assertAbout(handling.handle(1, 0.01), 100);
  time += 200;
  assert.equal(handling.handle(1, 0.01), 1_000);
  // Only dropped lines: nothing to measure.
  assertAbout(handling.handle(0, 1, true), 100);
});

it('takes one measurement for four times the mean at most: the process may have been off its core', () => {
  const handling = new Handling();
  for (let n = 0; n < 50; n += 1) handling.handle(10, 0.02);
  assert.ok(handling.handle(1, 500) > 500, `${handling.slots.logCredit()} lines after an outlier`);
});
