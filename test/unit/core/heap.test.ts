import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Heap, type Heaped } from '../../../src/core/heap.ts';

interface Entry extends Heaped {
  rank: number;
}

describe('Heap', () => {
  it('gives the first, whatever is put in, moved and taken out of the middle', () => {
    const step = fc.record({
      kind: fc.constantFrom('push', 'push', 'remove', 'move', 'shift'),
      rank: fc.integer({ min: 0, max: 30 }),
      at: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const heap = new Heap<Entry>((a, b) => a.rank < b.rank);
        const model: Entry[] = [];
        for (const { kind, rank, at } of steps) {
          const entry = kind === 'shift' ? heap.first() : model[at % Math.max(1, model.length)];
          if (kind === 'push') {
            const made = { rank, heapIndex: -1 };
            heap.push(made);
            model.push(made);
          } else if (entry === undefined) {
            assert.equal(heap.first(), undefined);
          } else if (kind === 'move') {
            entry.rank = rank;
            heap.move(entry);
          } else {
            heap.remove(entry);
            model.splice(model.indexOf(entry), 1);
            assert.equal(entry.heapIndex, -1);
          }
          assert.equal(heap.size, model.length);
          assert.equal(heap.first()?.rank, model.map((each) => each.rank).toSorted((a, b) => a - b)[0]);
          assert.ok(model.every((each) => heap.items[each.heapIndex] === each));
        }
      }),
      { numRuns: 300 },
    );
  });
});
