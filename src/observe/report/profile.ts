/** How many threads executed at each moment, in constant memory: averages over cells that widen as the run goes on. */

const CELLS = 512;

export class Profile {
  /** Thread milliseconds per cell. */
  #busy = new Float64Array(CELLS);
  #cellMs = 1;

  /** Takes an execution in; times in milliseconds from the start of the run. */
  add(from: number, to: number): void {
    if (!(to > from) || from < 0) return;
    while (to > CELLS * this.#cellMs) this.#widen();
    const last = Math.min(CELLS - 1, Math.floor(to / this.#cellMs));
    for (let cell = Math.floor(from / this.#cellMs); cell <= last; cell += 1) {
      const overlap = Math.min(to, (cell + 1) * this.#cellMs) - Math.max(from, cell * this.#cellMs);
      this.#busy[cell] = (this.#busy[cell] as number) + Math.max(0, overlap);
    }
  }

  /** Average number of busy threads, by cells of equal width, up to the end of the run. */
  view(endMs: number): { readonly cellMs: number; readonly busy: readonly number[] } {
    const cells = Math.min(CELLS, Math.max(1, Math.ceil(endMs / this.#cellMs)));
    const busy = Array.from(this.#busy.subarray(0, cells), (ms, cell) => {
      // The last cell is cut by the end of the run.
      const widthMs = Math.min(this.#cellMs, endMs - cell * this.#cellMs);
      return widthMs > 0 ? ms / widthMs : 0;
    });
    return { cellMs: this.#cellMs, busy };
  }

  #widen(): void {
    const wider = new Float64Array(CELLS);
    this.#busy.forEach((ms, cell) => (wider[cell >> 1] = (wider[cell >> 1] as number) + ms));
    this.#busy = wider;
    this.#cellMs *= 2;
  }
}
