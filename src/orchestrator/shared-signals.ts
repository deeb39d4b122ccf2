/**
 * Listens to the signals that runs are started with.
 *
 * A signal gets one listener however many runs share it: Node warns of a leak at the eleventh.
 */
export class SharedSignals {
  readonly #listened = new Map<AbortSignal, { readonly waiting: Set<() => void>; readonly onAbort: () => void }>();

  /** Calls `listener` when the signal fires, at once if it has; returns what takes it back. */
  listen(signal: AbortSignal, listener: () => void): () => void {
    if (signal.aborted) {
      listener();
      return () => {};
    }
    let listened = this.#listened.get(signal);
    if (listened === undefined) {
      const waiting = new Set<() => void>();
      const onAbort = (): void => {
        this.#listened.delete(signal);
        for (const each of waiting) each();
      };
      listened = { waiting, onAbort };
      this.#listened.set(signal, listened);
      signal.addEventListener('abort', onAbort, { once: true });
    }
    const { waiting, onAbort } = listened;
    waiting.add(listener);
    return () => {
      waiting.delete(listener);
      if (waiting.size > 0) return;
      signal.removeEventListener('abort', onAbort);
      this.#listened.delete(signal);
    };
  }
}
