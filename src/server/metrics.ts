/** The metrics of a server: those of its engine and scheduler, and its own. */
import type { Engine, Scheduler } from '../index.ts';
import { Metrics } from '../observe/metrics.ts';
import type { RunBook } from './run-book.ts';
import type { SseClients } from './sse-clients.ts';

export interface ServerMetricsOptions {
  readonly engine: Engine;
  readonly scheduler: Scheduler | undefined;
  readonly clients: SseClients;
  readonly book: RunBook;
  readonly version: string;
}

/** Metrics with those of the server added. */
export type ServerMetrics = Metrics;

export function serverMetrics({ engine, scheduler, clients, book, version }: ServerMetricsOptions): ServerMetrics {
  const metrics = new Metrics({ engine, scheduler, version });
  metrics.gauge('server_event_clients', 'Clients that read events', [], (metric) => metric.put({}, clients.size));
  metrics.counter(
    'server_event_clients_dropped_total',
    'Clients let go of because they did not keep up',
    [],
    (metric) => metric.put({}, clients.dropped),
  );
  metrics.counter('server_runs_forgotten_total', 'Ended runs that are not kept any more', [], (metric) =>
    metric.put({}, book.dropped),
  );
  return metrics;
}
