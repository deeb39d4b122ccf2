// Thread: worker
/**
 * The items of one execution, run in order. Sync execs run in one go; the first exec that returns a promise moves the
 * rest into an async loop, which awaits promises only.
 *
 * I1 An item that throws, or whose promise rejects, fails alone; the next one runs.
 * I2 Notes of an item leave before its result.
 * I3 Before each item but the first the thread asks for it (S5): the main thread may have given it to another.
 */
import { systemClock } from '../core/clock.ts';
import { StoppedError } from '../core/errors.ts';
import { isThenable } from '../core/thenable.ts';
import type { Execute } from '../wire/messages.ts';
import { ItemContext, type ExecutionScope } from './context.ts';
import { Outbox, type Section } from './outbox.ts';
import type { Ready } from './resources.ts';

const COST_WEIGHT = 0.2;

/** What the thread does at this instant, for its last words. */
export interface Present {
  /** User code of an execution is on the stack. */
  inside: boolean;
  /** Executions started by this thread since it lives. */
  executed: number;
  /** Calls of execs by this thread since it lives. */
  calls: number;
}

/** The ends of an item that the executor must know. */
export interface ItemHooks {
  /** The results gathered so far should leave now. */
  sectionDue(section: Section, now: number): void;
  /** The thread is about to wait. */
  waiting(): void;
}

const { now } = systemClock;

export class ItemRun {
  readonly #message: Execute;
  readonly #ready: Ready;
  readonly #section: Section;
  readonly #scope: ExecutionScope;
  readonly #present: Present;
  readonly #hooks: ItemHooks;
  #started: number;
  /** The context of the item that runs. */
  context: ItemContext | undefined;

  constructor(
    message: Execute,
    ready: Ready,
    section: Section,
    scope: ExecutionScope,
    present: Present,
    hooks: ItemHooks,
  ) {
    this.#message = message;
    this.#ready = ready;
    this.#section = section;
    this.#scope = scope;
    this.#present = present;
    this.#hooks = hooks;
    this.#started = section.startedAt;
  }

  /** Runs all items that are not taken away meanwhile; a promise when it had to wait. */
  run(): Promise<void> | undefined {
    if (this.#message[9].length === 0) return undefined;
    let position = 0;
    do {
      const output = this.#call(position);
      if (output !== undefined) return this.#runRest(output, position);
      position += 1;
    } while (this.#advance(position));
    return undefined;
  }

  async #runRest(first: PromiseLike<unknown>, from: number): Promise<void> {
    let output: PromiseLike<unknown> | undefined = first;
    for (let position = from; ;) {
      if (output !== undefined) {
        this.#hooks.waiting();
        try {
          this.#settle(position, false, await output);
        } catch (error) {
          this.#settle(position, true, error);
        }
      }
      position += 1;
      if (!this.#advance(position)) return;
      output = this.#call(position);
    }
  }

  // Whether there is a next item, and it is this thread's.
  #advance(position: number): boolean {
    const { slots, slot } = this.#scope;
    return position < this.#message[9].length && slots.advance(slot, position, this.#started);
  }

  // Returns a promise when the item waits; else the item is settled.
  #call(position: number): PromiseLike<unknown> | undefined {
    const { notes, slot, generation } = this.#scope;
    if (position > 0) {
      if (Outbox.isDear(this.#section)) this.#hooks.sectionDue(this.#section, this.#started);
      else Outbox.keep(this.#section);
    }
    notes.enter(slot, generation, position);
    const [, , , , , , , index, attempt, items] = this.#message;
    const context = new ItemContext(
      this.#scope,
      position,
      indexAt(index, position),
      typeof attempt === 'number' ? attempt : (attempt[position] as number),
    );
    this.context = context;
    let output: unknown;
    try {
      context.throwIfAborted();
      this.#present.inside = true;
      this.#present.calls += 1;
      output = this.#ready.exec(items[position], context);
    } catch (error) {
      this.#present.inside = false;
      this.#settle(position, true, error);
      return undefined;
    }
    this.#present.inside = false;
    if (isThenable(output)) return output;
    this.#settle(position, false, output);
    return undefined;
  }

  #settle(position: number, failed: boolean, value: unknown): void {
    const { notes, slots, slot } = this.#scope;
    const stopped = failed && isStop(value) && slots.mustStop(slot, position);
    this.context?.finish();
    notes.endItem();
    const ended = now();
    const took = ended - this.#started;
    this.#ready.costMs =
      this.#ready.costMs === undefined ? took : this.#ready.costMs + COST_WEIGHT * (took - this.#ready.costMs);
    if (failed) Outbox.addFailure(this.#section, value, stopped, ended);
    else Outbox.addValue(this.#section, value, ended);
    this.#started = ended;
    if (position + 1 < this.#message[9].length && Outbox.isDue(this.#section, ended))
      this.#hooks.sectionDue(this.#section, ended);
  }
}

function indexAt(index: number | readonly number[], position: number): number {
  if (typeof index !== 'number') return index[position] as number;
  return index < 0 ? -1 : index + position;
}

// What throwIfAborted and an aborted signal throw; anything else is the exec's own failure.
function isStop(error: unknown): boolean {
  return error instanceof StoppedError || (error as { name?: unknown } | null)?.name === 'AbortError';
}
