/**
 * The loop of one run: enter a state, visit its node, follow the outcome.
 *
 * Owns: the order of states, in the workflow and in its sub-workflows; the end of the run.
 * Does not own: a visit's phases and retries (visit), identity and events (live-run), the decision itself (core/transition).
 *
 * U1 One visit at a time, but for the visit of a sub-workflow, which lasts as long as the visits inside it. The only await of
 *    the loop is for a visit that waits, or to let the event loop turn.
 * U2 A run ends exactly once: in an exit state, failed, cancelled or timed out.
 * U3 When a run ends nothing of it is executed any more: visits end only after their executions have, and what may last
 *    longer is held by the run.
 * U4 A sub-workflow is a part of its run: transitions are counted through, a stop reaches it, and a failure that no route in
 *    it takes is the failure of the state that holds it.
 */
import { CanoError, messageOf } from '../core/errors.ts';
import { eventError, type StateKind } from '../core/events.ts';
import { RunCancelledError, RunFailedError, RunTimedOutError } from '../core/run-errors.ts';
import { decideAfterFailure, decideAfterOutcome, type Decision } from '../core/transition.ts';
import type { ChildNode } from '../definition/child.ts';
import type { AnyNode, BatchRules } from '../definition/node.ts';
import { pathOf } from '../definition/outline.ts';
import type { StateDefinition, StateNode, WorkflowDefinition } from '../definition/workflow.ts';
import { runBatch } from './batch.ts';
import { runExec } from './exec-phase.ts';
import type { LiveRun } from './live-run.ts';
import type { EngineServices } from './ports.ts';
import { runSplit } from './split.ts';
import { ChildFailure, describeFailure, STOPPED, Visit, type FailedVisit, type VisitEnd } from './visit.ts';

const TURN_EVERY = 512;
const WARN_AT_TRANSITIONS = 100_000;

/** A workflow under way: the run's own, or a sub-workflow in one of its states. */
interface Level {
  readonly definition: WorkflowDefinition;
  readonly store: unknown;
  /** The state that holds it, with the way to that; undefined for the run's own. */
  readonly holder: string | undefined;
}

type WalkEnd = { readonly kind: 'exit'; readonly state: string } | Exclude<VisitEnd, { readonly kind: 'outcome' }>;

const TOO_LONG: WalkEnd & { readonly kind: 'too_long' } = { kind: 'too_long' };

/** Runs to the end; never rejects. */
export async function runLoop(run: LiveRun, engine: EngineServices, maxTransitions: number | undefined): Promise<void> {
  const { definition, store } = run;
  if (run.stopRequest === undefined) run.begin();
  run.maxTransitions = maxTransitions;
  run.announce(() => ({ type: 'run.started', state: definition.start, wallTime: engine.clock.wallNow() }));
  const end = await walk(run, engine, { definition, store, holder: undefined });
  if (run.isOver) return;
  await run.released();
  switch (end.kind) {
    case 'exit':
      return run.complete(end.state);
    case 'failed':
      return endFailed(run, end);
    case 'stopped':
      return endStopped(run);
    case 'too_long':
      return endTooLong(run);
  }
}

/** From a workflow's start to one of its exit states, or to what prevents that. */
async function walk(run: LiveRun, engine: EngineServices, { definition, store, holder }: Level): Promise<WalkEnd> {
  const { start, states, exits } = definition;
  // The visit that holds this walk, if it is one of a sub-workflow.
  const outer = run.present as Visit | undefined;
  let state = start;
  for (;;) {
    if (run.stopRequest !== undefined) return STOPPED;
    const entry = states.get(state) as StateDefinition;
    const { node } = entry;
    run.visit += 1;
    run.state = holder === undefined ? state : pathOf(holder, state);
    const visit = visitOf(run, engine, store, node);
    visit.outer = outer;
    run.present = visit;
    const { place, cells, enteredAt } = visit;
    cells.visits += 1;
    run.announce(
      () => ({
        type: 'state.entered',
        state: place.state,
        node: place.node,
        visit: place.visit,
        kind: node.kind as StateKind,
      }),
      enteredAt,
    );

    const started = visit.start();
    const hasWaited = started instanceof Promise;
    const end = hasWaited ? await started : started;
    run.present = outer;
    cells.prepMs += visit.prepMs;
    cells.postMs += visit.postMs;
    // The last phase has just been booked: no further look at the clock.
    const tookMs = visit.phaseStartedAt - enteredAt;
    cells.wallMs += tookMs;
    cells.pathMs += tookMs;
    // Asked again: a request may have come between the end of a visit that waited and this line.
    if (end.kind === 'stopped' || run.stopRequest !== undefined) {
      announceLeft(run, visit, 'cancelled');
      return STOPPED;
    }

    const isFailed = end.kind === 'failed';
    const decision =
      end.kind === 'outcome' ? decideAfterOutcome(entry, end.outcome, exits) : decideAfterFailure(entry, exits);
    if (end.kind === 'too_long' || decision.kind === 'fail') {
      announceLeft(run, visit, 'failed');
      return end as FailedVisit | typeof TOO_LONG;
    }
    run.lastError = isFailed ? end.error : undefined;
    const transitions = run.countTransition();
    announceTransition(run, visit, end, decision, holder, hasWaited ? undefined : visit.phaseStartedAt);
    state = decision.state;
    if (decision.kind === 'complete') {
      // At once: a request to stop that came in between would be lost.
      if (holder === undefined && !run.isHeld) run.complete(state);
      return { kind: 'exit', state };
    }

    if (run.maxTransitions !== undefined && transitions >= run.maxTransitions) {
      run.state = holder === undefined ? state : pathOf(holder, state);
      return TOO_LONG;
    }
    if (transitions === WARN_AT_TRANSITIONS) warnManyTransitions(run);
    // Visits without a promise would never let timers, cancellation and other runs in.
    if (transitions % TURN_EVERY === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function visitOf(run: LiveRun, engine: EngineServices, store: unknown, node: StateNode): Visit {
  switch (node.kind) {
    case 'batch':
      return new Visit(run, node, engine, store, execBatch);
    case 'split':
      return new Visit(run, node, engine, store, runSplit);
    case 'workflow':
      return new Visit(run, node, engine, store, walkChild);
    default:
      return new Visit(run, node, engine, store, runExec);
  }
}

function execBatch(visit: Visit<AnyNode>): Promise<unknown> {
  return runBatch(visit, visit.node.batch as BatchRules);
}

/**
 * The exec of a sub-workflow: its visits. Its prep has given its store.
 *
 * @throws ChildFailure (as rejection)
 */
async function walkChild(visit: Visit<ChildNode>): Promise<unknown> {
  const { run, engine, node, place, input } = visit;
  const { lastError } = run;
  const end = await walk(run, engine, { definition: node.definition, store: input, holder: place.state });
  // What it gives then is dropped: the visit knows that it is to stop.
  if (end.kind === 'stopped') return undefined;
  if (end.kind !== 'exit') throw new ChildFailure(end);
  run.state = place.state;
  run.lastError = lastError;
  return { state: end.state, store: input };
}

function announceTransition(
  run: LiveRun,
  { place, prepMs, postMs }: Visit,
  end: FailedVisit | { readonly kind: 'outcome'; readonly outcome: string },
  { state }: Exclude<Decision, { kind: 'fail' }>,
  holder: string | undefined,
  at: number | undefined,
): void {
  const outcome = end.kind === 'failed' ? 'failed' : end.outcome;
  run.announce(
    () => ({
      type: 'transition',
      state: place.state,
      node: place.node,
      visit: place.visit,
      outcome,
      to: holder === undefined ? state : pathOf(holder, state),
      failed: end.kind === 'failed',
      prepMs,
      postMs,
    }),
    at,
  );
}

function announceLeft(run: LiveRun, { place, prepMs, postMs }: Visit, status: 'failed' | 'cancelled'): void {
  const { state, node, visit } = place;
  run.announce(() => ({ type: 'state.left', state, node, visit, status, prepMs, postMs }));
}

function warnManyTransitions(run: LiveRun): void {
  const message = `the run has taken ${WARN_AT_TRANSITIONS} transitions; set maxTransitions if that is a loop without an end`;
  run.announce(() => ({ type: 'warning', code: 'many_transitions', message }));
}
function endFailed(run: LiveRun, end: FailedVisit): void {
  const { place, attempt, item, error } = end;
  const { name: workflow } = run.definition;
  const where = { workflow, runId: run.id, ...place, attempt, ...(item === undefined ? {} : { item }) };
  const message = `workflow '${workflow}' failed in state '${place.state}': ${describeFailure(end)}`;
  finish(run, 'failed', (report) => new RunFailedError(message, where, report, error));
}

function endTooLong(run: LiveRun): void {
  const cause = new CanoError(
    'CANO_MAX_TRANSITIONS',
    `the run took maxTransitions (${run.maxTransitions}) without reaching an exit state`,
  );
  const message = `workflow '${run.definition.name}' failed in state '${run.state}': ${cause.message}`;
  finish(run, 'failed', (report) => new RunFailedError(message, whereOf(run), report, cause));
}

function endStopped(run: LiveRun): void {
  const { status, reason } = run.stopRequest as NonNullable<LiveRun['stopRequest']>;
  const at = `workflow '${run.definition.name}' in state '${run.state}'`;
  if (status === 'timed_out') {
    finish(
      run,
      status,
      (report) => new RunTimedOutError(`${at} timed out: ${messageOf(reason)}`, whereOf(run), report, reason),
    );
  } else {
    finish(
      run,
      status,
      (report) => new RunCancelledError(`${at} was cancelled: ${messageOf(reason)}`, whereOf(run), report, reason),
    );
  }
}

function finish(
  run: LiveRun,
  status: 'failed' | 'cancelled' | 'timed_out',
  makeError: Parameters<LiveRun['fail']>[1],
): void {
  const { state } = run;
  run.fail(status, makeError, (error, report) => ({
    type: 'run.finished',
    status,
    state,
    error: eventError(error),
    report,
  }));
}

function whereOf(run: LiveRun): { workflow: string; runId: string; state: string; visit: number } {
  return { workflow: run.definition.name, runId: run.id, state: run.state, visit: run.visit };
}
