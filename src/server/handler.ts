/**
 * The HTTP side of an engine, to be mounted in any server.
 *
 * Owns: routes, who may call them, the record of runs, the feed of events.
 * Does not own: sockets and their limits (listen.ts), the engine and the scheduler.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { InvalidOptionError, type Engine, type Scheduler } from '../index.ts';
import { apiRoutes } from './api.ts';
import type { AnyPipeline } from './config.ts';
import { EventFeed } from './event-feed.ts';
import { guard, type GuardOptions } from './guard.ts';
import { serverMetrics } from './metrics.ts';
import { openApiOf } from './openapi.ts';
import { problem, problemOf } from './problem.ts';
import type { Answer, Route } from './route.ts';
import { RunBook } from './run-book.ts';
import { SseClients } from './sse-clients.ts';
import { statusRoutes, type Readiness } from './status-routes.ts';

const DEFAULT_BODY_LIMIT = 1024 * 1024;
const DEFAULT_HISTORY = 1_000;
const DEFAULT_EVENTS_KEPT = 10_000;
const DEFAULT_CLIENTS = 100;

export interface HandlerOptions {
  readonly scheduler?: Scheduler | undefined;
  /** What can be started through the API. @default none */
  readonly workflows?: readonly AnyPipeline[] | undefined;
  /** Everything under /api asks for it as `Authorization: Bearer …`. @default none */
  readonly token?: string | undefined;
  /** Names in the Host header, besides those of this machine, that are answered. With a token and none of these, all are. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Origins whose pages may change something, such as 'https://ops.example.com'. @default that of the server only */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Largest body of a request in bytes. @default 1 MiB */
  readonly bodyLimit?: number | undefined;
  /** Ended runs that are kept in memory. @default 1,000 */
  readonly history?: number | undefined;
  /** Events that are kept for clients that come back. @default 10,000 */
  readonly eventsKept?: number | undefined;
  /** Clients that may read events at once. @default 100 */
  readonly maxClients?: number | undefined;
  /** Shown by the OpenAPI document. @default 'unknown' */
  readonly version?: string | undefined;
  /** Told of errors that nobody has foreseen; the client gets a 500 without details. @default a process warning */
  readonly onError?: ((error: unknown, request: Request) => void) | undefined;
}

/** A listener for `node:http`, and what is made of it for others. */
export interface Handler {
  (request: IncomingMessage, response: ServerResponse): void;
  /** For servers that speak the Fetch API. */
  fetch(request: Request): Promise<Response>;
  /** What `/readyz` says. @default ready as long as the scheduler, if there is one, runs */
  readiness: Readiness;
  /** Ends the streams of events and stops listening to the engine. */
  close(): void;
}

/**
 * Makes the handler of an engine: `/metrics`, `/healthz`, `/readyz`, the JSON API and its OpenAPI document.
 *
 * @throws InvalidOptionError when an option cannot be used
 * @example
 * const handler = createHandler(engine, { scheduler, workflows: [corpus] });
 * createServer(handler).listen(9464, '127.0.0.1');
 * // or in Express: app.use('/cano', handler)
 */
export function createHandler<Services>(engine: Engine<Services>, options: HandlerOptions = {}): Handler {
  const erased = engine as unknown as Engine;
  const { scheduler, workflows: pipelines = [], version = 'unknown', token } = options;
  if (token !== undefined && (typeof token !== 'string' || token === '')) {
    throw new InvalidOptionError('createHandler: token must be a string that is not empty');
  }
  const book = new RunBook(erased, countOf('history', options.history ?? DEFAULT_HISTORY));
  const feed = new EventFeed(countOf('eventsKept', options.eventsKept ?? DEFAULT_EVENTS_KEPT));
  const clients = new SseClients(countOf('maxClients', options.maxClients ?? DEFAULT_CLIENTS));
  const limit = countOf('bodyLimit', options.bodyLimit ?? DEFAULT_BODY_LIMIT);
  const metrics = serverMetrics({ engine: erased, scheduler, pipelines, clients, book });

  const offs = [
    erased.listen((event) => {
      if (event.type === 'run.finished') book.ended(event);
      feed.push(event);
    }),
    scheduler?.listen((event) => {
      if (event.type === 'schedule.started') book.note(event.runId, { schedule: event.schedule });
      feed.push(event);
    }),
  ];
  const readiness: Readiness = { isReady: () => scheduler?.isRunning ?? true };
  const api = apiRoutes({ engine: erased, scheduler, pipelines, book, feed, clients });
  const routes = [...statusRoutes(metrics, readiness), ...api];
  const guardOptions: GuardOptions = {
    token,
    allowedHosts: (options.allowedHosts ?? []).map((host) => host.toLowerCase()),
    allowedOrigins: options.allowedOrigins ?? [],
  };
  const app = appOf(routes, guardOptions, limit, options.onError ?? warn, openApiOf(routes, version));
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const handler = (request: IncomingMessage, response: ServerResponse): void => void listener(request, response);
  return Object.assign(handler, {
    fetch: async (request: Request) => app.fetch(request),
    readiness,
    close: () => {
      for (const off of offs) off?.();
      metrics.close();
      clients.close();
    },
  });
}

function appOf(
  routes: readonly Route[],
  guardOptions: GuardOptions,
  limit: number,
  onError: NonNullable<HandlerOptions['onError']>,
  document: unknown,
): Hono {
  const app = new Hono();
  app.use('*', async ({ req }, next) => {
    guard(req.raw, req.path.startsWith('/api'), guardOptions);
    await next();
  });
  app.use(
    '*',
    bodyLimit({ maxSize: limit, onError: () => problem(413, `the body is larger than ${limit} bytes (bodyLimit)`) }),
  );
  for (const each of routes) {
    app.on(each.method, each.path, async ({ req }) => responseOf(await each.handle(req.raw, req.param())));
  }
  app.get('/api/openapi.json', () => responseOf({ body: document }));
  app.notFound(({ req }) => {
    const others = routes.filter((route) => matches(route.path, req.path)).map(({ method }) => method.toUpperCase());
    return others.length === 0
      ? problem(404, `there is nothing at ${req.path}: /api/openapi.json lists what there is`)
      : problem(405, `${req.path} answers ${others.join(', ')} only`, undefined, { allow: others.join(', ') });
  });
  app.onError((error, { req }) => {
    const foreseen = problemOf(error);
    if (foreseen !== undefined) return foreseen;
    onError(error, req.raw);
    return problem(500, 'something went wrong that nobody has foreseen; the log of the server says what');
  });
  return app;
}

function responseOf(answer: Answer): Response {
  if (answer instanceof Response) return answer;
  const { status = 200, body, headers } = answer;
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith(':') || part === given[index]);
}

function countOf(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidOptionError(`createHandler: ${option} must be an integer >= 1, got ${String(value)}`);
}

function warn(error: unknown, request: Request): void {
  process.emitWarning(
    `cano: ${request.method} ${new URL(request.url).pathname} failed: ${String((error as Error)?.stack ?? error)}`,
  );
}
