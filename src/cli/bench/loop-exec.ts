/**
 * A bare loop over the inputs of one exec, on a thread: the exec is loaded and set up as ever, and then called for one input
 * after the other, without anything of cano in between.
 *
 * L1 All threads begin at once, when the last is ready; which input comes next is a number that they share.
 * L2 What exec can only have from an engine, such as services, is not there: it fails, and says so.
 */
import { CanoError, defineExec, registry, type ExecContext, type RegisteredExec, type ThreadExec } from '../../node.ts';
import { loadModule } from '../../wire/load-module.ts';

/** What a loop goes over. */
export interface LoopWork {
  /** Key of the exec. */
  readonly key: string;
  readonly params: unknown;
  readonly inputs: readonly unknown[];
  /** What `common` was for each input: an index into `commons`. */
  readonly commonOf: readonly number[];
  readonly commons: readonly unknown[];
}

/** What one thread is given; the same for all of them. */
export interface LoopInput extends LoopWork {
  /** The file that defines the exec. */
  readonly url: string;
  readonly threads: number;
  /** `GATE_BYTES` of memory that all threads of a loop share, zeros. */
  readonly gate: SharedArrayBuffer;
}

/** In milliseconds of the process's monotonic clock. */
export interface LoopSpan {
  readonly startMs: number;
  readonly endMs: number;
}

export const GATE_BYTES: number = 3 * Int32Array.BYTES_PER_ELEMENT;
const READY = 0;
const OPEN = 1;
const NEXT = 2;
/** Milliseconds that the others may take to be ready. */
const PATIENCE = 120_000;

const loop: ThreadExec<LoopInput, LoopSpan> = defineExec(import.meta.url, {
  name: 'bareLoop',
  exec: async (of: LoopInput): Promise<LoopSpan> => {
    const { key, url, params, inputs, commonOf, commons, threads } = of;
    const { exec, setup, teardown } = await find(key, url);
    const resource = await setup?.(params);
    const gate = new Int32Array(of.gate);
    waitForAll(gate, threads);
    const startMs = performance.now();
    for (let at = Atomics.add(gate, NEXT, 1); at < inputs.length; at = Atomics.add(gate, NEXT, 1)) {
      const common = commons[commonOf[at] as number];
      // Looking first whether there is something to wait for would save 0.1 us, and cost every thread of cano a file to load.
      await exec(inputs[at], new LoopContext(params, resource, common, at));
    }
    const endMs = performance.now();
    await teardown?.(resource);
    return { startMs, endMs };
  },
});
export default loop;

async function find(key: string, url: string): Promise<RegisteredExec> {
  if (!registry().has(key)) await loadModule(url);
  const found = registry().get(key);
  if (found === undefined) throw new CanoError('CANO_LOAD_FAILED', `${url} does not define '${key}'`);
  return found;
}

function waitForAll(gate: Int32Array, threads: number): void {
  if (Atomics.add(gate, READY, 1) + 1 === threads) {
    Atomics.store(gate, OPEN, 1);
    Atomics.notify(gate, OPEN);
  } else if (Atomics.wait(gate, OPEN, 0, PATIENCE) === 'timed-out') {
    throw new CanoError('CANO_LOAD_FAILED', `the other threads were not ready within ${PATIENCE / 1_000} s`);
  }
}

const nothing = (): void => {};

class LoopContext implements ExecContext {
  readonly runId = 'bare-loop';
  readonly visit = 1;
  readonly attempt = 1;
  readonly params: unknown;
  readonly resource: unknown;
  readonly common: unknown;
  readonly item: number;
  readonly log: ExecContext['log'] = {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
    isEnabled: () => false,
  };
  readonly throwIfAborted: () => void = nothing;
  readonly progress: () => void = nothing;

  constructor(params: unknown, resource: unknown, common: unknown, item: number) {
    this.params = params;
    this.resource = resource;
    this.common = common;
    this.item = item;
  }

  get signal(): AbortSignal {
    return new AbortController().signal;
  }

  counter(): { add: () => void } {
    return { add: nothing };
  }

  get store(): never {
    return notHere('ctx.store');
  }

  get rpc(): never {
    return notHere('ctx.rpc');
  }
}

function notHere(what: string): never {
  throw new CanoError('CANO_USAGE', `it uses ${what}, which a bare loop does not have`);
}
