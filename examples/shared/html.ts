/** Values as HTML. */

/** Makes text safe inside elements and attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A path; a long one may break after its slashes. */
export function path(text: string): string {
  return `<code>${escapeHtml(text).replaceAll('/', '/<wbr>')}</code>`;
}

export function count(value: number): string {
  return value < 1_000_000 ? String(value).replace(/\B(?=(?:\d{3})+$)/g, ',') : `${(value / 1_000_000).toFixed(2)} M`;
}

/** A number and its noun. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${value === 1 ? noun : `${noun}s`}`;
}

export function seconds(ms: number): string {
  return ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

/** A bar from 0 to 1. */
export function bar(share: number, color?: string): string {
  const background = color === undefined ? '' : `;background:${color}`;
  return `<span class="bar"><i style="width:${(100 * Math.min(1, share)).toFixed(1)}%${background}"></i></span>`;
}

/** A list that shows so many entries and counts the rest. */
export function list(entries: readonly string[], limit: number): string {
  const shown = entries.slice(0, limit).map((entry) => `<li>${entry}</li>`);
  const rest = entries.length > limit ? `<li><small>and ${count(entries.length - limit)} more</small></li>` : '';
  return `<ul>${shown.join('')}${rest}</ul>`;
}

// Apart from each other, and from white and from black.
const COLORS = [
  '#3b82f6',
  '#f97316',
  '#10b981',
  '#ef4444',
  '#8b5cf6',
  '#d9a406',
  '#ec4899',
  '#06b6d4',
  '#84b816',
  '#a8723a',
  '#7d8ba0',
  '#c04ae0',
] as const;

/** Colour of a cluster; beyond the twelfth, hues apart by the golden angle. */
export function colorOf(cluster: number): string {
  return COLORS[cluster] ?? `hsl(${((cluster * 137.508 + 20) % 360).toFixed(0)} 55% ${48 + 6 * (cluster % 3)}%)`;
}
