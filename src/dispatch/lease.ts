// Thread: main
/**
 * One lease: one thread for as long as it has work. It posts executions in bursts, receives their
 * results and knows at any time what is in flight.
 *
 * Owns: the channel, the slot table, the executions in flight.
 * Does not own: what the thread has been told (told), which execution goes where, who pays for a death (the dispatcher), the
 * thread itself (the pool).
 *
 * A1 A result counts only if its slot still belongs to the generation that it names.
 * A2 An execution that cannot be cloned fails by its items: those that cannot, fail; the others are dispatched again.
 * A3 After `end` nothing is posted.
 * A4 Death is declared when the channel has closed, never earlier: results that were posted before it are delivered first.
 */
import { systemClock, type Timer } from '../core/clock.ts';
import type { BoundExec } from '../node.ts';
import { notCloneable } from '../wire/clone-check.ts';
import type { Call, Execute, FromThread, Hello, Notes, Results, Retired, ToThread, Value } from '../wire/messages.ts';
import { SLOT_COUNT, SlotState, SlotTable } from '../wire/slots.ts';
import { Channel } from './channel.ts';
import type { Death } from './deaths.ts';
import type { Execution } from './execution.ts';
import { endOf, failedAt, settleNotCloneable } from './item-end.ts';
import { LogCredit } from './log-credit.ts';
import { messageOf } from './message-of.ts';
import type { Numbering } from './numbering.ts';
import { Outgoing } from './outgoing.ts';
import type { ThreadPool } from './pool.ts';
import type { SharedLedger } from './shared-ledger.ts';
import { TEARDOWN_MS } from './teardown.ts';
import { Told } from './told.ts';

/** Inputs above this many bytes travel in a message of their own. */
const ALONE_BYTES = 64 * 1024;

/** What a lease tells its dispatcher. */
export interface LeaseOwner {
  onHello(lease: Lease, hello: Hello): void;
  /** All items of an execution have settled; its slot is free. */
  onEnded(lease: Lease, execution: Execution): void;
  /** An execution is to be done again from its first item that has not settled. */
  onReturned(lease: Lease, execution: Execution): void;
  /** A burst of messages has been handled. */
  onBurst(lease: Lease): void;
  onRetired(lease: Lease, retired: Retired): void;
  /** The channel is closed; `death` is undefined when the lease ended in good order. */
  onClosed(lease: Lease, death: Death | undefined): void;
}

export interface LeaseOptions {
  readonly pool: ThreadPool;
  readonly thread: number;
  readonly services: object | undefined;
  readonly owner: LeaseOwner;
  readonly numbers: Numbering;
  readonly ledger: SharedLedger;
  /** Buffer of the engine's `LogSwitch`. */
  readonly logs: SharedArrayBuffer;
}

const { now } = systemClock;

export class Lease {
  readonly thread: number;
  /** Oldest first. An array: a Set that is filled and emptied all the time keeps its dead tables alive on Node 20. */
  inFlight: Execution[] = [];
  readonly openedAt: number = now();
  status: 'starting' | 'open' | 'ended' | 'closed' = 'starting';
  /** Set while the thread is being replaced: nothing more is given to it. */
  retiring = false;
  /** What runs there takes far longer than expected: nothing is put behind it until a result comes. */
  heldUp = false;
  /** Executions since the thread lives. */
  executed = 0;
  /** Node's id of the thread, which keeps it from one lease to the next; undefined until it has said hello. */
  threadId: number | undefined;
  busyMs = 0;
  readonly slots: SlotTable = new SlotTable();
  readonly #logCredit: LogCredit = new LogCredit(this.slots);
  readonly #options: LeaseOptions;
  readonly #channel: Channel;
  readonly #bySlot: (Execution | undefined)[] = Array.from({ length: SLOT_COUNT });
  readonly #free: number[] = Array.from({ length: SLOT_COUNT }, (_value, index) => SLOT_COUNT - 1 - index);
  readonly #told: Told;
  readonly #outgoing: Outgoing;
  #teardownTimer: Timer | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.thread = options.thread;
    this.#told = new Told(options.numbers, options.ledger);
    this.#channel = new Channel({
      pool: options.pool,
      start: {
        slots: this.slots.buffer,
        logs: options.logs,
        shared: options.ledger.ids(),
        sharedLimit: options.ledger.limitBytes,
      },
      services: options.services,
      onBatch: (batch) => this.#receive(batch),
      onClosed: (failed, death) => this.#close(failed, death),
    });
    this.#outgoing = new Outgoing(
      (messages) => {
        if (this.status !== 'ended') this.#channel.post(messages);
      },
      (message, error) => this.#refuse(message, error),
    );
  }

  /** More executions may be given to it. */
  get isTaking(): boolean {
    return !this.retiring && (this.status === 'starting' || this.status === 'open');
  }

  get isFull(): boolean {
    return this.#free.length === 0;
  }

  /** Hands an execution to the thread, with the next burst. */
  post(execution: Execution): void {
    const { request } = execution;
    const { messages } = this.#outgoing;
    const execId = this.#told.exec(request.exec as BoundExec<unknown, unknown>, messages);
    const common = this.#told.common(request.common, messages);
    const slot = this.#free.pop() as number;
    execution.slot = slot;
    execution.generation = this.slots.queue(slot, execution.items.length);
    execution.status = 'posted';
    execution.thread = this.thread;
    const { message, bytes } = messageOf(execution, execId, common.id, this.#told, messages);
    execution.bytesIn = bytes + common.bytes;
    execution.postedAt = now();
    this.#bySlot[slot] = execution;
    if (this.inFlight.length === 0) this.#channel.ref();
    this.inFlight.push(execution);
    this.#outgoing.addExecution(message, execution, bytes > ALONE_BYTES);
  }

  /** Takes back an execution that has not started; false when the thread was faster. */
  steal(execution: Execution): boolean {
    if (!this.slots.steal(execution.slot, execution.generation)) return false;
    this.#release(execution);
    return true;
  }

  isStarted(execution: Execution): boolean {
    return this.slots.state(execution.slot, execution.generation) === SlotState.STARTED;
  }

  isDone(execution: Execution): boolean {
    return this.slots.state(execution.slot, execution.generation) === SlotState.DONE;
  }

  /** The execution that runs now. */
  running(): Execution | undefined {
    for (const execution of this.inFlight) {
      if (this.isStarted(execution)) return execution;
    }
    return undefined;
  }

  /** Asks an execution, or one item of it, to stop: the word for code that computes, the message for code that waits. */
  requestStop(execution: Execution, what: number): void {
    this.slots.requestStop(execution.slot, what);
    this.#send(['cancel', execution.slot, execution.generation]);
  }

  /** The thread will not see that common value again. */
  drop(commonId: number): void {
    if (this.#told.dropCommon(commonId)) this.#send(['drop', commonId]);
  }

  /** Nobody holds these shared values any more. */
  unshare(ids: readonly number[]): void {
    const known = this.#told.unshare(ids);
    if (known.length > 0) this.#send(['unshare', known]);
  }

  /** Asks the thread to tear down its resources; `onRetired` follows, or its termination when that takes too long. */
  retire(): void {
    this.retiring = true;
    if (this.#teardownTimer !== undefined) return;
    this.#teardownTimer = systemClock.setTimer(() => this.terminate(), TEARDOWN_MS);
    this.#channel.ref();
    this.#send(['retire']);
  }

  /** Ends the lease in good order; the thread stays with the pool. */
  end(): void {
    if (this.status === 'ended' || this.status === 'closed') return;
    this.#send(['end']);
    this.#outgoing.flush();
    this.status = 'ended';
  }

  /** Keeps the process alive until the lease is over. */
  keepAlive(): void {
    this.#channel.ref();
  }

  /** Terminates the thread. */
  terminate(): void {
    this.#channel.terminate();
  }

  #send(message: ToThread): void {
    if (this.status !== 'ended' && this.status !== 'closed') this.#outgoing.add(message);
  }

  #refuse(message: ToThread, error: unknown): void {
    if (message[0] === 'execute' || message[0] === 'call') this.#refuseItems(message, error);
    else if (message[0] === 'common') this.#refuseCommon(message[1], message[2], error);
    else throw error;
    // No answer will come that would have the next one dispatched. Not at once: the burst is still being posted.
    queueMicrotask(() => this.#options.owner.onBurst(this));
  }

  // The thread never saw it: items that cannot be cloned fail, the others are to be dispatched again.
  #refuseItems([, slot, generation]: Execute | Call, cause: unknown): void {
    const execution = this.#bySlot[slot];
    if (execution === undefined || execution.generation !== generation || !this.steal(execution)) return;
    settleNotCloneable(execution, now());
    if (execution.items.length === 0) {
      this.#options.owner.onEnded(this, execution);
    } else if (this.#wasRefusedBefore(execution)) {
      // Each item clones alone, and still the message does not go: memory, most likely.
      execution.settleRest(failedAt(now(), cause));
      this.#options.owner.onEnded(this, execution);
    } else {
      this.#options.owner.onReturned(this, execution);
    }
  }

  readonly #refused = new WeakSet<Execution>();

  #wasRefusedBefore(execution: Execution): boolean {
    if (this.#refused.has(execution)) return true;
    this.#refused.add(execution);
    return false;
  }

  #refuseCommon(id: number, value: unknown, cause: unknown): void {
    this.#told.dropCommon(id);
    for (const execution of this.inFlight.slice()) {
      const { common } = execution.request;
      if (common === undefined || this.#options.numbers.ofCommon(common) !== id || !this.steal(execution)) continue;
      execution.settleRest(failedAt(now(), notCloneable(`${execution.request.node}: common`, value, cause)));
      this.#options.owner.onEnded(this, execution);
    }
  }

  #receive(batch: readonly FromThread[]): void {
    for (const message of batch) {
      switch (message[0]) {
        case 'results':
          this.#takeResults(message);
          break;
        case 'value':
          this.#takeValue(message);
          break;
        case 'notes':
          this.#takeNotes(message);
          break;
        case 'hello':
          if (this.status === 'starting') this.status = 'open';
          this.threadId = message[1];
          this.executed = message[2];
          this.#options.owner.onHello(this, message);
          break;
        case 'need':
          this.#takeNeed(message[1], message[2]);
          break;
        case 'dying':
          this.#channel.takeDying(message);
          break;
        case 'retired':
          this.#options.owner.onRetired(this, message);
          break;
        default:
          // Something else than cano wrote to the port.
          message satisfies never;
          this.#channel.breakOff();
      }
    }
    this.#options.owner.onBurst(this);
  }

  #find(slot: number, generation: number): Execution | undefined {
    const execution = this.#bySlot[slot];
    return execution?.generation === generation ? execution : undefined;
  }

  #takeResults([, slot, generation, from, startedAt, ends, values, failures, bytesOut, last]: Results): void {
    const execution = this.#find(slot, generation);
    if (execution === undefined || execution.settled !== from) return;
    this.heldUp = false;
    execution.receivedAt = now();
    execution.bytesOut = bytesOut;
    execution.startedAt ??= startedAt;
    const failed = failures === null ? undefined : new Map(failures.map((entry) => [entry[0], entry] as const));
    let started = startedAt;
    for (let offset = 0; offset < values.length; offset += 1) {
      const ended = ends[offset] as number;
      const entry = failed?.get(offset);
      execution.settleNext(endOf(execution, from + offset, entry, values[offset], started, ended));
      started = ended;
    }
    this.busyMs += started - startedAt;
    execution.ranMs += started - startedAt;
    if (last) this.#finish(execution);
  }

  #takeValue([, slot, generation, startedAt, endedAt, value, bytesOut]: Value): void {
    const execution = this.#find(slot, generation);
    if (execution === undefined || execution.settled !== 0) return;
    this.heldUp = false;
    execution.receivedAt = now();
    execution.bytesOut = bytesOut;
    execution.startedAt ??= startedAt;
    execution.settleNext(endOf(execution, 0, undefined, value, startedAt, endedAt));
    this.busyMs += endedAt - startedAt;
    execution.ranMs += endedAt - startedAt;
    this.#finish(execution);
  }

  #finish(execution: Execution): void {
    this.executed += 1;
    this.#release(execution);
    this.#options.owner.onEnded(this, execution);
  }

  #takeNotes([, slot, generation, position, notes, logCredit]: Notes): void {
    const since = now();
    const execution = this.#find(slot, generation);
    let hasDropped = false;
    for (const note of notes) {
      // The sum over all items so far, some of which may have settled.
      const isDropped = note[0] === 'dropped';
      hasDropped ||= isDropped;
      if (execution !== undefined && (isDropped || position >= execution.settled)) execution.note(position, note);
    }
    // Not before: a thread that floods would have the next lines on the way already.
    if (logCredit > 0 || hasDropped) this.#logCredit.giveBack(logCredit, since, hasDropped);
  }

  #takeNeed(slot: number, generation: number): void {
    const execution = this.#find(slot, generation);
    if (execution === undefined || !this.steal(execution)) return;
    this.#told.forget();
    this.#options.owner.onReturned(this, execution);
  }

  #release(execution: Execution): void {
    this.#bySlot[execution.slot] = undefined;
    this.#free.push(execution.slot);
    this.inFlight.splice(this.inFlight.indexOf(execution), 1);
    if (this.inFlight.length === 0) this.#channel.unref();
  }

  #close(failed: boolean, death: Death): void {
    this.#teardownTimer?.cancel();
    const inOrder = this.status === 'ended' && !failed;
    this.status = 'closed';
    // In good order the thread closes the channel for services, when the calls under way have been answered.
    if (!inOrder) this.#channel.closeServices();
    this.#options.owner.onClosed(this, inOrder ? undefined : death);
  }
}
