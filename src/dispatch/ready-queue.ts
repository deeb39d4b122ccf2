// Thread: main
/**
 * Executions that wait for a thread: by priority, then in the order of their coming; what is requeued goes first.
 *
 * Q1 `size` counts executions that are still to be done. One that is removed leaves a hole which `shift` skips.
 */
import type { Execution } from './execution.ts';

interface Lane {
  readonly priority: number;
  /** Requeued executions, the next one last. */
  readonly front: (Execution | undefined)[];
  readonly back: (Execution | undefined)[];
  head: number;
}

const COMPACT_AT = 1_024;
const MAX_EMPTY_LANES = 16;

export class ReadyQueue {
  // Few priorities are in use at a time; highest first.
  readonly #lanes: Lane[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(execution: Execution): void {
    this.#enter(execution).back.push(execution);
  }

  /** Puts an execution before all others of its priority. */
  unshift(execution: Execution): void {
    this.#enter(execution).front.push(execution);
  }

  /** Takes an execution out; false when it was not in. */
  remove(execution: Execution): boolean {
    if (!execution.isWaiting) return false;
    this.#leave(execution);
    return true;
  }

  peek(): Execution | undefined {
    const lane = this.#first();
    return lane === undefined ? undefined : nextOf(lane);
  }

  shift(): Execution | undefined {
    const lane = this.#first();
    if (lane === undefined) return undefined;
    const next = nextOf(lane) as Execution;
    if (lane.front.length > 0) lane.front.pop();
    else lane.back[lane.head++] = undefined;
    this.#leave(next);
    return next;
  }

  /** Takes everything out. */
  clear(): Execution[] {
    const all: Execution[] = [];
    for (let next = this.shift(); next !== undefined; next = this.shift()) all.push(next);
    return all;
  }

  #enter(execution: Execution): Lane {
    execution.isWaiting = true;
    this.#size += 1;
    return this.#lane(execution.request.priority);
  }

  #leave(execution: Execution): void {
    execution.isWaiting = false;
    this.#size -= 1;
  }

  // The highest lane with something to do. Empty lanes stay, as the next execution has most likely their priority, until
  // there are many.
  #first(): Lane | undefined {
    if (this.#size === 0) {
      if (this.#lanes.length > MAX_EMPTY_LANES) this.#lanes.length = 0;
      // Those that were removed are still in.
      for (const lane of this.#lanes) if (nextOf(lane) !== undefined) this.#skipHoles(lane);
      return undefined;
    }
    for (const lane of this.#lanes) {
      this.#skipHoles(lane);
      if (nextOf(lane) !== undefined) return lane;
    }
    return undefined;
  }

  #skipHoles(lane: Lane): void {
    const { front, back } = lane;
    while (front.at(-1)?.isWaiting === false) front.pop();
    while (lane.head < back.length && back[lane.head]?.isWaiting !== true) back[lane.head++] = undefined;
    if (lane.head === back.length) {
      back.length = 0;
      lane.head = 0;
    } else if (lane.head >= COMPACT_AT && lane.head * 2 >= back.length) {
      // Keeps repeated dequeues at a constant mean cost without shift().
      back.splice(0, lane.head);
      lane.head = 0;
    }
  }

  #lane(priority: number): Lane {
    let at = this.#lanes.findIndex((lane) => lane.priority <= priority);
    if (at < 0) at = this.#lanes.length;
    const found = this.#lanes[at];
    if (found?.priority === priority) return found;
    const lane: Lane = { priority, front: [], back: [], head: 0 };
    this.#lanes.splice(at, 0, lane);
    return lane;
  }
}

function nextOf(lane: Lane): Execution | undefined {
  return lane.front.at(-1) ?? lane.back[lane.head];
}
