// Thread: main
/** Who pays when a thread dies. */
import { systemClock } from '../core/clock.ts';
import { messageOf, ThreadDiedError, type DeathReason } from '../core/errors.ts';
import type { Execution, ItemEnd } from './execution.ts';
import type { SlotTable } from '../wire/slots.ts';
import { hardTimeout, whereOf } from './item-end.ts';

/** What is known of a death. */
export interface Death {
  readonly reason: DeathReason;
  /** The execution that ran did it; else an earlier one may have left a timer behind. */
  readonly certain: boolean;
  readonly error: unknown;
}

/** The lease of a thread that has died. */
export interface DeadLease {
  inFlight: Execution[];
  readonly slots: SlotTable;
  running(): Execution | undefined;
  isDone(execution: Execution): boolean;
}

/** Settles what ran on the thread; gives all that it had, last to first, so that what goes to the front of the queue keeps its order. */
export function takeFromDead(lease: DeadLease, death: Death): Execution[] {
  const executions = lease.inFlight.toReversed();
  // What breaks the channel may be a result, and then nothing runs any more.
  const running =
    lease.running() ??
    (death.reason === 'protocol' ? lease.inFlight.find((execution) => lease.isDone(execution)) : undefined);
  lease.inFlight = [];
  if (running !== undefined) {
    const position = Math.max(lease.slots.position(running.slot), running.settled);
    settleRunning(running, death, position, lease.slots.startedAt(running.slot));
  }
  return executions;
}

/** `blame`: the attempt is used up. `let_off`: it is repeated for free, this once. `free`: it had no part in it. */
export type Verdict = 'blame' | 'let_off' | 'free';

/**
 * The verdict over the execution that was STARTED when its thread died. All others, waiting or finished with a result
 * that was lost, are free. Pure.
 *
 * @param letOff whether it was let off before
 */
export function judge(reason: DeathReason, certain: boolean, letOff: boolean): Verdict {
  switch (reason) {
    case 'terminated':
      // The dispatcher terminated the thread for an item that has settled since.
      return 'free';
    case 'out_of_memory':
    case 'protocol':
      return 'blame';
    case 'exit':
    case 'uncaught_error':
      return certain || letOff ? 'blame' : 'let_off';
  }
}

/** The reason that Piscina's rejection of a lease stands for, unless the lease itself was aborted. */
export function reasonOf(error: unknown): DeathReason {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  // The pool was destroyed.
  if (message === 'Terminating worker thread') return 'terminated';
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'out_of_memory';
  if (typeof message === 'string' && message.startsWith('worker exited with code')) return 'exit';
  return 'uncaught_error';
}

/**
 * Settles the item of the running execution that its thread's death ends, if the verdict is against it.
 *
 * @param position the item that ran, and `startedAt` since when; items before it have finished but their results were lost
 */
export function settleRunning(execution: Execution, death: Death, position: number, startedAt: number): void {
  // Nothing of it ran any more: what followed has been taken away from its thread (S5).
  if (position >= execution.items.length) return;
  const { stop } = execution;
  if (stop?.kind === 'timeout' && stop.position === position) {
    settleItem(execution, position, hardTimeout(execution, startedAt));
    return;
  }
  if (stop?.kind === 'setup') return;
  if (stop?.kind === 'cancelled') {
    const endedAt = systemClock.now();
    settleItem(execution, position, { outcome: 'cancelled', value: undefined, error: stop.reason, startedAt, endedAt });
    return;
  }
  const item = execution.indexAt(position);
  const verdict = judge(death.reason, death.certain, execution.letOff === item);
  execution.letOff = verdict === 'let_off' ? item : undefined;
  if (verdict !== 'blame') return;
  const end: ItemEnd = {
    outcome: 'crash',
    value: undefined,
    error: diedError(execution, death),
    startedAt,
    endedAt: systemClock.now(),
  };
  settleItem(execution, position, end);
}

function settleItem(execution: Execution, position: number, end: ItemEnd): void {
  execution.ranMs += Math.max(0, end.endedAt - end.startedAt);
  if (position === execution.settled) execution.settleNext(end);
  else execution.settleAt(position, end);
}

function diedError(execution: Execution, { reason, error }: Death): ThreadDiedError {
  const { node } = execution.request;
  return new ThreadDiedError(`exec of '${node}' did not end: ${describe(reason, error)}`, reason, {
    cause: error,
    where: whereOf(execution),
  });
}

function describe(reason: DeathReason, error: unknown): string {
  switch (reason) {
    case 'exit':
      return `it ended its thread (${messageOf(error)})`;
    case 'uncaught_error':
      return `an error thrown outside its call ended its thread: ${messageOf(error)}`;
    case 'out_of_memory':
      return 'its thread ran out of heap memory; raise resourceLimits or give it less at once';
    case 'terminated':
      return 'its thread was terminated';
    case 'protocol':
      return 'its thread closed the channel to the main thread';
  }
}
