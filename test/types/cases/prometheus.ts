/** Any engine, scheduler and workflow can be observed, with the client library as it is. */
import * as client from 'prom-client';
import { createEngine, nodeFor, Scheduler, Workflow } from '../../../src/index.ts';
import { prometheusExporter } from '../../../src/prometheus.ts';

const engine = createEngine({ services: { db: { find: (id: number): string => String(id) } } });
const node = nodeFor<{ n: number }, { db: { find(id: number): string } }>();
const workflow = new Workflow<'A' | 'Done', { n: number }>('typed', 'A')
  .registerNode('A', node({ name: 'a', outcomes: ['Done'], exec: () => 1 }))
  .addExitStates('Done');

prometheusExporter({ client, engine, scheduler: new Scheduler({ engine }), workflows: [workflow] });
prometheusExporter({ client, registry: new client.Registry<client.OpenMetricsContentType>() });
prometheusExporter({ client, buckets: { exec: [0.1, 1] }, maxLabelValues: 500 }).observe({ engine });

// @ts-expect-error The client library is needed.
prometheusExporter({ engine });
// @ts-expect-error There are no such buckets.
prometheusExporter({ client, buckets: { speed: [1] } });
