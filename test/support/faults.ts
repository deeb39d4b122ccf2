/** Helpers of the tests that hurt threads: one-node workflows, engines that are watched, deadlines. */
import assert from 'node:assert/strict';
import {
  batchNodeFor,
  createEngine,
  MemoryStore,
  nodeFor,
  retry,
  RunFailedError,
  Workflow,
  type BoundExec,
  type Engine,
  type EngineOptions,
  type ItemResult,
  type Run,
  type RunOptions,
} from '../../src/index.ts';
import type { EngineEvent, RunEvent } from '../../src/core/events.ts';
import type { ExecutionOptions } from '../../src/definition/node.ts';
import { act, type Act, type Services } from '../fixtures/execs/acts.ts';

const DEADLINE_MS = 20_000;

/** What the tests of this process have let go unhandled; each test file asserts that it stays empty. */
export const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

/** Fails when a promise takes longer: no test waits for ever. */
export async function within<T>(promise: PromiseLike<T>, what: string, ms: number = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} has not settled after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** The services of the acts; `never` does not answer. */
export const services: Services = {
  desk: {
    add: (a, b) => a + b,
    fail: (message) => {
      throw Object.assign(new RangeError(message), { code: 'E_DESK' });
    },
    never: async () => new Promise<void>(() => {}),
    echo: (value) => value,
  },
};

export interface Watched extends AsyncDisposable {
  readonly engine: Engine;
  /** Thread events so far. */
  readonly threadEvents: EngineEvent[];
  /** Reasons of the deaths so far. */
  deaths(): string[];
}

/** An engine of two threads whose end is checked: nothing in flight, nothing queued, nothing unhandled. */
export function watchedEngine(options: EngineOptions = {}): Watched {
  const threadEvents: EngineEvent[] = [];
  const engine = createEngine({
    threads: 2,
    grace: '100ms',
    ...options,
    onEvent: (event) => {
      if (event.type.startsWith('thread.')) threadEvents.push(event as EngineEvent);
      options.onEvent?.(event);
    },
  });
  return {
    engine,
    threadEvents,
    deaths: () => threadEvents.flatMap((event) => (event.type === 'thread.exited' ? [event.reason] : [])),
    [Symbol.asyncDispose]: async () => {
      const { queued, inFlight, runs } = engine.stats();
      await within(engine.close({ timeout: 0 }), 'closing the engine');
      assert.deepEqual({ queued, inFlight, runs }, { queued: 0, inFlight: 0, runs: 0 });
      assert.deepEqual(unhandled, []);
    },
  };
}

type Out = MemoryStore<{ output: unknown }>;

/** A workflow of one node. */
export function oneNode<Input>(
  exec: BoundExec<Input, unknown, never, never> | ((input: Input) => unknown),
  input: Input,
  options: ExecutionOptions = {},
): Workflow<'Work' | 'Done', Out, never, 'Done', never> {
  const node = nodeFor<Out, never>();
  return new Workflow<'Work' | 'Done', Out>('one', 'Work')
    .registerNode(
      'Work',
      node({
        name: 'work',
        outcomes: ['Done'],
        retry: retry.none(),
        ...options,
        prep: () => input,
        exec: exec as BoundExec<Input, unknown>,
        post: (store, output) => (store.put('output', output), 'Done' as const),
      }) as never,
    )
    .addExitStates('Done');
}

/** A run and how it ended. */
export interface Launched {
  readonly run: Run;
  readonly events: RunEvent[];
  /** The exec's result; rejects with what exec failed with. */
  readonly value: Promise<unknown>;
  attempts(): number;
}

/** Starts one execution. */
export function launch<Input>(
  engine: Engine,
  exec: BoundExec<Input, unknown, never, never> | ((input: Input) => unknown),
  input: Input,
  options: ExecutionOptions & { readonly run?: RunOptions } = {},
): Launched {
  const { run: runOptions, ...rest } = options;
  const store: Out = new MemoryStore<{ output: unknown }>();
  const events: RunEvent[] = [];
  const workflow = oneNode(exec, input, rest);
  const run = engine.start(workflow as never, store as never, {
    ...runOptions,
    onEvent: (event) => events.push(event),
  });
  const value = run.result.then(
    () => store.get('output'),
    (error: unknown) => {
      throw error instanceof RunFailedError ? error.cause : error;
    },
  );
  value.catch(() => {});
  return { run, events, value, attempts: () => run.report().nodes[0]?.attempts ?? 0 };
}

/** Starts an act. */
export function perform(
  engine: Engine,
  what: Act,
  options: ExecutionOptions & { readonly run?: RunOptions } = {},
): Launched {
  return launch(engine, act as never, what, options);
}

/** What a promise rejects with. */
export async function failure(launched: Pick<Launched, 'value'>): Promise<Error & { code?: string; reason?: string }> {
  const ended = await within(
    launched.value.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
    'a failing execution',
  );
  if ('error' in ended) return ended.error as Error;
  throw new Error(`it succeeded with ${String(ended.value)}`);
}

/** Executions that do nothing wrong, with their counters. */
export class Innocents {
  readonly counts: SharedArrayBuffer;
  readonly #launched: Launched[];

  constructor(engine: Engine, count: number, ms = 2) {
    this.counts = new SharedArrayBuffer(4 * count);
    this.#launched = Array.from({ length: count }, (_value, id) =>
      perform(engine, { kind: 'busy', ms, id, counts: this.counts, value: id }, { retry: retry.fixed({ retries: 2 }) }),
    );
  }

  /** Each one gives its value and needed one attempt. `repeated`: how many may have been started twice for free. */
  async assertUnharmed(repeated = 0): Promise<void> {
    const values = await within(Promise.all(this.#launched.map(async ({ value }) => value)), 'the innocent executions');
    assert.deepEqual(values, Array.from(values.keys()));
    assert.deepEqual(
      this.#launched.map((one) => one.attempts()),
      values.map(() => 1),
    );
    const extra = Array.from(new Int32Array(this.counts)).reduce((sum, calls) => sum + calls - 1, 0);
    assert.ok(extra <= repeated, `${extra} innocent executions were started again`);
  }
}

/** A batch of acts as one run; post gets every item's end. */
export function performAll(
  engine: Engine,
  acts: readonly Act[],
  options: ExecutionOptions & { readonly counts?: SharedArrayBuffer; readonly run?: RunOptions } = {},
): Launched & { readonly ends: Promise<ItemResult<unknown>[]> } {
  const { counts, run: runOptions, ...rest } = options;
  const node = batchNodeFor<Out, never>();
  const store: Out = new MemoryStore<{ output: unknown }>();
  const events: RunEvent[] = [];
  const workflow = new Workflow<'Work' | 'Done', Out>('all', 'Work')
    .registerNode(
      'Work',
      node({
        name: 'work',
        outcomes: ['Done'],
        retry: retry.none(),
        onItemError: 'collect',
        ...rest,
        prep: () => ({ items: acts, common: counts }),
        exec: act as unknown as BoundExec<Act, unknown>,
        post: (into: Out, output: unknown) => (into.put('output', output), 'Done' as const),
      } as never) as never,
    )
    .addExitStates('Done');
  const run = engine.start(workflow as never, store as never, {
    ...runOptions,
    onEvent: (event) => events.push(event),
  });
  const value = run.result.then(() => store.get('output'));
  value.catch(() => {});
  return {
    run,
    events,
    value,
    ends: value as Promise<ItemResult<unknown>[]>,
    attempts: () => run.report().nodes[0]?.attempts ?? 0,
  };
}

/** Attempts per item of a batch, from its events. */
export function attemptsByItem(events: readonly RunEvent[]): Map<number, number> {
  const attempts = new Map<number, number>();
  for (const event of events) {
    if (event.type === 'exec.finished' && event.item !== undefined)
      attempts.set(event.item, (attempts.get(event.item) ?? 0) + 1);
  }
  return attempts;
}
