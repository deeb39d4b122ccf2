import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { newRunId, uuidv7 } from '../../../src/orchestrator/run-ids.ts';

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const HEX = '0123456789abcdef'.split('');
const digits = fc.string({ unit: fc.constantFrom(...HEX), minLength: 19, maxLength: 19 });

test('time, version, variant and random digits are where RFC 9562 puts them', () => {
  // The example of RFC 9562, appendix A.6, is 017F22E2-79B0-7CC3-98C4-DC0C0C07398F; the digit before 8c4 gives two bits.
  for (const digit of '159d') {
    const random = `cc3${digit}8c4dc0c0c07398f`;
    assert.equal(uuidv7(0x017f22e279b0, random, 0), '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
    assert.equal(uuidv7(0x017f22e279b0, `00${random}ff`, 2), '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  }
  const variants = HEX.map((digit) => uuidv7(0, `000${digit}${'0'.repeat(15)}`, 0).charAt(19));
  assert.equal(variants.join(''), '89ab'.repeat(4));
});

test('the form holds for any time and digits', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.nat(2 ** 16), digits, (high, low, random) => {
      const ms = high * 2 ** 16 + low;
      const id = uuidv7(ms + 0.75, random, 0);
      assert.match(id, FORM);
      assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), ms);
      assert.equal(id.slice(15, 18) + id.slice(20, 23) + id.slice(24), random.slice(0, 3) + random.slice(4));
    }),
  );
});

test('ids of a later millisecond sort later', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 31),
      fc.integer({ min: 1, max: 2 ** 31 }),
      (ms, step) => newRunId(ms) < newRunId(ms + step),
    ),
  );
});

test('ids of one millisecond differ, whatever was drawn for them', () => {
  const ids = Array.from({ length: 1_000 }, () => newRunId(1));
  assert.equal(new Set(ids).size, 1_000);
  for (const id of ids) assert.match(id, FORM);
  // Every place but those of time and version takes every value that it can have.
  for (const place of [15, 16, 17, 20, 21, 22, 24, 30, 35])
    assert.equal(new Set(ids.map((id) => id.charAt(place))).size, 16, `place ${place}`);
  assert.equal(new Set(ids.map((id) => id.charAt(19))).size, 4);
});
