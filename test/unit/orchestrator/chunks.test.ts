/** How items come together in chunks: the gatherer that pulls them and the sizer that says how many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ChunkSizer } from '../../../src/orchestrator/chunk-sizer.ts';
import { ItemGatherer } from '../../../src/orchestrator/gatherer.ts';
import type { Source } from '../../../src/orchestrator/source.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** An async source whose items the test hands out. */
class Handed implements Source {
  readonly size = undefined;
  readonly asked: { resolve: (step: IteratorResult<unknown>) => void; reject: (error: Error) => void }[] = [];
  closed = 0;

  next(): Promise<IteratorResult<unknown>> {
    return new Promise((resolve, reject) => this.asked.push({ resolve, reject }));
  }

  close(): void {
    this.closed += 1;
  }
}

function gathering(): {
  readonly source: Handed;
  readonly clock: FakeClock;
  readonly gatherer: ItemGatherer;
  readonly ready: () => number;
  readonly give: (item: number) => Promise<void>;
} {
  const [source, clock] = [new Handed(), new FakeClock()];
  let calls = 0;
  const gatherer = new ItemGatherer(source, clock, () => (calls += 1));
  const give = async (item: number): Promise<void> => {
    source.asked.shift()?.resolve({ value: item, done: false });
    await clock.flush(1);
  };
  return { source, clock, gatherer, ready: () => calls, give };
}

const itemsOf = (chunk: readonly { readonly item: unknown }[]): unknown[] => chunk.map(({ item }) => item);

test('items that nobody could take when they came are handed out at the latest 5 ms after a bigger chunk was wanted', async () => {
  const { clock, gatherer, ready, give } = gathering();
  assert.deepEqual(gatherer.gather(1), []);
  await give(7);
  assert.equal(ready(), 1);
  // It was not taken then; now four are wanted, and the source gives no more.
  assert.deepEqual(gatherer.gather(4), []);
  await clock.advance(5);
  assert.equal(ready(), 2);
  assert.deepEqual(itemsOf(gatherer.gather(4)), [7]);
  assert.deepEqual(clock.pending, []);
});

test('at most one next() is pending, and none when enough has been gathered', async () => {
  const { source, gatherer, give } = gathering();
  gatherer.gather(2);
  gatherer.gather(2);
  assert.equal(source.asked.length, 1);
  await give(1);
  assert.equal(source.asked.length, 1);
  await give(2);
  assert.equal(source.asked.length, 0);
  assert.deepEqual(itemsOf(gatherer.gather(2)), [1, 2]);
  assert.equal(gatherer.pulled, 2);
});

test('a source that rejects after it was closed is not heard', async () => {
  const { source, clock, gatherer, ready } = gathering();
  gatherer.gather(2);
  gatherer.close();
  gatherer.close();
  assert.equal(source.closed, 1);
  source.asked[0]?.reject(new Error('late'));
  await clock.flush();
  assert.deepEqual([ready(), gatherer.error], [0, undefined]);
});

test('the first chunks have one item, later ones about 10 ms of work, never more than four times the largest before', () => {
  const sizer = new ChunkSizer(2, undefined);
  assert.deepEqual([sizer.next(0), sizer.next(1)], [1, 1]);
  sizer.add(0.01);
  assert.deepEqual(
    Array.from({ length: 7 }, () => sizer.next(2)),
    [4, 16, 64, 256, 1_000, 1_000, 1_000],
  );
  for (let i = 0; i < 200; i += 1) sizer.add(50);
  assert.equal(sizer.next(2), 1);
});

test('what is left of a known number of items is shared out, and a chunk on the main thread has one item', () => {
  const sizer = new ChunkSizer(2, 100);
  for (let i = 0; i < 9; i += 1) {
    sizer.add(0.001);
    sizer.next(0);
  }
  assert.deepEqual([sizer.next(0), sizer.next(60), sizer.next(99), sizer.next(100)], [25, 10, 1, 1]);
  const inline = new ChunkSizer(0, 100);
  inline.add(0.001);
  assert.equal(inline.next(0), 1);
});

test('laws of sizes: whole numbers from 1 to 5,000, whatever items cost', () => {
  const costs = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })), { maxLength: 50 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), costs, (threads, given) => {
      const sizer = new ChunkSizer(threads, undefined);
      let largest = 1;
      for (const ms of given) {
        sizer.add(ms);
        const size = sizer.next(0);
        assert.ok(Number.isSafeInteger(size) && size >= 1 && size <= Math.min(5_000, largest * 4), String(size));
        largest = Math.max(largest, size);
      }
    }),
  );
});
