import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import type { FromThread, Note, Notes as NotesMessage } from '../../../src/wire/messages.ts';
import { SlotTable } from '../../../src/wire/slots.ts';
import { Notes } from '../../../src/worker/notes.ts';

const FLUSH_MS = 50;
const CREDIT = 1_000;

interface Bench {
  readonly notes: Notes;
  readonly slots: SlotTable;
  readonly posted: NotesMessage[];
  readonly all: () => Note[];
  readonly pass: (ms: number) => void;
}

/** Notes over a clock that the test moves; what they post is cloned, as on the way to the main thread. */
function bench(): Bench {
  const slots = new SlotTable();
  slots.setLogCredit(CREDIT);
  const posted: NotesMessage[] = [];
  const notes = new Notes((message: FromThread) => posted.push(structuredClone(message) as NotesMessage), slots);
  notes.enter(1, 2, 3);
  return { notes, slots, posted, all: () => posted.flatMap(([, , , , list]) => list), pass: (ms) => (time += ms) };
}

let time = 1_000;
mock.method(performance, 'now', () => time);

describe('Notes', () => {
  it('belong to the item that was entered', () => {
    const { notes, posted } = bench();
    notes.progress(1, 2);
    notes.enter(4, 5, 6);
    notes.count('x', 1);
    notes.flush();
    assert.deepEqual(
      posted.map((message) => message.slice(0, 4)),
      [
        ['notes', 1, 2, 3],
        ['notes', 4, 5, 6],
      ],
    );
  });

  it('leave from inside the calls, at most every 50 ms; the newest progress wins, counters add up', () => {
    const { notes, posted, pass, all } = bench();
    const CALLS = 10_000;
    for (let i = 1; i <= CALLS; i += 1) {
      notes.progress(i, CALLS);
      notes.count('ticks', 1);
      notes.count('pairs', 2);
      pass(0.1);
    }
    notes.flush();
    assert.ok(
      posted.length >= (CALLS * 0.1) / FLUSH_MS - 1 && posted.length <= (CALLS * 0.1) / FLUSH_MS + 2,
      `${posted.length} messages`,
    );
    const sum = (name: string): number =>
      all().reduce((total, note) => total + (note[0] === 'counter' && note[1] === name ? note[2] : 0), 0);
    assert.deepEqual([sum('ticks'), sum('pairs')], [CALLS, 2 * CALLS]);
    assert.deepEqual(
      all().findLast(([kind]) => kind === 'progress'),
      ['progress', CALLS, CALLS],
    );
  });

  it('post nothing when there is nothing', () => {
    const { notes, posted } = bench();
    notes.flush();
    notes.flush();
    assert.deepEqual(posted, []);
  });

  it('keep at most a thousand log lines on the way, tell how many were dropped, and go on when they have been handled', () => {
    const { notes, slots, all, pass } = bench();
    for (let i = 0; i < 5_000; i += 1) notes.log('info', `line ${i}`, undefined);
    notes.flush();
    const lines = (): number => all().filter(([kind]) => kind === 'log').length;
    const dropped = (): number => all().reduce((total, note) => total + (note[0] === 'dropped' ? note[1] : 0), 0);
    assert.deepEqual([lines(), dropped()], [CREDIT, 4_000]);
    slots.addLogsSeen(600);
    pass(FLUSH_MS);
    for (let i = 0; i < 700; i += 1) notes.log('info', 'more', undefined);
    notes.flush();
    assert.deepEqual([lines(), dropped()], [CREDIT + 600, 4_100]);
  });

  it('take at most that many lines in 50 ms, however fast they are handled and however short the items are', () => {
    const { notes, slots, all, pass } = bench();
    const count = (kind: Note[0]): number => all().filter((note) => note[0] === kind).length;
    let seen = 0;
    for (let item = 0; item < 5_000; item += 1) {
      notes.enter(1, 2, item);
      notes.log('info', 'x', undefined);
      notes.endItem();
      slots.addLogsSeen(count('log') - seen);
      seen = count('log');
    }
    // Dropped lines are not told by each item.
    assert.deepEqual([seen, count('dropped')], [CREDIT, 0]);
    pass(FLUSH_MS);
    notes.log('info', 'the first of the next 50 ms', undefined);
    assert.deepEqual([count('log'), count('dropped')], [CREDIT + 1, 1]);
    notes.flush();
    assert.deepEqual(all().at(-1), ['dropped', 5_000 - CREDIT]);
  });

  it('of warnings and errors go on when a flood of others has taken all credit, up to a quarter more', () => {
    const { notes, all } = bench();
    for (let i = 0; i < 2 * CREDIT; i += 1) notes.log('info', 'x', undefined);
    for (let i = 0; i < CREDIT; i += 1) notes.log(i % 2 === 0 ? 'error' : 'warn', 'y', undefined);
    notes.log('debug', 'x', undefined);
    notes.flush();
    const count = (message: string): number => all().filter(([, , said]) => said === message).length;
    assert.deepEqual([count('x'), count('y')], [CREDIT, CREDIT / 4]);
    assert.deepEqual(all().at(-1), ['dropped', CREDIT + CREDIT * 0.75 + 1]);
  });

  it('of large lines are fewer: what is on the way is bounded by its weight too', () => {
    const { notes, slots, all, pass } = bench();
    const text = 'x'.repeat(2 ** 16);
    const count = (): number => all().filter(([kind]) => kind === 'log').length;
    for (let i = 0; i < 2_000; i += 1) notes.log('info', 'large', { text });
    notes.flush();
    // 17 credits each: one, and one more per 4 KiB.
    assert.equal(count(), Math.floor(CREDIT / 17));
    slots.addLogsSeen(17 * count());
    pass(FLUSH_MS);
    // Larger than all credit: it goes alone.
    notes.log('info', 'x'.repeat(2 ** 24), undefined);
    notes.log('info', 'behind it', undefined);
    notes.flush();
    assert.equal(count(), Math.floor(CREDIT / 17) + 1);
  });

  it('are dropped and counted one by one, whatever the credit is at the moment', () => {
    const { notes, slots, all } = bench();
    let seen = 0;
    const LINES = 20_000;
    for (let i = 0; i < LINES; i += 1) {
      notes.log('info', 'x', undefined);
      if (i % 7 === 0) time += 3;
      if (i % 1_000 === 0) slots.setLogCredit(16 + (i % 300));
      if (i % 100 === 0) {
        const lines = all().filter(([kind]) => kind === 'log').length;
        slots.addLogsSeen(lines - seen);
        seen = lines;
      }
    }
    notes.flush();
    const lines = all().filter(([kind]) => kind === 'log').length;
    const dropped = all().reduce((total, note) => total + (note[0] === 'dropped' ? note[1] : 0), 0);
    assert.ok(lines > 1_000 && dropped > 1_000, `${lines} lines, ${dropped} dropped`);
    assert.equal(lines + dropped, LINES);
  });

  it('send the first lines of each 50 ms at once, so that none waits behind what follows it', () => {
    const { notes, posted, pass } = bench();
    notes.flush();
    for (let i = 1; i <= 33; i += 1) {
      notes.log('info', `line ${i}`, undefined);
      assert.equal(posted.length, i);
    }
    notes.log('info', 'one too many', undefined);
    assert.equal(posted.length, 33);
    pass(FLUSH_MS);
    notes.log('info', 'the next', undefined);
    assert.deepEqual(
      posted.at(-1)?.[4].map(([, , message]) => message),
      ['one too many', 'the next'],
    );
  });

  it('hold log fields as they were, cut to what they show', () => {
    const { notes, all } = bench();
    notes.flush();
    const fields: Record<string, unknown> = { list: [1], part: new Uint8Array(10_000).subarray(0, 2) };
    notes.progress(0, 1);
    notes.log('warn', 'x', fields);
    (fields['list'] as number[]).push(2);
    fields['fn'] = () => 1;
    notes.flush();
    const [, , message, sent] = all().find(([kind]) => kind === 'log') as Extract<Note, readonly ['log', ...unknown[]]>;
    assert.equal(message, 'x');
    assert.deepEqual(sent, { list: [1], part: new Uint8Array(2) });
    assert.equal((sent as { part: Uint8Array }).part.buffer.byteLength, 2);
  });

  it('take anything without being hurt', () => {
    const { notes, all } = bench();
    const bad = {
      fn: () => 1,
      fine: 2,
      get boom(): never {
        throw new Error('no');
      },
    };
    const odd = notes as unknown as Record<'progress', (...args: unknown[]) => void> & Notes;
    odd.progress(() => 1, 'many');
    odd.log('info', 'text', bad);
    assert.throws(() => odd.progress(Symbol('s'), 1), TypeError);
    notes.flush();
    assert.deepEqual(
      all().toSorted((a, b) => (a[0] < b[0] ? -1 : 1)),
      [
        ['log', 'info', 'text', { fn: 'the function fn', fine: 2, boom: undefined }, undefined],
        ['progress', Number.NaN, Number.NaN],
      ],
    );
  });
});
