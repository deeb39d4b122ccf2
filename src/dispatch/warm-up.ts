// Thread: main
/** Executions without items: they make a thread load an exec and set it up, and do nothing else. */
import type { BoundExec } from '../node.ts';
import { Execution } from './execution.ts';
import { RunShare } from './run-share.ts';

/** One for each exec, and a promise that all have ended. What fails now fails again at the first real execution, and is told there. */
export function warmUpExecutions(execs: readonly BoundExec<unknown, unknown>[]): {
  readonly executions: Execution[];
  readonly ended: Promise<void>;
} {
  let left = execs.length;
  let done!: () => void;
  const ended = new Promise<void>((resolve) => {
    done = resolve;
  });
  const sink = {
    note: () => {},
    settled: () => {},
    ended: () => {
      left -= 1;
      if (left === 0) done();
    },
  };
  const share = new RunShare(0);
  const executions = execs.map(
    (exec) =>
      new Execution({
        exec,
        runId: '',
        workflow: '',
        state: '',
        node: exec.name,
        visit: 0,
        share,
        timeoutMs: undefined,
        common: undefined,
        items: [],
        index: -1,
        attempt: 1,
        sink,
      }),
  );
  if (execs.length === 0) done();
  return { executions, ended };
}
