/**
 * At most so many holders at once; the others wait in the order of their coming.
 *
 * L1 `holders` never exceeds `limit`, and no one waits while it is below.
 */
export class ConcurrencyLimit {
  readonly limit: number;
  readonly #waiting = new Set<() => void>();
  #holders = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get holders(): number {
    return this.#holders;
  }

  /**
   * Calls `enter` as soon as there is room, at once if there is now. Each entry must be given back with `leave`.
   *
   * @returns takes the request back; false when `enter` has been called
   */
  request(enter: () => void): () => boolean {
    if (this.#holders < this.limit) {
      this.#holders += 1;
      enter();
    } else {
      this.#waiting.add(enter);
    }
    return () => this.#waiting.delete(enter);
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#holders -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
