// Thread: both
/**
 * Imports the user's modules, TypeScript included, the same way on the main thread (pipeline files) and on threads
 * (thread files).
 *
 * L1 A module is imported by `import()` only, so that it is evaluated once per thread.
 * L2 On a Node that does not strip types, tsx is registered before the first import of a TypeScript URL: a failed import
 *    is cached, and registering afterwards would not help that URL.
 * L3 What Node's own loader cannot load (enums, `.js` specifiers that mean `.ts`, TypeScript under node_modules or, on
 *    Node 20, imported by JavaScript) is tried again through tsx where that is installed. Failures are cached: first under a
 *    new query; then in a namespace, which gives every imported file a new URL as Nodes 20 and 22 need it, but also a second
 *    instance.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { LoadFailedError, messageOf } from '../core/errors.ts';

const TYPESCRIPT = /\.[cm]?tsx?$/;
const UNLOADABLE: ReadonlySet<unknown> = new Set([
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_MODULE_NOT_FOUND',
]);

// When cano itself runs from its sources, whoever loaded this file loads the user's TypeScript too.
let tsxRegistered: boolean = import.meta.url.endsWith('.ts') && !stripsTypes();

/**
 * Imports a module by URL.
 *
 * @param url URL without query
 * @param beforeRetry called before a second evaluation of the same file
 * @throws LoadFailedError when TypeScript cannot be loaded here; whatever the module throws is thrown as it is
 */
export async function loadModule(url: string, beforeRetry: () => void = () => {}): Promise<Record<string, unknown>> {
  if (TYPESCRIPT.test(url) && !stripsTypes() && !tsxRegistered) await registerTsx(url);
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    if (!isUnloadable(error)) throw error;
    if (!canResolveTsx(url)) throw wantsTsx(error) ? withoutTsx(url, messageOf(error), error) : error;
    return await loadThroughTsx(url, error, beforeRetry);
  }
}

async function loadThroughTsx(
  url: string,
  failure: unknown,
  beforeRetry: () => void,
): Promise<Record<string, unknown>> {
  let failed = failure;
  if (!tsxRegistered) {
    await registerTsx(url);
    beforeRetry();
    try {
      return (await import(`${url}?tsx`)) as Record<string, unknown>;
    } catch (error) {
      if (!isUnloadable(error)) throw error;
      failed = error;
    }
  }
  const tsx = await importTsx(resolveTsx(url, 'esm'));
  beforeRetry();
  try {
    return await tsx.register({ namespace: 'cano' }).import(url, import.meta.url);
  } catch (error) {
    // What even tsx does not find is told in terms of the user's own files.
    throw isUnloadable(error) ? failed : error;
  }
}

function isUnloadable(error: unknown): boolean {
  return UNLOADABLE.has((error as { code?: unknown } | null)?.code);
}

// A syntax error or a missing file stays one with tsx.
function wantsTsx(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return /"\.[cm]?tsx?"/.test(String(message));
  return code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING';
}

function withoutTsx(url: string, why: string, cause: unknown): LoadFailedError {
  const newer = stripsTypes() ? '' : 'or use Node 22.18 or later, ';
  return new LoadFailedError(
    `cannot load ${url}: ${why}, and the package 'tsx' is not installed beside that file. ` +
      `Run 'npm install tsx', ${newer}or compile the file to JavaScript`,
    { cause },
  );
}

/** Whether this Node loads TypeScript by itself: 22.18 and later, 23.6 and later. */
function stripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

function canResolveTsx(url: string): boolean {
  try {
    resolveTsx(url, 'esm');
    return true;
  } catch {
    return false;
  }
}

// The package is resolved and its file joined by hand: resolving 'tsx/esm/api' gives a CommonJS build whose own
// relative URLs do not hold when it is imported.
function resolveTsx(url: string, modules: 'esm' | 'cjs'): URL {
  return new URL(`./dist/${modules}/api/index.mjs`, pathToFileURL(createRequire(url).resolve('tsx/package.json')));
}

async function registerTsx(url: string): Promise<void> {
  let esm: URL;
  try {
    esm = resolveTsx(url, 'esm');
  } catch (error) {
    throw withoutTsx(url, `Node ${process.version} does not load TypeScript by itself`, error);
  }
  (await importTsx(esm)).register();
  // In a package that is not of type "module", Node 20 hands what the first hook has read to CommonJS.
  (await importTsx(resolveTsx(url, 'cjs'))).register();
  tsxRegistered = true;
}

interface Tsx {
  register(): unknown;
  register(options: { readonly namespace: string }): {
    import(url: string, parent: string): Promise<Record<string, unknown>>;
  };
}

async function importTsx(api: URL): Promise<Tsx> {
  return (await import(api.href)) as Tsx;
}
