/** The kernels as pipelines: `builtin:NAME` wherever the command line takes a file. */
import { batchNodeFor, definePipeline, MemoryStore, NonRetryableError, retry, Workflow } from '../../index.ts';
import type { Pipeline } from '../pipeline-file.ts';
import { suggestion, usageError } from '../usage.ts';
import { KERNEL_TEXTS, type KernelName } from './kernel-texts.ts';
import { KERNELS, loadNode, type Work } from './kernels.ts';

interface Schema {
  work: Work;
}

/**
 * The pipeline of a kernel.
 *
 * @throws CanoError `CANO_USAGE` when there is none of that name
 */
export async function builtinPipeline(name: string): Promise<Pipeline> {
  if (!isKernel(name)) {
    const names = Object.keys(KERNEL_TEXTS);
    throw usageError(
      `there is no builtin kernel '${name}'`,
      suggestion(name, names) ?? `there are ${names.join(', ')}`,
    );
  }
  const kernel = KERNELS[name];
  const { exec, work } = kernel.make(await loadNode(kernel.node));
  const compute = batchNodeFor<MemoryStore<Schema>>()({
    name,
    outcomes: ['Done'],
    prep: (store) => {
      const { items, common } = store.get('work') as Work;
      return { items, common };
    },
    exec,
    post: (store, results) => {
      const problem = store.get('work').problem(results);
      if (problem !== undefined) throw new NonRetryableError(`kernel '${name}' gave a wrong result: ${problem}`);
      return 'Done';
    },
    retry: retry.none(),
  });
  const pipeline = definePipeline({
    description: KERNEL_TEXTS[name],
    workflow: new Workflow<'Compute' | 'Done', MemoryStore<Schema>>(name, 'Compute')
      .registerNode('Compute', compute)
      .addExitStates('Done'),
    inputs: {
      scale: {
        type: 'number',
        default: 1,
        min: 0.001,
        max: 1_000,
        description: 'amount of work; 1 is about a second for one thread',
      },
    },
    // Outside the run, so that generating the data is no part of what is timed.
    store: ({ scale }) => new MemoryStore<Schema>({ work: work(scale) }),
    summary: (store) => `${store.get('work').items.length} executions, results as they must be`,
  });
  // Which store it has, is its own business: the command line takes it as it takes every file's.
  return pipeline as unknown as Pipeline;
}

function isKernel(name: string): name is KernelName {
  return Object.hasOwn(KERNEL_TEXTS, name);
}
