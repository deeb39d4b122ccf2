// Thread: main
/** How items end, from what is known of them. */
import { systemClock } from '../core/clock.ts';
import { decodeError } from '../core/error-codec.ts';
import { AttemptTimeoutError, type StopRung, type Where } from '../core/errors.ts';
import { notCloneable } from '../wire/clone-check.ts';
import type { ItemFailure } from '../wire/messages.ts';
import { prepareForWire } from '../wire/transfer.ts';
import type { Execution, ItemEnd } from './execution.ts';

/** An item that failed without having run. */
export function failedAt(at: number, error: unknown): ItemEnd {
  return { outcome: 'error', value: undefined, error, startedAt: at, endedAt: at };
}

/** An item that was stopped before it ran, or was lost while it was being stopped. */
export function cancelledAt(at: number, reason: unknown): ItemEnd {
  return { outcome: 'cancelled', value: undefined, error: reason, startedAt: at, endedAt: at };
}

/**
 * An item whose result has arrived. That it was stopped for its timeout outranks what it gave, and is known from the
 * thread too: by the time the result is here, the request may be one for a later item.
 */
export function endOf(
  execution: Execution,
  position: number,
  failed: ItemFailure | undefined,
  value: unknown,
  startedAt: number,
  endedAt: number,
): ItemEnd {
  const { stop } = execution;
  const isStopped = failed?.[1] === true;
  if (isStopped && stop?.kind === 'cancelled')
    return { outcome: 'cancelled', value: undefined, error: stop.reason, startedAt, endedAt };
  if (isStopped || (stop?.kind === 'timeout' && stop.position === position)) {
    return { outcome: 'timeout', value: undefined, error: timeoutError(execution, 'soft'), startedAt, endedAt };
  }
  if (failed === undefined) return { outcome: 'ok', value, error: undefined, startedAt, endedAt };
  return { outcome: 'error', value: undefined, error: decodeError(failed[2]), startedAt, endedAt };
}

/** Settles those items of an execution that cannot be cloned, and takes them out. */
export function settleNotCloneable(execution: Execution, at: number): void {
  // From the last: positions of earlier items must not move.
  for (let position = execution.items.length - 1; position >= 0; position -= 1) {
    const item = execution.items[position];
    try {
      structuredClone(prepareForWire(item).value);
    } catch (error) {
      execution.settleAt(position, failedAt(at, notCloneable(`${execution.request.node}: exec input`, item, error)));
    }
  }
}

/** How an item ends whose thread was terminated for its timeout. */
export function hardTimeout(execution: Execution, startedAt: number): ItemEnd {
  return {
    outcome: 'timeout',
    value: undefined,
    error: timeoutError(execution, 'hard'),
    startedAt,
    endedAt: systemClock.now(),
  };
}

/** What an attempt fails with that ran longer than its timeout. */
export function timeoutError(execution: Execution, rung: StopRung): AttemptTimeoutError {
  const { node, timeoutMs = 0 } = execution.request;
  return new AttemptTimeoutError(`exec of '${node}'`, timeoutMs, rung, { where: whereOf(execution) });
}

/** Where an execution belongs, for errors. */
export function whereOf({ request, thread }: Execution): Where {
  const { node, runId, state, visit, branch } = request;
  return {
    node,
    runId,
    state,
    visit,
    ...(branch === undefined ? {} : { branch }),
    ...(thread === undefined ? {} : { thread }),
  };
}
