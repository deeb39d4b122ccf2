/**
 * A run over time, gathered from its events: what each thread executed, what the main thread did, which state it was in, and
 * the way of its critical path over these lanes.
 *
 * L1 Memory is bounded, whatever the number of events (K1).
 * L2 Times are milliseconds from the start of the run.
 */
import type { EngineEvent, ExecFinished, RunEvent, StateEntered, Transition } from '../../core/events.ts';
import { Blocks } from './blocks.ts';
import { Profile } from './profile.ts';

/** What a block shows: a state, or a branch of the split in it. */
export interface Shown {
  readonly state: string;
  readonly node: string;
  readonly branch?: string;
}

/** On the lane of the critical path, the key of a block is a lane: the main thread, or 1 + the number of a thread. */
export const MAIN_LANE = 0;

/** A visit under way; with those of sub-workflows, several. */
interface OpenVisit {
  readonly key: number;
  readonly kind: StateEntered['kind'];
  readonly visit: number;
  readonly enteredAt: number;
  /** From when on the run has been in this state itself, not in one inside. */
  since: number;
  /** Lane of the execution that ended last, by branch; of others under ''. */
  readonly lanes: Map<string, number>;
  /** Of a split: the branch that ended last by itself. */
  lastBranch: string | undefined;
}

export class Timeline {
  readonly shown: Shown[] = [];
  readonly threads: Blocks[] = [];
  readonly main: Blocks = new Blocks();
  readonly states: Blocks = new Blocks();
  readonly backoffs: Blocks = new Blocks();
  readonly path: Blocks = new Blocks();
  readonly profile: Profile = new Profile();
  endMs = 0;
  readonly #keys = new Map<string, number>();
  readonly #open: OpenVisit[] = [];
  #startedAt = 0;
  #lastKey = -1;
  #lastState: string | undefined;
  #lastBranch: string | undefined;

  update(event: RunEvent | EngineEvent): void {
    switch (event.type) {
      case 'run.started':
        this.#startedAt = event.at;
        break;
      case 'state.entered':
        this.#enter(event);
        break;
      case 'exec.finished':
        this.#executed(event);
        break;
      case 'branch.finished': {
        const visit = this.#find(event.visit);
        if (visit !== undefined && event.status !== 'cancelled') visit.lastBranch = event.branch;
        break;
      }
      case 'join.decided': {
        const visit = this.#find(event.visit);
        if (visit !== undefined && event.deadlinePassed) visit.lastBranch = undefined;
        break;
      }
      case 'retry.scheduled':
        if (event.item === undefined) {
          const from = event.at - this.#startedAt;
          this.backoffs.add(from, from + event.delayMs, this.#keyOf(event));
        }
        break;
      case 'transition':
        this.#leave(event);
        break;
      case 'run.finished':
        this.endMs = event.at - this.#startedAt;
        this.#end();
        break;
      default:
        break;
    }
  }

  // Of a batch, the same state comes a hundred thousand times in a row.
  #keyOf(of: Shown): number {
    if (of.state !== this.#lastState || of.branch !== this.#lastBranch) {
      this.#lastKey = this.#findKey(of);
      this.#lastState = of.state;
      this.#lastBranch = of.branch;
    }
    return this.#lastKey;
  }

  #findKey({ state, node, branch }: Shown): number {
    const name = branch === undefined ? state : `${state}\0${branch}`;
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = this.shown.length;
      this.#keys.set(name, key);
      this.shown.push({ state, node, ...(branch === undefined ? {} : { branch }) });
    }
    return key;
  }

  #find(visit: number): OpenVisit | undefined {
    return this.#open.findLast((open) => open.visit === visit);
  }

  #enter(event: StateEntered): void {
    const at = event.at - this.#startedAt;
    const holder = this.#open.at(-1);
    if (holder !== undefined) this.states.add(holder.since, at, holder.key);
    const { kind, visit } = event;
    this.#open.push({
      key: this.#keyOf(event),
      kind,
      visit,
      enteredAt: at,
      since: at,
      lanes: new Map(),
      lastBranch: undefined,
    });
  }

  #executed(event: ExecFinished): void {
    const from = event.startedAt - this.#startedAt;
    const to = event.endedAt - this.#startedAt;
    const key = this.#keyOf(event);
    const failed = event.outcome === 'ok' || event.outcome === 'cancelled' ? 0 : 1;
    const { thread } = event;
    if (thread === undefined) {
      this.main.add(from, to, key, failed);
    } else {
      while (this.threads.length <= thread) this.threads.push(new Blocks());
      this.threads[thread]?.add(from, to, key, failed);
      this.profile.add(from, to);
    }
    this.#find(event.visit)?.lanes.set(event.branch ?? '', thread === undefined ? MAIN_LANE : thread + 1);
  }

  #leave(event: Transition): void {
    const at = event.at - this.#startedAt;
    // A visit inside that failed has no transition of its own.
    while (this.#open.length > 0 && this.#open.at(-1)?.visit !== event.visit) this.#close(at);
    const visit = this.#open.at(-1);
    if (visit === undefined) return;
    const prepEnd = Math.min(at, visit.enteredAt + event.prepMs);
    const postStart = Math.max(prepEnd, at - event.postMs);
    this.main.add(visit.enteredAt, prepEnd, visit.key);
    this.main.add(postStart, at, visit.key);
    this.path.add(visit.enteredAt, prepEnd, MAIN_LANE);
    const lane = visit.lanes.get(visit.lastBranch ?? '');
    if (lane !== undefined) this.path.add(prepEnd, postStart, lane);
    this.path.add(postStart, at, MAIN_LANE);
    this.#close(at);
  }

  // What is still open had no transition: the run failed or was stopped in it.
  #end(): void {
    for (let visit = this.#open.at(-1); visit !== undefined; visit = this.#open.at(-1)) {
      this.path.add(visit.since, this.endMs, visit.lanes.get(visit.lastBranch ?? '') ?? MAIN_LANE);
      this.#close(this.endMs);
    }
  }

  #close(at: number): void {
    const visit = this.#open.pop();
    if (visit === undefined) return;
    this.states.add(visit.since, at, visit.key);
    const holder = this.#open.at(-1);
    if (holder !== undefined) holder.since = at;
  }
}
