import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { BenchDocument } from '../../src/cli/bench/document.ts';
import { cano, canoHere, fixture, startCano } from '../fixtures/cli/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'cano-bench-'));
after(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => join(folder, name);
const ONCE = ['--threads', '1', '--repeat', '1', '--warmup', '0'];

describe('cano bench', { concurrency: 2 }, () => {
  it('measures in rounds and gives the table, the document and the page', async () => {
    const html = file('page.html');
    const { code, out, err } = await cano([
      'bench',
      fixture('benched'),
      '--threads=1,2',
      '--repeat=1',
      '--warmup=1',
      '--items=6',
      '--json',
      `--html=${html}`,
      '--',
      '--threshold=0.5',
    ]);
    assert.equal(code, 0, err);

    const document = JSON.parse(out) as BenchDocument;
    const [benchmark] = document.benchmarks;
    assert.ok(benchmark !== undefined, 'there is a benchmark');
    assert.equal(document.benchmarks.length, 1);
    assert.deepEqual(
      [benchmark.workflow, benchmark.inputs['items'], benchmark.inputs['threshold']],
      ['benched', 6, 0.5],
    );
    assert.deepEqual(benchmark.ownLoop, { exec: 'count', inputs: 6, of: 6, share: 1 });
    assert.ok(
      benchmark.samples.every(({ control: { ownMs = 0 } }) => ownMs > 0),
      'the loop of its own work was measured before each run',
    );
    const order = [...benchmark.warmups, ...benchmark.samples].map(({ round, threads }) => `${round}:${threads}`);
    assert.deepEqual(order, ['1:1', '1:2', '1:2', '1:1']);
    for (const sample of benchmark.samples) {
      assert.equal(sample.executions, 6);
      assert.equal(sample.state, 'Done');
      for (const [name, value] of Object.entries({ ...sample, ...sample.control })) {
        if (typeof value === 'number') assert.ok(Number.isFinite(value) && value >= 0, `${name} ${value}`);
      }
      // What is timed is a part of the process.
      assert.ok(sample.wallMs + sample.startMs < sample.processMs, JSON.stringify(sample));
      assert.ok(sample.busyMs > 0 && sample.cpuMs > 0 && sample.peakRssBytes > 2e7, JSON.stringify(sample));
    }

    assert.match(err, / benched {2}warm-up 1\/1 {2}1 thread .* {2}2 threads /);
    assert.match(err, / benched {2}round 1\/1 {2}2 threads .* {2}1 thread /);
    assert.match(err, /threads +time +95% +speed-up +95% +efficiency +machine +bare loop +of it/);
    assert.match(err, /recommended {2}(?:\d threads?|none): /);
    assert.match(err, /Amdahl +serial share \d/);
    assert.match(readFileSync(html, 'utf8'), /<svg class="chart"[\s\S]*<\/html>\n$/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('page')),
      ['page.html'],
    );

    assert.doesNotMatch(out, /"(?:baseline|comparison)"/, 'there is nothing to compare with');

    // The same pipeline a thousandth as long, once upon a time: a run that stalls may take ten times what it usually does.
    const faster = benchmark.samples.map((sample) => Object.assign(sample, { wallMs: sample.wallMs / 1_000 }));
    writeFileSync(
      file('before.json'),
      JSON.stringify({ ...document, benchmarks: [{ ...benchmark, samples: faster }] }),
    );
    const again = await cano([
      'bench',
      fixture('benched'),
      ...ONCE,
      '--items=6',
      `--baseline=${file('before.json')}`,
      '--threshold=50%',
      '--',
      '--threshold=0.5',
    ]);
    assert.match(again.out, /against .*before\.json.* threshold 50%/);
    assert.match(again.out, / 1 .* \+\d+\.\d% .* ✖ slower\n/);
    assert.equal(again.code, 1, again.err);

    const less = benchmark.samples.map((sample) => Object.assign(sample, { executions: 5 }));
    writeFileSync(file('less.json'), JSON.stringify({ ...document, benchmarks: [{ ...benchmark, samples: less }] }));
    const against = ['--baseline', file('less.json'), '--json'];
    const other = await cano(['bench', fixture('benched'), ...ONCE, '--items=6', ...against, '--', '--threshold=0.5']);
    assert.equal(other.code, 3, other.err);
    assert.match(other.err, / 1 .* ! not compared\n/);
    assert.match(other.err, /note +5 executions then, 6 now: that is other work, and not compared/);
    const compared = JSON.parse(other.out) as BenchDocument;
    assert.deepEqual(compared.baseline, {
      file: file('less.json'),
      createdAt: document.createdAt,
      threshold: 0.1,
    });
    assert.deepEqual(
      compared.benchmarks[0]?.comparison?.differences.map(({ threads, verdict }) => [threads, verdict]),
      [[1, 'other']],
    );

    const over = ['--html', file('before.json'), '--baseline', file('before.json')];
    const refused = await cano(['bench', fixture('benched'), ...ONCE, '--items=6', ...over, '--', '--threshold=0.5']);
    assert.equal(refused.code, 2, refused.err);
    assert.match(refused.err, /--html: '.*before\.json' is the file of --baseline too: name another one/);
  });

  it('keeps what was measured when the page cannot be written', async () => {
    mkdirSync(file('gone'));
    const html = join(folder, 'gone', 'page.html');
    const { saw, ended } = startCano(['bench', fixture('benched'), ...ONCE, '--json', '--html', html]);
    // By then the folder has been asked for.
    await saw('round 1/1');
    rmdirSync(file('gone'));
    const { code, out, err } = await ended;
    assert.equal(code, 1, err);
    assert.equal((JSON.parse(out) as BenchDocument).benchmarks[0]?.samples.length, 1);
    assert.match(err, /threads +time +95%/);
    assert.match(
      err,
      /cano: the benchmark is over, but its page '.*page\.html' could not be written:\ncano: ENOENT: .*\n/,
    );
    assert.doesNotMatch(err, /page: |\n +at /);
  });

  it('refuses before it measures', async () => {
    writeFileSync(file('other.json'), '{}');
    for (const [args, message] of [
      [['--baseline', file('other.json')], /is no benchmark: it must be what cano bench FILE --json has printed/],
      [['--html', join(folder, 'none', 'page.html')], /--html: there is no folder/],
      [['--html', fixture('benched')], /--html: '.*benched\.ts' is the file of the pipeline too: name another one/],
    ] as const) {
      const { code, out, err } = await canoHere(['bench', fixture('benched'), ...args]);
      assert.equal(code, 2, err);
      assert.match(err, message);
      assert.doesNotMatch(err, /round/);
      assert.equal(out, '');
    }
  });

  it('ends with what a run says that fails', async () => {
    const html = file('failed.html');
    const { code, out, err } = await cano(['bench', fixture('fails'), ...ONCE, '--html', html]);
    assert.equal(code, 1, err);
    assert.match(err, /the stone was too big/);
    assert.match(err, /the run with 1 thread ended with exit code 1, so there is no benchmark/);
    assert.equal(out, '');
    assert.ok(!existsSync(html), 'a page was written');
  });

  it('ends with exit code 2 when the pipeline refuses its inputs', async () => {
    const { code, err } = await cano(['bench', fixture('benched'), ...ONCE, '--refuse']);
    assert.equal(code, 2, err);
    assert.match(err, /there is no store today/);
  });

  it('does not compare runs that end in different states', async () => {
    const args = ['--threads', '1,2', '--repeat', '1', '--warmup', '0', '--exit', 'by-threads'];
    const { code, out, err } = await cano(['bench', fixture('benched'), ...args]);
    assert.equal(code, 1, err);
    assert.match(err, /do not end in the same state: one with 1 thread in 'Done', one with 2 threads in 'Other'/);
    assert.equal(out, '');
  });

  it('kills a run that takes too long', async () => {
    const { code, err } = await cano(['bench', fixture('endless'), ...ONCE, '--timeout', '1s']);
    assert.equal(code, 1, err);
    assert.match(err, /the run with 1 thread was killed: it took longer than --timeout allows/);
  });

  it('stops with its run at Ctrl-C, and leaves nothing', async () => {
    const html = file('interrupted.html');
    const args = ['bench', fixture('endless'), '--threads', '1', '--verbose', '--json', '--html', html];
    const { child, saw, ended } = startCano(args, { STUBBORN: '1' });
    await saw('warm-up 1/1');
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    assert.equal(code, 130, err);
    assert.equal(out, '');
    assert.ok(!existsSync(html), 'a page was written');
  });

  it('has the run stopped that goes on at Ctrl-C', async () => {
    const args = ['bench', fixture('benched'), ...ONCE, '--talk', '--turns', '100000000000', '--verbose'];
    const { child, saw, ended } = startCano(args);
    await saw('about to run');
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    assert.equal(code, 130, err);
    assert.equal(out, '');
    assert.doesNotMatch(err, /so there is no benchmark/);
  });

  it('says why there is no bare loop of its own work', async () => {
    const { code, out, err } = await cano(['bench', fixture('asks'), ...ONCE]);
    assert.equal(code, 0, err);
    assert.match(out, /bare loop +none: it uses ctx\.rpc, which a bare loop does not have/);
    assert.doesNotMatch(out, /machine +bare loop/);
    const left = await cano(['bench', fixture('leaves'), ...ONCE]);
    assert.equal(left.code, 0, left.err);
    assert.match(left.out, /bare loop +none: its process ended with exit code 3/);
  });

  it('runs its own kernels', async () => {
    const { code, out, err } = await cano(['bench', '--builtin', 'minhash', 'monteCarlo', ...ONCE, '--scale', '0.002']);
    assert.equal(code, 0, err);
    assert.match(out, /^ minhash {2}builtin:minhash · median of 1 round after no warm-up\n/);
    assert.match(out, /\n monteCarlo {2}builtin:monteCarlo/);
    assert.match(out, /note +1 round: an interval of so few/);
  });
});
