/** Gets a pipeline out of the user's file. */
import { statSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CanoError, type definePipeline } from '../index.ts';
import { loadModule } from '../wire/load-module.ts';
import { builtinPipeline } from './bench/builtin.ts';
import { refuseForeign } from './project-copy.ts';
import { usageError } from './usage.ts';

/** Any pipeline, the types of its inputs erased. */
export type Pipeline = ReturnType<typeof definePipeline>;
export type PipelineFlag = Pipeline['flags'][number];

/** Before the name of one of cano's own kernels, in the place of a file. */
export const BUILTIN = 'builtin:';
const EXAMPLE = 'export default definePipeline({ workflow, inputs, store })';

/**
 * Imports a file and returns the pipeline that it exports.
 *
 * @throws CanoError `CANO_USAGE` when there is none, or the file cannot be loaded (`cause`)
 */
export async function loadPipeline(file: string): Promise<Pipeline> {
  if (file.startsWith(BUILTIN)) {
    return builtinPipeline(file.slice(BUILTIN.length));
  }
  return loadDefault(file, { what: 'a pipeline', example: EXAMPLE, hint: 'the pipeline', is: isPipeline });
}

/** What a file of the user's is to default-export. */
export interface Wanted<T> {
  readonly what: string;
  readonly hint: string;
  readonly example: string;
  readonly is: (value: unknown) => value is T;
}

/**
 * Imports a file and returns what it default-exports.
 *
 * @throws CanoError `CANO_USAGE` when that is something else, or the file cannot be loaded (`cause`)
 * @throws ProjectCopy when another copy of cano has to load it
 */
export async function loadDefault<T>(file: string, { what, hint, example, is }: Wanted<T>): Promise<T> {
  const path = resolve(file);
  const stats = look(path);
  if (stats === undefined) throw usageError(`there is no file '${file}' (looked for ${path})`);
  if (stats.isDirectory()) throw usageError(`'${file}' is a folder`, `name the file in it that exports ${hint}`);
  refuseForeign(path);
  let module: Record<string, unknown>;
  try {
    module = await loadModule(pathToFileURL(path).href);
  } catch (error) {
    throw new CanoError('CANO_USAGE', `cannot load '${file}': ${whatHappened(error)}`, { cause: error });
  }
  const { default: exported } = module;
  if (is(exported)) return exported;
  // A file compiled to CommonJS has its exports one level down.
  const inner = (exported as { default?: unknown } | undefined)?.default;
  if (is(inner)) return inner;
  throw usageError(`'${file}' does not default-export ${what} (${whatIsThere(module)})`, `end it with ${example}`);
}

// Another copy of the package may have made it, so it is known by its shape.
function isPipeline(value: unknown): value is Pipeline {
  return (
    typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'pipeline' && 'flags' in value
  );
}

function whatIsThere(module: Record<string, unknown>): string {
  const names = Object.keys(module);
  if (names.length === 0) return 'it exports nothing';
  const { default: exported } = module;
  if (exported === undefined) return `it exports ${names.join(', ')} and no default`;
  const made =
    typeof exported === 'object' && exported !== null ? (exported.constructor?.name ?? 'an object') : typeof exported;
  return `its default export is ${made === 'Workflow' ? 'a Workflow: wrap it' : made === 'Object' ? 'an object of another kind' : `a ${made}`}`;
}

function whatHappened(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof CanoError || error.name === 'Error' ? error.message : `${error.name}: ${error.message}`;
}

// What may not be looked at is, for the user, not there.
function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
