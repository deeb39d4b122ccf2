// Thread: main
/** Tells when nothing has been in flight for a while. */
import { systemClock, type Timer } from '../core/clock.ts';

const IDLE_MS = 100;

const { now } = systemClock;

export class IdleTimer {
  readonly #isIdle: () => boolean;
  readonly #onIdle: () => void;
  #since = 0;
  #timer: Timer | undefined;

  /** `onIdle` is called when `isIdle` has held for `IDLE_MS`. */
  constructor(isIdle: () => boolean, onIdle: () => void) {
    this.#isIdle = isIdle;
    this.#onIdle = onIdle;
  }

  /** From now on nothing is in flight. The timer is left alone while work comes and goes: arming one per execution would cost more than the dispatch. */
  begin(): void {
    this.#since = now();
    if (this.#timer === undefined) this.#arm(IDLE_MS);
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #arm(delayMs: number): void {
    this.#timer = systemClock.setTimer(() => {
      this.#timer = undefined;
      if (!this.#isIdle()) return;
      const leftMs = IDLE_MS - (now() - this.#since);
      if (leftMs > 0) this.#arm(leftMs);
      else this.#onIdle();
    }, delayMs);
    this.#timer.unref();
  }
}
