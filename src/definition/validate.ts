/** What can be wrong with a definition as a whole, found before the first run. */
import { pathOf } from './outline.ts';
import type { StateDefinition, WorkflowDefinition } from './workflow.ts';

/** Everything that is wrong, one sentence each; empty when the definition holds together. */
export function findProblems(definition: WorkflowDefinition): string[] {
  const { start, states, exits } = definition;
  const problems: string[] = [];
  const known = (state: string): boolean => states.has(state) || exits.has(state);

  if (states.size === 0) problems.push('it has no node: call registerNode');
  if (exits.size === 0) problems.push('it has no exit state, so no run could complete: call addExitStates');
  if (!known(start)) problems.push(`no node is registered for its start state '${start}'`);
  if (exits.has(start)) problems.push(`its start state '${start}' is an exit state`);

  for (const [state, entry] of states) {
    const { node, routes, onFailure } = entry;
    for (const outcome of node.outcomes) {
      const target = targetOf(entry, outcome);
      if (known(target)) continue;
      problems.push(
        Object.hasOwn(routes, outcome)
          ? `state '${state}' routes outcome '${outcome}' to '${target}', which is not a state`
          : `outcome '${outcome}' of node '${node.name}' in state '${state}' is neither a state nor mapped to one`,
      );
    }
    for (const outcome of Object.keys(routes)) {
      if (!node.outcomes.includes(outcome)) {
        problems.push(
          `state '${state}' routes '${outcome}', which is not an outcome of node '${node.name}' (${node.outcomes.join(', ')})`,
        );
      }
    }
    if (onFailure !== undefined && !known(onFailure)) {
      problems.push(`onFailure of state '${state}' leads to '${onFailure}', which is not a state`);
    }
    if (node.kind === 'workflow') problems.push(...problemsOfChild(state, node.definition, known));
  }

  const reached = reachable(definition);
  if (known(start)) {
    for (const state of [...states.keys(), ...exits]) {
      if (!reached.has(state)) problems.push(`state '${state}' cannot be reached from '${start}'`);
    }
  }
  return problems;
}

function problemsOfChild(state: string, child: WorkflowDefinition, known: (state: string) => boolean): string[] {
  const problems = findProblems(child).map((problem) => `sub-workflow '${child.name}' in state '${state}': ${problem}`);
  for (const inner of [...child.states.keys(), ...child.exits]) {
    const path = pathOf(state, inner);
    if (!known(path)) continue;
    problems.push(
      `state '${path}' has the name that state '${inner}' of sub-workflow '${child.name}' goes by in events and reports`,
    );
  }
  return problems;
}

/** Where an outcome leads, before it is known whether that is a state. */
export function targetOf(entry: StateDefinition, outcome: string): string {
  return Object.hasOwn(entry.routes, outcome) ? (entry.routes[outcome] as string) : outcome;
}

function reachable({ start, states }: WorkflowDefinition): ReadonlySet<string> {
  const reached = new Set<string>([start]);
  for (const state of reached) {
    const entry = states.get(state);
    if (entry === undefined) continue;
    for (const outcome of entry.node.outcomes) reached.add(targetOf(entry, outcome));
    if (entry.onFailure !== undefined) reached.add(entry.onFailure);
  }
  return reached;
}
