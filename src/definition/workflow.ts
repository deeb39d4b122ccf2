/**
 * Workflows: which node works in which state, and where its outcomes lead.
 *
 * W1 A Workflow never changes; every method that adds something returns a new one.
 * W2 `Open` is the set of states that nobody handles yet: registering takes a state out, starting asks for `never`.
 */
import { describeValue, InvalidWorkflowError } from '../core/errors.ts';
import type { JoinRule } from '../core/join.ts';
import { defineChild, type ChildNode, type ChildSpec } from './child.ts';
import { definitionHash, toMermaid } from './graph.ts';
import type { Node, AnyNode, NoPost } from './node.ts';
import { outlineOf, type OutlineRow } from './outline.ts';
import type { Run, RunOptions, RunResult } from './run.ts';
import {
  defineSplit,
  type Branches,
  type OutcomesOf,
  type ServicesOf,
  type SplitNode,
  type SplitSpec,
  type WithPost,
} from './split.ts';
import { findProblems } from './validate.ts';

/** Where outcomes lead that are not states. */
export type Routes<Outcome extends string, State extends string> = { readonly [O in Outcome]?: State };

type NotTwice<State extends string, Open extends string> = State extends Open
  ? State
  : `Error: state '${State}' is registered twice`;

type Routed<Outcome extends string, State extends string, Mapped> = [Exclude<Outcome, State | keyof Mapped>] extends [
  never,
]
  ? unknown
  : `Error: outcome '${Exclude<Outcome, State | keyof Mapped> & string}' is neither a state nor mapped to one`;

// Without it a misspelt outcome in the routes would pass: type parameters take objects with more properties.
type NoOthers<Outcome extends string, Mapped> = [Exclude<keyof Mapped, Outcome>] extends [never]
  ? unknown
  : `Error: '${Exclude<keyof Mapped, Outcome> & string}' is not an outcome of this node`;

/** Nothing when every state is handled; else the error in place of the value that it is joined to. */
export type Ready<Open extends string> = [Open] extends [never]
  ? unknown
  : `Error: no node is registered for state '${Open}'`;

/** Where a node's failure leads. */
export interface StateOptions<State extends string> {
  /** Taken when the retries are used up; the next node finds the error in `ctx.lastError`. Without it the run fails. */
  readonly onFailure?: State;
}

export interface WorkflowOptions {
  /** Raise it when the definition changes meaning for runs that are under way. @default 1 */
  readonly version?: number;
}

/** What works in a state. */
export type StateNode = AnyNode | SplitNode | ChildNode;

/** One state with its node and its ways out. */
export interface StateDefinition {
  readonly node: StateNode;
  readonly routes: Readonly<Record<string, string>>;
  readonly onFailure: string | undefined;
}

/** A workflow as data. */
export interface WorkflowDefinition {
  readonly name: string;
  readonly version: number;
  readonly start: string;
  readonly states: ReadonlyMap<string, StateDefinition>;
  readonly exits: ReadonlySet<string>;
}

/** What starts runs of workflows that need the services `Needed`: an engine that offers them. */
export interface RunStarter<Needed> {
  // A property, because parameters of methods are compared in both directions: then any engine would do.
  readonly start: <State extends string, Store, Exit extends State>(
    workflow: Workflow<State, Store, never, Exit, Needed>,
    store: Store,
    options?: RunOptions,
  ) => Run<Exit>;
}

/** Nothing when what is offered covers what is needed; else the error. */
export type ServicesCheck<Offered, Needed> = [Offered] extends [Needed]
  ? unknown
  : 'Error: the engine does not offer all services that the nodes of this workflow need';

/** Options of `orchestrate`: a workflow whose nodes need services must be given the engine that has them. */
export type OrchestrateOptions<Needed> = RunOptions &
  (unknown extends Needed
    ? { readonly engine?: RunStarter<Needed> | undefined }
    : { readonly engine: RunStarter<Needed> });

type Start = (workflow: AnyWorkflow, store: unknown, options: RunOptions) => Run;

/** Any workflow, its types erased. */
export type AnyWorkflow = Workflow<string, never, string, string, never>;

let startOnDefaultEngine: Start | undefined;

/** @internal The orchestrator binds its process-wide engine here: a definition may not import what runs it. */
export function bindDefaultEngine(start: Start): void {
  startOnDefaultEngine = start;
}

/**
 * A state machine: its definition only, free of any run.
 *
 * @example
 * const orders = new Workflow<'Load' | 'Check' | 'Done', OrderStore>('orders', 'Load')
 *   .registerNode('Load', load)
 *   .registerNode('Check', check, { ok: 'Done', broken: 'Load' })
 *   .addExitStates('Done');
 */
export class Workflow<
  State extends string,
  Store,
  Open extends State = State,
  Exit extends State = never,
  Services = unknown,
> {
  readonly definition: WorkflowDefinition;
  /** Carries the types; never set. */
  declare readonly types?: (store: Store, services: Services) => { open: Open; exit: Exit; state: State };

  constructor(name: string, start: State, options?: WorkflowOptions);
  /** @internal */
  constructor(definition: WorkflowDefinition);
  constructor(nameOrDefinition: string | WorkflowDefinition, start?: State, options: WorkflowOptions = {}) {
    if (typeof nameOrDefinition === 'object' && nameOrDefinition !== null) {
      this.definition = nameOrDefinition;
      return;
    }
    const version = options.version ?? 1;
    const problems = [
      ...(typeof nameOrDefinition === 'string' && nameOrDefinition !== ''
        ? []
        : [`its name must be a string that is not empty, got ${describeValue(nameOrDefinition)}`]),
      ...(typeof start === 'string' && start !== ''
        ? []
        : [`its start state must be a string that is not empty, got ${describeValue(start)}`]),
      ...(Number.isSafeInteger(version) && version >= 0
        ? []
        : [`its version must be an integer >= 0, got ${describeValue(version)}`]),
    ];
    if (problems.length > 0) throw new InvalidWorkflowError(nameOrDefinition, problems);
    this.definition = { name: nameOrDefinition, version, start: start as State, states: new Map(), exits: new Set() };
  }

  get name(): string {
    return this.definition.name;
  }

  get version(): number {
    return this.definition.version;
  }

  /**
   * Puts a node to work in a state.
   *
   * @param routes leads outcomes that are not states to states
   * @throws InvalidWorkflowError when the state is registered already
   */
  registerNode<
    const K extends State,
    Outcome extends string,
    Needed,
    const Mapped extends Routes<Outcome, State> = Record<never, never>,
  >(
    state: NotTwice<K, Open>,
    node: Node<Store, Outcome, Needed> & Routed<Outcome, State, Mapped>,
    routes?: Mapped & NoOthers<Outcome, Mapped>,
    options: StateOptions<State> = {},
  ): Workflow<State, Store, Exclude<Open, K>, Exit, Services & Needed> {
    if (!['node', 'batch'].includes((node as { kind?: string } | undefined)?.kind ?? '')) {
      const got = describeValue(node);
      throw new InvalidWorkflowError(this.name, [
        `state '${state}' needs a node made by nodeFor or batchNodeFor, got ${got}`,
      ]);
    }
    return this.#add(state, node as unknown as AnyNode, routes, options) as never;
  }

  /**
   * Has branches work side by side in a state, and joins them.
   *
   * @param routes leads outcomes that are not states to states
   * @throws InvalidWorkflowError when the state is registered already
   * @throws InvalidOptionError when an option cannot be used, or the join asks for more branches than there are
   * @example
   * workflow.registerSplit('Enrich', {
   *   branches: { geo, price, risk },
   *   join: join.atLeast(2),
   *   outcomes: 'Process',
   *   post: (store, { geo, price, risk }) => { … return 'Process'; },
   * });
   */
  registerSplit<
    const K extends State,
    Given extends Branches<Store>,
    Rule extends JoinRule,
    const Outcomes extends string | readonly string[],
    const Returned extends OutcomesOf<Outcomes> | NoPost = NoPost,
    const Mapped extends Routes<OutcomesOf<Outcomes> & string, State> = Record<never, never>,
  >(
    state: NotTwice<K, Open>,
    spec: SplitSpec<Store, Given, Rule, Outcomes, Returned> & Routed<OutcomesOf<Outcomes> & string, State, Mapped>,
    routes?: Mapped & NoOthers<OutcomesOf<Outcomes> & string, Mapped>,
    options: StateOptions<State> = {},
  ): WithPost<Outcomes, Returned, Workflow<State, Store, Exclude<Open, K>, Exit, Services & ServicesOf<Given>>> {
    return this.#add(state, defineSplit(state, spec as never), routes, options) as never;
  }

  /**
   * Has a whole workflow do the work of a state, as part of the same run. Its exit states are the outcomes of the state.
   *
   * @throws InvalidWorkflowError when the state is registered already
   * @throws InvalidOptionError when an option cannot be used
   * @example
   * workflow.registerWorkflow('Enrich', enrichment, {
   *   store: (orders) => new MemoryStore<EnrichSchema>({ order: orders.get('order') }),
   *   routes: { Enriched: 'Process', Unknown: 'Reject' },
   *   post: (orders, { store }) => orders.put('customer', store.get('customer')),
   * });
   */
  registerWorkflow<
    const K extends State,
    ChildState extends string,
    ChildStore,
    ChildOpen extends ChildState,
    ChildExit extends ChildState,
    Needed,
    const Mapped extends Routes<ChildExit, State> = Record<never, never>,
  >(
    state: NotTwice<K, Open>,
    child: Workflow<ChildState, ChildStore, ChildOpen, ChildExit, Needed> & Ready<ChildOpen>,
    spec: ChildSpec<Store, NoInfer<ChildStore>, NoInfer<ChildExit>, NoInfer<Needed>> & {
      /** Leads exit states of the sub-workflow that are not states here to states. */
      readonly routes?: Mapped & NoOthers<NoInfer<ChildExit>, Mapped>;
    } & Routed<NoInfer<ChildExit>, State, Mapped>,
    options: StateOptions<State> = {},
  ): Workflow<State, Store, Exclude<Open, K>, Exit, Services & Needed> {
    return this.#add(state, defineChild(state, child, spec as never), spec.routes, options) as never;
  }

  /**
   * States in which a run is complete.
   *
   * @throws InvalidWorkflowError when one of them is registered already
   */
  addExitStates<const K extends State>(
    ...states: NotTwice<K, Open>[]
  ): Workflow<State, Store, Exclude<Open, K>, Exit | K, Services> {
    const exits = new Set(this.definition.exits);
    for (const state of states) {
      this.#refuseTwice(state);
      exits.add(state);
    }
    return new Workflow({ ...this.definition, exits });
  }

  /**
   * Checks the whole definition: a start, exits, targets that exist, outcomes that lead somewhere, states that can be reached.
   *
   * @throws InvalidWorkflowError with everything that is wrong
   */
  validate(): this {
    const problems = findProblems(this.definition);
    if (problems.length > 0) throw new InvalidWorkflowError(this.name, problems);
    return this;
  }

  /** States, branches and the states of sub-workflows, in order of registration. */
  outline(): OutlineRow[] {
    return outlineOf(this.definition);
  }

  /** The graph as a Mermaid state diagram. */
  toMermaid(): string {
    return toMermaid(this.definition);
  }

  /** SHA-256 of states, nodes, outcomes and routes, in hex: equal when the graph is equal; code does not count. */
  get definitionHash(): string {
    return definitionHash(this.definition);
  }

  /**
   * Runs the workflow to an exit state, on `options.engine` or the process-wide engine.
   *
   * @throws RunFailedError, RunCancelledError, RunTimedOutError (as rejections)
   */
  async orchestrate(
    store: Store & Ready<Open>,
    ...[options]: unknown extends Services
      ? [options?: OrchestrateOptions<Services>]
      : [options: OrchestrateOptions<Services>]
  ): Promise<RunResult<Exit>> {
    const { engine, ...rest } = (options ?? {}) as RunOptions & {
      readonly engine?: { readonly start: Start } | undefined;
    };
    const start = engine === undefined ? startOnDefaultEngine : engine.start.bind(engine);
    if (start === undefined)
      throw new InvalidWorkflowError(this.name, ["import it through 'cano', which brings the engine"]);
    return start(this as unknown as AnyWorkflow, store, rest).result as Promise<RunResult<Exit>>;
  }

  #add(state: string, node: StateNode, routes: object | undefined, { onFailure }: StateOptions<string>): AnyWorkflow {
    this.#refuseTwice(state);
    const { definition } = this;
    const entry: StateDefinition = { node, routes: { ...(routes as Record<string, string> | undefined) }, onFailure };
    return new Workflow({ ...definition, states: new Map(definition.states).set(state, entry) });
  }

  #refuseTwice(state: string): void {
    if (this.definition.states.has(state) || this.definition.exits.has(state)) {
      throw new InvalidWorkflowError(this.name, [`state '${state}' is registered twice`]);
    }
  }
}
