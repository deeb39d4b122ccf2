/** The routes of the JSON API. */
import { Type } from 'typebox';
import type { Engine, Run, Scheduler } from '../index.ts';
import type { AnyPipeline } from './config.ts';
import type { EventFeed } from './event-feed.ts';
import { RequestProblem } from './problem.ts';
import { route, type Answer, type Route } from './route.ts';
import type { RunBook, RunEntry } from './run-book.ts';
import { RunDetail, RunPage, ScheduleInfo, Status, WorkflowInfo } from './schemas.ts';
import type { SseClients } from './sse-clients.ts';
import { runDetail, runSummary, scheduleInfo, workflowInfo } from './views.ts';

const DEFAULT_PAGE = 50;

// What is asked, as JSON Schema and as types. Not in schemas.ts: the types of what a file exports have to be written out.
const RunQuery = Type.Object({
  status: Type.Optional(Status),
  workflow: Type.Optional(Type.String()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: 'default 50' })),
  before: Type.Optional(Type.String({ description: 'id of a run: those that started before it' })),
});

const StartBody = Type.Object(
  {
    inputs: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'by name; the others have their defaults' }),
    ),
    runId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    priority: Type.Optional(Type.Number()),
    timeout: Type.Optional(
      Type.Union([Type.Number(), Type.String()], { description: "milliseconds, or such as '30s'" }),
    ),
  },
  { additionalProperties: false },
);

const TriggerBody = Type.Object(
  { inputs: Type.Optional(Type.Record(Type.String(), Type.Unknown())) },
  { additionalProperties: false },
);

const CancelBody = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 1_000 })) },
  { additionalProperties: false },
);

const EventQuery = Type.Object({
  run: Type.Optional(Type.String({ description: 'of this run only' })),
  type: Type.Optional(Type.String({ description: 'of these types only, with commas between' })),
});

export interface ApiParts {
  readonly engine: Engine;
  readonly scheduler: Scheduler | undefined;
  readonly pipelines: readonly AnyPipeline[];
  readonly book: RunBook;
  readonly feed: EventFeed;
  readonly clients: SseClients;
}

type Inputs = Readonly<Record<string, unknown>>;

/** All routes under /api. */
export function apiRoutes(parts: ApiParts): Route[] {
  return [...workflowRoutes(parts), ...runRoutes(parts), ...scheduleRoutes(parts), eventRoute(parts)];
}

function workflowRoutes({ engine, pipelines, book }: ApiParts): Route[] {
  return [
    route(
      {
        method: 'get',
        path: '/api/workflows',
        summary: 'The workflows that can be started, with their inputs and graphs',
        answers: { 200: { description: 'all of them', schema: Type.Object({ workflows: Type.Array(WorkflowInfo) }) } },
      },
      () => ({ body: { workflows: pipelines.map(workflowInfo) } }),
    ),
    route(
      {
        method: 'post',
        path: '/api/workflows/:id/runs',
        summary: 'Starts a run',
        body: StartBody,
        answers: { 201: { description: 'the run that was started', schema: RunDetail } },
      },
      async ({ params, body }) => {
        const pipeline = pipelineNamed(pipelines, params['id'] as string);
        const { inputs, store } = await storeOf(pipeline, body.inputs);
        const { runId, priority, timeout } = body;
        const start = engine.start.bind(engine) as unknown as (...given: unknown[]) => Run;
        const run = start(pipeline.workflow, store, { runId, priority, timeout });
        book.note(run.id, { inputs });
        return started(run, book);
      },
    ),
  ];
}

function runRoutes({ engine, book }: ApiParts): Route[] {
  const find = (id: string): RunEntry => {
    const entry = book.find(id);
    if (entry !== undefined) return entry;
    throw new RequestProblem(
      404,
      `there is no run '${id}': it was never here, or is not kept any more (the last ${book.limit} are)`,
    );
  };
  return [
    route(
      {
        method: 'get',
        path: '/api/runs',
        summary: 'Runs under way and the last ones that have ended, the latest start first',
        query: RunQuery,
        answers: { 200: { description: 'a page of them', schema: RunPage } },
      },
      ({ query: { status, workflow, limit = DEFAULT_PAGE, before } }) => {
        const anchor = before === undefined ? undefined : book.find(before);
        if (before !== undefined && anchor === undefined) {
          throw new RequestProblem(
            400,
            `'before' names the run '${before}', which is not kept any more: begin with the first page`,
          );
        }
        const rest = book
          .all()
          .filter(
            (entry) =>
              (status ?? entry.report.status) === entry.report.status &&
              (workflow ?? entry.report.workflow) === entry.report.workflow &&
              (anchor === undefined || comesAfter(entry, anchor)),
          );
        const page = rest.slice(0, limit);
        const last = page.at(-1);
        return {
          body: {
            runs: page.map(runSummary),
            ...(rest.length > limit && last !== undefined ? { next: last.report.runId } : {}),
            kept: book.limit,
            dropped: book.dropped,
          },
        };
      },
    ),
    route(
      {
        method: 'get',
        path: '/api/runs/:id',
        summary: 'One run, with the figures of its nodes and what it waits for',
        answers: { 200: { description: 'the run', schema: RunDetail } },
      },
      ({ params }) => {
        const entry = find(params['id'] as string);
        return { body: runDetail(entry, engine.explain(entry.report.runId)?.text) };
      },
    ),
    route(
      {
        method: 'post',
        path: '/api/runs/:id/cancel',
        summary: 'Cancels a run; what it executes is stopped',
        body: CancelBody,
        answers: { 202: { description: 'it is being stopped', schema: RunDetail } },
      },
      ({ params, body }) => {
        const entry = find(params['id'] as string);
        const { runId, status } = entry.report;
        if (!engine.cancel(runId, new Error(body.reason ?? 'cancelled through the API'))) {
          throw new RequestProblem(409, `run '${runId}' has ended already (${status})`);
        }
        return { status: 202, body: runDetail(find(runId), undefined) };
      },
    ),
  ];
}

function scheduleRoutes({ scheduler, pipelines, book }: ApiParts): Route[] {
  const present = (): Scheduler => {
    if (scheduler !== undefined) return scheduler;
    throw new RequestProblem(404, 'there is no scheduler here');
  };
  const change = (what: 'pause' | 'resume', summary: string): Route =>
    route(
      {
        method: 'post',
        path: `/api/schedules/:id/${what}`,
        summary,
        answers: { 200: { description: 'how it stands now', schema: ScheduleInfo } },
      },
      ({ params }) => {
        const id = params['id'] as string;
        present()[what](id);
        return { body: scheduleInfo(present().status(id)) };
      },
    );
  return [
    route(
      {
        method: 'get',
        path: '/api/schedules',
        summary: 'All schedules: when they fire, and how they fared',
        answers: { 200: { description: 'all of them', schema: Type.Object({ schedules: Type.Array(ScheduleInfo) }) } },
      },
      () => ({ body: { schedules: (scheduler?.list() ?? []).map(scheduleInfo) } }),
    ),
    route(
      {
        method: 'get',
        path: '/api/schedules/:id',
        summary: 'One schedule',
        answers: { 200: { description: 'the schedule', schema: ScheduleInfo } },
      },
      ({ params }) => ({ body: scheduleInfo(present().status(params['id'] as string)) }),
    ),
    route(
      {
        method: 'post',
        path: '/api/schedules/:id/trigger',
        summary:
          'Starts a run of a schedule now, by its overlap policy; with inputs, if its workflow is one of those here',
        body: TriggerBody,
        answers: { 201: { description: 'the run that was started', schema: RunDetail } },
      },
      async ({ params, body }) => {
        const id = params['id'] as string;
        const workflow = present().workflowOf(id);
        if (body.inputs === undefined) return started(await present().trigger(id), book);
        const pipeline = pipelines.find((each) => each.workflow === workflow);
        if (pipeline === undefined) {
          throw new RequestProblem(
            400,
            `schedule '${id}' takes no inputs: its workflow '${workflow.name}' is not one of the pipelines in 'workflows' of the configuration`,
          );
        }
        const { inputs, store } = await storeOf(pipeline, body.inputs);
        const run = await present().trigger(id, { store });
        book.note(run.id, { inputs });
        return started(run, book);
      },
    ),
    change('pause', 'No fires until it is resumed; runs under way go on'),
    change('resume', 'Fires again, also after it has tripped'),
  ];
}

function eventRoute({ feed, clients }: ApiParts): Route {
  return route(
    {
      method: 'get',
      path: '/api/events',
      summary:
        'All events of runs, threads and schedules as they come (server-sent events); resumes with Last-Event-ID',
      query: EventQuery,
      answers: { 200: { description: 'a stream that does not end', type: 'text/event-stream' } },
    },
    ({ query: { run, type }, headers }) =>
      clients.open({
        feed,
        filter: { run, types: type === undefined ? undefined : new Set(type.split(',').map((each) => each.trim())) },
        lastEventId: headers.get('last-event-id') ?? undefined,
      }),
  );
}

function comesAfter({ report: a }: RunEntry, { report: b }: RunEntry): boolean {
  return a.startedAt < b.startedAt || (a.startedAt === b.startedAt && a.runId < b.runId);
}

function pipelineNamed(pipelines: readonly AnyPipeline[], id: string): AnyPipeline {
  const found = pipelines.find((pipeline) => nameOf(pipeline) === id);
  if (found !== undefined) return found;
  const known = pipelines.map((pipeline) => `'${nameOf(pipeline)}'`);
  throw new RequestProblem(
    404,
    `there is no workflow '${id}': ${known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`}`,
  );
}

async function storeOf(pipeline: AnyPipeline, given: Inputs | undefined): Promise<{ inputs: Inputs; store: unknown }> {
  const inputs = pipeline.withDefaults(given as Parameters<AnyPipeline['withDefaults']>[0]) as Inputs;
  pipeline.checkPaths(inputs, ({ name }) => `input '${name}'`);
  return { inputs, store: await pipeline.store(inputs as Parameters<AnyPipeline['store']>[0]) };
}

function started(run: Run, book: RunBook): Answer {
  const entry = book.find(run.id);
  if (entry === undefined) throw new Error(`run '${run.id}' is not in the book`);
  return {
    status: 201,
    body: runDetail(entry, undefined),
    headers: { location: `/api/runs/${encodeURIComponent(run.id)}` },
  };
}

function nameOf({ workflow }: AnyPipeline): string {
  return (workflow as { readonly name: string }).name;
}
