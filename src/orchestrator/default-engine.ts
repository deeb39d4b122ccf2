/** The process-wide engine: made on first use, never closed; its idle threads do not keep the process alive. */
import { bindDefaultEngine, type AnyWorkflow } from '../definition/workflow.ts';
import type { Run, RunOptions } from '../definition/run.ts';
import { createEngine } from './engine.ts';
import type { Engine } from './types.ts';

let engine: Engine | undefined;

/** The engine that `workflow.orchestrate` uses when it is given none. */
export function defaultEngine(): Engine {
  engine ??= createEngine();
  return engine;
}

bindDefaultEngine((workflow: AnyWorkflow, store: unknown, options: RunOptions): Run => {
  const erased = defaultEngine() as unknown as {
    start(workflow: AnyWorkflow, store: unknown, options: RunOptions): Run;
  };
  return erased.start(workflow, store, options);
});
