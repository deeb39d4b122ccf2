/**
 * The exec of a batch node: items in chunks over the threads.
 *
 * Owns: pulling the source, the size and number of chunks, retries of items, the order of results.
 * Does not own: where a chunk runs and what happens when its thread dies (the dispatcher).
 *
 * B1 At most `openLimit` chunks are open; the source is pulled only when one is missing. Unreduced items that wait for an
 *    earlier one and items that wait for a retry are bounded too, so `reduce` works in constant memory.
 * B2 A chunk is sized by what items cost so far: `TARGET_MS` of work, so that dispatch costs nothing and no thread holds
 *    much more than the others at the end.
 * B3 Results are in input order; chunk borders cannot be seen.
 * B4 An item whose result has arrived is never executed again. (A thread that V8 or the watchdog ends has no last words: what
 *    it finished in its last 20 ms is.) One that failed is tried again by the node's retry rule, alone.
 * B5 A chunk that the dispatcher divides counts as two from then on, for B1 as for the node's concurrency limit.
 * B6 The batch ends when every open chunk has ended, also after a failure or a request to stop.
 */
import type { Timer } from '../core/clock.ts';
import { eventError } from '../core/events.ts';
import { decideRetry } from '../core/retry.ts';
import type { BatchRules } from '../definition/node.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import { Execution, type CommonValue, type ExecutionSink, type ItemEnd } from '../dispatch/execution.ts';
import type { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import type { Note } from '../wire/messages.ts';
import { announceNote, recordAttempt, recordOverrun } from './attempt.ts';
import { ChunkSizer } from './chunk-sizer.ts';
import { commonOf } from './common.ts';
import { isCostly, warnOfCostlyInput } from './costly-input.ts';
import { DroppedLines } from './dropped-lines.ts';
import { waitsForLimit, type RunWait } from './explain.ts';
import { ItemGatherer, type Pulled } from './gatherer.ts';
import { Results } from './results.ts';
import { openSource } from './source.ts';
import type { VisitScope } from './visit-scope.ts';

const OPEN_PER_THREAD = 3;
const INLINE_CONCURRENCY = 16;
/** Results that wait for an earlier one and items that wait for a retry, above which no more items are pulled. */
const MAX_WAITING = 20_000;

/** How a batch fails: with the item that did it, or without one when the source or `reduce` threw. */
export class BatchFailure {
  readonly error: unknown;
  readonly item: number | undefined;
  readonly attempt: number;

  constructor(error: unknown, item: number | undefined, attempt: number) {
    this.error = error;
    this.item = item;
    this.attempt = attempt;
  }
}

/**
 * Does all items; the value is what post gets.
 *
 * @throws BatchFailure (as rejection)
 */
export async function runBatch(visit: VisitScope, rules: BatchRules): Promise<unknown> {
  return new Batch(visit, rules).run();
}

class Batch implements ExecutionSink {
  readonly #visit: VisitScope;
  readonly #rules: BatchRules;
  readonly #dispatcher: Dispatcher;
  readonly #common: CommonValue | undefined;
  readonly #size: number | undefined;
  readonly #gatherer: ItemGatherer;
  readonly #openLimit: number;
  readonly #sizer: ChunkSizer;
  readonly #results: Results;
  readonly #dropped: DroppedLines;
  readonly #open = new Set<Execution>();
  /** Open chunks that wait for the node's concurrency limit, with what takes them back. */
  readonly #waiting = new Map<Execution, () => boolean>();
  /** Of items that wait for their next attempt, with when they fire. */
  readonly #timers = new Map<Timer, number>();
  #retries: Pulled[] = [];
  /** For how long reducing has blocked the main thread. */
  #reducingMs = 0;
  #failure: BatchFailure | undefined;
  /** When what was open was asked to stop. */
  #stoppedAt: number | undefined;
  #isPumping = false;
  #settle!: { readonly resolve: (value: unknown) => void; readonly reject: (error: BatchFailure) => void };

  constructor(visit: VisitScope, rules: BatchRules) {
    const { node, engine } = visit;
    this.#visit = visit;
    this.#rules = rules;
    this.#dispatcher = engine.dispatcherOf(node);
    const { source, common } = openSource(node.name, visit.input);
    this.#common = commonOf(visit, this.#dispatcher, common);
    this.#size = source.size;
    this.#gatherer = new ItemGatherer(source, engine.clock, () => this.#pump());
    const { threads } = this.#dispatcher;
    const { concurrency } = node;
    this.#openLimit =
      threads === 0
        ? (concurrency ?? INLINE_CONCURRENCY)
        : Math.min(concurrency ?? Infinity, threads * OPEN_PER_THREAD);
    this.#sizer = new ChunkSizer(threads, source.size);
    this.#results = new Results(rules);
    this.#dropped = new DroppedLines(visit.run, visit.place, engine.clock);
  }

  async run(): Promise<unknown> {
    const { scope, cells } = this.#visit;
    this.#visit.waitsOfExec = () => this.#waits();
    if (this.#size !== undefined) this.#announceSize(this.#size);
    const off = scope.onStop((stopped) => this.#fail(new BatchFailure(stopped, undefined, 1)));
    try {
      return await new Promise((resolve, reject) => {
        this.#settle = { resolve, reject };
        this.#pump();
      });
    } finally {
      off();
      if (this.#common !== undefined) this.#dispatcher.release(this.#common);
      const feedMs = this.#gatherer.blockedMs + this.#reducingMs;
      cells.feedMs += feedMs;
      cells.blockedMs += feedMs;
    }
  }

  note(execution: Execution, index: number, attempt: number, note: Note): void {
    if (note[0] === 'dropped') this.#dropped.add(note[1]);
    else announceNote(this.#visit.run, this.#visit.place, execution.thread, index, attempt, note);
  }

  settled(execution: Execution, index: number, attempt: number, end: ItemEnd, item: unknown): void {
    const { run, place, cells } = this.#visit;
    const tookMs = end.endedAt - end.startedAt;
    recordAttempt(run, place, cells, execution, index, attempt, end);
    recordOverrun(cells, execution, end, this.#stoppedAt);
    if (isCostly(execution, tookMs)) {
      warnOfCostlyInput(run, place, execution, tookMs, { item, common: this.#common?.value });
    }
    this.#sizer.add(tookMs);
    if (end.outcome === 'ok') {
      cells.executions += 1;
      this.#take({ ok: true, index, value: end.value });
    } else if (this.#failure === undefined) {
      this.#afterFailure(index, attempt, item, end.error);
    }
  }

  ended(execution: Execution): void {
    this.#open.delete(execution);
    this.#visit.engine.limitOf(this.#visit.node)?.leave();
    this.#pump();
  }

  mayDivide(): boolean {
    const { node, engine } = this.#visit;
    const hasRoom = engine.limitOf(node)?.hasRoom ?? true;
    return hasRoom && this.#failure === undefined && this.#open.size < this.#openLimit;
  }

  divided(_execution: Execution, rest: Execution): void {
    this.#submit(rest);
  }

  // Fills the open chunks, retries first; ends the batch when nothing is left.
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#failure === undefined && this.#open.size < this.#openLimit) {
      const chunk = this.#nextChunk();
      if (chunk.length === 0) break;
      this.#dispatch(chunk);
    }
    this.#isPumping = false;
    const { error } = this.#gatherer;
    if (error !== undefined && this.#failure === undefined) this.#fail(new BatchFailure(error.thrown, undefined, 1));
    if (this.#open.size > 0) return;
    this.#dropped.tell();
    if (this.#failure !== undefined) this.#settle.reject(this.#failure);
    else if (this.#gatherer.isExhausted && this.#retries.length === 0 && this.#timers.size === 0) this.#complete();
  }

  #nextChunk(): readonly Pulled[] {
    const size = this.#sizer.next(this.#gatherer.pulled);
    if (this.#retries.length > 0) return this.#retries.splice(0, size);
    const waiting = this.#results.waiting + this.#timers.size;
    return waiting > MAX_WAITING ? [] : this.#gatherer.gather(size);
  }

  #dispatch(chunk: readonly Pulled[]): void {
    const { run, node, place } = this.#visit;
    const [first] = chunk as readonly [Pulled];
    const isRow = chunk.every(
      ({ index, attempt }, offset) => index === first.index + offset && attempt === first.attempt,
    );
    const execution = new Execution({
      exec: node.exec,
      runId: run.id,
      workflow: run.definition.name,
      state: place.state,
      node: node.name,
      visit: place.visit,
      share: run.share,
      timeoutMs: node.timeoutMs,
      common: this.#common,
      items: chunk.map(({ item }) => item),
      index: isRow ? first.index : chunk.map(({ index }) => index),
      attempt: isRow ? first.attempt : chunk.map(({ attempt }) => attempt),
      sink: this,
    });
    this.#submit(execution);
  }

  #submit(execution: Execution): void {
    const { node, engine } = this.#visit;
    this.#open.add(execution);
    const limit = engine.limitOf(node);
    if (limit === undefined) this.#dispatcher.submit(execution);
    else this.#enter(execution, limit);
  }

  #enter(execution: Execution, limit: ConcurrencyLimit): void {
    let isIn = false;
    const withdraw = limit.request(() => {
      isIn = true;
      this.#waiting.delete(execution);
      this.#dispatcher.submit(execution);
    }, this.#visit.run);
    if (!isIn) this.#waiting.set(execution, withdraw);
  }

  #afterFailure(index: number, attempt: number, item: unknown, error: unknown): void {
    const { run, node, place, cells, engine } = this.#visit;
    const rule = { policy: node.retry, retryIf: node.retryIf };
    const decision = decideRetry(rule, error, attempt, attempt - 1, engine.random);
    if (decision.retry) {
      const { delayMs } = decision;
      run.announce(() => ({
        type: 'retry.scheduled',
        ...place,
        phase: 'exec',
        item: index,
        attempt,
        delayMs,
        error: eventError(error),
      }));
      cells.retries += 1;
      cells.backoffMs += delayMs;
      const timer = engine.clock.setTimer(() => {
        this.#timers.delete(timer);
        this.#retries.push({ index, attempt: attempt + 1, item });
        this.#pump();
      }, delayMs);
      this.#timers.set(timer, engine.clock.now() + delayMs);
      return;
    }
    cells.executions += 1;
    cells.failures += 1;
    if (this.#rules.onItemError === 'collect') this.#take({ ok: false, index, error: decision.error });
    else this.#fail(new BatchFailure(decision.error, index, attempt));
  }

  #take(result: Parameters<Results['add']>[0]): void {
    if (this.#failure !== undefined) return;
    const { clock } = this.#visit.engine;
    // Keeping a result is nothing; reducing calls what its user wrote.
    const since = this.#rules.reduce === undefined ? undefined : clock.now();
    try {
      this.#results.add(result);
    } catch (error) {
      this.#fail(new BatchFailure(error, undefined, 1));
    }
    if (since !== undefined) this.#reducingMs += clock.now() - since;
  }

  // Stops everything that is open; the batch ends when it has ended.
  #fail(failure: BatchFailure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#stoppedAt = this.#visit.engine.clock.now();
    this.#gatherer.close();
    for (const timer of this.#timers.keys()) timer.cancel();
    this.#timers.clear();
    // First those that wait, or the places of the others would be passed on to them.
    for (const [execution, withdraw] of this.#waiting) {
      if (withdraw()) this.#open.delete(execution);
    }
    this.#waiting.clear();
    const reason = this.#visit.scope.error ?? failure.error;
    for (const execution of this.#open) {
      // The one whose last item led here is about to end.
      if (execution.settled < execution.items.length) this.#dispatcher.cancel(execution, reason);
    }
    this.#pump();
  }

  #complete(): void {
    if (this.#size !== this.#gatherer.pulled) this.#announceSize(this.#gatherer.pulled);
    this.#settle.resolve(this.#results.finish());
  }

  #waits(): readonly RunWait[] {
    const { run, node, engine } = this.#visit;
    const waits: RunWait[] = [];
    if (this.#gatherer.isPending) waits.push({ kind: 'source', node: node.name });
    if (this.#timers.size > 0) {
      const leftMs = Math.max(0, Math.min(...this.#timers.values()) - engine.clock.now());
      waits.push({ kind: 'back_off', node: node.name, leftMs, items: this.#timers.size });
    }
    const limit = engine.limitOf(node);
    if (limit !== undefined) waits.push(...waitsForLimit(node.name, limit, run));
    return waits;
  }

  #announceSize(items: number): void {
    const { run, place } = this.#visit;
    run.announce(() => ({ type: 'batch.sized', ...place, items, final: true }));
  }
}
