// Thread: worker
/**
 * The execs that this thread knows, and what their `setup` made. They belong to the incarnation of the thread: they live
 * on when a lease ends, and are gone when the thread is replaced.
 *
 * V1 `setup` runs once per thread, exec and params; a failed one is not kept, so the next execution tries again.
 * V2 An exec is found by its key in the registry that `defineExec` fills, never by its export: bundlers move exports.
 */
import { encodeError, type WireError } from '../core/error-codec.ts';
import { CanoError, LoadFailedError, messageOf, SetupFailedError } from '../core/errors.ts';
import { registry, type RegisteredExec } from '../node.ts';
import type { Define } from '../wire/messages.ts';
import { loadModule } from '../wire/load-module.ts';

/** An exec that is ready to run. */
export interface Ready {
  readonly exec: RegisteredExec['exec'];
  readonly params: unknown;
  readonly resource: unknown;
  /** Running mean of what an item costs, in milliseconds; undefined before the first. */
  costMs: number | undefined;
}

const ready = new Map<string, Ready & { readonly teardown: RegisteredExec['teardown'] }>();

/** Params larger than that are known by their number alone: every `.with()` of an exec makes another one. */
const MAX_KEY_BYTES = 64 * 1024;

/** Identity of a resource: the exec and the params that `setup` got. */
export function resourceKey([, exec, key, , , params]: Define): string {
  if (params === undefined) return key;
  try {
    // Equal params give equal bytes. JSON would confuse null and NaN, one RegExp and another, and fails on cycles.
    const bytes = process.getBuiltinModule('node:v8').serialize(params);
    if (bytes.length <= MAX_KEY_BYTES) return `${key} ${bytes.toString('latin1')}`;
  } catch {
    // Shared memory and some classes of Node can be posted, but not written down.
  }
  return `${key} #${exec}`;
}

/** The exec when it is ready already. */
export function findReady(key: string): Ready | undefined {
  return ready.get(key);
}

/**
 * Imports the file of an exec, runs its `setup` and keeps both.
 *
 * @throws LoadFailedError, SetupFailedError
 */
export async function makeReady(define: Define, resource: string): Promise<Ready> {
  const [, , key, url, name, params] = define;
  const registered = registry().get(key) ?? (await load(key, url, name));
  const made: Ready & { teardown: RegisteredExec['teardown'] } = {
    exec: registered.exec,
    params,
    resource: await setUp(registered, name, params),
    costMs: undefined,
    teardown: registered.teardown,
  };
  ready.set(resource, made);
  return made;
}

/** Runs every teardown, the newest resource first; returns what they threw. */
export async function tearDownAll(): Promise<WireError[]> {
  const errors: WireError[] = [];
  for (const { resource, teardown } of [...ready.values()].toReversed()) {
    try {
      await teardown?.(resource);
    } catch (error) {
      errors.push(encodeError(error));
    }
  }
  ready.clear();
  return errors;
}

async function load(key: string, url: string, name: string): Promise<RegisteredExec> {
  try {
    await loadModule(url, () => forget(url));
  } catch (error) {
    // What it defined before it failed must not be found by the next execution.
    forget(url);
    if (error instanceof CanoError && error.code === 'CANO_LOAD_FAILED') throw error;
    throw new LoadFailedError(`exec '${name}': its file ${url} failed to load on a thread: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const found = registry().get(key);
  if (found !== undefined) return found;
  const there = keysOf(url).map((known) => known.slice(url.length + 1));
  throw new LoadFailedError(
    `exec '${name}': its file ${url} was loaded on a thread but did not define it` +
      ` (it defines ${there.length === 0 ? 'no exec' : there.join(', ')}): call defineExec at the top level of that file`,
  );
}

function keysOf(url: string): string[] {
  return [...registry().keys()].filter((known) => known.startsWith(`${url}#`));
}

function forget(url: string): void {
  for (const key of keysOf(url)) registry().delete(key);
}

async function setUp(registered: RegisteredExec, name: string, params: unknown): Promise<unknown> {
  if (registered.setup === undefined) return undefined;
  try {
    return await registered.setup(params);
  } catch (error) {
    throw new SetupFailedError(`setup of exec '${name}' failed: ${messageOf(error)}`, { cause: error });
  }
}
