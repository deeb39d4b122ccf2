// Thread: main
/** Does something once in the next microtask, however often it is asked to: what comes up in one go is done in one go. */
export class Soon {
  readonly #act: () => void;
  #isAsked = false;

  constructor(act: () => void) {
    this.#act = act;
  }

  ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    queueMicrotask(() => {
      this.#isAsked = false;
      this.#act();
    });
  }
}
