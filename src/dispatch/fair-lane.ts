// Thread: main
/**
 * The order of runs of one priority: fair shares of execution time by start-time fair queuing (P. Goyal, H. Vin, H. Cheng,
 * "Start-time fair queuing", SIGCOMM 1996; for several servers at a time: W. Jin, J. Chase, J. Kaur, "Interposed
 * proportional sharing", SIGMETRICS 2004). The run with the smallest tag is next; taking an execution adds its cost to the
 * tag of its run; the lane's time is the largest tag that was taken.
 *
 * Runs that come from idleness get the lane's time as tag. It never goes back, so they are in order in a plain list, and a
 * run of one execution at a time costs no heap; only runs that were served and have more to do are in the heap.
 */
import { Heap } from '../core/heap.ts';
import type { Execution } from './execution.ts';
import type { RunShare } from './run-share.ts';

export class FairLane {
  readonly priority: number;
  /** Virtual time in milliseconds. */
  timeMs = 0;
  #firstNew: RunShare | undefined;
  #lastNew: RunShare | undefined;
  readonly #served = new Heap<RunShare>(isBefore);
  #order = 0;
  #orderInFront = 0;

  constructor(priority: number) {
    this.priority = priority;
  }

  get isEmpty(): boolean {
    return this.#firstNew === undefined && this.#served.size === 0;
  }

  /** The run whose turn it is. */
  first(): RunShare | undefined {
    const served = this.#served.first();
    if (this.#firstNew === undefined) return served;
    return served === undefined || isBefore(this.#firstNew, served) ? this.#firstNew : served;
  }

  /** A run that had nothing waiting comes: behind all whose tag is not above the lane's time. */
  enter(share: RunShare): void {
    this.#admit(share);
    this.#order += 1;
    share.order = this.#order;
    if (share.tagMs > this.timeMs) {
      this.#served.push(share);
      return;
    }
    share.tagMs = this.timeMs;
    share.before = this.#lastNew;
    if (this.#lastNew === undefined) this.#firstNew = share;
    else this.#lastNew.after = share;
    this.#lastNew = share;
  }

  /** A run whose execution was given back comes: first, unless it is ahead for other executions; with no more credit than the first has. */
  enterInFront(share: RunShare): void {
    this.#admit(share);
    const first = this.first();
    share.tagMs = Math.max(share.tagMs, Math.min(this.timeMs, first?.tagMs ?? this.timeMs));
    this.#orderInFront -= 1;
    share.order = this.#orderInFront;
    this.#served.push(share);
  }

  /** A run has nothing waiting any more. */
  leave(share: RunShare): void {
    if (share.heapIndex >= 0) this.#served.remove(share);
    else this.#unlink(share);
  }

  /** The first execution of a run was taken, at this cost. */
  take(share: RunShare, costMs: number): void {
    this.timeMs = Math.max(this.timeMs, share.tagMs);
    share.tagMs += costMs;
    if (share.first === undefined) this.leave(share);
    else this.#serve(share);
  }

  /** What a run was charged was too little, or too much. */
  correct(share: RunShare, byMs: number): void {
    share.tagMs += byMs;
    if (share.first !== undefined) this.#serve(share);
  }

  /** How many executions of other runs are taken before the first of this one, if nothing else comes. */
  aheadOf(share: RunShare, costOf: (execution: Execution) => number): number {
    let ahead = 0;
    for (const other of this.shares()) {
      let { tagMs, first: next } = other === share ? { tagMs: 0, first: undefined } : other;
      while (next !== undefined && comesBefore(tagMs, other.order, share)) {
        ahead += 1;
        tagMs += costOf(next);
        next = next.next;
      }
    }
    return ahead;
  }

  /** All runs that wait, in no order. */
  *shares(): Generator<RunShare> {
    for (let share = this.#firstNew; share !== undefined; share = share.after) yield share;
    yield* this.#served.items;
  }

  // A tag of another lane means nothing here.
  #admit(share: RunShare): void {
    if (share.lane === this) return;
    share.lane = this;
    share.tagMs = this.timeMs;
  }

  #serve(share: RunShare): void {
    if (share.heapIndex >= 0) {
      this.#served.move(share);
    } else {
      this.#unlink(share);
      this.#served.push(share);
    }
  }

  #unlink(share: RunShare): void {
    const { before, after } = share;
    if (before === undefined) this.#firstNew = after;
    else before.after = after;
    if (after === undefined) this.#lastNew = before;
    else after.before = before;
    share.before = undefined;
    share.after = undefined;
  }
}

function isBefore(a: RunShare, b: RunShare): boolean {
  return comesBefore(a.tagMs, a.order, b);
}

function comesBefore(tagMs: number, order: number, share: RunShare): boolean {
  return tagMs === share.tagMs ? order < share.order : tagMs < share.tagMs;
}
