/** The parts of the report page below its headline: figures, bars and tables. */
import type { RunAnalysis } from '../../core/analysis.ts';
import { formatBytes, formatCount, formatMs } from '../../core/format.ts';
import type { NodeReport, RunReport } from '../../core/report.ts';
import { labelOf } from '../frame.ts';
import { html, type Html } from './html.ts';
import { COLOURS } from './style.ts';
import type { Shown, Timeline } from './timeline.ts';
import { shareOf, WALL_WORDS } from './words.ts';

export function figures({ threads, nodes, wallMs, transitions }: RunReport, analysis: RunAnalysis): Html {
  const { efficiency, speedUp, serialFraction } = analysis;
  const sum = (key: 'executions' | 'retries' | 'failures'): number => nodes.reduce((all, node) => all + node[key], 0);
  const tiles: readonly (readonly [string, string])[] = [
    [formatMs(wallMs), 'wall time'],
    ...(efficiency === undefined
      ? []
      : [
          [
            shareOf(efficiency),
            `parallel efficiency: ${(efficiency * threads).toFixed(2)} of ${formatCount(threads)} threads busy`,
          ] as const,
        ]),
    ...(speedUp === undefined ? [] : [[`${speedUp.toFixed(2)}×`, 'speed-up against one thread, estimated'] as const]),
    ...(serialFraction === undefined ? [] : [[shareOf(serialFraction), 'serial fraction (Karp and Flatt)'] as const]),
    [formatCount(sum('executions')), `executions in ${formatCount(transitions)} transitions`],
    [formatCount(sum('retries')), `retries; ${formatCount(sum('failures'))} failed for good`],
  ];
  return html`<div class="tiles">
    ${tiles.map(([value, name]) => html`<div class="tile"><b>${value}</b><span>${name}</span></div>`)}
  </div>`;
}

/** The wall time, and the time of the threads, as bars. */
export function stacks({ wallMs, threads }: RunReport, { wall, threadTime, executions }: RunAnalysis): Html {
  const walls = WALL_WORDS.map(({ key, name, about }) => ({ style: `w-${key}`, name, about, ms: wall[key] }));
  const { execMs, stoppedMs, copyMs, idleMs } = threadTime;
  // What they did for other runs before this one began is not its own.
  const threadsMs = threads * (wallMs - wall.pending);
  const times = [
    { style: 't-exec', name: 'exec', about: 'executing', ms: execMs },
    { style: 't-stopped', name: 'asked to stop', about: 'executing what was not wanted any more', ms: stoppedMs },
    {
      style: 't-copy',
      name: 'copying',
      about: 'inputs copied by the main thread; the other half is made on the threads, unseen',
      ms: copyMs,
    },
    { style: 't-idle', name: 'not used', about: 'doing nothing for this run', ms: idleMs },
  ];
  const { queueMs, cloneMs, returnMs } = executions;
  return html`<p class="soft small">The wall time of ${formatMs(wallMs)}, and what it was lost to:</p>
    ${stack(walls, wallMs)}
    ${
      threads > 0 &&
      html`<p class="soft small" style="margin-top:18px">
          The time of ${formatCount(threads)} ${threads === 1 ? 'thread' : 'threads'}, ${formatMs(threadsMs)} in all:
        </p>
        ${stack(times, threadsMs)}
        <p class="soft small" style="margin-top:10px">
          Over all executions: ${formatMs(queueMs)} in the queue (on average
          ${(wallMs > 0 ? queueMs / wallMs : 0).toFixed(1)} waited), ${formatMs(cloneMs)} copying inputs,
          ${formatMs(executions.execMs)} exec, ${formatMs(returnMs)} on the way back.
        </p>`
    }`;
}

interface Part {
  readonly style: string;
  readonly name: string;
  readonly about: string;
  readonly ms: number;
}

function stack(parts: readonly Part[], allMs: number): Html {
  const seen = parts.filter(({ ms }) => ms > 0 && ms >= allMs * 0.001);
  const label = seen.map(({ name, ms }) => `${name} ${formatMs(ms)}`).join(', ');
  return html`<div class="stack" role="img" aria-label="${label}">
      ${seen.map(({ style, name, ms }) => html`<i class="${style}" style="width:${((ms / allMs) * 100).toFixed(2)}%" title="${name}: ${formatMs(ms)}"></i>`)}
    </div>
    <ul class="legend">
      ${seen.map(({ style, name, about, ms }) => html`<li title="${about}"><span class="key ${style}"></span>${name} <b>${formatMs(ms)}</b> <span class="soft">${shareOf(ms / allMs)}</span></li>`)}
    </ul>`;
}

export function pathTable({ path }: RunAnalysis, timeline: Timeline): Html {
  if (path.length === 0) return html`<p class="card">Nothing was waited for.</p>`;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">state</th>
          <th scope="col">waited for it</th>
          <th scope="col">of the run</th>
          <th scope="col" aria-label="share"></th>
          <th scope="col">busy threads meanwhile</th>
        </tr>
      </thead>
      <tbody>
        ${path.map(
          (part) =>
            html`<tr>
              <td>${named(part, timeline)}${part.isStopping && ' (stopping)'}</td>
              <td>${formatMs(part.selfMs)}</td>
              <td>${shareOf(part.share)}</td>
              <td style="width:30%;text-align:left">
                <span class="bar" style="width:${(part.share * 100).toFixed(1)}%"></span>
              </td>
              <td>${part.busyThreads.toFixed(2)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const COLUMNS: readonly (readonly [string, (node: NodeReport) => Html])[] = [
  ['visits', ({ visits }) => count(visits)],
  ['executions', ({ executions }) => count(executions)],
  ['wall', ({ wallMs }) => time(wallMs)],
  ['prep', ({ prepMs }) => time(prepMs)],
  ['queue', ({ queueMs }) => time(queueMs)],
  ['copying', ({ cloneMs }) => time(cloneMs)],
  ['exec', ({ execMs }) => time(execMs)],
  ['longest', ({ longestMs }) => time(longestMs)],
  ['return', ({ returnMs }) => time(returnMs)],
  ['post', ({ postMs }) => time(postMs)],
  ['back-off', ({ backoffMs }) => time(backoffMs)],
  ['retries', ({ retries }) => count(retries)],
  ['failed', ({ failures }) => (failures > 0 ? html`<td class="red">${formatCount(failures)}</td>` : count(0))],
  ['sent', ({ bytesIn }) => cell(bytesIn, formatBytes)],
  ['returned', ({ bytesOut }) => cell(bytesOut, formatBytes)],
];

export function nodeTable({ nodes }: RunReport, timeline: Timeline): Html {
  if (nodes.length === 0) return html`<p class="card">The run entered no state.</p>`;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">state</th>
          ${COLUMNS.map(([name]) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${nodes.map(
          (node) =>
            html`<tr>
              <td>
                ${named(node, timeline)}
                <span class="soft small">${node.kind === 'node' || node.kind === 'branch' ? '' : node.kind}</span>
              </td>
              ${COLUMNS.map(([, of]) => of(node))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function named(shown: Shown, { shown: all }: Timeline): Html {
  const key = all.findIndex(({ state, branch }) => state === shown.state && branch === shown.branch);
  return html`${key >= 0 && html`<span class="key n${key % COLOURS}"></span>`}${labelOf(shown)}`;
}

function time(ms: number): Html {
  return cell(ms, formatMs);
}

function count(value: number): Html {
  return cell(value, formatCount);
}

function cell(value: number, format: (value: number) => string): Html {
  return value > 0 ? html`<td>${format(value)}</td>` : html`<td class="zero">·</td>`;
}

/** How the figures are meant. */
export function notes(): Html {
  return html`<details>
    <summary>How these figures are meant</summary>
    <dl>
      <dt>Wall time and what it was lost to</dt>
      <dd>
        ${WALL_WORDS.map(({ name, about }) => `${name}: ${about}`).join('; ')}. The parts add up to the wall time. Sums
        cannot tell where in a batch or split its threads had no work; the picture over time shows it.
      </dd>
      <dt>Parallel efficiency</dt>
      <dd>
        Σ exec on threads, as long as it was wanted / (threads × wall time since the run began). What the threads did
        for other runs meanwhile is not in it.
      </dd>
      <dt>Speed-up, estimated</dt>
      <dd>
        What ran side by side, one after the other, over the wall time; all else as it was. A measurement is cano run
        --compare.
      </dd>
      <dt>Serial fraction</dt>
      <dd>
        e = (1/S − 1/p) / (1 − 1/p) for the estimated speed-up S on p threads; A. H. Karp and H. P. Flatt, Measuring
        parallel processor performance, Communications of the ACM 33(5), 1990.
      </dd>
      <dt>Critical path</dt>
      <dd>
        What the run waited for. Visits follow each other, so all of them are on it; a split is passed through the
        branch whose end decided its join; a batch is bounded by the thread that ended last. A branch that lost and does
        not stop when it is asked to is waited for at the end of the run.
      </dd>
      <dt>At most</dt>
      <dd>Amdahl's bound: what the run would be shorter by if the loss went away and nothing took its place.</dd>
    </dl>
  </details>`;
}
