/** cano as a workflow engine on the main thread: no thread is involved, and none is started. */
import { MemoryStore, nodeFor, Workflow } from 'cano';
import type { WorkflowEngine } from '../workflow-engine.ts';

type Store = MemoryStore<{ count: number }>;

export const canoChain: WorkflowEngine = {
  name: 'cano',
  configuration:
    'inline nodes with prep, exec and post as plain functions; MemoryStore, default retries, no subscriber',

  chain(length) {
    let workflow: Workflow<string, Store> = new Workflow<string, Store>('chain', 'state-0');
    for (let nth = 0; nth < length; nth += 1) {
      const next = nth + 1 === length ? 'done' : `state-${nth + 1}`;
      const node = nodeFor<Store>()({
        name: `add-${nth}`,
        outcomes: [next],
        prep: (store) => store.get('count'),
        exec: (count) => count + 1,
        post: (store, count) => {
          store.put('count', count);
          return next;
        },
      });
      workflow = workflow.registerNode(`state-${nth}`, node);
    }
    // The compiler cannot tell states of any name apart, so it cannot see that all of them are handled; `orchestrate` checks.
    const chain = workflow.addExitStates('done') as unknown as Workflow<string, Store, never, string>;
    return async () => {
      const store: Store = new MemoryStore({ count: 0 });
      await chain.orchestrate(store);
      return store.get('count');
    };
  },
};
