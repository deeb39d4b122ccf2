/**
 * The loop of one run: enter a state, visit its node, follow the outcome.
 *
 * Owns: the order of states, the end of the run.
 * Does not own: a visit's phases and retries (visit), identity and events (live-run), the decision itself (core/transition).
 *
 * U1 One visit at a time; the only await of the loop is for a visit that waits, or to let the event loop turn.
 * U2 A run ends exactly once: in an exit state, failed, cancelled or timed out.
 * U3 When a run ends nothing of it is executed any more: visits end only after their executions have.
 */
import { CanoError, messageOf } from '../core/errors.ts';
import { eventError } from '../core/events.ts';
import { RunCancelledError, RunFailedError, RunTimedOutError } from '../core/run-errors.ts';
import { decideAfterFailure, decideAfterOutcome, type Decision } from '../core/transition.ts';
import type { StateDefinition } from '../definition/workflow.ts';
import type { LiveRun } from './live-run.ts';
import type { EngineServices } from './ports.ts';
import { describeFailure, Visit, type VisitEnd } from './visit.ts';

const TURN_EVERY = 512;
const WARN_AT_TRANSITIONS = 100_000;

type FailedVisit = Extract<VisitEnd, { kind: 'failed' }>;

/** Runs to the end; never rejects. */
export async function runLoop(run: LiveRun, engine: EngineServices, maxTransitions: number | undefined): Promise<void> {
  const { start, states, exits } = run.definition;
  if (run.stopRequest === undefined) run.begin();
  run.announce(() => ({ type: 'run.started', state: start, wallTime: engine.clock.wallNow() }));
  for (;;) {
    if (run.stopRequest !== undefined) return endStopped(run);
    const entry = states.get(run.state) as StateDefinition;
    const { node } = entry;
    run.visit += 1;
    const visit = new Visit(run, node, engine);
    run.present = visit;
    const { place, cells } = visit;
    cells.visits += 1;
    run.announce(() => ({ type: 'state.entered', ...place, kind: node.kind }));

    const started = visit.start();
    const end = started instanceof Promise ? await started : started;
    cells.prepMs += visit.prepMs;
    cells.postMs += visit.postMs;
    // Asked again: a request may have come between the end of a visit that waited and this line.
    if (end.kind === 'stopped' || run.stopRequest !== undefined) return endStopped(run);

    const isFailed = end.kind === 'failed';
    const decision = isFailed ? decideAfterFailure(entry, exits) : decideAfterOutcome(entry, end.outcome, exits);
    if (decision.kind === 'fail') return endFailed(run, node.name, end as FailedVisit);
    run.lastError = isFailed ? end.error : undefined;
    const transitions = run.countTransition();
    announceTransition(run, visit, end, decision);
    if (decision.kind === 'complete') return run.complete(decision.state);
    run.state = decision.state;

    if (maxTransitions !== undefined && transitions >= maxTransitions) return endTooLong(run, maxTransitions);
    if (transitions === WARN_AT_TRANSITIONS) warnManyTransitions(run);
    // Visits without a promise would never let timers, cancellation and other runs in.
    if (transitions % TURN_EVERY === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function announceTransition(
  run: LiveRun,
  { place, prepMs, postMs }: Visit,
  end: Exclude<VisitEnd, { kind: 'stopped' }>,
  decision: Exclude<Decision, { kind: 'fail' }>,
): void {
  const outcome = end.kind === 'failed' ? 'failed' : end.outcome;
  run.announce(() => ({
    type: 'transition',
    ...place,
    outcome,
    to: decision.state,
    failed: end.kind === 'failed',
    prepMs,
    postMs,
  }));
}

function warnManyTransitions(run: LiveRun): void {
  const message = `the run has taken ${WARN_AT_TRANSITIONS} transitions; set maxTransitions if that is a loop without an end`;
  run.announce(() => ({ type: 'warning', code: 'many_transitions', message }));
}

function endFailed(run: LiveRun, node: string, end: FailedVisit): void {
  const { attempt, item, error } = end;
  const where = { ...whereOf(run), node, attempt, ...(item === undefined ? {} : { item }) };
  const message = `workflow '${run.definition.name}' failed in state '${run.state}': ${describeFailure(node, end)}`;
  finish(run, 'failed', (report) => new RunFailedError(message, where, report, error));
}

function endTooLong(run: LiveRun, maxTransitions: number): void {
  const cause = new CanoError(
    'CANO_MAX_TRANSITIONS',
    `the run took maxTransitions (${maxTransitions}) without reaching an exit state`,
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
