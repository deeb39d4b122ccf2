// Thread: main
/**
 * One timer that looks at what runs: attempts beyond their timeout, requests to stop that are not obeyed, setups that do
 * not end, work that waits behind a long execution. It reads shared memory, so a thread that computes hides nothing.
 *
 * K1 A timeout counts running time only: from the item's start on its thread.
 * K2 Soft first: stop word, `ctx.signal`. The thread is terminated when the grace is over and the same item still runs.
 * K3 The timer runs only while something is in flight and never keeps the process alive.
 */
import { systemClock, type Timer } from '../core/clock.ts';
import { SetupFailedError } from '../core/errors.ts';
import type { BoundExec } from '../node.ts';
import { SlotPhase, STOP_ALL } from '../wire/slots.ts';
import type { Execution, Stop } from './execution.ts';
import { timeoutError } from './item-end.ts';
import type { Lease } from './lease.ts';

const TICK_MS = 5;

export interface WatchdogOptions {
  readonly leases: () => Iterable<Lease>;
  /** Called on every tick, for what else must be looked at. */
  readonly onTick: () => void;
  /** Whether there is anything to watch. */
  readonly isNeeded: () => boolean;
  readonly graceMs: number;
}

const { now } = systemClock;

export class Watchdog {
  readonly #options: WatchdogOptions;
  #timer: Timer | undefined;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** Begins to look, unless it does already. */
  arm(): void {
    if (this.#timer !== undefined) return;
    this.#timer = systemClock.setTimer(() => {
      this.#timer = undefined;
      this.tick();
      if (this.#options.isNeeded()) this.arm();
    }, TICK_MS);
    this.#timer.unref();
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** One look at all leases. */
  tick(): void {
    const at = now();
    for (const lease of this.#options.leases()) {
      const running = lease.running();
      if (running !== undefined) this.#look(lease, running, at);
    }
    this.#options.onTick();
  }

  /** Asks to stop an execution (position -1) or one item of it, and sees to it that it does. */
  stop(lease: Lease, execution: Execution, kind: Stop['kind'], position: number, reason: unknown): void {
    // A second request must not give it more time; one that was for another item is over.
    const before = execution.stop;
    const sameBefore = before !== undefined && (position < 0 || before.position < 0 || before.position === position);
    const hardAt = Math.min(sameBefore ? before.hardAt : Number.POSITIVE_INFINITY, now() + this.#options.graceMs);
    execution.stop = { kind, position, hardAt, reason };
    lease.requestStop(execution, position < 0 ? STOP_ALL : position + 1);
    this.arm();
  }

  #look(lease: Lease, execution: Execution, at: number): void {
    const { slots } = lease;
    const position = slots.position(execution.slot);
    const phase = slots.phase(execution.slot);
    const startedAt = slots.startedAt(execution.slot);
    // The thread writes the time before position and phase: a time read after them is that of the item, or newer.
    if (position !== slots.position(execution.slot)) return;
    const { stop, request } = execution;

    if (phase === SlotPhase.SETUP) {
      const limit = (request.exec as BoundExec<unknown, unknown>).setupTimeoutMs;
      if (at - startedAt > limit) {
        const reason = new SetupFailedError(
          `exec '${(request.exec as BoundExec<unknown, unknown>).name}' was not ready after its setupTimeout of ${limit} ms (loading its file and setup)`,
        );
        execution.stop = { kind: 'setup', position: -1, hardAt: at, reason };
        lease.terminate();
      } else if (stop !== undefined && at >= stop.hardAt) {
        lease.terminate();
      }
      return;
    }
    const applies = stop !== undefined && (stop.position < 0 || stop.position === position);
    if (applies) {
      if (at >= stop.hardAt) lease.terminate();
    } else if (request.timeoutMs !== undefined && at - startedAt > request.timeoutMs) {
      this.stop(lease, execution, 'timeout', position, timeoutError(execution, 'soft'));
    }
  }
}
