/**
 * From the wish for a run to its end: the store is made, the run is started and watched.
 *
 * L1 `onEnd` is called once, whatever becomes of it; nothing is called after it.
 */
import type { Clock, Timer } from '../core/clock.ts';
import { StoppedError } from '../core/errors.ts';
import type { StartReason } from '../core/events.ts';
import { isThenable } from '../core/thenable.ts';
import type { Run } from '../definition/run.ts';
import type { ScheduleSpec } from './spec.ts';
import type { RunPort } from './types.ts';

/** A fire, or a trigger with the one who waits for it. */
export interface Ticket {
  readonly reason: StartReason;
  /** In milliseconds since 1970, on the machine's calendar. */
  readonly scheduledAt: number;
  /** On the monotonic clock. */
  readonly due: number;
  readonly given?: { readonly store: unknown } | undefined;
  readonly resolve?: (run: Run) => void;
  readonly reject?: (error: unknown) => void;
}

export type EndStatus = 'completed' | 'failed' | 'cancelled' | 'timed_out';

export interface LaunchOptions {
  readonly ticket: Ticket;
  readonly spec: ScheduleSpec;
  readonly clock: Clock;
  readonly port: RunPort;
  readonly defaultStore: () => unknown;
  readonly onStarted: (run: Run, latenessMs: number) => void;
  readonly onEnd: (status: EndStatus, state: string | undefined, error: unknown) => void;
}

export class Launch {
  run: Run | undefined;
  readonly startedAt: number;
  readonly #options: LaunchOptions;
  #isOver = false;
  #limit: Timer | undefined;

  constructor(options: LaunchOptions) {
    this.#options = options;
    this.startedAt = options.clock.now();
  }

  /** Everything that ends at once does so before this returns. */
  begin(): void {
    let store: unknown;
    try {
      store = this.#makeStore();
    } catch (error) {
      this.#giveUp('failed', error);
      return;
    }
    if (!isThenable(store)) {
      this.#start(store);
      return;
    }
    const { spec, clock } = this.#options;
    const { timeoutMs } = spec;
    if (timeoutMs !== undefined) {
      const message = `the store of schedule '${spec.id}' was not made within its timeout of ${timeoutMs} ms`;
      this.#limit = clock.setTimer(() => this.#giveUp('timed_out', new StoppedError(message)), timeoutMs);
    }
    store.then(
      (made) => this.#start(made),
      (error: unknown) => this.#giveUp('failed', error),
    );
  }

  /** Cancels its run, or gives up on the store that is being made. */
  cancel(reason: Error): 'cancelled' | 'given_up' {
    if (this.run === undefined) {
      this.#giveUp('cancelled', reason);
      return 'given_up';
    }
    this.run.cancel(reason);
    return 'cancelled';
  }

  #makeStore(): unknown {
    const { ticket, spec, defaultStore } = this.#options;
    if (ticket.given !== undefined) return ticket.given.store;
    if (spec.makeStore === undefined) return defaultStore();
    return spec.makeStore({ schedule: spec.id, reason: ticket.reason, scheduledAt: new Date(ticket.scheduledAt) });
  }

  #start(store: unknown): void {
    if (this.#isOver) return;
    const { ticket, spec, clock, port, onStarted } = this.#options;
    let run: Run;
    try {
      run = port.start(spec.workflow, store, { timeout: spec.timeoutMs, priority: spec.priority });
    } catch (error) {
      this.#giveUp('failed', error);
      return;
    }
    this.#limit?.cancel();
    this.run = run;
    onStarted(run, ticket.reason === 'trigger' ? 0 : Math.max(0, clock.now() - ticket.due));
    const { resolve, reject } = ticket;
    if (resolve !== undefined) void run.started.then(() => resolve(run), reject ?? (() => {}));
    run.result.then(
      ({ state }) => this.#end('completed', state, undefined),
      (error: unknown) => this.#end(run.status as EndStatus, run.state, error),
    );
  }

  #giveUp(status: EndStatus, error: unknown): void {
    if (this.#isOver) return;
    this.#options.ticket.reject?.(error);
    this.#end(status, undefined, error);
  }

  #end(status: EndStatus, state: string | undefined, error: unknown): void {
    this.#isOver = true;
    this.#limit?.cancel();
    this.#options.onEnd(status, state, error);
  }
}
