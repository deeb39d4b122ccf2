// Thread: both
/**
 * From which level on lines are logged: one word of shared memory per engine. Every thread reads it at every line, so a
 * change reaches those that compute too, and what nobody wants is not even sent.
 */
import { LOG_LEVELS, rankOf, type LogGate, type LogThreshold } from '../core/log.ts';

// Taken before user code is loaded: a thread whose user replaces them must still log.
const { load, store } = Atomics;

export class LogSwitch implements LogGate {
  readonly buffer: SharedArrayBuffer;
  readonly #word: Int32Array;

  /** @param given a level to begin with, or the buffer of another switch */
  constructor(given: LogThreshold | SharedArrayBuffer) {
    const isLevel = typeof given === 'string';
    this.buffer = isLevel ? new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) : given;
    this.#word = new Int32Array(this.buffer);
    if (isLevel) this.level = given;
  }

  get rank(): number {
    return load(this.#word, 0);
  }

  get level(): LogThreshold {
    return LOG_LEVELS[this.rank] as LogThreshold;
  }

  set level(level: LogThreshold) {
    store(this.#word, 0, rankOf(level));
  }
}
