import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CostTable } from '../../../src/dispatch/cost.ts';
import { divide, divisionFor } from '../../../src/dispatch/division.ts';
import type { Execution } from '../../../src/dispatch/execution.ts';
import type { Lease } from '../../../src/dispatch/lease.ts';
import { SlotPhase, SlotTable } from '../../../src/wire/slots.ts';
import { record, type Recorded } from './helpers.ts';

const idle = { isTaking: true, inFlight: [], running: () => undefined } as unknown as Lease;

const knowing = (ms: number): CostTable => {
  const costs = new CostTable();
  costs.add('file:///x.ts#x', ms, 1);
  return costs;
};

interface Running extends Recorded {
  readonly lease: Lease;
}

/** A thread that works off a chunk: it is at `position` since `startedAt`. */
function running(count: number, position: number, startedAt: number, allowed = true): Running {
  const slots = new SlotTable();
  const recorded = record({ items: Array.from({ length: count }, (_value, n) => n), index: 100 });
  const { execution } = recorded;
  if (allowed) execution.request.sink.mayDivide = () => true;
  execution.slot = 5;
  execution.generation = slots.queue(5, count);
  slots.start(5, execution.generation, SlotPhase.EXEC, startedAt);
  for (let at = 1; at <= position; at += 1) slots.advance(5, at, startedAt);
  const lease = { slots, isTaking: true, inFlight: [execution], running: (): Execution => execution };
  return { ...recorded, lease: lease as unknown as Lease };
}

describe('division', () => {
  it('shares out what has not started, so that both end together', () => {
    const { lease, execution } = running(11, 0, 0);
    const keepAt = (at: number): number | undefined => divisionFor([lease, idle], knowing(1), at)?.keep;
    // Ten are left. The present one takes its mean; when it has run for longer, as long again.
    assert.deepEqual([0, 0.9, 4, 20].map(keepAt), [4, 4, 3, 0]);
    assert.equal(divisionFor([lease, idle], knowing(1), 0)?.execution, execution);
  });

  it('takes from the thread that has most left', () => {
    const [short, long] = [running(4, 0, 0), running(9, 0, 0)];
    assert.equal(divisionFor([short.lease, idle, long.lease], knowing(1), 0)?.lease, long.lease);
  });

  it('is not for threads that are all busy, for items that are done before they have travelled, or against the sink', () => {
    const { lease } = running(9, 0, 0);
    assert.equal(divisionFor([lease, lease], knowing(1), 0), undefined);
    assert.equal(divisionFor([lease, idle], knowing(0.01), 0), undefined);
    assert.notEqual(divisionFor([lease, undefined], knowing(1), 0), undefined);
    assert.equal(divisionFor([running(9, 0, 0, false).lease, idle], knowing(1), 0), undefined);
    assert.equal(divisionFor([running(9, 8, 0).lease, idle], knowing(1), 0), undefined);
    assert.equal(divisionFor([running(1, 0, 0).lease, idle], knowing(1), 0), undefined);
  });

  it('leaves alone what is asked to stop as a whole, not what has one item that is', () => {
    const { lease, execution } = running(9, 2, 0);
    execution.stop = { kind: 'cancelled', position: -1, hardAt: 0, reason: 'r' };
    assert.equal(divisionFor([lease, idle], knowing(1), 0), undefined);
    execution.stop = { kind: 'timeout', position: 2, hardAt: 0, reason: 'r' };
    assert.equal(divisionFor([lease, idle], knowing(1), 40)?.keep, 0);
  });

  it('knows no mean before the first has ended: what the present one has taken stands for it', () => {
    const { lease } = running(3, 0, 0);
    assert.deepEqual(divisionFor([lease, idle], new CostTable(), 10)?.keep, 0);
  });

  it('takes the items from the thread as well, and only those', () => {
    const { lease, execution } = running(9, 2, 0);
    const rest = divide({ lease, execution, keep: 1 });
    assert.deepEqual([execution.items.length, rest?.items, rest?.indexAt(0)], [4, [4, 5, 6, 7, 8], 104]);
    assert.deepEqual([lease.slots.advance(5, 3, 1), lease.slots.advance(5, 4, 1)], [true, false]);
    assert.equal(divide({ lease, execution, keep: 0 }), undefined);
    lease.slots.finish(5, execution.generation);
    assert.equal(execution.items.length, 4);
  });
});
