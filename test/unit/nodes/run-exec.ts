/** Executes a thread exec as a thread does (registered setup and exec, inputs and results cloned), without a thread. */
import assert from 'node:assert/strict';
import { SnapshotReader } from '../../../src/core/snapshot.ts';
import { registry, type BoundExec, type ExecContext } from '../../../src/node.ts';

/**
 * Runs `setup` once and then `exec` for each input, as one thread does with the items of a batch.
 *
 * @param common of the batch; shared memory in it stays shared
 */
export async function runItems<Input, Output, Common>(
  exec: BoundExec<Input, Output, unknown, Common>,
  inputs: readonly Input[],
  common?: Common,
): Promise<Output[]> {
  const registered = registry().get(exec.key);
  assert.ok(registered, `${exec.key} is not registered`);
  const params = structuredClone(exec.params);
  const resource = await registered.setup?.(params);
  const sent = structuredClone(common);
  const results: Output[] = [];
  for (const [item, input] of inputs.entries()) {
    const ctx = contextOf(params, resource, sent, item);
    const result = await registered.exec(structuredClone(input), ctx);
    assertTrimmed(result);
    // The registry has no types; the exec that was asked for has.
    results.push(structuredClone(result) as Output);
  }
  return results;
}

/** `runItems` for one input. */
export async function runItem<Input, Output, Common>(
  exec: BoundExec<Input, Output, unknown, Common>,
  input: Input,
  common?: Common,
): Promise<Output> {
  const [result] = await runItems(exec, [input], common);
  return result as Output;
}

function contextOf(params: unknown, resource: unknown, common: unknown, item: number): ExecContext {
  const silent = (): void => {};
  return {
    params,
    resource,
    common,
    store: new SnapshotReader(undefined, (value) => value),
    runId: '0198c0de-0000-7000-8000-000000000000',
    visit: 1,
    item,
    attempt: 1,
    signal: new AbortController().signal,
    throwIfAborted: silent,
    progress: silent,
    counter: () => ({ add: silent }),
    log: { debug: silent, info: silent, warn: silent, error: silent, isEnabled: () => false },
    rpc: {},
  };
}

/** No typed array of a result may be a view of a larger buffer: the whole buffer would be copied to the main thread. */
function assertTrimmed(value: unknown): void {
  if (ArrayBuffer.isView(value)) {
    assert.equal(value.byteLength, value.buffer.byteLength, 'the result is a view of a larger buffer');
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) assertTrimmed(part);
  }
}
