/** Laws of batches, over random items, failures, chunk sizes and orders of finishing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Random } from '../../../src/core/clock.ts';
import type { Execution } from '../../../src/dispatch/execution.ts';
import { defineExec, retry, RunFailedError, type ItemResult, type Node, type Run } from '../../../src/index.ts';
import { seededRandom } from '../../support/fake-clock.ts';
import { assertStream } from './event-shape.ts';
import {
  batchNode,
  Bench,
  FakeDispatcher,
  inlineEngine,
  newStore,
  ofType,
  startAndListen,
  workflowOf,
  type TestStore,
} from './harness.ts';

/** Stands for an exec on a thread; the fake dispatcher never calls it. */
const onThread = defineExec(import.meta.url, { name: 'work', exec: (item: number) => item });

interface Plan {
  /** How often each item fails before it succeeds. */
  readonly failures: readonly number[];
  readonly costs: readonly number[];
  readonly retries: number;
  readonly delay: number;
  readonly source: keyof typeof SOURCES;
  readonly onItemError: 'fail' | 'collect';
  readonly reduces: boolean;
  readonly concurrency: number | undefined;
  readonly threads: number;
  readonly seed: number;
}

const SOURCES = {
  array: (items: readonly number[]) => items,
  set: (items: readonly number[]) => new Set(items),
  typed: (items: readonly number[]) => Uint32Array.from(items),
  common: (items: readonly number[]) => ({ items, common: 'shared' }),
  generator: function* (items: readonly number[]) {
    yield* items;
  },
  asyncGenerator: async function* (items: readonly number[]) {
    for (const item of items) {
      if (item % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
      yield item;
    }
  },
} as const;

const cheap = fc.double({ min: 0.01, max: 0.2, noNaN: true });
const dear = fc.double({ min: 1, max: 20, noNaN: true });
const itemPlan = fc.tuple(
  fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) }),
  fc.oneof({ weight: 5, arbitrary: cheap }, { weight: 1, arbitrary: dear }),
);

const plans: fc.Arbitrary<Plan> = fc
  .oneof(fc.array(itemPlan, { maxLength: 20 }), fc.array(itemPlan, { minLength: 80, maxLength: 160 }))
  .chain((items) =>
    fc.record({
      failures: fc.constant(items.map(([failures]) => failures)),
      costs: fc.constant(items.map(([, cost]) => cost)),
      retries: fc.nat({ max: 3 }),
      delay: fc.constantFrom(0, 0, 7, 500),
      source: fc.constantFrom(...(Object.keys(SOURCES) as (keyof typeof SOURCES)[])),
      onItemError: fc.constantFrom('fail' as const, 'collect' as const),
      reduces: fc.boolean(),
      concurrency: fc.constantFrom(undefined, undefined, 1, 2, 5),
      threads: fc.integer({ min: 1, max: 4 }),
      seed: fc.nat(),
    }),
  );

type Collected = ItemResult<number> | number;

/** What the plan must give: outputs are ten times the item. */
function expectedOf({ failures, retries, onItemError }: Plan): {
  readonly fails: boolean;
  readonly results: Collected[];
} {
  const fails = onItemError === 'fail' && failures.some((count) => count > retries);
  const results = failures.map((count, index): Collected => {
    if (onItemError === 'fail') return index * 10;
    return count > retries
      ? { ok: false, index, error: `item ${index} fails ${retries + 1}` }
      : { ok: true, index, value: index * 10 };
  });
  return { fails, results };
}

function nodeOf(plan: Plan, exec: unknown): Node<TestStore, 'Done', unknown> {
  const items = plan.failures.map((_count, index) => index);
  const keep = (result: Collected): Collected =>
    typeof result === 'number' || result.ok ? result : { ...result, error: (result.error as Error).message };
  const reduce = {
    initial: (): Collected[] => [],
    step: (done: Collected[], result: unknown, index: number): Collected[] => {
      assert.equal(done.length, index, 'reduce is called in input order');
      done.push(keep(result as Collected));
      return done;
    },
  };
  const spec = {
    name: 'batch',
    outcomes: ['Done'],
    prep: () => SOURCES[plan.source](items),
    exec: exec as typeof onThread,
    post: (store: TestStore, output: unknown): 'Done' => {
      store.put('out', plan.reduces ? output : (output as Collected[]).map(keep));
      return 'Done';
    },
    retry: retry.fixed({ retries: plan.retries, delay: plan.delay }),
    onItemError: plan.onItemError,
    ...(plan.concurrency === undefined ? {} : { concurrency: plan.concurrency }),
    ...(plan.reduces ? { reduce } : {}),
  } as const;
  return batchNode(spec as never) as never;
}

/** Counts the tries of each item and refuses what must not be. */
class Ledger {
  readonly #plan: Plan;
  readonly #tries = new Map<number, number>();
  readonly #acknowledged = new Set<number>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** @returns whether this try of the item succeeds */
  try(item: number, attempt: number): boolean {
    assert.ok(!this.#acknowledged.has(item), `item ${item} is executed again although it was acknowledged`);
    const tries = (this.#tries.get(item) ?? 0) + 1;
    this.#tries.set(item, tries);
    assert.equal(attempt, tries);
    assert.ok(tries <= this.#plan.retries + 1, `item ${item} is beyond its budget`);
    if (tries <= (this.#plan.failures[item] ?? 0)) return false;
    this.#acknowledged.add(item);
    return true;
  }
}

async function check(plan: Plan, run: Run, store: TestStore): Promise<void> {
  const { fails, results } = expectedOf(plan);
  if (fails) {
    await assert.rejects(run.result, (error) => {
      assert.ok(error instanceof RunFailedError);
      const item = error.where.item ?? assert.fail('without an item');
      assert.ok((plan.failures[item] ?? 0) > plan.retries);
      assert.equal(error.where.attempt, plan.retries + 1);
      assert.match(error.message, new RegExp(`exec of node 'batch' \\(item ${item}\\) failed`));
      return true;
    });
    assert.ok(!store.has('out'));
    return;
  }
  const { report } = await run.result;
  assert.deepEqual(store.get('out'), results);
  const [cells] = report().nodes;
  assert.equal(cells?.executions, results.length);
  assert.equal(cells.failures, plan.failures.filter((count) => count > plan.retries).length);
  const retriesOf = plan.failures.map((count) => Math.min(count, plan.retries));
  assert.equal(
    cells.retries,
    retriesOf.reduce((sum, count) => sum + count, 0),
  );
  assert.equal(cells.attempts, cells.executions + cells.retries);
}

test('on the main thread', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const ledger = new Ledger(plan);
      const random = seededRandom(plan.seed);
      let active = 0;
      const exec = async (
        item: number,
        ctx: { readonly attempt: number; readonly common: unknown },
      ): Promise<number> => {
        active += 1;
        assert.ok(active <= (plan.concurrency ?? 16));
        assert.equal(ctx.common, plan.source === 'common' ? 'shared' : undefined);
        for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await new Promise((r) => setImmediate(r));
        active -= 1;
        if (!ledger.try(item, ctx.attempt)) throw new Error(`item ${item} fails ${ctx.attempt}`);
        return item * 10;
      };
      const { engine, clock } = inlineEngine({}, plan.seed);
      const store = newStore();
      const { run, events } = startAndListen(engine, workflowOf(nodeOf(plan, exec)), store);
      await clock.until(run.result.catch(() => {}));
      await check(plan, run, store);
      assertStream(events);
      assert.deepEqual(clock.pending, []);
      const oks = ofType(events, 'exec.finished').filter(({ outcome }) => outcome === 'ok');
      assert.equal(new Set(oks.map(({ item }) => item)).size, oks.length);
    }),
    { numRuns: 150 },
  );
});

let divided = 0;

/** Works off what a dispatcher has been given, items in random order of executions, some of which are divided. */
async function workOff(bench: Bench, dispatcher: FakeDispatcher, run: Run, plan: Plan, random: Random): Promise<void> {
  const ledger = new Ledger(plan);
  const limit = plan.concurrency === undefined ? Infinity : plan.concurrency;
  const isOver = (): boolean => !['running', 'waiting'].includes(run.status);
  for (let idle = 0; !isOver();) {
    assert.ok(dispatcher.open.length <= Math.min(plan.threads * 3, limit), `${dispatcher.open.length} chunks are open`);
    const execution = dispatcher.open[Math.floor(random() * dispatcher.open.length)];
    if (execution === undefined) {
      await bench.clock.flush(2);
      idle += 1;
      if (idle > 3) await bench.clock.advance(bench.clock.pending[0] ?? 1);
      assert.ok(idle < 1_000, 'the batch is stuck');
      continue;
    }
    idle = 0;
    if (random() < 0.3 && dispatcher.divide(execution, Math.floor(random() * execution.items.length))) divided += 1;
    // A burst: some or all of what is left of one chunk.
    for (let burst = 1 + Math.floor(random() * 20); burst > 0 && execution.status !== 'ended'; burst -= 1) {
      settleOne(dispatcher, execution, plan, ledger);
    }
    if (random() < 0.3) await bench.clock.flush(1);
  }
}

function settleOne(dispatcher: FakeDispatcher, execution: Execution, plan: Plan, ledger: Ledger): void {
  const position = execution.settled;
  const given = execution.items[position] as number;
  const attempt = execution.attemptAt(position);
  assert.equal(execution.indexAt(position), given);
  const ms = plan.costs[given] ?? 1;
  const isOk = ledger.try(given, attempt);
  dispatcher.settle(
    execution,
    isOk ? dispatcher.ok(given * 10, ms) : dispatcher.failed(new Error(`item ${given} fails ${attempt}`), ms),
  );
}

test('on threads that finish in any order', async () => {
  let largest = 0;
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const dispatcher = new FakeDispatcher(plan.threads);
      dispatcher.onSubmit = ({ items, request }) => {
        largest = Math.max(largest, items.length);
        assert.equal(request.common?.value, plan.source === 'common' ? 'shared' : undefined);
      };
      const bench = new Bench(dispatcher);
      const store = newStore();
      const run = bench.start(workflowOf(nodeOf(plan, onThread)), store);
      await workOff(bench, dispatcher, run, plan, seededRandom(plan.seed));
      await check(plan, run, store);
      assert.deepEqual(dispatcher.open, []);
      assert.deepEqual(bench.clock.pending, []);
      assert.equal(dispatcher.released.length, Number(plan.source === 'common'));
    }),
    { numRuns: 300 },
  );
  assert.ok(largest > 8, `chunks had up to ${largest} items, too few to try their borders`);
  assert.ok(divided > 50, `only ${divided} chunks were divided`);
});

test('a run that is cancelled at any moment ends, with nothing left open', async () => {
  const moments = fc.tuple(plans, fc.nat({ max: 60 }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(moments, async ([plan, moment, settlesAtCancel]) => {
      const dispatcher = new FakeDispatcher(plan.threads);
      dispatcher.settlesAtCancel = settlesAtCancel;
      const bench = new Bench(dispatcher);
      const run = bench.start(workflowOf(nodeOf(plan, onThread)), newStore());
      const random = seededRandom(plan.seed);
      const ledger = new Ledger(plan);
      for (let step = 0; step < moment; step += 1) {
        const execution = dispatcher.open[Math.floor(random() * dispatcher.open.length)];
        if (execution === undefined) await bench.clock.flush(1);
        else {
          if (random() < 0.3) dispatcher.divide(execution, 0);
          settleOne(dispatcher, execution, plan, ledger);
        }
      }
      run.cancel();
      await bench.clock.flush();
      // Those that did not stop at once: some give a result after all.
      for (const execution of dispatcher.open.slice()) {
        assert.ok(!settlesAtCancel && run.status === 'running');
        dispatcher.finish(execution, () =>
          random() < 0.5 ? dispatcher.ok(1) : dispatcher.end('cancelled', 'stopped'),
        );
      }
      await bench.clock.flush();
      assert.ok(run.isOver);
      assert.deepEqual(dispatcher.open, []);
      assert.deepEqual(bench.clock.pending, []);
      await run.result.catch(() => {});
    }),
    { numRuns: 200 },
  );
});
