/** The processes that measure for `--compare` and `cano bench`: what becomes of them when who asked has gone. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { OWN_LOOP_MARK, type FromLoop } from '../../src/cli/bench/own-loop-server.ts';
import { spawnRun, TIMED_RUN_MARK } from '../../src/cli/timed-run.ts';
import { fixture } from '../fixtures/cli/run-cli.ts';

const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

function start(name: string, given: Readonly<Record<string, string | true>>, mark: string): ChildProcess {
  const child = spawnRun(
    {
      file: fixture(name),
      given: new Map(Object.entries(given)),
      threads: 1,
      verbose: true,
      script: 'src/cli/main.ts',
      env: process.env,
    },
    mark,
  );
  children.push(child);
  return child;
}

function saw(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.includes(text)) resolve();
    });
    child.once('exit', () => reject(new Error(`ended without saying '${text}':\n${heard}`)));
  });
}

const ended = async (child: ChildProcess): Promise<unknown[]> => await once(child, 'exit');

describe('a timed run whose asker has gone', { concurrency: 3 }, () => {
  it('is cancelled', async () => {
    const run = start('naps', { ms: '3600000' }, TIMED_RUN_MARK);
    await saw(run, 'for long');
    run.disconnect();
    assert.deepEqual(await ended(run), [130, null]);
  });

  it('is killed when it does not listen', async () => {
    const run = start('naps', { deaf: true }, TIMED_RUN_MARK);
    await saw(run, 'deaf');
    run.disconnect();
    await saw(run, 'not now');
    assert.deepEqual(await ended(run), [null, 'SIGKILL']);
  });
});

describe('a bare loop', () => {
  it('is over every n-th input where one thread would take longer than five seconds, and gone with its asker', async () => {
    // All at once on the main thread: 8.4 s of naps take 0.7.
    const loop = start('naps', { items: '12', ms: '700' }, OWN_LOOP_MARK);
    const [told] = (await once(loop, 'message')) as [FromLoop];
    assert.ok(told.type === 'ready', JSON.stringify(told));
    assert.deepEqual([told.work.exec, told.work.inputs, told.work.of, told.work.share], ['nap', 6, 12, 1]);
    loop.disconnect();
    assert.deepEqual(await ended(loop), [null, 'SIGKILL']);
  });
});
