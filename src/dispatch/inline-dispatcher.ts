// Thread: main
/**
 * Has executions done on the main thread: plain functions (I/O), and with `createEngine({ inline: true })` thread execs
 * too, for tests and debugging.
 *
 * F1 An exec cannot be killed here: at its timeout, or when cancelled, its signal fires, the item is settled, and what it
 *    does later is dropped.
 * F2 The event loop turns between two executions.
 */
import { systemClock, type Timer } from '../core/clock.ts';
import { AttemptTimeoutError, LoadFailedError, messageOf, SetupFailedError } from '../core/errors.ts';
import { registry, type BoundExec, type RegisteredExec } from '../node.ts';
import type { Dispatcher, DispatcherView } from './dispatcher.ts';
import type { Execution, InlineFunction, ItemEnd } from './execution.ts';
import { MainContext, type ContextScope } from './main-context.ts';

const { now } = systemClock;

interface Resource {
  readonly made: Promise<unknown>;
  readonly teardown: RegisteredExec['teardown'];
}

export class InlineDispatcher implements Dispatcher {
  readonly threads = 0;
  readonly #services: unknown;
  readonly #resources = new Map<BoundExec<unknown, unknown>, Resource>();
  readonly #running = new Map<Execution, { context: MainContext | undefined; settle: ((end: ItemEnd) => void) | undefined }>();
  #settled = 0;

  constructor(services: unknown) {
    this.#services = services;
  }

  submit(execution: Execution): void {
    execution.queuedAt = now();
    execution.status = 'posted';
    this.#running.set(execution, { context: undefined, settle: undefined });
    setImmediate(() => void this.#run(execution));
  }

  cancel(execution: Execution, reason: unknown): void {
    const running = this.#running.get(execution);
    if (running === undefined || execution.status === 'ended') return;
    execution.stop = { kind: 'cancelled', position: -1, hardAt: now(), reason };
    running.context?.abort();
    const at = now();
    running.settle?.({ outcome: 'cancelled', value: undefined, error: reason, startedAt: at, endedAt: at });
  }

  release(): void {
    // Common values are not copied here.
  }

  view(): DispatcherView {
    return { threads: [], queued: 0, inFlight: this.#running.size, settled: this.#settled };
  }

  async close(): Promise<void> {
    for (const { made, teardown } of [...this.#resources.values()].toReversed()) {
      try {
        await teardown?.(await made);
      } catch (error) {
        process.emitWarning(`cano: teardown failed: ${messageOf(error)}`);
      }
    }
    this.#resources.clear();
  }

  async #run(execution: Execution): Promise<void> {
    execution.postedAt = now();
    const { exec } = execution.request;
    try {
      const [call, params, resource] = typeof exec === 'function' ? [exec, undefined, undefined] : await this.#ready(exec);
      while (execution.settled < execution.items.length) {
        const position = execution.settled;
        const context = new MainContext(this.#scope(execution, position, params, resource));
        const end = await this.#runItem(execution, call, execution.items[position], context);
        execution.receivedAt = end.endedAt;
        execution.settleNext(end);
      }
    } catch (error) {
      const at = now();
      execution.settleRest({ outcome: 'error', value: undefined, error, startedAt: at, endedAt: at });
    }
    this.#running.delete(execution);
    this.#settled += 1;
    execution.end();
  }

  async #runItem(execution: Execution, call: InlineFunction, input: unknown, context: MainContext): Promise<ItemEnd> {
    const startedAt = now();
    const { stop, request } = execution;
    if (stop !== undefined) return { outcome: 'cancelled', value: undefined, error: stop.reason, startedAt, endedAt: startedAt };
    let timer: Timer | undefined;
    const end = await new Promise<ItemEnd>((resolve) => {
      this.#running.set(execution, { context, settle: resolve });
      if (request.timeoutMs !== undefined) timer = systemClock.setTimer(() => resolve(timedOut(execution, context, startedAt)), request.timeoutMs);
      // An async function, so that a sync throw rejects too.
      (async (): Promise<unknown> => call(input, context as never))().then(
        (value) => resolve({ outcome: 'ok', value, error: undefined, startedAt, endedAt: now() }),
        (error: unknown) => resolve({ outcome: 'error', value: undefined, error, startedAt, endedAt: now() }),
      );
    });
    timer?.cancel();
    context.finish();
    return end;
  }

  #scope(execution: Execution, position: number, params: unknown, resource: unknown): ContextScope {
    const { runId, visit, common } = execution.request;
    const index = execution.indexAt(position);
    return {
      runId,
      visit,
      item: index < 0 ? undefined : index,
      attempt: execution.attemptAt(position),
      common: common?.value,
      services: this.#services,
      params,
      resource,
      note: (note) => execution.note(position, note),
    };
  }

  async #ready(exec: BoundExec<unknown, unknown>): Promise<[InlineFunction, unknown, unknown]> {
    const registered = registry().get(exec.key);
    if (registered === undefined) throw new LoadFailedError(`exec '${exec.name}' is not defined on the main thread (${exec.key})`);
    let resource = this.#resources.get(exec);
    if (resource === undefined) {
      resource = { made: Promise.resolve(exec.params).then((params) => registered.setup?.(params)), teardown: registered.teardown };
      this.#resources.set(exec, resource);
    }
    try {
      return [registered.exec, exec.params, await resource.made];
    } catch (error) {
      this.#resources.delete(exec);
      throw new SetupFailedError(`setup of exec '${exec.name}' failed: ${messageOf(error)}`, { cause: error });
    }
  }
}

function timedOut(execution: Execution, context: MainContext, startedAt: number): ItemEnd {
  const { node, runId, state, visit, timeoutMs = 0 } = execution.request;
  context.abort();
  const error = new AttemptTimeoutError(`exec of '${node}'`, timeoutMs, 'soft', { where: { node, runId, state, visit } });
  return { outcome: 'timeout', value: undefined, error, startedAt, endedAt: now() };
}
