import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { captureInputs } from '../../../../src/cli/bench/captured.ts';
import { batchNodeFor, createEngine, nodeFor, retry, Workflow } from '../../../../src/index.ts';
import { defineExec, registry } from '../../../../src/node.ts';

const sleep = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

const sorting = defineExec(import.meta.url, {
  name: 'sorting',
  params: { ms: 2 },
  exec: (numbers: number[], ctx) => {
    sleep(ctx.params.ms);
    if (numbers.length === 0 && ctx.attempt === 1) throw new Error('an empty list, at first');
    // oxlint-disable-next-line unicorn/no-array-sort -- it is to change what it is given
    return numbers.sort((a, b) => a - b).length;
  },
});
const short = defineExec(import.meta.url, { name: 'short', exec: async (n: number) => n + 1 });

interface Store {
  items: readonly number[][];
}

const workflow = new Workflow<'Short' | 'Sort' | 'Done', Store>('captured', 'Short')
  .registerNode(
    'Short',
    nodeFor<Store>()({ name: 'short', outcomes: ['Sort'], prep: () => 1, exec: short, post: () => 'Sort' }),
  )
  .registerNode(
    'Sort',
    batchNodeFor<Store>()({
      name: 'sort',
      outcomes: ['Done'],
      prep: (store) => ({ items: store.items, common: 'the same' }),
      exec: sorting.with({ ms: 3 }),
      post: () => 'Done',
      retry: retry.fixed({ retries: 1, delay: 0 }),
    }),
  )
  .addExitStates('Done');

async function run(items: readonly number[][]): Promise<void> {
  const engine = createEngine({ inline: true });
  try {
    await engine.start(workflow, { items }).result;
  } finally {
    await engine.close();
  }
}

describe('the inputs of the heaviest exec', () => {
  it('are copies of what succeeded, with params and common', async () => {
    const before = new Map(registry());
    const { heaviest } = captureInputs();
    await run([[3, 1, 2], [], [2, 1]]);
    const work = heaviest();
    assert.equal(work.key, sorting.key);
    assert.deepEqual(work.params, { ms: 3 });
    assert.deepEqual(work.commons, ['the same']);
    assert.deepEqual(work.commonOf, [0, 0, 0]);
    // As they were before they were sorted; the one that failed once is there once.
    assert.deepEqual(
      work.inputs.toSorted((a, b) => (a as number[]).length - (b as number[]).length),
      [[], [2, 1], [3, 1, 2]],
    );
    assert.ok(work.share > 0.5 && work.share <= 1, `share ${work.share}`);
    assert.ok(work.tookMs >= 9, `${work.tookMs} ms`);
    assert.deepEqual(new Map(registry()), before, 'the execs are what they were');
  });

  it('are not there when nothing runs on threads', () => {
    assert.throws(() => captureInputs().heaviest(), /no exec of it runs on threads/);
  });
});
