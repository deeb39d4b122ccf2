// Thread: worker
/**
 * Runs the executions of one lease, one at a time, in the order of their arrival.
 *
 * X1 At most one execution of a thread is STARTED.
 * X2 The loop turns at least every `TURN_MS` between executions, so that timers of execs fire and messages arrive.
 * X3 What user code throws becomes the failure of its item; nothing here rejects.
 */
import { systemClock } from '../core/clock.ts';
import type { LogGate } from '../core/log.ts';
import type { Define, Execute, FromThread, SetCommon } from '../wire/messages.ts';
import { SlotPhase, type SlotTable } from '../wire/slots.ts';
import type { ExecutionScope } from './context.ts';
import { ItemRun, type ItemHooks, type Present } from './items.ts';
import { Notes } from './notes.ts';
import { Outbox, newSection, type Section } from './outbox.ts';
import { findReady, makeReady, resourceKey, type Ready } from './resources.ts';
import { beginReading, holdsShared } from './shared-values.ts';
import { VitalsTeller } from './vitals.ts';

const TURN_MS = 5;
const LONG_MS = 0.5;
const COMPACT_AT = 64;
const NO_COMMON: SetCommon = ['common', 0, undefined, undefined, 0];

const { now } = systemClock;

export class Executor {
  readonly #slots: SlotTable;
  readonly #outbox: Outbox;
  readonly #notes: Notes;
  readonly #vitals: VitalsTeller;
  readonly #logs: LogGate;
  readonly #rpc: unknown;
  readonly #present: Present;
  readonly #hooks: ItemHooks;
  readonly #post: (message: FromThread) => void;
  readonly #defines = new Map<number, { readonly define: Define; readonly resource: string }>();
  readonly #commons = new Map<number, SetCommon>();
  #queue: Execute[] = [];
  #head = 0;
  #running = false;
  #turnedAt = 0;
  #flushArmed = false;
  #current: { readonly section: Section; run: ItemRun | undefined } | undefined;
  #idle: (() => void) | undefined;

  constructor(
    post: (batch: readonly FromThread[]) => void,
    slots: SlotTable,
    logs: LogGate,
    rpc: unknown,
    present: Present,
  ) {
    this.#slots = slots;
    this.#logs = logs;
    this.#rpc = rpc;
    this.#present = present;
    this.#post = (message) => post([message]);
    this.#outbox = new Outbox(post);
    this.#notes = new Notes(this.#post, slots);
    this.#vitals = new VitalsTeller(slots);
    this.#hooks = {
      sectionDue: (section, at) => {
        this.#outbox.add(section, false, at);
        this.#outbox.flush();
      },
      waiting: () => this.#armFlush(),
    };
  }

  define(define: Define): void {
    this.#defines.set(define[1], { define, resource: resourceKey(define) });
  }

  setCommon(common: SetCommon): void {
    this.#commons.set(common[1], common);
  }

  dropCommon(id: number): void {
    this.#commons.delete(id);
  }

  enqueue(message: Execute): void {
    // Under steady load the queue is never empty, so what is done must be let go of on the way.
    if (this.#head >= COMPACT_AT) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#queue.push(message);
  }

  cancel(slot: number, generation: number): void {
    const current = this.#current;
    if (current?.section.slot === slot && current.section.generation === generation) current.run?.context?.cancelled();
  }

  /** Sends what is ready, finished items of what runs included; the thread may be about to die. */
  flush(): void {
    this.#notes.flush();
    const section = this.#current?.section;
    if (section !== undefined && section.values.length > 0) this.#outbox.add(section, false, now());
    this.#outbox.flush();
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    if (this.#running) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  /** Works off the queue unless that is being done already. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#turnedAt = now();
    this.#continue();
  }

  #continue(): void {
    while (this.#head < this.#queue.length) {
      if (now() - this.#turnedAt >= TURN_MS) {
        this.#turn();
        return;
      }
      const message = this.#queue[this.#head] as Execute;
      this.#head += 1;
      const pending = this.#execute(message);
      if (pending !== undefined) {
        void pending.then(() => this.#continue());
        return;
      }
    }
    this.#queue = [];
    this.#head = 0;
    this.#running = false;
    this.#outbox.flush();
    this.#idle?.();
  }

  #turn(): void {
    if (this.#outbox.isDue(now())) this.#outbox.flush();
    this.#outbox.keep();
    setImmediate(() => {
      this.#turnedAt = now();
      this.#continue();
    });
  }

  // An exec that waits lets the loop turn, and only then results are sent: one that returns a promise which is settled
  // already goes on within the same turn, and would otherwise cost a message per item.
  #armFlush(): void {
    if (this.#flushArmed) return;
    this.#flushArmed = true;
    setImmediate(() => {
      this.#flushArmed = false;
      this.#turnedAt = now();
      this.#outbox.flush();
    });
  }

  // A promise when it had to wait.
  #execute(message: Execute): Promise<void> | undefined {
    const [, slot, generation, execId, , , commonId, , , , shared] = message;
    const defined = this.#defines.get(execId);
    const common = commonId === 0 ? NO_COMMON : this.#commons.get(commonId);
    if (defined === undefined || common === undefined || !holdsShared(shared) || !holdsShared(common[4])) {
      this.#post(['need', slot, generation]);
      return undefined;
    }
    const { define, resource } = defined;
    const ready = findReady(resource);
    const startedAt = now();
    if (!this.#slots.start(slot, generation, ready === undefined ? SlotPhase.SETUP : SlotPhase.EXEC, startedAt))
      return undefined;
    this.#present.executed += 1;
    beginReading(shared, common[4]);
    const section = newSection(slot, generation, define[4], startedAt);
    this.#current = { section, run: undefined };
    if (ready === undefined) return this.#prepareAndRun(message, define, resource, section);
    const pending = this.#startItems(message, ready, section);
    if (pending !== undefined) return pending.then(() => this.#end(section));
    this.#end(section);
    return undefined;
  }

  async #prepareAndRun(message: Execute, define: Define, resource: string, section: Section): Promise<void> {
    this.#outbox.flush();
    try {
      const ready = await makeReady(define, resource);
      section.startedAt = now();
      this.#slots.leaveSetup(section.slot, section.startedAt);
      await this.#startItems(message, ready, section);
    } catch (error) {
      // Only makeReady throws (X3).
      const ended = now();
      for (let left = this.#slots.takeRest(section.slot); left > 0; left -= 1)
        Outbox.addFailure(section, error, false, ended);
    }
    this.#end(section);
  }

  #startItems(message: Execute, ready: Ready, section: Section): Promise<void> | undefined {
    const [, slot, generation, , runId, visit, commonId, , attempt, items] = message;
    // A long execution must not hold back the results of short ones before it, nor one that failed before take them along.
    const isRetry = typeof attempt !== 'number' || attempt > 1;
    if (isRetry || ready.costMs === undefined || ready.costMs * items.length > LONG_MS) this.#outbox.flush();
    this.#outbox.keep();
    const [, , common, snapshot] = this.#commons.get(commonId) ?? NO_COMMON;
    const scope: ExecutionScope = {
      slots: this.#slots,
      notes: this.#notes,
      logs: this.#logs,
      rpc: this.#rpc,
      slot,
      generation,
      runId,
      visit,
      params: ready.params,
      resource: ready.resource,
      common,
      snapshot,
    };
    const run = new ItemRun(message, ready, section, scope, this.#present, this.#hooks);
    if (this.#current !== undefined) this.#current.run = run;
    return run.run();
  }

  #end(section: Section): void {
    this.#notes.flush();
    this.#slots.finish(section.slot, section.generation);
    this.#current = undefined;
    const at = section.ends.at(-1) ?? section.startedAt;
    this.#outbox.add(section, true, at);
    if (this.#outbox.isDue(at)) this.#outbox.flush();
    this.#vitals.tell(at);
  }
}
