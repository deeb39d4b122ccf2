import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import * as fc from 'fast-check';
import { SLOT_COUNT, SlotPhase, SlotState, SlotTable, STOP_ALL } from '../../../src/wire/slots.ts';
import { DIVIDED, POSITIONS, timeOf, type SlotWork } from '../../fixtures/execs/slot-worker.ts';

function workOn(work: Omit<SlotWork, 'control' | 'started'>): {
  readonly work: SlotWork;
  readonly ended: Promise<unknown>;
} {
  const whole: SlotWork = { ...work, control: new SharedArrayBuffer(16), started: new SharedArrayBuffer(work.rounds) };
  const worker = new Worker(new URL('../../fixtures/execs/slot-worker.ts', import.meta.url), { workerData: whole });
  return { work: whole, ended: once(worker, 'exit') };
}

describe('SlotTable', () => {
  it('begins free and goes to DONE by way of QUEUED and STARTED', () => {
    const table = new SlotTable();
    const thread = new SlotTable(table.buffer);
    assert.equal(table.state(3, 0), SlotState.FREE);
    const generation = table.queue(3, 9);
    assert.equal(generation, 1);
    assert.equal(thread.state(3, generation), SlotState.QUEUED);
    assert.equal(thread.start(3, generation, SlotPhase.SETUP, 12.5), true);
    assert.equal(table.state(3, generation), SlotState.STARTED);
    assert.equal(table.phase(3), SlotPhase.SETUP);
    assert.equal(table.startedAt(3), 12.5);
    thread.leaveSetup(3, 13);
    assert.deepEqual([table.position(3), table.phase(3), table.startedAt(3)], [0, SlotPhase.EXEC, 13]);
    assert.equal(thread.advance(3, 7, 13.25), true);
    assert.deepEqual([table.position(3), table.phase(3), table.startedAt(3)], [7, SlotPhase.EXEC, 13.25]);
    thread.finish(3, generation);
    assert.equal(table.state(3, generation), SlotState.DONE);
  });

  it('lets only what is QUEUED be taken back or started, once', () => {
    const table = new SlotTable();
    const generation = table.queue(0, 1);
    assert.equal(table.steal(0, generation), true);
    assert.equal(table.steal(0, generation), false);
    assert.equal(table.start(0, generation, SlotPhase.EXEC, 1), false);
    assert.equal(table.state(0, generation), SlotState.STOLEN);
    const next = table.queue(0, 1);
    assert.equal(table.start(0, next, SlotPhase.EXEC, 1), true);
    assert.equal(table.start(0, next, SlotPhase.EXEC, 1), false);
    assert.equal(table.steal(0, next), false);
  });

  it('ignores whoever names an older generation, and shows it as DONE', () => {
    const table = new SlotTable();
    const old = table.queue(5, 1);
    table.steal(5, old);
    const young = table.queue(5, 1);
    assert.notEqual(young, old);
    assert.equal(table.start(5, old, SlotPhase.EXEC, 1), false);
    assert.equal(table.steal(5, old), false);
    table.finish(5, old);
    assert.equal(table.state(5, old), SlotState.DONE);
    assert.equal(table.state(5, young), SlotState.QUEUED);
  });

  it('wraps its generations without leaving 31 bits', () => {
    const table = new SlotTable();
    const words = new Int32Array(table.buffer);
    const last = 0x0fff_ffff;
    // The word of slot 0 is the first one after the header.
    words[4] = (last - 1) << 3;
    assert.equal(table.queue(0, 1), last);
    assert.equal(table.start(0, last, SlotPhase.EXEC, 1), true);
    table.finish(0, last);
    assert.equal(table.queue(0, 1), 0);
    assert.equal(table.steal(0, 0), true);
  });

  it('asks all or one item to stop, and forgets it with the next generation', () => {
    const table = new SlotTable();
    table.queue(1, 1);
    assert.equal(table.mustStop(1, 0), false);
    table.requestStop(1, 3);
    assert.deepEqual(
      [0, 1, 2, 3].map((position) => table.mustStop(1, position)),
      [false, false, true, false],
    );
    table.requestStop(1, STOP_ALL);
    assert.deepEqual(
      [0, 5_000].map((position) => table.mustStop(1, position)),
      [true, true],
    );
    assert.equal(table.mustStop(2, 0), false);
    table.queue(1, 1);
    assert.equal(table.mustStop(1, 0), false);
  });

  it('gives items away from the end, never the one that runs', () => {
    const table = new SlotTable();
    const thread = new SlotTable(table.buffer);
    const generation = table.queue(2, 10);
    // What is not STARTED is taken back as a whole, if at all.
    assert.equal(table.divide(2, generation, 0), undefined);
    thread.start(2, generation, SlotPhase.SETUP, 1);
    assert.equal(table.divide(2, generation, 9), undefined);
    assert.equal(table.divide(2, generation, 7), 8);
    thread.leaveSetup(2, 2);
    assert.deepEqual(
      [1, 2, 3].map((position) => thread.advance(2, position, position)),
      [true, true, true],
    );
    assert.equal(table.divide(2, generation + 1, 0), undefined);
    assert.equal(table.divide(2, generation, 1), 5);
    assert.equal(thread.advance(2, 4, 4), true);
    assert.deepEqual([table.divide(2, generation, 0), table.position(2)], [undefined, 4]);
    assert.equal(thread.advance(2, 5, 5), false);
    assert.equal(table.position(2), 4);
    thread.finish(2, generation);
    assert.equal(table.divide(2, generation, 0), undefined);
  });

  it('gives nothing away once the thread has taken the rest', () => {
    const table = new SlotTable();
    const generation = table.queue(0, 5_000);
    table.start(0, generation, SlotPhase.SETUP, 1);
    assert.equal(table.divide(0, generation, 2_000), 2_001);
    assert.equal(table.takeRest(0), 2_001);
    assert.deepEqual([table.divide(0, generation, 0), table.position(0)], [undefined, 2_000]);
    table.queue(1, 0);
    assert.equal(table.takeRest(1), 0);
  });

  it('counts handled log lines', () => {
    const table = new SlotTable();
    table.addLogsSeen(3);
    table.addLogsSeen(4);
    assert.equal(new SlotTable(table.buffer).logsSeen(), 7);
  });

  it('keeps slots apart', () => {
    const table = new SlotTable();
    const op = fc.record({ slot: fc.nat(SLOT_COUNT - 1), what: fc.constantFrom('queue', 'start', 'steal', 'finish') });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 200 }), (ops) => {
        const model = new Map<number, { generation: number; state: number }>();
        for (const { slot, what } of ops) {
          const known = model.get(slot);
          if (what === 'queue') {
            if (known !== undefined && known.state <= SlotState.STARTED) continue;
            model.set(slot, { generation: table.queue(slot, 1), state: SlotState.QUEUED });
          } else if (known !== undefined) {
            if (what === 'finish') table.finish(slot, known.generation);
            const took =
              what === 'start'
                ? table.start(slot, known.generation, SlotPhase.EXEC, slot)
                : what === 'steal' && table.steal(slot, known.generation);
            assert.equal(took, known.state === SlotState.QUEUED && what !== 'finish');
            if (took) known.state = what === 'start' ? SlotState.STARTED : SlotState.STOLEN;
            else if (what === 'finish' && known.state === SlotState.STARTED) known.state = SlotState.DONE;
          }
        }
        for (const [slot, { generation, state }] of model) {
          assert.equal(table.state(slot, generation), state);
          table.start(slot, generation, SlotPhase.EXEC, 0);
          table.finish(slot, generation);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('SlotTable with two threads', () => {
  it('gives every execution to exactly one of thief and thread', async () => {
    const rounds = 1_600 * SLOT_COUNT;
    const table = new SlotTable();
    const { work, ended } = workOn({ mode: 'start', slots: table.buffer, rounds });
    const control = new Int32Array(work.control);
    const stolen = new Uint8Array(rounds);
    for (let block = 0; block * SLOT_COUNT < rounds; block += 1) {
      const generations = Array.from({ length: SLOT_COUNT }, (_value, slot) => table.queue(slot, 1));
      assert.ok(generations.every((generation) => generation === block + 1));
      Atomics.store(control, 0, block + 1);
      Atomics.notify(control, 0);
      // Begins when the thread is awake, unless it does not come to run at all.
      for (let spins = 0; Atomics.load(control, 2) <= block && spins < 20_000; spins += 1);
      // In turn towards the thread and along with it, so that they meet at every slot.
      for (let step = 0; step < SLOT_COUNT; step += 1) {
        const slot = block % 2 === 0 ? SLOT_COUNT - 1 - step : step;
        if (table.steal(slot, block + 1)) stolen[block * SLOT_COUNT + slot] = 1;
      }
      while (Atomics.load(control, 1) <= block) Atomics.wait(control, 1, block, 1_000);
    }
    await ended;
    const started = new Uint8Array(work.started);
    let [byThread, byThief] = [0, 0];
    for (let round = 0; round < rounds; round += 1) {
      assert.equal((started[round] as number) + (stolen[round] as number), 1, `round ${round}`);
      byThread += started[round] as number;
      byThief += stolen[round] as number;
    }
    // It was a race, also on a machine with other things to do.
    assert.ok(byThread > 100 && byThief > 100, `${byThread} started, ${byThief} stolen`);
  });

  it('never shows a start time that is older than the item, nor half of one', async () => {
    const table = new SlotTable();
    table.queue(0, POSITIONS);
    const { work, ended } = workOn({ mode: 'advance', slots: table.buffer, rounds: 100 * POSITIONS });
    const control = new Int32Array(work.control);
    Atomics.wait(control, 0, 0, 10_000);
    let looks = 0;
    while (Atomics.load(control, 1) === 0) {
      const block = Atomics.load(control, 2);
      const position = table.position(0);
      const startedAt = table.startedAt(0);
      if (table.position(0) !== position || Atomics.load(control, 2) !== block) continue;
      looks += 1;
      if (startedAt !== timeOf(position) && startedAt !== timeOf((position + 1) % POSITIONS)) {
        assert.fail(`item ${position} with ${startedAt}`);
      }
    }
    await ended;
    assert.ok(looks > 0);
  });

  it('has every item of a divided execution started by exactly one side', async () => {
    const [rounds, items] = [1_500, DIVIDED];
    const table = new SlotTable();
    const { work, ended } = workOn({ mode: 'divide', slots: table.buffer, rounds: rounds * items });
    const control = new Int32Array(work.control);
    const taken = new Uint8Array(rounds * items);
    for (let round = 0; round < rounds; round += 1) {
      const generation = table.queue(0, items);
      Atomics.store(control, 0, round + 1);
      Atomics.notify(control, 0);
      // They begin together: the thread waits for this word in the middle of its items.
      while (Atomics.load(control, 2) <= round) Atomics.wait(control, 2, round, 1);
      Atomics.store(control, 3, round + 1);
      Atomics.notify(control, 3);
      let end = items;
      while (Atomics.load(control, 1) <= round) {
        // Mostly the last item, so that they meet in the middle; at times all that is left.
        const keep = round % 7 === 0 ? 0 : Math.max(0, end - 2 - table.position(0));
        const newEnd = table.divide(0, generation, keep);
        if (newEnd === undefined) continue;
        taken.fill(1, round * items + newEnd, round * items + end);
        end = newEnd;
      }
    }
    await ended;
    const started = new Uint8Array(work.started);
    let [byThread, byThief] = [0, 0];
    for (let at = 0; at < started.length; at += 1) {
      assert.equal((started[at] as number) + (taken[at] as number), 1, `item ${at % items} of round ${at / items}`);
      byThread += started[at] as number;
      byThief += taken[at] as number;
    }
    // It was a race, also on a machine with other things to do.
    assert.ok(byThread > rounds + 100 && byThief > 100, `${byThread} started, ${byThief} taken`);
  });
});
