/** Rows on observing: what those who listen to an engine add to what it does, beyond the events themselves. */
import * as client from 'prom-client';
import { prometheusExporter } from 'cano/prometheus';
import type { Row } from './row.ts';
import type { Observe } from './workloads/observed.ts';

/** Who observes, and how. */
const OBSERVERS: Readonly<Record<string, Observe>> = {
  trace: (engine) => engine.trace(),
  // Without a scrape.
  metrics: (engine) => prometheusExporter({ client, engine }),
};

function observer(id: string): Observe {
  const found = OBSERVERS[id];
  if (found === undefined) throw new Error(`no observer is called '${id}'`);
  return found;
}

const LENGTH = 10;
/** Of a batch whose items take a millisecond each. */
const ITEMS = 200;

export const observing: readonly Row[] = [
  {
    id: 'observe-transition',
    title: 'Observing: CPU time added to a transition of an inline node (three events), chain of 10',
    unit: 'µs per transition',
    contenders: Object.keys(OBSERVERS),
    budgets: Object.keys(OBSERVERS).map((contender) => ({ contender, atMost: 0.2 })),
    measure: async (id, { quick }) => {
      const { createEngine, nodeFor, Workflow } = await import('cano');
      const { addedBy } = await import('./workloads/observed.ts');
      let workflow: InstanceType<typeof Workflow<string, object>> = new Workflow<string, object>('chain', 'state-0');
      for (let nth = 0; nth < LENGTH; nth += 1) {
        const next = nth + 1 === LENGTH ? 'done' : `state-${nth + 1}`;
        const node = nodeFor<object>()({
          name: `node-${nth}`,
          outcomes: [next],
          prep: () => nth,
          exec: (n) => n + 1,
          post: () => next,
        });
        workflow = workflow.registerNode(`state-${nth}`, node);
      }
      // As in contenders/cano-chain.ts: the compiler cannot tell such states apart.
      const chain = workflow.addExitStates('done') as unknown as InstanceType<
        typeof Workflow<string, object, never, string>
      >;
      const runs = quick ? 1_000 : 10_000;
      return addedBy({
        engines: [createEngine({ inline: true }), createEngine({ inline: true })],
        observe: observer(id),
        work: async (engine) => {
          for (let run = 0; run < runs; run += 1) await engine.start(chain, {}).result;
        },
        count: runs * LENGTH,
        turns: quick ? 5 : 15,
      });
    },
  },
  {
    id: 'observe-1ms',
    title: 'Observing: CPU time added to executions of 1 ms on a thread',
    unit: 'µs per execution',
    contenders: Object.keys(OBSERVERS),
    // 2 %.
    budgets: Object.keys(OBSERVERS).map((contender) => ({ contender, atMost: 20 })),
    measure: async (id, { quick }) => {
      const { batchNodeFor, createEngine, Workflow } = await import('cano');
      const { execOf } = await import('./threads/cano.ts');
      const { addedBy } = await import('./workloads/observed.ts');
      const { spins } = await import('./works.ts');
      const inputs = Array.from({ length: ITEMS }, (_value, n) => spins(1_000).input(n));
      const node = batchNodeFor<object>()({
        name: 'spin',
        outcomes: ['Done'],
        prep: () => inputs,
        exec: execOf('spin'),
        post: () => 'Done',
      });
      const workflow = new Workflow<'Work' | 'Done', object>('spins', 'Work')
        .registerNode('Work', node)
        .addExitStates('Done');
      return addedBy({
        engines: [createEngine({ threads: 1 }), createEngine({ threads: 1 })],
        observe: observer(id),
        work: async (engine) => {
          await engine.start(workflow, {}).result;
        },
        count: ITEMS,
        turns: quick ? 3 : 31,
      });
    },
  },
  {
    id: 'scrape',
    title:
      'Observing: the slowest scrape of a process, after 10,000 workflows, nodes and counters of different names, folded to 200 each',
    unit: 'ms',
    contenders: ['metrics'],
    budgets: [{ contender: 'metrics', atMost: 100 }],
    measure: async () => {
      const { createEngine, nodeFor, Workflow } = await import('cano');
      const engine = createEngine({ inline: true });
      const exporter = prometheusExporter({ client, engine });
      for (let nth = 0; nth < 10_000; nth += 1) {
        const node = nodeFor<object>()({
          name: `node-${nth}`,
          outcomes: ['Done'],
          exec: (_input, ctx) => ctx.counter(`counter-${nth}`).add(1),
        });
        const workflow = new Workflow<'Work' | 'Done', object>(`workflow-${nth}`, 'Work')
          .registerNode('Work', node)
          .addExitStates('Done');
        await engine.start(workflow, {}).result;
      }
      const times: number[] = [];
      let lines = 0;
      for (let scrape = 0; scrape < 11; scrape += 1) {
        const start = performance.now();
        lines = (await exporter.render()).split('\n').length;
        times.push(performance.now() - start);
      }
      const median = times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
      await engine.close();
      // The first finds its code cold.
      return { value: Math.max(...times), also: { 'median ms': median, lines } };
    },
  },
];
