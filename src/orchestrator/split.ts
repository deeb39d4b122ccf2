/**
 * The exec of a split: its branches side by side, until their join is decided.
 *
 * Owns: which branch starts when, the join, what becomes of the branches that lost.
 * Does not own: the phases and retries of a branch (branch-visit), the rule of the join (core/join).
 *
 * J1 A join is decided once, at the first moment at which it can be: won, impossible, or out of time.
 * J2 At that moment the split is over. No further branch starts, those that have started are asked to stop, and all of them
 *    are cancelled from then on, whatever they still return.
 * J3 A loser on a thread may need its grace to stop. Nobody waits for it but the end of the run, which is held (U3): else a
 *    join of `any` over loops that do not look at their signal would take its grace longer than its fastest branch.
 * J4 The critical path goes through the branch whose end decided the join, and from its start through the one whose end let it
 *    start. A join that was decided by time hung on no branch.
 * J5 A branch ends in one way, and post or the error has the end of every branch.
 */
import type { Timer } from '../core/clock.ts';
import { messageOf, StoppedError } from '../core/errors.ts';
import { eventError } from '../core/events.ts';
import { JoinFailedError, type JoinFailure, type Settled } from '../core/join-error.ts';
import { decideJoin, describeJoin } from '../core/join.ts';
import { nameOfBranch } from '../definition/branch.ts';
import type { AnyNode } from '../definition/node.ts';
import type { SplitNode } from '../definition/split.ts';
import { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import { BranchVisit } from './branch-visit.ts';
import { waitsForLimit, type RunWait } from './explain.ts';
import { StopScope } from './stop-scope.ts';
import type { Visit, VisitEnd } from './visit.ts';

/** Failures that the message of a failed join tells. */
const MAX_TOLD = 5;

/**
 * Does the branches; the value is what post gets.
 *
 * @throws JoinFailedError (as rejection) when the join cannot be won
 */
export function runSplit(visit: Visit<SplitNode>): Promise<unknown> {
  return new Split(visit).run();
}

class Split {
  readonly #visit: Visit<SplitNode>;
  readonly #limit: ConcurrencyLimit | undefined;
  readonly #ends = new Map<string, Settled<unknown>>();
  /** The branches that have started and not ended. */
  readonly #open = new Set<BranchVisit>();
  /** What takes back the branches that wait for the limit. */
  readonly #waiting: (() => boolean)[] = [];
  readonly #timers: Timer[] = [];
  readonly #errors: unknown[] = [];
  readonly #failures: string[] = [];
  #completed = 0;
  /** The branch that gives its place to others at this moment. */
  #leaving: BranchVisit | undefined;
  #deadlinePassed = false;
  #isOver = false;
  #off: () => void = () => {};
  #settle!: { readonly resolve: (results: unknown) => void; readonly reject: (error: Error) => void };

  constructor(visit: Visit<SplitNode>) {
    this.#visit = visit;
    const { concurrency } = visit.node;
    this.#limit = concurrency === undefined ? undefined : new ConcurrencyLimit(concurrency);
  }

  run(): Promise<unknown> {
    const { node, scope } = this.#visit;
    this.#visit.waitsOfExec = () => this.#waits();
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#off = scope.onStop((stopped) => {
        this.#close();
        reject(stopped);
      });
      this.#arm(node.join.deadlineMs, () => {
        this.#deadlinePassed = true;
        this.#decide();
      });
      this.#arm(node.timeoutMs, () => this.#lose('timeout'));
      for (const [branch, of] of node.branches) this.#request(branch, of);
    });
  }

  #waits(): readonly RunWait[] {
    const { run, node } = this.#visit;
    const limit = this.#limit === undefined ? [] : waitsForLimit(node.name, this.#limit, run);
    return [...[...this.#open].flatMap((branch) => branch.waits()), ...limit];
  }

  #arm(delayMs: number | undefined, fire: () => void): void {
    if (delayMs !== undefined) this.#timers.push(this.#visit.engine.clock.setTimer(fire, delayMs));
  }

  #request(branch: string, node: AnyNode): void {
    if (this.#isOver) return;
    if (this.#limit === undefined) this.#start(branch, node);
    else this.#waiting.push(this.#limit.request(() => this.#start(branch, node), this.#visit.run));
  }

  #start(branch: string, node: AnyNode): void {
    const scope = new StopScope(this.#visit.scope);
    const visit = new BranchVisit(this.#visit, branch, node, scope, this.#limit, this.#leaving);
    this.#open.add(visit);
    visit.cells.visits += 1;
    const started = visit.start();
    if (!(started instanceof Promise)) this.#ended(branch, visit, started);
    else this.#visit.run.hold(started.then((end) => this.#ended(branch, visit, end)));
  }

  #ended(branch: string, visit: BranchVisit, end: VisitEnd): void {
    const { scope, cells, prepMs } = visit;
    const endedAt = this.#visit.engine.clock.now();
    cells.wallMs += endedAt - visit.startedAt;
    scope.close();
    this.#open.delete(visit);
    cells.prepMs += prepMs;
    const wasOver = this.#isOver;
    if (!wasOver) this.#take(branch, visit, end);
    if (!wasOver && this.#isOver) bookPath(visit, endedAt);
    // Last: it may start the next branch, which it must not when the join is decided.
    this.#leaving = visit;
    visit.leave();
    this.#leaving = undefined;
  }

  #take(branch: string, { output, prepMs }: BranchVisit, end: VisitEnd): void {
    if (end.kind === 'failed') {
      const { error, phase, attempt } = end;
      const tries = attempt === 1 ? '' : ` after ${attempt} attempts`;
      this.#errors.push(error);
      this.#failures.push(`${phase} of branch '${branch}' failed${tries}: ${messageOf(error)}`);
      this.#settleBranch(branch, { status: 'failed', error }, prepMs);
    } else {
      this.#completed += 1;
      this.#settleBranch(branch, { status: 'completed', value: output }, prepMs);
    }
    this.#decide();
  }

  #decide(): void {
    if (this.#isOver) return;
    const { node } = this.#visit;
    const decision = decideJoin(node.join, {
      total: node.branches.size,
      completed: this.#completed,
      failed: this.#errors.length,
      deadlinePassed: this.#deadlinePassed,
    });
    if (decision === 'won') this.#win();
    else if (decision === 'impossible') this.#lose(this.#deadlinePassed ? 'deadline' : 'impossible');
  }

  #win(): void {
    const { node } = this.#visit;
    const results = this.#conclude('won', `the join of split '${node.name}' was won`);
    const isPlain = node.join.kind === 'all' && !node.join.settle;
    this.#settle.resolve(isPlain ? mapValues(results, (end) => (end as { readonly value: unknown }).value) : results);
  }

  #lose(reason: JoinFailure): void {
    if (this.#isOver) return;
    const { run, node, place } = this.#visit;
    const results = this.#conclude(
      reason === 'timeout' ? 'timed_out' : 'impossible',
      `the join of split '${node.name}' could not be won`,
    );
    const where = { workflow: run.definition.name, runId: run.id, ...place };
    this.#settle.reject(new JoinFailedError(this.#describe(reason), reason, results, this.#errors, where));
  }

  /** Ends the split: whoever has not ended is cancelled and stopped. */
  #conclude(outcome: 'won' | 'impossible' | 'timed_out', why: string): Readonly<Record<string, Settled<unknown>>> {
    const { run, node, place } = this.#visit;
    this.#close();
    const reason = new StoppedError(why);
    const cancelled = node.branches.size - this.#ends.size;
    const prepMs = new Map([...this.#open].map((visit) => [visit.place.branch, visit.prepMs]));
    for (const branch of node.branches.keys()) {
      // One that has not started has no visit.
      if (!this.#ends.has(branch)) this.#settleBranch(branch, { status: 'cancelled', reason }, prepMs.get(branch) ?? 0);
    }
    const [completed, failed, deadlinePassed] = [this.#completed, this.#errors.length, this.#deadlinePassed];
    run.announce(() => ({ type: 'join.decided', ...place, outcome, completed, failed, cancelled, deadlinePassed }));
    for (const { scope } of this.#open) scope.stop(reason);
    return Object.fromEntries(
      Array.from(node.branches.keys(), (branch) => [branch, this.#ends.get(branch) as Settled<unknown>]),
    );
  }

  #close(): void {
    this.#isOver = true;
    this.#off();
    for (const timer of this.#timers) timer.cancel();
    for (const withdraw of this.#waiting) withdraw();
  }

  #settleBranch(branch: string, end: Settled<unknown>, prepMs: number): void {
    const { run, node, place } = this.#visit;
    this.#ends.set(branch, end);
    run.announce(() => ({
      type: 'branch.finished',
      ...place,
      node: nameOfBranch(branch, node.branches.get(branch) as AnyNode),
      branch,
      status: end.status,
      prepMs,
      ...(end.status === 'failed' ? { error: eventError(end.error) } : {}),
    }));
  }

  #describe(reason: JoinFailure): string {
    const { node } = this.#visit;
    const { size } = node.branches;
    const told = this.#failures.slice(0, MAX_TOLD);
    const more = this.#failures.length > MAX_TOLD ? [`and ${this.#failures.length - MAX_TOLD} more`] : [];
    const why = told.length === 0 ? '' : ` (${[...told, ...more].join('; ')})`;
    const join = `join '${describeJoin(node.join)}' of ${size} branches`;
    const standing = `${this.#completed} completed, ${this.#errors.length} failed`;
    switch (reason) {
      case 'impossible':
        return `${join} cannot be won: ${standing}${why}`;
      case 'deadline':
        return `${join} was not won by its deadline of ${node.join.deadlineMs} ms: ${standing}${why}`;
      case 'timeout':
        return `${join} was not decided within the split's timeout of ${node.timeoutMs} ms: ${standing}${why}`;
    }
  }
}

function bookPath(last: BranchVisit, endedAt: number): void {
  let until = endedAt;
  for (let at: BranchVisit | undefined = last; at !== undefined; at = at.after) {
    at.cells.pathMs += until - at.startedAt;
    until = at.startedAt;
  }
}

function mapValues<From, To>(of: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, change(value)]));
}
