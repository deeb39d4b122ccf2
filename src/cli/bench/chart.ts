/** Curves over thread counts as SVG; colours are classes of the page around it. Pure. */

/** A dot with its interval. */
export interface Dot {
  readonly threads: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface Curve {
  /** Class of the page. */
  readonly style: string;
  readonly at: (threads: number) => number;
  /** From here on it is drawn as an extrapolation. @default nowhere */
  readonly measuredTo?: number;
}

export interface ChartSpec {
  /** For those who do not see it. */
  readonly title: string;
  readonly unit: string;
  readonly counts: readonly number[];
  /** Right end of the axis. */
  readonly until: number;
  /** Upper end of the axis. */
  readonly top: number;
  readonly label: (value: number) => string;
  readonly curves: readonly Curve[];
  /** Dots joined by lines; the last series is drawn on top. */
  readonly series: readonly { readonly style: string; readonly dots: readonly Dot[] }[];
  /** Single measurements. */
  readonly samples?: readonly { readonly threads: number; readonly value: number }[];
  readonly width: number;
  readonly height: number;
}

const MARGIN = { left: 60, right: 18, top: 16, bottom: 44 };
const STEPS = 120;
/** Pixels that a label of the horizontal axis needs. */
const LABEL = 26;

/** @param id unique on the page */
export function renderChart(spec: ChartSpec, id: string): string {
  const { counts, until, top, width, height, title, unit, label, curves, series, samples = [] } = spec;
  const first = Math.min(1, ...counts);
  const right = Math.max(until, first + 1);
  const span = right - first;
  const [inner, tall] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
  // Half a step of room on the left, so that the interval of the first dot is not on the axis.
  const pad = Math.min(28, inner / 12);
  const x = (threads: number): number => round(MARGIN.left + pad + ((threads - first) / span) * (inner - 2 * pad));
  const y = (value: number): number => round(MARGIN.top + tall - (value / top) * tall);
  const [floor, edge] = [MARGIN.top + tall, MARGIN.left + inner];

  const grid = ticks(top).map(
    (value) =>
      `<line class="grid" x1="${MARGIN.left}" x2="${edge}" y1="${y(value)}" y2="${y(value)}"/>` +
      `<text class="tick" x="${MARGIN.left - 9}" y="${y(value) + 4}" text-anchor="end">${label(value)}</text>`,
  );
  const places = right > Math.max(...counts) ? [...counts, right] : counts;
  const marks = spaced(places, x).map((threads) => {
    const style = counts.includes(threads) ? 'tick' : 'tick beyond';
    return `<text class="${style}" x="${x(threads)}" y="${floor + 20}" text-anchor="middle">${threads}</text>`;
  });
  const most = Math.max(...counts);
  const shade =
    right > most
      ? `<rect class="unmeasured" x="${x(most)}" y="${MARGIN.top}" width="${round(edge - x(most))}" height="${tall}"/>` +
        `<text class="tick" x="${edge - 8}" y="${floor - 9}" text-anchor="end">not measured</text>`
      : '';
  const drawn = curves.map(({ style, at, measuredTo = Infinity }) => {
    const known = path(style, first, Math.min(right, measuredTo), at, x, y);
    return measuredTo < right ? known + path(`${style} beyond`, measuredTo, right, at, x, y) : known;
  });
  const single = samples.map(
    ({ threads, value }) => `<circle class="sample" cx="${x(threads)}" cy="${y(value)}" r="2.5"/>`,
  );
  return `<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<clipPath id="${id}"><rect x="${MARGIN.left}" y="${MARGIN.top - 8}" width="${inner}" height="${tall + 9}"/></clipPath>
${shade}${grid.join('')}${marks.join('')}
<text class="tick" x="${MARGIN.left + inner / 2}" y="${height - 5}" text-anchor="middle">threads</text>
<text class="tick" x="14" y="${MARGIN.top + tall / 2}" text-anchor="middle" transform="rotate(-90 14 ${MARGIN.top + tall / 2})">${unit}</text>
<g clip-path="url(#${id})">${drawn.join('')}${single.join('')}${series.map((each) => dotted(each, x, y, label)).join('')}</g>
</svg>`;
}

type Scale = (value: number) => number;

function path(style: string, from: number, to: number, at: Scale, x: Scale, y: Scale): string {
  const points = Array.from({ length: STEPS + 1 }, (_, step) => {
    const threads = from + ((to - from) * step) / STEPS;
    return `${x(threads)} ${y(at(threads))}`;
  });
  return `<path class="${style}" d="M${points.join('L')}"/>`;
}

function dotted(
  { style, dots }: ChartSpec['series'][number],
  x: Scale,
  y: Scale,
  label: (value: number) => string,
): string {
  const line = dots.map(({ threads, value }) => `${x(threads)} ${y(value)}`).join('L');
  const marks = dots.map(({ threads, value, low, high }) => {
    const told = `${threads === 1 ? '1 thread' : `${threads} threads`}: ${label(value)} (${label(low)} to ${label(high)})`;
    return (
      `<g class="${style}"><title>${told}</title>` +
      `<path d="M${x(threads)} ${y(low)}V${y(high)}M${x(threads) - 5} ${y(low)}h10M${x(threads) - 5} ${y(high)}h10"/>` +
      `<circle cx="${x(threads)}" cy="${y(value)}" r="4.5"/></g>`
    );
  });
  return `<path class="${style}" d="M${line}"/>${marks.join('')}`;
}

/** Round numbers from 0 to the top, four to seven of them. */
export function ticks(top: number): number[] {
  const rough = top / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

/** The counts whose labels do not touch; the last one always has its own. */
function spaced(counts: readonly number[], x: Scale): number[] {
  const kept: number[] = [];
  for (const count of counts.toReversed()) {
    const next = kept[0];
    if (next === undefined || x(next) - x(count) >= LABEL) kept.unshift(count);
  }
  return kept;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
