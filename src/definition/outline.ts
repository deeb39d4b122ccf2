/** What a definition holds, level by level: for pictures, and for what must be loaded. */
import type { BoundExec } from '../node.ts';
import { nameOfBranch } from './branch.ts';
import type { AnyNode } from './node.ts';
import type { StateNode, WorkflowDefinition } from './workflow.ts';

/** One line of a picture of a run: a state, or a branch of the split in it. */
export interface OutlineRow {
  /** In a sub-workflow with the way to it: `'Enrich/Load'`. */
  readonly state: string;
  readonly node: string;
  readonly branch?: string;
  /** The outcomes that its post may return; none of a branch. */
  readonly outcomes: readonly string[];
}

/** The name of a state of the sub-workflow in `state`, as events have it. */
export function pathOf(state: string, inner: string): string {
  return `${state}/${inner}`;
}

/** All states in order of registration, each followed by its branches or by the states of its sub-workflow. */
export function outlineOf(definition: WorkflowDefinition): OutlineRow[] {
  const rows: OutlineRow[] = [];
  addRows(rows, definition, undefined);
  return rows;
}

function addRows(rows: OutlineRow[], { states }: WorkflowDefinition, holder: string | undefined): void {
  for (const [name, { node }] of states) {
    const state = holder === undefined ? name : pathOf(holder, name);
    rows.push({ state, node: node.name, outcomes: node.outcomes });
    if (node.kind === 'workflow') addRows(rows, node.definition, state);
    if (node.kind !== 'split') continue;
    for (const [branch, of] of node.branches)
      rows.push({ state, node: nameOfBranch(branch, of), branch, outcomes: [] });
  }
}

/** The thread execs of a workflow, each once. */
export function threadExecsOf(definition: WorkflowDefinition): BoundExec<unknown, unknown>[] {
  const execs = Array.from(definition.states.values(), ({ node }) => nodesOf(node))
    .flat()
    .map(({ exec }) => exec);
  return [...new Set(execs)].filter((exec) => typeof exec !== 'function');
}

function nodesOf(node: StateNode): readonly AnyNode[] {
  switch (node.kind) {
    case 'split':
      return [...node.branches.values()];
    case 'workflow':
      return Array.from(node.definition.states.values(), (entry) => nodesOf(entry.node)).flat();
    default:
      return [node];
  }
}
