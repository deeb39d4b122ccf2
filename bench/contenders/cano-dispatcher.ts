/** cano's dispatcher without a workflow around it: what the run of a node costs is the distance between the two. */
import type { BoundExec } from 'cano';
import type { Contender } from '../contender.ts';
import { execOf } from '../threads/cano.ts';
import { refuseServices, refuseSignal } from './not-offered.ts';
import { untilAll, warmUpInput } from './warm-up.ts';

const name = 'cano dispatcher';

/** The part of cano's internal dispatcher that is used; it is not exported by the package. */
interface Dispatcher {
  submit(execution: Execution): void;
  warmUp(execs: readonly BoundExec<unknown, unknown>[]): Promise<void>;
  view(): { readonly threads: readonly { readonly busyMs: number }[] };
  close(): Promise<void>;
}

interface Execution {
  readonly status: string;
}

interface ExecutionRequest {
  readonly exec: BoundExec<unknown, unknown>;
  readonly runId: string;
  readonly workflow: string;
  readonly state: string;
  readonly node: string;
  readonly visit: number;
  readonly share: object;
  readonly timeoutMs: undefined;
  readonly common: undefined;
  readonly items: readonly unknown[];
  readonly index: number;
  readonly attempt: number;
  readonly sink: Sink;
}

interface ItemEnd {
  readonly outcome: string;
  readonly value: unknown;
  readonly error: unknown;
}

interface Internals {
  readonly ThreadDispatcher: new (options: {
    readonly threads: number;
    readonly services: undefined;
    readonly resourceLimits: undefined;
    readonly graceMs: number;
    readonly recycleAfter: undefined;
    readonly sharedCacheBytes: number;
    readonly logs: SharedArrayBuffer;
    readonly observer: { started(): void; exited(): void };
  }) => Dispatcher;
  readonly Execution: new (request: ExecutionRequest) => Execution;
  readonly RunShare: new (priority: number) => object;
}

/** Loaded with this file and not in `open`, as the package of every other contender is. */
const internals = await (async () => {
  const index = import.meta.resolve('cano');
  const load = async (path: string) => import(new URL(path, index).href) as Promise<Internals>;
  const [{ ThreadDispatcher }, { Execution }, { RunShare }] = await Promise.all([
    load('dispatch/thread-dispatcher.js'),
    load('dispatch/execution.js'),
    load('dispatch/run-share.js'),
  ]);
  return { ThreadDispatcher, Execution, RunShare };
})();

export const canoDispatcher: Contender = {
  name,
  configuration:
    'the internal dispatcher of cano, options as createEngine sets them; one execution per call, no workflow',

  async open(options) {
    refuseServices(name, options);
    const { threads, task } = options;
    const dispatcher = new internals.ThreadDispatcher({
      threads,
      services: undefined,
      resourceLimits: undefined,
      graceMs: 1_000,
      recycleAfter: undefined,
      sharedCacheBytes: 256 * 2 ** 20,
      logs: new SharedArrayBuffer(4),
      observer: { started: () => {}, exited: () => {} },
    });
    const exec = execOf(task);
    const execute = async (input: unknown): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const execution = new internals.Execution({
          exec,
          runId: 'bench',
          workflow: 'bench',
          state: 'Execute',
          node: task,
          visit: 1,
          share: new internals.RunShare(0),
          timeoutMs: undefined,
          common: undefined,
          items: [input],
          index: -1,
          attempt: 1,
          sink: new Sink(resolve, reject),
        });
        dispatcher.submit(execution);
      });
    await dispatcher.warmUp([exec]);
    await untilAll(threads, async () => {
      await Promise.all(Array.from({ length: threads }, () => execute(warmUpInput(task))));
      return dispatcher.view().threads.filter(({ busyMs }) => busyMs > 0).length;
    });
    return {
      run: async (input, signal) => {
        refuseSignal(name, signal);
        return execute(input);
      },
      close: async () => dispatcher.close(),
    };
  },
};

/** Hears of an execution; as the orchestrator's, it settles a promise. */
class Sink {
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  constructor(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  note(): void {}

  settled(_execution: Execution, _index: number, _attempt: number, end: ItemEnd): void {
    if (end.outcome === 'ok') this.#resolve(end.value);
    else this.#reject(end.error);
  }

  ended(): void {}
}
