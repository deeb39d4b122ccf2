/** The run over time as an SVG: states, busy threads, the main thread, one lane per thread, and the critical path over them. */
import { formatCount, formatMs, plural } from '../../core/format.ts';
import type { RunReport } from '../../core/report.ts';
import { labelOf } from '../frame.ts';
import { cut, widthOf } from '../text.ts';
import type { Block } from './blocks.ts';
import { html, raw, type Html } from './html.ts';
import { COLOURS } from './style.ts';
import { MAIN_LANE, type Shown, type Timeline } from './timeline.ts';

const LABELS = 84;
const WIDTH = 1200;
/** Half of the widest time below the axis. */
const MARGIN = 24;
const STATES_Y = 8;
const STATES_H = 26;
const BUSY_H = 44;
const GAP = 10;
const AXIS_H = 26;
/** Above this, blocks are merged further: the file stays small on any number of threads. */
const MAX_BLOCKS = 8000;
const CHARACTER = 6.8;

/** Number of lanes from which they are drawn lower. */
const HEIGHTS = [
  { upTo: 12, height: 20 },
  { upTo: 32, height: 12 },
  { upTo: Infinity, height: 7 },
];

interface Scale {
  /** From the start of the run to the zero of the timeline. */
  readonly leadMs: number;
  readonly shown: readonly Shown[];
  /** Of a time of the timeline. */
  readonly x: (ms: number) => number;
}

/** Threads that executed nothing have a lane too. */
export function renderGantt(timeline: Timeline, { threads, wallMs }: RunReport): Html {
  const { shown } = timeline;
  const endMs = Math.max(wallMs, timeline.endMs);
  // A run is there before its first event, which is the zero of the timeline.
  const leadMs = endMs - timeline.endMs;
  const lanes = Math.max(threads, timeline.threads.length);
  const height = HEIGHTS.find(({ upTo }) => lanes <= upTo)?.height ?? 7;
  const axis = (ms: number): number => LABELS + (endMs > 0 ? (Math.min(ms, endMs) / endMs) * WIDTH : 0);
  const scale: Scale = { leadMs, shown, x: (ms) => axis(ms + leadMs) };
  // What is narrower than a pixel cannot be seen.
  const resolutionMs = endMs / WIDTH;
  const perLane = Math.max(20, Math.floor(MAX_BLOCKS / (lanes + 2)));
  const busyY = STATES_Y + STATES_H + GAP;
  const mainY = busyY + (lanes === 0 ? 0 : BUSY_H + GAP);
  const laneY = (lane: number): number => mainY + lane * (height + 4);
  const bottom = laneY(lanes + 1) + 2;
  const ticks = ticksOf(endMs);
  const labelEvery = height >= 12 ? 1 : 8;
  return html`<svg
    class="gantt"
    viewBox="0 0 ${LABELS + WIDTH + MARGIN} ${bottom + AXIS_H}"
    role="img"
    aria-label="${`The run over time: its states, the main thread and ${plural(lanes, 'thread', 'threads')}, over ${formatMs(endMs)}`}"
  >
    ${ticks.map((ms) => html`<line class="grid" x1="${px(axis(ms))}" x2="${px(axis(ms))}" y1="${STATES_Y}" y2="${bottom}" /><text x="${px(axis(ms))}" y="${bottom + 17}" text-anchor="middle">${tick(ms)}</text>`)}
    <text x="0" y="${STATES_Y + 17}">state</text>
    ${timeline.states.view(resolutionMs, perLane).map((block) => stateBlock(block, scale))}
    ${timeline.backoffs.view(resolutionMs, perLane).map((block) => rect(block, scale, STATES_Y + STATES_H - 7, 5, 'back-off'))}
    ${lanes === 0 ? undefined : busyArea(timeline, scale, lanes, busyY)} ${laneRect(mainY, height, 'main', true)}
    ${timeline.main.view(resolutionMs, perLane).map((block) => rect(block, scale, mainY, height, 'main thread'))}
    ${Array.from({ length: lanes }, (_, thread) => {
      const y = laneY(thread + 1);
      const blocks = timeline.threads[thread]?.view(resolutionMs, perLane) ?? [];
      return [
        laneRect(y, height, `thread ${thread}`, thread % labelEvery === 0),
        ...blocks.map((block) => rect(block, scale, y, height, `thread ${thread}`)),
      ];
    })}
    ${pathLine(timeline.path.view(resolutionMs, perLane), scale, (lane) => laneY(lane) + (lane === MAIN_LANE ? height - 3 : height - 2))}
  </svg>`;
}

/** What is drawn in which colour. */
export function renderLegend(timeline: Timeline): Html {
  const most = 24;
  const { shown } = timeline;
  return html`<ul class="legend">
    ${shown.slice(0, most).map((each, key) => html`<li><span class="key n${key % COLOURS}"></span>${labelOf(each)}</li>`)}
    ${shown.length > most && html`<li class="soft">and ${formatCount(shown.length - most)} more</li>`}
    <li>
      <svg width="26" height="11" aria-hidden="true">
        <line x1="0" x2="26" y1="6" y2="6" stroke="var(--path)" stroke-width="2.5" />
      </svg>
      critical path
    </li>
  </ul>`;
}

function laneRect(y: number, height: number, name: string, isNamed: boolean): Html {
  return html`${isNamed && html`<text x="0" y="${px(y + height / 2 + 4)}">${name}</text>`}<rect
      class="lane"
      x="${LABELS}"
      y="${px(y)}"
      width="${WIDTH}"
      height="${height}"
      rx="2"
    />`;
}

function stateBlock(block: Block, scale: Scale): Html {
  const { x, shown } = scale;
  const width = x(block.to) - x(block.from);
  const name = shown[block.key]?.state ?? '';
  const room = Math.floor((width - 10) / CHARACTER);
  const text = widthOf(name) <= room ? name : room >= 4 ? cut(name, room) : '';
  return html`${rect(block, scale, STATES_Y, STATES_H, 'state')}${text !== '' && html`<text class="in" x="${px(x(block.from) + 6)}" y="${STATES_Y + 17}" pointer-events="none">${text}</text>`}`;
}

function rect(
  { from, to, key, count, busyMs, failed }: Block,
  { x, shown, leadMs }: Scale,
  y: number,
  height: number,
  where: string,
): Html {
  const width = Math.max(0.6, x(to) - x(from) - 0.4);
  const of = shown[key];
  const isOne = count === 1;
  const many =
    where === 'state'
      ? plural(count, 'visit', 'visits')
      : `${formatCount(count)} intervals, ${formatMs(busyMs)} in all`;
  const at = `${formatMs(from + leadMs)} – ${formatMs(to + leadMs)}${isOne ? ` (${formatMs(to - from)})` : ''}`;
  const lines = [
    of === undefined ? '' : labelOf(of),
    `${where}, ${at}`,
    isOne ? '' : many,
    failed > 0 ? plural(failed, 'failed attempt', 'failed attempts') : '',
  ];
  return html`<rect
      data-b=""
      class="${where === 'back-off' ? 'wait' : `n${key % COLOURS}`}"
      x="${px(x(from))}"
      y="${px(y)}"
      width="${px(width)}"
      height="${height}"
      rx="1.5"
      ><title>${lines.filter((line) => line !== '').join('\n')}</title></rect
    >${failed > 0 && html`<rect class="bad" x="${px(x(from))}" y="${px(y)}" width="${px(width)}" height="${height}" pointer-events="none" />`}`;
}

function busyArea({ profile, endMs }: Timeline, { x }: Scale, threads: number, y: number): Html {
  const { cellMs, busy } = profile.view(endMs);
  const at = (value: number): string => px(y + BUSY_H - (Math.min(value, threads) / threads) * BUSY_H);
  const points = busy.map(
    (value, cell) => `L${px(x(cell * cellMs))} ${at(value)}L${px(x((cell + 1) * cellMs))} ${at(value)}`,
  );
  return html`<text x="0" y="${y + 12}">busy</text
    ><text x="${LABELS - 6}" y="${y + 12}" text-anchor="end">${threads}</text
    ><text x="${LABELS - 6}" y="${y + BUSY_H}" text-anchor="end">0</text>
    <line class="cap" x1="${LABELS}" x2="${LABELS + WIDTH}" y1="${y}" y2="${y}" />
    <path class="area" d="${raw(`M${px(x(0))} ${y + BUSY_H}${points.join('')}L${px(x(endMs))} ${y + BUSY_H}Z`)}" />`;
}

function pathLine(blocks: readonly Block[], { x }: Scale, yOf: (lane: number) => number): Html {
  let line = '';
  for (const { from, to, key } of blocks) {
    const y = px(yOf(key));
    line += `${line === '' ? 'M' : 'L'}${px(x(from))} ${y}L${px(x(to))} ${y}`;
  }
  return html`<path class="path" d="${raw(line)}" pointer-events="none" />`;
}

/** Some six to twelve times along the axis, at round distances. */
function ticksOf(endMs: number): number[] {
  if (!(endMs > 0)) return [0];
  const power = 10 ** Math.floor(Math.log10(endMs / 6));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => endMs / each <= 12) ?? endMs;
  return Array.from({ length: Math.floor(endMs / step + 1e-9) + 1 }, (_, index) => index * step);
}

function tick(ms: number): string {
  return ms === 0 ? '0' : formatMs(ms);
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
