/** `cano run --metrics`: what is to be scraped while a run goes on. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { cano, fixture, startCano } from '../fixtures/cli/run-cli.ts';
import { readExposition } from '../support/exposition.ts';

describe('cano run --metrics', () => {
  it('serves the metrics of the run and of its process, and ends with it', async () => {
    const { child, saw, ended } = startCano(['run', fixture('endless'), '--threads', '2', '--metrics', '0']);
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await saw('● Spin');
    const url = /metrics {2}(http:\/\/127\.0\.0\.1:\d+\/metrics)/.exec(said)?.[1];
    assert.ok(url !== undefined, said);
    const read = readExposition(await (await fetch(url)).text());
    assert.equal(read.value('cano_workflow_runs_active', { workflow: 'endless' }), 1);
    assert.equal(read.value('cano_pool_threads_max'), 2);
    assert.ok((read.value('process_cpu_seconds_total') ?? 0) > 0, 'the CPU time of the process');
    assert.equal((await fetch(new URL('/', url))).status, 404);
    child.kill('SIGINT');
    assert.equal((await ended).code, 130);
    await assert.rejects(fetch(url), 'nothing listens any more');
  });

  it('runs nothing when the port is taken or none', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const taken = await cano(['run', fixture('pipeline'), '--metrics', String(port)]);
    server.close();
    assert.equal(taken.code, 2);
    assert.match(
      taken.err,
      new RegExp(`--metrics: port ${port} of 127\\.0\\.0\\.1 cannot be used \\(EADDRINUSE\\): choose another`),
    );
    assert.doesNotMatch(taken.err, /words started/);
    for (const [word, message] of [
      ['70000', /--metrics must be an integer from 0 to 65535, got '70000'/],
      ['http', /--metrics must be an integer from 0 to 65535, got 'http'/],
    ] as const) {
      const { code, err } = await cano(['run', fixture('pipeline'), '--metrics', word]);
      assert.equal(code, 2);
      assert.match(err, message);
    }
  });
});
