/** What engines do to the life of a process: nothing keeps it alive but unfinished runs. Cases of facts/threads.md §7: 14, and each fault's end. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../fixtures/execs/process.ts', import.meta.url));
const register = new URL('../support/register-tsx.mjs', import.meta.url).href;
const LIMIT_MS = 30_000;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: string[];
  readonly errors: string;
}

async function run(name: string): Promise<Ended> {
  const child = spawn(process.execPath, ['--unhandled-rejections=strict', '--import', register, script, name], {
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return new Promise((resolve) => {
    child.on('close', (code, signal) =>
      resolve({ code, signal, lines: out.split('\n').filter((line) => line !== ''), errors }),
    );
  });
}

describe('a process ends by itself', { concurrency: 2 }, () => {
  const cases: readonly [title: string, name: string, lines: readonly string[]][] = [
    ['with an engine that was never closed', 'idle', ['done']],
    ['with an engine that was never used', 'unused', ['done']],
    ['with the default engine', 'default', ['done', '0 runs']],
    ['when its last run is done, though a lease was ending as it came', 'ending', ['first,second']],
    ['when its last run is done, back-off included', 'unfinished', ['slept', 'out of range']],
    [
      'after threads have died in every way',
      'deaths',
      ['CANO_THREAD_DIED', 'CANO_THREAD_DIED', 'CANO_THREAD_DIED', 'CANO_TIMEOUT', '4 ways'],
    ],
    ['when a run fails that nobody waits for', 'ignored', ['done']],
    ['when threads are being recycled', 'recycling', ['done']],
    ['after warming up', 'warm', ['done']],
  ];
  for (const [title, name, lines] of cases) {
    it(title, async () => {
      const ended = await run(name);
      assert.deepEqual(ended, { code: 0, signal: null, lines: [...lines, 'handles: 0'], errors: ended.errors });
      // Node prints the report of a heap limit itself.
      if (name !== 'deaths') assert.equal(ended.errors, '');
    });
  }

  it('when no thread can start: each run is told why, where V8 survives it', async () => {
    const { code, signal, lines } = await run('tiny');
    // From Node 22 on V8 ends the process when a heap is too small to begin with.
    if (signal === 'SIGTRAP' || signal === 'SIGABRT') return;
    const why = 'threads do not start: Worker terminated due to reaching memory limit: JS heap out of memory';
    assert.deepEqual([code, lines], [0, [...Array.from({ length: 5 }, () => why), 'handles: 0']]);
  });

  it('and at once by process.exit, whatever spins', async () => {
    const { code, lines } = await run('exit');
    assert.deepEqual([code, lines], [7, ['2 spinning']]);
  });

  it('but one allocation beyond the limit of a thread may end it: that is V8’s way', async () => {
    const { code, signal, lines } = await run('allocation');
    const isAborted = signal === 'SIGABRT' || code === 134 || signal === 'SIGTRAP';
    assert.ok(isAborted || lines[0] === 'CANO_THREAD_DIED' || code === 0, `${code} ${signal} ${lines.join()}`);
  });
});
