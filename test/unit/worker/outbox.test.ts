import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FromThread, Results, Value } from '../../../src/wire/messages.ts';
import { newSection, Outbox } from '../../../src/worker/outbox.ts';

function bench(): { readonly outbox: Outbox; readonly batches: Results[][]; readonly all: () => Results[] } {
  const batches: Results[][] = [];
  const outbox = new Outbox((batch: readonly FromThread[]) => batches.push(structuredClone(batch) as Results[]));
  return { outbox, batches, all: () => batches.flat() };
}

describe('Outbox', () => {
  it('gathers executions into one message, in order', () => {
    const { outbox, batches } = bench();
    for (const slot of [1, 2, 3]) {
      const section = newSection(slot, 7, 'x', 10);
      Outbox.addValue(section, slot * 10, 11);
      outbox.add(section, true, 11);
    }
    outbox.flush();
    outbox.flush();
    assert.equal(batches.length, 1);
    assert.deepEqual(
      batches[0],
      [1, 2, 3].map((slot) => ['value', slot, 7, 10, 11, slot * 10, 8]),
    );
  });

  it('sends an execution in parts that follow each other', () => {
    const { outbox, all } = bench();
    const section = newSection(1, 1, 'x', 10);
    Outbox.addValue(section, 'a', 12);
    Outbox.addFailure(section, new Error('b'), true, 15);
    outbox.add(section, false, 15);
    Outbox.addValue(section, 'c', 19);
    outbox.add(section, true, 19);
    outbox.flush();
    assert.deepEqual(
      all().map(([, , , from, startedAt, ends, values, failures, , last]) => [
        from,
        startedAt,
        ends,
        values,
        failures?.map(([offset, stopped]) => [offset, stopped]),
        last,
      ]),
      [
        [0, 10, [12, 15], ['a', undefined], [[1, true]], false],
        [2, 15, [19], ['c'], undefined, true],
      ],
    );
  });

  it('is due after 20 ms, 64 messages or 64 KiB', () => {
    const { outbox } = bench();
    const add = (value: unknown, now: number): void => {
      const section = newSection(1, 1, 'x', 0);
      Outbox.addValue(section, value, 0);
      outbox.add(section, true, now);
    };
    assert.equal(outbox.isDue(1e9), false);
    add(1, 100);
    assert.deepEqual([outbox.isDue(119), outbox.isDue(120)], [false, true]);
    outbox.flush();
    assert.equal(outbox.isDue(1e9), false);
    for (let i = 0; i < 64; i += 1) {
      assert.equal(outbox.isDue(200), false);
      add(1, 200);
    }
    assert.equal(outbox.isDue(200), true);
    outbox.flush();
    add(new Uint8Array(70_000), 300);
    assert.equal(outbox.isDue(300), true);
    const section = newSection(1, 1, 'x', 0);
    assert.equal(Outbox.isDue(section, 1e9), false);
    Outbox.addValue(section, 'y'.repeat(70_000), 1);
    assert.equal(Outbox.isDue(section, 1), true);
  });

  it('fails the item whose result cannot be cloned, and no other of the burst', () => {
    const { outbox, all } = bench();
    const bad = newSection(3, 1, 'bad', 5);
    Outbox.addValue(bad, { fn: () => 1 }, 6);
    outbox.add(bad, true, 6);
    const good = newSection(1, 1, 'good', 0);
    Outbox.addValue(good, 1, 1);
    outbox.add(good, true, 1);
    const mixed = newSection(2, 1, 'mixed', 0);
    Outbox.addFailure(mixed, new Error('own'), false, 1);
    for (const value of ['fine', { deep: [() => 1] }, 'fine too']) Outbox.addValue(mixed, value, 2);
    outbox.add(mixed, true, 2);
    outbox.flush();
    const [first, other, second] = all() as [Results, unknown, Results];
    assert.deepEqual(first.slice(0, 7), ['results', 3, 1, 0, 5, [6], [undefined]]);
    assert.match(JSON.stringify(first[7]), /bad: exec result \.fn is the function fn/);
    assert.deepEqual(other, ['value', 1, 1, 0, 1, 1, 8]);
    assert.deepEqual(second[6], [undefined, 'fine', undefined, 'fine too']);
    const failures = second[7]?.map(([offset, , error]) => [
      offset,
      error.kind === 'error' && error.message.split(', which')[0],
    ]);
    assert.deepEqual(failures, [
      [0, 'own'],
      [2, 'mixed: exec result .deep[0] is a function'],
    ]);
  });

  it('keeps a result as it was when user code runs again', () => {
    const { outbox, all } = bench();
    const scratch = [0];
    const section = newSection(1, 1, 'x', 0);
    for (const n of [1, 2]) {
      Outbox.keep(section);
      scratch[0] = n;
      Outbox.addValue(section, scratch, n);
    }
    outbox.add(section, true, 2);
    outbox.keep();
    scratch[0] = 3;
    const next = newSection(2, 1, 'x', 0);
    Outbox.addValue(next, scratch, 3);
    outbox.add(next, true, 3);
    outbox.flush();
    outbox.keep();
    assert.deepEqual(
      (all() as readonly (Value | Results)[]).map((message) => (message[0] === 'value' ? message[5] : message[6])),
      [[[1], [2]], [3]],
    );
  });

  it('sends a large object in place of a copy, and copies a large array', () => {
    const { outbox, batches } = bench();
    const add = (value: object): void => {
      const section = newSection(1, 1, 'x', 0);
      Outbox.addValue(section, value, 1);
      assert.equal(Outbox.isDear(section), !ArrayBuffer.isView(value));
      outbox.add(section, true, 1);
    };
    const [scratch, object] = [new Uint8Array(5_000), { text: 'first'.repeat(1_000) }];
    add(scratch);
    outbox.keep();
    assert.equal(batches.length, 0);
    scratch[0] = 1;
    add(object);
    outbox.keep();
    object.text = 'second';
    assert.equal(batches.length, 1);
    assert.deepEqual(
      (batches[0] as unknown as Value[]).map((message) => message[5]),
      [new Uint8Array(5_000), { text: 'first'.repeat(1_000) }],
    );
  });

  it('copies nothing when no user code runs in between', () => {
    const posted: unknown[] = [];
    const outbox = new Outbox((batch) => posted.push((batch[0] as Value)[5]));
    const value = { big: new Uint8Array(10) };
    const section = newSection(1, 1, 'x', 0);
    Outbox.addValue(section, value, 1);
    outbox.add(section, true, 1);
    outbox.flush();
    assert.equal(posted[0], value);
  });
});
