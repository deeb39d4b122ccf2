/** What machines look at: health, readiness, metrics. */
import type { PrometheusExporter } from '../prometheus.ts';
import { route, type Route } from './route.ts';

export interface Readiness {
  /** Whether new work is taken. */
  isReady: () => boolean;
}

export function statusRoutes(metrics: PrometheusExporter, readiness: Readiness): Route[] {
  return [
    route(
      {
        method: 'get',
        path: '/healthz',
        summary: 'Whether the process answers',
        answers: { 200: { description: 'it does', type: 'text/plain' } },
      },
      () => text(200, 'ok'),
    ),
    route(
      {
        method: 'get',
        path: '/readyz',
        summary: 'Whether it takes new work',
        answers: {
          200: { description: 'it does', type: 'text/plain' },
          503: { description: 'it starts up or shuts down', type: 'text/plain' },
        },
      },
      () => (readiness.isReady() ? text(200, 'ready') : text(503, 'not ready')),
    ),
    route(
      {
        method: 'get',
        path: '/metrics',
        summary: 'Metrics in the text format of Prometheus',
        answers: { 200: { description: 'all of them', type: 'text/plain' } },
      },
      async () => new Response(await metrics.render(), { headers: { 'content-type': metrics.contentType } }),
    ),
  ];
}

function text(status: number, body: string): Response {
  return new Response(`${body}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
}
