/** An engine at this moment, as its users and metrics see it. */
import type { FlightView, ThreadView } from '../dispatch/dispatcher.ts';
import type { Writable } from '../core/writable.ts';
import type { ExecutionRequest } from '../dispatch/execution.ts';
import type { RunShare } from '../dispatch/run-share.ts';
import type { NodeLoad, ThreadStatus } from './types.ts';

export function threadStatusOf({ execution, item, runningMs, threadId, vitals, ...rest }: ThreadView): ThreadStatus {
  const status = {
    ...rest,
    ...(threadId === undefined ? {} : { threadId }),
    ...(vitals === undefined ? {} : vitalsOf(vitals)),
  };
  if (execution === undefined) return status;
  const { runId, state, node, branch } = execution.request;
  const which = { ...(branch === undefined ? {} : { branch }), ...(item === undefined ? {} : { item }) };
  return { ...status, execution: { runId, state, node, ...which, runningMs } };
}

function vitalsOf({ heapUsedBytes, heapLimitBytes, cpuMs }: NonNullable<ThreadView['vitals']>): Partial<ThreadStatus> {
  return {
    heapUsedBytes,
    ...(heapLimitBytes > 0 ? { heapLimitBytes } : {}),
    ...(cpuMs > 0 ? { cpuMs } : {}),
  };
}

/** What waits, of the runs with these shares, and what threads have. */
export function loadOf(shares: Iterable<RunShare | undefined>, flight: readonly FlightView[], now: number): NodeLoad[] {
  const rows = new Map<string, Writable<NodeLoad>>();
  const rowOf = ({ workflow, node }: ExecutionRequest): Writable<NodeLoad> => {
    const key = `${workflow}\0${node}`;
    let row = rows.get(key);
    if (row === undefined) {
      row = { workflow, node, queued: 0, queuedMs: 0, running: 0, runningMs: 0, waitedMs: 0 };
      rows.set(key, row);
    }
    return row;
  };
  for (const share of shares) {
    for (let waiting = share?.first; waiting !== undefined; waiting = waiting.next) {
      const row = rowOf(waiting.request);
      row.queued += 1;
      row.queuedMs += Math.max(0, now - waiting.queuedAt);
    }
  }
  for (const { execution, runningMs, waitedMs } of flight) {
    const row = rowOf(execution.request);
    if (runningMs === undefined) {
      row.queued += 1;
      row.queuedMs += waitedMs;
    } else {
      row.running += 1;
      row.runningMs += runningMs;
      row.waitedMs += waitedMs;
    }
  }
  return [...rows.values()];
}
