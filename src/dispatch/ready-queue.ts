// Thread: main
/**
 * Executions that wait for a thread: by priority, then by the fair shares of their runs, then in the order of their coming.
 *
 * Q1 `size` counts executions that wait; each is in once, and comes out once: taken, or removed.
 * Q2 No execution is taken while one of a higher priority waits.
 * Q3 Within a run they are taken in the order of their coming; one that is given back goes before the others of its run.
 * Q4 A run is charged what an execution is expected to cost when it is taken, what it runs beyond that while it runs, and
 *    what it did cost when it has ended; for what is given back without having run, nothing. Of two runs of equal priority that always have something waiting,
 *    neither has got more execution time than the other by more than 2 × threads + 1 of the largest executions.
 * Q5 Idleness earns nothing: a run that comes back starts where the others are.
 */
import type { RunStanding } from './dispatcher.ts';
import type { Execution } from './execution.ts';
import { FairLane } from './fair-lane.ts';
import type { RunShare } from './run-share.ts';

const MAX_EMPTY_LANES = 16;

type QueueStanding = Pick<RunStanding, 'queued' | 'aheadByPriority' | 'aheadByShare'>;

export class ReadyQueue {
  // Few priorities are in use at a time; highest first. Empty lanes stay until there are many: the next execution has most
  // likely the priority of one before.
  readonly #lanes: FairLane[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(execution: Execution): void {
    const { share } = execution.request;
    const isNew = share.first === undefined;
    share.append(execution);
    this.#enter(execution);
    if (isNew) this.#lane(share.priority).enter(share);
  }

  /** Gives back an execution that was taken and has been `settle`d: it goes before all others of its run. */
  unshift(execution: Execution): void {
    const { share } = execution.request;
    const isNew = share.first === undefined;
    share.prepend(execution);
    this.#enter(execution);
    if (isNew) this.#lane(share.priority).enterInFront(share);
  }

  /** Takes an execution out; false when it was not in. */
  remove(execution: Execution): boolean {
    if (!execution.isWaiting) return false;
    const { share } = execution.request;
    share.unlink(execution);
    this.#leave(execution);
    if (share.first === undefined) share.lane?.leave(share);
    return true;
  }

  peek(): Execution | undefined {
    return this.#first()?.first()?.first;
  }

  /** Takes the next execution and charges its run. */
  shift(costMs: number): Execution | undefined {
    const lane = this.#first();
    const share = lane?.first();
    const next = share?.first;
    if (lane === undefined || share === undefined || next === undefined) return undefined;
    share.unlink(next);
    this.#leave(next);
    next.chargedMs = costMs;
    lane.take(share, costMs);
    return next;
  }

  /** An execution that was taken has ended or is given back: its run is charged what it has run, and no more. */
  settle(execution: Execution): void {
    const { share } = execution.request;
    const byMs = execution.ranMs - execution.chargedMs;
    execution.chargedMs = execution.ranMs;
    share.lane?.correct(share, byMs);
  }

  /** An execution that was taken has run for so long already: that much its run is charged at once, not when it has ended. */
  chargeAtLeast(execution: Execution, ranMs: number): void {
    const byMs = ranMs - execution.chargedMs;
    if (byMs <= 0) return;
    execution.chargedMs = ranMs;
    const { share } = execution.request;
    share.lane?.correct(share, byMs);
  }

  /** A part (0–1) of an execution that was taken will be taken anew: its charge is given back. */
  refund(execution: Execution, part: number): void {
    const { share } = execution.request;
    const byMs = execution.chargedMs * part;
    execution.chargedMs -= byMs;
    share.lane?.correct(share, -byMs);
  }

  /**
   * How a run stands: its waiting executions, and those of others that come before its first.
   *
   * @param costOf what an execution would be charged
   */
  standingOf(share: RunShare, costOf: (execution: Execution) => number): QueueStanding {
    const queued = count(share);
    if (queued === 0 || share.lane === undefined) return { queued: 0, aheadByPriority: 0, aheadByShare: 0 };
    let aheadByPriority = 0;
    for (const lane of this.#lanes) {
      if (lane.priority <= share.priority) break;
      for (const other of lane.shares()) aheadByPriority += count(other);
    }
    return { queued, aheadByPriority, aheadByShare: share.lane.aheadOf(share, costOf) };
  }

  /** Takes everything out, for nothing. */
  clear(): Execution[] {
    const all: Execution[] = [];
    for (let next = this.shift(0); next !== undefined; next = this.shift(0)) all.push(next);
    return all;
  }

  #enter(execution: Execution): void {
    execution.isWaiting = true;
    this.#size += 1;
  }

  #leave(execution: Execution): void {
    execution.isWaiting = false;
    this.#size -= 1;
  }

  // The highest lane in which somebody waits.
  #first(): FairLane | undefined {
    if (this.#size === 0) return undefined;
    for (const lane of this.#lanes) if (!lane.isEmpty) return lane;
    return undefined;
  }

  #lane(priority: number): FairLane {
    const [top] = this.#lanes;
    if (top?.priority === priority) return top;
    let at = this.#lanes.findIndex((lane) => lane.priority <= priority);
    if (at < 0) at = this.#lanes.length;
    const found = this.#lanes[at];
    if (found?.priority === priority) return found;
    if (this.#lanes.length >= MAX_EMPTY_LANES) this.#dropEmpty();
    return this.#insert(priority);
  }

  #insert(priority: number): FairLane {
    const lane = new FairLane(priority);
    const at = this.#lanes.findIndex((other) => other.priority < priority);
    this.#lanes.splice(at < 0 ? this.#lanes.length : at, 0, lane);
    return lane;
  }

  #dropEmpty(): void {
    for (let at = this.#lanes.length - 1; at >= 0; at -= 1) {
      if (this.#lanes[at]?.isEmpty === true) this.#lanes.splice(at, 1);
    }
  }
}

function count(share: RunShare): number {
  let executions = 0;
  for (let each = share.first; each !== undefined; each = each.next) executions += 1;
  return executions;
}
