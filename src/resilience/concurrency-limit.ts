/**
 * At most so many holders at once; the others wait in the order of their coming.
 *
 * L1 `holders` never exceeds `limit`, and no one waits while it is below.
 * L2 Who enters may leave at once: admitting is a loop, so the stack does not grow with the number that wait.
 */
export class ConcurrencyLimit {
  readonly limit: number;
  // A queue with a moving head: a Set would step over all that has been deleted to find its first.
  #waiting: { enter: (() => void) | undefined }[] = [];
  #head = 0;
  #holders = 0;
  #isAdmitting = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  get holders(): number {
    return this.#holders;
  }

  /**
   * Calls `enter` as soon as there is room, at once if there is now. Each entry must be given back with `leave`.
   *
   * @returns takes the request back; false when `enter` has been called, or it was taken back before
   */
  request(enter: () => void): () => boolean {
    const place: { enter: (() => void) | undefined } = { enter };
    this.#waiting.push(place);
    this.#admit();
    return () => {
      const isWaiting = place.enter !== undefined;
      place.enter = undefined;
      return isWaiting;
    };
  }

  leave(): void {
    this.#holders -= 1;
    this.#admit();
  }

  #admit(): void {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    while (this.#holders < this.limit && this.#head < this.#waiting.length) {
      const place = this.#waiting[this.#head];
      this.#head += 1;
      const enter = place?.enter;
      if (place === undefined || enter === undefined) continue;
      place.enter = undefined;
      this.#holders += 1;
      enter();
    }
    this.#isAdmitting = false;
    if (this.#head < 1_024 && this.#head < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }
}
