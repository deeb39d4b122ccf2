/** The metrics of a server: those of its engine and scheduler, of its process, and its own. */
import * as client from 'prom-client';
import type { Engine, Scheduler, WorkflowDefinition } from '../index.ts';
import { SERVER_CATALOGUE } from '../observe/metrics/catalogue.ts';
import { processRegistry, prometheusExporter, type PrometheusExporter } from '../prometheus.ts';
import type { AnyPipeline } from './config.ts';
import type { RunBook } from './run-book.ts';
import type { SseClients } from './sse-clients.ts';

export interface ServerMetricsOptions {
  readonly engine: Engine;
  readonly scheduler: Scheduler | undefined;
  readonly pipelines: readonly AnyPipeline[];
  readonly clients: SseClients;
  readonly book: RunBook;
}

export function serverMetrics({
  engine,
  scheduler,
  pipelines,
  clients,
  book,
}: ServerMetricsOptions): PrometheusExporter {
  const registry = processRegistry(client);
  const register = (name: keyof typeof SERVER_CATALOGUE, read: () => number): void => {
    const { type, help } = SERVER_CATALOGUE[name];
    const configuration = { name, help, registers: [registry] };
    if (type === 'gauge') {
      const gauge: client.Gauge = new client.Gauge({ ...configuration, collect: () => gauge.set(read()) });
      return;
    }
    const counter: client.Counter = new client.Counter({
      ...configuration,
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  };
  register('cano_server_event_clients', () => clients.size);
  register('cano_server_event_clients_dropped_total', () => clients.dropped);
  register('cano_server_runs_forgotten_total', () => book.dropped);
  const workflows = pipelines.map(({ workflow }) => workflow as { readonly definition: WorkflowDefinition });
  return prometheusExporter({ client, registry, engine, scheduler, workflows });
}
