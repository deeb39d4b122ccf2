/** What one writes without an engine. */
import type { WorkflowEngine } from '../workflow-engine.ts';

interface Store {
  count: number;
}

type State = (store: Store) => Promise<string>;

export const handWritten: WorkflowEngine = {
  name: 'hand-written',
  configuration: 'an object of async functions, each of which returns the name of the next, called in a loop',

  chain(length) {
    const states: Record<string, State> = {};
    for (let nth = 0; nth < length; nth += 1) {
      const next = nth + 1 === length ? 'done' : `state-${nth + 1}`;
      states[`state-${nth}`] = async (store) => {
        store.count += 1;
        return next;
      };
    }
    return async () => {
      const store: Store = { count: 0 };
      for (let at = 'state-0'; at !== 'done';) {
        const state = states[at];
        if (state === undefined) throw new Error(`there is no state '${at}'`);
        at = await state(store);
      }
      return store.count;
    };
  },
};
