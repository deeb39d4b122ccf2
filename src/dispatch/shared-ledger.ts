// Thread: main
/**
 * Which shared values threads may hold, so that they let go of those that nobody on the main thread holds any more.
 *
 * A thread that has no lease cannot be told: what is alive is named to it at the beginning of its next one, which `unshare`
 * begins at once. That its next work comes soon is not sure, and the memory may be large.
 */
import { onSharedGone } from '../wire/share.ts';
import type { Lease } from './lease.ts';

/** Has all threads let go of shared values. `open` begins a lease on a thread that has none. */
export function unshare(
  leases: readonly (Lease | undefined)[],
  ids: readonly number[],
  open: (thread: number) => void,
): void {
  leases.forEach((lease, thread) => {
    if (lease === undefined) open(thread);
    else lease.unshare(ids);
  });
}

export class SharedLedger {
  readonly #ids = new Set<number>();
  readonly #onGone: (ids: readonly number[]) => void;
  /** From the first shared value on: most engines never see one. */
  #stopListening: (() => void) | undefined;
  #gone: number[] = [];

  /** Bytes that structures of shared values may weigh on a thread. */
  readonly limitBytes: number;

  /** @param onGone called with ids that threads may hold and are to let go of, for many at once */
  constructor(limitBytes: number, onGone: (ids: readonly number[]) => void) {
    this.limitBytes = limitBytes;
    this.#onGone = onGone;
  }

  /** A thread is being told of a shared value. */
  add(id: number): void {
    this.#ids.add(id);
    this.#stopListening ??= onSharedGone((gone) => this.#remove(gone));
  }

  /** All that are alive. */
  ids(): readonly number[] {
    return [...this.#ids];
  }

  close(): void {
    this.#stopListening?.();
  }

  #remove(id: number): void {
    if (!this.#ids.delete(id)) return;
    this.#gone.push(id);
    // A garbage collection takes many handles at once.
    if (this.#gone.length === 1) setImmediate(() => this.#tell()).unref();
  }

  #tell(): void {
    const gone = this.#gone;
    this.#gone = [];
    this.#onGone(gone);
  }
}
