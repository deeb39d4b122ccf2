/** SVG as text: elements, text, colours, and units as Grafana writes them. */

export const COLOR = {
  page: '#111217',
  panel: '#181b1f',
  border: '#2b2f36',
  grid: '#2a2d33',
  text: '#ccccdc',
  dim: '#8a8c98',
} as const;

/** Grafana's names of colours, as far as the dashboards use them. */
const NAMED: Readonly<Record<string, string>> = {
  green: '#73bf69',
  red: '#f2495c',
  orange: '#ff9830',
  blue: '#5794f2',
  purple: '#b877d9',
  yellow: '#fade2a',
  'light-purple': '#ca95e5',
  'light-blue': '#8ab8ff',
  'light-green': '#96d98d',
  'super-light-green': '#c8f2c2',
  'dark-green': '#37872d',
  'dark-purple': '#8f3bb8',
  'super-light-blue': '#c0d8ff',
};

/** Series without a colour of their own, in turn. */
const CLASSIC = [
  '#73bf69',
  '#f2cc0c',
  '#8ab8ff',
  '#ff780a',
  '#f2495c',
  '#5794f2',
  '#b877d9',
  '#705da0',
  '#37872d',
  '#fade2a',
];

export function colorOf(name: string): string {
  const color = NAMED[name] ?? name;
  if (!/^#[0-9a-f]{6}$/.test(color)) throw new Error(`there is no colour ${name} here`);
  return color;
}

export function classic(at: number): string {
  return CLASSIC[at % CLASSIC.length] as string;
}

export function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

export interface TextStyle {
  readonly size?: number;
  readonly color?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly weight?: 'bold' | 'normal';
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 11, color = COLOR.text, anchor = 'start', weight = 'normal' } = style;
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${color}" text-anchor="${anchor}" font-weight="${weight}">${escape(content)}</text>`;
}

export function rect(x: number, y: number, w: number, h: number, fill: string, more = ''): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(0, w))}" height="${round(Math.max(0, h))}" fill="${fill}" ${more}/>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, more = ''): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}" ${more}/>`;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** What fits into so many pixels; a character has some 0.56 of the size. */
export function shorten(content: string, width: number, size = 11): string {
  const most = Math.max(1, Math.floor(width / (size * 0.56)));
  return content.length <= most ? content : `${content.slice(0, most - 1)}…`;
}

/** A value with its unit. */
export function format(value: number, unit: string, decimals?: number): string {
  switch (unit) {
    case 's':
      return seconds(value);
    case 'percentunit':
      return `${digits(value * 100, decimals ?? (Math.abs(value) < 0.1 ? 1 : 0))} %`;
    case 'Bps':
      return `${scaled(value, 1_000, ['', 'k', 'M', 'G'])}B/s`;
    case 'reqps':
    case 'cps':
      return `${scaled(value, 1_000, ['', ' k', ' M'])} /s`;
    case 'cpm':
      return `${digits(value, 1)} /min`;
    case 'short':
      return decimals === undefined ? scaled(value, 1_000, ['', ' K', ' Mil']) : digits(value, decimals);
    default:
      throw new Error(`there is no unit ${unit} here`);
  }
}

function seconds(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1e-3) return `${digits(value * 1e6, 0)} µs`;
  if (size < 1) return `${digits(value * 1e3, size < 0.01 ? 2 : 0)} ms`;
  if (size < 120) return `${digits(value, size < 10 ? 2 : 1)} s`;
  if (size < 7_200) return `${digits(value / 60, 1)} min`;
  return size < 172_800 ? `${digits(value / 3_600, 1)} h` : `${digits(value / 86_400, 1)} d`;
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let [rest, at] = [value, 0];
  while (Math.abs(rest) >= step && at < units.length - 1) [rest, at] = [rest / step, at + 1];
  return `${digits(rest, Math.abs(rest) >= 100 ? 0 : Math.abs(rest) >= 10 ? 1 : 2)}${units[at]}`;
}

function digits(value: number, decimals: number): string {
  return String(Number(value.toFixed(decimals)));
}
