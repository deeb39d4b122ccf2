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

export class ReadyQueue {
  // Few priorities are in use at a time; highest first.
  readonly #lanes: Lane[] = [];
  readonly #waiting = new Set<Execution>();

  get size(): number {
    return this.#waiting.size;
  }

  push(execution: Execution): void {
    this.#waiting.add(execution);
    this.#lane(execution.request.priority).back.push(execution);
  }

  /** Puts an execution before all others of its priority. */
  unshift(execution: Execution): void {
    this.#waiting.add(execution);
    this.#lane(execution.request.priority).front.push(execution);
  }

  /** Takes an execution out; false when it was not in. */
  remove(execution: Execution): boolean {
    return this.#waiting.delete(execution);
  }

  peek(): Execution | undefined {
    for (let at = 0; at < this.#lanes.length; ) {
      const lane = this.#lanes[at] as Lane;
      this.#skipHoles(lane);
      const next = lane.front.at(-1) ?? lane.back[lane.head];
      if (next !== undefined) return next;
      this.#lanes.splice(at, 1);
    }
    return undefined;
  }

  shift(): Execution | undefined {
    const next = this.peek();
    if (next === undefined) return undefined;
    const lane = this.#lanes[0] as Lane;
    if (lane.front.length > 0) lane.front.pop();
    else lane.back[lane.head++] = undefined;
    this.#waiting.delete(next);
    return next;
  }

  /** Takes everything out. */
  clear(): Execution[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    this.#lanes.length = 0;
    return all;
  }

  #skipHoles(lane: Lane): void {
    while (lane.front.length > 0 && !this.#isWaiting(lane.front.at(-1))) lane.front.pop();
    while (lane.head < lane.back.length && !this.#isWaiting(lane.back[lane.head])) lane.back[lane.head++] = undefined;
    // Keeps repeated dequeues at a constant mean cost without shift().
    if (lane.head >= COMPACT_AT && lane.head * 2 >= lane.back.length) {
      lane.back.splice(0, lane.head);
      lane.head = 0;
    }
  }

  #isWaiting(execution: Execution | undefined): boolean {
    return execution !== undefined && this.#waiting.has(execution);
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
