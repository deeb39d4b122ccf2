/**
 * One visit of a run to a state: prep, exec, post, with the retries of its budget.
 *
 * Owns: the phases and what they hand on, the retry budget, buffered store writes.
 * Does not own: where the outcome leads (the run loop), how exec is done (exec-phase, batch, split, the run loop).
 *
 * V1 A retry resumes at the phase that failed, with the input or output kept: a failing post never repeats exec.
 * V2 Phases that return no promise run without one: a visit of plain functions costs no turn of the loop.
 * V3 Writes of prep and post to a MemoryStore are applied when the phase returns, or not at all.
 * V4 A visit that is to stop gets no further phase or attempt, and what a phase returns after that is dropped.
 */
import { messageOf, UndeclaredOutcomeError } from '../core/errors.ts';
import { eventError, type Phase } from '../core/events.ts';
import type { NodeReport } from '../core/report.ts';
import { decideRetry } from '../core/retry.ts';
import { isThenable } from '../core/thenable.ts';
import type { StateNode } from '../definition/workflow.ts';
import { beginView, commitView, MemoryStore, readOnlyView } from '../store/memory-store.ts';
import type { VisitPlace } from './attempt.ts';
import { BatchFailure } from './batch.ts';
import { isCalledDirectly } from './exec-phase.ts';
import type { RunWait } from './explain.ts';
import type { LiveRun } from './live-run.ts';
import { PhaseContext } from './phase-context.ts';
import type { EngineServices } from './ports.ts';
import type { StopScope } from './stop-scope.ts';
import type { VisitScope } from './visit-scope.ts';

/** A visit that failed for good. */
export interface FailedVisit {
  readonly kind: 'failed';
  /** Where it failed: for a sub-workflow, the visit inside it that did. */
  readonly place: VisitPlace;
  readonly phase: Phase;
  readonly error: unknown;
  readonly attempt: number;
  /** The item of a batch that did it. */
  readonly item: number | undefined;
}

/** How a visit ended. */
export type VisitEnd =
  | { readonly kind: 'outcome'; readonly outcome: string }
  | FailedVisit
  | { readonly kind: 'stopped' }
  /** The run took its `maxTransitions` in a sub-workflow. */
  | { readonly kind: 'too_long' };

export const STOPPED: VisitEnd & { readonly kind: 'stopped' } = { kind: 'stopped' };

/** How a sub-workflow that did not reach an exit state ends the visit that holds it. */
export class ChildFailure extends Error {
  readonly end: FailedVisit | { readonly kind: 'too_long' };

  constructor(end: ChildFailure['end']) {
    super('the sub-workflow did not reach an exit state');
    this.end = end;
  }
}

/** What a visit is when it is not the whole of what its run does: a branch of a split. */
export interface VisitPart {
  readonly place: VisitPlace;
  readonly scope: StopScope;
}

/** How exec is done, by the kind of the node. A method's type, so that a visit of a kind of node is a visit. */
type DoExec<Of extends StateNode> = { exec(visit: Visit<Of>): unknown }['exec'];

export class Visit<Of extends StateNode = StateNode> {
  readonly run: LiveRun;
  readonly node: Of;
  readonly engine: EngineServices;
  readonly store: unknown;
  readonly scope: StopScope;
  readonly place: VisitPlace;
  readonly cells: NodeReport;
  attempt = 1;
  input: unknown;
  output: unknown;
  /** What prep and post have taken, failed attempts included. */
  prepMs = 0;
  postMs = 0;
  readonly enteredAt: number;
  phaseStartedAt: number;
  /** The visit of the state that holds the sub-workflow that this is a visit of. */
  outer: Visit | undefined;
  waitsOfExec: VisitScope['waitsOfExec'];
  readonly #exec: DoExec<Of>;
  #backOffEndsAt: number | undefined;
  #phase: Phase;
  #retriesUsed = 0;
  /** The phase has returned a promise. */
  #isWaiting = false;
  #view: MemoryStore | undefined;
  #end: VisitEnd | undefined;

  constructor(run: LiveRun, node: Of, engine: EngineServices, store: unknown, exec: DoExec<Of>, part?: VisitPart) {
    this.run = run;
    this.node = node;
    this.engine = engine;
    this.store = store;
    this.scope = part?.scope ?? run.scope;
    this.place = part?.place ?? { state: run.state, node: node.name, visit: run.visit };
    this.cells = run.nodeReport(this.place, node.kind);
    this.#exec = exec;
    this.#phase = node.prep === undefined ? 'exec' : 'prep';
    this.enteredAt = engine.clock.now();
    this.phaseStartedAt = this.enteredAt;
  }

  /** Runs the visit; a promise when a phase waits or has failed. */
  start(): VisitEnd | Promise<VisitEnd> {
    if (this.scope.error !== undefined) return STOPPED;
    try {
      const pending = this.#advance();
      return pending === undefined ? (this.#end as VisitEnd) : this.#finish(pending, undefined);
    } catch (error) {
      return this.#finish(undefined, { error });
    }
  }

  /** What the visit waits for, beside its executions. */
  waits(): readonly RunWait[] {
    const { node } = this.place;
    const now = this.engine.clock.now();
    if (this.#backOffEndsAt !== undefined)
      return [{ kind: 'back_off', node, leftMs: Math.max(0, this.#backOffEndsAt - now) }];
    if (this.#phase === 'exec' && !isCalledDirectly(this.node)) return this.waitsOfExec?.() ?? [];
    return [{ kind: this.#phase, node, forMs: now - this.phaseStartedAt }];
  }

  async #finish(
    first: PromiseLike<unknown> | undefined,
    thrown: { readonly error: unknown } | undefined,
  ): Promise<VisitEnd> {
    let [pending, failed] = [first, thrown];
    while (this.#end === undefined) {
      try {
        if (failed !== undefined) throw failed.error;
        if (pending !== undefined) {
          const value = await this.#orStop(pending);
          if (this.#phase === 'exec') this.#charge();
          this.#accept(value);
        }
        pending = this.#advance();
      } catch (error) {
        pending = undefined;
        failed = undefined;
        this.#chargeMain();
        const delayMs = this.scope.error === undefined ? this.#afterFailure(error) : undefined;
        if (delayMs !== undefined) {
          await this.backOff(delayMs);
          this.phaseStartedAt = this.engine.clock.now();
        }
        if (this.scope.error !== undefined) return STOPPED;
      }
    }
    return this.#end;
  }

  // Goes on until a phase waits; undefined when the visit has ended.
  #advance(): PromiseLike<unknown> | undefined {
    while (this.#end === undefined) {
      this.#isWaiting = false;
      const value = this.#call();
      if (isThenable(value)) {
        this.#isWaiting = true;
        if (this.#phase !== 'exec') this.cells.blockedMs += this.engine.clock.now() - this.phaseStartedAt;
        return value;
      }
      this.#accept(value);
    }
    return undefined;
  }

  #call(): unknown {
    const { node } = this;
    switch (this.#phase) {
      case 'prep':
        return node.prep?.(this.#openView(), new PhaseContext(this));
      case 'exec':
        return this.#exec(this);
      case 'post':
        return node.post === undefined
          ? node.outcomes[0]
          : node.post(this.#openView(), this.output, new PhaseContext(this));
    }
  }

  #accept(value: unknown): void {
    if (this.#phase !== 'exec') this.#chargeMain();
    if (this.scope.error !== undefined) {
      this.#end = STOPPED;
      return;
    }
    switch (this.#phase) {
      case 'prep':
        // A sub-workflow that is given its parent's store works on the store itself, beyond this phase.
        this.input = this.#isOwnStore(value) ? this.store : value;
        this.#commit();
        this.#phase = 'exec';
        break;
      case 'exec':
        this.output = value;
        this.#phase = 'post';
        break;
      case 'post': {
        const { node } = this;
        if (typeof value !== 'string' || !node.outcomes.includes(value)) {
          throw new UndeclaredOutcomeError(node.name, value, node.outcomes);
        }
        this.#commit();
        this.#end = { kind: 'outcome', outcome: value };
        break;
      }
    }
  }

  // Books the time since the phase began and gives it; the next phase begins now.
  #charge(): number {
    const now = this.engine.clock.now();
    const tookMs = now - this.phaseStartedAt;
    if (this.#phase === 'prep') this.prepMs += tookMs;
    else if (this.#phase === 'post') this.postMs += tookMs;
    this.phaseStartedAt = now;
    return tookMs;
  }

  // The same, and that it blocked the main thread, but for a phase that has returned a promise, and for exec, which books
  // that itself.
  #chargeMain(): void {
    const tookMs = this.#charge();
    if (!this.#isWaiting && this.#phase !== 'exec') this.cells.blockedMs += tookMs;
  }

  // The delay before the next attempt; undefined when there is none.
  #afterFailure(thrown: unknown): number | undefined {
    const { node, run, cells, place } = this;
    this.#view = undefined;
    const phase = this.#phase;
    // Items, branches and the visits of a sub-workflow have retries of their own; repeating the whole would execute again
    // what has finished.
    if (phase === 'exec' && node.kind !== 'node' && node.kind !== 'branch') {
      const { error, item, attempt } = thrown instanceof BatchFailure ? thrown : new BatchFailure(thrown, undefined, 1);
      this.#end = thrown instanceof ChildFailure ? thrown.end : { kind: 'failed', place, phase, error, attempt, item };
      return undefined;
    }
    const { attempt } = this;
    const rule = { policy: node.retry, retryIf: node.retryIf };
    const decision = decideRetry(rule, thrown, attempt, this.#retriesUsed, this.engine.random);
    if (!decision.retry) {
      if (phase === 'exec') cells.executions += 1;
      cells.failures += 1;
      this.#end = { kind: 'failed', place, phase, error: decision.error, attempt, item: undefined };
      return undefined;
    }
    const { delayMs } = decision;
    run.announce(() => ({
      type: 'retry.scheduled',
      ...place,
      phase,
      attempt,
      delayMs,
      error: eventError(thrown),
    }));
    this.#retriesUsed += 1;
    this.attempt += 1;
    cells.retries += 1;
    cells.backoffMs += delayMs;
    return delayMs;
  }

  protected async backOff(delayMs: number): Promise<void> {
    const { run } = this;
    run.status = 'waiting';
    await this.sleep(delayMs);
    run.status = 'running';
  }

  /** Ends early when the visit is to stop. */
  protected async sleep(delayMs: number): Promise<void> {
    const { scope, engine } = this;
    this.#backOffEndsAt = engine.clock.now() + delayMs;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel();
        off();
        resolve();
      };
      const timer = engine.clock.setTimer(wake, delayMs);
      const off = scope.onStop(wake);
    });
    this.#backOffEndsAt = undefined;
    this.phaseStartedAt = engine.clock.now();
  }

  // An exec on a thread is stopped by its dispatcher and settles then; prep and post cannot be stopped, so they are left.
  #orStop(pending: PromiseLike<unknown>): PromiseLike<unknown> {
    if (this.#phase === 'exec') return pending;
    const { scope } = this;
    return new Promise((resolve, reject) => {
      const off = scope.onStop(reject);
      // Made a promise of its own first: of a thenable no more than `then` can be counted on.
      Promise.resolve(pending).then(resolve, reject).finally(off);
    });
  }

  #openView(): unknown {
    const { store } = this;
    if (!(store instanceof MemoryStore)) return store;
    if (this.node.kind === 'branch') return readOnlyView(store);
    this.#view = beginView(store);
    return this.#view;
  }

  #isOwnStore(value: unknown): boolean {
    return this.#view !== undefined && value === this.#view && this.node.kind === 'workflow';
  }

  #commit(): void {
    if (this.#view === undefined) return;
    commitView(this.#view);
    this.#view = undefined;
  }
}

/** For messages: which phase of which node failed, and how often it was tried. */
export function describeFailure({ place, phase, error, attempt, item }: FailedVisit): string {
  const tries = attempt === 1 ? '' : ` after ${attempt} attempts`;
  const which = item === undefined ? '' : ` (item ${item})`;
  return `${phase} of node '${place.node}'${which} failed${tries}: ${messageOf(error)}`;
}
