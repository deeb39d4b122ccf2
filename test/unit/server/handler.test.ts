/** The handler of an engine, asked without a socket: routes, schemas, guards, problems. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Type, type TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import {
  createEngine,
  definePipeline,
  MemoryStore,
  nodeFor,
  Scheduler,
  Workflow,
  type Engine,
} from '../../../src/index.ts';
import { createHandler, type Handler, type HandlerOptions } from '../../../src/server/index.ts';
import { Problem, RunDetail, RunPage, ScheduleInfo, WorkflowInfo } from '../../../src/server/schemas.ts';

interface Schema {
  times: number;
  made: number;
}

const ORIGIN = 'http://127.0.0.1:9464';
const node = nodeFor<MemoryStore<Schema>>();

const work = new Workflow<'Work' | 'Done', MemoryStore<Schema>>('work', 'Work')
  .registerNode(
    'Work',
    node({
      name: 'work',
      outcomes: ['Done'],
      prep: (store) => store.get('times'),
      exec: async (times, { signal }) => {
        if (times > 100)
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error)),
          );
        return times * 2;
      },
      post: (store, made) => (store.put('made', made), 'Done'),
    }),
  )
  .addExitStates('Done');

const pipeline = definePipeline({
  description: 'Doubles a number.',
  workflow: work,
  inputs: {
    times: {
      type: 'integer',
      default: 1,
      min: 0,
      description: 'what to double; above 100 it waits until it is cancelled',
    },
  },
  store: ({ times }) => new MemoryStore<Schema>({ times }),
});

interface Asking extends AsyncDisposable {
  readonly engine: Engine;
  readonly scheduler: Scheduler;
  readonly handler: Handler;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

async function asking(options: HandlerOptions = {}): Promise<Asking> {
  const engine = createEngine({ inline: true });
  const scheduler = new Scheduler({ engine });
  scheduler.manual('byHand', work, { store: () => new MemoryStore<Schema>({ times: 5 }), overlap: 'skip' });
  scheduler.cron('nightly', work, '0 3 * * *', {
    timezone: 'Europe/Madrid',
    store: () => new MemoryStore<Schema>({ times: 1 }),
  });
  await scheduler.start();
  const handler = createHandler(engine, { scheduler, workflows: [pipeline], ...options });
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await handler.fetch(new Request(path.startsWith('http') ? path : ORIGIN + path, init));
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
  };
  return {
    engine,
    scheduler,
    handler,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    [Symbol.asyncDispose]: async () => {
      handler.close();
      await scheduler.stopImmediately();
      await engine.close({ timeout: 0 });
    },
  };
}

function assertFits(schema: TSchema, value: unknown): void {
  assert.ok(Check(schema, value), JSON.stringify(Errors(schema, value)));
}

function assertProblem({ status, body, headers }: Answer, expected: number, detail: RegExp): void {
  assert.equal(status, expected, JSON.stringify(body));
  assert.equal(headers.get('content-type'), 'application/problem+json');
  assertFits(Problem, body);
  assert.match(String(body['detail']), detail);
}

describe('workflows and runs', () => {
  it('are listed, started with inputs, shown and cancelled', async () => {
    await using server = await asking();
    const { body: listed } = await server.get('/api/workflows');
    assertFits(Type.Object({ workflows: Type.Array(WorkflowInfo) }), listed);
    assert.match(JSON.stringify(listed), /"id":"work".*"name":"times".*"min|rule":"an integer >= 0"/);

    const made = await server.post('/api/workflows/work/runs', { inputs: { times: 21 }, runId: 'mine' });
    assert.deepEqual([made.status, made.headers.get('location')], [201, '/api/runs/mine']);
    assertFits(RunDetail, made.body);
    const [run] = server.engine.runs();
    await run?.result;
    const { body: shown } = await server.get('/api/runs/mine');
    assertFits(RunDetail, shown);
    assert.deepEqual([shown['status'], shown['state'], shown['inputs']], ['completed', 'Done', { times: 21 }]);

    await server.post('/api/workflows/work/runs', { inputs: { times: 101 }, runId: 'long' });
    await server.engine.runs()[0]?.started;
    const { body: going } = await server.get('/api/runs/long');
    assert.equal(going['status'], 'running');
    assert.match(String(going['waitsFor']), /run 'long' of workflow 'work' is running in state 'Work'/);
    const cancelled = await server.post('/api/runs/long/cancel', { reason: 'enough' });
    assert.equal(cancelled.status, 202);
    await server.engine.runs()[0]?.result.catch(() => {});
    const { body: ended } = await server.get('/api/runs/long');
    assert.deepEqual([ended['status'], (ended['error'] as { code: string }).code], ['cancelled', 'CANO_RUN_CANCELLED']);
    assertProblem(await server.post('/api/runs/long/cancel'), 409, /run 'long' has ended already \(cancelled\)/);
  });

  it('come in pages, filtered, the latest first; what is not kept is counted', async () => {
    await using server = await asking({ history: 5 });
    for (let n = 0; n < 8; n += 1) {
      await server.post('/api/workflows/work/runs', { runId: `r${n}` });
      await server.engine.runs()[0]?.result;
    }
    const ids = ({ body }: Answer): string[] => (body['runs'] as { id: string }[]).map(({ id }) => id);
    const first = await server.get('/api/runs?limit=3');
    assertFits(RunPage, first.body);
    assert.deepEqual([ids(first), first.body['kept'], first.body['dropped']], [['r7', 'r6', 'r5'], 5, 3]);
    const second = await server.get(`/api/runs?limit=3&before=${String(first.body['next'])}`);
    assert.deepEqual([ids(second), second.body['next']], [['r4', 'r3'], undefined]);
    assert.deepEqual(ids(await server.get('/api/runs?status=failed')), []);
    assert.deepEqual(ids(await server.get('/api/runs?workflow=work&status=completed&limit=1')), ['r7']);
    assertProblem(await server.get('/api/runs?before=r0'), 400, /names the run 'r0', which is not kept any more/);
    assertProblem(await server.get('/api/runs/r0'), 404, /there is no run 'r0': .*the last 5 are/);
  });

  for (const [what, path, body, status, detail] of [
    ['an unknown workflow', '/api/workflows/nope/runs', {}, 404, /there is no workflow 'nope': there are 'work'/],
    [
      'an input of a wrong type',
      '/api/workflows/work/runs',
      { inputs: { times: 'x' } },
      400,
      /input 'times' must be an integer >= 0, got 'x'/,
    ],
    [
      'an unknown input',
      '/api/workflows/work/runs',
      { inputs: { time: 1 } },
      400,
      /there is no input 'time': there are times/,
    ],
    ['an unknown property', '/api/workflows/work/runs', { input: {} }, 400, /^body/],
    ['a list as a body', '/api/workflows/work/runs', [], 400, /^body/],
    ['JSON that is none', '/api/workflows/work/runs', '{"inputs": {', 400, /the body is not JSON/],
    [
      'a bad timeout',
      '/api/workflows/work/runs',
      { timeout: '5 years' },
      400,
      /timeout of a run must be .*got '5 years'/,
    ],
    ['an unknown run', '/api/runs/nope/cancel', {}, 404, /there is no run 'nope'/],
    [
      'an unknown schedule',
      '/api/schedules/nope/trigger',
      {},
      404,
      /there is no schedule 'nope': there are 'byHand', 'nightly'/,
    ],
    [
      'a large body',
      '/api/workflows/work/runs',
      { inputs: { text: 'x'.repeat(2_000) } },
      413,
      /larger than 1000 bytes/,
    ],
  ] as [string, string, unknown, number, RegExp][]) {
    it(`refuses ${what}`, async () => {
      await using server = await asking({ bodyLimit: 1_000 });
      assertProblem(await server.post(path, body), status, detail);
      assert.equal(server.engine.runs().length, 0);
    });
  }

  it('refuses a path that does not lead to what it must', async () => {
    const reading = definePipeline({
      workflow: work,
      inputs: { folder: { type: 'path', mustBe: 'folder', default: '.', description: 'what to read' } },
      store: () => new MemoryStore<Schema>({ times: 1 }),
    });
    await using server = await asking({ workflows: [reading] });
    const start = (folder: string): Promise<Answer> => server.post('/api/workflows/work/runs', { inputs: { folder } });
    assertProblem(await start('nowhere'), 400, /input 'folder': there is no folder 'nowhere' \(looked for \//);
    assertProblem(await start('package.json'), 400, /input 'folder': 'package\.json' is not a folder/);
    assert.equal((await start('.')).status, 201);
  });

  it('refuses what is not sent as JSON, as a form of a page would be', async () => {
    await using server = await asking();
    const answer = await server.post('/api/workflows/work/runs', '{}', { 'content-type': 'text/plain' });
    assertProblem(answer, 415, /the body must be JSON, with 'content-type: application\/json', got 'text\/plain'/);
  });

  it('answers a full engine with 429, a closed one with 503', async () => {
    await using engine = createEngine({ inline: true, maxRuns: 1 });
    const handler = createHandler(engine, { workflows: [pipeline] });
    const start = (): Promise<Response> =>
      handler.fetch(
        new Request(`${ORIGIN}/api/workflows/work/runs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"inputs":{"times":101}}',
        }),
      );
    assert.equal((await start()).status, 201);
    const full = await start();
    assert.deepEqual([full.status, full.headers.get('retry-after')], [429, '1']);
    await engine.close({ timeout: 0 });
    assert.equal((await start()).status, 503);
    handler.close();
  });
});

describe('schedules', () => {
  it('are listed, triggered with and without inputs, paused and resumed', async () => {
    await using server = await asking();
    const { body } = await server.get('/api/schedules');
    assertFits(Type.Object({ schedules: Type.Array(ScheduleInfo) }), body);
    const triggered = await server.post('/api/schedules/byHand/trigger', { inputs: { times: 3 } });
    assert.equal(triggered.status, 201);
    const { body: ended } = await server.get(`/api/runs/${String(triggered.body['id'])}`);
    assert.deepEqual([ended['inputs'], ended['schedule']], [{ times: 3 }, 'byHand']);
    assert.deepEqual([triggered.body['schedule'], triggered.body['inputs']], ['byHand', { times: 3 }]);
    await server.engine.runs()[0]?.result;
    assert.equal((await server.post('/api/schedules/byHand/trigger')).status, 201);
    await server.engine.runs()[0]?.result;
    const paused = await server.post('/api/schedules/nightly/pause');
    assert.deepEqual([paused.body['status'], paused.body['nextFires']], ['paused', []]);
    const resumed = await server.post('/api/schedules/nightly/resume');
    assert.deepEqual([resumed.body['status'], (resumed.body['nextFires'] as string[]).length], ['idle', 5]);
    const one = await server.get('/api/schedules/byHand');
    assertFits(ScheduleInfo, one.body);
    assert.equal(one.body['successes'], 2);
  });

  it('that are busy refuse with 409', async () => {
    await using server = await asking();
    await server.post('/api/schedules/byHand/trigger', { inputs: { times: 101 } });
    assertProblem(await server.post('/api/schedules/byHand/trigger'), 409, /a run is under way/);
  });
});

describe('who may ask', () => {
  it('without a token: names of this machine, and those allowed', async () => {
    await using server = await asking({ allowedHosts: ['Cano.Test'] });
    for (const host of ['127.0.0.1:9464', 'localhost', '[::1]:80', '127.1.2.3', 'cano.test:1']) {
      assert.equal((await server.get(`http://${host}/api/runs`)).status, 200, host);
    }
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:9464', '10.0.0.1']) {
      assertProblem(await server.get(`http://${host}/api/runs`), 421, /are not answered here/);
    }
  });

  it('with a token: who has it, by whatever name; health and metrics need none', async () => {
    await using server = await asking({ token: 'secret' });
    assertProblem(await server.get('/api/runs'), 401, /a token is needed: send 'Authorization: Bearer TOKEN'/);
    for (const authorization of ['Bearer wrong', 'Bearer secretsecret', 'Basic c2VjcmV0', 'secret', 'Bearer']) {
      assert.equal((await server.get('/api/runs', { authorization })).status, 401, authorization);
    }
    assert.equal((await server.get('http://ops.example/api/runs', { authorization: 'Bearer secret' })).status, 200);
    for (const path of ['/healthz', '/readyz', '/metrics']) assert.equal((await server.get(path)).status, 200, path);
  });

  it('no page of another origin may change anything', async () => {
    await using server = await asking({ allowedOrigins: ['https://ops.example'] });
    const trigger = (headers: Record<string, string>): Promise<Answer> =>
      server.post('/api/schedules/byHand/pause', undefined, headers);
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:8080' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      assertProblem(await trigger(headers), 403, /may not change anything here/);
    }
    for (const headers of [{}, { origin: ORIGIN }, { origin: 'https://ops.example' }]) {
      assert.equal((await trigger(headers as Record<string, string>)).status, 200);
    }
    assert.equal((await server.get('/api/runs', { origin: 'https://evil.example' })).status, 200);
  });
});

describe('the rest', () => {
  it('says what there is where nothing is, and which method', async () => {
    await using server = await asking();
    assertProblem(await server.get('/nope'), 404, /there is nothing at \/nope: \/api\/openapi\.json lists/);
    const wrong = await server.get('/api/runs/x/cancel');
    assertProblem(wrong, 405, /answers POST only/);
    assert.equal(wrong.headers.get('allow'), 'POST');
  });

  it('describes itself: every route, with its schemas', async () => {
    await using server = await asking({ version: '1.2.3' });
    const { body } = await server.get('/api/openapi.json');
    const paths = Object.entries(
      body['paths'] as Record<string, Record<string, { operationId: string; responses: object }>>,
    );
    assert.deepEqual(
      paths.flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`)).toSorted(),
      [
        'get /api/events',
        'get /api/runs',
        'get /api/runs/{id}',
        'get /api/schedules',
        'get /api/schedules/{id}',
        'get /api/workflows',
        'get /healthz',
        'get /metrics',
        'get /readyz',
        'post /api/runs/{id}/cancel',
        'post /api/schedules/{id}/pause',
        'post /api/schedules/{id}/resume',
        'post /api/schedules/{id}/trigger',
        'post /api/workflows/{id}/runs',
      ],
    );
    const ids = paths.flatMap(([, methods]) => Object.values(methods).map(({ operationId }) => operationId));
    assert.equal(new Set(ids).size, ids.length, ids.join(', '));
    assert.deepEqual([body['openapi'], (body['info'] as { version: string }).version], ['3.1.0', '1.2.3']);
  });

  it('counts what happened', async () => {
    await using server = await asking();
    await server.post('/api/schedules/byHand/trigger');
    await server.engine.runs()[0]?.result;
    const { text, headers } = await server.get('/metrics');
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    for (const line of [
      'cano_workflow_runs_total{workflow="work",status="completed"} 1',
      'cano_workflow_runs_started_total{workflow="work"} 1',
      'cano_node_attempts_total{workflow="work",node="work",outcome="ok"} 1',
      'cano_scheduler_fires_total{schedule="byHand",reason="trigger"} 1',
      'cano_node_visits_total{workflow="work",node="work",status="completed"} 1',
      'cano_scheduler_schedules{state="idle"} 2',
      'cano_server_event_clients 0',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line} is not in\n${text}`);
    }
    assert.match(text, /^nodejs_active_handles\{/m);
    assert.doesNotMatch(text, /^# TYPE \S+_total gauge$/m, 'promtool refuses gauges with the name of a counter');
  });

  it('is ready while the scheduler runs', async () => {
    await using server = await asking();
    assert.equal((await server.get('/readyz')).status, 200);
    await server.scheduler.stop();
    assert.equal((await server.get('/readyz')).status, 503);
    assert.equal((await server.get('/healthz')).status, 200);
  });

  it('answers what nobody has foreseen with 500, without details, and tells them to onError', async () => {
    const told: unknown[] = [];
    await using server = await asking({
      onError: (error) => told.push(error),
      workflows: [
        definePipeline({
          workflow: work,
          store: () => {
            throw new TypeError('a secret path');
          },
        }),
      ],
    });
    const answer = await server.post('/api/workflows/work/runs', {});
    assertProblem(answer, 500, /nobody has foreseen/);
    assert.ok(!answer.text.includes('secret'));
    assert.equal((told[0] as Error).message, 'a secret path');
  });

  it('refuses options that cannot be used', () => {
    const engine = createEngine({ inline: true });
    for (const [options, message] of [
      [{ token: '' }, /token must be a string that is not empty/],
      [{ history: 0 }, /history must be an integer >= 1, got 0/],
      [{ bodyLimit: 1.5 }, /bodyLimit must be an integer >= 1, got 1\.5/],
    ] as [HandlerOptions, RegExp][]) {
      assert.throws(() => createHandler(engine, options), message);
    }
  });
});
