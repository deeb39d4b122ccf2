/**
 * The inputs of the exec that a pipeline spends most of its time in, taken from a run on the main thread.
 *
 * C1 Each input is copied before exec gets it, as it is on its way to a thread: what exec does to it is not seen here.
 * C2 Only inputs of attempts that succeeded are kept, in the order of their ends; where they are too much, none is.
 * C3 One execution runs at a time, as on a thread: what an exec takes does not hold what others do while it waits.
 */
import { totalmem } from 'node:os';
import { isThenable } from '../../core/thenable.ts';
import { CanoError } from '../../index.ts';
import { registry, type ExecContext, type RegisteredExec } from '../../node.ts';
import { formatBytes } from '../../observe/format.ts';
import { prepareForWire } from '../../wire/transfer.ts';
import type { LoopWork } from './loop-exec.ts';

/** All that the heaviest exec was given. */
export interface CapturedWork extends LoopWork {
  /** Its share of the time of all execs that were captured. */
  readonly share: number;
  /** Milliseconds that it took on the main thread. */
  readonly tookMs: number;
}

interface Group extends LoopWork {
  readonly inputs: unknown[];
  readonly commonOf: number[];
  readonly commons: unknown[];
  tookMs: number;
}

/** Of the memory that the process may have, what the inputs may take with all their copies. */
const MEMORY_SHARE = 1 / 8;
/** Whatever there is: the heap of a thread has a limit of its own. */
const MOST_BYTES = 1e9;

/** Bytes that the inputs may weigh when a loop has up to so many threads, each with a copy of all of them. */
export function memoryLimit(threads: number): number {
  // 0 where it is not known, and more than there is where there is no limit.
  const limit = process.constrainedMemory() || Infinity;
  return Math.min(MOST_BYTES, (Math.min(limit, totalmem()) * MEMORY_SHARE) / (threads + 1));
}

/**
 * Has all execs that are known keep their inputs from now on; returns what ends that and gives those of the heaviest.
 *
 * @param limitBytes what all inputs may weigh
 * @param onTooMuch called when they do not, with what to say: the run need not go on
 */
export function captureInputs(
  limitBytes: number,
  onTooMuch: (error: CanoError) => void,
): { readonly heaviest: () => CapturedWork } {
  const groups: Group[] = [];
  const known = registry();
  const originals = new Map(known);
  const turns = new Turns();
  let bytes = 0;
  let isTooMuch = false;

  /** Takes up so many bytes more; false when there is no room for them. */
  const takesUp = (more: number): boolean => {
    if (isTooMuch) return false;
    bytes += more;
    if (bytes <= limitBytes) return true;
    isTooMuch = true;
    groups.length = 0;
    onTooMuch(tooMuch(limitBytes));
    return false;
  };
  const keep = (key: string, { params, common }: ExecContext, input: unknown, tookMs: number): void => {
    let group = groups.find((other) => other.key === key && other.params === params);
    if (group === undefined) groups.push((group = { key, params, inputs: [], commonOf: [], commons: [], tookMs: 0 }));
    let at = group.commons.indexOf(common);
    if (at < 0) {
      if (!takesUp(prepareForWire(common).bytes)) return;
      at = group.commons.push(common) - 1;
    }
    group.tookMs += tookMs;
    group.inputs.push(input);
    group.commonOf.push(at);
  };
  for (const [key, registered] of originals) {
    const call = (input: unknown, ctx: ExecContext): unknown => {
      const prepared = prepareForWire(input);
      if (!takesUp(prepared.bytes)) return registered.exec(input, ctx);
      const copy: unknown = structuredClone(prepared.value);
      const start = performance.now();
      const ended = (isKept: boolean): void => {
        if (isKept && !isTooMuch && !ctx.signal.aborted) keep(key, ctx, copy, performance.now() - start);
        else bytes -= prepared.bytes;
      };
      return afterwards(() => registered.exec(input, ctx), ended);
    };
    const exec: RegisteredExec['exec'] = (input, ctx) => turns.take(ctx, () => call(input, ctx));
    known.set(key, Object.assign({}, registered, { exec }));
  }
  return {
    heaviest: () => {
      for (const [key, registered] of originals) known.set(key, registered);
      if (isTooMuch) throw tooMuch(limitBytes);
      const total = groups.reduce((sum, { tookMs }) => sum + tookMs, 0);
      const [heaviest] = groups.toSorted((a, b) => b.tookMs - a.tookMs);
      if (heaviest === undefined) throw new CanoError('CANO_USAGE', 'no exec of it runs on threads');
      return Object.assign({}, heaviest, { share: total > 0 ? heaviest.tookMs / total : 1 });
    },
  };
}

function tooMuch(limitBytes: number): CanoError {
  return new CanoError(
    'CANO_USAGE',
    `its inputs take more than ${formatBytes(limitBytes)} of memory, and every thread would have a copy of them`,
  );
}

/** Calls one after the other (C3). */
class Turns {
  #last: Promise<unknown> | undefined;

  take(ctx: ExecContext, call: () => unknown): unknown {
    const before = this.#last;
    const result = before === undefined ? call() : after(before, ctx, call);
    if (!isThenable(result)) return result;
    // Nobody waits for one that was stopped, and it may never end.
    const last = Promise.all([before, Promise.race([settled(result), aborted(ctx.signal)])]);
    this.#last = last;
    void last.then(() => this.#last === last && (this.#last = undefined));
    return result;
  }
}

async function after(before: Promise<unknown>, ctx: ExecContext, call: () => unknown): Promise<unknown> {
  await before;
  ctx.throwIfAborted();
  return call();
}

async function settled(result: PromiseLike<unknown>): Promise<void> {
  try {
    await result;
  } catch {
    // It has ended all the same.
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What a call gives; `ended` hears when it has, and whether it succeeded. */
function afterwards(call: () => unknown, ended: (isGood: boolean) => void): unknown {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    ended(false);
    throw error;
  }
  if (!isThenable(result)) {
    ended(true);
    return result;
  }
  return result.then(
    (value) => {
      ended(true);
      return value;
    },
    (error: unknown) => {
      ended(false);
      throw error;
    },
  );
}
