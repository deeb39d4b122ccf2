/** What the commands that ask a server do without one: tables, times, and finding it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Client } from '../../../src/cli/client.ts';
import { columns, executeRemote, relative } from '../../../src/cli/remote.ts';
import { announceServer, runningServers } from '../../../src/cli/running-servers.ts';
import { SCHEDULE_VERBS } from '../../../src/cli/schedules.ts';

const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function runtime(): { readonly XDG_RUNTIME_DIR: string } {
  const folder = mkdtempSync(join(tmpdir(), 'cano-runtime-'));
  folders.push(folder);
  return { XDG_RUNTIME_DIR: folder };
}

const noteFolder = ({ XDG_RUNTIME_DIR }: { readonly XDG_RUNTIME_DIR: string }): string =>
  join(XDG_RUNTIME_DIR, `cano-${process.getuid?.() ?? 'user'}`);

describe('tables and times', () => {
  it('are as wide as what is in them', () => {
    assert.deepEqual(
      columns(
        ['ID', 'STATUS'],
        [
          ['a', 'idle'],
          ['longer', 'x'],
        ],
      ),
      ['ID      STATUS', 'a       idle', 'longer  x'],
    );
  });

  it('are said as people do', () => {
    const now = Date.parse('2030-01-01T00:00:00Z');
    const at = (seconds: number): string => relative(new Date(now + seconds * 1_000).toISOString(), now);
    assert.deepEqual([0, 5, -89, 91, -3_600, 7_200, 200_000].map(at), [
      'now',
      'in 5s',
      '89s ago',
      'in 2m',
      '60m ago',
      'in 2h',
      'in 2d',
    ]);
    assert.equal(relative(undefined, now), '-');
  });
});

describe('a server on this machine', () => {
  it('is found as long as its process lives', () => {
    const env = runtime();
    assert.deepEqual(runningServers(env), []);
    const withdraw = announceServer({ url: 'http://127.0.0.1:1', config: 'a.ts' }, env);
    const dead = join(noteFolder(env), 'serve-4194303.json');
    writeFileSync(dead, '{"url":"http://127.0.0.1:2","config":"b.ts"}');
    writeFileSync(join(noteFolder(env), 'other.txt'), '');
    assert.deepEqual(runningServers(env), [{ url: 'http://127.0.0.1:1', config: 'a.ts' }]);
    assert.ok(!existsSync(dead), 'the note of a process that has gone is removed');
    assert.equal(new Client({ url: undefined, token: undefined }, env).url, 'http://127.0.0.1:1');
    withdraw();
    assert.deepEqual(runningServers(env), []);
    assert.equal(new Client({ url: undefined, token: undefined }, env).url, 'http://127.0.0.1:9464');
  });

  it('has to be named when there are several, or when what was named is none', () => {
    const env = runtime();
    mkdirSync(noteFolder(env));
    for (const pid of [process.pid, process.ppid]) {
      writeFileSync(join(noteFolder(env), `serve-${pid}.json`), `{"url":"http://127.0.0.1:${pid}","config":"c.ts"}`);
    }
    assert.throws(
      () => new Client({ url: undefined, token: undefined }, env),
      /2 servers run here: .* say with --url which one is meant/s,
    );
    assert.equal(new Client({ url: 'http://localhost:5/', token: undefined }, env).url, 'http://localhost:5');
    assert.equal(
      new Client({ url: undefined, token: undefined }, { ...env, CANO_URL: 'http://h:1' }).url,
      'http://h:1',
    );
    assert.throws(
      () => new Client({ url: 'localhost:9464', token: undefined }, env),
      /--url must be an address such as http:.*got 'localhost:9464'/,
    );
  });
});

describe('bad usage', () => {
  for (const [words, message] of [
    [['trigger'], /ID is missing: write cano schedules trigger ID; cano schedules lists them/],
    [['triger', 'a'], /unknown command 'cano schedules triger': did you mean 'trigger'\?/],
    [['list', 'a'], /unexpected argument 'a'/],
    [['pause', 'a', 'b'], /unexpected argument 'b'/],
    [['pause', 'a', '--input', 'x=1'], /unknown flag --input/],
    [['trigger', 'a', '--input'], /--input needs a value/],
    [['--json=yes'], /--json takes no value, got 'yes'/],
  ] as [string[], RegExp][]) {
    it(`is refused: ${words.join(' ')}`, async () => {
      const sink = { write: () => assert.fail('nothing is printed') };
      const io = { out: sink, err: sink, env: runtime(), exit: () => assert.fail('it does not exit') };
      await assert.rejects(executeRemote('schedules', SCHEDULE_VERBS, words, io), (error: Error) => {
        assert.equal((error as { code?: string }).code, 'CANO_USAGE');
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
