/** Pipelines: a workflow with its inputs and its store, ready for the command line. */
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import { checkPaths } from './input-paths.ts';
import {
  checkDeclarations,
  fillInputs,
  flagsOf,
  parseInputs,
  type InputDeclarations,
  type InputFlag,
  type InputValues,
} from './inputs.ts';
import type { MaybePromise } from './node.ts';
import type { RunResult } from './run.ts';
import type { Ready, ServicesCheck, Workflow } from './workflow.ts';

/** What a pipeline file default-exports; made by `definePipeline`. */
export interface Pipeline<Made = unknown, Declared extends InputDeclarations = InputDeclarations, Store = unknown> {
  readonly kind: 'pipeline';
  readonly workflow: Made;
  readonly inputs: Declared;
  readonly description: string | undefined;
  /** What the command line may set. */
  readonly flags: readonly InputFlag[];
  /**
   * The values of the inputs from what the user wrote: by flag without dashes, its text, or true for a flag without a value.
   *
   * @throws CanoError `CANO_USAGE`
   */
  parse(given: ReadonlyMap<string, string | true>): InputValues<Declared>;
  /**
   * The values of the inputs from those given by name, as a program or a JSON request gives them.
   *
   * @throws CanoError `CANO_USAGE`
   */
  withDefaults(given?: Partial<InputValues<Declared>>): InputValues<Declared>;
  /**
   * Checks that what path inputs point at is there, as far as they say what that must be.
   *
   * @param called what messages call an input @default its flag
   * @throws CanoError `CANO_USAGE`
   */
  checkPaths(inputs: Readonly<Record<string, unknown>>, called?: (flag: InputFlag) => string): void;
  // Method notation, so that a pipeline with inputs of its own is still a `Pipeline`.
  store(inputs: InputValues<Declared>): MaybePromise<Store>;
  services(inputs: InputValues<Declared>): unknown;
  /** Whether it makes services of its own, which each of its runs needs an engine of its own for. */
  readonly hasServices: boolean;
  /** @throws InvalidOptionError when it is not made of strings */
  summary(store: unknown, result: RunResult, inputs: InputValues<Declared>): Promise<readonly string[]>;
}

export interface PipelineSpec<Store, Exit extends string, Services, Declared> {
  /** One line for `--help`. */
  readonly description?: string;
  /** What can be set from outside; each becomes a flag. @default none */
  readonly inputs?: Declared;
  /** Makes the store of a run. What it throws as `InvalidOptionError` counts as bad usage. */
  readonly store: (inputs: InputValues<Declared>) => MaybePromise<NoInfer<Store>>;
  /** Makes the main-thread objects that the nodes ask for. */
  readonly services?: (inputs: InputValues<Declared>) => MaybePromise<Services>;
  /** Lines to print after a completed run: what came out, and where it is. */
  readonly summary?: (
    store: NoInfer<Store>,
    result: RunResult<Exit>,
    inputs: InputValues<Declared>,
  ) => MaybePromise<string | readonly string[]>;
}

/**
 * Makes a workflow runnable by `cano run`: inputs are declared once and become flags, `--help`, checks and types.
 *
 * @example
 * export default definePipeline({
 *   workflow: corpus,
 *   inputs: { limit: { type: 'integer', default: 2000, min: 1, description: 'read at most so many files' } },
 *   store: ({ limit }) => new MemoryStore<CorpusSchema>({ limit }),
 *   summary: (store) => `report: ${store.get('reportPath')}`,
 * });
 * @throws InvalidOptionError when an input or another option cannot be used
 */
export function definePipeline<
  State extends string,
  Store,
  Open extends State,
  Exit extends State,
  Needed,
  Services = unknown,
  const Declared extends InputDeclarations = Record<never, never>,
>(
  spec: PipelineSpec<Store, Exit, Services, Declared> & {
    readonly workflow: Workflow<State, Store, Open, Exit, Needed> & Ready<Open> & ServicesCheck<Services, Needed>;
  },
): Pipeline<Workflow<State, Store, Open, Exit, Needed>, Declared, Store> {
  const { workflow, inputs = {} as Declared, description, store, services, summary } = spec;
  if (typeof (workflow as { definition?: unknown } | undefined)?.definition !== 'object') {
    throw new InvalidOptionError(`definePipeline: workflow must be a Workflow, got ${describeValue(workflow)}`);
  }
  const at = `pipeline '${workflow.name}'`;
  for (const [option, value] of Object.entries({ store, services, summary })) {
    if (typeof value !== 'function' && (value !== undefined || option === 'store')) {
      throw new InvalidOptionError(`${at}: ${option} must be a function of the inputs, got ${describeValue(value)}`);
    }
  }
  if (description !== undefined && typeof description !== 'string') {
    throw new InvalidOptionError(`${at}: description must be a string, got ${describeValue(description)}`);
  }
  checkDeclarations(at, inputs);
  const flags = flagsOf(inputs);
  return Object.freeze({
    kind: 'pipeline' as const,
    workflow,
    inputs,
    description,
    flags,
    parse: (given: ReadonlyMap<string, string | true>) => parseInputs(inputs, given),
    withDefaults: (given: Partial<InputValues<Declared>> = {}) =>
      fillInputs(inputs, given as Readonly<Record<string, unknown>>),
    checkPaths: (values: Readonly<Record<string, unknown>>, called = ({ flag }: InputFlag) => `--${flag}`) =>
      checkPaths(flags, values, called),
    store,
    services: services ?? (() => undefined),
    hasServices: services !== undefined,
    summary: async (filled: unknown, result: RunResult, values: InputValues<Declared>) =>
      linesOf(at, await summary?.(filled as Store, result as RunResult<Exit>, values)),
  });
}

// JavaScript callers return anything.
function linesOf(at: string, summary: unknown): readonly string[] {
  if (summary === undefined) return [];
  if (typeof summary === 'string') return [summary];
  if (Array.isArray(summary) && summary.every((line) => typeof line === 'string')) return summary;
  throw new InvalidOptionError(`${at}: summary must return a string or strings, got ${describeValue(summary)}`);
}
