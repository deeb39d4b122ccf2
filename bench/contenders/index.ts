/** All contenders, loaded when they are asked for: a process must hold no other engine than the one that it measures. */
import type { Contender } from '../contender.ts';
import type { WorkflowEngine } from '../workflow-engine.ts';

export const contenders = {
  raw: async () => (await import('./raw-workers.ts')).rawWorkers,
  bare: async () => (await import('./bare-loop.ts')).bareLoop,
  piscina: async () => (await import('./piscina.ts')).piscina,
  piscinaByHand: async () => (await import('./piscina.ts')).piscinaByHand,
  piscinaBest: async () => (await import('./piscina.ts')).piscinaBest,
  tinypool: async () => (await import('./tinypool.ts')).tinypool,
  tinypoolBest: async () => (await import('./tinypool.ts')).tinypoolBest,
  poolifier: async () => (await import('./poolifier.ts')).poolifier,
  workerpool: async () => (await import('./workerpool.ts')).workerpool,
  bree: async () => (await import('./bree.ts')).bree,
  cano: async () => (await import('./cano.ts')).cano,
  canoShared: async () => (await import('./sharing.ts')).canoShared,
  canoReads: async () => (await import('./sharing.ts')).canoReads,
  canoInline: async () => (await import('./cano.ts')).canoInline,
  canoDispatcher: async () => (await import('./cano-dispatcher.ts')).canoDispatcher,
} as const satisfies Readonly<Record<string, () => Promise<Contender>>>;

export const workflowEngines = {
  handWritten: async () => (await import('./hand-written.ts')).handWritten,
  canoChain: async () => (await import('./cano-chain.ts')).canoChain,
  pocketflow: async () => (await import('./pocketflow.ts')).pocketflow,
  xstate: async () => (await import('./xstate.ts')).xstate,
  langgraph: async () => (await import('./langgraph.ts')).langgraph,
} as const satisfies Readonly<Record<string, () => Promise<WorkflowEngine>>>;
