import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Execution } from '../../../src/dispatch/execution.ts';
import { ReadyQueue } from '../../../src/dispatch/ready-queue.ts';
import { record } from './helpers.ts';

const made = (priority = 0): Execution => record({ priority }).execution;

/** What the queue should do, in the plainest way. */
class Model {
  waiting: Execution[] = [];

  push(execution: Execution): void {
    const at = this.waiting.findIndex((other) => other.request.priority < execution.request.priority);
    this.waiting.splice(at < 0 ? this.waiting.length : at, 0, execution);
  }

  unshift(execution: Execution): void {
    const at = this.waiting.findIndex((other) => other.request.priority <= execution.request.priority);
    this.waiting.splice(at < 0 ? this.waiting.length : at, 0, execution);
  }

  remove(execution: Execution): boolean {
    const at = this.waiting.indexOf(execution);
    if (at >= 0) this.waiting.splice(at, 1);
    return at >= 0;
  }
}

describe('ReadyQueue', () => {
  it('gives what it was given by priority, then in order; what is requeued first', () => {
    const queue = new ReadyQueue();
    const [low, first, second, requeued] = [made(-1), made(), made(), made()];
    for (const one of [low, first, second]) queue.push(one);
    queue.unshift(requeued);
    assert.deepEqual([queue.size, queue.peek()], [4, requeued]);
    assert.deepEqual(queue.clear(), [requeued, first, second, low]);
    assert.deepEqual([queue.size, queue.peek(), queue.shift()], [0, undefined, undefined]);
  });

  it('agrees with its model', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constantFrom('push' as const, 'unshift' as const),
        priority: fc.integer({ min: -2, max: 2 }),
      }),
      fc.record({ kind: fc.constant('shift' as const) }),
      fc.record({ kind: fc.constant('requeue' as const) }),
      fc.record({ kind: fc.constant('remove' as const), at: fc.nat(50) }),
      fc.record({ kind: fc.constant('peek' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const queue = new ReadyQueue();
        const model = new Model();
        const out: Execution[] = [];
        for (const what of steps) {
          if (what.kind === 'push' || what.kind === 'unshift') {
            const execution = made(what.priority);
            queue[what.kind](execution);
            model[what.kind](execution);
          } else if (what.kind === 'shift') {
            const next = queue.shift();
            assert.equal(next, model.waiting.shift());
            if (next !== undefined) out.push(next);
          } else if (what.kind === 'requeue') {
            const back = out.pop();
            if (back === undefined) continue;
            queue.unshift(back);
            model.unshift(back);
          } else if (what.kind === 'remove') {
            const target = model.waiting[what.at] ?? out[what.at] ?? made();
            assert.equal(queue.remove(target), model.remove(target));
          } else {
            assert.equal(queue.peek(), model.waiting[0]);
          }
          assert.equal(queue.size, model.waiting.length);
        }
        assert.deepEqual(queue.clear(), model.waiting);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its order over its compaction', () => {
    const queue = new ReadyQueue();
    const all = Array.from({ length: 5_000 }, () => made());
    for (const execution of all) queue.push(execution);
    const taken = all.slice(0, 3_000).map(() => queue.shift());
    for (const execution of all.slice(3_500, 4_500)) queue.remove(execution);
    assert.deepEqual([...taken, ...queue.clear()], [...all.slice(0, 3_500), ...all.slice(4_500)]);
  });

  it('lets go of what was removed', async () => {
    const queue = new ReadyQueue();
    const refs = Array.from({ length: 100 }, (_value, priority) => {
      const execution = made(priority % 3);
      queue.push(execution);
      queue.remove(execution);
      return new WeakRef(execution);
    });
    assert.equal(queue.peek(), undefined);
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    assert.equal(queue.size, 0);
    assert.ok(refs.filter((ref) => ref.deref() !== undefined).length <= 1);
  });
});
