/**
 * What can be asked to stop: a run, or a part of it.
 *
 * P1 It is asked once; later requests change nothing, and after `close` none has an effect.
 * P2 Who waits for something registers with `onStop` and is told once, also when the request came before.
 * P3 A scope with a parent stops with it, at the latest.
 */
import type { StoppedError } from '../core/errors.ts';

export class StopScope {
  #error: StoppedError | undefined;
  /** Both are made when somebody waits: most scopes end before anything is to be stopped. */
  #waiting: Set<(error: StoppedError) => void> | undefined;
  #controller: AbortController | undefined;
  #isClosed = false;
  readonly #leaveParent: (() => void) | undefined;

  constructor(parent?: StopScope) {
    this.#error = parent?.error;
    this.#leaveParent = parent?.onStop((error) => this.stop(error));
  }

  /** What those get who wait for something in it; undefined as long as it is not to stop. */
  get error(): StoppedError | undefined {
    return this.#error;
  }

  /** Fires when it is to stop. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#error !== undefined) this.#controller.abort(this.#error);
    return this.#controller.signal;
  }

  /** Asks to stop. */
  stop(error: StoppedError): void {
    if (this.#error !== undefined || this.#isClosed) return;
    this.#error = error;
    this.#controller?.abort(error);
    for (const listener of this.#waiting ?? []) {
      this.#waiting?.delete(listener);
      listener(error);
    }
  }

  /** Calls `listener` when it is to stop; returns what takes that back. */
  onStop(listener: (error: StoppedError) => void): () => void {
    const waiting = (this.#waiting ??= new Set());
    waiting.add(listener);
    const error = this.#error;
    if (error !== undefined) {
      // Not at once: the caller does not have yet what takes it back.
      queueMicrotask(() => {
        if (waiting.delete(listener)) listener(error);
      });
    }
    return () => {
      waiting.delete(listener);
    };
  }

  /** It has ended: nobody is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting?.clear();
    this.#leaveParent?.();
  }
}
