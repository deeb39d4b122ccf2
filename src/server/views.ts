/** Runs, workflows and schedules as the API shows them. Pure. */
import type { ScheduleStatus } from '../index.ts';
import type { AnyPipeline } from './config.ts';
import type { RunEntry } from './run-book.ts';

/** What of a workflow is shown; the types of pipelines are erased. */
interface ShownWorkflow {
  readonly name: string;
  readonly version: number;
  readonly definition: { readonly exits: ReadonlySet<string> };
  outline(): readonly { readonly state: string; readonly node: string; readonly branch?: string }[];
  toMermaid(): string;
}

export function runSummary({ report, state, error, schedule }: RunEntry): Record<string, unknown> {
  return {
    id: report.runId,
    workflow: report.workflow,
    version: report.version,
    status: report.status,
    state,
    startedAt: new Date(report.startedAt),
    durationMs: report.wallMs,
    transitions: report.transitions,
    ...(schedule === undefined ? {} : { schedule }),
    ...(error === undefined ? {} : { error }),
  };
}

export function runDetail(entry: RunEntry, waitsFor: string | undefined): Record<string, unknown> {
  const { busyThreads, threadMs, nodes } = entry.report;
  return {
    ...runSummary(entry),
    ...(entry.inputs === undefined ? {} : { inputs: entry.inputs }),
    busyThreads,
    threadMs,
    nodes,
    ...(waitsFor === undefined ? {} : { waitsFor }),
  };
}

export function workflowInfo({ workflow, description, flags }: AnyPipeline): Record<string, unknown> {
  const shown = workflow as ShownWorkflow;
  return {
    id: shown.name,
    version: shown.version,
    ...(description === undefined ? {} : { description }),
    // What is undefined does not stand in JSON.
    inputs: flags
      .filter(({ negates }) => !negates)
      .map(({ name, declared, rule }) => ({
        name,
        type: declared.type,
        description: declared.description,
        required: declared.required ?? false,
        rule,
        default: declared.default,
      })),
    states: shown.outline().map(({ state, node, branch }) => ({ state, node, branch })),
    exits: [...shown.definition.exits],
    graph: shown.toMermaid(),
  };
}

export function scheduleInfo(status: ScheduleStatus): Record<string, unknown> {
  return { ...status };
}
