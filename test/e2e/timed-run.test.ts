/** The processes that measure for `--compare` and `cano bench`: what becomes of them when who asked has gone. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it, mock } from 'node:test';
import { OwnLoop } from '../../src/cli/bench/own-loop.ts';
import { OWN_LOOP_MARK, type FromLoop } from '../../src/cli/bench/own-loop-server.ts';
import { signalRun, spawnRun, startTimedRun, TIMED_RUN_MARK, type RunProcessOptions } from '../../src/cli/timed-run.ts';
import { rollCall, type RollCall } from '../fixtures/cli/roll-call.ts';
import { fixture, startCano } from '../fixtures/cli/run-cli.ts';

const children: ChildProcess[] = [];
const roll: RollCall[] = [];
after(() => {
  for (const child of children) signalRun(child, 'SIGKILL');
  for (const { close } of roll) close();
});

async function called(): Promise<RollCall> {
  const made = await rollCall();
  roll.push(made);
  return made;
}

function optionsOf(name: string, given: Readonly<Record<string, string | true>>): RunProcessOptions {
  return {
    file: fixture(name),
    given: new Map(Object.entries(given)),
    verbose: true,
    script: 'src/cli/main.ts',
    env: process.env,
  };
}

function start(name: string, given: Readonly<Record<string, string | true>>, mark: string): ChildProcess {
  const child = spawnRun({ ...optionsOf(name, given), threads: 1 }, mark);
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

describe('what a timed run has started', () => {
  it('is gone with it when its asker has gone', async () => {
    const { at, heard, allGone } = await called();
    const run = start('outsides', { at }, TIMED_RUN_MARK);
    await heard('outside');
    run.disconnect();
    await allGone();
  });

  it('is gone with it at its timeout', async () => {
    const { at, heard, allGone } = await called();
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const run = startTimedRun({ ...optionsOf('outsides', { at }), threads: 1, timeoutMs: 60_000 });
      children.push(run.child);
      const failed = assert.rejects(
        run.ended,
        /the run with 1 thread was killed: it took longer than --timeout allows/,
      );
      await heard('outside');
      mock.timers.tick(60_000);
      await failed;
    } finally {
      mock.timers.reset();
    }
    await allGone();
  });
});

describe('a bare loop', () => {
  it('is ready with all inputs, and gone with its asker', async () => {
    const loop = start('naps', { items: '3', ms: '1' }, OWN_LOOP_MARK);
    const [told] = (await once(loop, 'message')) as [FromLoop];
    assert.deepEqual(told, { type: 'ready', work: { exec: 'nap', inputs: 3, of: 3, share: 1 } });
    loop.disconnect();
    assert.deepEqual(await ended(loop), [null, 'SIGKILL']);
  });

  it('is gone with its asker while an exec has its main thread', async () => {
    const { at, heard, allGone } = await called();
    const args = ['bench', fixture('outsides'), '--threads', '1', '--at', at, '--on', 'main'];
    const { child, ended: end } = startCano(args);
    await heard('loop');
    // Its main thread waits for this one.
    await heard('outside');
    child.kill('SIGKILL');
    await end;
    await allGone();
  });

  it('is none when its inputs take too long', async () => {
    const { at, heard, allGone } = await called();
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const started = OwnLoop.start(
        { ...optionsOf('outsides', { at, on: 'main' }), threads: 1 },
        60_000,
        (child) => void children.push(child),
      );
      await heard('outside');
      mock.timers.tick(60_000);
      assert.deepEqual((await started).result, { why: 'taking its inputs took longer than 1m00s' });
    } finally {
      mock.timers.reset();
    }
    await allGone();
  });
});
