/** `--report FILE`, the analysis for scripts, and the example that is slow on purpose. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import type { TremorSchema } from '../../examples/slow/schema.ts';
import { makeRecord, makeSearches, makeTemplates } from '../../examples/slow/signal.ts';
import { tremors } from '../../examples/slow/workflow.ts';
import { analyse, createEngine, MemoryStore, RunError, share, type AnalysedReport } from '../../src/index.ts';
import { cano, fixture, startCano } from '../fixtures/cli/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'cano-report-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);
const run = (name: string, ...args: readonly string[]): ReturnType<typeof cano> =>
  cano(['run', fixture(name), '--threads', '2', ...args]);

describe('cano run --report', () => {
  it('writes the page and says where', async () => {
    const { code, out, err } = await run('pipeline', '--report', file('a.html'));
    assert.equal(code, 0, err);
    const page = readFileSync(file('a.html'), 'utf8');
    assert.match(page, /words completed in/);
    assert.match(page, /aria-label="The run over time: its states, the main thread and 2 threads, over /);
    assert.ok(err.includes(file('a.html')), err);
    assert.ok(!out.includes('a.html'), 'results only');
    assert.deepEqual(readdirSync(folder), ['a.html'], 'and nothing beside it');
  });

  it('writes it of a run that failed, with what went wrong, in place of an older one', async () => {
    writeFileSync(file('b.html'), 'old');
    const { code } = await run('fails', '--report', file('b.html'), '--reporter', 'none');
    assert.equal(code, 1);
    const page = readFileSync(file('b.html'), 'utf8');
    assert.match(page, /role="alert">workflow &#39;fails&#39; failed in state &#39;Try&#39;: .*the stone was too big/);
    assert.match(page, /fails failed after/);
  });

  it('writes it of a run that was interrupted', { skip: process.platform === 'win32' }, async () => {
    const started = startCano(['run', fixture('endless'), '--threads', '1', '--report', file('c.html')]);
    await started.saw('●');
    started.child.kill('SIGINT');
    const { code, err } = await started.ended;
    assert.equal(code, 130, err);
    assert.match(readFileSync(file('c.html'), 'utf8'), /was cancelled after/);
  });

  it('runs nothing when the file cannot be written', async () => {
    mkdirSync(file('d'));
    for (const [path, message] of [
      [join(folder, 'missing', 'r.html'), /--report: there is no folder '.*missing' for '.*r\.html': make it/],
      [file('d'), /--report: '.*d' is a folder: name a file in it/],
      [join(file('a.html'), 'r.html'), /--report: there is no folder '.*a\.html'/],
      ...(process.platform === 'win32' ? [] : [['/dev/null', /--report: '\/dev\/null' is no regular file/] as const]),
    ] as const) {
      const { code, err } = await run('pipeline', '--report', path);
      assert.equal(code, 2, err);
      assert.match(err, message);
      assert.doesNotMatch(err, /started/);
    }
    assert.ok(!existsSync(join(folder, 'missing')), 'no folder is made');
  });

  it('goes to a file of its own', async () => {
    const both = file('both.html');
    const pipeline = fixture('pipeline');
    for (const [args, message] of [
      [['--report', both, '--trace', both], /--report: '.*both\.html' is the file of --trace too: name another one/],
      [['--report', pipeline], /--report: '.*pipeline\.ts' is the file of the pipeline too/],
      [['--trace', `./${pipeline}`], /--trace: '.*pipeline\.ts' is the file of the pipeline too/],
    ] as const) {
      const { code, err } = await run('pipeline', ...args);
      assert.equal(code, 2, err);
      assert.match(err, message);
      assert.doesNotMatch(err, /started/);
    }
    assert.ok(!existsSync(both), 'nothing is written');
  });

  it('has no meaning with --compare, nor without a file', async () => {
    const compared = await run('pipeline', '--compare', '--report', file('e.html'));
    assert.deepEqual([compared.code, existsSync(file('e.html'))], [2, false]);
    assert.match(compared.err, /--report has no meaning with --compare/);
    const empty = await run('pipeline', '--report=');
    assert.equal(empty.code, 2);
    assert.match(empty.err, /--report/);
  });

  it('opens in a browser without an error, where there is one', { skip: browser() === undefined }, async () => {
    await run('pipeline', '--report', file('f.html'), '--reporter', 'none');
    const [command = '', ...args] = browser() ?? [];
    const { stdout, stderr } = spawnSync(command, [...args, `file://${file('f.html')}`], { encoding: 'utf8' });
    assert.match(stdout, /<svg class="gantt"/);
    assert.doesNotMatch(stderr, /CONSOLE|Refused/);
  });
});

function browser(): readonly string[] | undefined {
  for (const command of ['chromium', 'chromium-browser', 'google-chrome']) {
    const { status } = spawnSync(command, ['--version']);
    if (status === 0) {
      return [command, '--headless', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr', '--dump-dom'];
    }
  }
  return undefined;
}

test('--reporter json has the analysis beside the report', async () => {
  const { code, out, err } = await run('pipeline', '--reporter', 'json');
  assert.equal(code, 0, err);
  const line = out.split('\n').find((each) => each.includes('"run.finished"'));
  const last = JSON.parse(line ?? '{}') as { report: AnalysedReport; analysis: AnalysedReport['analysis'] };
  assert.deepEqual(last.analysis, JSON.parse(JSON.stringify(analyse(last.report))));
  assert.ok(last.analysis.path.length > 0, 'with its path');
});

describe('examples/slow', () => {
  const samples = 250_000;
  const report = async (mended: boolean): Promise<{ report: AnalysedReport; store: MemoryStore<TremorSchema> }> => {
    await using engine = createEngine({ threads: 2 });
    await engine.warmUp(tremors);
    const templates = makeTemplates();
    const store = new MemoryStore<TremorSchema>({
      mendings: { onThreads: mended, shared: mended, cut: mended },
      raw: makeRecord(samples),
      templates: mended ? share(templates) : templates,
      searches: makeSearches(samples),
    });
    const result = await engine.start(tremors, store).result;
    return { report: result.report(), store };
  };

  it('names its three causes, and none of them once they are mended; the result is the same', async () => {
    const causes = (of: AnalysedReport): string[] =>
      of.analysis.advice.map(({ rule, state }) => `${rule} ${state}`).toSorted();
    const planted = ['copying Match', 'long_item Locate', 'main_thread CleanHere'];
    let slow = await report(false);
    // What else runs on the machine may take the cores from the threads, and then that costs the run more than a cause of its own.
    for (let more = 0; more < 6 && causes(slow.report).join() !== planted.join(); more += 1) slow = await report(false);
    assert.deepEqual(causes(slow.report), planted);
    const mended = await report(true);
    for (const cause of planted) assert.ok(!causes(mended.report).includes(cause), cause);

    const row = (of: AnalysedReport, state: string): AnalysedReport['nodes'][number] =>
      of.nodes.find((each) => each.state === state) ?? assert.fail(`no state ${state}`);
    // By structure, not by time: nothing on the main thread, next to nothing copied, no item that is half of all.
    assert.ok(row(slow.report, 'CleanHere').blockedMs > 0, 'blocked');
    assert.equal(row(mended.report, 'Clean').inlineMs, 0);
    assert.ok(row(slow.report, 'Match').bytesIn > 1e8, 'copied');
    assert.ok(row(mended.report, 'Match').bytesIn < 1e7, 'shared');
    assert.ok(row(mended.report, 'Locate').executions > row(slow.report, 'Locate').executions, 'cut');
    assert.deepEqual(mended.store.get('matches'), slow.store.get('matches'));
    assert.deepEqual(mended.store.get('places'), slow.store.get('places'));
    assert.deepEqual(mended.store.get('clean'), slow.store.get('clean'));
  });

  it('is told of in a page', async () => {
    const { code, out, err } = await cano(
      ['run', 'examples/slow/pipeline.ts', '--samples', '50000', '--threads', '2', '--report', file('slow.html')],
      {},
    );
    assert.equal(code, 0, err);
    assert.match(out, /48 windows resemble \d+ templates; 40 tremors located, the large one at \d/);
    assert.match(readFileSync(file('slow.html'), 'utf8'), /tremors completed in/);
  });
});

test('the report of an error can be read as well', async () => {
  await using engine = createEngine({ threads: 1 });
  const store = new MemoryStore<TremorSchema>({ mendings: { onThreads: true, shared: false, cut: false } });
  const error: unknown = await engine.start(tremors, store).result.catch((thrown: unknown) => thrown);
  assert.ok(error instanceof RunError, String(error));
  const { path, efficiency } = analyse(error.report);
  assert.deepEqual([path.map(({ state }) => state).slice(0, 1), efficiency], [['Choose'], 0]);
});
