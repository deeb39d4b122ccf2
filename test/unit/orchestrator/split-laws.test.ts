/** Laws of splits: random ends, failures, retries, deadlines, timeouts and limits, against a small model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  branchFor,
  defineExec,
  join,
  JoinFailedError,
  retry,
  RunFailedError,
  Workflow,
  type Branch,
  type JoinRule,
  type RunEvent,
  type Settled,
} from '../../../src/index.ts';
import { seededRandom, type FakeClock } from '../../support/fake-clock.ts';
import { assertOrder, assertStream } from './event-shape.ts';
import { Bench, FakeDispatcher, inlineEngine, newStore, ofType, startAndListen, type TestStore } from './harness.ts';

type AnyBranch = Branch<TestStore, unknown, unknown>;

const branch = branchFor<TestStore>();
const onThread = defineExec(import.meta.url, { name: 'work', exec: (n: number) => n });

interface BranchPlan {
  /** How long each attempt takes, in milliseconds. */
  readonly takes: readonly number[];
  /** How often it fails before it completes. */
  readonly failures: number;
  readonly retries: number;
  readonly delay: number;
}

interface Plan {
  readonly branches: readonly BranchPlan[];
  readonly rule: { readonly kind: 'all' | 'settle' | 'any' | 'count' | 'percent'; readonly n: number };
  readonly deadline: number | undefined;
  readonly timeout: number | undefined;
  readonly concurrency: number | undefined;
}

const branchPlans = fc.array(
  fc.record({
    takes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 3, maxLength: 3 }),
    failures: fc.oneof(fc.constant(0), fc.nat({ max: 3 })),
    retries: fc.nat({ max: 2 }),
    delay: fc.constantFrom(0, 3, 25),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Now and then every branch fails, which `any` needs to be lost. */
const fates = fc.tuple(
  branchPlans,
  fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(3) }),
);

const plans: fc.Arbitrary<Plan> = fates.chain(([branches, failures]) =>
  fc.record({
    // Times that no two things have in common, so that one order is right.
    branches: fc.constant(
      branches.map((plan, b) => ({
        ...plan,
        failures: Math.max(plan.failures, failures),
        takes: plan.takes.map((ms, attempt) => ms + (b + 1) * 1e-2 + (attempt + 1) * 1e-4),
        delay: plan.delay + (b + 1) * 1e-3,
      })),
    ),
    rule: fc.oneof(
      fc.record({ kind: fc.constantFrom('all' as const, 'settle' as const, 'any' as const), n: fc.constant(0) }),
      fc.record({ kind: fc.constant('count' as const), n: fc.integer({ min: 1, max: branches.length }) }),
      fc.record({ kind: fc.constant('percent' as const), n: fc.integer({ min: 1, max: 100 }) }),
    ),
    deadline: fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined, freq: 2 }),
    timeout: fc.option(
      fc.integer({ min: 1, max: 120 }).map((ms) => ms + 0.5),
      { nil: undefined, freq: 2 },
    ),
    concurrency: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 2 }),
  }),
);

function ruleOf({ rule, deadline }: Plan): JoinRule {
  const options = deadline === undefined ? {} : { deadline };
  switch (rule.kind) {
    case 'all':
      return join.all(options);
    case 'settle':
      return join.all({ settle: true, ...options });
    case 'any':
      return join.any(options);
    case 'count':
      return join.atLeast(rule.n, options);
    case 'percent':
      return join.atLeast(`${rule.n}%`, options);
  }
}

interface Expected {
  readonly at: number;
  readonly outcome: 'won' | 'impossible' | 'timed_out';
  readonly deadlinePassed: boolean;
  readonly ends: readonly ('completed' | 'failed' | 'cancelled')[];
  /** Attempts that have started by then. */
  readonly attempts: readonly number[];
}

/** The model: what must happen, step by step. Undefined when two things happen at once. */
function expectedOf({ branches, rule, deadline, timeout, concurrency = Infinity }: Plan): Expected | undefined {
  const total = branches.length;
  const needed = { all: total, settle: 0, any: 1, count: rule.n, percent: Math.ceil((rule.n * total) / 100) }[
    rule.kind
  ];
  const ends = branches.map((): 'completed' | 'failed' | 'cancelled' => 'cancelled');
  const attempts = branches.map(() => 0);
  const queue: number[] = [];
  let agenda: {
    readonly at: number;
    readonly what: 'attempt' | 'backoff' | 'deadline' | 'timeout';
    readonly b: number;
  }[] = [];
  let [now, inside] = [0, 0];
  const start = (b: number): void => {
    inside += 1;
    agenda.push({ at: now + (branches[b]?.takes[attempts[b] as number] as number), what: 'attempt', b });
    (attempts[b] as number) += 1;
  };
  const admit = (): void => {
    for (const b of queue.splice(0, Math.max(0, Math.min(queue.length, concurrency - inside)))) start(b);
  };
  const count = (end: string): number => ends.filter((other) => other === end).length;
  for (const b of branches.keys()) queue.push(b);
  if (deadline !== undefined) agenda.push({ at: deadline, what: 'deadline', b: -1 });
  if (timeout !== undefined) agenda.push({ at: timeout, what: 'timeout', b: -1 });
  admit();
  for (;;) {
    agenda = agenda.toSorted((x, y) => x.at - y.at);
    const [next, after] = agenda as [(typeof agenda)[0], (typeof agenda)[0] | undefined];
    if (after !== undefined && after.at - next.at < 1e-7) return undefined;
    agenda.shift();
    now = next.at;
    const { what, b } = next;
    const over = (outcome: Expected['outcome']): Expected => ({
      at: now,
      outcome,
      deadlinePassed: what === 'deadline',
      ends,
      attempts,
    });
    if (what === 'timeout') return over('timed_out');
    if (what === 'deadline') return over(rule.kind === 'settle' ? 'won' : 'impossible');
    if (what === 'backoff') queue.push(b);
    if (what === 'attempt') {
      const plan = branches[b] as BranchPlan;
      const isBad = (attempts[b] as number) <= plan.failures;
      if (isBad && (attempts[b] as number) <= plan.retries) {
        agenda.push({ at: now + plan.delay, what: 'backoff', b });
      } else {
        ends[b] = isBad ? 'failed' : 'completed';
        if (rule.kind === 'settle' ? count('cancelled') === 0 : count('completed') >= needed) return over('won');
        if (rule.kind !== 'settle' && total - count('failed') < needed) return over('impossible');
      }
      inside -= 1;
    }
    admit();
  }
}

const keyOf = (b: number): string => `b${b}`;

function workflowOf(plan: Plan, branches: Record<string, AnyBranch>, posts: unknown[]): { definition: unknown } {
  return new Workflow<'Split' | 'Done', TestStore>('test', 'Split')
    .registerSplit('Split', {
      branches,
      join: ruleOf(plan),
      ...(plan.timeout === undefined ? {} : { timeout: plan.timeout }),
      ...(plan.concurrency === undefined ? {} : { concurrency: plan.concurrency }),
      outcomes: 'Done',
      post: (_store, results) => {
        posts.push(results);
        return 'Done';
      },
    })
    .addExitStates('Done');
}

function checkEnds(plan: Plan, { outcome, ends }: Expected, results: Readonly<Record<string, unknown>>): void {
  assert.deepEqual(
    Object.keys(results),
    plan.branches.map((_plan, b) => keyOf(b)),
  );
  for (const [b, expected] of ends.entries()) {
    const result = results[keyOf(b)];
    if (plan.rule.kind === 'all' && outcome === 'won') {
      assert.equal(result, b * 10);
      continue;
    }
    const end = result as Settled<number>;
    assert.equal(end.status, expected);
    if (end.status === 'completed') assert.equal(end.value, b * 10);
    if (end.status === 'failed') assert.equal((end.error as Error).message, `branch ${b} fails`);
    if (end.status === 'cancelled') assert.equal((end.reason as { code?: string }).code, 'CANO_STOPPED');
  }
}

function checkError(plan: Plan, expected: Expected, error: unknown): void {
  assert.ok(error instanceof RunFailedError, String(error));
  const { cause } = error;
  assert.ok(cause instanceof JoinFailedError, String(cause));
  const reason = { won: '', timed_out: 'timeout', impossible: expected.deadlinePassed ? 'deadline' : 'impossible' };
  assert.equal(cause.reason, reason[expected.outcome]);
  assert.equal(cause.errors.length, expected.ends.filter((end) => end === 'failed').length);
  checkEnds(plan, expected, cause.results);
}

function checkEvents(expected: Expected, events: readonly RunEvent[], startedAt: number): void {
  assertStream(events);
  const decided = ofType(events, 'join.decided');
  assert.equal(decided.length, 1);
  const count = (end: string): number => expected.ends.filter((other) => other === end).length;
  const [{ at, outcome, completed, failed, cancelled, deadlinePassed }] = decided as [(typeof decided)[0]];
  assert.ok(Math.abs(at - startedAt - expected.at) < 1e-6, `decided at ${at - startedAt}, not at ${expected.at}`);
  assert.deepEqual(
    { outcome, completed, failed, cancelled, deadlinePassed },
    {
      outcome: expected.outcome,
      completed: count('completed'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      deadlinePassed: expected.deadlinePassed,
    },
  );
  assert.deepEqual(
    new Set(ofType(events, 'branch.finished').map((event) => `${event.branch} ${event.status}`)),
    new Set(expected.ends.map((end, b) => `${keyOf(b)} ${end}`)),
  );
}

/** Waits on the clock of the test. */
const wait = (clock: FakeClock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(resolve, ms));

test('every join is decided when the model says, and ends every branch as the model says', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const expected = expectedOf(plan);
      fc.pre(expected !== undefined);
      const { engine, clock } = inlineEngine();
      const started = plan.branches.map(() => 0);
      const signals = new Map<number, AbortSignal>();
      let [inside, isDecided] = [0, false];
      const branches = plan.branches.map(({ takes, failures, retries, delay }, b) =>
        branch({
          prep: () => {
            assert.ok(!isDecided, `branch ${b} starts after the decision`);
            return b;
          },
          exec: async (n, ctx) => {
            assert.equal(n, b);
            assert.ok(!isDecided, `attempt ${ctx.attempt} of branch ${b} starts after the decision`);
            (started[b] as number) += 1;
            inside += 1;
            assert.ok(inside <= (plan.concurrency ?? Infinity));
            signals.set(b, ctx.signal);
            await wait(clock, takes[ctx.attempt - 1] as number);
            inside -= 1;
            if (!isDecided) signals.delete(b);
            if (ctx.attempt <= failures) throw new Error(`branch ${b} fails`);
            return b * 10;
          },
          retry: retry.fixed({ retries, delay }),
        }),
      );
      const posts: unknown[] = [];
      const byName = Object.fromEntries(branches.map((of, b) => [keyOf(b), of]));
      const startedAt = clock.now();
      const { run, events } = startAndListen(engine, workflowOf(plan, byName, posts), newStore(), {
        onEvent: (event) => {
          events.push(event);
          if (event.type === 'join.decided') isDecided = true;
        },
      });
      const error = await clock.until(
        run.result.then(
          () => undefined,
          (thrown: unknown) => thrown,
        ),
      );
      seen.add(`${plan.rule.kind} ${expected.outcome}${expected.deadlinePassed ? ' by deadline' : ''}`);
      checkEvents(expected, events, startedAt);
      if (expected.outcome === 'won') {
        assert.equal(error, undefined);
        assert.equal(posts.length, 1);
        checkEnds(plan, expected, posts[0] as Record<string, unknown>);
      } else {
        assert.deepEqual(posts, []);
        checkError(plan, expected, error);
      }
      assert.deepEqual(started, expected.attempts);
      // Those that ran when it was decided were asked to stop.
      for (const signal of signals.values()) assert.ok(signal.aborted);
      const cells = run.report().nodes;
      for (const [b, attempts] of expected.attempts.entries()) {
        const row = cells.find((other) => other.branch === keyOf(b));
        assert.equal(row?.attempts ?? 0, attempts);
        assert.equal(row?.failures ?? 0, Number(expected.ends[b] === 'failed'));
      }
    }),
    { numRuns: 400 },
  );
  const others = ['all', 'any', 'count', 'percent'];
  const all = [
    ...['won', 'impossible', 'impossible by deadline', 'timed_out'].flatMap((end) =>
      others.map((kind) => `${kind} ${end}`),
    ),
    ...['won', 'won by deadline', 'timed_out'].map((end) => `settle ${end}`),
  ];
  assert.deepEqual(seen, new Set(all));
});

test('on threads that finish in any order and stop when they like, and in runs that are cancelled', async () => {
  const moments = fc.tuple(plans, fc.nat(), fc.boolean(), fc.option(fc.nat({ max: 12 })));
  await fc.assert(
    fc.asyncProperty(moments, async ([plan, seed, settlesAtCancel, cancelAt]) => {
      const dispatcher = new FakeDispatcher(2);
      dispatcher.settlesAtCancel = settlesAtCancel;
      const bench = new Bench(dispatcher);
      const random = seededRandom(seed);
      const branches = plan.branches.map(({ retries, delay }, b) =>
        branch({ prep: () => b, exec: onThread, retry: retry.fixed({ retries, delay }) }),
      );
      const posts: unknown[] = [];
      const events: RunEvent[] = [];
      const byName = Object.fromEntries(branches.map((of, b) => [keyOf(b), of]));
      const run = bench.start(workflowOf(plan, byName, posts), newStore(), { onEvent: (event) => events.push(event) });
      const isDecided = (): boolean => events.some(({ type }) => type === 'join.decided');
      const submitted = new Set<string>();
      dispatcher.onSubmit = ({ request }) => {
        assert.ok(!isDecided(), 'an execution is submitted after the decision');
        submitted.add(request.branch as string);
      };
      for (let step = 0; !run.isOver; step += 1) {
        assert.ok(step < 2_000, 'stuck');
        if (step === cancelAt) run.cancel();
        const execution = dispatcher.open[Math.floor(random() * dispatcher.open.length)];
        if (execution === undefined) {
          await bench.clock.advance(bench.clock.pending[0] ?? 0);
          continue;
        }
        assert.ok(isDecided() || run.stopRequest !== undefined || dispatcher.open.length <= (plan.concurrency ?? 6));
        const planned = plan.branches[execution.items[0] as number] as BranchPlan;
        const isBad = execution.attemptAt(0) <= planned.failures;
        dispatcher.settle(execution, isBad ? dispatcher.failed(new Error('bad')) : dispatcher.ok(1));
        if (random() < 0.7) await bench.clock.flush(1);
      }
      await bench.clock.flush();
      assert.deepEqual(dispatcher.open, [], 'the run has ended before its executions');
      assert.deepEqual(bench.clock.pending, []);
      assertOrder(events);
      assert.ok(ofType(events, 'join.decided').length <= 1);
      if (run.stopRequest === undefined) assert.ok(isDecided());
      const finished = ofType(events, 'branch.finished').map((event) => event.branch);
      if (isDecided()) assert.equal(finished.length, plan.branches.length);
      assert.ok(posts.length <= 1);
      // Each one whose execution was not settled by the decision was cancelled through the dispatcher, once.
      const cancelled = dispatcher.cancelled.map(({ execution }) => execution);
      assert.equal(new Set(cancelled).size, cancelled.length);
      await run.result.catch(() => {});
    }),
    { numRuns: 300 },
  );
});
