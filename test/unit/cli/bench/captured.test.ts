import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { captureInputs, memoryLimit } from '../../../../src/cli/bench/captured.ts';
import { batchNodeFor, createEngine, nodeFor, retry, Workflow, type Engine, type Run } from '../../../../src/index.ts';
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

const order: string[] = [];
const turning = defineExec(import.meta.url, {
  name: 'turning',
  exec: async (n: number) => {
    order.push(`${n} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    order.push(`${n} ends`);
  },
});
const overlapping = new Workflow<'Turn' | 'Done', { readonly items: readonly number[] }>('overlapping', 'Turn')
  .registerNode(
    'Turn',
    batchNodeFor<{ readonly items: readonly number[] }>()({
      name: 'turn',
      outcomes: ['Done'],
      prep: ({ items }) => items,
      exec: turning,
      post: () => 'Done',
    }),
  )
  .addExitStates('Done');

const never = defineExec(import.meta.url, { name: 'never', exec: () => new Promise<number>(() => {}) });
const stopped = new Workflow<'Never' | 'Done', Store>('stopped', 'Never')
  .registerNode(
    'Never',
    nodeFor<Store>()({ name: 'never', outcomes: ['Done'], exec: never, timeout: '1ms', retry: retry.none() }),
  )
  .addExitStates('Done');

const weighing = defineExec(import.meta.url, { name: 'weighing', exec: ({ length }: Uint8Array) => length });
const weighed = new Workflow<'Weigh' | 'Done', { readonly views: readonly Uint8Array[] }>('weighed', 'Weigh')
  .registerNode(
    'Weigh',
    batchNodeFor<{ readonly views: readonly Uint8Array[] }>()({
      name: 'weigh',
      outcomes: ['Done'],
      prep: ({ views }) => views,
      exec: weighing,
      post: () => 'Done',
    }),
  )
  .addExitStates('Done');

async function inline(start: (engine: Engine) => Run): Promise<void> {
  const engine = createEngine({ inline: true });
  try {
    await start(engine).result;
  } finally {
    await engine.close();
  }
}

const run = (items: readonly number[][]): Promise<void> => inline((engine) => engine.start(workflow, { items }));

describe('the inputs of the heaviest exec', () => {
  it('are copies of what succeeded, with params and common', async () => {
    const before = new Map(registry());
    const { heaviest } = captureInputs(1e6, assert.fail);
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

  it('are taken one execution at a time, however many are under way', async () => {
    const { heaviest } = captureInputs(1e6, assert.fail);
    await inline((engine) => engine.start(overlapping, { items: [1, 2, 3, 4] }));
    assert.deepEqual(heaviest().inputs, [1, 2, 3, 4]);
    assert.deepEqual(order, ['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends', '4 begins', '4 ends']);
  });

  it('do not wait for an execution that was stopped and does not end', async () => {
    const { heaviest } = captureInputs(1e6, assert.fail);
    await assert.rejects(
      inline((engine) => engine.start(stopped, { items: [] })),
      /timeout/,
    );
    await inline((engine) => engine.start(overlapping, { items: [5] }));
    assert.deepEqual(heaviest().inputs, [5]);
  });

  it('are as large as what execs see of them, and none when that is too much', async () => {
    const slab = new ArrayBuffer(1e6);
    const bytes = (length: number): Uint8Array => new Uint8Array(slab, 0, length);
    const within = captureInputs(10_000, assert.fail);
    await inline((engine) => engine.start(weighed, { views: [bytes(3_000), bytes(3_000)] }));
    const { inputs } = within.heaviest();
    assert.deepEqual(
      inputs.map((input) => (input as Uint8Array).buffer.byteLength),
      [3_000, 3_000],
    );
    const told: string[] = [];
    const beyond = captureInputs(10_000, ({ message }) => told.push(message));
    const views = Array.from({ length: 9 }, () => bytes(3_000));
    await inline((engine) => engine.start(weighed, { views }));
    assert.deepEqual(told, ['its inputs take more than 10 kB of memory, and every thread would have a copy of them']);
    assert.throws(() => beyond.heaviest(), /its inputs take more than 10 kB of memory/);
  });

  it('may take less the more threads have a copy of them', () => {
    const [few, many] = [memoryLimit(1), memoryLimit(1_000)];
    assert.ok(few <= 1e9 && many > 0 && many * 100 < few, `${few} ${many}`);
  });

  it('are not there when nothing runs on threads', () => {
    assert.throws(() => captureInputs(1e6, assert.fail).heaviest(), /no exec of it runs on threads/);
  });
});
