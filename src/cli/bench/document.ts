/** A benchmark as a document: what `--json` prints, and what `--baseline` reads. Its version counts up when a field changes. */
import { readFileSync } from 'node:fs';
import { usageError } from '../usage.ts';
import type { Advice } from './advice.ts';
import type { Analysis } from './analysis.ts';
import type { BaselineComparison } from './baseline.ts';
import type { Environment } from './environment.ts';
import type { Sample } from './measure.ts';
import type { OwnLoopResult } from './own-loop.ts';

export const DOCUMENT_VERSION = 1;
export const DOCUMENT_KIND = 'cano.bench';

/** One pipeline, measured. */
export interface Benchmark {
  readonly workflow: string;
  readonly version: number;
  /** Of its states, nodes and routes. */
  readonly definitionHash: string;
  /** As the user wrote it, or `builtin:NAME`. */
  readonly file: string;
  /** All inputs with their values, those of path inputs as well. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of the inputs that are paths. */
  readonly pathInputs: readonly string[];
  /** Iterations of the loop that spins. */
  readonly controlIterations: number;
  /** What the bare loop of its own work went over, or why there was none. */
  readonly ownLoop: OwnLoopResult;
  readonly warmups: readonly Sample[];
  readonly samples: readonly Sample[];
  readonly analysis: Analysis;
  readonly advice: Advice;
  readonly cautions: readonly string[];
  /** With `BenchDocument.baseline`, when there is one. */
  readonly comparison: BaselineComparison | undefined;
}

export interface BenchDocument {
  readonly v: typeof DOCUMENT_VERSION;
  readonly kind: typeof DOCUMENT_KIND;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly environment: Environment;
  readonly settings: { readonly threads: readonly number[]; readonly repeat: number; readonly warmup: number };
  /** What it is compared with; `threshold` is the share by which a median may be slower. */
  readonly baseline: { readonly file: string; readonly createdAt: string; readonly threshold: number } | undefined;
  readonly benchmarks: readonly Benchmark[];
}

/** What a comparison needs of an earlier document. */
export interface Baseline {
  readonly file: string;
  readonly createdAt: string;
  readonly environment: Pick<Environment, 'cano' | 'node' | 'platform' | 'cpu' | 'cores' | 'usableCores'>;
  readonly benchmarks: readonly BaselineBenchmark[];
}

export type BaselineBenchmark = Pick<
  Benchmark,
  'workflow' | 'version' | 'definitionHash' | 'inputs' | 'pathInputs' | 'controlIterations'
> & { readonly samples: readonly Pick<Sample, 'threads' | 'wallMs' | 'executions' | 'control'>[] };

/**
 * Reads an earlier `--json`.
 *
 * @throws CanoError `CANO_USAGE` with the place in the file that is not as it must be
 */
export function readBaseline(file: string): Baseline {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw usageError(
      `--baseline: cannot read '${file}' (${(error as NodeJS.ErrnoException).code})`,
      `make one with cano bench FILE --json > ${file}`,
    );
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw usageError(
      `--baseline: '${file}' is not JSON (${(error as Error).message})`,
      'it must be what cano bench FILE --json has printed',
    );
  }
  const look = (value: unknown, path: string, is: (value: never) => boolean, what: string): void => {
    if (!is(value as never)) throw usageError(`--baseline: ${path || 'the content'} of '${file}' is not ${what}`);
  };
  look(document, '', isObject, 'an object');
  const { kind, v } = document as { readonly kind?: unknown; readonly v?: unknown };
  if (kind !== DOCUMENT_KIND) {
    throw usageError(`--baseline: '${file}' is no benchmark`, 'it must be what cano bench FILE --json has printed');
  }
  if (v !== DOCUMENT_VERSION) {
    throw usageError(
      `--baseline: '${file}' has version ${String(v)} of the format, and this is cano's version ${DOCUMENT_VERSION}`,
      'measure the baseline again',
    );
  }
  checkParts(document as Record<string, unknown>, look);
  return { ...(document as Omit<Baseline, 'file'>), file };
}

type Look = (value: unknown, path: string, is: (value: never) => boolean, what: string) => void;

function checkParts(document: Record<string, unknown>, look: Look): void {
  const { createdAt, environment, benchmarks } = document;
  look(createdAt, 'createdAt', isText, 'a text');
  look(environment, 'environment', isObject, 'an object');
  const surroundings = environment as Record<string, unknown>;
  for (const name of ['cano', 'node', 'platform', 'cpu']) {
    look(surroundings[name], `environment.${name}`, isText, 'a text');
  }
  for (const name of ['cores', 'usableCores']) {
    look(surroundings[name], `environment.${name}`, isAmount, 'a number above 0');
  }
  look(benchmarks, 'benchmarks', isFilledList, 'a list of at least one');
  for (const [index, benchmark] of (benchmarks as unknown[]).entries()) {
    const path = `benchmarks[${index}]`;
    look(benchmark, path, isObject, 'an object');
    const parts = benchmark as Record<string, unknown>;
    for (const name of ['workflow', 'definitionHash']) look(parts[name], `${path}.${name}`, isText, 'a text');
    look(parts['inputs'], `${path}.inputs`, isObject, 'an object');
    look(parts['pathInputs'], `${path}.pathInputs`, Array.isArray, 'a list');
    look(parts['controlIterations'], `${path}.controlIterations`, isAmount, 'a number above 0');
    look(parts['samples'], `${path}.samples`, isFilledList, 'a list of at least one');
    for (const [at, sample] of (parts['samples'] as unknown[]).entries()) {
      const where = `${path}.samples[${at}]`;
      look(sample, where, isObject, 'an object');
      const { threads, wallMs, executions, control } = sample as Record<string, unknown>;
      look(threads, `${where}.threads`, isAmount, 'a number above 0');
      look(wallMs, `${where}.wallMs`, isAmount, 'a number above 0');
      look(executions, `${where}.executions`, (count: unknown) => isAmount(count) || count === 0, 'a number');
      look(control, `${where}.control`, isObject, 'an object');
      for (const name of ['oneMs', 'allMs']) {
        look((control as Record<string, unknown>)[name], `${where}.control.${name}`, isAmount, 'a number above 0');
      }
    }
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function isFilledList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
