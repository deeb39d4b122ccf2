/** Ways to give every execution something large: what the contenders of the rows on sharing differ in. */
import { createEngine, MemoryStore, nodeFor, retry, Workflow } from 'cano';
import type { Contender } from '../contender.ts';
import { pickFromStore } from '../threads/cano.ts';
import type { Payload } from '../threads/functions.ts';
import { cano } from './cano.ts';
import { untilAll } from './warm-up.ts';

export const canoShared: Contender = {
  ...cano,
  name: 'cano, share()',
  configuration: 'as cano; what is large is a shared value in each input',
};

export const canoReads: Contender = {
  name: 'cano, reads',
  configuration:
    'as cano, with one MemoryStore for all runs, whose table the node reads; one run in 100 puts a new one',
  async open({ threads }) {
    const engine = createEngine({ threads });
    const store = new MemoryStore<{ rows: Payload['rows'] }>({ rows: [{ id: 0, name: '', score: 0 }] });
    const inputs = new Map<string, number>();
    const outputs = new Map<string, unknown>();
    const node = nodeFor<typeof store>()({
      name: 'pick',
      outcomes: ['Done'],
      reads: ['rows'],
      prep: (_store, ctx) => inputs.get(ctx.runId) ?? 0,
      exec: pickFromStore,
      post: (_store, output, ctx) => {
        outputs.set(ctx.runId, output);
        return 'Done';
      },
      retry: retry.none(),
    });
    const workflow = new Workflow<'Execute' | 'Done', typeof store>('one', 'Execute')
      .registerNode('Execute', node)
      .addExitStates('Done');
    let executed = 0;
    const execute = async (id: number): Promise<unknown> => {
      const run = engine.start(workflow, store);
      inputs.set(run.id, id);
      await run.result;
      const output = outputs.get(run.id);
      inputs.delete(run.id);
      outputs.delete(run.id);
      return output;
    };
    await engine.warmUp(workflow);
    await untilAll(threads, async () => {
      await Promise.all(Array.from({ length: threads }, () => execute(0)));
      return engine.stats().threads.filter(({ busyMs }) => busyMs > 0).length;
    });
    return {
      run: async (input) => {
        const { id, rows } = input as Payload;
        if (executed % 100 === 0) store.put('rows', [...rows]);
        executed += 1;
        return execute(id);
      },
      close: async () => engine.close(),
    };
  },
};
