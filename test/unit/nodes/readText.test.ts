import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import readTextExec, {
  controlShare,
  decode,
  failedRules,
  measure,
  normalise,
  readText,
  type ReadTextResult,
  type TextFile,
} from '../../../nodes/readText.ts';
import { runItem, runItems } from './run-exec.ts';

const folder = mkdtempSync(join(tmpdir(), 'cano-read-text-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const PROSE =
  'The orchestrator decides what runs next, and the threads do the work.\n' +
  'Nothing that was finished is lost when one of the threads dies — it is replaced, and the naïve café stays open.\n';

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function asText(result: ReadTextResult): TextFile {
  assert.equal(result.kind, 'text', JSON.stringify(result));
  return result;
}

/** `[reason, detail]` of a skipped file. */
function whySkipped(result: ReadTextResult): [string, string] {
  assert.equal(result.kind, 'skipped', JSON.stringify(result));
  return result.kind === 'skipped' ? [result.reason, result.detail] : ['', ''];
}

const utf16le = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'));
const utf16be = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le').swap16());

describe('encodings', () => {
  const encoded: Record<string, [Uint8Array, string]> = {
    'utf-8': [new Uint8Array(Buffer.from(PROSE)), 'utf-8'],
    'utf-8 with a mark': [new Uint8Array(Buffer.from(`\ufeff${PROSE}`)), 'utf-8'],
    'utf-16le with a mark': [utf16le(`\ufeff${PROSE}`), 'utf-16le'],
    'utf-16be with a mark': [utf16be(`\ufeff${PROSE}`), 'utf-16be'],
    'windows-1252': [new Uint8Array(Buffer.from(PROSE.replace('—', '\u0097'), 'latin1')), 'windows-1252'],
    'CRLF, trailing spaces and decomposed accents': [
      new Uint8Array(Buffer.from(PROSE.normalize('NFD').replaceAll('\n', ' \t\r\n\r\n').replace('\r\n\r\n', '\r\n'))),
      'utf-8',
    ],
  };
  for (const [name, [bytes, encoding]] of Object.entries(encoded)) {
    it(`${name} gives the same text and hash`, () => {
      const result = asText(readText(file('encoded.txt', bytes)));
      assert.equal(result.text, PROSE.trimEnd());
      assert.equal(result.hash, createHash('sha256').update(PROSE.trimEnd()).digest('hex'));
      assert.equal(result.encoding, encoding);
      assert.equal(result.bytes, bytes.length);
      assert.equal(result.keep, true);
    });
  }

  it('decodes all of windows-1252 as the standard has it', () => {
    const bytes = Uint8Array.from([0x80, 0x8a, 0x8e, 0x92, 0x93, 0x9f, 0xa0, 0xe9, 0xff]);
    assert.equal(decode(bytes).text, '€ŠŽ’“Ÿ\u00a0éÿ');
  });

  it('drops the last byte of UTF-16 of odd length', () => {
    assert.equal(decode(Uint8Array.from([...utf16be('\ufeffab'), 0x41])).text.slice(0, 2), 'ab');
  });
});

describe('files that are no text', () => {
  it('binary: NUL, control characters, UTF-16 without a mark, random bytes after a UTF-16 mark', () => {
    const image = Uint8Array.from({ length: 4000 }, (_, i) => (i * 7919 + (i >> 3)) & 0xff);
    const controls = `${PROSE}${'\u0001\u0002'.repeat(50)}`;
    const noise = Uint8Array.from([0xff, 0xfe, ...Array.from({ length: 4000 }, (_, i) => ((i * i * 31) >> 2) % 251)]);
    assert.deepEqual(whySkipped(readText(file('image.png', image))), ['binary', 'contains NUL']);
    assert.deepEqual(whySkipped(readText(file('utf16.txt', utf16le(PROSE)))), ['binary', 'contains NUL']);
    assert.match(whySkipped(readText(file('controls', controls))).join(': '), /^binary: \d+\.\d % control characters$/);
    assert.equal(whySkipped(readText(file('noise', noise)))[0], 'binary');
  });

  it('a few control characters are dropped, escape sequences of terminals do not make a file binary', () => {
    const colourful = `\u001b[1m${PROSE}\u001b[0m`;
    assert.equal(controlShare(colourful), 0);
    assert.equal(asText(readText(file('log.txt', colourful))).text.includes('\u001b'), false);
  });

  it('empty: no bytes, white space alone', () => {
    assert.deepEqual(whySkipped(readText(file('empty', ''))), ['empty', 'no bytes']);
    assert.deepEqual(whySkipped(readText(file('blank', '\ufeff \n\t\r\n\u200b'))), ['empty', 'no characters']);
  });

  it('too large: above maxBytes, not at it', async () => {
    const path = file('large.txt', 'word '.repeat(100));
    const limited = readTextExec.with({ maxBytes: 499 });
    assert.deepEqual(whySkipped(await runItem(limited, path)), ['too_large', 'more than 499 bytes']);
    assert.equal((await runItem(readTextExec.with({ maxBytes: 500 }), path)).kind, 'text');
  });

  it('unreadable: missing, a folder, a pipe that nobody writes to; the detail does not repeat the path', () => {
    mkdirSync(join(folder, 'folder'));
    const missing = whySkipped(readText(join(folder, "it's, not here")));
    assert.deepEqual(missing, ['unreadable', 'ENOENT: no such file or directory']);
    assert.equal(whySkipped(readText(join(folder, 'folder')))[0], 'unreadable');
    if (process.platform === 'win32') return;
    // The name is in a variable, or knip takes it for a dependency.
    const makePipe = 'mkfifo';
    execFileSync(makePipe, [join(folder, 'pipe')]);
    assert.deepEqual(whySkipped(readText(join(folder, 'pipe'))), ['unreadable', 'not a regular file']);
  });

  it('unreadable: forbidden', { skip: process.getuid?.() === 0 || process.platform === 'win32' }, () => {
    const path = file('secret', PROSE);
    chmodSync(path, 0);
    assert.deepEqual(whySkipped(readText(path)), ['unreadable', 'EACCES: permission denied']);
  });

  it('files that claim no size are read to their end', { skip: process.platform !== 'linux' }, () => {
    assert.ok(asText(readText('/proc/self/status')).bytes > 100);
  });
});

describe('normalise', () => {
  const dirty = '\n\n\ufeffA\u0301 b\u00adc\u200bd  \t\r\n\r\n\r\n\r\n\r\nx\u0000\u0007y\rz\u2028w\fv\n\n';

  it('has one form for line ends, blank lines, accents and invisible characters', () => {
    assert.equal(normalise(dirty), 'Á bcd\n\n\nxy\nz\nw\nv');
  });

  it('changes nothing the second time', () => {
    for (const text of [dirty, PROSE, 'e\u200b\u0301', ' a\n b', 'a\u0007\u0301']) {
      assert.equal(normalise(normalise(text)), normalise(text));
    }
  });

  it('keeps joiners, indentation and tabs', () => {
    assert.equal(normalise('👩\u200d🚀\n\tif (x)\n'), '👩\u200d🚀\n\tif (x)');
  });

  it('is linear in runs of spaces', () => {
    // Trimming line ends by a regular expression would take minutes here.
    assert.equal(normalise(`a${' '.repeat(500_000)}b`).length, 500_002);
  });
});

describe('quality', () => {
  it('measures', () => {
    const { words, quality } = measure('## one two...\none 22 …\none 22 …\nça');
    assert.equal(words, 10);
    assert.equal(quality.meanWordLength, (2 + 3 + 6 + 3 + 2 + 1 + 3 + 2 + 1 + 2) / 10);
    assert.equal(quality.symbolRatio, 4 / 10);
    assert.equal(quality.alphabeticWords, 5 / 10);
    assert.equal(quality.ellipsisLines, 3 / 4);
    assert.equal(quality.duplicateLines, 8 / (13 + 8 + 8 + 2));
    assert.equal(quality.topTrigram, (2 * 6) / 25);
    assert.equal(quality.meanLineLength, 31 / 4);
  });

  it('of the one text does not depend on the text before', () => {
    const before = measure(PROSE);
    measure('repeat this phrase '.repeat(10_000));
    assert.deepEqual(measure(PROSE), before);
  });

  it('of a text without words is all zero', () => {
    assert.deepEqual(Object.values(measure('').quality), [0, 0, 0, 0, 0, 0, 0]);
  });

  const junk: Record<string, [string, string]> = {
    too_few_words: ['some words only', 'too_few_words'],
    'minified code': [`!function(){${'var a=b(c,d),e=f[g]||h;return i?j:k;'.repeat(200)}}()`, 'long_lines'],
    'minified code with line breaks': [`t.exports=function(e,r){n(e)||(o=i[r](a))};\n`.repeat(30), 'long_words'],
    numbers: [Array.from({ length: 200 }, (_, i) => `${i * 17}, `).join('\n'), 'few_alphabetic_words'],
    'teasers that end in an ellipsis': [
      Array.from({ length: 30 }, (_, i) => `Read more about the topic number${i}…`).join('\n'),
      'ellipsis_lines',
    ],
    'one line over and over': [
      `A line that stands here many times, more than is good.\n`.repeat(40),
      'duplicate_lines',
    ],
    'one phrase over and over': [
      Array.from({ length: 60 }, (_, i) => `buy it now w${i * 31}`).join(' '),
      'repeated_phrase',
    ],
    'a page of tags': [Array.from({ length: 60 }, (_, i) => `#tag${i} and`).join(' '), 'symbols'],
    'single characters': [
      Array.from({ length: 60 }, (_, i) => String.fromCharCode(97 + (i % 26))).join(' '),
      'short_words',
    ],
  };
  for (const [name, [text, rule]] of Object.entries(junk)) {
    it(`drops ${name}`, () => {
      const result = asText(readText(file('junk.txt', text)));
      assert.equal(result.keep, false);
      assert.ok(
        result.why.some((why) => why === rule),
        `${result.why.join(' ')} lacks ${rule}: ${JSON.stringify(result.quality)}`,
      );
    });
  }

  it('drops what is too long', () => {
    const { quality } = measure(PROSE);
    assert.deepEqual(failedRules(100_001, quality), ['too_many_words']);
  });

  it('keeps source code, type declarations, Markdown and licences', () => {
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const kept = [
      'LICENSE',
      'nodes/readText.ts',
      'src/node.ts',
      'test/run.mjs',
      'package.json',
      'node_modules/typescript/lib/lib.es5.d.ts',
      'node_modules/typescript/lib/lib.dom.d.ts',
      'node_modules/piscina/README.md',
    ];
    for (const path of kept) {
      const result = readText(join(root, path), { ...readTextExec.params, maxBytes: 8 * 1024 * 1024, maxWords: 1e6 });
      // Not every version of a dependency has each of its files.
      if (result.kind === 'text') assert.deepEqual(result.why, [], `${path}: ${JSON.stringify(result.quality)}`);
      else assert.ok(path.startsWith('node_modules/'), `${path}: ${result.detail}`);
    }
  });
});

describe('the exec readText', () => {
  it('gives what the kernel gives, whatever the thread has read before', async () => {
    const paths = [
      file('a.txt', PROSE),
      file('b.txt', PROSE.repeat(5000)),
      file('c.bin', Uint8Array.of(0, 1, 2)),
      file('d.txt', utf16be(`\ufeff${PROSE}`)),
      file('e.txt', 'short'),
    ];
    const forth = await runItems(readTextExec, paths);
    const back = await runItems(readTextExec, paths.toReversed());
    assert.deepEqual(forth, back.toReversed());
    assert.deepEqual(
      forth,
      paths.map((path) => readText(path)),
    );
  });

  it('refuses a limit that is none', async () => {
    await assert.rejects(runItem(readTextExec.with({ maxBytes: 0 }), ''), /maxBytes must be a positive integer, got 0/);
  });
});
