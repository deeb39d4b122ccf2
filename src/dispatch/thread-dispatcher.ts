// Thread: main
/**
 * Has executions done by threads.
 *
 * Owns: the ready queue, which lease an execution goes to, the balancer, the watchdog, who pays for a death.
 * Does not own: retries (the orchestrator's), the protocol (the lease's), the threads' life (the pool's).
 *
 * D1 submitted = queued + in flight + ended; every item of every execution settles exactly once.
 * D2 At most one lease per thread number, at most `threads` leases.
 * D3 Only an item that was STARTED when its thread died can be blamed; all else is dispatched again for free.
 * D4 Idle leases end after a while, so an idle engine does not keep the process alive.
 */
import { systemClock } from '../core/clock.ts';
import type { DeathReason } from '../core/errors.ts';
import type { BoundExec } from '../node.ts';
import type { Hello, Retired } from '../wire/messages.ts';
import { SLOT_COUNT } from '../wire/slots.ts';
import { Balancer } from './balancer.ts';
import { chargeFor, CostTable } from './cost.ts';
import { takeFromDead, type Death } from './deaths.ts';
import type { Dispatcher, DispatcherView, FlightView, RunStanding } from './dispatcher.ts';
import { keyOf, type CommonValue, type Execution } from './execution.ts';
import { FailedStarts } from './failed-starts.ts';
import { IdleTimer } from './idle.ts';
import { cancelledAt, failedAt } from './item-end.ts';
import { Lease, type LeaseOwner } from './lease.ts';
import { Numbering } from './numbering.ts';
import { placeFor } from './placement.ts';
import { ThreadPool } from './pool.ts';
import { ReadyQueue } from './ready-queue.ts';
import type { RunShare } from './run-share.ts';
import { SharedLedger, unshare } from './shared-ledger.ts';
import { Soon } from './soon.ts';
import { Teardown, warnOfTeardown } from './teardown.ts';
import { executingMs, viewFlight, viewRun, viewThread } from './view.ts';
import { warmUpExecutions } from './warm-up.ts';
import { Watchdog } from './watchdog.ts';

/** Executions shorter than this are not worth taking back from a thread that works them off. */
const WORTH_TAKING_MS = 0.5;

/** What the dispatcher announces of its threads. */
export interface ThreadObserver {
  started(thread: number, threadId: number, readyMs: number): void;
  exited(thread: number, reason: DeathReason | 'recycled', error: unknown): void;
}

export interface ThreadDispatcherOptions {
  readonly threads: number;
  readonly services: object | undefined;
  readonly resourceLimits: object | undefined;
  readonly graceMs: number;
  readonly recycleAfter: number | undefined;
  /** What objects and strings of shared values may weigh on a thread. */
  readonly sharedCacheBytes: number;
  /** Buffer of the engine's `LogSwitch`. */
  readonly logs: SharedArrayBuffer;
  readonly observer: ThreadObserver;
}

const { now } = systemClock;

export class ThreadDispatcher implements Dispatcher, LeaseOwner {
  readonly threads: number;
  readonly #options: ThreadDispatcherOptions;
  readonly #ready = new ReadyQueue();
  readonly #costs = new CostTable();
  readonly #leases: (Lease | undefined)[];
  readonly #balancer: Balancer;
  readonly #watchdog: Watchdog;
  readonly #idle: IdleTimer;
  readonly #numbers = new Numbering();
  readonly #ledger: SharedLedger;
  readonly #busyBefore: number[];
  #pool: ThreadPool | undefined;
  #settled = 0;
  #inFlight = 0;
  #isClosing = false;
  // What is submitted in one go leaves in one message.
  readonly #pumpSoon: Soon = new Soon(() => this.#pump());
  readonly #failedStarts = new FailedStarts();
  #teardown: Teardown | undefined;

  constructor(options: ThreadDispatcherOptions) {
    this.#options = options;
    this.threads = options.threads;
    this.#ledger = new SharedLedger(options.sharedCacheBytes, (ids) => {
      if (this.#pool !== undefined) unshare(this.#leases, ids, (thread) => this.#open(thread));
      this.#pump();
    });
    this.#leases = Array.from({ length: options.threads });
    this.#busyBefore = Array.from({ length: options.threads }, () => 0);
    this.#balancer = new Balancer({
      leases: this.#leases,
      costs: this.#costs,
      ready: this.#ready,
      giveBack: (execution) => this.#giveBack(execution),
      pump: () => this.#pump(),
    });
    this.#watchdog = new Watchdog({
      leases: () => this.#openLeases(),
      onTick: () => this.#balancer.balance(0),
      isNeeded: () => this.#inFlight > 0,
      graceMs: options.graceMs,
    });
    this.#idle = new IdleTimer(
      () => this.#inFlight === 0 && this.#teardown === undefined,
      () => this.#openLeases().forEach((lease) => lease.retiring || lease.end()),
    );
  }

  submit(execution: Execution): void {
    execution.queuedAt = now();
    const refused = this.#numbers.refuse(execution.request.exec as BoundExec<unknown, unknown>);
    if (refused !== undefined) {
      execution.settleRest(failedAt(now(), refused));
      this.#finish(execution);
      return;
    }
    execution.status = 'queued';
    this.#ready.push(execution);
    this.#pumpSoon.ask();
  }

  cancel(execution: Execution, reason: unknown): void {
    if (execution.status === 'queued') {
      if (!this.#ready.remove(execution)) return;
    } else if (execution.status === 'posted') {
      const lease = this.#leaseOf(execution);
      if (lease === undefined) return;
      if (!lease.steal(execution)) {
        this.#watchdog.stop(lease, execution, 'cancelled', -1, reason);
        return;
      }
      this.#leave(execution);
      // The thread has nothing to answer that would call for the next.
      this.#pumpSoon.ask();
    } else {
      return;
    }
    this.#settleCancelled(execution, reason);
  }

  release(common: CommonValue): void {
    if (!this.#numbers.knowsCommon(common)) return;
    const id = this.#numbers.ofCommon(common);
    for (const lease of this.#openLeases()) lease.drop(id);
  }

  async warmUp(execs: readonly BoundExec<unknown, unknown>[]): Promise<void> {
    const loadable = execs.filter((exec) => this.#numbers.refuse(exec) === undefined);
    const threads = Array.from({ length: this.threads }, async (_value, thread) => {
      const held = this.#leases[thread];
      // A lease that is ending is as good as none: its thread is warm, or is being replaced.
      if (held !== undefined && !held.isTaking) return;
      const lease = held ?? this.#open(thread);
      const { executions, ended } = warmUpExecutions(loadable.slice(0, SLOT_COUNT - lease.inFlight.length));
      for (const execution of executions) {
        execution.queuedAt = now();
        this.#inFlight += 1;
        lease.post(execution);
      }
      this.#watchdog.arm();
      await ended;
    });
    await Promise.all(threads);
  }

  view(): DispatcherView {
    const threads = this.#leases.map((lease, thread) => viewThread(thread, lease, this.#busyBefore[thread] as number));
    const alive = this.#pool?.alive ?? 0;
    return { threads, alive, queued: this.#ready.size, inFlight: this.#inFlight, settled: this.#settled };
  }

  flight(): FlightView[] {
    return this.#openLeases().flatMap(viewFlight);
  }

  standingOf(share: RunShare): RunStanding {
    const costOf = (execution: Execution): number => chargeFor(this.#costs.expected(execution), execution);
    return { ...this.#ready.standingOf(share, costOf), ...viewRun(share, this.#openLeases()) };
  }

  async close(): Promise<void> {
    if (this.#pool === undefined) return;
    if (this.#numbers.hasTeardown) await this.#tearDown();
    this.#watchdog.close();
    this.#idle.cancel();
    this.#ledger.close();
    this.#isClosing = true;
    for (const lease of this.#openLeases()) lease.end();
    // A thread that failed to start meanwhile has taken the pool with it.
    await this.#pool?.destroy();
    this.#pool = undefined;
  }

  onHello(lease: Lease, [, threadId, executed]: Hello): void {
    this.#failedStarts.reset();
    if (executed === 0) this.#options.observer.started(lease.thread, threadId, now() - lease.openedAt);
  }

  onEnded(_lease: Lease, execution: Execution): void {
    this.#leave(execution);
    if (execution.startedAt !== undefined && execution.items.length > 0)
      this.#costs.add(keyOf(execution), execution.ranMs, execution.items.length);
    this.#finish(execution);
  }

  onReturned(_lease: Lease, execution: Execution): void {
    this.#giveBack(execution);
  }

  onBurst(lease: Lease): void {
    const { recycleAfter } = this.#options;
    if (recycleAfter !== undefined && lease.executed >= recycleAfter && !lease.retiring) lease.retiring = true;
    const isIdle = lease.inFlight.length === 0;
    if (lease.retiring && isIdle && this.#teardown === undefined && lease.status === 'open') lease.retire();
    this.#pump();
    if (isIdle && this.#ready.size === 0 && this.#inFlight > 0) this.#balancer.balance(WORTH_TAKING_MS);
  }

  onRetired(lease: Lease, [, errors]: Retired): void {
    warnOfTeardown(lease.thread, errors);
    if (this.#teardown === undefined) lease.terminate();
    else this.#teardown.count(lease);
  }

  onClosed(lease: Lease, death: Death | undefined): void {
    const { thread } = lease;
    // During a teardown its successor may be there already.
    if (this.#leases[thread] === lease) this.#leases[thread] = undefined;
    // What a thread dies of has kept it busy up to here.
    this.#busyBefore[thread] = (this.#busyBefore[thread] as number) + lease.busyMs + executingMs(lease);
    if (death !== undefined) {
      const recycled = lease.retiring && death.reason === 'terminated';
      // That the engine ends its threads is no news of theirs.
      if (!this.#isClosing || death.reason !== 'terminated')
        this.#options.observer.exited(thread, recycled ? 'recycled' : death.reason, recycled ? undefined : death.error);
      if (lease.threadId === undefined && death.reason !== 'terminated') this.#countFailedStart(lease, death);
      this.#bury(lease, death);
    }
    this.#teardown?.count(lease);
    this.#pump();
  }

  // Settles or requeues what was in flight on a thread that died.
  #bury(lease: Lease, death: Death): void {
    for (const execution of takeFromDead(lease, death)) {
      this.#leave(execution);
      const { stop } = execution;
      if (stop?.kind === 'setup') execution.settleRest(failedAt(now(), stop.reason));
      if (stop?.kind === 'cancelled') this.#settleCancelled(execution, stop.reason);
      // More may have settled than there are: an execution that only warms its thread up has no items.
      else if (execution.settled >= execution.items.length) this.#finish(execution);
      else this.#requeue(execution);
    }
  }

  // It is on no thread any more.
  #leave(execution: Execution): void {
    this.#inFlight -= 1;
    this.#ready.settle(execution);
  }

  #giveBack(execution: Execution): void {
    this.#leave(execution);
    this.#requeue(execution);
  }

  #settleCancelled(execution: Execution, reason: unknown): void {
    execution.settleRest(cancelledAt(now(), reason));
    this.#finish(execution);
  }

  #requeue(execution: Execution): void {
    execution.keepUnsettled();
    execution.status = 'queued';
    execution.thread = undefined;
    execution.stop = undefined;
    this.#ready.unshift(execution);
  }

  #finish(execution: Execution): void {
    this.#settled += 1;
    execution.end();
  }

  // Piscina does not recover from a thread that fails to boot, so its pool is given up at once; after several in a row
  // nothing will ever run and everything that waits is told so.
  #countFailedStart(lease: Lease, { error }: Death): void {
    const broken = this.#pool;
    this.#pool = undefined;
    void broken?.destroy();
    const failed = this.#failedStarts.add(error);
    if (failed === undefined) return;
    for (const execution of lease.inFlight) execution.stop = { kind: 'setup', position: -1, hardAt: 0, reason: failed };
    for (const execution of this.#ready.clear()) {
      execution.settleRest(failedAt(now(), failed));
      this.#finish(execution);
    }
  }

  #pump(): void {
    for (let next = this.#ready.peek(); next !== undefined; next = this.#ready.peek()) {
      const expectedMs = this.#costs.expected(next);
      const place = placeFor(expectedMs, this.#leases);
      if (place === undefined) break;
      const lease = typeof place === 'number' ? this.#open(place) : place;
      this.#ready.shift(chargeFor(expectedMs, next));
      this.#inFlight += 1;
      lease.post(next);
    }
    if (this.#inFlight > 0) this.#watchdog.arm();
    // What waits for leases that are ending is in nobody's flight yet.
    else if (this.#ready.size > 0) for (const lease of this.#openLeases()) lease.keepAlive();
    else if (this.#openLeases().length > 0) this.#idle.begin();
  }

  #open(thread: number): Lease {
    this.#pool ??= new ThreadPool({
      threads: this.threads,
      resourceLimits: this.#options.resourceLimits,
      onIdleDeath: (error) => this.#options.observer.exited(-1, 'uncaught_error', error),
    });
    const lease = new Lease({
      pool: this.#pool,
      thread,
      services: this.#options.services,
      owner: this,
      numbers: this.#numbers,
      ledger: this.#ledger,
      logs: this.#options.logs,
    });
    this.#leases[thread] = lease;
    return lease;
  }

  // What is being recycled comes first. Then one lease per thread, each kept until all have answered: the pool gives a lease
  // to any free thread, and so every thread that holds resources hears of it.
  async #tearDown(): Promise<void> {
    const recycling = this.#openLeases().filter(({ retiring }) => retiring);
    await this.#retire(recycling);
    for (const lease of recycling) lease.end();
    const all = this.#leases.map((held, thread) => (held?.isTaking === true ? held : this.#open(thread)));
    await this.#retire(all);
  }

  async #retire(leases: readonly Lease[]): Promise<void> {
    this.#teardown = new Teardown(leases);
    for (const lease of leases) lease.retire();
    await this.#teardown.done;
  }

  #openLeases(): Lease[] {
    return this.#leases.filter((lease): lease is Lease => lease !== undefined && lease.status !== 'closed');
  }

  #leaseOf(execution: Execution): Lease | undefined {
    return execution.thread === undefined ? undefined : this.#leases[execution.thread];
  }
}
