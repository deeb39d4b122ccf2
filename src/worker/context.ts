// Thread: worker
/** What exec sees beside its input. One object per item, so that a context kept by a closure never changes its identity. */
import { StoppedError } from '../core/errors.ts';
import { read, SHARED_ID, type Shared } from '../core/shared.ts';
import { SnapshotReader } from '../core/snapshot.ts';
import { createCounter, type Counter } from '../core/counter.ts';
import { createLog, type Log, type LogGate } from '../core/log.ts';
import type { ExecContext } from '../node.ts';
import type { SlotTable } from '../wire/slots.ts';
import type { Notes } from './notes.ts';

/** What all items of one execution share. */
export interface ExecutionScope {
  readonly slots: SlotTable;
  readonly notes: Notes;
  readonly logs: LogGate;
  readonly rpc: unknown;
  readonly slot: number;
  readonly generation: number;
  readonly runId: string;
  readonly visit: number;
  readonly params: unknown;
  readonly resource: unknown;
  readonly common: unknown;
  /** Keys of the store that the node reads, as ids of shared values. */
  readonly snapshot: Readonly<Record<string, number>> | undefined;
}

/** The context of one item; `finish` is called when its exec has ended. */
export class ItemContext implements ExecContext {
  readonly #scope: ExecutionScope;
  readonly #position: number;
  readonly item: number | undefined;
  readonly attempt: number;
  // Made when they are read. None of them needs `this`: nodes take them off their context.
  #controller: AbortController | undefined;
  #log: Log | undefined;
  #throwIfAborted: (() => void) | undefined;
  #finished = false;

  constructor(scope: ExecutionScope, position: number, item: number, attempt: number) {
    this.#scope = scope;
    this.#position = position;
    this.item = item < 0 ? undefined : item;
    this.attempt = attempt;
  }

  get params(): unknown {
    return this.#scope.params;
  }

  get resource(): unknown {
    return this.#scope.resource;
  }

  get common(): unknown {
    return this.#scope.common;
  }

  get store(): SnapshotReader<number> {
    return new SnapshotReader(this.#scope.snapshot, (id) => read({ [SHARED_ID]: id } as object as Shared<unknown>));
  }

  get runId(): string {
    return this.#scope.runId;
  }

  get visit(): number {
    return this.#scope.visit;
  }

  get rpc(): never {
    // Read by every exec through its own Services type.
    return this.#scope.rpc as never;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#mustStop()) this.#controller.abort(this.#stopped());
    return this.#controller.signal;
  }

  get throwIfAborted(): () => void {
    // Kept, since loops read it for every step.
    this.#throwIfAborted ??= () => {
      if (this.#mustStop()) throw this.#stopped();
    };
    return this.#throwIfAborted;
  }

  get progress(): (done: number, total: number) => void {
    return (done, total) => {
      if (!this.#finished) this.#scope.notes.progress(done, total);
    };
  }

  get counter(): (name: string) => Counter {
    return (name) =>
      createCounter(name, (key, amount) => {
        if (!this.#finished) this.#scope.notes.count(key, amount);
      });
  }

  get log(): Log {
    this.#log ??= createLog(this.#scope.logs, (level, message, fields) => {
      if (!this.#finished) this.#scope.notes.log(level, message, fields);
    });
    return this.#log;
  }

  /** The request to stop has come by message too: wakes code that waits on the signal. */
  cancelled(): void {
    if (this.#controller !== undefined && this.#mustStop()) this.#controller.abort(this.#stopped());
  }

  /** From here on notes are dropped: they would be taken for those of the item that runs by then. */
  finish(): void {
    this.#finished = true;
  }

  #mustStop(): boolean {
    return !this.#finished && this.#scope.slots.mustStop(this.#scope.slot, this.#position);
  }

  #stopped(): StoppedError {
    return new StoppedError('the execution was asked to stop');
  }
}
