/**
 * One branch of a split under way: a visit whose outcome nobody sees.
 *
 * It differs from a visit in two ways. Its back-off does not count against the split's `concurrency`, so its place is given
 * back meanwhile. And it does not have the run to itself: it does not set the run's status.
 */
import { nameOfBranch } from '../definition/branch.ts';
import type { AnyNode } from '../definition/node.ts';
import type { SplitNode } from '../definition/split.ts';
import type { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import { enter, runExec } from './exec-phase.ts';
import type { StopScope } from './stop-scope.ts';
import { Visit } from './visit.ts';

export class BranchVisit extends Visit<AnyNode> {
  readonly #limit: ConcurrencyLimit | undefined;
  #hasPlace = true;
  readonly startedAt: number;
  /** The branch whose end let this one start. */
  readonly after: BranchVisit | undefined;

  /**
   * @param limit of the split, in which the branch has a place already
   * @param after whose end gave it that place
   */
  constructor(
    { run, engine, store, place }: Visit<SplitNode>,
    branch: string,
    node: AnyNode,
    scope: StopScope,
    limit: ConcurrencyLimit | undefined,
    after: BranchVisit | undefined,
  ) {
    const { state, visit } = place;
    super(run, node, engine, store, runExec, {
      place: { state, node: nameOfBranch(branch, node), visit, branch },
      scope,
    });
    this.#limit = limit;
    this.startedAt = this.phaseStartedAt;
    this.after = after;
  }

  /** Gives its place back, if it has one. */
  leave(): void {
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    this.#limit?.leave();
  }

  protected override async backOff(delayMs: number): Promise<void> {
    this.leave();
    await this.sleep(delayMs);
    if (this.#limit === undefined || this.scope.error !== undefined) return;
    try {
      await enter(this.scope, this.#limit, this.run);
      this.#hasPlace = true;
    } catch {
      // Only a stop ends the wait for a place, and the visit asks for that itself.
    }
  }
}
