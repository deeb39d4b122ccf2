/**
 * A run's report as one HTML file that needs nothing else. Pure.
 *
 * H1 All text that comes from outside (names, messages, ids) is escaped by `html`; and the page's own policy lets nothing run
 *    but the script whose hash it names, and lets it load nothing.
 */
import { createHash } from 'node:crypto';
import { analyse, type PathPart, type RunAnalysis } from '../../core/analysis.ts';
import { formatCount, formatMs, formatShare } from '../../core/format.ts';
import type { RunReport } from '../../core/report.ts';
import { renderGantt, renderLegend } from './gantt.ts';
import { html, raw, type Html } from './html.ts';
import { figures, nodeTable, notes, pathTable, stacks } from './sections.ts';
import { SCRIPT, STYLE } from './style.ts';
import type { Timeline } from './timeline.ts';
import { shareOf, withoutAdvice } from './words.ts';

export interface Page {
  readonly report: RunReport;
  /** Where the run ended. */
  readonly state: string;
  readonly timeline: Timeline;
  /** Of a run that did not complete: what went wrong, in lines. */
  readonly failure: readonly string[] | undefined;
}

const ENDS: Readonly<Record<string, { readonly mark: string; readonly how: string }>> = {
  completed: { mark: '✔', how: 'completed in' },
  failed: { mark: '✖', how: 'failed after' },
  timed_out: { mark: '✖', how: 'timed out after' },
  cancelled: { mark: '■', how: 'was cancelled after' },
};

export function renderPage({ report, state, timeline, failure }: Page): string {
  const analysis = analyse(report);
  const { mark, how } = ENDS[report.status] ?? { mark: '●', how: 'is under way for' };
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${report.workflow} ${how} ${formatMs(report.wallMs)}</title>
        ${raw(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <main>
          <h1>
            <span class="mark ${report.status}" aria-hidden="true">${mark}</span> ${report.workflow} ${how}
            ${formatMs(report.wallMs)}
          </h1>
          <p class="soft small">
            in state ${state} · run ${report.runId} · version ${report.version} · started
            ${new Date(report.startedAt).toISOString().replace('T', ' ').slice(0, 19)} UTC
          </p>
          ${failure !== undefined && html`<div class="card wrong" role="alert">${failure.join('\n')}</div>`}
          <p style="margin-top:14px">${story(report, analysis)}</p>
          ${figures(report, analysis)}
          <h2>What is worth doing first</h2>
          ${advice(report, analysis)}
          <h2>Where the time went</h2>
          ${stacks(report, analysis)}
          <h2>The run over time</h2>
          <div class="scroll" style="padding:10px 12px">${renderGantt(timeline, report)}</div>
          ${renderLegend(timeline)}
          <h2>The critical path</h2>
          ${pathTable(analysis, timeline)}
          <h2>States and branches</h2>
          ${nodeTable(report, timeline)} ${notes()}
        </main>
        <div id="tip" role="status" hidden></div>
        ${raw(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `;
  return page.text;
}

/** The run in a sentence or two. */
function story(
  { wallMs, threads, threadMs }: RunReport,
  { efficiency, speedUp, path, advice: [first] }: RunAnalysis,
): string {
  const most = path.toSorted((a, b) => b.selfMs - a.selfMs)[0];
  const used =
    threadMs.length === 0
      ? 'It ran on the main thread only.'
      : efficiency === undefined
        ? 'It is under way.'
        : `${threads === 1 ? 'Its one thread' : `Its ${threads} threads`} executed for it ${shareOf(efficiency)} of the time${faster(speedUp)}.`;
  const where =
    most === undefined
      ? ''
      : ` ${most.share >= 0.5 ? 'Most' : `The largest of ${formatCount(path.length)} parts`} of the ${formatMs(wallMs)} went into ${placeOf(most)} (${formatMs(most.selfMs)}, ${shareOf(most.share)}).`;
  const todo =
    first === undefined
      ? ''
      : ` What is worth most: at most ${formatMs(first.gainMs)} less, by the first of the points below.`;
  return `${used}${where}${todo}`;
}

function placeOf({ state, branch, isStopping }: PathPart): string {
  const place = branch === undefined ? `state '${state}'` : `branch '${branch}' of state '${state}'`;
  return isStopping === true ? `waiting for ${place} to stop` : place;
}

function faster(speedUp: number | undefined): string {
  if (speedUp === undefined) return '';
  return speedUp < 1.05
    ? ', which makes it hardly faster than on one'
    : `, which makes it some ${speedUp.toFixed(1)} times as fast as on one`;
}

function advice(report: RunReport, analysis: RunAnalysis): Html {
  if (analysis.advice.length === 0) return html`<p class="card">${withoutAdvice(report, analysis)}</p>`;
  return html`<ol class="advice">
    ${analysis.advice.map(
      ({ finding, remedy, gainMs, gain }) =>
        html`<li>
          <div class="gain"><b>−${formatMs(gainMs)}</b> <span class="small">at most (${formatShare(gain)})</span></div>
          <div>${sentence(finding)}</div>
          <div class="do">${sentence(remedy)}</div>
        </li>`,
    )}
  </ol>`;
}

function sentence(text: string): string {
  const isCode = /^\w+\(/.test(text);
  return `${isCode ? text.charAt(0) : text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
