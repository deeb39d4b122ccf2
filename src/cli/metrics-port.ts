/** `cano run --metrics PORT`: the metrics of a run over HTTP, for as long as it lasts. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as client from 'prom-client';
import type { Engine, WorkflowDefinition } from '../index.ts';
import { processRegistry, prometheusExporter } from '../prometheus.ts';
import { usageError } from './usage.ts';

/** Only this machine can reach it. */
const HOST = '127.0.0.1';

export interface MetricsPort {
  readonly url: string;
  close(): void;
}

/**
 * Answers `/metrics`, and nothing else.
 *
 * @param port 0 for any that is free
 * @throws CanoError `CANO_USAGE` (as a rejection) when the port is taken or may not be used
 */
export async function openMetricsPort(
  port: number,
  engine: Engine,
  workflow: { readonly definition: WorkflowDefinition },
): Promise<MetricsPort> {
  const registry = processRegistry(client);
  const exporter = prometheusExporter({ client, registry, engine, workflows: [workflow] });
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] === '/metrics') exporter.handler(request, response);
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('metrics are at /metrics\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        usageError(
          `--metrics: port ${port} of ${HOST} cannot be used (${error.code})`,
          'choose another, or 0 for any that is free',
        ),
      ),
    );
    server.listen(port, HOST, resolve);
  });
  // The run is what keeps the process alive.
  server.unref();
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/metrics`,
    close: () => {
      exporter.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
