/** cano as its users meet it: a workflow of one node per execution, and one batch node for many inputs. */
import { batchNodeFor, createEngine, nodeFor, retry, Workflow, type EngineOptions } from 'cano';
import type { Contender, OpenOptions, Pool } from '../contender.ts';
import { execOf } from '../threads/cano.ts';
import type { FunctionName } from '../threads/functions.ts';
import { untilAll, warmUpInput } from './warm-up.ts';

export const cano: Contender = {
  name: 'cano',
  configuration:
    'a run of a one-node workflow per execution, a plain object as store, no retries; all by one batch node',
  cancel: 'asks; terminates its thread after the default grace of 1 s, and starts another',
  open: async (options) => open(options, { threads: options.threads }),
};

export const canoInline: Contender = {
  name: 'cano inline',
  configuration: 'as cano, with createEngine({ inline: true }): all on the main thread',
  cancel: 'none while something spins: the main thread hears of it afterwards',
  open: async (options) => open(options, { inline: true }),
};

interface One {
  readonly input: unknown;
  output: unknown;
}

interface Many {
  readonly inputs: Iterable<unknown> & object;
  outputs: readonly unknown[];
}

async function open({ task, threads, services }: OpenOptions, where: EngineOptions): Promise<Pool> {
  const engine = createEngine({ ...where, ...(services === undefined ? {} : { services }) });
  const [one, many] = [workflowOfOne(task), workflowOfMany(task)];
  const run: Pool['run'] = async (input, signal) => {
    const store: One = { input, output: undefined };
    await engine.start(one, store, signal === undefined ? undefined : { signal }).result;
    return store.output;
  };
  await engine.warmUp(one);
  await untilAll(engine.threads, async () => {
    await Promise.all(Array.from({ length: threads }, () => run(warmUpInput(task))));
    return engine.stats().threads.filter(({ busyMs }) => busyMs > 0).length;
  });
  return {
    run,
    all: async (inputs) => {
      const store: Many = { inputs: inputs as Many['inputs'], outputs: [] };
      await engine.start(many, store).result;
      return store.outputs;
    },
    close: async () => engine.close(),
  };
}

function workflowOfOne(task: FunctionName) {
  const node = nodeFor<One>()({
    name: task,
    outcomes: ['Done'],
    prep: (store) => store.input,
    exec: execOf(task),
    post: (store, output) => {
      store.output = output;
      return 'Done';
    },
    retry: retry.none(),
  });
  return new Workflow<'Execute' | 'Done', One>('one', 'Execute').registerNode('Execute', node).addExitStates('Done');
}

function workflowOfMany(task: FunctionName) {
  const node = batchNodeFor<Many>()({
    name: task,
    outcomes: ['Done'],
    prep: (store) => store.inputs,
    exec: execOf(task),
    post: (store, outputs) => {
      store.outputs = outputs;
      return 'Done';
    },
    retry: retry.none(),
  });
  return new Workflow<'Execute' | 'Done', Many>('many', 'Execute').registerNode('Execute', node).addExitStates('Done');
}
