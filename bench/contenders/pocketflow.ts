/** PocketFlow: nodes with prep, exec and post over a shared object, as cano's. */
import { Flow, Node } from 'pocketflow';
import type { WorkflowEngine } from '../workflow-engine.ts';

interface Shared {
  count: number;
}

class Add extends Node<Shared> {
  override async prep(shared: Shared): Promise<unknown> {
    return shared.count;
  }

  override async exec(count: unknown): Promise<unknown> {
    return (count as number) + 1;
  }

  override async post(shared: Shared, _count: unknown, sum: unknown): Promise<string> {
    shared.count = sum as number;
    return 'default';
  }
}

export const pocketflow: WorkflowEngine = {
  name: 'pocketflow',
  configuration:
    'a Flow of Nodes with prep, exec and post, joined by next(); a plain object as shared store; one try each',

  chain(length) {
    const start = new Add();
    let last = start;
    for (let nth = 1; nth < length; nth += 1) last = last.next(new Add());
    const flow = new Flow<Shared>(start);
    return async () => {
      const shared: Shared = { count: 0 };
      await flow.run(shared);
      return shared.count;
    };
  },
};
