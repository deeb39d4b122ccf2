// Thread: main
/**
 * Has executions done on the main thread: plain functions (I/O), and with `createEngine({ inline: true })` thread execs
 * too, for tests and debugging.
 *
 * F1 An exec cannot be killed here: at its timeout, or when cancelled, its signal fires, the item is settled, and what it
 *    does later is dropped.
 * F2 The event loop turns between two executions.
 * F3 `setup` runs once per exec and params; a failed one, or one that took longer than `setupTimeout`, is not kept.
 */
import type { Clock, Timer } from '../core/clock.ts';
import type { LogGate } from '../core/log.ts';
import { LoadFailedError, messageOf, SetupFailedError } from '../core/errors.ts';
import { registry, type BoundExec, type RegisteredExec } from '../node.ts';
import type { Dispatcher, DispatcherView, RunStanding } from './dispatcher.ts';
import type { Execution, InlineFunction, ItemEnd } from './execution.ts';
import { cancelledAt, failedAt, timeoutError } from './item-end.ts';
import { MainContext, type ContextScope } from './main-context.ts';
import type { RunShare } from './run-share.ts';
import { warmUpExecutions } from './warm-up.ts';

interface Resource {
  readonly made: Promise<unknown>;
  isMade: boolean;
  readonly teardown: RegisteredExec['teardown'];
}

export class InlineDispatcher implements Dispatcher {
  readonly threads = 0;
  readonly #services: unknown;
  readonly #clock: Clock;
  readonly #logs: LogGate;
  readonly #resources = new Map<BoundExec<unknown, unknown>, Resource>();
  /** What has been submitted and has not ended, with what ends its wait for `setup` or for the exec. */
  readonly #running = new Map<Execution, (reason: unknown) => void>();
  #settled = 0;

  constructor(services: unknown, clock: Clock, logs: LogGate) {
    this.#services = services;
    this.#clock = clock;
    this.#logs = logs;
  }

  submit(execution: Execution): void {
    execution.queuedAt = this.#clock.now();
    execution.status = 'posted';
    this.#running.set(execution, nothing);
    setImmediate(() => void this.#run(execution));
  }

  cancel(execution: Execution, reason: unknown): void {
    const stop = this.#running.get(execution);
    if (stop === undefined || execution.stop !== undefined) return;
    execution.stop = { kind: 'cancelled', position: -1, hardAt: this.#clock.now(), reason };
    stop(reason);
  }

  release(): void {
    // Common values are not copied here.
  }

  async warmUp(execs: readonly BoundExec<unknown, unknown>[]): Promise<void> {
    const { executions, ended } = warmUpExecutions(execs);
    for (const execution of executions) this.submit(execution);
    await ended;
  }

  view(): DispatcherView {
    return { threads: [], alive: 0, queued: 0, inFlight: this.#running.size, settled: this.#settled };
  }

  flight(): [] {
    // On no thread.
    return [];
  }

  standingOf(share: RunShare): RunStanding {
    const inFlight = [...this.#running.keys()].filter(({ request }) => request.share === share).length;
    return { queued: 0, aheadByPriority: 0, aheadByShare: 0, inFlight, threads: [] };
  }

  async close(): Promise<void> {
    for (const { made, isMade, teardown } of [...this.#resources.values()].toReversed()) {
      // Nothing needs a setup any more that still runs, and it may never end.
      if (!isMade) continue;
      try {
        await teardown?.(await made);
      } catch (error) {
        process.emitWarning(`cano: teardown failed: ${messageOf(error)}`);
      }
    }
    this.#resources.clear();
  }

  async #run(execution: Execution): Promise<void> {
    const { now } = this.#clock;
    execution.postedAt = now();
    try {
      const [call, params, resource] = await this.#ready(execution);
      while (execution.settled < execution.items.length) {
        const position = execution.settled;
        const context = new MainContext(this.#scope(execution, position, params, resource));
        const end = await this.#runItem(execution, call, execution.items[position], context);
        execution.startedAt ??= end.startedAt;
        execution.receivedAt = end.endedAt;
        execution.settleNext(end);
      }
    } catch (error) {
      const { stop } = execution;
      execution.receivedAt = now();
      execution.settleRest(stop === undefined ? failedAt(now(), error) : cancelledAt(now(), stop.reason));
    }
    this.#running.delete(execution);
    this.#settled += 1;
    execution.end();
  }

  async #runItem(execution: Execution, call: InlineFunction, input: unknown, context: MainContext): Promise<ItemEnd> {
    const { now, setTimer } = this.#clock;
    const startedAt = now();
    const { stop, request } = execution;
    if (stop !== undefined) return cancelledAt(startedAt, stop.reason);
    let timer: Timer | undefined;
    const end = await new Promise<ItemEnd>((resolve) => {
      let blockedMs = 0;
      const endAs = (outcome: ItemEnd['outcome'], value: unknown, error: unknown): void =>
        resolve({ outcome, value, error, startedAt, endedAt: now(), blockedMs });
      this.#running.set(execution, (reason) => {
        context.abort();
        endAs('cancelled', undefined, reason);
      });
      if (request.timeoutMs !== undefined) {
        timer = setTimer(() => {
          context.abort();
          endAs('timeout', undefined, timeoutError(execution, 'soft'));
        }, request.timeoutMs);
      }
      // An async function, so that a sync throw rejects too.
      const returned = (async (): Promise<unknown> => call(input, context as never))();
      blockedMs = now() - startedAt;
      returned.then(
        (value) => endAs('ok', value, undefined),
        (error: unknown) => endAs('error', undefined, error),
      );
    });
    timer?.cancel();
    this.#running.set(execution, nothing);
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
      snapshot: common?.snapshot,
      services: this.#services,
      params,
      resource,
      logs: this.#logs,
      note: (note) => execution.note(position, note),
    };
  }

  async #ready(execution: Execution): Promise<[InlineFunction, unknown, unknown]> {
    const { exec } = execution.request;
    if (typeof exec === 'function') return [exec, undefined, undefined];
    const registered = registry().get(exec.key);
    if (registered === undefined) {
      throw new LoadFailedError(`exec '${exec.name}' is not defined on the main thread (${exec.key})`);
    }
    let resource = this.#resources.get(exec);
    if (resource === undefined) {
      resource = setUp(exec, registered);
      this.#resources.set(exec, resource);
    }
    try {
      const value = resource.isMade ? await resource.made : await this.#wait(execution, exec, resource.made);
      return [registered.exec, exec.params, value];
    } catch (error) {
      // Unless it is only that nobody waits for it any more.
      if (execution.stop === undefined && this.#resources.get(exec) === resource) this.#resources.delete(exec);
      throw error;
    }
  }

  async #wait(execution: Execution, exec: BoundExec<unknown, unknown>, made: Promise<unknown>): Promise<unknown> {
    let timer: Timer | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.#running.set(execution, reject);
        timer = this.#clock.setTimer(() => {
          const limit = exec.setupTimeoutMs;
          reject(
            new SetupFailedError(`exec '${exec.name}' was not ready after its setupTimeout of ${limit} ms (setup)`),
          );
        }, exec.setupTimeoutMs);
        made.then(resolve, reject);
      });
    } finally {
      timer?.cancel();
      this.#running.set(execution, nothing);
    }
  }
}

const nothing = (): void => {};

function setUp({ name, params }: BoundExec<unknown, unknown>, { setup, teardown }: RegisteredExec): Resource {
  const make = async (): Promise<unknown> => {
    try {
      const value = await setup?.(params);
      resource.isMade = true;
      return value;
    } catch (error) {
      throw new SetupFailedError(`setup of exec '${name}' failed: ${messageOf(error)}`, { cause: error });
    }
  };
  // In a later turn, when `resource` is there.
  const resource: Resource = { made: Promise.resolve().then(make), isMade: false, teardown };
  return resource;
}
