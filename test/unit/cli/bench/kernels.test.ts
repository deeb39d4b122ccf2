/** The kernels of --builtin give the results that they must, and would notice if they did not. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { builtinPipeline } from '../../../../src/cli/bench/builtin.ts';
import { KERNEL_TEXTS, type KernelName } from '../../../../src/cli/bench/kernel-texts.ts';
import { KERNELS, loadNode } from '../../../../src/cli/bench/kernels.ts';
import { createEngine, MemoryStore } from '../../../../src/index.ts';

const engine = createEngine({ inline: true });
after(() => engine.close());

const NAMES = Object.keys(KERNEL_TEXTS) as KernelName[];

/** What a node that does not work might give. */
const BROKEN: Readonly<Record<KernelName, (result: unknown) => unknown>> = {
  monteCarlo: (result) => ({ ...(result as object), mean: 1 }),
  alignSequences: () => ({ targetBegin: 5_999, targetEnd: 6_000 }),
  fitFold: (result) => ({ ...(result as object), mse: 1e3 }),
  compress: (result) => {
    const { bytes } = result as { readonly bytes: Uint8Array };
    const stored = new Uint8Array(bytes);
    // The checksum of gzip stands at its end.
    stored.set([0, 0, 0, 0], stored.length - 8);
    return { bytes: stored };
  },
  minhash: () => new Uint32Array([Math.random() * 2 ** 32]),
};

describe('the kernels', () => {
  for (const name of NAMES) {
    it(`${name} gives what it must`, async () => {
      const pipeline = await builtinPipeline(name);
      const inputs = pipeline.parse(new Map([['scale', '0.002']]));
      const run = engine.start(pipeline.workflow as never, (await pipeline.store(inputs)) as never);
      const { state, report } = await run.result;
      assert.equal(state, 'Done');
      assert.ok((report().nodes[0]?.executions ?? 0) >= 4, 'some executions');
    });

    it(`${name} notices a wrong result`, async () => {
      const { make, node } = KERNELS[name];
      const { exec, work } = make(await loadNode(node));
      const { items, problem } = work(0.001);
      assert.equal(exec.kind, 'thread');
      // Results of right shape from the node itself, then broken.
      const results = await resultsOf(name);
      assert.equal(problem(results), undefined);
      assert.equal(results.length, items.length);
      let message: string | undefined;
      try {
        message = problem(results.map(BROKEN[name]));
      } catch (error) {
        // zlib's own check.
        message = (error as Error).message;
      }
      assert.equal(typeof message, 'string', 'the broken results passed');
    });
  }

  it('are as much work as is asked for', async () => {
    const { work } = KERNELS.monteCarlo.make(await loadNode('monteCarlo'));
    assert.equal(work(0.5).items.length, work(1).items.length / 2);
  });

  it('of another name are refused', async () => {
    await assert.rejects(() => builtinPipeline('minhsh'), { code: 'CANO_USAGE', message: /did you mean 'minhash'\?/ });
    await assert.rejects(() => builtinPipeline('constructor'), { message: /there are monteCarlo, alignSequences/ });
  });
});

/** What the node itself makes of its smallest work. */
async function resultsOf(name: KernelName): Promise<readonly unknown[]> {
  const { batchNodeFor, Workflow } = await import('../../../../src/index.ts');
  const { exec, work } = KERNELS[name].make(await loadNode(KERNELS[name].node));
  type Schema = { results: readonly unknown[] };
  const { items, common } = work(0.001);
  const collect = batchNodeFor<MemoryStore<Schema>>()({
    name: 'collect',
    outcomes: ['Done'],
    prep: () => ({ items, common }),
    exec,
    post: (store, results) => {
      store.put('results', results);
      return 'Done';
    },
  });
  const store = new MemoryStore<Schema>({});
  const workflow = new Workflow<'Collect' | 'Done', MemoryStore<Schema>>('collect', 'Collect')
    .registerNode('Collect', collect)
    .addExitStates('Done');
  await engine.start(workflow, store).result;
  return store.get('results');
}
