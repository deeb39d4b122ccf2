// Thread: main
/**
 * Moves work that is on threads already to where it gets done sooner.
 *
 * M1 Only what has not started is moved: executions by QUEUED → STOLEN, items by S5. What is moved settles once, as ever.
 * M2 With something in the queue, an idle thread needs nothing from here.
 */
import { systemClock } from '../core/clock.ts';
import type { CostTable } from './cost.ts';
import { divide, divisionFor } from './division.ts';
import type { Execution } from './execution.ts';
import { heldUp, misplaced, type Leases } from './placement.ts';
import type { ReadyQueue } from './ready-queue.ts';

export interface BalancerOptions {
  readonly leases: Leases;
  readonly costs: CostTable;
  readonly ready: ReadyQueue;
  /** An execution has been taken off its thread: it goes to the front of the queue. */
  readonly giveBack: (execution: Execution) => void;
  /** Hands to the threads what is in the queue. */
  readonly pump: () => void;
}

const { now } = systemClock;

export class Balancer {
  readonly #options: BalancerOptions;

  constructor(options: BalancerOptions) {
    this.#options = options;
  }

  /**
   * Charges what runs longer than expected, takes back what waits behind it and what waits while a thread has nothing to do;
   * then divides what runs.
   *
   * @param leastMs executions that cost less are left where they are
   */
  balance(leastMs: number): void {
    const { leases, costs, ready, giveBack, pump } = this.#options;
    const at = now();
    this.#charge(at);
    const found = heldUp(leases, costs, at);
    if (ready.size === 0) found.push(...misplaced(leases, costs, leastMs));
    for (const { lease, executions } of found) {
      for (const execution of executions) if (lease.steal(execution)) giveBack(execution);
    }
    if (found.length > 0) pump();
    this.#divide();
  }

  // Who runs longer than expected pays at once: another run must not have to wait for the end to get its share.
  #charge(at: number): void {
    const { leases, ready } = this.#options;
    for (const lease of leases) {
      const running = lease?.running();
      if (lease !== undefined && running !== undefined)
        ready.chargeAtLeast(running, at - lease.slots.startedAt(running.slot));
    }
  }

  #divide(): void {
    const { leases, costs, ready, pump } = this.#options;
    // Once per thread at most: each division gives one of them something to do.
    for (let idle = leases.length; idle > 0 && ready.size === 0; idle -= 1) {
      const division = divisionFor(leases, costs, now());
      const rest = division === undefined ? undefined : divide(division);
      if (division === undefined || rest === undefined) return;
      const { execution } = division;
      ready.refund(execution, rest.items.length / (execution.items.length + rest.items.length));
      execution.request.sink.divided?.(execution, rest);
      pump();
    }
  }
}
