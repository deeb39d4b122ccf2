// Thread: both

/** Who is told of events. The list is replaced, never changed: who begins to listen during an event gets the next one. */
export class Listeners<Event> implements Iterable<(event: Event) => void> {
  #all: readonly ((event: Event) => void)[] = [];

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** Adds a listener; one that is there already is told once, as before. */
  add(listener: (event: Event) => void): void {
    if (!this.#all.includes(listener)) this.#all = [...this.#all, listener];
  }

  delete(listener: (event: Event) => void): void {
    this.#all = this.#all.filter((other) => other !== listener);
  }

  [Symbol.iterator](): Iterator<(event: Event) => void> {
    return this.#all[Symbol.iterator]();
  }
}

/** Calls code of the user's: what it throws is its own, surfaces as an uncaught error and does not reach the caller. */
export function guarded<Event>(listener: (event: Event) => void, event: Event): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
