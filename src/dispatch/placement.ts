// Thread: main
/** Which lease an execution goes to, and which executions are better done elsewhere. */
import { SLOT_COUNT } from '../wire/slots.ts';
import { windowOf, type CostTable } from './cost.ts';
import { keyOf, type Execution } from './execution.ts';
import type { Lease } from './lease.ts';

/** By thread number; undefined where a thread has no lease. */
export type Leases = readonly (Lease | undefined)[];

/** A lease, the number of a thread that is to get one, or undefined when the execution has to wait. */
export type Place = Lease | number | undefined;

/**
 * The lease with the least in flight: an idle one before a new thread, a new thread before a second execution ahead.
 *
 * @param expectedMs of the execution that is to be placed; undefined when that is not known
 */
export function placeFor(expectedMs: number | undefined, leases: Leases): Place {
  let best: Lease | undefined;
  let unused: number | undefined;
  for (let thread = 0; thread < leases.length; thread += 1) {
    const lease = leases[thread];
    if (lease === undefined) unused ??= thread;
    else if (lease.isTaking && !lease.heldUp && (best === undefined || lease.inFlight.length < best.inFlight.length))
      best = lease;
  }
  if (unused !== undefined && (best === undefined || best.inFlight.length > 0)) return unused;
  if (best === undefined || best.isFull) return undefined;
  return best.inFlight.length < windowOf(expectedMs, SLOT_COUNT) ? best : undefined;
}

/** Whether some thread has nothing to do, or has not begun to. */
export function hasIdle(leases: Leases): boolean {
  return leases.some((lease) => lease === undefined || (lease.isTaking && lease.inFlight.length === 0));
}

/** Executions that are better done elsewhere, the last ones first: each goes to the front of the queue. */
export interface Misplaced {
  readonly lease: Lease;
  readonly executions: readonly Execution[];
}

/** An execution that runs for so long, and for so many times the mean of its exec, is not what was expected. */
const HELD_UP_MS = 2;
const HELD_UP_TIMES = 4;

/**
 * What waits behind executions that run far longer than their exec does as a rule: others of the kind get done meanwhile by
 * the other threads, so these should not be the ones that wait. Marks the leases, and nothing is put behind such an execution
 * until a result comes.
 */
export function heldUp(leases: Leases, costs: CostTable, at: number): Misplaced[] {
  const found: Misplaced[] = [];
  for (const lease of leases) {
    if (lease === undefined || lease.inFlight.length < 2) continue;
    const running = lease.running();
    if (running === undefined) continue;
    const ranMs = at - lease.slots.startedAt(running.slot);
    const usual = costs.of(keyOf(running)) ?? Number.POSITIVE_INFINITY;
    if (ranMs < HELD_UP_MS || ranMs < usual * HELD_UP_TIMES) continue;
    lease.heldUp = true;
    found.push({ lease, executions: lease.inFlight.filter((execution) => execution !== running).toReversed() });
  }
  return found;
}

/**
 * What waits behind others while a thread has nothing to do.
 *
 * @param leastMs executions that cost less are left where they are
 */
export function misplaced(leases: Leases, costs: CostTable, leastMs: number): Misplaced[] {
  if (!hasIdle(leases)) return [];
  let longest: Lease | undefined;
  for (const lease of leases) {
    if (lease !== undefined && lease.inFlight.length > (longest?.inFlight.length ?? 1)) longest = lease;
  }
  if (longest === undefined) return [];
  const running = longest.running();
  const waiting = longest.inFlight.filter((execution) => execution !== running);
  // A thread that starts up may take long; one that runs will come to some of them itself.
  const share = longest.status === 'starting' ? waiting.length : Math.ceil(waiting.length / 2);
  const executions = waiting
    .slice(-share)
    .filter((execution) => (costs.of(keyOf(execution)) ?? Number.POSITIVE_INFINITY) >= leastMs);
  return executions.length === 0 ? [] : [{ lease: longest, executions: executions.toReversed() }];
}
