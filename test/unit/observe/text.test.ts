import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  bar,
  clean,
  cut,
  fit,
  padEnd,
  padStart,
  paintColors,
  paintPlain,
  trimEnd,
  wantsColor,
  widthOf,
  widthOfLine,
} from '../../../src/observe/text.ts';

describe('text', () => {
  it('knows how many cells a text takes', () => {
    const rows: readonly (readonly [string, number])[] = [
      ['', 0],
      ['plain', 5],
      ['größe · …', 9],
      ['✔ ████░░ ▁▂', 11],
      ['日本語.txt', 10],
      ['한국어', 6],
      ['ｆｕｌｌ', 8],
      ['🚀', 2],
      ['👩‍👩‍👧', 2],
      ['❤️', 2],
      ['🇪🇸', 2],
      ['e\u0301', 1],
      ['a\u200bb', 2],
    ];
    for (const [text, width] of rows) assert.equal(widthOf(text), width, text);
  });

  it('cuts by cells and says so', () => {
    assert.equal(cut('abcdef', 6), 'abcdef');
    assert.equal(cut('abcdef', 5), 'abcd…');
    assert.equal(cut('日本語', 5), '日本…');
    assert.equal(cut('日本語', 4), '日…');
    assert.equal(cut('abc', 1), '…');
    assert.equal(cut('abc', 0), '');
    assert.equal(padEnd('日本', 6), '日本  ');
    assert.equal(padEnd('abcdef', 4), 'abc…');
    assert.equal(padStart('日', 4), '  日');
    assert.equal(padStart('abcdef', 4), 'abcdef');
  });

  it('fits any line into any width', () => {
    const span = fc.record({ text: fc.string({ unit: 'grapheme' }).map(clean) });
    fc.assert(
      fc.property(fc.array(span), fc.integer({ min: 0, max: 60 }), (line, cells) => {
        const fitted = fit(line, cells);
        assert.ok(widthOfLine(fitted) <= cells);
        if (widthOfLine(line) <= cells) assert.equal(paintPlain(fitted), paintPlain(line));
      }),
    );
  });

  it('keeps the style of what it cuts', () => {
    assert.deepEqual(fit([{ text: 'ab' }, { text: 'cdef', style: 'red' }, { text: 'g' }], 5), [
      { text: 'ab' },
      { text: 'cd…', style: 'red' },
    ]);
    assert.deepEqual(fit([{ text: 'ab' }, { text: 'cd', style: 'red' }, { text: 'ef' }], 4), [
      { text: 'ab' },
      { text: 'c…', style: 'red' },
    ]);
  });

  it('trims lines over spans', () => {
    assert.deepEqual(trimEnd([{ text: 'a ' }, { text: '  ' }, { text: '' }]), [{ text: 'a' }]);
    assert.deepEqual(trimEnd([{ text: ' ' }]), []);
  });

  it('takes the power out of foreign text', () => {
    assert.equal(clean('\u001b[31mred\u001b[0m\u001b[2J\r\nnext\tcell\u0007'), 'red next cell ');
    assert.equal(clean('日本 ok'), '日本 ok');
  });

  it('paints with and without colours', () => {
    const line = [{ text: 'a' }, { text: 'b', style: 'red' }, { text: '', style: 'red' }] as const;
    assert.equal(paintPlain(line), 'ab');
    assert.equal(paintColors(line), 'a\u001b[31mb\u001b[39m');
  });

  it('draws bars that are full only at the end', () => {
    assert.deepEqual(bar(0, 4), { full: '', empty: '░░░░' });
    assert.deepEqual(bar(0.01, 4), { full: '█', empty: '░░░' });
    assert.deepEqual(bar(0.5, 4), { full: '██', empty: '░░' });
    assert.deepEqual(bar(0.99, 4), { full: '███', empty: '░' });
    assert.deepEqual(bar(1, 4), { full: '████', empty: '' });
    assert.deepEqual(bar(7, 4), { full: '████', empty: '' });
  });

  it('wants colours as the conventions say', () => {
    const tty = { isTTY: true, getColorDepth: () => 8 };
    assert.equal(wantsColor(tty, {}), true);
    assert.equal(wantsColor({ isTTY: true, getColorDepth: () => 1 }, {}), false);
    assert.equal(wantsColor(tty, { NO_COLOR: '1' }), false);
    assert.equal(wantsColor(tty, { NO_COLOR: '' }), true);
    assert.equal(wantsColor(tty, { TERM: 'dumb' }), false);
    assert.equal(wantsColor({}, {}), false);
    assert.equal(wantsColor({}, { FORCE_COLOR: '1' }), true);
    assert.equal(wantsColor({}, { FORCE_COLOR: '', NO_COLOR: '1' }), true);
    assert.equal(wantsColor(tty, { FORCE_COLOR: '0' }), false);
  });
});
