// Thread: main
/** What the threads do at this moment, and for whom, for people who look. */
import { systemClock } from '../core/clock.ts';
import type { RunStanding, ThreadView } from './dispatcher.ts';
import type { Lease } from './lease.ts';
import type { RunShare } from './run-share.ts';

/** One thread; `busyBefore` is the running time of the leases before this one, in milliseconds. */
export function viewThread(thread: number, lease: Lease | undefined, busyBefore: number): ThreadView {
  if (lease === undefined || lease.status === 'closed' || lease.status === 'ended') {
    return {
      thread,
      status: 'off',
      execution: undefined,
      item: undefined,
      runningMs: 0,
      busyMs: busyBefore,
      inFlight: 0,
      vitals: undefined,
    };
  }
  const told = lease.slots.vitals();
  const vitals = told.heapUsedBytes > 0 ? told : undefined;
  const busyMs = busyBefore + lease.busyMs;
  const inFlight = lease.inFlight.length;
  const execution = lease.running();
  if (execution === undefined) {
    const status = lease.status === 'starting' ? 'starting' : 'idle';
    return { thread, status, execution: undefined, item: undefined, runningMs: 0, busyMs, inFlight, vitals };
  }
  const runningMs = Math.max(0, systemClock.now() - lease.slots.startedAt(execution.slot));
  const position = Math.min(lease.slots.position(execution.slot), execution.items.length - 1);
  const index = execution.indexAt(position);
  return {
    thread,
    status: 'busy',
    execution,
    item: index < 0 ? undefined : index,
    runningMs,
    busyMs: busyMs + runningMs,
    inFlight,
    vitals,
  };
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
