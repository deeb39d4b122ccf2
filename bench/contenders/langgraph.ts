/** LangGraph.js. */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import type { WorkflowEngine } from '../workflow-engine.ts';

const State = Annotation.Root({ count: Annotation<number> });

export const langgraph: WorkflowEngine = {
  name: 'langgraph',
  configuration: 'a StateGraph of one number, compiled once, without a checkpointer; recursionLimit above the length',

  chain(length) {
    const add = async ({ count }: typeof State.State): Promise<typeof State.Update> => ({ count: count + 1 });
    const nodes = Array.from({ length }, (_value, nth): [string, typeof add] => [`state-${nth}`, add]);
    const graph = new StateGraph(State)
      .addSequence(nodes)
      .addEdge(START, 'state-0')
      .addEdge(`state-${length - 1}`, END)
      .compile();
    return async () => (await graph.invoke({ count: 0 }, { recursionLimit: length + 1 })).count;
  },
};
