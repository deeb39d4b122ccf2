/** How each contender was configured, for the end of the table. Loads them all: only after everything is measured. */
import { contenders, workflowEngines } from './contenders/index.ts';
import { schedulers } from './schedulers.ts';

type Described = { readonly name: string; readonly configuration: string };

/** One line per contender: its id, its name where that differs, and its configuration. */
export async function configurations(ids: readonly string[]): Promise<string[]> {
  const loaders: Readonly<Record<string, (() => Promise<Described>) | undefined>> = {
    ...contenders,
    ...workflowEngines,
    ...Object.fromEntries(Object.entries(schedulers).map(([id, scheduler]) => [id, async () => scheduler])),
  };
  const lines: string[] = [];
  for (const id of ids) {
    const described = await loaders[id]?.();
    if (described === undefined) continue;
    const name = described.name === id ? '' : ` (${described.name})`;
    lines.push(`${id}${name}: ${described.configuration}`);
  }
  return lines;
}
