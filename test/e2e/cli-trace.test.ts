/** `cano run --trace` and `cano trace open`, as processes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { cano, canoHere, fixture, startCano } from '../fixtures/cli/run-cli.ts';
import { parseTrace, violationsOf, type TraceDocument } from '../support/trace-format.ts';

const folder = mkdtempSync(join(tmpdir(), 'cano-cli-trace-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function soundFile(path: string): TraceDocument {
  const document = parseTrace(readFileSync(path));
  assert.deepEqual(violationsOf(document).slice(0, 5), []);
  return document;
}

const runsOf = ({ traceEvents }: TraceDocument): unknown[] =>
  traceEvents
    .filter(({ ph, name }) => ph === 'b' && name.startsWith('run '))
    .map(({ name, args }) => [name, args?.['status']]);

describe('cano run --trace', () => {
  it('writes the timeline of the corpus example, which cano trace open understands', async () => {
    const input = join(folder, 'texts');
    mkdirSync(input);
    const words = Array.from({ length: 300 }, (_value, index) => `word${(index * 7919) % 251}`);
    for (let file = 0; file < 40; file += 1) {
      const text = words.map((word, index) => `${word}${index % 9 === 8 ? '\n' : ' '}${file % 5 === 0 ? '' : file}`);
      writeFileSync(join(input, `${file}.txt`), text.join(''));
    }
    const path = join(folder, 'corpus.json.gz');
    const where = ['--input', input, '--out', join(folder, 'out'), '--clusters', '3', '--threads', '2'];
    const { code, err } = await cano(['run', 'examples/corpus/pipeline.ts', ...where, '--trace', path]);
    assert.equal(code, 0, err);
    assert.match(err, /completed in .*\n[\s\S]*\ntrace {4}\S+corpus\.json\.gz {2}\([\d,]+ events, [\d.]+ kB\)\n/);
    assert.match(err, /drop it on https:\/\/ui\.perfetto\.dev, or see: cano trace open \S+corpus\.json\.gz\n/);
    const document = soundFile(path);
    assert.deepEqual(runsOf(document), [['run corpus', 'completed']]);
    const read = document.traceEvents.filter(({ ph, name }) => ph === 'X' && name === 'read');
    assert.equal(read.length, 40);
    assert.ok(readFileSync(path)[0] === 0x1f, 'it is compressed');

    const opened = await cano(['trace', 'open', path]);
    assert.equal(opened.code, 0, opened.err);
    assert.match(opened.out, /: cano corpus, \S+ in [\d,]+ events, \S+ kB\n/);
    assert.match(opened.out, /runs {8}1\n {2}executions {2}\d+ on threads\n {2}threads {5}2 \(/);
    assert.match(opened.out, /https:\/\/ui\.perfetto\.dev[\s\S]*chrome:\/\/tracing/);
    const json = JSON.parse((await cano(['trace', 'open', path, '--json'])).out) as Record<string, unknown>;
    assert.deepEqual(
      [json['file'], json['name'], json['runs'], json['threads'], json['dropped'], json['events']],
      [path, 'cano corpus', 1, 2, 0, document.traceEvents.length],
    );
  });

  it('writes it when the run fails, and says nothing with --reporter none', async () => {
    const path = join(folder, 'fails.json');
    const { code, out, err } = await cano(['run', fixture('fails'), '--reporter', 'none', '--trace', path]);
    assert.equal(code, 1);
    assert.doesNotMatch(err, /trace/);
    assert.equal(out, '');
    const document = soundFile(path);
    assert.deepEqual(runsOf(document), [['run fails', 'failed']]);
    assert.equal(document.traceEvents.filter(({ name }) => name === 'retry').length, 2);
  });

  it('writes it when the run is interrupted', async () => {
    const path = join(folder, 'endless.json');
    const { child, saw, ended } = startCano(['run', fixture('endless'), '--threads', '2', '--trace', path]);
    await saw('● Spin');
    child.kill('SIGINT');
    const { code, err } = await ended;
    assert.equal(code, 130, err);
    assert.match(err, /trace {4}\S+endless\.json {2}\(/);
    assert.deepEqual(runsOf(soundFile(path)), [['run endless', 'cancelled']]);
  });

  it('keeps stdout for events with --reporter json', async () => {
    const path = join(folder, 'json.json');
    const { code, out, err } = await cano(['run', fixture('pipeline'), '--reporter', 'json', '--trace', path]);
    assert.equal(code, 0, err);
    for (const line of out.trimEnd().split('\n')) JSON.parse(line);
    assert.match(err, /trace {4}/);
    soundFile(path);
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    [
      join(folder, 'nowhere', 't.json'),
      /--trace: there is no folder '\S+nowhere' for '\S+t\.json': make it, or name another file/,
    ],
    [folder, /--trace: '\S+' is a folder: name a file in it/],
  ];
  for (const [path, message] of refused) {
    it(`refuses ${path === folder ? 'a folder' : 'a file in no folder'} before anything runs`, async () => {
      const { code, err } = await cano(['run', fixture('pipeline'), '--trace', path]);
      assert.equal(code, 2);
      assert.match(err, message);
      assert.doesNotMatch(err, /started/);
    });
  }

  it('leaves no temporary file behind', () => {
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });
});

describe('cano trace, bad usage', () => {
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const refused: readonly (readonly [string[], RegExp])[] = [
    [[], /cano trace needs a verb: cano trace open FILE says/],
    [['opne', 'x'], /cano trace has no verb 'opne': did you mean 'open'\?/],
    [['open'], /FILE is missing: write it after the verb/],
    [['open', 'nope.json'], /there is no file 'nope\.json' \(looked for \S+nope\.json\)/],
    [['open', 'src'], /'src' is a folder/],
    [['open', 'package.json'], /'package\.json' is no trace of cano \(it is not one that cano wrote\)/],
    [
      ['open', file('cut.json.gz', gzipSync('{"traceEvents":[]}').subarray(0, 20))],
      /cut\.json\.gz' is no trace of cano \(unexpected end of file\)/,
    ],
    [
      ['open', file('odd.json', '{"traceEvents":[{"ph":"X","ts":"zz"}],"otherData":{"producer":"cano"}}')],
      /odd\.json' is no trace of cano \(it is not one that cano wrote\)/,
    ],
    [['open', file('text.json', 'hello')], /text\.json' is no trace of cano \(.*JSON/],
    [['open', 'package.json', '--jsn'], /unknown flag --jsn: did you mean '--json'\?/],
    [['open', 'a', 'b'], /unexpected argument 'b'/],
  ];
  for (const [args, message] of refused) {
    it(`refuses cano trace ${args.map((word) => word.replace(folder, '…')).join(' ')}`, async () => {
      const { code, out, err } = await canoHere(['trace', ...args]);
      assert.equal(code, 2, err);
      assert.match(err, message);
      assert.equal(out, '');
    });
  }

  it('waits for no pipe', { skip: process.platform === 'win32' }, async () => {
    const pipe = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    const { code, err } = await cano(['trace', 'open', pipe]);
    assert.equal(code, 2, err);
    assert.match(err, /pipe' is no regular file: name a trace file/);
  });

  it('lets nothing out of a file at the terminal', async () => {
    const otherData = { producer: 'cano', startedAt: new Date(0).toISOString() };
    const name = { ph: 'M', name: 'process_name', args: { name: '\u001b[31mevil\u001b[0m\n\u0007name' } };
    const path = file('evil.json', JSON.stringify({ traceEvents: [name], otherData }));
    const { code, out, err } = await cano(['trace', 'open', path]);
    assert.equal(code, 0, err);
    assert.ok(out.startsWith(`${path}: evil name, `), out);
    assert.ok(!out.includes('\u0007'), 'no bell');
    const other = await cano(['trace', 'open', file('escapes.json', '\u001b[31m{')]);
    assert.match(other.err, /escapes\.json' is no trace of cano \(/);
    assert.ok(!other.err.includes('\u001b'), JSON.stringify(other.err));
  });

  it('explains itself', async () => {
    const { code, out } = await cano(['trace', '--help']);
    assert.equal(code, 0);
    assert.match(out, /^cano trace open FILE/);
  });
});
