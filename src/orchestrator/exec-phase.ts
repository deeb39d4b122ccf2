/** The exec of a node with one execution per visit. */
import { isThenable } from '../core/thenable.ts';
import type { InlineContext } from '../definition/node.ts';
import { Execution, type ExecutionSink, type ItemEnd } from '../dispatch/execution.ts';
import { MainContext } from '../dispatch/main-context.ts';
import type { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import type { Note } from '../wire/messages.ts';
import { announceNote, recordAttempt, type Travel } from './attempt.ts';
import type { VisitScope } from './visit-scope.ts';

/** Does it: on a thread, through the main-thread dispatcher, or as a plain call where nothing more is asked for. */
export function runExec(visit: VisitScope): unknown {
  const { node } = visit;
  if (typeof node.exec === 'function' && node.timeoutMs === undefined && node.concurrency === undefined) {
    return callDirectly(visit, node.exec);
  }
  return dispatchOne(visit);
}

const ONE_ITEM = { length: 1 } as const;
const nothing = (): void => {};

function callDirectly(visit: VisitScope, call: (input: unknown, ctx: InlineContext) => unknown): unknown {
  const { run, engine, place, attempt } = visit;
  const context = new MainContext({
    runId: run.id,
    visit: place.visit,
    item: undefined,
    attempt,
    common: undefined,
    services: engine.services,
    params: undefined,
    resource: undefined,
    note: (note) => announceNote(run, place, undefined, -1, attempt, note),
  });
  const startedAt = engine.clock.now();
  const record = (outcome: 'ok' | 'error' | 'cancelled', error: unknown): void => {
    context.finish();
    const endedAt = engine.clock.now();
    const travel: Travel = { queuedAt: startedAt, postedAt: startedAt, startedAt, receivedAt: endedAt, thread: undefined, bytesIn: 0, bytesOut: 0, items: ONE_ITEM };
    recordAttempt(run, place, visit.cells, travel, -1, attempt, { outcome, value: undefined, error, startedAt, endedAt });
    if (outcome === 'ok') visit.cells.executions += 1;
  };
  let output: unknown;
  try {
    output = call(visit.input, context);
  } catch (error) {
    record('error', error);
    throw error;
  }
  if (isThenable(output)) return settleDirectly(visit, output, context, record);
  record('ok', undefined);
  return output;
}

// An exec on the main thread cannot be killed: when the run stops its signal fires, and what it does later is dropped.
async function settleDirectly(
  { run }: VisitScope,
  output: PromiseLike<unknown>,
  context: MainContext,
  record: (outcome: 'ok' | 'error' | 'cancelled', error: unknown) => void,
): Promise<unknown> {
  let off: () => unknown = nothing;
  try {
    const value = await new Promise((resolve, reject) => {
      off = run.onStop(() => {
        context.abort();
        reject(run.stopError());
      });
      output.then(resolve, reject);
    });
    record('ok', undefined);
    return value;
  } catch (error) {
    record(run.stopRequest === undefined ? 'error' : 'cancelled', error);
    throw error;
  } finally {
    off();
  }
}

/** One execution as a promise of its value. */
async function dispatchOne(visit: VisitScope): Promise<unknown> {
  const { node, engine, run } = visit;
  const limit = engine.limitOf(node);
  if (limit !== undefined) await enter(visit, limit);
  try {
    return await new Promise((resolve, reject) => {
      if (run.stopRequest !== undefined) {
        reject(run.stopError());
        return;
      }
      const dispatcher = engine.dispatcherOf(node);
      let off: () => unknown = nothing;
      const execution = newExecution(visit, new OneExecution(visit, resolve, reject, () => off()));
      off = run.onStop(() => dispatcher.cancel(execution, run.stopError()));
      dispatcher.submit(execution);
    });
  } finally {
    limit?.leave();
  }
}

async function enter({ run }: VisitScope, limit: ConcurrencyLimit): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let off: () => unknown = nothing;
    let isIn = false;
    const withdraw = limit.request(() => {
      isIn = true;
      off();
      resolve();
    });
    if (isIn) return;
    off = run.onStop(() => {
      if (withdraw()) reject(run.stopError());
    });
  });
}

class OneExecution implements ExecutionSink {
  readonly #visit: VisitScope;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #done: () => void;

  constructor(visit: VisitScope, resolve: (value: unknown) => void, reject: (error: unknown) => void, done: () => void) {
    this.#visit = visit;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#done = done;
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
    this.#done();
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
    priority: run.priority,
    timeoutMs: node.timeoutMs,
    common: undefined,
    items: [input],
    index: -1,
    attempt,
    sink,
  });
}
