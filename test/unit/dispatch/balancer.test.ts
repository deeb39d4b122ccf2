/** The balancer's look at what runs. What it moves is tested on real threads: adversarial/division, e2e/engine. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock } from '../../../src/core/clock.ts';
import { Balancer } from '../../../src/dispatch/balancer.ts';
import { CostTable } from '../../../src/dispatch/cost.ts';
import type { Execution } from '../../../src/dispatch/execution.ts';
import type { Lease } from '../../../src/dispatch/lease.ts';
import { ReadyQueue } from '../../../src/dispatch/ready-queue.ts';
import { RunShare } from '../../../src/dispatch/run-share.ts';
import { record } from './helpers.ts';

it('has a run pay for what runs longer than expected before that has ended', () => {
  const ready = new ReadyQueue();
  const [long, short] = [new RunShare(0), new RunShare(0)];
  for (const share of [long, long, short]) ready.push(record({ share }).execution);
  const running = ready.shift(1) as Execution;
  const startedAt = systemClock.now() - 30;
  const lease = { inFlight: [running], running: () => running, slots: { startedAt: () => startedAt } };
  const balancer = new Balancer({
    leases: [lease as unknown as Lease],
    costs: new CostTable(),
    ready,
    giveBack: () => assert.fail('nothing waits behind it'),
    pump: () => assert.fail('nothing was moved'),
  });
  balancer.balance(0);
  assert.ok(running.chargedMs >= 30, `charged ${running.chargedMs} ms`);
  assert.equal(ready.shift(1)?.request.share, short);
});
