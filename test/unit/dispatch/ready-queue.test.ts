import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Execution } from '../../../src/dispatch/execution.ts';
import { ReadyQueue } from '../../../src/dispatch/ready-queue.ts';
import { RunShare } from '../../../src/dispatch/run-share.ts';
import { seededRandom } from '../../support/fake-clock.ts';
import { record } from './helpers.ts';

const of = (share: RunShare): Execution => record({ share }).execution;
const made = (priority = 0): Execution => of(new RunShare(priority));

interface ModelRun {
  readonly share: RunShare;
  tag: number;
  order: number;
  waiting: Execution[];
}

/** What the queue should do, in the plainest way. */
class Model {
  readonly runs: ModelRun[] = [];
  readonly #times = new Map<number, number>();
  #order = 0;
  #orderInFront = 0;

  get size(): number {
    return this.runs.reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  push(execution: Execution): void {
    const run = this.#runOf(execution);
    if (run.waiting.length === 0) {
      run.tag = Math.max(run.tag, this.#timeOf(run));
      this.#order += 1;
      run.order = this.#order;
    }
    run.waiting.push(execution);
  }

  unshift(execution: Execution): void {
    const run = this.#runOf(execution);
    if (run.waiting.length === 0) {
      const tags = this.#lane(run.share.priority).map(({ tag }) => tag);
      run.tag = Math.max(run.tag, Math.min(this.#timeOf(run), ...tags));
      this.#orderInFront -= 1;
      run.order = this.#orderInFront;
    }
    run.waiting.unshift(execution);
  }

  next(): Execution | undefined {
    return this.#nextRun()?.waiting[0];
  }

  shift(costMs: number): Execution | undefined {
    const run = this.#nextRun();
    if (run === undefined) return undefined;
    this.#times.set(run.share.priority, Math.max(this.#timeOf(run), run.tag));
    run.tag += costMs;
    return run.waiting.shift();
  }

  correct(execution: Execution, byMs: number): void {
    this.#runOf(execution).tag += byMs;
  }

  remove(execution: Execution): boolean {
    const { waiting } = this.#runOf(execution);
    const at = waiting.indexOf(execution);
    if (at >= 0) waiting.splice(at, 1);
    return at >= 0;
  }

  #nextRun(): ModelRun | undefined {
    const [highest] = this.runs
      .filter(({ waiting }) => waiting.length > 0)
      .map(({ share }) => share.priority)
      .toSorted((a, b) => b - a);
    return highest === undefined
      ? undefined
      : this.#lane(highest).toSorted((a, b) => a.tag - b.tag || a.order - b.order)[0];
  }

  #lane(priority: number): ModelRun[] {
    return this.runs.filter(({ share, waiting }) => share.priority === priority && waiting.length > 0);
  }

  #timeOf({ share }: ModelRun): number {
    return this.#times.get(share.priority) ?? 0;
  }

  #runOf({ request }: Execution): ModelRun {
    let run = this.runs.find(({ share }) => share === request.share);
    if (run === undefined) {
      run = { share: request.share, tag: this.#times.get(request.share.priority) ?? 0, order: 0, waiting: [] };
      this.runs.push(run);
    }
    return run;
  }
}

// Whole milliseconds, so that sums are exact whatever their order.
const cost = fc.nat({ max: 50 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('push' as const), run: fc.nat(7) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('shift' as const), cost }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), at: fc.nat(20), cost }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('requeue' as const), at: fc.nat(20), cost }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(50) }) },
);

describe('ReadyQueue', () => {
  it('gives what it was given by priority, then in order; what is requeued first', () => {
    const queue = new ReadyQueue();
    const [low, first, second, requeued] = [made(-1), made(), made(), made()];
    for (const one of [low, first, second]) queue.push(one);
    queue.unshift(requeued);
    assert.deepEqual([queue.size, queue.peek()], [4, requeued]);
    assert.deepEqual(queue.clear(), [requeued, first, second, low]);
    assert.deepEqual([queue.size, queue.peek(), queue.shift(0)], [0, undefined, undefined]);
  });

  it('gives a run that comes second its share at once, though a thousand executions of another came before', () => {
    const queue = new ReadyQueue();
    const [many, few] = [new RunShare(0), new RunShare(0)];
    for (let n = 0; n < 1_000; n += 1) queue.push(of(many));
    for (let n = 0; n < 20; n += 1) queue.shift(10);
    for (let n = 0; n < 10; n += 1) queue.push(of(few));
    const taken = Array.from({ length: 21 }, () => queue.shift(10)?.request.share);
    assert.equal(taken.filter((share) => share === few).length, 10);
  });

  it('shares out time, not executions', () => {
    const queue = new ReadyQueue();
    const [long, short] = [new RunShare(0), new RunShare(0)];
    for (let n = 0; n < 200; n += 1) {
      queue.push(of(long));
      queue.push(of(short));
    }
    const taken = Array.from({ length: 110 }, () => {
      const share = queue.peek()?.request.share;
      queue.shift(share === long ? 10 : 1);
      return share;
    });
    assert.equal(taken.filter((share) => share === long).length, 10);
  });

  it('charges what an execution took, not what it was thought to take', () => {
    const queue = new ReadyQueue();
    const [wrong, right] = [new RunShare(0), new RunShare(0)];
    for (let n = 0; n < 100; n += 1) {
      queue.push(of(wrong));
      queue.push(of(right));
    }
    const taken = Array.from({ length: 60 }, () => {
      const execution = queue.shift(1) as Execution;
      execution.ranMs = execution.request.share === wrong ? 5 : 1;
      queue.settle(execution);
      return execution.request.share;
    });
    assert.equal(taken.filter((share) => share === wrong).length, 10);
  });

  it('charges what runs beyond what was expected at once, and in the end no more than it took', () => {
    const queue = new ReadyQueue();
    const [long, short] = [new RunShare(0), new RunShare(0)];
    for (let n = 0; n < 20; n += 1) {
      queue.push(of(long));
      queue.push(of(short));
    }
    const running = queue.shift(1) as Execution;
    queue.chargeAtLeast(running, 0.5);
    assert.equal(running.chargedMs, 1);
    queue.chargeAtLeast(running, 4.5);
    queue.chargeAtLeast(running, 8.5);
    const meanwhile = Array.from({ length: 9 }, () => queue.shift(1)?.request.share);
    assert.ok(!meanwhile.includes(long), 'the run of what is still running was served before the other had as much');
    running.ranMs = 9.5;
    queue.settle(running);
    const after = Array.from({ length: 4 }, () => queue.shift(1)?.request.share);
    assert.deepEqual(after, [short, long, short, long]);
  });

  it('keeps no credit for a run that was idle, and holds nothing against one that comes back', () => {
    const queue = new ReadyQueue();
    const [idle, busy] = [new RunShare(0), new RunShare(0)];
    queue.push(of(idle));
    queue.shift(10);
    for (let n = 0; n < 120; n += 1) queue.push(of(busy));
    for (let n = 0; n < 100; n += 1) queue.shift(10);
    for (let n = 0; n < 10; n += 1) queue.push(of(idle));
    const taken = Array.from({ length: 10 }, () => queue.shift(10)?.request.share);
    assert.equal(taken.filter((share) => share === idle).length, 5);
  });

  it('agrees with its model', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const queue = new ReadyQueue();
        const model = new Model();
        const shares = Array.from({ length: 8 }, (_value, run) => new RunShare(Math.floor(run / 3) - 1));
        const out: Execution[] = [];
        const settle = (execution: Execution, ranMs: number): void => {
          execution.ranMs = ranMs;
          model.correct(execution, ranMs - execution.chargedMs);
          queue.settle(execution);
        };
        for (const what of steps) {
          if (what.kind === 'push') {
            const execution = of(shares[what.run] as RunShare);
            queue.push(execution);
            model.push(execution);
          } else if (what.kind === 'shift') {
            const next = queue.shift(what.cost);
            assert.equal(next, model.shift(what.cost));
            if (next !== undefined) out.push(next);
          } else if (what.kind === 'remove') {
            const all = model.runs.flatMap(({ waiting }) => waiting);
            const target = all[what.at] ?? out[what.at] ?? made();
            assert.equal(queue.remove(target), model.remove(target));
          } else {
            const [one] = out.splice(what.at % Math.max(1, out.length), 1);
            if (one === undefined) continue;
            settle(one, what.kind === 'end' || what.cost % 3 === 0 ? what.cost : 0);
            if (what.kind === 'end') continue;
            one.keepUnsettled();
            queue.unshift(one);
            model.unshift(one);
          }
          assert.equal(queue.size, model.size);
          assert.equal(queue.peek(), model.next());
        }
        const rest = queue.clear();
        assert.deepEqual([new Set(rest).size, rest.length], [model.size, model.size]);
      }),
      { numRuns: 400 },
    );
  });

  it('never lets one of two busy runs get far ahead, whatever is believed of their costs', () => {
    const plan = fc.record({
      threads: fc.integer({ min: 1, max: 8 }),
      largest: fc.tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 })),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(plan, ({ threads, largest, seed }) => {
        const random = seededRandom(seed);
        const queue = new ReadyQueue();
        const shares = [new RunShare(0), new RunShare(0)] as const;
        const served = [0, 0];
        const running: { readonly execution: Execution; readonly end: number; readonly ms: number }[] = [];
        const most = Math.max(...largest);
        let time = 0;
        for (let taken = 0; taken < 600; taken += 1) {
          for (const share of shares) while (share.first?.next === undefined) queue.push(of(share));
          if (running.length === threads) {
            running.sort((a, b) => a.end - b.end);
            const { execution, end, ms } = running.shift() as (typeof running)[number];
            time = end;
            execution.ranMs = ms;
            queue.settle(execution);
            const which = execution.request.share === shares[0] ? 0 : 1;
            served[which] = (served[which] as number) + ms;
          }
          const [a, b] = served as [number, number];
          assert.ok(Math.abs(a - b) <= (2 * threads + 1) * most, `${a} and ${b} ms of at most ${most} ms each`);
          const execution = queue.shift(random() * most) as Execution;
          const ms = random() * largest[execution.request.share === shares[0] ? 0 : 1];
          running.push({ execution, end: time + ms, ms });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('tells how a run stands: what is ahead of its first execution, by priority and by share', () => {
    const plan = fc.record({
      waiting: fc.array(fc.record({ run: fc.nat(7), cost }), { maxLength: 60 }),
      takenBefore: fc.array(cost, { maxLength: 20 }),
    });
    fc.assert(
      fc.property(plan, ({ waiting, takenBefore }) => {
        const queue = new ReadyQueue();
        const shares = Array.from({ length: 8 }, (_value, run) => new RunShare(Math.floor(run / 3) - 1));
        const costs = new Map<Execution, number>();
        const costOf = (execution: Execution): number => costs.get(execution) as number;
        const push = (run: number, ms: number): void => {
          const execution = of(shares[run] as RunShare);
          costs.set(execution, ms);
          queue.push(execution);
        };
        for (const [n, ms] of takenBefore.entries()) push(n % 8, ms);
        for (const { run, cost: ms } of waiting) push(run, ms);
        for (const ms of takenBefore) queue.shift(ms);
        const standings = shares.map((share) => queue.standingOf(share, costOf));
        const order: RunShare[] = [];
        for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
          order.push(next.request.share);
          queue.shift(costOf(next));
        }
        for (const [at, share] of shares.entries()) {
          const ahead = order.slice(0, Math.max(0, order.indexOf(share)));
          assert.deepEqual(standings[at], {
            queued: order.filter((other) => other === share).length,
            aheadByPriority: ahead.filter(({ priority }) => priority > share.priority).length,
            aheadByShare: ahead.filter(({ priority }) => priority === share.priority).length,
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives back the charge for what is taken anew', () => {
    const queue = new ReadyQueue();
    const [divided, other] = [new RunShare(0), new RunShare(0)];
    for (let n = 0; n < 5; n += 1) {
      queue.push(of(divided));
      queue.push(of(other));
    }
    const execution = queue.shift(10) as Execution;
    queue.refund(execution, 0.8);
    assert.equal(execution.chargedMs, 2);
    const taken = Array.from({ length: 3 }, () => queue.shift(5)?.request.share);
    assert.deepEqual(taken, [other, divided, other]);
    execution.ranMs = 2;
    queue.settle(execution);
    assert.equal(queue.shift(5)?.request.share, divided);
  });

  it('forgets lanes that nobody needs, and treats who comes back to one as new', () => {
    const queue = new ReadyQueue();
    const old = new RunShare(5);
    for (let n = 0; n < 20; n += 1) queue.push(of(old));
    for (let n = 0; n < 20; n += 1) queue.shift(1_000);
    for (let priority = 6; priority < 40; priority += 1) queue.push(made(priority));
    queue.clear();
    const other = new RunShare(5);
    queue.push(of(other));
    queue.push(of(old));
    queue.push(of(other));
    assert.deepEqual(
      [queue.shift(1), queue.shift(1), queue.shift(1)].map((execution) => execution?.request.share),
      [other, old, other],
    );
  });

  it('lets go of what was taken and removed', async () => {
    const queue = new ReadyQueue();
    const shares = [new RunShare(0), new RunShare(1)];
    const refs = Array.from({ length: 100 }, (_value, n) => {
      const execution = of(shares[n % 2] as RunShare);
      queue.push(execution);
      if (n % 3 === 0) queue.remove(execution);
      return new WeakRef(execution);
    });
    queue.clear();
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
