/**
 * What the screen shows of a run, kept up to date by its events.
 *
 * M1 Memory is constant per state, whatever the number of events.
 * M2 An attempt that will be tried again is not settled: the retry that follows takes it back out of the counts.
 */
import type { BranchFinished, EngineEvent, ExecFinished, RunEvent, RunStatus, StateKind } from '../core/events.ts';
import type { RunReport } from '../core/report.ts';
import { Lanes, type EngineLook, type Lane } from './lanes.ts';
import { Quantiles } from './quantiles.ts';
import { RateMeter } from './rate.ts';

/** A state, or a branch of the split in it, as the definition has it. */
export interface StateOutline {
  readonly state: string;
  readonly node: string;
  readonly branch?: string;
}

/** One state on the screen, or one branch of a split. */
export interface StateView extends StateOutline {
  /** A branch that lost is stopped. */
  status: 'pending' | 'active' | 'passed' | 'failed' | 'stopped';
  kind: StateKind | 'branch';
  visits: number;
  /** Executions of the present visit that are over; of a split, branches. */
  settled: number;
  /** Executions of the present visit, as far as its source has told; of a split, its branches. */
  total: number | undefined;
  /** How far the one execution of a node is, by its own account. */
  progress: { readonly done: number; readonly total: number } | undefined;
  /** Over all visits. */
  executions: number;
  retries: number;
  failures: number;
  readonly times: Quantiles;
  enteredAt: number;
  /** When the first execution of the present visit started. */
  firstStartAt: number;
  /** Time in the state over the visits that are over. */
  spentMs: number;
}

export class RunModel {
  readonly workflow: string;
  /** In the order of the outline; to look one up, `find`. */
  readonly states: Map<string, StateView> = new Map();
  runId = '';
  status: RunStatus = 'pending';
  startedAt: number;
  endedAt: number | undefined;
  /** The state that the run is in, once it is in one. */
  current: StateView | undefined;
  /** Where the run ended. */
  endState = '';
  report: RunReport | undefined;
  /** A request of the user's that is not done yet, such as a cancellation. */
  notice: string | undefined;
  queued = 0;
  lanes: readonly Lane[] = [];
  readonly #rate = new RateMeter();
  readonly #lanes = new Lanes();

  constructor(workflow: string, outline: readonly StateOutline[], now: number) {
    this.workflow = workflow;
    this.startedAt = now;
    for (const row of outline) this.#viewOf(row);
  }

  /** Takes an event in. */
  update(event: RunEvent | EngineEvent): void {
    switch (event.type) {
      case 'run.started':
        this.runId = event.runId;
        this.startedAt = event.at;
        this.status = 'running';
        break;
      case 'state.entered':
        this.#enter(this.#viewOf(event), event.kind, event.at);
        if (event.kind === 'split') this.#enterBranches(event.state, event.at);
        break;
      case 'batch.sized':
        this.#viewOf(event).total = event.items;
        break;
      case 'branch.finished':
        this.#branchFinished(event);
        break;
      case 'exec.finished':
        this.#finished(this.#viewOf(event), event);
        break;
      case 'retry.scheduled': {
        const view = this.#viewOf(event);
        view.retries += 1;
        if (event.phase === 'exec') {
          view.settled -= 1;
          view.executions -= 1;
          view.failures -= 1;
        }
        break;
      }
      case 'progress':
        if (event.item === undefined) this.#viewOf(event).progress = event;
        break;
      case 'transition': {
        const view = this.#viewOf(event);
        view.status = event.failed ? 'failed' : 'passed';
        view.spentMs += event.at - view.enteredAt;
        // What failed inside a sub-workflow has no transition of its own.
        if (event.failed) this.#endActive(event.at, `${event.state}/`);
        break;
      }
      case 'run.finished':
        this.#end(event.status, event.state, event.at, event.report);
        break;
      default:
        break;
    }
  }

  /** The view of a state, or of a branch of the split in it. */
  find(state: string, branch: string | undefined): StateView | undefined {
    return this.states.get(keyOf(state, branch));
  }

  /** Takes a look at the engine in. */
  look({ threads, queued }: EngineLook, now: number): void {
    this.queued = queued;
    this.lanes = this.#lanes.update(threads, now);
  }

  /** Executions per second, over the last seconds. */
  rate(now: number): number {
    return this.#rate.perSecond(now);
  }

  /** How long the present batch will go on at its own pace, when that can be known. */
  leftMs(now: number): number | undefined {
    const { current } = this;
    if (current?.kind !== 'batch' || current.status !== 'active' || current.total === undefined || current.settled <= 0)
      return undefined;
    return ((now - current.firstStartAt) / current.settled) * Math.max(0, current.total - current.settled);
  }

  #viewOf({ state, node, branch }: StateOutline): StateView {
    const key = keyOf(state, branch);
    let view = this.states.get(key);
    if (view === undefined) {
      view = {
        state,
        node,
        ...(branch === undefined ? {} : { branch }),
        status: 'pending',
        kind: branch === undefined ? 'node' : 'branch',
        visits: 0,
        settled: 0,
        total: undefined,
        progress: undefined,
        executions: 0,
        retries: 0,
        failures: 0,
        times: new Quantiles(),
        enteredAt: 0,
        firstStartAt: Infinity,
        spentMs: 0,
      };
      this.states.set(key, view);
    }
    return view;
  }

  #enter(view: StateView, kind: StateKind, at: number): void {
    this.#begin(view, kind, at);
    this.current = view;
  }

  #enterBranches(state: string, at: number): void {
    const branches = [...this.states.values()].filter((view) => view.state === state && view.kind === 'branch');
    for (const view of branches) this.#begin(view, 'branch', at);
    if (branches.length > 0) this.#viewOf({ state, node: state }).total = branches.length;
  }

  #begin(view: StateView, kind: StateView['kind'], at: number): void {
    view.status = 'active';
    view.kind = kind;
    view.visits += 1;
    view.settled = 0;
    view.total = undefined;
    view.progress = undefined;
    view.enteredAt = at;
    view.firstStartAt = Infinity;
  }

  #branchFinished(event: BranchFinished): void {
    const view = this.#viewOf(event);
    view.status = BRANCH_ENDS[event.status];
    view.spentMs += event.at - view.enteredAt;
    this.#viewOf({ state: event.state, node: event.state }).settled += 1;
  }

  #finished(view: StateView, event: ExecFinished): void {
    // Cancelled executions are neither done nor failed: nobody waits for them any more.
    if (event.outcome === 'cancelled') return;
    view.settled += 1;
    view.executions += 1;
    view.times.add(event.endedAt - event.startedAt);
    if (event.startedAt < view.firstStartAt) view.firstStartAt = event.startedAt;
    if (event.outcome !== 'ok') view.failures += 1;
    this.#rate.add(event.at);
  }

  #end(status: RunStatus, state: string, at: number, report: RunReport): void {
    this.status = status;
    this.endState = state;
    this.endedAt = at;
    this.report = report;
    this.#endActive(at, '');
  }

  /** Ends what is active in states whose names begin with `prefix`. */
  #endActive(at: number, prefix: string): void {
    for (const view of this.states.values()) {
      if (view.status !== 'active' || !view.state.startsWith(prefix)) continue;
      view.status = view.kind === 'branch' ? 'stopped' : 'failed';
      view.spentMs += at - view.enteredAt;
    }
  }
}

const BRANCH_ENDS = { completed: 'passed', failed: 'failed', cancelled: 'stopped' } as const;

function keyOf(state: string, branch: string | undefined): string {
  return branch === undefined ? state : `${state}\0${branch}`;
}
