import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { uuidv7 } from '../../../src/core/ids.ts';

test('time, version, variant and random bytes are where RFC 9562 puts them', () => {
  // The example of RFC 9562, appendix A.6, is 017F22E2-79B0-7CC3-98C4-DC0C0C07398F; 18c4 there is a 0b01 before the variant.
  const bytes = Uint8Array.from([0xcc, 0x31, 0x8c, 0x4d, 0xc0, 0xc0, 0xc0, 0x73, 0x98, 0xf0]);
  assert.equal(uuidv7(0x017f22e279b0, bytes), '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

test('the form holds for any time and bytes', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 31),
      fc.nat(2 ** 16),
      fc.uint8Array({ minLength: 10, maxLength: 10 }),
      (high, low, bytes) => {
        const ms = high * 2 ** 16 + low;
        const id = uuidv7(ms + 0.75, bytes);
        assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), ms);
      },
    ),
  );
});

test('ids of a later millisecond sort later', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 2 ** 31 }), (ms, step) => uuidv7(ms) < uuidv7(ms + step)),
  );
});

test('ids of one millisecond differ', () => {
  assert.equal(new Set(Array.from({ length: 1_000 }, () => uuidv7(1))).size, 1_000);
});
