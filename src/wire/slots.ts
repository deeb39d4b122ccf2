// Thread: both
/**
 * The shared memory of one lease: who owns each in-flight execution, since when it runs, and whether it is to stop.
 * A message cannot reach a thread that computes; these words can.
 *
 * S1 A slot goes FREE → QUEUED → STARTED → DONE, or QUEUED → STOLEN; only compare-and-swap leaves QUEUED, so either the
 *    thread starts an execution or the main thread takes it back, never both.
 * S2 State and generation share one word. A message that names an older generation finds another word and is ignored, so
 *    the main thread may use a slot again at once after DONE or STOLEN.
 * S3 The thread writes start time, item and phase before the swap to STARTED; who reads STARTED reads them too.
 * S4 Only STARTED uses up an attempt when the thread dies.
 * S5 Position and end of an execution share one word, and while it is STARTED only compare-and-swap changes them: the thread
 *    moves the position up, the main thread moves the end down. So each item is either started by the thread or was taken
 *    away before, never both and never neither, and the end never comes below the item that runs.
 */

/** In-flight executions per thread at most. */
export const SLOT_COUNT = 64;

/** Credit for log lines on the way at most, and what there is until lines have been handled. */
export const MOST_LOG_CREDIT = 1_000;

export const SlotState = { FREE: 0, QUEUED: 1, STARTED: 2, DONE: 3, STOLEN: 4 } as const;
export type SlotState = (typeof SlotState)[keyof typeof SlotState];

/** What a started execution does: load its file and set up, or run. */
export const SlotPhase = { SETUP: 0, EXEC: 1 } as const;
export type SlotPhase = (typeof SlotPhase)[keyof typeof SlotPhase];

/** In the stop word: the whole execution is to stop. Position + 1 in its place asks only that item to stop. */
export const STOP_ALL = -1;

const STATE_BITS = 3;
const STATE_MASK = (1 << STATE_BITS) - 1;
const GENERATION_MASK = 0x0fff_ffff;
// The end is above the position. A chunk has 5,000 items at most, so that both fit.
const END_BITS = 16;
const POSITION_MASK = (1 << END_BITS) - 1;
const HEADER_WORDS = 4;
const WORDS_PER_SLOT = 4;
const [STATE, STOP, PROGRESS, PHASE] = [0, 1, 2, 3] as const;
const [LOGS_SEEN, LOG_CREDIT] = [0, 1] as const;
const WORD_BYTES = (HEADER_WORDS + SLOT_COUNT * WORDS_PER_SLOT) * Int32Array.BYTES_PER_ELEMENT;
const [HEAP_USED, HEAP_LIMIT, CPU_MS, VITALS] = [0, 1, 2, 3] as const;
const TABLE_BYTES = WORD_BYTES + (SLOT_COUNT + VITALS) * Float64Array.BYTES_PER_ELEMENT;

// Taken before user code is loaded: a thread whose user replaces them must still answer.
const { add, compareExchange, load, store } = Atomics;

/** How a thread is, as of the last time it said so; 0 where it does not know. */
export interface Vitals {
  readonly heapUsedBytes: number;
  readonly heapLimitBytes: number;
  /** CPU time since the thread started, in milliseconds. */
  readonly cpuMs: number;
}

/** One lease's shared memory, seen from either thread. */
export class SlotTable {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #startedAt: Float64Array;
  readonly #vitals: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(TABLE_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, WORD_BYTES / Int32Array.BYTES_PER_ELEMENT);
    this.#startedAt = new Float64Array(buffer, WORD_BYTES, SLOT_COUNT);
    this.#vitals = new Float64Array(buffer, WORD_BYTES + this.#startedAt.byteLength, VITALS);
  }

  /** Main: puts a new generation of so many items into a slot that is FREE, DONE or STOLEN, and returns it. */
  queue(slot: number, items: number): number {
    const at = word(slot, STATE);
    const generation = (generationOf(load(this.#words, at)) + 1) & GENERATION_MASK;
    store(this.#words, word(slot, STOP), 0);
    store(this.#words, word(slot, PROGRESS), items << END_BITS);
    store(this.#words, at, (generation << STATE_BITS) | SlotState.QUEUED);
    return generation;
  }

  /** Thread: takes an execution; false when the main thread was faster. */
  start(slot: number, generation: number, phase: SlotPhase, now: number): boolean {
    this.#startedAt[slot] = now;
    store(this.#words, word(slot, PHASE), phase);
    return this.#swap(slot, generation, SlotState.QUEUED, SlotState.STARTED);
  }

  /** Thread: setup has ended, the first item starts. */
  leaveSetup(slot: number, now: number): void {
    this.#startedAt[slot] = now;
    store(this.#words, word(slot, PHASE), SlotPhase.EXEC);
  }

  /** Thread: the execution goes on with the item at `position`, the next one; false when it has been taken away. Some 15 ns. */
  advance(slot: number, position: number, now: number): boolean {
    this.#startedAt[slot] = now;
    const at = word(slot, PROGRESS);
    for (;;) {
      const progress = load(this.#words, at);
      const end = progress >>> END_BITS;
      if (position >= end) return false;
      if (compareExchange(this.#words, at, progress, (end << END_BITS) | position) === progress) return true;
    }
  }

  /** Thread: takes all items that are left in one go, and returns how many the execution has. */
  takeRest(slot: number): number {
    const at = word(slot, PROGRESS);
    for (;;) {
      const progress = load(this.#words, at);
      const end = progress >>> END_BITS;
      const last = Math.max(0, end - 1);
      if (compareExchange(this.#words, at, progress, (end << END_BITS) | last) === progress) return end;
    }
  }

  /**
   * Main: takes items away from an execution that is STARTED, the last ones.
   *
   * @param keep how many of those that have not started stay with the thread
   * @returns where the execution ends now, or undefined when there was nothing to take
   */
  divide(slot: number, generation: number, keep: number): number | undefined {
    const at = word(slot, PROGRESS);
    while (this.state(slot, generation) === SlotState.STARTED) {
      const progress = load(this.#words, at);
      const newEnd = (progress & POSITION_MASK) + 1 + keep;
      if (newEnd >= progress >>> END_BITS) return undefined;
      const divided = (newEnd << END_BITS) | (progress & POSITION_MASK);
      if (compareExchange(this.#words, at, progress, divided) === progress) return newEnd;
    }
    return undefined;
  }

  /** Thread: the execution has ended; its result may still be on the way. */
  finish(slot: number, generation: number): void {
    this.#swap(slot, generation, SlotState.STARTED, SlotState.DONE);
  }

  /** Main: takes back an execution that has not started; false when the thread was faster. */
  steal(slot: number, generation: number): boolean {
    return this.#swap(slot, generation, SlotState.QUEUED, SlotState.STOLEN);
  }

  /** The state of a generation; DONE when the slot has moved on. */
  state(slot: number, generation: number): SlotState {
    const value = load(this.#words, word(slot, STATE));
    return generationOf(value) === generation ? ((value & STATE_MASK) as SlotState) : SlotState.DONE;
  }

  /** Position of the item that runs; meaningful while STARTED. */
  position(slot: number): number {
    return load(this.#words, word(slot, PROGRESS)) & POSITION_MASK;
  }

  phase(slot: number): SlotPhase {
    return load(this.#words, word(slot, PHASE)) as SlotPhase;
  }

  /** When the present item (or setup) started, in milliseconds of `systemClock.now()`. */
  startedAt(slot: number): number {
    return this.#startedAt[slot] as number;
  }

  /** Main: asks an execution, or one item of it, to stop. */
  requestStop(slot: number, what: number): void {
    store(this.#words, word(slot, STOP), what);
  }

  /** Thread: whether the item at `position` is asked to stop. Some 10 ns. */
  mustStop(slot: number, position: number): boolean {
    const what = load(this.#words, word(slot, STOP));
    return what === STOP_ALL || what === position + 1;
  }

  /** Main: log lines of the lease have been handled; what they took of the thread's credit is free again. */
  addLogsSeen(credit: number): void {
    add(this.#words, LOGS_SEEN, credit);
  }

  logsSeen(): number {
    return load(this.#words, LOGS_SEEN);
  }

  /** Thread: how it is. */
  setVitals({ heapUsedBytes, heapLimitBytes, cpuMs }: Vitals): void {
    this.#vitals[HEAP_USED] = heapUsedBytes;
    this.#vitals[HEAP_LIMIT] = heapLimitBytes;
    this.#vitals[CPU_MS] = cpuMs;
  }

  vitals(): Vitals {
    const [heapUsedBytes = 0, heapLimitBytes = 0, cpuMs = 0] = this.#vitals;
    return { heapUsedBytes, heapLimitBytes, cpuMs };
  }

  /** Main: so much credit may be on the way. */
  setLogCredit(credit: number): void {
    store(this.#words, LOG_CREDIT, credit);
  }

  logCredit(): number {
    return load(this.#words, LOG_CREDIT);
  }

  #swap(slot: number, generation: number, from: SlotState, to: SlotState): boolean {
    const expected = (generation << STATE_BITS) | from;
    return compareExchange(this.#words, word(slot, STATE), expected, (generation << STATE_BITS) | to) === expected;
  }
}

function word(slot: number, field: number): number {
  return HEADER_WORDS + slot * WORDS_PER_SLOT + field;
}

function generationOf(value: number): number {
  return (value >>> STATE_BITS) & GENERATION_MASK;
}
