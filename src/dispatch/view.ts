// Thread: main
/** What the threads do at this moment, and for whom, for people who look. */
import { systemClock } from '../core/clock.ts';
import { SlotPhase } from '../wire/slots.ts';
import type { FlightView, RunStanding, ThreadView } from './dispatcher.ts';
import type { Execution } from './execution.ts';
import type { Lease } from './lease.ts';
import type { RunShare } from './run-share.ts';

/** One thread; `busyBefore` is the running time of the leases before this one, in milliseconds. */
export function viewThread(thread: number, lease: Lease | undefined, busyBefore: number): ThreadView {
  if (lease === undefined || lease.status === 'closed' || lease.status === 'ended') {
    return {
      thread,
      threadId: undefined,
      status: 'off',
      execution: undefined,
      item: undefined,
      runningMs: 0,
      busyMs: busyBefore,
      inFlight: 0,
      vitals: undefined,
    };
  }
  const { threadId } = lease;
  const told = lease.slots.vitals();
  const vitals = told.heapUsedBytes > 0 ? told : undefined;
  const busyMs = busyBefore + lease.busyMs;
  const inFlight = lease.inFlight.length;
  const execution = lease.running();
  if (execution === undefined) {
    const status = lease.status === 'starting' ? 'starting' : 'idle';
    return { thread, threadId, status, execution: undefined, item: undefined, runningMs: 0, busyMs, inFlight, vitals };
  }
  const position = Math.min(lease.slots.position(execution.slot), execution.items.length - 1);
  const index = execution.indexAt(position);
  return {
    thread,
    threadId,
    status: 'busy',
    execution,
    item: index < 0 ? undefined : index,
    runningMs: sinceMs(lease, execution),
    busyMs: busyMs + executingMs(lease, execution),
    inFlight,
    vitals,
  };
}

/** How long its thread has executed what it does now; a setup is no execution yet. */
export function executingMs(lease: Lease, execution: Execution | undefined = lease.running()): number {
  return execution === undefined || !isExecuting(lease, execution) ? 0 : sinceMs(lease, execution);
}

/** What a thread has been given and has not ended. */
export function viewFlight(lease: Lease): FlightView[] {
  const now = systemClock.now();
  return lease.inFlight.map((execution) => {
    const { slot, queuedAt, items, settled } = execution;
    const isStarted = lease.isStarted(execution);
    if (!lease.isDone(execution) && !(isStarted && isExecuting(lease, execution)))
      return { execution, runningMs: undefined, waitedMs: Math.max(0, now - queuedAt) };
    // Before its first results have come: since its present item.
    const startedAt = execution.startedAt ?? lease.slots.startedAt(slot);
    const open = items.length === 0 ? 0 : (items.length - settled) / items.length;
    return {
      execution,
      runningMs: isStarted ? sinceMs(lease, execution) : 0,
      waitedMs: Math.max(0, startedAt - queuedAt) * open,
    };
  });
}

function isExecuting({ slots }: Lease, { slot }: Execution): boolean {
  return slots.phase(slot) === SlotPhase.EXEC;
}

function sinceMs({ slots }: Lease, { slot }: Execution): number {
  return Math.max(0, systemClock.now() - slots.startedAt(slot));
}

/** What the threads have of one run. */
export function viewRun(share: RunShare, leases: readonly Lease[]): Pick<RunStanding, 'inFlight' | 'threads'> {
  let inFlight = 0;
  const threads: number[] = [];
  for (const lease of leases) {
    const held = lease.inFlight.filter(({ request }) => request.share === share).length;
    inFlight += held;
    if (held > 0) threads.push(lease.thread);
  }
  return { inFlight, threads };
}
