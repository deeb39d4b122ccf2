/**
 * Reads one text file, decodes and normalises it, and measures whether it is worth keeping. The thread reads the file
 * itself: only the path crosses to it, and only the text comes back. A file that cannot be used is a result, not an error.
 *
 * Sources of the quality signals: J. Rae et al., "Scaling language models: methods, analysis & insights from training
 * Gopher" (2021, arXiv:2112.11446), and C. Raffel et al., "Exploring the limits of transfer learning"
 * (JMLR 2020), the C4 corpus. Their thresholds are for prose from the web and would drop most source code, READMEs and
 * type declarations; the defaults here keep those, and drop minified code, generated tables and pages of repetition.
 * C4's rules on terminal punctuation and on curly brackets have no counterpart, for the same reason. Line lengths as a
 * sign of generated code: M. Chen et al., "Evaluating large language models trained on code" (2021, arXiv:2107.03374).
 *
 * Everything here depends on the bytes alone. `TextDecoder('windows-1252')` is avoided, since some releases of Node
 * decode it as Latin-1 (nodejs/node#56542).
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { defineExec, NonRetryableError } from '../src/node.ts';

/** Params of the exec `readText`: a size limit and the thresholds of the quality rules. */
export interface ReadTextParams {
  /** Larger files are skipped. In bytes. @default 1 MiB */
  maxBytes: number;
  /** Largest share of control and replacement characters; above, the file is binary. @default 0.01 */
  maxControlShare: number;
  /** @default 20 */
  minWords: number;
  /** @default 100_000 (Gopher) */
  maxWords: number;
  /** Gopher: 3 to 10, in characters; code has longer and shorter ones. @default 1.5 */
  minMeanWordLength: number;
  /** Prose without spaces (Chinese, Japanese, Thai) is above: raise it for such corpora. @default 20 */
  maxMeanWordLength: number;
  /** Runs of hash signs, and ellipses, per word; Gopher: 0.1, which drops change logs in Markdown. @default 0.3 */
  maxSymbolRatio: number;
  /** Least share of words with a letter; Gopher: 0.8. @default 0.3 */
  minAlphabeticWords: number;
  /** Largest share of lines that end in an ellipsis. @default 0.3 (Gopher) */
  maxEllipsisLines: number;
  /** Largest share of characters in lines that repeat an earlier line; Gopher: 0.2. @default 0.8 */
  maxDuplicateLines: number;
  /** Largest share of characters in the most common sequence of three words; Gopher: 0.18. @default 0.3 */
  maxTopTrigram: number;
  /** Mean length of the lines that are not blank. @default 600 */
  maxMeanLineLength: number;
}

/** What the rules look at. Shares are 0–1, lengths are in UTF-16 units; a word is what stands between white space. */
export interface Quality {
  readonly meanWordLength: number;
  readonly symbolRatio: number;
  readonly alphabeticWords: number;
  readonly ellipsisLines: number;
  readonly duplicateLines: number;
  readonly topTrigram: number;
  readonly meanLineLength: number;
}

/** A rule that a text failed. */
export type QualityRule =
  | 'too_few_words'
  | 'too_many_words'
  | 'short_words'
  | 'long_words'
  | 'symbols'
  | 'few_alphabetic_words'
  | 'ellipsis_lines'
  | 'duplicate_lines'
  | 'repeated_phrase'
  | 'long_lines';

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** A file that was read. */
export interface TextFile {
  readonly kind: 'text';
  readonly path: string;
  /** Size of the file. */
  readonly bytes: number;
  readonly encoding: Encoding;
  /** SHA-256 of `text` as UTF-8, in hexadecimal: equal for texts that differ in encoding or line ends only. */
  readonly hash: string;
  /** Normalised: see `normalise`. */
  readonly text: string;
  readonly words: number;
  readonly quality: Quality;
  /** Whether all rules are met. */
  readonly keep: boolean;
  /** The rules that are not met. */
  readonly why: readonly QualityRule[];
}

/** A file that was not read, and why. */
export interface SkippedFile {
  readonly kind: 'skipped';
  readonly path: string;
  readonly reason: 'unreadable' | 'binary' | 'too_large' | 'empty';
  /** For people. */
  readonly detail: string;
}

export type ReadTextResult = TextFile | SkippedFile;

/** Memory of one thread for the bytes of one file after the other. */
export interface ReadScratch {
  bytes: Uint8Array<ArrayBuffer>;
}

const DEFAULT_PARAMS: ReadTextParams = {
  maxBytes: 1024 * 1024,
  maxControlShare: 0.01,
  minWords: 20,
  maxWords: 100_000,
  minMeanWordLength: 1.5,
  maxMeanWordLength: 20,
  maxSymbolRatio: 0.3,
  minAlphabeticWords: 0.3,
  maxEllipsisLines: 0.3,
  maxDuplicateLines: 0.8,
  maxTopTrigram: 0.3,
  maxMeanLineLength: 600,
};

/**
 * Reads, decodes, normalises and measures one file.
 *
 * @param path as the file system takes it; handed back as it is
 * @param params limits and thresholds
 * @param scratch memory to reuse over many files
 * @returns never throws for what a file may be: missing, forbidden, a directory, a pipe, binary, too large, empty
 */
export function readText(
  path: string,
  params: ReadTextParams = DEFAULT_PARAMS,
  scratch: ReadScratch = { bytes: new Uint8Array(0) },
): ReadTextResult {
  const skipped = (reason: SkippedFile['reason'], detail: string): SkippedFile => {
    return { kind: 'skipped', path, reason, detail };
  };
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const content = readBytes(path, params.maxBytes, scratch);
    if (typeof content === 'string') return skipped('unreadable', content);
    bytes = content;
  } catch (error) {
    // `ENOENT: no such file or directory, open '/a/b'`: the path is known, and may differ between machines.
    return skipped('unreadable', error instanceof Error ? error.message.replace(/, \w+( '.*)?$/s, '') : String(error));
  }
  if (bytes.length > params.maxBytes) return skipped('too_large', `more than ${params.maxBytes} bytes`);
  if (bytes.length === 0) return skipped('empty', 'no bytes');

  const { text: decoded, encoding } = decode(bytes);
  if (decoded.includes('\0')) return skipped('binary', 'contains NUL');
  const control = controlShare(decoded);
  if (control > params.maxControlShare) return skipped('binary', `${(control * 100).toFixed(1)} % control characters`);
  const text = normalise(decoded);
  if (text === '') return skipped('empty', 'no characters');

  const { words, quality } = measure(text);
  const why = failedRules(words, quality, params);
  const hash = createHash('sha256').update(text, 'utf8').digest('hex');
  const size = bytes.length;
  return { kind: 'text', path, bytes: size, encoding, hash, text, words, quality, keep: why.length === 0, why };
}

/**
 * At most `limit` + 1 bytes of a regular file, as a view of scratch memory; or why not. Never trusts the size that the
 * file system tells: files grow, and those of /proc say 0.
 */
function readBytes(path: string, limit: number, scratch: ReadScratch): Uint8Array<ArrayBuffer> | string {
  // Without O_NONBLOCK (which Windows lacks) a named pipe blocks the thread until somebody writes to it.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return stat.isDirectory() ? 'a directory' : 'not a regular file';
    let length = 0;
    for (;;) {
      const wanted = Math.min(limit, Math.max(stat.size, length)) + 1;
      if (scratch.bytes.length <= length || scratch.bytes.length < wanted) scratch.bytes = grown(scratch.bytes, wanted);
      const room = Math.min(scratch.bytes.length, limit + 1) - length;
      const read = room === 0 ? 0 : readSync(file, scratch.bytes, length, room, null);
      if (read === 0) return scratch.bytes.subarray(0, length);
      length += read;
    }
  } finally {
    closeSync(file);
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>, wanted: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(wanted, bytes.length * 2, 1 << 16));
  larger.set(bytes);
  return larger;
}

// A byte order mark is dropped by the decoders themselves.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const utf16le = new TextDecoder('utf-16le');

/** What windows-1252 has at 0x80–0x9f; five places are undefined there and stay control characters. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/**
 * Decodes by byte order mark (UTF-8, UTF-16), else as UTF-8 if all of it is valid, else as windows-1252. UTF-16 without
 * a mark is full of NUL and counts as binary, as in git.
 *
 * @param bytes may be overwritten: big-endian text is swapped in place
 */
export function decode(bytes: Uint8Array<ArrayBuffer>): { readonly text: string; readonly encoding: Encoding } {
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (mark === 0xfffe) return { text: utf16le.decode(bytes), encoding: 'utf-16le' };
  if (mark === 0xfeff) {
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length & ~1).swap16();
    return { text: utf16le.decode(bytes), encoding: 'utf-16be' };
  }
  try {
    return { text: strictUtf8.decode(bytes), encoding: 'utf-8' };
  } catch {
    const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const text = latin1.replaceAll(/[\u0080-\u009f]/g, (char) => WINDOWS_1252.charAt(char.charCodeAt(0) - 0x80));
    return { text, encoding: 'windows-1252' };
  }
}

/**
 * Share of characters that text does not have: C0 and C1 controls but those that git's `gather_stats` allows (\b \t \n \f
 * \r ESC), DEL, and the replacement character.
 */
export function controlShare(text: string): number {
  let controls = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20) {
      if (code < 8 || code === 11 || (code > 13 && code !== 27)) controls++;
    } else if ((code >= 0x7f && code < 0xa0 && code !== 0x85) || code === 0xfffd) controls++;
  }
  return text.length === 0 ? 0 : controls / text.length;
}

/**
 * One form for texts that read the same: every line end is \n; no control, zero-width or soft-hyphen characters (joiners
 * stay: they carry meaning in many scripts and in emoji); NFC; no white space at line ends; at most two blank lines in a
 * row, none at the start and the end. Applying it twice changes nothing.
 */
export function normalise(text: string): string {
  // NFC comes last: a dropped zero-width character may have kept a letter from its accent.
  const clean = text
    .replaceAll(/\r\n?|[\v\f\u0085\u2028\u2029]/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]|[\u00ad\u200b\u2060\ufeff]/gu, '')
    .normalize('NFC');
  const lines: string[] = [];
  let blank = 0;
  for (const raw of clean.split('\n')) {
    const line = raw.trimEnd();
    blank = line === '' ? blank + 1 : 0;
    if (blank <= 2 && (line !== '' || lines.length > 0)) lines.push(line);
  }
  while (lines.at(-1) === '') lines.pop();
  return lines.join('\n');
}

/** Words and quality signals of a normalised text. */
export function measure(text: string): { readonly words: number; readonly quality: Quality } {
  const lines = measureLines(text);
  const { words, characters, alphabetic, topTrigram } = measureWords(text);
  const symbols = text.match(/#+|\.{3}|…/g)?.length ?? 0;
  const perWord = (count: number): number => (words === 0 ? 0 : count / words);
  return {
    words,
    quality: {
      meanWordLength: perWord(characters),
      symbolRatio: perWord(symbols),
      alphabeticWords: perWord(alphabetic),
      topTrigram,
      ...lines,
    },
  };
}

function measureLines(text: string): Pick<Quality, 'ellipsisLines' | 'duplicateLines' | 'meanLineLength'> {
  const seen = new Set<string>();
  let [count, characters, repeated, ellipses] = [0, 0, 0, 0];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '') continue;
    count++;
    characters += line.length;
    if (seen.has(line)) repeated += line.length;
    else seen.add(line);
    if (line.endsWith('...') || line.endsWith('…')) ellipses++;
  }
  if (count === 0) return { ellipsisLines: 0, duplicateLines: 0, meanLineLength: 0 };
  return {
    ellipsisLines: ellipses / count,
    duplicateLines: repeated / characters,
    meanLineLength: characters / count,
  };
}

function measureWords(text: string) {
  const countTrigram = trigramCounter(text.length);
  let words = 0;
  let characters = 0;
  let alphabetic = 0;
  let most = 0;
  // Hash and length of the word being read, of the one before, and of the one before that.
  let [hash, hash1, hash2] = [0, 0, 0];
  let [length, length1, length2] = [0, 0, 0];
  let [hasLetter, hasWide] = [false, false];

  // One step beyond the end, as if a space stood there: it closes the last word.
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0x20;
    if (!isSpace(code)) {
      hash = Math.imul(hash ^ code, 0x01000193);
      length++;
      const lower = code | 0x20;
      if (lower >= 0x61 && lower <= 0x7a) hasLetter = true;
      if (code > 0x7f) hasWide = true;
      continue;
    }
    if (length === 0) continue;
    words++;
    characters += length;
    if (hasLetter || (hasWide && /\p{L}/u.test(text.slice(i - length, i)))) alphabetic++;
    if (words > 2) {
      const count = countTrigram(Math.imul(Math.imul(hash2, 0x85ebca6b) ^ hash1, 0xc2b2ae35) ^ hash);
      if (count > 1) most = Math.max(most, count * (length2 + length1 + length));
    }
    hash2 = hash1;
    length2 = length1;
    hash1 = hash;
    length1 = length;
    hash = 0;
    length = 0;
    hasLetter = false;
    hasWide = false;
  }
  // Occurrences may overlap (a a a a), hence the cap.
  return { words, characters, alphabetic, topTrigram: characters === 0 ? 0 : Math.min(1, most / characters) };
}

/** White space of a normalised text: what `\s` matches, less the line ends that are gone. */
function isSpace(code: number): boolean {
  if (code < 0x80) return code === 0x20 || code === 0x0a || code === 0x09;
  return (
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

// Scratch of the thread: cleared before each text, so nothing of one text reaches the next.
let trigramKeys = new Int32Array(0);
let trigramCounts = new Uint32Array(0);

/**
 * A counter of hashes for one text: `add` counts one and tells how often it has come. Open addressing, because a Map took
 * most of the time of this file. Trigrams of equal hash count as one: among the few thousand of a text, no matter.
 *
 * @param characters length of the text; a word and its space take two of them, so the table cannot be full
 */
function trigramCounter(characters: number): (hash: number) => number {
  const size = 1 << (32 - Math.clz32(characters >>> 1));
  if (trigramKeys.length < size) {
    trigramKeys = new Int32Array(size);
    trigramCounts = new Uint32Array(size);
  }
  const keys = trigramKeys;
  const counts = trigramCounts.fill(0, 0, size);
  return (hash) => {
    let slot = (hash ^ (hash >>> 15)) & (size - 1);
    while (counts[slot] !== 0 && keys[slot] !== hash) slot = (slot + 1) & (size - 1);
    keys[slot] = hash;
    const count = (counts[slot] ?? 0) + 1;
    counts[slot] = count;
    return count;
  };
}

/** The rules that a text fails, in the order of the type. */
export function failedRules(words: number, quality: Quality, params: ReadTextParams = DEFAULT_PARAMS): QualityRule[] {
  const rules: readonly (readonly [QualityRule, boolean])[] = [
    ['too_few_words', words < params.minWords],
    ['too_many_words', words > params.maxWords],
    ['short_words', quality.meanWordLength < params.minMeanWordLength],
    ['long_words', quality.meanWordLength > params.maxMeanWordLength],
    ['symbols', quality.symbolRatio > params.maxSymbolRatio],
    ['few_alphabetic_words', quality.alphabeticWords < params.minAlphabeticWords],
    ['ellipsis_lines', quality.ellipsisLines > params.maxEllipsisLines],
    ['duplicate_lines', quality.duplicateLines > params.maxDuplicateLines],
    ['repeated_phrase', quality.topTrigram > params.maxTopTrigram],
    ['long_lines', quality.meanLineLength > params.maxMeanLineLength],
  ];
  return rules.filter(([, failed]) => failed).map(([rule]) => rule);
}

/** Path → the text with its hash and quality, or why there is none. */
export default defineExec(import.meta.url, {
  name: 'readText',
  params: DEFAULT_PARAMS,
  setup: ({ maxBytes }): ReadScratch => {
    if (!Number.isInteger(maxBytes) || maxBytes < 1) {
      throw new NonRetryableError(`maxBytes must be a positive integer, got ${maxBytes}`);
    }
    return { bytes: new Uint8Array(0) };
  },
  exec: (path: string, { params, resource }): ReadTextResult => readText(path, params, resource),
});
