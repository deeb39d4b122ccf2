/** One lane per thread: what it runs and how much of the last second it was busy. */

/** What one thread does; the engine's `ThreadStatus` is one. */
export interface ThreadLook {
  readonly thread: number;
  readonly status: 'off' | 'starting' | 'idle' | 'busy';
  readonly execution?: {
    readonly state: string;
    readonly node: string;
    readonly item?: number;
    readonly runningMs: number;
  };
  /** Sum of running times so far, in milliseconds. */
  readonly busyMs: number;
}

/** The engine at one moment; its `EngineStats` is one. */
export interface EngineLook {
  readonly threads: readonly ThreadLook[];
  readonly queued: number;
  readonly inFlight: number;
}

export interface Lane {
  readonly thread: number;
  readonly status: ThreadLook['status'];
  /** Busy share of about the last second, 0 to 1. */
  readonly share: number;
  /** Node that it runs, or ran last. */
  readonly node: string;
  readonly item: number | undefined;
  readonly runningMs: number;
}

const SMOOTHING_MS = 1000;

export class Lanes {
  readonly #known = new Map<number, { busyMs: number; share: number; node: string }>();
  #at: number | undefined;

  /** Takes a look at the engine and gives the lanes of this moment. */
  update(threads: readonly ThreadLook[], now: number): readonly Lane[] {
    const passed = this.#at === undefined ? 0 : now - this.#at;
    this.#at = now;
    return threads.map(({ thread, status, execution, busyMs }) => {
      let known = this.#known.get(thread);
      if (known === undefined) {
        known = { busyMs, share: 0, node: '' };
        this.#known.set(thread, known);
      }
      if (passed > 0) {
        // Results arrive in bursts, so the sum may stand still and then jump: only its average says something.
        const share = Math.min(1, Math.max(0, (busyMs - known.busyMs) / passed));
        known.share += (share - known.share) * (1 - Math.exp(-passed / SMOOTHING_MS));
        known.busyMs = busyMs;
      }
      if (execution !== undefined) known.node = execution.node;
      return {
        thread,
        status,
        share: known.share,
        node: known.node,
        item: execution?.item,
        runningMs: execution?.runningMs ?? 0,
      };
    });
  }
}
