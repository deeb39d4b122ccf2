/** `cano serve` as a process: driven over HTTP and by the command line, drained by signals. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { rmSync } from 'node:fs';
import { config, eventually, runtimeFolder, startServe, type Serving } from '../fixtures/serve/run-serve.ts';
import { cano } from '../fixtures/cli/run-cli.ts';

interface RunAnswer {
  readonly id: string;
  readonly status: string;
  readonly error?: { readonly code: string };
}

after(() => rmSync(runtimeFolder, { recursive: true, force: true }));

/** Ends the server whatever the test did. */
async function serving(
  act: (server: Serving) => Promise<void>,
  ...given: Parameters<typeof startServe>
): Promise<void> {
  const server = await startServe(...given);
  try {
    await act(server);
  } finally {
    if (server.child.exitCode === null) server.child.kill('SIGKILL');
    await server.ended;
  }
}

const runOf = (server: Serving, id: unknown): Promise<RunAnswer> =>
  server.get(`/api/runs/${String(id)}`) as Promise<RunAnswer>;

/** The log lines that a process wrote. */
const logOf = (out: string): Record<string, unknown>[] =>
  out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('cano serve', () => {
  it('lists, triggers with inputs, streams events, pauses, resumes, cancels, drains at SIGTERM', async () => {
    await serving(async (server) => {
      const { schedules } = (await server.get('/api/schedules')) as { schedules: { id: string }[] };
      assert.deepEqual(
        schedules.map(({ id }) => id),
        ['beat', 'byHand', 'broken'],
      );

      const events = await fetch(`${server.url}/api/events?type=run.finished,schedule.started`);
      const seen: string[] = [];
      const reading = (async () => {
        const decoder = new TextDecoder();
        for await (const chunk of events.body as ReadableStream<Uint8Array>)
          seen.push(decoder.decode(chunk, { stream: true }));
      })();

      const short = await server.post('/api/schedules/byHand/trigger', { inputs: { ms: 7 } });
      await eventually(
        () => runOf(server, short['id']),
        ({ status }) => status === 'completed',
        'the run that was triggered',
      );
      await eventually(
        async () => seen.join(''),
        (text) => text.includes(`"runId":"${String(short['id'])}"`) && text.includes('event: run.finished'),
        'its events',
      );

      await server.post('/api/schedules/beat/pause');
      const beats = async (): Promise<number> => ((await server.get('/api/schedules/beat')) as { runs: number }).runs;
      const before = await beats();
      const long = await server.post('/api/workflows/spin/runs', { inputs: { ms: 3_600_000 } });
      await eventually(
        () => server.get('/metrics').catch(() => ''),
        () => true,
        'metrics',
      );
      await eventually(
        () => runOf(server, long['id']),
        (run) => run.status === 'running',
        'the long run',
      );
      await server.post(`/api/runs/${String(long['id'])}/cancel`, { reason: 'enough' });
      const cancelled = await eventually(
        () => runOf(server, long['id']),
        ({ status }) => status === 'cancelled',
        'the cancelled run',
      );
      assert.equal(cancelled.error?.code, 'CANO_RUN_CANCELLED');
      assert.equal(await beats(), before, 'a paused schedule fired');
      await server.post('/api/schedules/beat/resume');
      await eventually(beats, (count) => count > before, 'the beat after its resumption');

      const broken = (await server.get('/api/schedules/broken')) as {
        status: string;
        failures: number;
        lastError: { message: string };
      };
      assert.deepEqual([broken.status, broken.failures], ['backoff', 1]);
      assert.match(broken.lastError.message, /nobody answers/);

      server.child.kill('SIGTERM');
      const { code, out } = await server.ended;
      assert.equal(code, 0);
      await reading.catch(() => {});
      assert.match(seen.join(''), /event: end/);
      const log = logOf(out);
      for (const message of [
        'serving',
        'run completed',
        'run cancelled',
        "run failed: workflow 'failing' failed in state 'Fail': exec of node 'fail' failed: nobody answers",
        'draining; a second signal exits at once',
        'drained',
      ]) {
        assert.ok(
          log.some(({ msg }) => String(msg).startsWith(message)),
          `no log line '${message}'`,
        );
      }
      assert.ok(
        log
          .filter(({ msg }) => String(msg).startsWith('run '))
          .every(({ cano: of }) => typeof (of as { runId?: unknown }).runId === 'string'),
        'a line of a run without its id',
      );
    });
  });

  it('cancels what does not end within its drain timeout, and exits with 0 all the same', async () => {
    await serving(async (server) => {
      const run = await server.post('/api/workflows/spin/runs', { inputs: { ms: 3_600_000, stubborn: true } });
      await eventually(
        () => runOf(server, run['id']),
        ({ status }) => status === 'running',
        'the run',
      );
      server.child.kill('SIGTERM');
      await server.saw('draining');
      const late = await fetch(`${server.url}/api/workflows/spin/runs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      assert.equal(late.status, 503);
      assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
      const { code, out } = await server.ended;
      assert.equal(code, 0);
      const drained = logOf(out).find(({ msg }) => msg === 'drained');
      assert.deepEqual(drained?.['cancelled'], [run['id']]);
      // What the node has logged, with where it did.
      const line = logOf(out).find(({ msg }) => msg === 'deaf from now on');
      const { thread, ...where } = (line?.['cano'] ?? {}) as Record<string, unknown>;
      assert.equal(typeof thread, 'number');
      assert.deepEqual(where, {
        runId: run['id'],
        workflow: 'spin',
        state: 'Stubborn',
        node: 'stubborn',
        visit: 2,
        attempt: 1,
      });
    });
  });

  it('logs from the level on that is asked for', async () => {
    await serving(
      async (server) => {
        const run = await server.post('/api/workflows/spin/runs', { inputs: { ms: 3_600_000, stubborn: true } });
        await eventually(
          () => runOf(server, run['id']),
          ({ status }) => status === 'running',
          'the run',
        );
        server.child.kill('SIGTERM');
        const messages = logOf((await server.ended).out).map(({ level, msg }) => ({ level: Number(level), msg }));
        assert.ok(
          messages.some(({ msg }) => msg === 'run cancelled'),
          'no warning',
        );
        assert.deepEqual(
          messages.filter(({ level }) => level < 40),
          [],
        );
      },
      undefined,
      ['--log-level', 'warn'],
    );
  });

  it('writes all of it to the logger of the configuration, where there is one', async () => {
    await serving(
      async (server) => {
        const run = await server.post('/api/workflows/spin/runs', { inputs: { ms: 3_600_000, stubborn: true } });
        await server.saw('deaf from now on');
        server.child.kill('SIGTERM');
        const { out, err } = await server.ended;
        assert.deepEqual(logOf(out), []);
        const id = String(run['id']);
        assert.match(err, /^own info serving \{.*"cano":\{"engine":"default"\}\}$/m);
        assert.match(err, new RegExp(`^own info deaf from now on \\{"cano":\\{"runId":"${id}","workflow":"spin"`, 'm'));
        assert.equal(err.match(/deaf from now on/g)?.length, 1);
        assert.match(err, new RegExp(`^own warn run cancelled .*"runId":"${id}"`, 'm'));
        assert.match(err, /^own info drained /m);
        assert.match(err, new RegExp(`^own debug state\\.entered .*"runId":"${id}"`, 'm'));
      },
      config('own-logger'),
      ['--log-level', 'debug'],
    );
  });

  it('exits at once at the second signal', async () => {
    await serving(async (server) => {
      const run = await server.post('/api/workflows/spin/runs', { inputs: { ms: 3_600_000, stubborn: true } });
      await eventually(
        () => runOf(server, run['id']),
        ({ status }) => status === 'running',
        'the run',
      );
      server.child.kill('SIGTERM');
      await server.saw('draining');
      server.child.kill('SIGTERM');
      assert.equal((await server.ended).code, 130);
    });
  });

  it('is found and driven by the command line', async () => {
    await serving(async (server) => {
      const list = await server.cano('schedules');
      assert.equal(list.code, 0, list.err);
      assert.match(list.out, /^ID +STATUS +PLAN +NEXT +LAST +RUNS +FAILED +SKIPPED +MISSED\nbeat +\w+ +every 100ms +/);
      const triggered = await server.cano('schedules', 'trigger', 'byHand', '--input', 'ms=9', '--json');
      assert.equal(triggered.code, 0, triggered.err);
      const run = JSON.parse(triggered.out) as { id: string; inputs: unknown };
      assert.deepEqual(run.inputs, { ms: 9, stubborn: false });
      await eventually(
        () => runOf(server, run.id),
        ({ status }) => status === 'completed',
        'the run',
      );
      const shown = await server.cano('runs', 'show', run.id);
      assert.match(shown.out, new RegExp(`^${run.id}: workflow 'spin'\nstatus {3}completed, in state Done\n`));
      const started = await server.cano('runs', 'start', 'spin', '--input', 'ms=3600000');
      const [, id] = /run (\S+) of workflow 'spin' has started/.exec(started.out) ?? [];
      const cancelled = await server.cano('runs', 'cancel', String(id));
      assert.equal(cancelled.out, `run ${String(id)} is being cancelled\n`);
      await eventually(
        () => runOf(server, id),
        ({ status }) => status === 'cancelled',
        'the cancelled run',
      );
      assert.match((await server.cano('runs', '--status', 'cancelled')).out, new RegExp(String(id)));
      assert.equal((await server.cano('schedules', 'pause', 'beat')).out, 'beat is paused\n');
      assert.match((await server.cano('schedules', 'show', 'beat')).out, /status {4}paused/);
      assert.equal((await server.cano('schedules', 'resume', 'beat')).out, 'beat is idle\n');

      const unknown = await server.cano('schedules', 'pause', 'nope');
      assert.deepEqual(
        [unknown.code, unknown.err],
        [1, "cano: there is no schedule 'nope': there are 'beat', 'byHand', 'broken'\n"],
      );
      const wrong = await server.cano('runs', 'start', 'spin', '--input', 'ms=soon');
      assert.deepEqual([wrong.code, wrong.err], [1, "cano: input 'ms' must be an integer >= 1, got 'soon'\n"]);
    });
    const nobody = await cano(['runs'], { XDG_RUNTIME_DIR: runtimeFolder, CANO_URL: 'http://127.0.0.1:9' });
    assert.equal(nobody.code, 1);
    assert.match(
      nobody.err,
      /http:\/\/127\.0\.0\.1:9 does not answer .*: start one with 'cano serve CONFIG', or name one with --url/,
    );
  });

  it('asks for a token off loopback, and for the right one', async () => {
    const without = await cano(['serve', config('cano'), '--host', '0.0.0.0']);
    assert.equal(without.code, 2);
    assert.match(
      without.err,
      /server\.host is '0\.0\.0\.0', which other machines can reach, so a token is needed: set server\.token or CANO_TOKEN/,
    );
    await serving(
      async (server) => {
        const port = new URL(server.url).port;
        const url = `http://127.0.0.1:${port}`;
        assert.equal((await fetch(`${url}/api/runs`)).status, 401);
        const wrong = await cano(['runs', '--url', url, '--token', 'wrong']);
        assert.deepEqual(
          [wrong.code, wrong.err],
          [1, 'cano: the token is not the right one (--token, or CANO_TOKEN)\n'],
        );
        assert.equal((await cano(['runs', '--url', url], { CANO_TOKEN: 'right' })).code, 0);
      },
      undefined,
      ['--host', '0.0.0.0'],
      { CANO_TOKEN: 'right' },
    );
  });
});

// Side by side: connections that hang are waited for, and take no processor.
describe('cano serve, where others do wrong,', { concurrency: 2 }, () => {
  it('goes on answering with a thousand connections that hang, and closes them', async () => {
    await serving(async (server) => {
      const port = Number(new URL(server.url).port);
      const sockets: Socket[] = [];
      for (let n = 0; n < 1_000; n += 1) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        sockets.push(socket);
      }
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      for (const socket of sockets) socket.write('POST /api/workflows/spin/runs HTTP/1.1\r\nhost: 127.0.0.1\r\n');
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
      const open = sockets.filter(({ destroyed }) => !destroyed).length;
      assert.equal(open, 1_000, 'it answers while they hang');
      await Promise.all(sockets.map(async (socket) => (socket.destroyed ? undefined : once(socket.resume(), 'close'))));
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    });
  });

  for (const [what, args, message] of [
    [
      'a schedule that cannot be read',
      [config('bad-cron')],
      /^cano: schedule 'nightly': the cron expression '0 25 \* \* \*' cannot be read: .*hour/,
    ],
    [
      'a configuration whose schedules throw',
      [config('throws')],
      /its schedules threw, so nothing was started: the table of schedules is not there/,
    ],
    ['a configuration that throws', [config('explodes')], /cannot load '.*explodes\.config\.ts': no database here/],
    [
      'a file that is no configuration',
      ['test/fixtures/cli/pipeline.ts'],
      /does not default-export a configuration .*: end it with export default defineConfig\({ workflows, schedules }\)/,
    ],
    [
      'a port that is none',
      [config('cano'), '--port', '99999'],
      /--port must be an integer from 0 to 65535, got '99999'/,
    ],
    [
      'a level that is none',
      [config('cano'), '--log-level', 'loud'],
      /--log-level must be one of debug, info, warn, error, none, got 'loud'/,
    ],
    ['an unknown flag', [config('cano'), '--prot', '1'], /unknown flag --prot: did you mean '--port'\?/],
    ['no file', [], /FILE is missing: write it right after the command, as in cano serve cano\.config\.ts/],
  ] as [string, string[], RegExp][]) {
    it(`refuses ${what}`, async () => {
      const { code, err, out } = await cano(['serve', ...args], { XDG_RUNTIME_DIR: runtimeFolder });
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, message);
    });
  }

  it('refuses a port that is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const { code, err } = await cano(['serve', config('cano'), '--port', String(port)], {
      XDG_RUNTIME_DIR: runtimeFolder,
    });
    blocker.close();
    assert.equal(code, 2);
    assert.match(
      err,
      new RegExp(`port ${port} of 127\\.0\\.0\\.1 is taken by another process: choose another one \\(--port\\)`),
    );
  });
});
