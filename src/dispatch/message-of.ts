// Thread: main
/** The message by which a thread is told of an execution. */
import type { Call, Execute, ToThread } from '../wire/messages.ts';
import { prepareForWire } from '../wire/transfer.ts';
import type { Execution } from './execution.ts';
import type { Told } from './told.ts';

/**
 * @param execution has its slot
 * @param execId number of its exec on that thread
 * @param commonId of its common value, or 0
 * @param told puts into `out` what the thread needs for it
 * @returns the message, and the bytes of its items
 */
export function messageOf(
  execution: Execution,
  execId: number,
  commonId: number,
  told: Told,
  out: ToThread[],
): { readonly message: Execute | Call; readonly bytes: number } {
  const { slot, generation, index, attempt, items } = execution;
  const { runId, visit } = execution.request;
  if (items.length === 1) {
    const { value, bytes, shared } = prepareForWire(items[0]);
    const [first, tries, ids] = [firstOf(index), firstOf(attempt), told.shared(shared, out)];
    return { message: ['call', slot, generation, execId, runId, visit, commonId, first, tries, value, ids], bytes };
  }
  const { value, bytes, shared } = prepareForWire(items);
  const [list, ids] = [value as readonly unknown[], told.shared(shared, out)];
  return { message: ['execute', slot, generation, execId, runId, visit, commonId, index, attempt, list, ids], bytes };
}

function firstOf(value: number | readonly number[]): number {
  return typeof value === 'number' ? value : (value[0] as number);
}
