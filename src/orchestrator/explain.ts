/**
 * What a run waits for, from views of those who know: pure assembling.
 */
import type { RunStatus } from '../core/events.ts';
import type { RunStanding } from '../dispatch/dispatcher.ts';
import type { Guest, Standing } from '../resilience/concurrency-limit.ts';
import type { ThreadStatus } from './types.ts';

/** Something that a run waits for. Times are milliseconds. */
export type RunWait =
  /** Room in the engine: so many runs that wait begin before it. */
  | { readonly kind: 'admission'; readonly maxRuns: number; readonly ahead: number }
  /** Its own code on the main thread; `exec` when that is a plain function. */
  | { readonly kind: 'prep' | 'exec' | 'post'; readonly node: string; readonly forMs: number }
  /** A thread: `ahead…` count executions of other runs that are taken before its first, if nothing else comes. */
  | {
      readonly kind: 'thread';
      readonly executions: number;
      readonly aheadByPriority: number;
      readonly aheadByShare: number;
    }
  /** Executions that run, or are with a thread already. */
  | { readonly kind: 'executions'; readonly executions: number; readonly threads: readonly number[] }
  /** The `concurrency` of a node. */
  | {
      readonly kind: 'concurrency';
      readonly node: string;
      readonly limit: number;
      readonly executions: number;
      readonly ahead: number;
    }
  /** The next attempt: of the visit, or of so many items of a batch, the first of which is due after `leftMs`. */
  | { readonly kind: 'back_off'; readonly node: string; readonly leftMs: number; readonly items?: number }
  /** The next item of a batch's source. */
  | { readonly kind: 'source'; readonly node: string };

/** What a live run waits for, as data and as a sentence. */
export interface RunExplanation {
  readonly runId: string;
  readonly workflow: string;
  readonly status: RunStatus;
  readonly state: string;
  /** Entries into states so far; 0 before the first. */
  readonly visit: number;
  /** Empty when it goes on by itself in this turn of the event loop. */
  readonly waitsFor: readonly RunWait[];
  /** What each thread does, and for whom. */
  readonly threads: readonly ThreadStatus[];
  /** All of this for people. */
  readonly text: string;
}

/** What is known of a run by those who have to do with it. */
export interface RunViews {
  readonly run: Pick<RunExplanation, 'runId' | 'workflow' | 'status' | 'state' | 'visit'>;
  /** When the run waits for room. */
  readonly admission: (Standing & { readonly maxRuns: number }) | undefined;
  /** What its visit knows. */
  readonly visit: readonly RunWait[];
  readonly dispatch: RunStanding;
  readonly threads: readonly ThreadStatus[];
}

export function explainRun({ run, admission, visit, dispatch, threads }: RunViews): RunExplanation {
  const waitsFor: RunWait[] = [];
  if (admission !== undefined && admission.waiting > 0)
    waitsFor.push({ kind: 'admission', maxRuns: admission.maxRuns, ahead: admission.ahead });
  waitsFor.push(...visit);
  if (dispatch.queued > 0) {
    const { queued: executions, aheadByPriority, aheadByShare } = dispatch;
    waitsFor.push({ kind: 'thread', executions, aheadByPriority, aheadByShare });
  }
  if (dispatch.inFlight > 0)
    waitsFor.push({ kind: 'executions', executions: dispatch.inFlight, threads: dispatch.threads });
  const { runId, workflow, status, state } = run;
  const head = `run '${runId}' of workflow '${workflow}' is ${status} in state '${state}'`;
  const reasons = waitsFor.map(describeWait);
  if (dispatch.queued > 0) reasons.push(...threads.map(describeThread));
  const text = `${head}: ${reasons.length === 0 ? 'it goes on at once' : reasons.join('; ')}`;
  return { ...run, waitsFor, threads, text };
}

/** What a run waits for at the `concurrency` of a node, or of a split. */
export function waitsForLimit(
  node: string,
  limit: { readonly limit: number; standingOf(guest: Guest): Standing },
  run: Guest,
): readonly RunWait[] {
  const { waiting: executions, ahead } = limit.standingOf(run);
  return executions === 0 ? [] : [{ kind: 'concurrency', node, limit: limit.limit, executions, ahead }];
}

function describeWait(wait: RunWait): string {
  switch (wait.kind) {
    case 'admission':
      return `it waits for room (maxRuns: ${wait.maxRuns}), ${count(wait.ahead, 'run')} ahead of it`;
    case 'prep':
    case 'exec':
    case 'post':
      return `${wait.kind} of '${wait.node}' has been running on the main thread for ${ms(wait.forMs)}`;
    case 'thread':
      return (
        `${waits(wait.executions)} for a thread, behind ${wait.aheadByPriority} of a higher priority and ` +
        `${wait.aheadByShare} by fair share`
      );
    case 'executions': {
      const where = wait.threads.length === 0 ? 'on the main thread' : `with ${threadList(wait.threads)}`;
      return `${count(wait.executions, 'execution')} ${wait.executions === 1 ? 'is' : 'are'} ${where}`;
    }
    case 'concurrency':
      return `${waits(wait.executions)} for node '${wait.node}' (concurrency: ${wait.limit}), behind ${wait.ahead} of other runs`;
    case 'back_off':
      return wait.items === undefined
        ? `'${wait.node}' is tried again in ${ms(wait.leftMs)}`
        : `${count(wait.items, 'item')} of '${wait.node}' ${wait.items === 1 ? 'is' : 'are'} tried again, the first in ${ms(wait.leftMs)}`;
    case 'source':
      return `the source of '${wait.node}' has not given its next item`;
  }
}

function describeThread({ thread, status, execution }: ThreadStatus): string {
  if (execution === undefined) return `thread ${thread} is ${status}`;
  const { node, runId, item, runningMs } = execution;
  const which = item === undefined ? '' : ` (item ${item})`;
  return `thread ${thread} executes '${node}'${which} of run '${runId}' for ${ms(runningMs)}`;
}

function waits(executions: number): string {
  return `${count(executions, 'execution')} ${executions === 1 ? 'waits' : 'wait'}`;
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}

function threadList(threads: readonly number[]): string {
  return `thread${threads.length === 1 ? '' : 's'} ${threads.join(', ')}`;
}

function ms(value: number): string {
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
}
