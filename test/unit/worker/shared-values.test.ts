/** The shared values that a thread holds: made once, bounded, let go of when nobody holds them. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { read, type Shared } from '../../../src/core/shared.ts';
import { structureBytes } from '../../../src/wire/shared-image.ts';
import { writeImage } from '../../../src/wire/shared-writer.ts';
import { beginReading, holdShared, holdsShared, letGo, retainShared } from '../../../src/worker/shared-values.ts';

const text = 'x'.repeat(1_000);
const image = writeImage({ text });
const bytes = structureBytes(image);

const reading = (id: number): unknown => read({ 'cano:shared': id } as unknown as Shared<unknown>);
const hold = (...ids: number[]): void => ids.forEach((id) => holdShared(id, image));

beforeEach(() => {
  beginReading(0, 0);
  retainShared([], Number.POSITIVE_INFINITY);
});

describe('the shared values of a thread', () => {
  it('are made at the first read, once', () => {
    hold(1);
    const value = reading(1);
    assert.deepEqual(value, { text });
    assert.equal(reading(1), value);
    hold(1);
    assert.equal(reading(1), value, 'being told again changes nothing');
  });

  it('are unknown before they come and after they were let go of', () => {
    assert.throws(() => reading(1), /shared value 1 is not on this thread/);
    hold(1);
    reading(1);
    letGo([1, 2]);
    assert.throws(() => reading(1), /shared value 1 is not on this thread/);
  });

  it('are there for an execution only if all of them are', () => {
    hold(1, 2);
    assert.deepEqual(
      [0, 1, 3, [], [1, 2], [1, 3]].map((ids) => holdsShared(ids)),
      [true, true, false, true, true, false],
    );
  });

  it('stay when a lease ends, except those that have gone meanwhile', () => {
    hold(1, 2, 3);
    const two = reading(2);
    retainShared([2, 9], Number.POSITIVE_INFINITY);
    assert.deepEqual([1, 2, 3].map(holdsShared), [false, true, false]);
    assert.equal(reading(2), two);
  });

  it('are bounded: the ones not read for longest go first', () => {
    retainShared([], bytes * 2);
    hold(1, 2, 3, 4);
    reading(1);
    reading(2);
    reading(1);
    reading(3);
    assert.deepEqual([1, 2, 3, 4].map(holdsShared), [true, false, true, true], 'those never read weigh nothing');
    hold(2);
    reading(2);
    assert.deepEqual([1, 2, 3].map(holdsShared), [false, true, true]);
  });

  it('stay as long as the present execution may read them, however many', () => {
    retainShared([], bytes);
    hold(1, 2, 3, 4);
    beginReading([1, 2], 3);
    const kept = [1, 2, 3].map(reading);
    assert.deepEqual([1, 2, 3].map(reading), kept);
    beginReading(4, 0);
    reading(4);
    assert.deepEqual([1, 2, 3, 4].map(holdsShared), [false, false, false, true]);
  });

  it('are read one by one where nothing may be kept', () => {
    retainShared([], 0);
    hold(1, 2);
    assert.deepEqual(reading(1), { text });
    assert.deepEqual(reading(2), { text });
    assert.equal(holdsShared(1), false);
  });

  it('weigh nothing any more once they are gone', () => {
    retainShared([], bytes);
    for (let id = 1; id <= 20; id += 1) {
      hold(id);
      reading(id);
      letGo([id]);
    }
    hold(30);
    reading(30);
    assert.ok(holdsShared(30));
  });
});
