/** The graph of a definition: as a picture, and as a fingerprint. */
import { targetOf } from './validate.ts';
import type { WorkflowDefinition } from './workflow.ts';

/** A Mermaid state diagram: https://mermaid.js.org/syntax/stateDiagram.html */
export function toMermaid(definition: WorkflowDefinition): string {
  const ids = new Map([...definition.states.keys(), ...definition.exits].map((state, index) => [state, `s${index}`]));
  const id = (state: string): string => ids.get(state) ?? '[*]';
  const lines = [
    '---',
    `title: ${JSON.stringify(`${definition.name} (version ${definition.version})`)}`,
    '---',
    'stateDiagram-v2',
  ];
  for (const [state, { node }] of definition.states) {
    const label = node.name === state ? state : `${state} (${node.name})`;
    lines.push(`  state "${text(node.kind === 'batch' ? `${label}, per item` : label)}" as ${id(state)}`);
  }
  for (const state of definition.exits) lines.push(`  state "${text(state)}" as ${id(state)}`);
  lines.push(`  [*] --> ${id(definition.start)}`);
  for (const [state, entry] of definition.states) {
    for (const outcome of entry.node.outcomes) {
      const target = targetOf(entry, outcome);
      lines.push(`  ${id(state)} --> ${id(target)}${target === outcome ? '' : `: ${text(outcome)}`}`);
    }
    if (entry.onFailure !== undefined) lines.push(`  ${id(state)} --> ${id(entry.onFailure)}: on failure`);
  }
  for (const state of definition.exits) lines.push(`  ${id(state)} --> [*]`);
  return `${lines.join('\n')}\n`;
}

/** SHA-256 over everything that decides where a run can go, independent of the order of registration. */
export function definitionHash(definition: WorkflowDefinition): string {
  const states = [...definition.states].toSorted(byKey).map(([state, { node, routes, onFailure }]) => ({
    state,
    kind: node.kind,
    node: node.name,
    outcomes: node.outcomes.toSorted(),
    routes: Object.entries(routes).toSorted(byKey),
    onFailure: onFailure ?? null,
  }));
  const { name, version, start } = definition;
  // Taken when it is needed: importing it takes a tenth of the time that importing cano does.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256')
    .update(JSON.stringify({ name, version, start, states, exits: [...definition.exits].toSorted() }))
    .digest('hex');
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Quotes, semicolons and line breaks end a label, `<` begins HTML, `#` an entity: all but the harmless as entities.
function text(value: string): string {
  return value.replace(/[^\p{L}\p{N} _.,()'/+-]/gu, (char) => `#${String(char.codePointAt(0))};`);
}
