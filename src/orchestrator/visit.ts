/**
 * One visit of a run to a state: prep, exec, post, with the retries of its budget.
 *
 * Owns: the phases and what they hand on, the retry budget, buffered store writes.
 * Does not own: where the outcome leads (the run loop), how exec is done (exec-phase and batch).
 *
 * V1 A retry resumes at the phase that failed, with the input or output kept: a failing post never repeats exec.
 * V2 Phases that return no promise run without one: a visit of plain functions costs no turn of the loop.
 * V3 Writes of prep and post to a MemoryStore are applied when the phase returns, or not at all.
 * V4 A run that is to stop gets no further phase or attempt, and what a phase returns after that is dropped.
 */
import { messageOf, UndeclaredOutcomeError } from '../core/errors.ts';
import { eventError, type LogLevel, type Phase } from '../core/events.ts';
import type { NodeReport, RunReport } from '../core/report.ts';
import { decideRetry } from '../core/retry.ts';
import { isThenable } from '../core/thenable.ts';
import type { AnyNode, PostContext } from '../definition/node.ts';
import type { Log } from '../node.ts';
import { beginView, commitView, MemoryStore } from '../store/memory-store.ts';
import type { VisitPlace } from './attempt.ts';
import { BatchFailure, runBatch } from './batch.ts';
import { isCalledDirectly, runExec } from './exec-phase.ts';
import type { RunWait } from './explain.ts';
import type { LiveRun } from './live-run.ts';
import type { EngineServices } from './ports.ts';
import type { VisitScope } from './visit-scope.ts';

/** How a visit ended. */
export type VisitEnd =
  | { readonly kind: 'outcome'; readonly outcome: string }
  | {
      readonly kind: 'failed';
      readonly phase: Phase;
      readonly error: unknown;
      readonly attempt: number;
      /** The item of a batch that did it. */
      readonly item: number | undefined;
    }
  | { readonly kind: 'stopped' };

const STOPPED: VisitEnd = { kind: 'stopped' };

export class Visit implements VisitScope {
  readonly run: LiveRun;
  readonly node: AnyNode;
  readonly engine: EngineServices;
  readonly place: VisitPlace;
  readonly cells: NodeReport;
  attempt = 1;
  input: unknown;
  output: unknown;
  /** What prep and post have taken, failed attempts included. */
  prepMs = 0;
  postMs = 0;
  phaseStartedAt: number;
  waitsOfExec: VisitScope['waitsOfExec'];
  #backOffEndsAt: number | undefined;
  #phase: Phase;
  #retriesUsed = 0;
  #view: MemoryStore | undefined;
  #end: VisitEnd | undefined;

  constructor(run: LiveRun, node: AnyNode, engine: EngineServices) {
    this.run = run;
    this.node = node;
    this.engine = engine;
    this.place = { state: run.state, node: node.name, visit: run.visit };
    this.cells = run.nodeReport(node.name);
    this.#phase = node.prep === undefined ? 'exec' : 'prep';
    this.phaseStartedAt = engine.clock.now();
  }

  /** Runs the visit; a promise when a phase waits or has failed. */
  start(): VisitEnd | Promise<VisitEnd> {
    if (this.run.stopRequest !== undefined) return STOPPED;
    try {
      const pending = this.#advance();
      return pending === undefined ? (this.#end as VisitEnd) : this.#finish(pending, undefined);
    } catch (error) {
      return this.#finish(undefined, { error });
    }
  }

  /** What the visit waits for, beside its executions. */
  waits(): readonly RunWait[] {
    const { node, engine } = this;
    const now = engine.clock.now();
    if (this.#backOffEndsAt !== undefined)
      return [{ kind: 'back_off', node: node.name, leftMs: Math.max(0, this.#backOffEndsAt - now) }];
    if (this.#phase === 'exec' && (node.batch !== undefined || !isCalledDirectly(node)))
      return this.waitsOfExec?.() ?? [];
    return [{ kind: this.#phase, node: node.name, forMs: now - this.phaseStartedAt }];
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
        this.#charge();
        const delayMs = this.run.stopRequest === undefined ? this.#afterFailure(error) : undefined;
        if (delayMs !== undefined) await this.#backOff(delayMs);
        if (this.run.stopRequest !== undefined) return STOPPED;
      }
    }
    return this.#end;
  }

  // Goes on until a phase waits; undefined when the visit has ended.
  #advance(): PromiseLike<unknown> | undefined {
    while (this.#end === undefined) {
      const value = this.#call();
      if (isThenable(value)) return value;
      this.#accept(value);
    }
    return undefined;
  }

  #call(): unknown {
    const { node } = this;
    switch (this.#phase) {
      case 'prep':
        return node.prep?.(this.#openView(), this.#context());
      case 'exec':
        return node.batch === undefined ? runExec(this) : runBatch(this, node.batch);
      case 'post':
        return node.post === undefined ? node.outcomes[0] : node.post(this.#openView(), this.output, this.#context());
    }
  }

  #accept(value: unknown): void {
    if (this.#phase !== 'exec') this.#charge();
    if (this.run.stopRequest !== undefined) {
      this.#end = STOPPED;
      return;
    }
    switch (this.#phase) {
      case 'prep':
        this.#commit();
        this.input = value;
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

  // Books the time since the phase began; the next phase begins now.
  #charge(): void {
    const now = this.engine.clock.now();
    const tookMs = now - this.phaseStartedAt;
    if (this.#phase === 'prep') this.prepMs += tookMs;
    else if (this.#phase === 'post') this.postMs += tookMs;
    this.phaseStartedAt = now;
  }

  // The delay before the next attempt; undefined when there is none.
  #afterFailure(thrown: unknown): number | undefined {
    const { node, run, cells } = this;
    this.#view = undefined;
    const phase = this.#phase;
    // The items of a batch have retries of their own; repeating the whole would execute finished items again.
    if (phase === 'exec' && node.batch !== undefined) {
      const { error, item, attempt } = thrown instanceof BatchFailure ? thrown : new BatchFailure(thrown, undefined, 1);
      this.#end = { kind: 'failed', phase, error, attempt, item };
      return undefined;
    }
    const { attempt } = this;
    const rule = { policy: node.retry, retryIf: node.retryIf };
    const decision = decideRetry(rule, thrown, attempt, this.#retriesUsed, this.engine.random);
    if (!decision.retry) {
      if (phase === 'exec') cells.executions += 1;
      cells.failures += 1;
      this.#end = { kind: 'failed', phase, error: decision.error, attempt, item: undefined };
      return undefined;
    }
    const { delayMs } = decision;
    run.announce(() => ({
      type: 'retry.scheduled',
      ...this.place,
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

  async #backOff(delayMs: number): Promise<void> {
    const { run, engine } = this;
    run.status = 'waiting';
    this.#backOffEndsAt = engine.clock.now() + delayMs;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel();
        off();
        resolve();
      };
      const timer = engine.clock.setTimer(wake, delayMs);
      const off = run.onStop(wake);
    });
    run.status = 'running';
    this.#backOffEndsAt = undefined;
    this.phaseStartedAt = engine.clock.now();
  }

  // An exec on a thread is stopped by its dispatcher and settles then; prep and post cannot be stopped, so they are left.
  #orStop(pending: PromiseLike<unknown>): PromiseLike<unknown> {
    if (this.#phase === 'exec') return pending;
    const { run } = this;
    return new Promise((resolve, reject) => {
      const off = run.onStop(() => reject(run.stopError()));
      // Made a promise of its own first: of a thenable no more than `then` can be counted on.
      Promise.resolve(pending).then(resolve, reject).finally(off);
    });
  }

  #openView(): unknown {
    const { store } = this.run;
    if (!(store instanceof MemoryStore)) return store;
    this.#view = beginView(store);
    return this.#view;
  }

  #commit(): void {
    if (this.#view === undefined) return;
    commitView(this.#view);
    this.#view = undefined;
  }

  #context(): PostContext {
    return new PhaseContext(this);
  }
}

/** What prep and post see. Everything that costs is made when it is read. */
class PhaseContext implements PostContext {
  readonly #visit: Visit;
  readonly attempt: number;
  readonly input: unknown;

  constructor(visit: Visit) {
    this.#visit = visit;
    this.attempt = visit.attempt;
    this.input = visit.input;
  }

  get services(): unknown {
    return this.#visit.engine.services;
  }

  get runId(): string {
    return this.#visit.run.id;
  }

  get visit(): number {
    return this.#visit.place.visit;
  }

  get signal(): AbortSignal {
    return this.#visit.run.signal;
  }

  get lastError(): unknown {
    return this.#visit.run.lastError;
  }

  report(): RunReport {
    return this.#visit.run.report();
  }

  get log(): Log {
    const { run, place } = this.#visit;
    const { attempt } = this;
    const write =
      (level: LogLevel) =>
      (message: string, fields?: Readonly<Record<string, unknown>>): void =>
        run.announce(() => ({
          type: 'log',
          ...place,
          attempt,
          level,
          message,
          ...(fields === undefined ? {} : { fields }),
        }));
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  }
}

/** For messages: which phase of which node failed, and how often it was tried. */
export function describeFailure(
  node: string,
  { phase, error, attempt, item }: Extract<VisitEnd, { kind: 'failed' }>,
): string {
  const tries = attempt === 1 ? '' : ` after ${attempt} attempts`;
  const which = item === undefined ? '' : ` (item ${item})`;
  return `${phase} of node '${node}'${which} failed${tries}: ${messageOf(error)}`;
}
