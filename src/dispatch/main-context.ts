// Thread: main
/** The context of an exec on the main thread; the counterpart of the thread's own. Notes go straight to the sink. */
import { StoppedError } from '../core/errors.ts';
import { createCounter, type Counter } from '../core/counter.ts';
import { createLog, type Log, type LogGate } from '../core/log.ts';
import { SnapshotReader } from '../core/snapshot.ts';
import type { InlineContext } from '../definition/node.ts';
import type { Note } from '../wire/messages.ts';
import type { Snapshot } from './execution.ts';
import { callService, type Services } from './rpc.ts';

/** Whose context it is. */
export interface ContextScope {
  readonly runId: string;
  readonly visit: number;
  /** Index of the item in its batch; undefined outside a batch. */
  readonly item: number | undefined;
  readonly attempt: number;
  readonly common: unknown;
  /** Keys of the store that the node reads; values are kept by reference, as the store has them. */
  readonly snapshot: Snapshot | undefined;
  readonly services: unknown;
  readonly params: unknown;
  readonly resource: unknown;
  readonly logs: LogGate;
  note(note: MainNote): void;
}

/** Nothing is dropped here: a line is handled before its call returns. */
export type MainNote = Exclude<Note, readonly ['dropped', number]>;

/** None of what it gives needs `this`: nodes take it off their context. */
export class MainContext implements InlineContext {
  readonly #scope: ContextScope;
  // Made when it is read: an AbortController costs several microseconds.
  #controller: AbortController | undefined;
  // Kept, since loops read it for every step.
  #throwIfAborted: (() => void) | undefined;
  #stopped = false;
  #finished = false;

  constructor(scope: ContextScope) {
    this.#scope = scope;
  }

  get runId(): string {
    return this.#scope.runId;
  }

  get visit(): number {
    return this.#scope.visit;
  }

  get item(): number | undefined {
    return this.#scope.item;
  }

  get attempt(): number {
    return this.#scope.attempt;
  }

  get common(): never {
    return this.#scope.common as never;
  }

  get store(): SnapshotReader<unknown> {
    return new SnapshotReader(this.#scope.snapshot, (value) => value);
  }

  get services(): unknown {
    return this.#scope.services;
  }

  get params(): unknown {
    return this.#scope.params;
  }

  get resource(): unknown {
    return this.#scope.resource;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#stopped) this.#controller.abort(stopped());
    return this.#controller.signal;
  }

  /** Services as a thread would see them: each method answers with a promise. */
  get rpc(): unknown {
    return asynchronous(this.#scope.services);
  }

  get throwIfAborted(): () => void {
    this.#throwIfAborted ??= () => {
      if (this.#stopped) throw stopped();
    };
    return this.#throwIfAborted;
  }

  get progress(): (done: number, total: number) => void {
    return (done, total) => this.#note(['progress', done, total]);
  }

  get counter(): (name: string) => Counter {
    return (name) => createCounter(name, (key, amount) => this.#note(['counter', key, amount]));
  }

  get log(): Log {
    return createLog(this.#scope.logs, (level, message, fields) => this.#note(['log', level, message, fields]));
  }

  /** Asks the exec to stop. */
  abort(): void {
    this.#stopped = true;
    this.#controller?.abort(stopped());
  }

  /** From here on notes are dropped. */
  finish(): void {
    this.#finished = true;
  }

  #note(note: MainNote): void {
    if (!this.#finished) this.#scope.note(note);
  }
}

function stopped(): StoppedError {
  return new StoppedError('the execution was asked to stop');
}

function asynchronous(services: unknown): unknown {
  return named((service) =>
    named(
      (method) =>
        async (...args: unknown[]) =>
          callService(services as Services, service, method, args),
    ),
  );
}

// Over an empty object: a proxy over frozen services could not give anything else than they hold. `then` is left out, or
// an awaited proxy would be taken for a promise.
function named(make: (name: string) => unknown): unknown {
  return new Proxy(Object.create(null) as object, {
    get: (_target, name) => (typeof name !== 'string' || name === 'then' ? undefined : make(name)),
  });
}
