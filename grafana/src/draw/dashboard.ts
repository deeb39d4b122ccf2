/** A dashboard as a picture: each panel where its gridPos says, drawn from what Prometheus answers. */
import { Resvg } from '@resvg/resvg-js';
import type { LiveWindow } from '../live.ts';
import type { Dashboard, Panel } from '../model.ts';
import type { Prometheus } from '../prometheus.ts';
import { chart, type Box } from './chart.ts';
import { marksOf, seriesOf, type DrawWindow } from './data.ts';
import { paletted } from './png.ts';
import { bars, heat, lanes, nothing, stat } from './panels.ts';
import { COLOR, rect, shorten, text } from './svg.ts';

const COLUMN = 58;
const ROW = 34;
const GAP = 8;
const HEAD = 44;
const WIDTH = 24 * COLUMN + GAP;
const FONT = 'DejaVu Sans';

export async function pictureOf(prometheus: Prometheus, dashboard: Dashboard, window: LiveWindow): Promise<string> {
  const { title, panels } = dashboard;
  const height = HEAD + Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * ROW + GAP;
  const parts = [
    rect(0, 0, WIDTH, height, COLOR.page),
    text(GAP + 4, 29, title, { size: 18, weight: 'bold' }),
    text(WIDTH - GAP - 4, 28, 'preview, drawn from Prometheus data without Grafana', {
      size: 11,
      color: COLOR.dim,
      anchor: 'end',
    }),
  ];
  const marked = { ...window, marks: await marksOf(prometheus, dashboard, window) };
  for (const panel of panels) parts.push(await drawn(prometheus, panel, marked));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="${FONT}">${parts.join('')}</svg>`;
}

async function drawn(prometheus: Prometheus, panel: Panel, window: DrawWindow): Promise<string> {
  const { gridPos, title, type } = panel;
  const outer = {
    x: GAP + gridPos.x * COLUMN,
    y: HEAD + gridPos.y * ROW,
    w: gridPos.w * COLUMN - GAP,
    h: gridPos.h * ROW - GAP,
  };
  if (type === 'row')
    return text(outer.x + 4, outer.y + 20, `▾ ${title.replace('$workflow', 'All')}`, { size: 14, weight: 'bold' });
  const frame =
    rect(outer.x, outer.y, outer.w, outer.h, COLOR.panel, `stroke="${COLOR.border}" rx="3"`) +
    text(outer.x + 10, outer.y + 19, shorten(title, outer.w - 20, 12.5), { size: 12.5, weight: 'bold' });
  const inside: Box = { x: outer.x + 10, y: outer.y + 30, w: outer.w - 20, h: outer.h - 38 };
  return frame + content(inside, panel, await seriesOf(prometheus, panel, window), window);
}

function content(box: Box, panel: Panel, series: Awaited<ReturnType<typeof seriesOf>>, window: DrawWindow): string {
  if (series.length === 0) return nothing(box);
  switch (panel.type) {
    case 'timeseries':
      return chart(box, panel, series, window);
    case 'stat':
      return stat(box, panel, series);
    case 'bargauge':
      return bars(box, panel, series);
    case 'heatmap':
      return heat(box, series, window);
    case 'state-timeline':
      return lanes(box, panel, series, window);
    default:
      throw new Error(`${panel.title}: panels of the type ${panel.type} are not drawn`);
  }
}

/** @throws Error when the machine has no font: text would be missing, and nobody would see why */
export function pngOf(svg: string): Buffer {
  const font = { loadSystemFonts: true, defaultFontFamily: FONT };
  const probe = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" font-family="${FONT}">${text(2, 15, 'Mm')}</svg>`;
  if (new Resvg(probe, { font }).getBBox() === undefined) {
    throw new Error('no font was found for the text: apt-get install fonts-dejavu-core');
  }
  const { pixels, width, height } = new Resvg(svg, { font }).render();
  // The colours of the drawing itself come before what is between them at edges.
  const own = new Set([...svg.matchAll(/#([0-9a-f]{6})\b/g)].map(([, color = '']) => Number.parseInt(color, 16)));
  return paletted(pixels, width, height, [...own]);
}
