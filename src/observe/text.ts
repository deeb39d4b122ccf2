/**
 * Text in the cells of a terminal.
 *
 * T1 A line is made of spans and cut by cells before any escape code is in it, so a cut never falls into a code.
 * T2 Text from outside (names, logs, messages) goes through `clean` first: it may not move the cursor or break a line.
 */
import { stripVTControlCharacters, styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** A piece of a line in one style. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

export type Line = readonly Span[];

/** Turns a line into what is written: with escape codes or without. */
export type Paint = (line: Line) => string;

export const paintPlain: Paint = (line) => line.map(({ text }) => text).join('');

// validateStream off: whether the stream takes colours was decided once, by `wantsColor`.
export const paintColors: Paint = (line) =>
  line
    .map(({ text, style }) =>
      style === undefined || text === '' ? text : styleText(style, text, { validateStream: false }),
    )
    .join('');

/** Whether to write colours: FORCE_COLOR, then NO_COLOR, then what the terminal can. */
export function wantsColor(
  stream: { readonly isTTY?: boolean | undefined; getColorDepth?(env?: object): number },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false;
  return stream.isTTY === true && (stream.getColorDepth?.(env) ?? 1) > 1;
}

// One cell per UTF-16 unit: ASCII, Latin, Greek, Cyrillic, and the punctuation, arrows, boxes and marks drawn here.
const ONE_CELL_EACH =
  /^[\u0020-\u007e\u00a0-\u02ff\u0370-\u0482\u2010-\u2027\u2190-\u21ff\u2500-\u25fc\u2713-\u2718]*$/;
const ZERO_CELLS = /^[\p{Mark}\p{Cf}\p{Cc}]+$/u;
const TWO_CELLS =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** How many cells of a terminal a text without control characters takes. */
export function widthOf(text: string): number {
  if (ONE_CELL_EACH.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += cellsOf(segment);
  return width;
}

function cellsOf(grapheme: string): 0 | 1 | 2 {
  return ZERO_CELLS.test(grapheme) ? 0 : TWO_CELLS.test(grapheme) ? 2 : 1;
}

/** The text in at most so many cells, with `…` where something was cut. */
export function cut(text: string, cells: number): string {
  if (widthOf(text) <= cells) return text;
  return cells <= 0 ? '' : `${head(text, cells - 1)}…`;
}

/** As many whole characters from the start as fit. */
function head(text: string, cells: number): string {
  if (ONE_CELL_EACH.test(text)) return text.slice(0, cells);
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += cellsOf(segment);
    if (width > cells) break;
    kept += segment;
  }
  return kept;
}

/** The text in exactly so many cells, filled up on the right. */
export function padEnd(text: string, cells: number): string {
  const fitted = cut(text, cells);
  return fitted + ' '.repeat(Math.max(0, cells - widthOf(fitted)));
}

/** The text in at least so many cells, filled up on the left. */
export function padStart(text: string, cells: number): string {
  return ' '.repeat(Math.max(0, cells - widthOf(text))) + text;
}

export function widthOfLine(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** The line in at most so many cells, with `…` where something was cut. */
export function fit(line: Line, cells: number): Line {
  if (widthOfLine(line) <= cells) return line;
  const fitted: Span[] = [];
  let left = cells - 1;
  for (const span of line) {
    const width = widthOf(span.text);
    if (width > left) {
      if (cells > 0) fitted.push({ ...span, text: `${head(span.text, left)}…` });
      break;
    }
    fitted.push(span);
    left -= width;
  }
  return fitted;
}

/** The line without spaces at its end: a terminal that becomes narrower would wrap them. */
export function trimEnd(line: Line): Line {
  const trimmed = [...line];
  for (let last = trimmed.pop(); last !== undefined; last = trimmed.pop()) {
    const text = last.text.trimEnd();
    if (text !== '') return [...trimmed, { ...last, text }];
  }
  return [];
}

/** The text in lines of at most so many cells, broken at spaces; a word that is longer has a line of its own. */
export function wrap(text: string, cells: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > cells) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Text from outside on one line: without escape codes, control characters as spaces. */
export function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
}

/** A bar of so many cells; a share above 0 shows at least one, a share below 1 leaves at least one. */
export function bar(share: number, cells: number): { readonly full: string; readonly empty: string } {
  const rounded = Math.round(Math.min(1, Math.max(0, share)) * cells);
  const full = share > 0 && share < 1 ? Math.min(cells - 1, Math.max(1, rounded)) : rounded;
  return { full: '█'.repeat(full), empty: '░'.repeat(cells - full) };
}
