/** The graph of a definition: as a picture, and as a fingerprint. */
import { describeJoin } from '../core/join.ts';
import { nameOfBranch } from './branch.ts';
import { targetOf } from './validate.ts';
import type { StateNode, WorkflowDefinition } from './workflow.ts';

/** A Mermaid state diagram: https://mermaid.js.org/syntax/stateDiagram.html */
export function toMermaid(definition: WorkflowDefinition): string {
  const lines = [
    '---',
    `title: ${JSON.stringify(`${definition.name} (version ${definition.version})`)}`,
    '---',
    'stateDiagram-v2',
    ...levelOf(definition, 's', '  '),
  ];
  return `${lines.join('\n')}\n`;
}

// A sub-workflow is a level inside its state; `prefix` keeps the ids of levels apart.
function levelOf(definition: WorkflowDefinition, prefix: string, indent: string): string[] {
  const ids = new Map(
    [...definition.states.keys(), ...definition.exits].map((state, index) => [state, `${prefix}${index}`]),
  );
  const id = (state: string): string => ids.get(state) ?? '[*]';
  const lines: string[] = [];
  for (const [state, { node }] of definition.states) lines.push(...stateOf(state, node, id(state)));
  for (const state of definition.exits) lines.push(`state "${text(state)}" as ${id(state)}`);
  lines.push(`[*] --> ${id(definition.start)}`);
  for (const [state, entry] of definition.states) {
    for (const outcome of entry.node.outcomes) {
      const target = targetOf(entry, outcome);
      lines.push(`${id(state)} --> ${id(target)}${target === outcome ? '' : `: ${text(outcome)}`}`);
    }
    if (entry.onFailure !== undefined) lines.push(`${id(state)} --> ${id(entry.onFailure)}: on failure`);
  }
  for (const state of definition.exits) lines.push(`${id(state)} --> [*]`);
  return lines.map((line) => indent + line);
}

function stateOf(state: string, node: StateNode, id: string): string[] {
  const label = node.name === state ? state : `${state} (${node.name})`;
  switch (node.kind) {
    case 'split': {
      const branches = Array.from(node.branches, ([branch, of], index) => {
        const name = nameOfBranch(branch, of);
        return `  state "${text(name === branch ? branch : `${branch} (${name})`)}" as ${id}_${index}`;
      });
      return [`state "${text(`${label}, join ${describeJoin(node.join)}`)}" as ${id} {`, ...branches, '}'];
    }
    case 'workflow':
      return [`state "${text(label)}" as ${id} {`, ...levelOf(node.definition, `${id}_`, '  '), '}'];
    default:
      return [`state "${text(node.kind === 'batch' ? `${label}, per item` : label)}" as ${id}`];
  }
}

/** SHA-256 over everything that decides where a run can go, independent of the order of registration. */
export function definitionHash(definition: WorkflowDefinition): string {
  const states = [...definition.states].toSorted(byKey).map(([state, { node, routes, onFailure }]) => {
    const hashed = {
      state,
      kind: node.kind,
      node: node.name,
      outcomes: node.outcomes.toSorted(),
      routes: Object.entries(routes).toSorted(byKey),
      onFailure: onFailure ?? null,
    };
    return Object.assign(hashed, insideOf(node));
  });
  const { name, version, start } = definition;
  // Taken when it is needed: importing it takes a tenth of the time that importing cano does.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256')
    .update(JSON.stringify({ name, version, start, states, exits: [...definition.exits].toSorted() }))
    .digest('hex');
}

// Nothing for plain nodes: their hashes must stay what they are.
function insideOf(node: StateNode): object {
  switch (node.kind) {
    case 'split': {
      const branches = Array.from(node.branches, ([branch, of]) => [branch, nameOfBranch(branch, of)] as const);
      return { join: describeJoin(node.join), branches: branches.toSorted(byKey) };
    }
    case 'workflow':
      return { workflow: definitionHash(node.definition) };
    default:
      return {};
  }
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Quotes, semicolons and line breaks end a label, `<` begins HTML, `#` an entity: all but the harmless as entities.
function text(value: string): string {
  return value.replace(/[^\p{L}\p{N} _.,()'/+-]/gu, (char) => `#${String(char.codePointAt(0))};`);
}
