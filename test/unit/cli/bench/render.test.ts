import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderChart, ticks, type ChartSpec } from '../../../../src/cli/bench/chart.ts';
import { renderPage } from '../../../../src/cli/bench/html.ts';
import { showProgress } from '../../../../src/cli/bench/progress.ts';
import { renderBenchmark, renderComparison, renderEnvironment, renderLegend } from '../../../../src/cli/bench/table.ts';
import { paintPlain, widthOf, type Line } from '../../../../src/observe/text.ts';
import { benchmarkOf, comparedWith, documentOf, HERE, samplesOf, THEN } from '../../../support/bench-samples.ts';

const benchmark = benchmarkOf(
  samplesOf({
    1: [1_000, 1_010, 990, 1_005, 995],
    2: [520, 515, 525, 522, 518],
    4: [290, 281, 284, 286, 288],
  }),
);
const settings = { repeat: 5, warmup: 1 };
const textOf = (lines: readonly Line[]): string[] => lines.map(paintPlain);

describe('the table', () => {
  it('is one at 120 columns', () => {
    const lines = textOf(renderBenchmark(benchmark, settings, 120));
    assert.deepEqual(lines.slice(0, 6), [
      ' primes  pipeline.ts · median of 5 rounds after 1 warm-up',
      '',
      '   threads   time          95%  speed-up        95%  efficiency  machine  of it    CPU  memory  busy  queue  overhead',
      '         1  1.00s  990ms–1.01s      1.00  1.00–1.00        100%     1.00   100%  1.05s  100 MB   90%     8%      2.0%',
      '         2  520ms  515ms–525ms      1.92  1.89–1.96         96%     2.00    96%  1.05s  120 MB   90%     8%      2.0%',
      ' ▸       4  286ms  281ms–290ms      3.49  3.45–3.59         87%     4.00    87%  1.05s  160 MB   90%     8%      2.0%',
    ]);
  });

  it('is two at 80 columns', () => {
    const lines = textOf(renderBenchmark(benchmark, settings, 80));
    assert.match(lines[2] ?? '', /^ {3}threads +time +95% +speed-up +95% +efficiency +machine +of it$/);
    assert.match(lines[3] ?? '', /^ {9}1 +1\.00s +990ms–1\.01s +1\.00 +1\.00–1\.00 +100% +1\.00 +100%$/);
    assert.match(lines[7] ?? '', /^ {3}threads +CPU +memory +busy +queue +overhead +start$/);
    assert.match(lines[10] ?? '', /^ ▸ {7}4 +1\.05s +160 MB +90% +8% +2\.0% +300ms$/);
  });

  // With a bare loop and times of ordinary length, against which the machine has become slower.
  const long = benchmarkOf(
    samplesOf(
      { 1: [12_340, 12_910, 11_870], 2: [6_520, 6_150, 6_250], 16: [1_290, 1_181, 1_284] },
      { control: { oneMs: 200, allMs: 200, ownMs: 900 } },
    ),
  );
  const slower = benchmarkOf(
    long.samples.map((sample) => ({
      ...sample,
      wallMs: sample.wallMs * 1.5,
      control: { ...sample.control, allMs: 300 },
    })),
  );
  const all = (width: number): string[] => {
    const comparison = comparedWith(long, slower, 'a '.repeat(60).trim());
    return textOf([
      ...renderBenchmark(long, settings, width),
      ...renderLegend(width),
      ...renderComparison(comparison, THEN, width),
      ...renderEnvironment({ ...HERE, cpu: 'Intel(R) Xeon(R) Processor @ 2.90GHz', usableCores: 2 }, width),
    ]);
  };
  const titles = (lines: readonly string[]): string[] =>
    lines.flatMap((line) => (/^ {3}threads/.test(line) ? line.trim().split(/ {2,}/).slice(1) : []));

  for (const width of [50, 60, 72, 80, 90, 100, 120, 140, 200]) {
    it(`fits into ${width} columns`, () => {
      for (const line of all(width)) assert.ok(widthOf(line) <= width, line);
    });
  }

  it('has every column once, whatever the width, and an interval beside its value', () => {
    const columns = titles(all(200));
    assert.deepEqual(
      columns.join(' '),
      'time 95% speed-up 95% efficiency machine bare loop of it CPU memory busy queue overhead start then now change 95% machine',
    );
    for (const width of [50, 60, 80, 90, 100]) assert.deepEqual(titles(all(width)), columns, `at ${width}`);
  });

  it('lets nothing from outside move the cursor', () => {
    const evil = { ...benchmark, workflow: 'a\u001b[2Jb\nc', file: 'x\u0007y' };
    const [head = ''] = textOf(renderBenchmark(evil, settings, 80));
    // oxlint-disable-next-line no-control-regex -- control characters must not be there
    assert.doesNotMatch(head, /[\u0000-\u001f]/);
  });

  it('of a comparison names each verdict', () => {
    const now = benchmarkOf(
      samplesOf({ 1: [1_200, 1_210, 1_190, 1_205, 1_195], 2: [520, 515, 525, 522, 518], 4: [200, 201, 199, 202, 198] }),
    );
    const comparison = comparedWith(benchmark, now);
    const text = textOf(renderComparison(comparison, THEN, 100)).join('\n');
    assert.match(text, /^ against before\.json {2}of 2026-11-28 09:30, threshold 10%/);
    assert.match(text, / 1 +1\.00s +1\.20s +\+20\.0% .* ✖ slower/);
    assert.match(text, / 2 +520ms +520ms +\+0\.0% .* ✔ no slower/);
    assert.match(text, / 4 +286ms +200ms +−30\.1% .* ✔ faster/);

    const less = comparedWith(benchmark, benchmarkOf(samplesOf({ 1: [90] }, { executions: 9 })));
    const other = textOf(renderComparison(less, THEN, 100)).join('\n');
    assert.match(other, / 1 +1\.00s +90ms +\+0\.0% +! not compared\n/);
    assert.doesNotMatch(other, /faster|slower|−/);
  });
});

describe('the progress', () => {
  const events = (progress: ReturnType<typeof showProgress>): void => {
    for (const [round, threads] of [
      [1, 1],
      [1, 2],
    ] as const) {
      progress.begins({ isWarmUp: false, round, threads });
      progress.ended({ threads, wallMs: 1_000 / threads }, 1_200 / threads);
    }
    progress.clear();
  };
  const of = { workflow: 'primes', counts: [1, 2], repeat: 1, warmup: 0 };

  it('is a line per round where it is read later', () => {
    let text = '';
    const err = { write: (more: string) => (text += more) };
    events(showProgress(of, { out: err, err, env: {}, exit: () => {} }));
    assert.equal(text, ' primes  round 1/1  1 thread 1.00s  2 threads 500ms\n');
  });

  it('ends its line before something else is written, and takes it up again', () => {
    let text = '';
    const err = { write: (more: string) => (text += more) };
    const progress = showProgress({ ...of, repeat: 2 }, { out: err, err, env: {}, exit: () => {} });
    progress.clear();
    progress.begins({ isWarmUp: false, round: 1, threads: 1 });
    for (const said of ['one\n', 'two\n']) {
      progress.clear();
      err.write(said);
    }
    progress.ended({ threads: 1, wallMs: 1_000 }, 1_200);
    progress.begins({ isWarmUp: false, round: 1, threads: 2 });
    progress.ended({ threads: 2, wallMs: 500 }, 600);
    progress.begins({ isWarmUp: false, round: 2, threads: 2 });
    progress.clear();
    err.write('cano: it failed\n');
    assert.deepEqual(text.split('\n'), [
      ' primes  round 1/2',
      'one',
      'two',
      ' primes  round 1/2  1 thread 1.00s  2 threads 500ms',
      ' primes  round 2/2',
      'cano: it failed',
      '',
    ]);
  });

  it('is one line on a terminal, gone at the end', () => {
    let text = '';
    const err = { write: (more: string) => (text += more), isTTY: true, columns: 40 };
    events(showProgress(of, { out: err, err, env: {}, exit: () => {} }));
    assert.ok(text.startsWith('\r\u001b[K primes  round 1/1  1 thread  0s'), text);
    assert.ok(text.includes('2 threads  0s · ab'), text);
    assert.ok(text.endsWith('\r\u001b[K') && !text.includes('\n'), JSON.stringify(text));
    for (const line of text.split('\r\u001b[K')) assert.ok(line.length < 40, line);
  });
});

describe('the page', () => {
  const page = renderPage(documentOf([benchmark]));

  it('needs nothing from outside', () => {
    assert.doesNotMatch(page, /https?:|<script|<link(?! rel="icon" href="data:,")|url\((?!#)/);
  });

  it('has the curves, the table and the sentence', () => {
    for (const text of [
      'Recommended: 4 threads',
      '<path class="ideal"',
      '<path class="measured"',
      '<path class="machine"',
      '<path class="amdahl"',
      '<path class="usl beyond"',
      '2 threads: 1.92 (1.89 to 1.96)',
      '<td><b>520ms</b></td>',
    ]) {
      assert.ok(page.includes(text), text);
    }
    assert.doesNotMatch(page, /NaN|Infinity|undefined/);
    // One dot for each round of each count but the first.
    assert.equal(page.match(/class="sample"/g)?.length, 10);
  });

  it('marks and recommends nothing when the machine was too busy', () => {
    const samples = [...samplesOf({ 1: [9, 9] }), ...samplesOf({ 2: [9, 9] }, { control: { oneMs: 200, allMs: 400 } })];
    const busy = benchmarkOf(samples, { inputs: { limit: undefined, name: 'n' } });
    const html = renderPage(documentOf([busy]));
    assert.match(html, /<b>Recommended: none<\/b><span>the machine gave too little to tell/);
    assert.doesNotMatch(html, /class="chosen"|undefined/);
    assert.doesNotMatch(textOf(renderBenchmark(busy, settings, 120)).join('\n'), /▸/);
  });

  it('cuts nothing off that was measured', () => {
    const curves = (speedUps: readonly number[], ownMs?: number): number[] => {
      const samples = speedUps.flatMap((speedUp, index) =>
        samplesOf(
          { [2 ** index]: [1_000 / speedUp, 1_020 / speedUp] },
          ownMs === undefined ? {} : { control: { oneMs: 200, allMs: 200, ownMs: ownMs / speedUp } },
        ),
      );
      const html = renderPage(documentOf([benchmarkOf(samples)]));
      const [first = ''] = html.match(/<svg[\s\S]*?<\/svg>/) ?? [];
      return [...first.matchAll(/<g class="(?:measured|machine|loop)">.*?d="M\S+ \S+V(\S+?)M/g)].map(([, y]) =>
        Number(y),
      );
    };
    // More than ideal, with 8 threads and with fewer, of the run and of the bare loop.
    for (const tops of [curves([1, 2.3, 4.6, 9.8]), curves([1, 2.6]), curves([1, 2.3, 4.6, 9.8], 900)]) {
      assert.ok(tops.length >= 4, String(tops));
      for (const y of tops) assert.ok(y >= 16, `${y} is above the chart`);
    }
  });

  it('escapes what comes from outside', () => {
    const evil = {
      ...benchmark,
      workflow: '<script>alert(1)</script>',
      file: '"><img src=x>',
      inputs: { '<b>': "'&" },
      cautions: ['<i>'],
    };
    const html = renderPage(documentOf([{ ...evil, comparison: comparedWith(benchmark, evil, '<u>') }]));
    assert.doesNotMatch(html, /<script|<img|<i>\W|<u>|<b>\s|alert\(1\)<\/s/);
    assert.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
    assert.match(html, /Some CPU &lt;fast&gt;/);
    assert.match(html, /Against the baseline/);
  });

  it('has a section for each of several', () => {
    const html = renderPage(documentOf([benchmark, { ...benchmark, workflow: 'other' }]));
    assert.match(html, /<title>Benchmark of 2 kernels<\/title>/);
    assert.equal(new Set(html.match(/<clipPath id="[^"]+"/g)).size, 4);
  });
});

describe('a chart', () => {
  const spec: ChartSpec = {
    title: 't',
    unit: 'u',
    counts: [1, 2, 3, 4, 64],
    until: 64,
    top: 10,
    label: String,
    curves: [],
    series: [],
    width: 400,
    height: 300,
  };

  it('has round numbers on its axis', () => {
    assert.deepEqual(ticks(10), [0, 2, 4, 6, 8, 10]);
    assert.deepEqual(ticks(1.06), [0, 0.2, 0.4, 0.6, 0.8, 1]);
    assert.deepEqual(ticks(26.4), [0, 5, 10, 15, 20, 25]);
    assert.deepEqual(ticks(4.2), [0, 1, 2, 3, 4]);
    assert.deepEqual(ticks(137), [0, 25, 50, 75, 100, 125]);
  });

  it('drops labels that would touch, never the last one', () => {
    const places = [...renderChart(spec, 'c').matchAll(/class="tick" x="([\d.]+)" y="276" [^>]*>(\d+)</g)];
    const labels = places.map(([, , label]) => label);
    assert.equal(labels.at(-1), '64');
    assert.ok(labels.length < 5, labels.join(' '));
  });

  it('draws one thread count', () => {
    const dots = [{ threads: 1, value: 1, low: 1, high: 1 }];
    const svg = renderChart({ ...spec, counts: [1], until: 1, series: [{ style: 'measured', dots }] }, 'c');
    assert.doesNotMatch(svg, /NaN|Infinity/);
  });
});
