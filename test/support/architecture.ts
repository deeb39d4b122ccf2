/**
 * Reads the imports of source files and checks them against rules that the caller gives as data.
 *
 * Files come in as text, so that a rule can be shown to fail on a file that does not exist. Nothing here knows cano's
 * layers: those are in test/architecture.test.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { parseSync, Visitor, type Comment } from 'oxc-parser';

/** Path from the root of the repository, with forward slashes → content. */
export type Sources = Readonly<Record<string, string>>;

type Target =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'builtin'; readonly name: string }
  | { readonly type: 'package'; readonly name: string };

export interface Import {
  /** `type` when the statement is gone after compilation; `import { type A }` is not, under verbatimModuleSyntax. */
  readonly kind: 'runtime' | 'type';
  readonly target: Target;
  /** `src/core/run.ts:12`, to click on. */
  readonly at: string;
}

export interface Module {
  readonly path: string;
  readonly firstLine: string;
  /** Lines that are neither blank nor comment. */
  readonly codeLines: number;
  readonly imports: readonly Import[];
}

export type Graph = ReadonlyMap<string, Module>;

/** What one folder of src (or one file directly in it) may import, besides itself. */
export interface Layer {
  /** Folders, files directly in src, or single files (`wire/load-module.ts`). */
  readonly runtime: readonly string[];
  /** The same, for `import type` only. */
  readonly types?: readonly string[];
  /** Whether it may import `node:` modules. */
  readonly builtins: boolean;
  readonly thread: Thread;
}

export type Thread = 'main' | 'worker' | 'both';
export type LayerTable = Readonly<Record<string, Layer>>;
export type PackageTable = Readonly<Record<string, { readonly runtime: RegExp; readonly types?: RegExp }>>;

export function readSources(root: string, folders: readonly string[]): Sources {
  const sources: Record<string, string> = {};
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.m?[jt]s$/.test(entry.name)) continue;
      const file = join(entry.parentPath, entry.name);
      const path = file.slice(root.length).replaceAll('\\', '/');
      sources[path] = readFileSync(file, 'utf8');
    }
  }
  return sources;
}

export function graphOf(sources: Sources): Graph {
  return new Map(Object.entries(sources).map(([path, source]) => [path, parseModule(path, source)]));
}

function parseModule(path: string, source: string): Module {
  const { program, comments, errors } = parseSync(path, source);
  if (errors[0] !== undefined) throw new SyntaxError(`${path}: ${errors[0].message}`);

  const imports: Import[] = [];
  const add = (kind: Import['kind'], specifier: string, offset: number): void => {
    const line = source.slice(0, offset).split('\n').length;
    imports.push({ kind, target: resolve(path, specifier), at: `${path}:${line}` });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.importKind === 'type' ? 'type' : 'runtime', node.source.value, node.start),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node.exportKind === 'type' ? 'type' : 'runtime', node.source.value, node.start);
    },
    ExportAllDeclaration: (node) => add(node.exportKind === 'type' ? 'type' : 'runtime', node.source.value, node.start),
    // A computed specifier is the user's module, loaded by URL: no edge.
    ImportExpression: (node) => {
      if (node.source.type === 'Literal' && typeof node.source.value === 'string') {
        add('runtime', node.source.value, node.start);
      }
    },
    TSImportType: (node) => add('type', node.source.value, node.start),
  }).visit(program);

  return { path, firstLine: source.split('\n', 1)[0] ?? '', codeLines: countCodeLines(source, comments), imports };
}

function resolve(from: string, specifier: string): Target {
  if (specifier.startsWith('.')) return { type: 'file', path: posix.join(posix.dirname(from), specifier) };
  if (isBuiltin(specifier)) return { type: 'builtin', name: specifier };
  const parts = specifier.split('/', specifier.startsWith('@') ? 2 : 1);
  return { type: 'package', name: parts.join('/') };
}

function countCodeLines(source: string, comments: readonly Comment[]): number {
  let code = '';
  let end = 0;
  for (const comment of comments) {
    code += source.slice(end, comment.start) + source.slice(comment.start, comment.end).replaceAll(/[^\n]/g, ' ');
    end = comment.end;
  }
  code += source.slice(end);
  return code.split('\n').filter((line) => line.trim() !== '').length;
}

/** `src/core/run.ts` → `core`; `src/node.ts` → `node.ts`. */
function layerOf(path: string): string {
  const [, first = ''] = path.split('/');
  return first;
}

const inSrc = (path: string): boolean => path.startsWith('src/');

function modulesOfSrc(graph: Graph): Module[] {
  return [...graph.values()].filter((module) => inSrc(module.path));
}

/** Imports that the layer table does not allow, and files that have no row in it. */
export function layerViolations(graph: Graph, table: LayerTable): string[] {
  return modulesOfSrc(graph).flatMap((module) => {
    const name = layerOf(module.path);
    const layer = table[name];
    if (layer === undefined) return [`${module.path}: ${name} has no row in the layer table`];

    return module.imports.flatMap(({ kind, target, at }) => {
      if (target.type === 'package') return [];
      if (target.type === 'builtin') return layer.builtins ? [] : [`${at}: ${name} may not import ${target.name}`];
      if (!inSrc(target.path)) return [`${at}: ${target.path} is outside src`];
      const other = layerOf(target.path);
      if (other === name) return [];
      const allowed = kind === 'type' ? [...layer.runtime, ...(layer.types ?? [])] : layer.runtime;
      if (allowed.includes(other) || allowed.includes(target.path.slice('src/'.length))) return [];
      const typesOnly = kind === 'runtime' && layer.types?.includes(other) === true;
      return [`${at}: ${name} may import ${typesOnly ? 'only types from' : 'nothing from'} ${target.path}`];
    });
  });
}

/** Imports of packages by files that are not the ones meant to know them. */
export function packageViolations(graph: Graph, table: PackageTable): string[] {
  return modulesOfSrc(graph).flatMap((module) =>
    module.imports.flatMap(({ kind, target, at }) => {
      if (target.type !== 'package') return [];
      const rule = table[target.name];
      if (rule?.runtime.test(module.path) === true) return [];
      if (kind === 'type' && rule?.types?.test(module.path) === true) return [];
      return [`${at}: ${target.name} may not be imported here`];
    }),
  );
}

/** Relative imports of files that do not exist: the build would emit them, and only a user would notice. */
export function missingFiles(graph: Graph): string[] {
  return [...graph.values()].flatMap((module) =>
    module.imports.flatMap(({ target, at }) =>
      target.type === 'file' && !graph.has(target.path) ? [`${at}: there is no ${target.path}`] : [],
    ),
  );
}

/** Imports of thread-only code by code that is not: it is reached by URL. */
export function importsOfWorker(graph: Graph): string[] {
  const isWorker = (path: string): boolean => path.startsWith('src/worker/');
  return [...graph.values()]
    .filter((module) => !isWorker(module.path))
    .flatMap((module) =>
      module.imports.flatMap(({ target, at }) =>
        target.type === 'file' && isWorker(target.path) ? [`${at}: ${target.path} is reached by URL only`] : [],
      ),
    );
}

/** What nodes/ imports beyond `src/node.ts`, its own files and `node:` modules: the rest is what a user could not have. */
export function nodeFileViolations(graph: Graph): string[] {
  return [...graph.values()]
    .filter((module) => module.path.startsWith('nodes/'))
    .flatMap((module) =>
      module.imports.flatMap(({ target, at }) => {
        if (target.type === 'file' && (target.path === 'src/node.ts' || target.path.startsWith('nodes/'))) return [];
        if (target.type === 'builtin' && !target.name.includes('worker_threads')) return [];
        return [`${at}: a ready-made node may not import ${target.type === 'file' ? target.path : target.name}`];
      }),
    );
}

/** Cycles of runtime imports in src, at least one of each knot. */
export function runtimeCycles(graph: Graph): string[] {
  const cycles: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      cycles.push([...trail.slice(start), path].join(' → '));
      return;
    }
    if (finished.has(path)) return;
    for (const next of runtimeFilesOf(graph, path)) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const path of graph.keys()) if (inSrc(path)) visit(path, []);
  return cycles;
}

function runtimeFilesOf(graph: Graph, path: string): string[] {
  return (graph.get(path)?.imports ?? []).flatMap(({ kind, target }) =>
    kind === 'runtime' && target.type === 'file' ? [target.path] : [],
  );
}

/** Files of the given layers whose first line does not name the thread of the table; elsewhere it may be left out. */
export function threadLineViolations(graph: Graph, table: LayerTable, required: readonly string[]): string[] {
  return modulesOfSrc(graph).flatMap(({ path, firstLine }) => {
    const name = layerOf(path);
    const expected = `// Thread: ${table[name]?.thread ?? 'unknown'}`;
    if (firstLine === expected) return [];
    if (!required.includes(name) && !firstLine.startsWith('// Thread:')) return [];
    return [`${path}:1: the first line must be "${expected}", not "${firstLine}"`];
  });
}

/** Files of src with more lines of code than allowed. */
export function longFiles(graph: Graph, limit: number): string[] {
  return modulesOfSrc(graph)
    .filter((module) => module.codeLines > limit)
    .map((module) => `${module.path}: ${module.codeLines} lines of code, more than ${limit}`);
}

/** Everything that loading one file loads, as sorted paths and names of packages. */
export function loadedFrom(graph: Graph, entry: string): { files: string[]; packages: string[] } {
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const path of files) {
    for (const { kind, target } of graph.get(path)?.imports ?? []) {
      if (kind === 'type') continue;
      if (target.type === 'file') files.add(target.path);
      if (target.type === 'package') packages.add(target.name);
    }
  }
  return { files: [...files].toSorted(), packages: [...packages].toSorted() };
}
