// Thread: main
/**
 * The threads themselves: Piscina spawns, limits, terminates and replaces them. It is given one task per thread, the
 * lease, and nothing else.
 *
 * P1 At most `threads` leases are out at a time, so none waits in Piscina's queue behind another.
 * P2 `close()` of Piscina is never called: it kills running tasks and can spin the main thread.
 * P3 `atomics: 'disabled'`: the other modes put a thread to sleep between tasks, event loop included.
 */
import { isMainThread, type MessagePort, type Transferable } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { LoadFailedError, WrongThreadError } from '../core/errors.ts';
import type { LeaseStart } from '../wire/messages.ts';

export interface PoolOptions {
  readonly threads: number;
  readonly resourceLimits: object | undefined;
  /** Called when a thread dies that holds no lease. */
  readonly onIdleDeath: (error: Error) => void;
}

/** Loads {@link file://./../worker/entry.ts}; from the sources by way of {@link file://./../worker/boot.mjs}. */
const entry = new URL(import.meta.url.endsWith('.ts') ? '../worker/boot.mjs' : '../worker/entry.js', import.meta.url);

const UNBUNDLED =
  'cano must stay out of a bundle, as an installed package (esbuild: --packages=external or --external:cano)';

export class ThreadPool {
  readonly #piscina: Promise<Piscina>;
  #made: Piscina | undefined;

  constructor(options: PoolOptions) {
    if (!isMainThread) throw new WrongThreadError('a pool of threads can be made on the main thread only');
    this.#piscina = this.#spawn(options);
  }

  /** Threads that live, those without a lease included. */
  get alive(): number {
    return this.#made?.threads.length ?? 0;
  }

  // Imported late: it would be a third of the time that importing cano takes, and a program may never need a thread.
  async #spawn({ threads, resourceLimits, onIdleDeath }: PoolOptions): Promise<Piscina> {
    const piscina = await import('piscina');
    const made = new piscina.Piscina({
      filename: entry.href,
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
      stricterFIFO: true,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    // Without a listener Piscina's error event would end the process.
    made.on('error', onIdleDeath);
    this.#made = made;
    return made;
  }

  /** Occupies a thread until the lease's end message; rejects when the thread dies or `signal` fires, which terminates it. */
  async lease(start: LeaseStart, ports: readonly MessagePort[], signal: AbortSignal): Promise<void> {
    try {
      const piscina = await this.#piscina;
      await piscina.run(start, { transferList: ports as unknown as Transferable[], signal });
    } catch (error) {
      throw isEntryMissing(error)
        ? new LoadFailedError(`there is no ${entry.href}, which threads begin with: ${UNBUNDLED}`, { cause: error })
        : error;
    }
  }

  /** Terminates all threads. */
  async destroy(): Promise<void> {
    // Without Piscina there is no thread, and the leases have failed with the reason.
    const piscina = await this.#piscina.catch(() => undefined);
    await piscina?.destroy();
    this.#made = undefined;
  }
}

function isEntryMissing(error: unknown): boolean {
  const { code, url } = (error ?? {}) as { code?: unknown; url?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' && url === entry.href;
}
