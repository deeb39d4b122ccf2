/**
 * What the screen shows of a run, kept up to date by its events.
 *
 * M1 Memory is constant per state, whatever the number of events.
 * M2 An attempt that will be tried again is not settled: the retry that follows takes it back out of the counts.
 */
import type { EngineEvent, ExecFinished, RunEvent, RunStatus } from '../core/events.ts';
import type { RunReport } from '../core/report.ts';
import { Lanes, type EngineLook, type Lane } from './lanes.ts';
import { Quantiles } from './quantiles.ts';
import { RateMeter } from './rate.ts';

/** A state as the definition has it. */
export interface StateOutline {
  readonly state: string;
  readonly node: string;
}

/** One state on the screen. */
export interface StateView extends StateOutline {
  status: 'pending' | 'active' | 'passed' | 'failed';
  kind: 'node' | 'batch';
  visits: number;
  /** Executions of the present visit that are over. */
  settled: number;
  /** Executions of the present visit, as far as its source has told. */
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
    for (const { state, node } of outline) this.#stateOf(state, node);
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
        this.#enter(this.#stateOf(event.state, event.node), event.kind, event.at);
        break;
      case 'batch.sized':
        this.#stateOf(event.state, event.node).total = event.items;
        break;
      case 'exec.finished':
        this.#finished(this.#stateOf(event.state, event.node), event);
        break;
      case 'retry.scheduled': {
        const view = this.#stateOf(event.state, event.node);
        view.retries += 1;
        if (event.phase === 'exec') {
          view.settled -= 1;
          view.executions -= 1;
          view.failures -= 1;
        }
        break;
      }
      case 'progress':
        if (event.item === undefined) this.#stateOf(event.state, event.node).progress = event;
        break;
      case 'transition': {
        const view = this.#stateOf(event.state, event.node);
        view.status = event.failed ? 'failed' : 'passed';
        view.spentMs += event.at - view.enteredAt;
        break;
      }
      case 'run.finished':
        this.#end(event.status, event.state, event.at, event.report);
        break;
      default:
        break;
    }
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

  #stateOf(state: string, node: string): StateView {
    let view = this.states.get(state);
    if (view === undefined) {
      view = {
        state,
        node,
        status: 'pending',
        kind: 'node',
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
      this.states.set(state, view);
    }
    return view;
  }

  #enter(view: StateView, kind: StateView['kind'], at: number): void {
    view.status = 'active';
    view.kind = kind;
    view.visits += 1;
    view.settled = 0;
    view.total = undefined;
    view.progress = undefined;
    view.enteredAt = at;
    view.firstStartAt = Infinity;
    this.current = view;
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
    const { current } = this;
    if (current?.status !== 'active') return;
    current.status = 'failed';
    current.spentMs += at - current.enteredAt;
  }
}
