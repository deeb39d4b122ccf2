// Thread: both
/**
 * Imports the user's modules, TypeScript included, the same way on the main thread (pipeline files) and on threads
 * (thread files).
 *
 * L1 A module is imported by `import()` only, so that it is evaluated once per thread.
 * L2 On a Node that does not strip types, tsx is registered before the first import of a TypeScript URL: a failed import
 *    is cached, and registering afterwards would not help that URL.
 * L3 On a Node that strips types, its own loader goes first; what it cannot load (enums, `.js` specifiers that mean
 *    `.ts`, files under node_modules) is tried once more through tsx, under a new query because failures are cached.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { LoadFailedError, messageOf } from '../core/errors.ts';

const TYPESCRIPT = /\.[cm]?tsx?$/;
const STRIPPING_FAILED: ReadonlySet<unknown> = new Set([
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
  if (!TYPESCRIPT.test(url)) return (await import(url)) as Record<string, unknown>;
  if (!stripsTypes() && !tsxRegistered) await registerTsx(url);
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    if (tsxRegistered || !STRIPPING_FAILED.has((error as { code?: unknown } | null)?.code) || !canResolveTsx(url)) throw error;
    await registerTsx(url);
    beforeRetry();
    return (await import(`${url}?tsx`)) as Record<string, unknown>;
  }
}

/** Whether this Node loads TypeScript by itself: 22.18 and later, 23.6 and later. */
function stripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

function canResolveTsx(url: string): boolean {
  try {
    resolveTsx(url);
    return true;
  } catch {
    return false;
  }
}

// The package is resolved and its file joined by hand: resolving 'tsx/esm/api' gives a CommonJS build whose own
// relative URLs do not hold when it is imported.
function resolveTsx(url: string): URL {
  return new URL('./dist/esm/api/index.mjs', pathToFileURL(createRequire(url).resolve('tsx/package.json')));
}

async function registerTsx(url: string): Promise<void> {
  let api: URL;
  try {
    api = resolveTsx(url);
  } catch (error) {
    throw new LoadFailedError(
      `cannot load ${url}: Node ${process.version} does not load TypeScript by itself and the package 'tsx' is not installed ` +
        `beside that file. Run 'npm install tsx', or use Node 22.18 or later, or compile the file to JavaScript (${messageOf(error)})`,
      { cause: error },
    );
  }
  const { register } = (await import(api.href)) as { register: () => unknown };
  register();
  tsxRegistered = true;
}
