// Thread: main
/** What one run has waiting for a thread, and what it has had of the threads. */
import type { Heaped } from '../core/heap.ts';
import type { Execution } from './execution.ts';
import type { FairLane } from './fair-lane.ts';

/**
 * One per run, named by all of its executions; kept by the ready queue. Fields of an object, as a Map by run that is filled
 * and emptied all the time would keep its dead tables alive on Node 20.
 */
export class RunShare implements Heaped {
  readonly priority: number;
  /**
   * Start tag of the run's next execution, in milliseconds of virtual time: what its executions have cost, counted from the
   * lane's time when it last came from idleness.
   */
  tagMs = 0;
  /** Tells equal tags apart. */
  order = 0;
  /** Where it waits, or waited last. */
  lane: FairLane | undefined;
  /** Its waiting executions, as a list through `Execution.next`. */
  first: Execution | undefined;
  last: Execution | undefined;
  /** Its neighbours among the runs that came from idleness. */
  before: RunShare | undefined;
  after: RunShare | undefined;
  heapIndex = -1;

  /** @param priority higher ones go first */
  constructor(priority: number) {
    this.priority = priority;
  }

  append(execution: Execution): void {
    execution.previous = this.last;
    if (this.last === undefined) this.first = execution;
    else this.last.next = execution;
    this.last = execution;
  }

  prepend(execution: Execution): void {
    execution.next = this.first;
    if (this.first === undefined) this.last = execution;
    else this.first.previous = execution;
    this.first = execution;
  }

  unlink(execution: Execution): void {
    const { previous, next } = execution;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    // What is old must not hold on to what is young.
    execution.previous = undefined;
    execution.next = undefined;
  }
}
