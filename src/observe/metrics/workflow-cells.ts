/** The cells of one workflow and of its nodes. */
import {
  FAILURE_REASONS,
  LOG_LEVELS,
  OUTCOMES,
  PHASES,
  RUN_STATUSES,
  VISIT_STATUSES,
  WARNING_CODES,
} from './catalogue.ts';
import type { OpenLabel, PhaseName } from './catalogue.ts';
import type { Cell, HistogramCell } from './cells.ts';
import type { Families } from './families.ts';
import { Pauses, type IntegralCell } from './integral.ts';

type RunEnd = (typeof RUN_STATUSES)[number];

export class WorkflowCells {
  /** Its nodes have been made known. Of all that are counted as `OTHER`, those of the first are. */
  isDeclared = false;
  /** Runs that wait for room; counted anew at each scrape. */
  readonly pending: Cell;
  readonly #families: Families;
  readonly #name: string;
  readonly #nodes: Named<NodeCells>;
  /** Nodes in which runs may wait: runs end often, and retries are few. */
  readonly #inBackOff = new Set<NodeCells>();
  readonly #started: Cell;
  readonly #active: Cell;
  readonly #activeSeconds: IntegralCell;
  readonly #ended: Readonly<Record<RunEnd, Cell>>;
  readonly #durations: Readonly<Record<RunEnd, HistogramCell>>;
  #lastSuccess: Cell | undefined;
  /** The time up to which what active runs have taken is counted. */
  #until = 0;

  /** @param name as it was admitted */
  constructor(families: Families, name: string) {
    this.#families = families;
    this.#name = name;
    this.#nodes = new Named(families, 'node', (node) => new NodeCells(families, name, node));
    this.#started = families.of('cano_workflow_runs_started_total').child(name);
    this.#active = families.of('cano_workflow_runs_active').child(name);
    this.pending = families.of('cano_workflow_runs_pending').child(name);
    this.#activeSeconds = families.of('cano_workflow_run_active_seconds_total').child(name);
    const ended = families.of('cano_workflow_runs_total');
    this.#ended = eachOf(RUN_STATUSES, (status) => ended.child(name, status));
    const durations = families.of('cano_workflow_run_duration_seconds');
    this.#durations = eachOf(RUN_STATUSES, (status) => durations.child(name, status));
    for (const level of LOG_LEVELS) this.logLines(level);
    for (const code of WARNING_CODES) this.warnings(code);
  }

  node(name: string): NodeCells {
    return this.#nodes.of(name);
  }

  /** Somebody waits in that node; times in milliseconds. */
  backOff(node: NodeCells, at: number, delayMs: number, runId: string, branch: string | undefined): void {
    node.backOff(at, delayMs, runId, branch);
    this.#inBackOff.add(node);
  }

  /** @param at may lie before what was counted last: of a run that had begun before anybody listened */
  begin(at: number): void {
    this.#started.value += 1;
    this.#passTo(at);
    // It may have begun before what was counted last.
    this.#activeSeconds.settled += (this.#until - at) / 1_000;
    this.#active.value += 1;
  }

  end(runId: string, status: RunEnd, at: number, wallMs: number): void {
    for (const node of this.#inBackOff) {
      if (!node.cutBackOffs(at, runId)) this.#inBackOff.delete(node);
    }
    this.#ended[status].value += 1;
    this.#durations[status].observe(wallMs / 1_000);
    this.#passTo(at);
    this.#active.value -= 1;
  }

  // All that are active take the time that passes: no run needs to be looked at.
  #passTo(at: number): void {
    if (at <= this.#until) return;
    this.#activeSeconds.settled += (this.#active.value * (at - this.#until)) / 1_000;
    this.#until = at;
  }

  /** Brings up to date what changes by itself; times in milliseconds. */
  refresh(now: number): void {
    this.#passTo(now);
    this.pending.value = 0;
    for (const node of this.#nodes.all()) node.refresh(now);
  }

  /** Absent until a run has completed: before that there is no such time. */
  lastSuccess(): Cell {
    return (this.#lastSuccess ??= this.#families.of('cano_workflow_last_success_timestamp_seconds').child(this.#name));
  }

  logLines(level: string): Cell {
    return this.#families.of('cano_log_lines_total').child(this.#name, level);
  }

  warnings(code: string): Cell {
    return this.#families.of('cano_warnings_total').child(this.#name, code);
  }
}

export class NodeCells {
  readonly visits: Readonly<Record<(typeof VISIT_STATUSES)[number], Cell>>;
  readonly attempts: Readonly<Record<(typeof OUTCOMES)[number], Cell>>;
  readonly failures: Readonly<Record<(typeof FAILURE_REASONS)[number], Cell>>;
  readonly phases: Readonly<Record<PhaseName, IntegralCell>>;
  readonly retries: Cell;
  readonly exec: HistogramCell;
  readonly #backoffs = new Pauses();
  readonly #transitions: Named<Cell>;
  readonly #counters: Named<Cell>;

  /** Both names as they were admitted. */
  constructor(families: Families, workflow: string, node: string) {
    const visits = families.of('cano_node_visits_total');
    this.visits = eachOf(VISIT_STATUSES, (status) => visits.child(workflow, node, status));
    const attempts = families.of('cano_node_attempts_total');
    this.attempts = eachOf(OUTCOMES, (outcome) => attempts.child(workflow, node, outcome));
    const failures = families.of('cano_node_failures_total');
    this.failures = eachOf(FAILURE_REASONS, (reason) => failures.child(workflow, node, reason));
    const phases = families.of('cano_node_phase_seconds_total');
    this.phases = eachOf(PHASES, (phase) => phases.child(workflow, node, phase));
    this.retries = families.of('cano_node_retries_total').child(workflow, node);
    this.exec = families.of('cano_node_exec_duration_seconds').child(workflow, node);
    const transitions = families.of('cano_node_transitions_total');
    this.#transitions = new Named(families, 'outcome', (outcome) => transitions.child(workflow, node, outcome));
    const counters = families.of('cano_node_counts_total');
    this.#counters = new Named(families, 'counter', (counter) => counters.child(workflow, node, counter));
  }

  transition(outcome: string): Cell {
    return this.#transitions.of(outcome);
  }

  counter(name: string): Cell {
    return this.#counters.of(name);
  }

  /** @param at in milliseconds */
  backOff(at: number, delayMs: number, runId: string, branch: string | undefined): void {
    this.#backoffs.add(at, delayMs, runId, branch);
  }

  /** The run, or that branch of it, is over; false when nobody waits here any more. */
  cutBackOffs(at: number, runId: string, branch?: string): boolean {
    return this.#backoffs.cut(at, runId, branch);
  }

  refresh(now: number): void {
    this.phases.backoff.settled = this.#backoffs.sumMs(now) / 1_000;
    // Set again by those that know of something.
    this.phases.queue.open = 0;
    this.phases.exec.open = 0;
  }
}

/** Things by a name that a program chooses. What is counted as `OTHER` is not kept by its name: there may be any number. */
export class Named<T> {
  readonly #families: Families;
  readonly #label: OpenLabel;
  readonly #make: (admitted: string) => T;
  readonly #made = new Map<string, Entry<T>>();
  // Events of one name come in rows, and after one name most often the same other one. Their texts are the same objects.
  #last: Entry<T> | undefined;

  constructor(families: Families, label: OpenLabel, make: (admitted: string) => T) {
    this.#families = families;
    this.#label = label;
    this.#make = make;
  }

  of(name: string): T {
    const last = this.#last;
    if (last === undefined) return this.#find(name);
    if (last.name === name) return last.value;
    const { follower } = last;
    if (follower === undefined || follower.name !== name) return this.#find(name);
    this.#last = follower;
    return follower.value;
  }

  /** Whether it is told apart from the others. */
  has(name: string): boolean {
    return this.#made.has(name);
  }

  *all(): Iterable<T> {
    for (const { value } of this.#made.values()) yield value;
  }

  #find(name: string): T {
    const entry = this.#made.get(name) ?? this.#add(this.#families.admit(this.#label, name));
    // That of what is counted together with others has another name, and is looked up each time.
    if (this.#last !== undefined) this.#last.follower = entry;
    this.#last = entry;
    return entry.value;
  }

  #add(admitted: string): Entry<T> {
    const made = this.#made.get(admitted) ?? { name: admitted, value: this.#make(admitted), follower: undefined };
    this.#made.set(admitted, made);
    return made;
  }
}

interface Entry<T> {
  readonly name: string;
  readonly value: T;
  follower: Entry<T> | undefined;
}

/** An object with these keys. */
export function eachOf<K extends string, V>(keys: readonly K[], make: (key: K) => V): Readonly<Record<K, V>> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>;
}
