/** The exec of a node with one execution per visit. */
import type { LogGate } from '../core/log.ts';
import { isThenable } from '../core/thenable.ts';
import type { AnyNode, InlineContext } from '../definition/node.ts';
import type { StateNode } from '../definition/workflow.ts';
import { Execution, type CommonValue, type ExecutionSink, type ItemEnd, type Snapshot } from '../dispatch/execution.ts';
import { MainContext, type ContextScope, type MainNote } from '../dispatch/main-context.ts';
import type { ConcurrencyLimit, Guest } from '../resilience/concurrency-limit.ts';
import type { Note } from '../wire/messages.ts';
import { announceNote, recordAttempt, recordOverrun, type Travel } from './attempt.ts';
import { commonOf, readsOf } from './common.ts';
import { isCostly, warnOfCostlyInput } from './costly-input.ts';
import { DroppedLines } from './dropped-lines.ts';
import { waitsForLimit } from './explain.ts';
import type { StopScope } from './stop-scope.ts';
import type { VisitScope } from './visit-scope.ts';

/** Does it: on a thread, through the main-thread dispatcher, or as a plain call where nothing more is asked for. */
export function runExec(visit: VisitScope): unknown {
  const { node } = visit;
  return isCalledDirectly(node) ? callDirectly(visit, node.exec) : dispatchOne(visit);
}

/** Whether exec is a plain function that needs no dispatcher. */
export function isCalledDirectly(
  node: StateNode,
): node is AnyNode & { readonly exec: (input: unknown, ctx: InlineContext) => unknown } {
  if (!('exec' in node) || node.batch !== undefined) return false;
  return typeof node.exec === 'function' && node.timeoutMs === undefined && node.concurrency === undefined;
}

function callDirectly(visit: VisitScope, call: (input: unknown, ctx: InlineContext) => unknown): unknown {
  const direct = new DirectCall(visit);
  try {
    const output = call(visit.input, direct.context);
    if (isThenable(output)) return direct.settle(output, visit.engine.clock.now());
    direct.record('ok', undefined, undefined);
    return output;
  } catch (error) {
    direct.record('error', error, undefined);
    throw error;
  }
}

const ONE_ITEM = { length: 1 } as const;
const nothing = (): void => {};

/** An exec on the main thread that is called without a dispatcher. */
class DirectCall implements ContextScope {
  readonly #visit: VisitScope;
  readonly #startedAt: number;
  readonly attempt: number;
  readonly context: MainContext;
  readonly item = undefined;
  readonly common = undefined;
  readonly snapshot: Snapshot | undefined;
  readonly params = undefined;
  readonly resource = undefined;

  constructor(visit: VisitScope) {
    this.#visit = visit;
    this.#startedAt = visit.phaseStartedAt;
    this.attempt = visit.attempt;
    this.snapshot = readsOf(visit);
    this.context = new MainContext(this);
  }

  get runId(): string {
    return this.#visit.run.id;
  }

  get visit(): number {
    return this.#visit.place.visit;
  }

  get services(): unknown {
    return this.#visit.engine.services;
  }

  get logs(): LogGate {
    return this.#visit.engine.logs;
  }

  note(note: MainNote): void {
    const { run, place } = this.#visit;
    announceNote(run, place, undefined, -1, this.attempt, note);
  }

  /**
   * Books the attempt.
   *
   * @param returnedAt when exec returned its promise; undefined when it returned none
   */
  record(outcome: 'ok' | 'error' | 'cancelled', error: unknown, returnedAt: number | undefined): void {
    this.context.finish();
    const { run, place, cells, engine } = this.#visit;
    const startedAt = this.#startedAt;
    const endedAt = engine.clock.now();
    this.#visit.phaseStartedAt = endedAt;
    const travel: Travel = {
      queuedAt: startedAt,
      postedAt: startedAt,
      startedAt,
      receivedAt: endedAt,
      thread: undefined,
      cloneMs: 0,
      bytesIn: 0,
      bytesOut: 0,
      items: ONE_ITEM,
    };
    const blockedMs = (returnedAt ?? endedAt) - startedAt;
    const end: ItemEnd = { outcome, value: undefined, error, startedAt, endedAt, blockedMs };
    recordAttempt(run, place, cells, travel, -1, this.attempt, end, endedAt);
    if (outcome === 'ok') cells.executions += 1;
  }

  // An exec on the main thread cannot be killed: when it is stopped its signal fires, and what it does later is dropped.
  async settle(output: PromiseLike<unknown>, returnedAt: number): Promise<unknown> {
    const { scope } = this.#visit;
    let off = nothing;
    try {
      const value = await new Promise((resolve, reject) => {
        off = scope.onStop((stopped) => {
          this.context.abort();
          reject(stopped);
        });
        output.then(resolve, reject);
      });
      this.record('ok', undefined, returnedAt);
      return value;
    } catch (error) {
      this.record(scope.error === undefined ? 'error' : 'cancelled', error, returnedAt);
      throw error;
    } finally {
      off();
    }
  }
}

/** One execution as a promise of its value. */
function dispatchOne(visit: VisitScope): Promise<unknown> {
  const limit = visit.engine.limitOf(visit.node);
  return limit === undefined ? submit(visit) : submitWithin(visit, limit);
}

async function submitWithin(visit: VisitScope, limit: ConcurrencyLimit): Promise<unknown> {
  const { run, place } = visit;
  visit.waitsOfExec = () => waitsForLimit(place.node, limit, run);
  await enter(visit.scope, limit, run);
  try {
    return await submit(visit);
  } finally {
    limit.leave();
  }
}

function submit(visit: VisitScope): Promise<unknown> {
  const { node, engine, scope } = visit;
  return new Promise((resolve, reject) => {
    if (scope.error !== undefined) {
      reject(scope.error);
      return;
    }
    const dispatcher = engine.dispatcherOf(node);
    const common = commonOf(visit, dispatcher, undefined);
    const sink = new OneExecution(visit, resolve, reject, () => common && dispatcher.release(common));
    const execution = newExecution(visit, common, sink);
    sink.off = scope.onStop((stopped) => {
      sink.stoppedAt = engine.clock.now();
      dispatcher.cancel(execution, stopped);
    });
    dispatcher.submit(execution);
  });
}

/**
 * Resolves when there is room; the place is to be given back.
 *
 * @throws StoppedError (as rejection) when the visit is stopped while it waits
 */
export async function enter(scope: StopScope, limit: ConcurrencyLimit, guest: Guest): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let off: () => unknown = nothing;
    let isIn = false;
    const withdraw = limit.request(() => {
      isIn = true;
      off();
      resolve();
    }, guest);
    if (isIn) return;
    off = scope.onStop((stopped) => {
      if (withdraw()) reject(stopped);
    });
  });
}

class OneExecution implements ExecutionSink {
  /** Takes back what listens to the stop. */
  off: () => unknown = nothing;
  /** When it was asked to stop. */
  stoppedAt: number | undefined;
  readonly #visit: VisitScope;
  readonly #dropped: DroppedLines;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onEnded: () => void;

  constructor(
    visit: VisitScope,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    onEnded: () => void,
  ) {
    this.#visit = visit;
    this.#dropped = new DroppedLines(visit.run, visit.place, visit.engine.clock);
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onEnded = onEnded;
  }

  note(execution: Execution, index: number, attempt: number, note: Note): void {
    if (note[0] === 'dropped') this.#dropped.add(note[1]);
    else announceNote(this.#visit.run, this.#visit.place, execution.thread, index, attempt, note);
  }

  settled(execution: Execution, index: number, attempt: number, end: ItemEnd): void {
    const { run, place, cells, input } = this.#visit;
    this.#dropped.tell();
    recordAttempt(run, place, cells, execution, index, attempt, end);
    recordOverrun(cells, execution, end, this.stoppedAt);
    const tookMs = end.endedAt - end.startedAt;
    if (isCostly(execution, tookMs)) warnOfCostlyInput(run, place, execution, tookMs, { input });
    if (end.outcome === 'ok') {
      cells.executions += 1;
      this.#resolve(end.value);
    } else {
      this.#reject(end.error);
    }
  }

  ended(): void {
    this.off();
    this.#onEnded();
  }
}

function newExecution(
  { run, node, place, input, attempt }: VisitScope,
  common: CommonValue | undefined,
  sink: ExecutionSink,
): Execution {
  const { state, visit, branch } = place;
  return new Execution({
    exec: node.exec,
    runId: run.id,
    workflow: run.definition.name,
    state,
    node: place.node,
    visit,
    branch,
    share: run.share,
    timeoutMs: node.timeoutMs,
    common,
    items: [input],
    index: -1,
    attempt,
    sink,
  });
}
