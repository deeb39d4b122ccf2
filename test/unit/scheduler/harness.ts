/** A scheduler over a clock that stands still and an engine whose runs end when the test says so. */
import {
  type MemoryStore,
  nodeFor,
  RunCancelledError,
  Scheduler,
  StoppedError,
  Workflow,
  type Engine,
  type Run,
  type RunStatus,
} from '../../../src/index.ts';
import type { ScheduleEvent } from '../../../src/core/events.ts';
import { FakeClock, seededRandom } from '../../support/fake-clock.ts';

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

const node = nodeFor<MemoryStore>();

export const workflow = new Workflow<'Work' | 'Done', MemoryStore>('work', 'Work')
  .registerNode('Work', node({ name: 'work', outcomes: ['Done'], exec: async () => 1 }))
  .addExitStates('Done');

/** A run that ends when it is told to. */
export class FakeRun {
  readonly id: string;
  readonly store: unknown;
  readonly options: { readonly timeout?: unknown; readonly priority?: unknown };
  readonly startedAt: number;
  status: RunStatus = 'running';
  state = 'Work';
  cancelReason: unknown;
  /** Ends by itself when it is cancelled, as an engine's runs do. */
  readonly result: Promise<unknown>;
  readonly started: Promise<void> = Promise.resolve();
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;

  constructor(id: string, store: unknown, options: object, startedAt: number) {
    this.id = id;
    this.store = store;
    this.options = options;
    this.startedAt = startedAt;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.result.catch(() => {});
  }

  complete(): void {
    this.status = 'completed';
    this.state = 'Done';
    this.#resolve({ state: 'Done', runId: this.id });
  }

  fail(error: Error = new Error('broken'), status: 'failed' | 'timed_out' = 'failed'): void {
    this.status = status;
    this.#reject(error);
  }

  cancel(reason: unknown): void {
    if (this.status !== 'running') return;
    this.cancelReason = reason;
    this.status = 'cancelled';
    this.#reject(new RunCancelledError('cancelled', { runId: this.id, state: this.state }, {} as never, reason));
  }
}

export interface HarnessOptions {
  /** What happens to each run as soon as it has started. */
  readonly onRun?: (run: FakeRun) => void;
  readonly seed?: number;
}

export class Harness {
  readonly clock: FakeClock = new FakeClock();
  readonly runs: FakeRun[] = [];
  readonly events: ScheduleEvent[] = [];
  readonly scheduler: Scheduler;

  constructor({ onRun, seed = 1 }: HarnessOptions = {}) {
    const start = (_workflow: unknown, store: unknown, options: object): Run => {
      const run = new FakeRun(`run-${this.runs.length + 1}`, store, options, this.clock.now());
      this.runs.push(run);
      onRun?.(run);
      return run as unknown as Run;
    };
    const options = {
      engine: { start } as unknown as Engine,
      onEvent: (event: ScheduleEvent) => void this.events.push(event),
    };
    this.scheduler = new (Scheduler as unknown as new (options: object, ports: object) => Scheduler)(options, {
      clock: this.clock,
      random: seededRandom(seed),
    });
  }

  /** When runs started, in milliseconds after `from`. */
  starts(from: number): number[] {
    return this.runs.map(({ startedAt }) => startedAt - from);
  }

  get last(): FakeRun {
    const run = this.runs.at(-1);
    if (run === undefined) throw new StoppedError('there is no run yet');
    return run;
  }

  ofType<Type extends ScheduleEvent['type']>(type: Type): Extract<ScheduleEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<ScheduleEvent, { type: Type }> => event.type === type);
  }
}

export function harness(options?: HarnessOptions): Harness {
  return new Harness(options);
}
