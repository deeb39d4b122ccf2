/**
 * The process of a bare loop: runs the pipeline once on the main thread, and then the loop, whenever it is asked to, on as
 * many fresh threads as it is told.
 *
 * V1 Whatever goes on, it ends with the process that asked: also while an exec has the main thread, which hears nothing then.
 */
import { Worker } from 'node:worker_threads';
import {
  batchNodeFor,
  createEngine,
  retry,
  Workflow,
  type Engine,
  type EngineOptions,
  type RunResult,
} from '../../index.ts';
import type { Pipeline } from '../pipeline-file.ts';
import { signalRun } from '../timed-run.ts';
import { EXIT } from '../usage.ts';
import { captureInputs, memoryLimit, type CapturedWork } from './captured.ts';
import { execOf, partOf } from './loop-part.ts';
import type { LoopInput, LoopSpan, LoopWork } from './loop-exec.ts';

/** Set for such a process. */
export const OWN_LOOP_MARK = 'CANO_OWN_LOOP';

/** What the loop goes over. */
export interface OwnWork {
  /** Name of the exec. */
  readonly exec: string;
  /** Inputs in the loop, of so many in a run. */
  readonly inputs: number;
  readonly of: number;
  /** Share of this exec in the time of all. */
  readonly share: number;
}

/** From the process of the loop. */
export type FromLoop =
  | { readonly type: 'ready'; readonly work: OwnWork }
  | { readonly type: 'took'; readonly ms: number }
  | { readonly type: 'failed'; readonly why: string };

/** To it: measure once. */
export interface ToLoop {
  readonly threads: number;
}

type Inputs = Parameters<Pipeline['store']>[0];

// Of whichever services a pipeline has.
const makeEngine: (options: EngineOptions) => Engine = createEngine;

/**
 * Serves until the process that asked is gone; returns an exit code when there is nothing to serve.
 *
 * @param threads the most that a loop will have
 * @param asker id of the process that asked
 */
export async function serveOwnLoop(
  pipeline: Pipeline,
  inputs: Inputs,
  threads: number,
  asker: number,
): Promise<number> {
  process.once('disconnect', () => signalRun(process, 'SIGKILL'));
  const watcher = watch(asker);
  let captured: CapturedWork;
  let work: LoopWork;
  try {
    captured = await capture(pipeline, inputs, memoryLimit(threads));
    work = partOf(captured, threads);
  } catch (error) {
    await tell({ type: 'failed', why: reasonOf(error) });
    return EXIT.done;
  }
  // From here on nothing keeps the main thread from hearing.
  await watcher.terminate();
  process.on('message', (asked: ToLoop) => {
    void loopOn(asked.threads, work)
      .then(
        (ms): FromLoop => ({ type: 'took', ms }),
        (error: unknown): FromLoop => ({ type: 'failed', why: reasonOf(error) }),
      )
      .then(tell);
  });
  const { inputs: all, share } = captured;
  await tell({ type: 'ready', work: { exec: execOf(work), inputs: work.inputs.length, of: all.length, share } });
  return new Promise(() => {});
}

function tell(message: FromLoop): Promise<void> {
  return new Promise((resolve) => void process.send?.(message, undefined, undefined, () => resolve()));
}

const LOOK_MS = 500;
const WATCHER = `
const { asker, own, everyMs } = require('node:worker_threads').workerData;
// On Windows the id of the parent stays what it was.
const isThere = () => {
  if (process.ppid !== asker) return false;
  try {
    return process.kill(asker, 0);
  } catch {
    return false;
  }
};
setInterval(() => isThere() || process.kill(own, 'SIGKILL'), everyMs);
`;

/** A thread that ends the process when the one that asked has gone (V1). */
function watch(asker: number): Worker {
  // Its group (timed-run.ts, P4), where there are groups.
  const own = process.platform === 'win32' ? process.pid : -process.pid;
  const workerData = { asker, own, everyMs: LOOK_MS };
  const watcher = new Worker(WATCHER, { eval: true, execArgv: [], workerData });
  watcher.unref();
  return watcher;
}

async function capture(pipeline: Pipeline, inputs: Inputs, limitBytes: number): Promise<CapturedWork> {
  const services = await pipeline.services(inputs);
  const store = await pipeline.store(inputs);
  const { heaviest } = captureInputs(limitBytes, (error) => run.cancel(error));
  const engine = makeEngine({ inline: true, services, logLevel: 'none' });
  const run = engine.start(pipeline.workflow as never, store as never);
  try {
    await run.result;
  } finally {
    await engine.close();
  }
  return heaviest();
}

/** Milliseconds from the first start to the last end, on so many fresh threads. */
async function loopOn(threads: number, { key, params, inputs, commonOf, commons }: LoopWork): Promise<number> {
  const { default: loop, GATE_BYTES } = await import('./loop-exec.ts');
  const url = key.slice(0, key.indexOf('#'));
  const gate = new SharedArrayBuffer(GATE_BYTES);
  const input: LoopInput = { key, url, params, inputs, commonOf, commons, threads, gate };
  interface Loop {
    readonly input: LoopInput;
    span?: LoopSpan;
  }
  const node = batchNodeFor<Loop>()({
    name: 'loop',
    outcomes: ['Done'],
    prep: (store) => [store.input],
    exec: loop,
    post: (store, [span]) => {
      if (span !== undefined) store.span = span;
      return 'Done';
    },
    retry: retry.none(),
  });
  const workflow = new Workflow<'Loop' | 'Done', Loop>('bare-loop', 'Loop')
    .registerNode('Loop', node)
    .addExitStates('Done');
  // An engine for each: two loops on one thread would wait for each other.
  const engines = Array.from({ length: threads }, () => createEngine({ threads: 1, logLevel: 'none' }));
  try {
    await Promise.all(engines.map((engine) => engine.warmUp(workflow)));
    const stores = engines.map((): Loop => ({ input }));
    const runs = engines.map((engine, at) => engine.start(workflow, stores[at] as Loop));
    const ended = (await allOrCancel(runs)).length;
    const spans = stores.flatMap(({ span }) => span ?? []);
    if (ended !== spans.length) throw new Error('a loop gave no times');
    return Math.max(...spans.map(({ endMs }) => endMs)) - Math.min(...spans.map(({ startMs }) => startMs));
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
  }
}

/** When one fails, the others would wait for it. */
async function allOrCancel(
  runs: readonly { readonly result: Promise<RunResult>; cancel(): void }[],
): Promise<RunResult[]> {
  try {
    return await Promise.all(runs.map(({ result }) => result));
  } catch (error) {
    for (const run of runs) run.cancel();
    throw error;
  }
}

/** What user code threw, below what cano says about it. */
function reasonOf(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause;
  return deepest instanceof Error ? deepest.message : String(deepest);
}
