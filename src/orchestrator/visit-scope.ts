/** What the exec phase of a visit sees of it. */
import type { NodeReport } from '../core/report.ts';
import type { AnyNode } from '../definition/node.ts';
import type { VisitPlace } from './attempt.ts';
import type { RunWait } from './explain.ts';
import type { LiveRun } from './live-run.ts';
import type { EngineServices } from './ports.ts';
import type { StopScope } from './stop-scope.ts';

export interface VisitScope {
  readonly run: LiveRun;
  readonly node: AnyNode;
  readonly engine: EngineServices;
  /** The store of the workflow that it is a visit of. */
  readonly store: unknown;
  /** What stops it: the run, or the split that it is a branch of. */
  readonly scope: StopScope;
  readonly place: VisitPlace;
  readonly cells: NodeReport;
  /** The attempt that runs, from 1. */
  readonly attempt: number;
  /** What prep returned. */
  readonly input: unknown;
  /** When the present phase began; an exec that is called directly moves it on to its end. */
  phaseStartedAt: number;
  /** Tells what exec waits for beside its executions; set by who does exec, where there is anything to tell. */
  waitsOfExec: (() => readonly RunWait[]) | undefined;
}
