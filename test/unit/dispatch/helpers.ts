/** Executions without an engine, and a pool whose threads are played by the test. */
import type { MessagePort } from 'node:worker_threads';
import { Execution, type ExecutionRequest, type ItemEnd } from '../../../src/dispatch/execution.ts';
import type { LeaseOptions } from '../../../src/dispatch/lease.ts';
import { Numbering } from '../../../src/dispatch/numbering.ts';
import { RunShare } from '../../../src/dispatch/run-share.ts';
import type { ThreadPool } from '../../../src/dispatch/pool.ts';
import { SharedLedger } from '../../../src/dispatch/shared-ledger.ts';
import { LogSwitch } from '../../../src/wire/log-switch.ts';
import type { BoundExec } from '../../../src/node.ts';
import type { Call, Execute, FromThread, LeaseStart, Note, ToThread } from '../../../src/wire/messages.ts';
import { SlotPhase, SlotTable } from '../../../src/wire/slots.ts';

const exec = {
  kind: 'thread',
  key: 'file:///x.ts#x',
  url: 'file:///x.ts',
  name: 'x',
  params: undefined,
  setupTimeoutMs: 1_000,
  hasTeardown: false,
} as unknown as BoundExec<unknown, unknown>;

export interface Settled {
  readonly index: number;
  readonly attempt: number;
  readonly end: ItemEnd;
  readonly item: unknown;
}

export interface Recorded {
  readonly execution: Execution;
  readonly settled: Settled[];
  readonly notes: { readonly index: number; readonly attempt: number; readonly note: Note }[];
  ended: number;
}

/** An execution whose sink records what it hears. */
export function record(request: Partial<ExecutionRequest> = {}): Recorded {
  const recorded: Recorded = { execution: undefined as never, settled: [], notes: [], ended: 0 };
  const sink: ExecutionRequest['sink'] = {
    note: (_execution, index, attempt, note) => recorded.notes.push({ index, attempt, note }),
    settled: (_execution, index, attempt, end, item) => recorded.settled.push({ index, attempt, end, item }),
    ended: () => (recorded.ended += 1),
  };
  const execution = new Execution({
    exec,
    runId: 'run',
    workflow: 'w',
    state: 'S',
    node: 'n',
    visit: 1,
    share: new RunShare(0),
    timeoutMs: undefined,
    common: undefined,
    items: [0],
    index: -1,
    attempt: 1,
    sink,
    ...request,
  });
  return Object.assign(recorded, { execution });
}

export function okEnd(value: unknown): ItemEnd {
  return { outcome: 'ok', value, error: undefined, startedAt: 1, endedAt: 2 };
}

/** A thread as the main thread sees it: a port, shared slots, and an end of the test's choosing. */
export class FakeThread {
  readonly pool: ThreadPool;
  readonly received: ToThread[] = [];
  signal: AbortSignal | undefined;
  #start: LeaseStart | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #waiting: (() => void)[] = [];

  constructor() {
    const lease = async (start: LeaseStart, _ports: readonly MessagePort[], signal: AbortSignal): Promise<void> => {
      this.#start = start;
      this.signal = signal;
      this.port.on('message', (batch: readonly ToThread[]) => {
        this.received.push(...batch.map((message) => (message[0] === 'call' ? asExecute(message) : message)));
        for (const wake of this.#waiting.splice(0)) wake();
      });
      signal.addEventListener('abort', () => this.die(Object.assign(new Error('aborted'), { name: 'AbortError' })));
      return new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject };
      });
    };
    this.pool = { lease } as unknown as ThreadPool;
  }

  get port(): MessagePort {
    return this.#start?.port as MessagePort;
  }

  get slots(): SlotTable {
    return new SlotTable(this.#start?.slots);
  }

  /** Resolves with the messages of a type as soon as there are so many. */
  async messages<Type extends ToThread[0]>(
    type: Type,
    count = 1,
  ): Promise<Extract<ToThread, readonly [Type, ...unknown[]]>[]> {
    for (;;) {
      const found = this.received.filter((message) => message[0] === type);
      if (found.length >= count) return found as never;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  say(...batch: FromThread[]): void {
    this.port.postMessage(batch);
  }

  /** Starts the n-th execute message it got. */
  async start(nth = 0): Promise<{ readonly slot: number; readonly generation: number }> {
    const [, slot, generation] = (await this.messages('execute', nth + 1))[nth] as Execute;
    this.slots.start(slot, generation, SlotPhase.EXEC, performance.now());
    return { slot, generation };
  }

  /** The pool rejects and the port closes, as when a real thread dies. */
  die(error: unknown): void {
    this.#settle?.reject(error);
    this.port.close();
  }

  /** Gives the thread back to the pool. */
  finish(): void {
    this.port.close();
    this.#settle?.resolve();
  }
}

/** What a thread makes of the short form of an execution. */
function asExecute([, slot, generation, execId, runId, visit, common, index, attempt, item, shared]: Call): Execute {
  return ['execute', slot, generation, execId, runId, visit, common, index, attempt, [item], shared];
}

/** What a lease needs to number and to remember things, for a lease of its own. */
export function bookkeeping(): Pick<LeaseOptions, 'numbers' | 'ledger' | 'logs'> {
  const ledger = new SharedLedger(Number.POSITIVE_INFINITY, () => {});
  return { numbers: new Numbering(), ledger, logs: new LogSwitch('debug').buffer };
}
