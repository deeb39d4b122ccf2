/** What the tests of the orchestrator share: engines over a fake clock, small workflows, a dispatcher in the test's hands. */
import assert from 'node:assert/strict';
import type { RunEvent } from '../../../src/core/events.ts';
import type { AnyNode } from '../../../src/definition/node.ts';
import type { Run, RunOptions } from '../../../src/definition/run.ts';
import type { AnyWorkflow } from '../../../src/definition/workflow.ts';
import type { Dispatcher, DispatcherView, RunStanding } from '../../../src/dispatch/dispatcher.ts';
import type { CommonValue, Execution, ItemEnd } from '../../../src/dispatch/execution.ts';
import { InlineDispatcher } from '../../../src/dispatch/inline-dispatcher.ts';
import type { RunShare } from '../../../src/dispatch/run-share.ts';
import {
  batchNodeFor,
  MemoryStore,
  nodeFor,
  retry,
  Workflow,
  type Engine,
  type EngineOptions,
  type Node,
} from '../../../src/index.ts';
import { createEngineWith } from '../../../src/orchestrator/engine.ts';
import { LiveRun } from '../../../src/orchestrator/live-run.ts';
import { runLoop } from '../../../src/orchestrator/run-loop.ts';
import { ConcurrencyLimit } from '../../../src/resilience/concurrency-limit.ts';
import { LogSwitch } from '../../../src/wire/log-switch.ts';
import { FakeClock, seededRandom } from '../../support/fake-clock.ts';

export interface Schema {
  n: number;
  items: unknown;
  out: unknown;
  log: string[];
}
export type TestStore = MemoryStore<Schema>;
export const node = nodeFor<TestStore>();
export const batchNode = batchNodeFor<TestStore>();

export const newStore = (initial: Partial<Schema> = {}): TestStore => new MemoryStore<Schema>(initial);

interface Fixture {
  readonly engine: Engine;
  readonly clock: FakeClock;
}

export function inlineEngine(options: EngineOptions = {}, seed = 1): Fixture {
  const clock = new FakeClock();
  return { engine: createEngineWith({ inline: true, ...options }, { clock, random: seededRandom(seed) }), clock };
}

type NodeOfTest = Parameters<Workflow<'Work', TestStore>['registerNode']>[1];

/** A workflow of one node in state 'Work' that ends in 'Done'. */
export function workflowOf(work: NodeOfTest): Workflow<'Work' | 'Done', TestStore, never, 'Done'> {
  return new Workflow<'Work' | 'Done', TestStore>('test', 'Work')
    .registerNode('Work', work as never)
    .addExitStates('Done');
}

export type PhaseName = 'prep' | 'exec' | 'post';
export const PHASES: readonly PhaseName[] = ['prep', 'exec', 'post'];

export interface Calls {
  readonly order: string[];
  readonly count: Record<PhaseName, number>;
}

/** A node that tells of its calls and calls `act` in each, with the number of the call of that phase. */
export function watched(
  act: (phase: PhaseName, call: number, store: TestStore | undefined) => unknown,
  options: Parameters<typeof retry.fixed>[0] | 'none' = { retries: 3 },
  retryIf?: (error: unknown, attempt: number) => boolean,
): { readonly calls: Calls; readonly work: Node<TestStore, 'Done', unknown> } {
  const calls: Calls = { order: [], count: { prep: 0, exec: 0, post: 0 } };
  const enter = (phase: PhaseName, store: TestStore | undefined): unknown => {
    calls.order.push(phase);
    calls.count[phase] += 1;
    return act(phase, calls.count[phase], store);
  };
  const work = node({
    name: 'watched',
    outcomes: ['Done'],
    prep: (store) => enter('prep', store),
    exec: () => enter('exec', undefined),
    post: (store) => {
      const acted = enter('post', store);
      return acted instanceof Promise ? acted.then(() => 'Done' as const) : 'Done';
    },
    retry: options === 'none' ? retry.none() : retry.fixed(options),
    ...(retryIf === undefined ? {} : { retryIf }),
  });
  return { calls, work };
}

/** Starts a run and gathers its events. */
export function startAndListen(
  engine: Engine,
  workflow: { readonly definition: unknown },
  store: unknown,
  options: RunOptions = {},
): { readonly run: Run; readonly events: RunEvent[] } {
  const events: RunEvent[] = [];
  const run = (engine.start as (workflow: unknown, store: unknown, options: RunOptions) => Run).call(
    engine,
    workflow,
    store,
    { onEvent: (event) => events.push(event), ...options },
  );
  return { run, events };
}

/** The events of one type. */
export function ofType<Type extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: Type,
): Extract<RunEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type);
}

/** What a promise rejects with, as an error of the given class. */
export async function rejection<E extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...args: never[]) => E,
): Promise<E> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof kind, `expected a ${kind.name}, got ${String(error)}`);
    return error;
  }
  return assert.fail('it did not reject');
}

/** A dispatcher in the hands of the test: it keeps what was submitted until the test settles it. */
export class FakeDispatcher implements Dispatcher {
  readonly open: Execution[] = [];
  readonly released: CommonValue[] = [];
  readonly cancelled: { readonly execution: Execution; readonly reason: unknown }[] = [];
  /** Settles an execution when it is cancelled, as a dispatcher does with one that has not started. */
  settlesAtCancel = true;
  /** Called with every submitted execution, before `submit` returns. */
  onSubmit: ((execution: Execution) => void) | undefined;
  readonly threads: number;
  #time = 0;

  constructor(threads: number) {
    this.threads = threads;
  }

  async warmUp(): Promise<void> {}

  submit(execution: Execution): void {
    execution.status = 'posted';
    this.open.push(execution);
    this.onSubmit?.(execution);
  }

  cancel(execution: Execution, reason: unknown): void {
    if (execution.status === 'ended') return;
    this.cancelled.push({ execution, reason });
    if (!this.settlesAtCancel) return;
    execution.settleRest(this.end('cancelled', reason));
    this.#close(execution);
  }

  release(common: CommonValue): void {
    this.released.push(common);
  }

  /** Settles the next item of an execution, and the execution with its last item. */
  settle(execution: Execution, end: ItemEnd): void {
    execution.settleNext(end);
    if (execution.settled === execution.items.length) this.#close(execution);
  }

  /** Makes two of an execution, as when a thread has nothing to do; false when there is nothing to divide, or it may not be. */
  divide(execution: Execution, keep: number): boolean {
    // The item after those that have settled is taken to be running.
    const end = execution.settled + 1 + keep;
    if (execution.status === 'ended' || end >= execution.items.length) return false;
    const { sink } = execution.request;
    if (sink.mayDivide?.(execution) !== true) return false;
    sink.divided?.(execution, execution.divide(end));
    return true;
  }

  /** Settles every item that is left. */
  finish(execution: Execution, endOf: (item: unknown, index: number) => ItemEnd): void {
    while (execution.settled < execution.items.length) {
      const position = execution.settled;
      execution.settleNext(endOf(execution.items[position], execution.indexAt(position)));
    }
    this.#close(execution);
  }

  ok(value: unknown, ms = 1): ItemEnd {
    return this.end('ok', value, ms);
  }

  failed(error: unknown, ms = 1): ItemEnd {
    return this.end('error', error, ms);
  }

  end(outcome: ItemEnd['outcome'], what: unknown, ms = 0): ItemEnd {
    const startedAt = this.#time;
    this.#time += ms;
    const isOk = outcome === 'ok';
    return {
      outcome,
      value: isOk ? what : undefined,
      error: isOk ? undefined : what,
      startedAt,
      endedAt: this.#time,
    };
  }

  // What a sink does when it hears of an item may have ended the execution already.
  #close(execution: Execution): void {
    if (execution.status === 'ended') return;
    this.open.splice(this.open.indexOf(execution), 1);
    execution.end();
  }

  view(): DispatcherView {
    return { threads: [], alive: 0, queued: 0, inFlight: this.open.length, settled: 0 };
  }

  flight(): [] {
    return [];
  }

  standingOf(share: RunShare): RunStanding {
    const inFlight = this.open.filter(({ request }) => request.share === share).length;
    return { queued: 0, aheadByPriority: 0, aheadByShare: 0, inFlight, threads: [] };
  }

  async close(): Promise<void> {
    assert.equal(this.open.length, 0);
  }
}

/** Runs workflows over a dispatcher of the test's own, thread execs and plain functions alike. */
export class Bench {
  readonly clock: FakeClock = new FakeClock();
  readonly logs: LogSwitch = new LogSwitch('debug');
  readonly dispatcher: Dispatcher;
  readonly #limits = new Map<AnyNode, ConcurrencyLimit>();
  readonly #random = seededRandom(7);
  #runs = 0;

  constructor(dispatcher?: Dispatcher) {
    this.dispatcher = dispatcher ?? new InlineDispatcher({}, this.clock, this.logs);
  }

  limitOf(of: AnyNode): ConcurrencyLimit | undefined {
    if (of.concurrency === undefined) return undefined;
    let limit = this.#limits.get(of);
    if (limit === undefined) {
      limit = new ConcurrencyLimit(of.concurrency);
      this.#limits.set(of, limit);
    }
    return limit;
  }

  start(workflow: { readonly definition: unknown }, store: unknown, options: RunOptions = {}): LiveRun {
    this.#runs += 1;
    const { definition } = workflow as AnyWorkflow;
    const run = new LiveRun(
      `run-${this.#runs}`,
      definition,
      store,
      options,
      this.clock,
      this.dispatcher.threads,
      () => {},
    );
    const { clock, dispatcher, logs } = this;
    const lent = { clock, logs, random: this.#random, services: {}, dispatcherOf: () => dispatcher };
    void runLoop(run, { ...lent, limitOf: (of) => this.limitOf(of) }, undefined);
    return run;
  }
}
