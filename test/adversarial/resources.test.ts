/** Setup and teardown that misbehave, recycling. Cases of facts/threads.md §7: 21, 22, 23, 26, 36. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { retry, SetupFailedError } from '../../src/index.ts';
import { clinging, logged, misbehaving } from '../fixtures/execs/resources.ts';
import {
  failure,
  Innocents,
  launch,
  oneNode,
  perform,
  unhandled,
  watchedEngine,
  within,
  type Launched,
} from '../support/faults.ts';

const folder = mkdtempSync(join(tmpdir(), 'cano-resources-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A log file, and what it holds: `setup` and `teardown` lines per thread. */
function logFile(): { readonly file: string; readonly lines: (what: string) => string[] } {
  files += 1;
  const file = join(folder, `log-${files}`);
  writeFileSync(file, '');
  const lines = (what: string): string[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.includes(` ${what} `));
  return { file, lines };
}

function counting(how: string): { readonly exec: typeof misbehaving; readonly calls: () => number } {
  const counts = new SharedArrayBuffer(4);
  return { exec: misbehaving.with({ how, counts }), calls: () => new Int32Array(counts)[0] as number };
}

describe('a setup', () => {
  it('that throws fails each attempt, with its error as cause, and only its own execution', async () => {
    await using watched = watchedEngine();
    const { exec, calls } = counting('throw');
    const others = new Innocents(watched.engine, 20, 0);
    const bad = launch(watched.engine, exec, 1, { retry: retry.fixed({ retries: 1 }) });
    const error = await failure(bad);
    assert.ok(error instanceof SetupFailedError);
    assert.equal(error.code, 'CANO_SETUP_FAILED');
    assert.equal(error.message, "setup of exec 'misbehaving' failed: no model");
    assert.equal((error.cause as Error & { code: string }).code, 'E_MODEL');
    assert.deepEqual([bad.attempts(), calls()], [2, 2]);
    await others.assertUnharmed();
    assert.deepEqual(watched.deaths(), []);
  });

  it('that fails once is tried again', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const { exec, calls } = counting('throw once');
    const run = launch(watched.engine, exec, 5, { retry: retry.fixed({ retries: 1 }) });
    assert.equal(await within(run.value, 'the second attempt'), 5);
    assert.deepEqual([run.attempts(), calls()], [2, 2]);
  });

  for (const how of ['hang', 'spin']) {
    it(`that ${how}s is ended after its setupTimeout, with its thread, and nobody else pays`, async () => {
      await using watched = watchedEngine();
      const { exec, calls } = counting(how);
      const bad = launch(watched.engine, exec, 1, { retry: retry.fixed({ retries: 1 }), timeout: '20ms' });
      const others = new Innocents(watched.engine, 20, 0);
      const error = await failure(bad);
      assert.ok(error instanceof SetupFailedError, String(error));
      assert.equal(
        error.message,
        "exec 'misbehaving' was not ready after its setupTimeout of 200 ms (loading its file and setup)",
      );
      assert.deepEqual([bad.attempts(), calls()], [2, 2]);
      await others.assertUnharmed();
      assert.deepEqual(watched.deaths(), ['terminated', 'terminated']);
    });
  }

  it('that ends its thread fails its execution', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const error = await failure(launch(watched.engine, counting('exit').exec, 1));
    assert.equal(error.code, 'CANO_THREAD_DIED');
    assert.equal(await within(perform(watched.engine, { kind: 'value', value: 1 }).value, 'the next'), 1);
  });

  it('does not count against the timeout of the execution', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const slow = launch(watched.engine, counting('slow').exec, 3, { timeout: '50ms' });
    assert.equal(await within(slow.value, 'the slow one'), 3);
  });

  it('that hangs can be cancelled', async () => {
    await using watched = watchedEngine({ threads: 1, grace: '20ms' });
    const { exec, calls } = counting('hang');
    const hanging = launch(watched.engine, exec, 1);
    while (calls() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    hanging.run.cancel();
    await assert.rejects(within(hanging.run.result, 'the run'), { code: 'CANO_RUN_CANCELLED' });
    assert.equal(await within(perform(watched.engine, { kind: 'value', value: 1 }).value, 'the next'), 1);
  });
});

describe('a teardown', () => {
  const tag = (run: Launched): Promise<unknown> => within(run.value, 'a logged execution');

  it('runs once per setup when the engine closes, also on threads that are idle', async () => {
    const { file, lines } = logFile();
    const watched = watchedEngine();
    const execs = ['a', 'b'].map((name) => logged.with({ file, tag: name }));
    for (let round = 0; round < 3; round += 1) {
      const runs = execs.flatMap((exec) => [1, 2, 3].map((n) => launch(watched.engine, exec, n)));
      await Promise.all(runs.map(tag));
    }
    // The leases end when nothing is to be done; resources outlive them.
    while (watched.engine.stats().threads.some(({ status }) => status !== 'off'))
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(lines('teardown'), []);
    await within(watched.engine.close(), 'closing');
    assert.deepEqual(
      lines('teardown').toSorted(),
      lines('setup')
        .map((line) => line.replace('setup', 'teardown'))
        .toSorted(),
    );
    assert.ok(lines('setup').length >= 2);
    assert.deepEqual(unhandled, []);
  });

  it('runs when a thread is recycled, and no execution meets a resource that is torn down', async () => {
    const { file, lines } = logFile();
    const watched = watchedEngine({ recycleAfter: 5 });
    const exec = logged.with({ file, tag: 'r' });
    const runs: Launched[] = [];
    const values: { n: number; threadId: number }[] = [];
    // In waves: all 40 at once may be on their way to two threads before the fifth has ended, and then need no third.
    for (let wave = 0; wave < 4; wave += 1) {
      const started = Array.from({ length: 10 }, (_value, n) => launch(watched.engine, exec, wave * 10 + n));
      runs.push(...started);
      values.push(...((await Promise.all(started.map(tag))) as typeof values));
    }
    assert.deepEqual(
      values.map(({ n }) => n),
      Array.from(values.keys()),
    );
    assert.ok(runs.every((run) => run.attempts() === 1));
    const perThread = new Map<number, number>();
    for (const { threadId } of values) perThread.set(threadId, (perThread.get(threadId) ?? 0) + 1);
    // A thread takes less than 5 and then at most one wave before it is replaced: 14 of 40.
    assert.ok(perThread.size >= 3, `${perThread.size} threads`);
    assert.ok(watched.deaths().every((reason) => reason === 'recycled'));
    assert.ok(watched.deaths().length >= perThread.size - 2);
    await within(watched.engine.close(), 'closing');
    assert.deepEqual(
      lines('teardown').toSorted(),
      lines('setup')
        .map((line) => line.replace('setup', 'teardown'))
        .toSorted(),
    );
  });

  it('in small steps, with the engine idle in between, meets no torn down resource either', async () => {
    const { file } = logFile();
    await using watched = watchedEngine({ threads: 1, recycleAfter: 2 });
    const exec = logged.with({ file, tag: 's' });
    for (let n = 0; n < 8; n += 1) {
      const run = launch(watched.engine, exec, n);
      await tag(run);
      assert.equal(run.attempts(), 1);
      if (n % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 110));
    }
  });

  it('that throws or exits does not keep the engine from closing', async () => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', listen);
    for (const how of ['throw', 'exit']) {
      const watched = watchedEngine({ threads: 1 });
      assert.equal(await within(launch(watched.engine, clinging.with({ how }), 1).value, how), 1);
      await within(watched.engine.close(), `closing after ${how}`, 8_000);
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    assert.deepEqual(warnings, ['cano: teardown failed on thread 0: teardown says no']);
    assert.deepEqual(unhandled, []);
  });
});

describe('warming threads up', () => {
  it('comes to an end when setup kills the thread, hangs or throws, and what was in flight is unharmed', async () => {
    await using watched = watchedEngine();
    const { engine } = watched;
    for (const how of ['exit', 'hang', 'throw']) {
      const { exec, calls } = counting(how);
      const others = new Innocents(engine, 10, 0);
      await within(engine.warmUp(oneNode(exec, 1)), `warming up with ${how}`);
      await others.assertUnharmed();
      const soFar = calls();
      assert.ok(soFar >= 1 && soFar <= 4, `${soFar} setups`);
      assert.equal(await within(perform(engine, { kind: 'value', value: how }).value, 'the next'), how);
      assert.equal(calls(), soFar, 'nothing goes on behind the back');
    }
  });
});
