import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { cano, canoHere, fixture, startCano } from '../fixtures/cli/run-cli.ts';

const run = (name: string, ...args: string[]): ReturnType<typeof cano> => cano(['run', fixture(name), ...args]);

describe('cano run', () => {
  it('runs a pipeline: lines on stderr, the summary on stdout, exit code 0', async () => {
    const { code, out, err } = await run('pipeline', '--words', '5', '--mode', 'loud', '--threads', '2');
    assert.equal(code, 0, err);
    assert.deepEqual(
      out.split('\n').filter((line) => !line.startsWith('printed')),
      ['5 words, loud', 'ended in Done', ''],
    );
    assert.match(err, /words started on 2 threads/);
    assert.match(err, /✔ Talk → Check in .*: 5 items/);
    assert.match(err, /info {2}talk #\d {2}said word\d word=word\d big="12" at=\[\["a",1\]\]/);
    assert.match(err, /✔ words completed in .* in state Done/);
    assert.match(err, /threads busy {2}\d+% {2}\(\d\.\d\d of 2 threads on average/);
    assert.doesNotMatch(err, /speed-up|in detail/);
    assert.ok(!err.includes('\u001b'), err);
  });

  it('shows and sends log lines from the level on that is asked for', async () => {
    const [loud, quiet] = await Promise.all(
      ['debug', 'warn'].map((level) => cano(['run', fixture('pipeline'), '--reporter', 'json', '--log-level', level])),
    );
    const levels = (out = ''): Set<unknown> =>
      new Set(
        out
          .split('\n')
          .filter((line) => line.includes('"type":"log"'))
          .map((line) => (JSON.parse(line) as { level: unknown }).level),
      );
    assert.deepEqual([levels(loud?.out), levels(quiet?.out)], [new Set(['info', 'debug']), new Set()]);
    const { code, err } = await cano(['run', fixture('pipeline'), '--log-level', 'loud']);
    assert.deepEqual([code, err], [2, "cano: --log-level must be one of debug, info, warn, error, none, got 'loud'\n"]);
  });

  it('shows debug logs with --verbose, and colours when they are asked for', async () => {
    const { code, err } = await cano(['run', fixture('pipeline'), '--verbose'], { FORCE_COLOR: '1' });
    assert.equal(code, 0);
    assert.match(err, /in detail/);
    assert.ok(err.includes('\u001b[32m✔\u001b[39m'), err);
  });

  it('writes nothing but events to stdout with --reporter json', async () => {
    const { code, out, err } = await run('pipeline', '--reporter', 'json', '--words', '20');
    assert.equal(code, 0, err);
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; seq?: number; item?: number; state?: string });
    const ofRun = events.filter(({ seq }) => seq !== undefined);
    assert.deepEqual(
      ofRun.map(({ seq }) => seq),
      ofRun.map((_event, index) => index + 1),
    );
    assert.equal(ofRun[0]?.type, 'run.started');
    assert.equal(ofRun.at(-1)?.type, 'run.finished');
    assert.ok(events.some(({ type }) => type === 'thread.started'));
    for (let item = 0; item < 20; item += 1) {
      const types = ofRun.filter((event) => event.state === 'Talk' && event.item === item).map(({ type }) => type);
      assert.equal(types.at(-1), 'exec.finished', types.join());
      for (const type of ['progress', 'log', 'counter']) assert.ok(types.includes(type), `${type} of item ${item}`);
    }
    // What nodes print comes out beside it.
    assert.match(err, /printed by a thread: word0/);
    assert.match(err, /printed by the main thread/);
  });

  it('prints nothing with --reporter none', async () => {
    const { code, out, err } = await run('open-handle', '--reporter', 'none');
    assert.deepEqual([code, out, err], [0, '', '']);
  });

  it('ends although the pipeline left something open', async () => {
    const { code, out } = await run('open-handle');
    assert.deepEqual([code, out], [0, 'done\n']);
  });

  it('fails with the cause, its place, and a stack only when asked', async () => {
    const quiet = await run('fails', '--reporter', 'none');
    assert.equal(quiet.code, 1);
    assert.match(
      quiet.err,
      /^cano: workflow 'fails' failed in state 'Try': exec of node 'stumble' failed after 3 attempts: the stone was too big\n/,
    );
    assert.match(quiet.err, /state Try · node stumble · attempt 3 · RangeError · run [0-9a-f-]{36}\n/);
    assert.doesNotMatch(quiet.err, /\n\s+at /);
    for (const verbose of [run('fails', '--verbose'), cano(['run', fixture('fails')], { CANO_DEBUG: '1' })]) {
      const { code, err } = await verbose;
      assert.equal(code, 1);
      assert.match(err, /✖ fails failed after/);
      assert.match(err, /RangeError: the stone was too big\n\s+at .*fails\.ts/);
    }
  });

  it('leaves stdout to events with --reporter json, and to nobody otherwise', async () => {
    const printed = ['printed at load', 'printed on main', 'printed on a thread'];
    const [json, plain] = await Promise.all([run('prints', '--reporter', 'json'), run('prints')]);
    assert.deepEqual([json.code, plain.code], [0, 0], json.err);
    const lines = json.out.trimEnd().split('\n');
    const types = new Set(lines.map((line) => (JSON.parse(line) as { type: string }).type));
    assert.ok(types.has('run.started') && types.has('run.finished'), json.out);
    for (const line of printed) assert.ok(json.err.includes(line) && plain.out.includes(line), `${line}\n${json.err}`);
    const graph = await cano(['graph', fixture('prints')]);
    assert.ok(graph.out.startsWith('---\ntitle: "prints') && graph.err === 'printed at load\n', graph.out);
  });

  it('says so when it waits for what never comes', async () => {
    const { code, err } = await run('prints', '--never');
    assert.equal(code, 1);
    assert.match(
      err,
      /^cano: it waits for a promise that never settles, of the file, its store or services, or of a prep/m,
    );
  });

  it('fails when the summary does', async () => {
    const { code, err } = await run('open-handle', '--break-summary');
    assert.equal(code, 1);
    assert.match(err, /the run is completed, but the summary of its pipeline failed:\ncano: no words/);
    const odd = await run('open-handle', '--odd-summary');
    assert.equal(odd.code, 1);
    assert.match(
      odd.err,
      /failed:\ncano: pipeline 'open-handle': summary must return a string or strings, got an object\n$/,
    );
    assert.equal(odd.err.match(/completed in/g)?.length, 1);
  });

  it('goes on quietly when nobody reads stdout any more', async () => {
    const { child, saw, ended } = startCano(['run', fixture('pipeline'), '--reporter', 'json', '--words', '300']);
    await saw('run.started');
    child.stdout?.destroy();
    const { code, err } = await ended;
    assert.equal(code, 0, err);
    assert.doesNotMatch(err, /EPIPE|Error/);
  });
});

describe('cano run, bad usage', () => {
  const refused: readonly (readonly [string[], RegExp])[] = [
    [[], /no command is given/],
    [['rnu'], /did you mean 'run'\?/],
    [['run'], /FILE is missing/],
    [['run', 'nope.ts'], /there is no file 'nope\.ts' \(looked for .*nope\.ts\)/],
    [['run', 'test/fixtures'], /'test\/fixtures' is a folder/],
    [
      ['run', fixture('no-pipeline')],
      /does not default-export a pipeline \(it exports workflow and no default\): end it with export default definePipeline/,
    ],
    [['run', fixture('throws')], /cannot load '.*throws\.ts': TypeError: this file throws at import/],
    [
      ['run', fixture('bad-store')],
      /store of pipeline 'bad-store' failed, so nothing was run: the database is not there/,
    ],
    [['run', fixture('pipeline'), '--threads', '0'], /--threads must be an integer from 1 to 1024, got '0'/],
    [['run', fixture('pipeline'), '--thread', '2'], /unknown flag --thread: did you mean '--threads'\?/],
    [['run', fixture('pipeline'), '--words', '0'], /--words must be an integer >= 1 and <= 1000, got '0'/],
    [['run', fixture('pipeline'), '--folder', 'nope'], /--folder: there is no folder 'nope' \(looked for /],
    [['run', fixture('pipeline'), '--folder', 'package.json'], /--folder: 'package\.json' is not a folder/],
    [['graph', fixture('no-pipeline')], /does not default-export a pipeline/],
  ];
  for (const [args, message] of refused) {
    it(`refuses cano ${args.join(' ')}`, async () => {
      const { code, out, err } = await canoHere(args);
      assert.equal(code, 2, err);
      assert.match(err, message);
      assert.match(err, /^cano: /);
      assert.doesNotMatch(err, /\n\s+at /);
      assert.equal(out, '');
    });
  }

  it('refuses CANO_THREADS=x', async () => {
    const { code, err } = await cano(['run', fixture('pipeline')], { CANO_THREADS: 'x' });
    assert.equal(code, 2);
    assert.match(err, /CANO_THREADS must be an integer from 1 to 1024, got 'x'/);
  });

  it('shows the stack of a file that cannot be loaded when asked', async () => {
    const { code, err } = await run('throws', '--verbose');
    assert.equal(code, 2);
    assert.match(err, /TypeError: this file throws at import\n\s+at .*throws\.ts/);
  });
});

describe('cano', () => {
  it('explains itself', async () => {
    const { code, out } = await cano(['--help']);
    assert.equal(code, 0);
    assert.match(out, /cano run FILE/);
  });

  it('explains a pipeline', async () => {
    const { code, out } = await run('pipeline', '--help');
    assert.equal(code, 0);
    assert.match(out, /words: says words, then spins/);
    assert.match(out, /--words N +number of words \(an integer >= 1 and <= 1000; default 3\)/);
  });

  it('knows its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    assert.deepEqual(await cano(['--version']), { code: 0, signal: null, out: `${version}\n`, err: '' });
  });

  it('draws the graph of a pipeline', async () => {
    const { code, out } = await cano(['graph', fixture('pipeline')]);
    assert.equal(code, 0);
    assert.match(out, /stateDiagram-v2/);
    assert.match(out, /"Talk.*" as s0/);
  });
});
