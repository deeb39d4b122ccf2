// Thread: main
/**
 * The tail of a batch: a thread that has nothing to do gets items of a chunk that another one works off. The moment is
 * known only when it has come, so chunks need not be small to end together.
 */
import type { CostTable } from './cost.ts';
import { keyOf, type Execution } from './execution.ts';
import type { Lease } from './lease.ts';
import { hasIdle, type Leases } from './placement.ts';

/** Items that cost less together than this are done before they have travelled. */
const WORTH_DIVIDING_MS = 0.5;

/** What is best divided. */
export interface Division {
  readonly lease: Lease;
  readonly execution: Execution;
  /** How many of the items that have not started stay. */
  readonly keep: number;
}

/**
 * The execution with the most work that has not started, while a thread has nothing to do: both are to end at the same
 * time. How long the present item still takes is not known: as long as its exec does as a rule, and when it has run for
 * longer, as long again (costs of work have heavy tails).
 */
export function divisionFor(leases: Leases, costs: CostTable, at: number): Division | undefined {
  if (!hasIdle(leases)) return undefined;
  let best: Division | undefined;
  let mostMs = WORTH_DIVIDING_MS;
  for (const lease of leases) {
    const execution = lease?.running();
    if (lease === undefined || execution === undefined || !mayDivide(execution)) continue;
    const ranMs = Math.max(0, at - lease.slots.startedAt(execution.slot));
    const eachMs = Math.max(costs.of(keyOf(execution)) ?? ranMs, Number.MIN_VALUE);
    const left = execution.items.length - 1 - lease.slots.position(execution.slot);
    const presentMs = ranMs < eachMs ? eachMs - ranMs : ranMs;
    const keep = Math.max(0, Math.floor((left - presentMs / eachMs) / 2));
    const movedMs = (left - keep) * eachMs;
    if (movedMs < mostMs) continue;
    mostMs = movedMs;
    best = { lease, execution, keep };
  }
  return best;
}

/** Takes the items away from the thread and gives them an execution of their own; undefined when the thread was faster. */
export function divide({ lease, execution, keep }: Division): Execution | undefined {
  const end = lease.slots.divide(execution.slot, execution.generation, keep);
  return end === undefined ? undefined : execution.divide(end);
}

function mayDivide(execution: Execution): boolean {
  const { stop, items, request } = execution;
  if (items.length < 2 || (stop !== undefined && stop.position < 0)) return false;
  return request.sink.mayDivide?.(execution) === true;
}
