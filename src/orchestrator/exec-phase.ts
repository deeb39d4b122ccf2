/** The exec of a node with one execution per visit. */
import { isThenable } from '../core/thenable.ts';
import type { AnyNode, InlineContext } from '../definition/node.ts';
import { Execution, type ExecutionSink, type ItemEnd } from '../dispatch/execution.ts';
import { MainContext, type ContextScope } from '../dispatch/main-context.ts';
import type { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import type { Note } from '../wire/messages.ts';
import { announceNote, recordAttempt, type Travel } from './attempt.ts';
import type { VisitScope } from './visit-scope.ts';

/** Does it: on a thread, through the main-thread dispatcher, or as a plain call where nothing more is asked for. */
export function runExec(visit: VisitScope): unknown {
  const { node } = visit;
  return isCalledDirectly(node) ? callDirectly(visit, node.exec) : dispatchOne(visit);
}

/** Whether exec is a plain function that needs no dispatcher. */
export function isCalledDirectly(
  node: AnyNode,
): node is AnyNode & { readonly exec: (input: unknown, ctx: InlineContext) => unknown } {
  return typeof node.exec === 'function' && node.timeoutMs === undefined && node.concurrency === undefined;
}

function callDirectly(visit: VisitScope, call: (input: unknown, ctx: InlineContext) => unknown): unknown {
  const direct = new DirectCall(visit);
  try {
    const output = call(visit.input, direct.context);
    if (isThenable(output)) return direct.settle(output);
    direct.record('ok', undefined);
    return output;
  } catch (error) {
    direct.record('error', error);
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
  readonly params = undefined;
  readonly resource = undefined;

  constructor(visit: VisitScope) {
    this.#visit = visit;
    this.#startedAt = visit.phaseStartedAt;
    this.attempt = visit.attempt;
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

  note(note: Note): void {
    const { run, place } = this.#visit;
    announceNote(run, place, undefined, -1, this.attempt, note);
  }

  record(outcome: 'ok' | 'error' | 'cancelled', error: unknown): void {
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
      bytesIn: 0,
      bytesOut: 0,
      items: ONE_ITEM,
    };
    const end: ItemEnd = { outcome, value: undefined, error, startedAt, endedAt };
    recordAttempt(run, place, cells, travel, -1, this.attempt, end);
    if (outcome === 'ok') cells.executions += 1;
  }

  // An exec on the main thread cannot be killed: when the run stops its signal fires, and what it does later is dropped.
  async settle(output: PromiseLike<unknown>): Promise<unknown> {
    const { run } = this.#visit;
    let off = nothing;
    try {
      const value = await new Promise((resolve, reject) => {
        off = run.onStop(() => {
          this.context.abort();
          reject(run.stopError());
        });
        output.then(resolve, reject);
      });
      this.record('ok', undefined);
      return value;
    } catch (error) {
      this.record(run.stopRequest === undefined ? 'error' : 'cancelled', error);
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
  await enter(visit, limit);
  try {
    return await submit(visit);
  } finally {
    limit.leave();
  }
}

function submit(visit: VisitScope): Promise<unknown> {
  const { node, engine, run } = visit;
  return new Promise((resolve, reject) => {
    if (run.stopRequest !== undefined) {
      reject(run.stopError());
      return;
    }
    const dispatcher = engine.dispatcherOf(node);
    const sink = new OneExecution(visit, resolve, reject);
    const execution = newExecution(visit, sink);
    sink.off = run.onStop(() => dispatcher.cancel(execution, run.stopError()));
    dispatcher.submit(execution);
  });
}

async function enter({ run }: VisitScope, limit: ConcurrencyLimit): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let off: () => unknown = nothing;
    let isIn = false;
    const withdraw = limit.request(() => {
      isIn = true;
      off();
      resolve();
    }, run);
    if (isIn) return;
    off = run.onStop(() => {
      if (withdraw()) reject(run.stopError());
    });
  });
}

class OneExecution implements ExecutionSink {
  /** Takes back what listens to the run's stop. */
  off: () => unknown = nothing;
  readonly #visit: VisitScope;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  constructor(visit: VisitScope, resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.#visit = visit;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  note(execution: Execution, index: number, attempt: number, note: Note): void {
    announceNote(this.#visit.run, this.#visit.place, execution.thread, index, attempt, note);
  }

  settled(execution: Execution, index: number, attempt: number, end: ItemEnd): void {
    const { run, place, cells } = this.#visit;
    recordAttempt(run, place, cells, execution, index, attempt, end);
    if (end.outcome === 'ok') {
      cells.executions += 1;
      this.#resolve(end.value);
    } else {
      this.#reject(end.error);
    }
  }

  ended(): void {
    this.off();
  }
}

function newExecution({ run, node, place, input, attempt }: VisitScope, sink: ExecutionSink): Execution {
  return new Execution({
    exec: node.exec,
    runId: run.id,
    workflow: run.definition.name,
    state: place.state,
    node: node.name,
    visit: place.visit,
    share: run.share,
    timeoutMs: node.timeoutMs,
    common: undefined,
    items: [input],
    index: -1,
    attempt,
    sink,
  });
}
