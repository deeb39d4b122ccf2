/** The example configuration: each of its schedules does what its README says. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, runtimeFolder, startServe } from '../fixtures/serve/run-serve.ts';

const out = fileURLToPath(new URL('../../out-scheduled', import.meta.url));
const wasThere = existsSync(out);

after(() => {
  rmSync(runtimeFolder, { recursive: true, force: true });
  if (!wasThere) rmSync(out, { recursive: true, force: true });
});

interface Schedule {
  readonly id: string;
  readonly plan: string;
  readonly status: string;
  readonly nextFires: readonly string[];
}

it('serves a health check, a report in Madrid, a corpus by hand, prices, and an upstream that backs off', async () => {
  const server = await startServe('examples/scheduled/cano.config.ts', ['--port', '0']);
  try {
    const one = (id: string): Promise<Schedule> => server.get(`/api/schedules/${id}`) as Promise<Schedule>;
    const ended = async (path: string, body: object = {}): Promise<Record<string, unknown>> => {
      const run = await server.post(path, body);
      return eventually(
        () => server.get(`/api/runs/${String(run['id'])}`) as Promise<Record<string, unknown>>,
        ({ status }) => !['pending', 'running', 'waiting'].includes(String(status)),
        path,
      );
    };
    const { schedules } = (await server.get('/api/schedules')) as { schedules: Schedule[] };
    assert.deepEqual(
      schedules.map(({ id, plan }) => `${id}: ${plan}`),
      [
        'health: every 10s',
        'report: cron 0 9 * * MON-FRI (Europe/Madrid)',
        'corpus: manual',
        'prices: every 5s',
        'upstream: every 15s',
      ],
    );
    const madrid = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Madrid', hour: '2-digit', minute: '2-digit' });
    const { nextFires } = await one('report');
    assert.deepEqual(
      nextFires.map((at) => madrid.format(new Date(at))),
      nextFires.map(() => '09:00'),
    );

    assert.equal((await ended('/api/schedules/health/trigger'))['status'], 'completed');
    const priced = await ended('/api/workflows/prices/runs', { inputs: { paths: 20_000 } });
    assert.deepEqual([priced['status'], priced['state']], ['completed', 'Priced']);
    const failed = await ended('/api/schedules/upstream/trigger');
    assert.equal(failed['status'], 'failed');
    assert.equal((await one('upstream')).status, 'backoff');

    assert.equal((await ended('/api/schedules/report/trigger'))['status'], 'completed');
    const file = readdirSync(out).find((name) => /^report-\d{4}-\d\d-\d\d\.txt$/.test(name)) ?? 'none';
    assert.match(readFileSync(join(out, file), 'utf8'), /^runs up to .*\n(?:.*\n)*prices completed: \d+\n/);

    const inputs = { input: 'examples/scheduled', out: join(out, 'corpus') };
    const corpus = await ended('/api/schedules/corpus/trigger', { inputs });
    assert.equal(corpus['status'], 'completed', JSON.stringify(corpus['error']));

    server.child.kill('SIGTERM');
    assert.equal((await server.ended).code, 0);
  } finally {
    if (server.child.exitCode === null) server.child.kill('SIGKILL');
    await server.ended;
  }
});
