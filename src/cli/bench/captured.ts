/**
 * The inputs of the exec that a pipeline spends most of its time in, taken from a run on the main thread.
 *
 * C1 Each input is copied before exec gets it, as it is on its way to a thread: what exec does to it is not seen here.
 * C2 Only inputs of attempts that succeeded are kept, in the order of their ends; where they are too much, none is.
 */
import { isThenable } from '../../core/thenable.ts';
import { CanoError } from '../../index.ts';
import { registry, type RegisteredExec } from '../../node.ts';
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

/** Bytes by which the memory of the process may grow for them. */
const MEMORY_LIMIT = 1e9;
const LOOK_EVERY = 64;

/** Has all execs that are known keep their inputs from now on; returns what ends that and gives those of the heaviest. */
export function captureInputs(): { readonly heaviest: () => CapturedWork } {
  const groups: Group[] = [];
  const known = registry();
  const originals = new Map(known);
  const memoryBefore = process.memoryUsage().rss;
  let kept = 0;
  let isTooMuch = false;
  for (const [key, registered] of originals) {
    const keep = (params: unknown, common: unknown, input: unknown, tookMs: number): void => {
      let group = groups.find((other) => other.key === key && other.params === params);
      if (group === undefined) groups.push((group = { key, params, inputs: [], commonOf: [], commons: [], tookMs: 0 }));
      group.tookMs += tookMs;
      if (isTooMuch) return;
      let at = group.commons.indexOf(common);
      if (at < 0) at = group.commons.push(common) - 1;
      group.inputs.push(input);
      group.commonOf.push(at);
      kept += 1;
      if (kept % LOOK_EVERY === 0) isTooMuch = process.memoryUsage().rss - memoryBefore > MEMORY_LIMIT;
    };
    known.set(key, Object.assign({}, registered, { exec: keeping(registered.exec, keep) }));
  }
  return {
    heaviest: () => {
      for (const [key, registered] of originals) known.set(key, registered);
      const total = groups.reduce((sum, { tookMs }) => sum + tookMs, 0);
      const [heaviest] = groups.toSorted((a, b) => b.tookMs - a.tookMs);
      if (heaviest === undefined) throw new CanoError('CANO_USAGE', 'no exec of it runs on threads');
      if (isTooMuch) throw new CanoError('CANO_USAGE', `its inputs take more than ${MEMORY_LIMIT / 1e9} GB of memory`);
      return Object.assign({}, heaviest, { share: total > 0 ? heaviest.tookMs / total : 1 });
    },
  };
}

function keeping(
  exec: RegisteredExec['exec'],
  keep: (params: unknown, common: unknown, input: unknown, tookMs: number) => void,
): RegisteredExec['exec'] {
  return (input, ctx) => {
    const copy: unknown = structuredClone(input);
    const start = performance.now();
    const ended = (): void => keep(ctx.params, ctx.common, copy, performance.now() - start);
    const result = exec(input, ctx);
    if (isThenable(result))
      return result.then((value) => {
        ended();
        return value;
      });
    ended();
    return result;
  };
}
