/** A benchmark as one page without any file beside it. Pure. */
import { formatBytes, formatMs, formatShare } from '../../observe/format.ts';
import { describeFit, describeOwnLoop, headOf, isFit } from './advice.ts';
import type { BaselineComparison, Verdict } from './baseline.ts';
import { escapeHtml } from '../../observe/report/html.ts';
import { renderChart, type ChartSpec, type Curve, type Dot } from './chart.ts';
import type { BenchDocument, Benchmark } from './document.ts';
import { speedUpBy } from './fit.ts';
import { STYLE } from './html-style.ts';
import type { Interval } from './stats.ts';

export function renderPage(document: BenchDocument): string {
  const { environment, settings, benchmarks, createdAt } = document;
  const { node, cpu, cores, usableCores, platform, memoryBytes, load, cano } = environment;
  const title =
    benchmarks.length === 1 ? `Benchmark of ${benchmarks[0]?.workflow}` : `Benchmark of ${benchmarks.length} kernels`;
  const facts = [
    cpu,
    `${plural(cores, 'core')}${usableCores === cores ? '' : `, ${usableCores} usable`}`,
    `${(memoryBytes / 1e9).toFixed(1)} GB`,
    platform,
    `Node ${node.slice(1)}`,
    `cano ${cano}`,
    `load ${load} at the start`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1>
<p>${facts.map(escapeHtml).join(' · ')}<br>${escapeHtml(createdAt.slice(0, 16).replace('T', ' '))} UTC · median of ${plural(settings.repeat, 'round')} after ${plural(settings.warmup, 'warm-up round')}, each run in a process of its own</p></header>
<main>
${benchmarks.map(section).join('\n')}
${LEGEND}
</main>
<footer>Made by <code>cano bench</code>. Its <code>--json</code> holds every single measurement.</footer>
</body>
</html>
`;
}

const LEGEND = `<section class="terms"><h2>What the figures are</h2><dl>
<dt>time</dt><dd>from the start of the run, all threads being ready, to its result. What the process took before is under <b>start</b>.</dd>
<dt>95 %</dt><dd>the interval that holds the median in 95 of 100 repetitions (percentile bootstrap); of few rounds it is hardly more than their range.</dd>
<dt>speed-up, efficiency</dt><dd>times as fast as with the fewest threads, round by round; and that by how many times as many threads there are.</dd>
<dt>machine</dt><dd>what a loop that only spins, without memory or messages, gained from as many threads right before each run.</dd>
<dt>bare loop, of it</dt><dd>what the pipeline’s own work, the inputs of its heaviest exec, gained from as many threads in a loop without cano, right before each run; and speed-up by that (by <b>machine</b> where there is no such loop), round by round.</dd>
<dt>CPU, memory</dt><dd>of all threads of the process during the run; the most that it had in RAM at a time, in any round.</dd>
<dt>busy</dt><dd>the share of all threads’ time in which they executed.</dd>
<dt>queue, overhead</dt><dd>of the time from an execution’s being ready to its result in hand: the share in which it waited for a thread (a batch keeps some ready on purpose, so it is never small there), and the share of copies and of the way back.</dd>
<dt>Amdahl’s law</dt><dd>a share of the work cannot be divided among threads (1967).</dd>
<dt>USL</dt><dd>Gunther’s Universal Scalability Law (1993): in addition each pair of threads costs something, so there is a highest point.</dd>
</dl></section>`;

function section(benchmark: Benchmark, index: number): string {
  const { workflow, file, inputs, analysis, advice, cautions, comparison } = benchmark;
  const given = Object.entries(inputs).flatMap(([name, value]) =>
    value === undefined ? [] : `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `<section><h2>${escapeHtml(workflow)} <small><code>${escapeHtml(file)}</code>${given.length === 0 ? '' : ` ${escapeHtml(given.join(', '))}`}</small></h2>
<p class="advice"><b>Recommended: ${headOf(advice)}</b><span>${escapeHtml(advice.because)}.${advice.beyond === undefined ? '' : ` ${escapeHtml(capital(advice.beyond))}.`}</span></p>
<div class="charts"><figure>${speedUpChart(benchmark, index)}<figcaption>${key(benchmark)}</figcaption></figure>
<figure>${efficiencyChart(benchmark, index)}<figcaption><span><i class="k-measured"></i>efficiency: speed-up by threads</span></figcaption></figure></div>
${table(benchmark)}
<ul class="laws"><li><b>Bare loop</b>${escapeHtml(describeOwnLoop(benchmark.ownLoop))}</li><li><b>Amdahl’s law</b>${escapeHtml(describeFit(analysis.amdahl))}</li><li><b>USL</b>${escapeHtml(describeFit(analysis.usl))}</li>
${cautions.map((caution) => `<li class="note"><b>Note</b>${escapeHtml(caution)}</li>`).join('')}</ul>
${comparison === undefined ? '' : differences(comparison)}</section>`;
}

/** So far the laws are drawn: a little beyond what was measured where that is little. */
function reach({ analysis }: Benchmark): { readonly most: number; readonly until: number } {
  const most = Math.max(...analysis.rows.map(({ threads }) => threads));
  const hasLaw = isFit(analysis.amdahl) || isFit(analysis.usl);
  return { most, until: hasLaw && most < 8 ? most * 2 : most };
}

function speedUpChart(benchmark: Benchmark, index: number): string {
  const { rows, amdahl, usl } = benchmark.analysis;
  const { until } = reach(benchmark);
  const [first] = rows;
  const base = first?.threads ?? 1;
  const laws = [
    { fit: amdahl, style: 'amdahl' },
    { fit: usl, style: 'usl' },
  ].flatMap(({ fit, style }): (Curve & { readonly highest: number })[] => {
    if (!isFit(fit)) return [];
    const at = (threads: number): number => speedUpBy(fit.law, threads);
    return [{ style, at, measuredTo: Math.max(...fit.counts), highest: at(until) }];
  });
  const loops = rows.flatMap(({ threads, bareLoop }) => (bareLoop === undefined ? [] : dotOf(threads, bareLoop)));
  const highest = Math.max(
    ...rows.flatMap(({ speedUp, machine }) => [speedUp.high, machine.high]),
    ...loops.map(({ high }) => high),
    ...laws.map((law) => law.highest),
  );
  const walls = new Map(benchmark.samples.map(({ round, threads, wallMs }) => [`${round}/${threads}`, wallMs]));
  const spec: ChartSpec = {
    title: `Speed-up of ${escapeHtml(benchmark.workflow)} by number of threads`,
    unit: base === 1 ? 'speed-up' : `speed-up against ${base} threads`,
    counts: rows.map(({ threads }) => threads),
    until,
    // The ideal as far as it leaves the measurements room; of these everything.
    top: Math.max(highest, Math.min(until / base, highest * 1.2)) * 1.06,
    label: (value) => String(Number(value.toFixed(2))),
    curves: [{ style: 'ideal', at: (threads) => threads / base }, ...laws],
    samples: benchmark.samples
      .filter(({ threads }) => threads !== base)
      .map(({ round, threads, wallMs }) => ({
        threads,
        value: (walls.get(`${round}/${base}`) ?? Number.NaN) / wallMs,
      })),
    series: [
      { style: 'machine', dots: rows.map(({ threads, machine }) => dotOf(threads, machine)) },
      { style: 'loop', dots: loops },
      { style: 'measured', dots: rows.map(({ threads, speedUp }) => dotOf(threads, speedUp)) },
    ],
    width: 660,
    height: 400,
  };
  return renderChart(spec, `clip-s${index}`);
}

function efficiencyChart(benchmark: Benchmark, index: number): string {
  const { rows } = benchmark.analysis;
  const base = rows[0]?.threads ?? 1;
  const dots = rows.map(({ threads, speedUp }) => dotOf(threads, speedUp, threads / base));
  const spec: ChartSpec = {
    title: `Efficiency of ${escapeHtml(benchmark.workflow)} by number of threads`,
    unit: 'efficiency',
    counts: rows.map(({ threads }) => threads),
    until: reach(benchmark).most,
    top: Math.max(1, ...dots.map(({ high }) => high)) * 1.06,
    label: (value) => `${Math.round(value * 100)}%`,
    curves: [{ style: 'ideal', at: () => 1 }],
    series: [{ style: 'measured', dots }],
    width: 400,
    height: 400,
  };
  return renderChart(spec, `clip-e${index}`);
}

function dotOf(threads: number, { value, low, high }: Interval, by = 1): Dot {
  return { threads, value: value / by, low: low / by, high: high / by };
}

function key({ analysis, ownLoop }: Benchmark): string {
  const entries = [
    ['measured', 'measured, with its interval; small dots are single rounds'],
    ['machine', 'what the machine gave a loop that spins'],
    ...('why' in ownLoop ? [] : [['loop', 'its own work in a bare loop'] as const]),
    ['ideal', 'ideal'],
    ...(isFit(analysis.amdahl) ? [['amdahl', 'Amdahl’s law'] as const] : []),
    ...(isFit(analysis.usl) ? [['usl', 'USL'] as const] : []),
  ];
  return entries.map(([style, text]) => `<span><i class="k-${style}"></i>${text}</span>`).join('');
}

function table({ analysis, advice }: Benchmark): string {
  const titles =
    'threads|time|95 %|speed-up|95 %|efficiency|machine|bare loop|of it|CPU|memory|busy|queue|overhead|start'.split(
      '|',
    );
  const rows = analysis.rows.map((row) => {
    const { wallMs, speedUp } = row;
    const cells = [
      String(row.threads),
      `<b>${formatMs(wallMs.value)}</b>`,
      `<small>${formatMs(wallMs.low)}–${formatMs(wallMs.high)}</small>`,
      `<b>${speedUp.value.toFixed(2)}</b>`,
      `<small>${speedUp.low.toFixed(2)}–${speedUp.high.toFixed(2)}</small>`,
      percent(row.efficiency),
      row.machine.value.toFixed(2),
      row.bareLoop === undefined ? '–' : row.bareLoop.value.toFixed(2),
      percent(row.ofIt.value),
      formatMs(row.cpuMs),
      formatBytes(row.peakRssBytes),
      formatShare(row.busyShare),
      formatShare(row.queueShare),
      `${(row.overheadShare * 100).toFixed(1)}%`,
      formatMs(row.startMs),
    ];
    const mark = row.threads === advice.threads ? ' class="chosen"' : '';
    return `<tr${mark}>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return tableOf(titles, rows);
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  slower: '✖ slower',
  faster: '✔ faster',
  same: '✔ no slower',
  machine: 'slower, as the machine is',
  other: 'not compared',
};

function differences({ differences: all, missing, warnings }: BaselineComparison): string {
  const rows = all.map(({ threads, thenMs, nowMs, ratio, machine, verdict }) => {
    const cells = [
      String(threads),
      formatMs(thenMs),
      `<b>${formatMs(nowMs)}</b>`,
      ...(verdict === 'other'
        ? ['', '']
        : [`<b>${change(ratio.value)}</b>`, `<small>${change(ratio.low)} to ${change(ratio.high)}</small>`]),
      change(machine),
      `<span class="v-${verdict}">${VERDICTS[verdict]}</span>`,
    ];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const notes = [...(missing.length === 0 ? [] : [`not in the baseline: ${missing.join(', ')} threads`]), ...warnings];
  return `<h3>Against the baseline</h3>${tableOf(['threads', 'then', 'now', 'change', '95 %', 'machine', ''], rows)}
<ul class="laws">${notes.map((note) => `<li class="note"><b>Note</b>${escapeHtml(note)}</li>`).join('')}</ul>`;
}

function tableOf(titles: readonly string[], rows: readonly string[]): string {
  return `<div class="table"><table><thead><tr>${titles.map((title) => `<th>${title}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function change(ratio: number): string {
  return `${ratio < 1 ? '−' : '+'}${Math.abs((ratio - 1) * 100).toFixed(1)}%`;
}

function plural(count: number, noun: string): string {
  return count === 0 ? `no ${noun}` : `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
