/**
 * Keeps the last events of an engine as numbers.
 *
 * E1 Memory is fixed: what is beyond the capacity takes the place of the oldest, and is counted.
 * E2 Recording makes no object and no string, but for a name or a place that is new. All that people read is made from a
 *    snapshot.
 * E3 A snapshot does not change when recording goes on.
 * E4 A record names its run by a place in a ring of run ids. A run takes a new one after each record of another run, so those of
 *    kept records are never more than the cells.
 */
import type {
  BranchFinished,
  EngineEvent,
  ExecFinished,
  JoinDecided,
  RetryScheduled,
  RunEvent,
  RunFinished,
  RunStarted,
  StateEntered,
  Transition,
  Warning,
} from '../../core/events.ts';
import { CELL, packHead, packItem, packRest, packRun } from './cells.ts';
import { Names, Places, type Place } from './names.ts';
import { KIND } from './record.ts';
import { RunIds } from './run-ids.ts';
import { expand, type Recorded } from './recorded.ts';

export class Recorder {
  readonly #cells: number;
  readonly #data: Float64Array;
  readonly #runIds: RunIds;
  readonly #names = new Names();
  readonly #places = new Places();
  readonly #ok: number = this.#names.idOf('ok');
  readonly #node: number = this.#names.idOf('node');
  /** The run of the last record: its id, and the place of that. */
  #runId = '';
  #run = 0;
  /** The visit of it that was entered last, or -1; and where that is. */
  #visit = -1;
  #entry: Place = this.#places.list[0] as Place;
  #next = 0;
  #isFull = false;
  /** Records that were begun. */
  #taken = 0;

  /** @param cells what is kept: most events take one, an execution on a thread two */
  constructor(cells: number) {
    this.#cells = cells;
    this.#data = new Float64Array(cells * CELL);
    this.#runIds = new RunIds(cells);
  }

  /** Takes an event in. */
  record(event: RunEvent | EngineEvent): void {
    switch (event.type) {
      case 'exec.finished':
        this.#executed(event);
        break;
      case 'state.entered':
        this.#entered(event);
        break;
      case 'transition':
        this.#transition(event);
        break;
      case 'retry.scheduled':
        this.#retry(event);
        break;
      case 'run.started':
        // It takes long to find out that two texts differ, and every run has another one.
        this.#turnTo(event.runId);
        this.#ofRun(event, KIND.runStarted, '', undefined);
        break;
      case 'run.finished':
        this.#ofRun(event, KIND.runFinished, event.status, event.error?.name);
        break;
      case 'warning':
        this.#ofRun(event, KIND.warning, event.code, undefined);
        break;
      case 'branch.finished':
        this.#branch(event);
        break;
      case 'join.decided':
        this.#join(event);
        break;
      case 'thread.started':
      case 'thread.exited':
        this.#ofThread(event);
        break;
      default:
        // Progress, counters and logs say nothing of time; what is left without a transition ends with what is around it.
        break;
    }
  }

  snapshot(): Recorded {
    const [cells, next] = [this.#cells, this.#next];
    const data = new Float64Array((this.#isFull ? cells : next) * CELL);
    // The oldest first: it stands where the next one goes.
    if (this.#isFull) data.set(this.#data.subarray(next * CELL));
    data.set(this.#data.subarray(0, next * CELL), this.#isFull ? (cells - next) * CELL : 0);
    return expand(data, this.#taken, this.#runIds, this.#names.list, this.#places.list);
  }

  // The place of the next cell in the memory.
  #claim(): number {
    const cell = this.#next;
    if (cell + 1 === this.#cells) {
      this.#next = 0;
      this.#isFull = true;
    } else {
      this.#next = cell + 1;
    }
    return cell * CELL;
  }

  // The cell of a new record. Numbers with fractions are written by the caller: as arguments V8 would box them.
  #begin(runId: string): number {
    if (runId !== this.#runId) this.#turnTo(runId);
    return this.#again();
  }

  // As `#begin`, of the run of the record before.
  #again(): number {
    this.#taken += 1;
    return this.#claim();
  }

  #turnTo(runId: string): void {
    this.#runId = runId;
    this.#run = this.#runIds.newSlotOf(runId);
    this.#visit = -1;
  }

  // Whether it is of the visit that was entered last, and nothing of another run has come since: most are, and have its place.
  #isPresent(visit: number, runId: string): boolean {
    return visit === this.#visit && runId === this.#runId;
  }

  #entered(event: StateEntered): void {
    const { workflow, state, node, kind, visit } = event;
    const place = this.#places.entered(workflow, state, node);
    const name = kind === 'node' ? this.#node : this.#names.idOf(kind);
    const cell = this.#begin(event.runId);
    this.#visit = visit;
    this.#entry = place;
    const data = this.#data;
    data[cell] = packHead(KIND.entered, place.id, name, 0);
    data[cell + 1] = event.at;
    data[cell + 2] = packRun(this.#run, visit);
  }

  #executed(event: ExecFinished): void {
    const { visit, branch, item = -1, thread = -1, outcome, error, runId } = event;
    const isPresent = branch === undefined && this.#isPresent(visit, runId);
    const { id } = isPresent ? this.#entry : this.#places.of(event.workflow, event.state, event.node, branch ?? '');
    const name = outcome === 'ok' ? this.#ok : this.#names.idOf(outcome);
    const cell = isPresent ? this.#again() : this.#begin(runId);
    const data = this.#data;
    data[cell] = packHead(KIND.executed, id, name, event.attempt);
    // Its time is that of its result, which the second cell has.
    data[cell + 1] = error === undefined ? 0 : this.#names.idOf(error.name);
    data[cell + 2] = packRun(this.#run, visit);
    data[cell + 3] = packItem(item, thread);
    data[cell + 4] = event.startedAt;
    data[cell + 5] = event.endedAt;
    if (thread < 0 && event.queuedAt === event.startedAt) return;
    const rest = this.#claim();
    data[rest] = packRest(event.bytesOut);
    data[rest + 1] = event.queuedAt;
    data[rest + 2] = event.postedAt;
    data[rest + 3] = event.receivedAt;
    data[rest + 4] = event.cloneMs;
    data[rest + 5] = event.bytesIn;
  }

  #transition(event: Transition): void {
    const { visit, outcome, to, runId } = event;
    const isPresent = this.#isPresent(visit, runId);
    const place = isPresent ? this.#entry : this.#places.of(event.workflow, event.state, event.node, '');
    if (place.outcome !== outcome || place.to !== to) this.#leads(place, outcome, to);
    const cell = isPresent ? this.#again() : this.#begin(runId);
    const data = this.#data;
    data[cell] = packHead(KIND.transition, place.id, place.outcomeId, 0);
    data[cell + 1] = event.at;
    data[cell + 2] = packRun(this.#run, visit);
    data[cell + 3] = place.toId * 2 + (event.failed ? 1 : 0);
    data[cell + 4] = event.prepMs;
    data[cell + 5] = event.postMs;
  }

  #leads(place: Place, outcome: string, to: string): void {
    place.outcome = outcome;
    place.outcomeId = this.#names.idOf(outcome);
    place.to = to;
    place.toId = this.#names.idOf(to);
  }

  // What comes seldom need not be as fast.
  #seldom(
    { at, runId }: { readonly at: number; readonly runId: string },
    visit: number,
    head: number,
    third: number,
    fourth: number = 0,
    fifth: number = 0,
  ): void {
    const cell = this.#begin(runId);
    const data = this.#data;
    data[cell] = head;
    data[cell + 1] = at;
    data[cell + 2] = packRun(this.#run, visit);
    data[cell + 3] = third;
    data[cell + 4] = fourth;
    data[cell + 5] = fifth;
  }

  #retry(event: RetryScheduled): void {
    const { workflow, state, node, visit, phase, branch = '', item = -1, attempt, delayMs, error } = event;
    const { id } = this.#places.of(workflow, state, node, branch);
    const head = packHead(KIND.retry, id, this.#names.idOf(phase), attempt);
    this.#seldom(event, visit, head, packItem(item, -1), delayMs, this.#names.idOf(error.name));
  }

  #branch(event: BranchFinished): void {
    const { workflow, state, node, visit, branch, status, error } = event;
    const { id } = this.#places.of(workflow, state, node, branch);
    const head = packHead(KIND.branch, id, this.#names.idOf(status), 0);
    this.#seldom(event, visit, head, this.#names.idOf(error?.name ?? ''));
  }

  #join(event: JoinDecided): void {
    const { workflow, state, node, visit, outcome, completed, failed, cancelled } = event;
    const { id } = this.#places.of(workflow, state, node, '');
    const head = packHead(KIND.join, id, this.#names.idOf(outcome), 0);
    this.#seldom(event, visit, head, completed, failed, cancelled);
  }

  #ofRun(event: RunStarted | RunFinished | Warning, kind: number, outcome: string, error: string | undefined): void {
    const { id } = this.#places.of(event.workflow, '', '', '');
    const head = packHead(kind, id, outcome === '' ? 0 : this.#names.idOf(outcome), 0);
    const cell = this.#begin(event.runId);
    const data = this.#data;
    data[cell] = head;
    data[cell + 1] = event.at;
    data[cell + 2] = packRun(this.#run, 0);
    data[cell + 3] = error === undefined ? 0 : this.#names.idOf(error);
  }

  #ofThread(event: EngineEvent): void {
    const isStart = event.type === 'thread.started';
    const kind = isStart ? KIND.threadStarted : KIND.threadExited;
    const head = packHead(kind, 0, this.#names.idOf(isStart ? '' : event.reason), 0);
    this.#seldom({ at: event.at, runId: '' }, 0, head, event.thread, isStart ? event.readyMs : 0);
  }
}
