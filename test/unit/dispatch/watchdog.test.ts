import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { SetupFailedError } from '../../../src/core/errors.ts';
import type { Execution } from '../../../src/dispatch/execution.ts';
import type { Lease } from '../../../src/dispatch/lease.ts';
import { heldUp, misplaced, placeFor } from '../../../src/dispatch/placement.ts';
import { CostTable } from '../../../src/dispatch/cost.ts';
import { Watchdog } from '../../../src/dispatch/watchdog.ts';
import { SlotPhase, SlotTable, STOP_ALL } from '../../../src/wire/slots.ts';
import { record, type Recorded } from './helpers.ts';

const GRACE_MS = 100;
let time = 0;

beforeEach(() => {
  time = 1_000;
  mock.method(performance, 'now', () => time);
});
afterEach(() => mock.restoreAll());

class Bench {
  readonly slots = new SlotTable();
  readonly asked: number[] = [];
  terminated = 0;
  ticks = 0;
  readonly recorded: Recorded;
  readonly watchdog: Watchdog;
  readonly lease: Lease;

  constructor(timeoutMs: number | undefined, phase: SlotPhase = SlotPhase.EXEC) {
    this.recorded = record({ items: [1, 2, 3], index: 0, timeoutMs });
    const { execution } = this.recorded;
    execution.slot = 0;
    execution.generation = this.slots.queue(0, 3);
    this.slots.start(0, execution.generation, phase, time);
    this.lease = {
      slots: this.slots,
      running: () => execution,
      requestStop: (_execution: Execution, what: number) => this.asked.push(what),
      terminate: () => (this.terminated += 1),
    } as unknown as Lease;
    this.watchdog = new Watchdog({
      leases: () => [this.lease],
      onTick: () => (this.ticks += 1),
      isNeeded: () => false,
      graceMs: GRACE_MS,
    });
  }

  get execution(): Execution {
    return this.recorded.execution;
  }

  at(ms: number): this {
    time = 1_000 + ms;
    this.watchdog.tick();
    return this;
  }

  close(): void {
    this.watchdog.close();
  }
}

describe('the watchdog', () => {
  it('asks an item that runs beyond its timeout to stop, then terminates its thread', () => {
    const bench = new Bench(50);
    bench.at(50);
    assert.deepEqual(bench.asked, []);
    bench.at(51);
    assert.deepEqual(bench.asked, [1]);
    assert.deepEqual([bench.execution.stop?.kind, bench.execution.stop?.position], ['timeout', 0]);
    bench.at(51 + GRACE_MS - 1);
    assert.deepEqual([bench.asked, bench.terminated], [[1], 0]);
    bench.at(51 + GRACE_MS);
    assert.equal(bench.terminated, 1);
    bench.close();
  });

  it('leaves the thread alone when the next item runs, and gives that one its own time and grace', () => {
    const bench = new Bench(50);
    bench.at(60);
    bench.slots.advance(0, 1, 1_070);
    bench.at(1_000);
    assert.deepEqual([bench.asked, bench.terminated], [[1, 2], 0]);
    // The request for the first item may still stand here, as its result has not come: it takes no time from the second.
    bench.at(1_000 + GRACE_MS - 1);
    assert.equal(bench.terminated, 0);
    bench.at(1_000 + GRACE_MS);
    assert.equal(bench.terminated, 1);
    bench.close();
  });

  it('gives no more time to what is asked to stop again', () => {
    const bench = new Bench(50);
    bench.at(60);
    time = 1_120;
    bench.watchdog.stop(bench.lease, bench.execution, 'cancelled', -1, 'why');
    assert.deepEqual(bench.asked, [1, STOP_ALL]);
    assert.equal(bench.execution.stop?.hardAt, 1_060 + GRACE_MS);
    bench.at(60 + GRACE_MS);
    assert.equal(bench.terminated, 1);
    bench.close();
  });

  it('measures setup by setupTimeout, and never an item by the time of its setup', () => {
    const bench = new Bench(50, SlotPhase.SETUP);
    bench.at(1_000);
    assert.deepEqual([bench.asked, bench.terminated], [[], 0]);
    bench.slots.leaveSetup(0, 2_000);
    bench.at(1_040);
    assert.deepEqual([bench.asked, bench.terminated], [[], 0]);
    const late = new Bench(undefined, SlotPhase.SETUP);
    late.at(1_041 + 1_001);
    assert.equal(late.terminated, 1);
    assert.ok(late.execution.stop?.reason instanceof SetupFailedError);
    bench.close();
    late.close();
  });

  it('lets what has no timeout run', () => {
    const bench = new Bench(undefined);
    bench.at(1e9);
    assert.deepEqual([bench.asked, bench.terminated, bench.ticks], [[], 0, 1]);
    bench.close();
  });
});

describe('placement', () => {
  interface Fake {
    inFlight: Execution[];
    isTaking: boolean;
    isFull: boolean;
    status: string;
    heldUp: boolean;
    slots: { startedAt: (slot: number) => number };
    running: () => Execution | undefined;
  }
  const lease = (count: number, more: Partial<Fake> = {}): Fake & Lease => {
    const inFlight = Array.from({ length: count }, () => record().execution);
    return {
      inFlight,
      isTaking: true,
      isFull: false,
      heldUp: false,
      status: 'open',
      running: () => inFlight[0],
      ...more,
    } as Fake & Lease;
  };
  const known = (ms: number): CostTable => {
    const costs = new CostTable();
    costs.add('file:///x.ts#x', ms, 1);
    return costs;
  };

  it('takes an idle lease, then a thread without one, then the lease with the least in flight', () => {
    const [idle, busy, busier] = [lease(0), lease(1), lease(2)];
    assert.equal(placeFor(1, [busy, idle, undefined]), idle);
    assert.equal(placeFor(1, [busy, undefined]), 1);
    assert.equal(placeFor(1, [busier, busy]), busy);
    assert.equal(placeFor(undefined, [undefined]), 0);
  });

  it('lets an execution wait when the window of every lease is full', () => {
    assert.equal(placeFor(undefined, [lease(1), lease(1)]), undefined);
    assert.equal(placeFor(5, [lease(2), lease(2)]), undefined);
    assert.notEqual(placeFor(0.1, [lease(2), lease(2)]), undefined);
    assert.equal(placeFor(1, [lease(0, { isTaking: false })]), undefined);
    assert.equal(placeFor(0, [lease(64, { isFull: true })]), undefined);
  });

  it('finds what waits behind others while a thread has nothing to do, the last ones first', () => {
    const full = lease(6);
    const [found, ...others] = misplaced([full, lease(0)], known(1), 0);
    assert.deepEqual(others, []);
    assert.equal(found?.lease, full);
    assert.deepEqual(found?.executions, full.inFlight.slice(3).toReversed());
    assert.deepEqual(misplaced([full, lease(1)], known(1), 0), []);
    assert.deepEqual(misplaced([lease(1), lease(0)], known(1), 0), []);
    assert.deepEqual(misplaced([full, undefined], known(0.1), 0.5), []);
    const starting = lease(4, { status: 'starting', running: () => undefined });
    assert.equal(misplaced([starting, undefined], known(1), 0)[0]?.executions.length, 4);
  });

  it('finds what waits behind one that runs far longer than its exec does, and puts nothing behind it', () => {
    const started = (at: number): Partial<Fake> => ({ slots: { startedAt: () => at } });
    const [long, usual, alone] = [lease(4, started(0)), lease(4, started(9)), lease(1, started(0))];
    const found = heldUp([long, usual, alone, undefined], known(1), 10);
    assert.deepEqual(
      found.map((each) => [each.lease, each.executions]),
      [[long, long.inFlight.slice(1).toReversed()]],
    );
    assert.deepEqual([long.heldUp, usual.heldUp, alone.heldUp], [true, false, false]);
    assert.equal(placeFor(0.1, [long, usual]), usual);
    assert.equal(placeFor(0.1, [long]), undefined);
    // Long, but so are all of its kind; short, and so are they; not known yet.
    for (const costs of [known(3), new CostTable()]) assert.deepEqual(heldUp([lease(4, started(0))], costs, 10), []);
    assert.deepEqual(heldUp([lease(4, started(8.5))], known(0.001), 10), []);
  });
});
