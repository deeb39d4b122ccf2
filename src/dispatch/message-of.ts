// Thread: main
/** The message by which a thread is told of an execution. */
import type { Call, Execute } from '../wire/messages.ts';
import { prepareForWire } from '../wire/transfer.ts';
import type { Execution } from './execution.ts';

/**
 * @param execution has its slot
 * @param execId number of its exec on that thread
 * @param commonId of its common value, or 0
 * @returns the message, and the bytes of its items
 */
export function messageOf(
  execution: Execution,
  execId: number,
  commonId: number,
): { readonly message: Execute | Call; readonly bytes: number } {
  const { slot, generation, index, attempt, items } = execution;
  const { runId, visit } = execution.request;
  if (items.length === 1) {
    const { value, bytes } = prepareForWire(items[0]);
    const [first, tries] = [firstOf(index), firstOf(attempt)];
    return { message: ['call', slot, generation, execId, runId, visit, commonId, first, tries, value], bytes };
  }
  const { value, bytes } = prepareForWire(items);
  const list = value as readonly unknown[];
  return { message: ['execute', slot, generation, execId, runId, visit, commonId, index, attempt, list], bytes };
}

function firstOf(value: number | readonly number[]): number {
  return typeof value === 'number' ? value : (value[0] as number);
}
