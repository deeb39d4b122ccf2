/** Splits: what branches get, what post gets, and what becomes of those that lost. The joins themselves: split-laws. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AttemptTimeoutError,
  branchFor,
  defineExec,
  join,
  JoinFailedError,
  MemoryStore,
  ReadOnlyStoreError,
  retry,
  RunCancelledError,
  RunFailedError,
  RunTimedOutError,
  Workflow,
  type Branch,
  type JoinRule,
  type RunEvent,
  type Settled,
  type StateOptions,
} from '../../../src/index.ts';
import { assertOrder, assertStream } from './event-shape.ts';
import {
  Bench,
  FakeDispatcher,
  inlineEngine,
  newStore,
  node,
  ofType,
  rejection,
  startAndListen,
  type TestStore,
} from './harness.ts';

type AnyBranch = Branch<TestStore, unknown, unknown>;

const branch = branchFor<TestStore>();
const onThread = defineExec(import.meta.url, { name: 'work', exec: (n: number) => n });
const never = (): Promise<never> => new Promise(() => {});
const ok = (value: unknown): AnyBranch => branch({ exec: async () => value });
const bad = (message: string): AnyBranch =>
  branch({
    exec: async () => {
      throw new Error(message);
    },
    retry: retry.none(),
  });

interface Options {
  readonly join?: JoinRule;
  readonly concurrency?: number;
  readonly timeout?: number;
  readonly post?: (store: TestStore, results: unknown, attempt: number) => void;
  readonly state?: StateOptions<'Repair'>;
}

/** A split in state 'Work' whose results are put under 'out'; 'Repair' keeps the last error there. */
function splitOf(
  branches: Record<string, AnyBranch>,
  { join: rule = join.all(), post, state, ...rest }: Options = {},
): Workflow<'Work' | 'Repair' | 'Done', TestStore, never, 'Done'> {
  return new Workflow<'Work' | 'Repair' | 'Done', TestStore>('test', 'Work')
    .registerSplit(
      'Work',
      {
        branches,
        join: rule,
        ...rest,
        outcomes: ['Done', 'again'],
        post: (store, results, ctx) => {
          store.put('out', results);
          post?.(store, results, ctx.attempt);
          return 'Done';
        },
        retry: retry.fixed({ retries: 2, delay: '1s' }),
      },
      { again: 'Repair' },
      state ?? { onFailure: 'Repair' },
    )
    .registerNode(
      'Repair',
      node({
        name: 'repair',
        outcomes: ['Done'],
        exec: () => 1,
        post: (store, _n, { lastError }) => {
          store.put('out', lastError);
          return 'Done';
        },
      }),
    )
    .addExitStates('Done');
}

async function outOf(workflow: ReturnType<typeof splitOf>, store: TestStore = newStore()): Promise<unknown> {
  const { engine, clock } = inlineEngine();
  const { run, events } = startAndListen(engine, workflow, store);
  await clock.until(run.result);
  assertStream(events);
  assert.deepEqual(clock.pending, []);
  return store.get('out');
}

test('branches take their inputs from the store, and post gets their outputs by name', async () => {
  const work = splitOf({
    double: branch({ prep: (store) => store.get('n'), exec: (n) => n * 2 }),
    thread: branch({ prep: async (store) => store.get('n') + 1, exec: onThread }),
    none: branch({ exec: (input) => input }),
  });
  assert.deepEqual(await outOf(work, newStore({ n: 20 })), { double: 40, thread: 21, none: undefined });
});

test('unless all must complete, post gets how each branch ended', async () => {
  const results = (await outOf(
    splitOf({ good: ok(1), broken: bad('no'), late: branch({ exec: never }) }, { join: join.any() }),
  )) as Record<string, Settled<unknown>>;
  assert.deepEqual(results['good'], { status: 'completed', value: 1 });
  assert.equal(results['late']?.status, 'cancelled');
});

test('the store of a branch refuses every write, by a typed error that is not retried', async () => {
  const writes: Record<string, (store: TestStore) => unknown> = {
    put: (store) => store.put('n', 1),
    update: (store) => store.update('n', (n) => n + 1),
    append: (store) => store.append('log', 'x'),
    remove: (store) => store.remove('n'),
    delete: (store) => store.delete('n'),
    clear: (store) => store.clear(),
  };
  let calls = 0;
  const branches = Object.entries(writes).map(([name, write]) => {
    const prep = (store: TestStore): unknown => {
      calls += 1;
      return write(store);
    };
    return [name, branch({ prep, exec: () => 1 })] as const;
  });
  const store = newStore({ n: 5, log: ['a'] });
  const results = (await outOf(
    splitOf(Object.fromEntries(branches), { join: join.all({ settle: true }) }),
    store,
  )) as Record<string, { readonly error: unknown }>;
  for (const name of Object.keys(writes)) {
    const { error } = results[name] ?? assert.fail(name);
    assert.ok(
      error instanceof ReadOnlyStoreError && error.code === 'CANO_STORE_READ_ONLY',
      `${name}: ${String(error)}`,
    );
    assert.match(error.message, /write in post of their split$/);
  }
  assert.equal(calls, branches.length);
  assert.deepEqual([store.get('n'), store.get('log')], [5, ['a']]);
});

test('the store of a branch is read as any other', async () => {
  const look = branch({
    prep: (store) => [store.get('n'), store.find('out'), store.has('n'), store.keys(), store.size, store.isEmpty()],
    exec: (input) => input,
  });
  const missing = branch({ prep: (store) => store.get('log'), exec: (input) => input });
  assert.deepEqual(await outOf(splitOf({ look }), newStore({ n: 1 })), { look: [1, undefined, true, ['n'], 1, false] });
  const error = (await outOf(splitOf({ missing }))) as JoinFailedError;
  assert.equal((error.cause as { code?: string }).code, 'CANO_MISSING_KEY');
});

test("a store of the user's own is handed to branches as it is", async () => {
  const store = { value: 1 };
  const { engine, clock } = inlineEngine();
  const workflow = new Workflow<'Work' | 'Done', typeof store>('own', 'Work')
    .registerSplit('Work', {
      branches: { only: branchFor<typeof store>()({ prep: (own) => own === store, exec: (same) => same }) },
      join: join.all(),
      outcomes: 'Done',
      post: (own, { only }) => {
        own.value = only ? 2 : 3;
        return 'Done';
      },
    })
    .addExitStates('Done');
  await clock.until(engine.start(workflow, store).result);
  assert.equal(store.value, 2);
});

test('post may be left out when there is one outcome', async () => {
  const { engine, clock } = inlineEngine();
  const workflow = new Workflow<'Work' | 'Done', TestStore>('short', 'Work')
    .registerSplit('Work', { branches: { only: ok(1) }, join: join.all(), outcomes: ['Done'] })
    .addExitStates('Done');
  assert.equal((await clock.until(engine.start(workflow, newStore()).result)).state, 'Done');
});

test('a post that fails is tried again, with its writes dropped and no branch repeated', async () => {
  let calls = 0;
  const counted = branch({ exec: () => (calls += 1) });
  const attempts: number[] = [];
  const store = newStore();
  const out = await outOf(
    splitOf(
      { counted },
      {
        post: (s, _results, attempt) => {
          attempts.push(attempt);
          assert.ok(!store.has('log'));
          s.append('log', `attempt ${attempt}`);
          if (attempt < 3) throw new Error('not yet');
        },
      },
    ),
    store,
  );
  assert.deepEqual([out, calls, attempts, store.get('log')], [{ counted: 1 }, 1, [1, 2, 3], ['attempt 3']]);
});

test('a join that cannot be won fails the visit: onFailure is taken, and lastError has every end', async () => {
  const error = (await outOf(
    splitOf({ good: ok(1), broken: bad('no'), late: branch({ exec: never }) }),
  )) as JoinFailedError;
  assert.ok(error instanceof JoinFailedError);
  assert.equal(error.reason, 'impossible');
  assert.match(
    error.message,
    /^join 'all' of 3 branches cannot be won: \d completed, 1 failed \(exec of branch 'broken' failed: no\)$/,
  );
  assert.equal((error.cause as Error).message, 'no');
  assert.deepEqual(Object.keys(error.results), ['good', 'broken', 'late']);
  const { state, node: of, visit, workflow } = error.where;
  assert.deepEqual([workflow, state, of, visit], ['test', 'Work', 'Work', 1]);
});

test('without onFailure the run fails, and says why', async () => {
  const { engine, clock } = inlineEngine();
  const workflow = splitOf({ a: bad('one'), b: bad('two') }, { join: join.any(), state: {} });
  const error = await rejection(clock.until(engine.start(workflow, newStore()).result), RunFailedError);
  assert.equal(
    error.message,
    "workflow 'test' failed in state 'Work': exec of node 'Work' failed: join 'any' of 2 branches cannot be won: " +
      "0 completed, 2 failed (exec of branch 'a' failed: one; exec of branch 'b' failed: two)",
  );
});

test('deadline and timeout are told apart by reason and message', async () => {
  const late = { late: branch({ exec: never }) };
  const [deadline, timeout] = (await Promise.all([
    outOf(splitOf(late, { join: join.all({ deadline: '2s' }), timeout: 3_000 })),
    outOf(splitOf(late, { join: join.all({ deadline: '4s' }), timeout: 3_000 })),
  ])) as [JoinFailedError, JoinFailedError];
  assert.deepEqual([deadline.reason, timeout.reason], ['deadline', 'timeout']);
  assert.equal(
    deadline.message,
    "join 'all' of 1 branches was not won by its deadline of 2000 ms: 0 completed, 0 failed",
  );
  assert.equal(
    timeout.message,
    "join 'all' of 1 branches was not decided within the split's timeout of 3000 ms: 0 completed, 0 failed",
  );
});

test('many failures are counted, not all told', async () => {
  const names = Array.from({ length: 8 }, (_, i) => `b${i}`);
  const error = (await outOf(
    splitOf(Object.fromEntries(names.map((name) => [name, bad(name)])), { join: join.any() }),
  )) as JoinFailedError;
  assert.match(error.message, /b4' failed: b4; and 3 more\)$/);
  assert.equal(error.errors.length, 8);
});

test('each branch has retries, a timeout and a retryIf of its own', async () => {
  const attempts: Record<string, number> = {};
  const flaky = (name: string, options: object): AnyBranch =>
    branch({
      exec: async (_input, ctx) => {
        attempts[name] = ctx.attempt;
        if (name === 'slow') await never();
        throw new Error(name);
      },
      ...options,
    });
  const results = (await outOf(
    splitOf(
      {
        three: flaky('three', { retry: retry.fixed({ retries: 3 }) }),
        none: flaky('none', { retry: retry.none() }),
        refused: flaky('refused', { retryIf: () => false }),
        slow: flaky('slow', { retry: retry.fixed({ retries: 1 }), timeout: '1s' }),
      },
      { join: join.all({ settle: true }) },
    ),
  )) as Record<string, { readonly error: unknown }>;
  assert.deepEqual(attempts, { three: 4, none: 1, refused: 1, slow: 2 });
  assert.ok(results['slow']?.error instanceof AttemptTimeoutError);
});

test('a prep that fails is tried again within the budget of its branch', async () => {
  let calls = 0;
  const flaky = branch({
    prep: () => {
      calls += 1;
      if (calls < 3) throw new Error('not yet');
      return calls;
    },
    exec: (n) => n,
    retry: retry.fixed({ retries: 2 }),
  });
  assert.deepEqual(await outOf(splitOf({ flaky })), { flaky: 3 });
});

test('once a branch has won without waiting, the next ones never start', async () => {
  const fail = branch({ prep: () => assert.fail('it started'), exec: () => 1 });
  const results = (await outOf(
    splitOf({ first: branch({ exec: () => 1 }), second: fail, third: fail }, { join: join.any() }),
  )) as Record<string, Settled<unknown>>;
  assert.deepEqual(
    Object.values(results).map(({ status }) => status),
    ['completed', 'cancelled', 'cancelled'],
  );
});

test('a branch that waits for its retry leaves its place to the next one', async () => {
  const order: string[] = [];
  const named = (name: string): AnyBranch =>
    branch({
      exec: async (_input, { attempt }) => {
        order.push(`${name} ${attempt}`);
        if (name === 'a' && attempt === 1) throw new Error('once');
      },
      retry: retry.fixed({ retries: 1, delay: '1m' }),
    });
  await outOf(splitOf({ a: named('a'), b: named('b'), c: named('c') }, { concurrency: 1 }));
  assert.deepEqual(order, ['a 1', 'b 1', 'c 1', 'a 2']);
});

test('a branch that waits for a place after its back-off is stopped at once', async () => {
  const { engine, clock } = inlineEngine();
  let wins: () => void = assert.fail;
  const flaky = branch({
    exec: async (_input, { attempt }) => {
      assert.equal(attempt, 1);
      throw new Error('once');
    },
    retry: retry.fixed({ retries: 1, delay: '1s' }),
  });
  const long = branch({ exec: () => new Promise<void>((resolve) => (wins = resolve)) });
  const { run, events } = startAndListen(
    engine,
    splitOf({ flaky, long }, { join: join.any(), concurrency: 1 }),
    newStore(),
  );
  await clock.advance(5_000);
  wins();
  await clock.until(run.result);
  assertStream(events);
  assert.equal(ofType(events, 'exec.finished').length, 2);
});

test('the concurrency of a branch is one limit for all runs of the engine', async () => {
  const { engine, clock } = inlineEngine();
  const doors: (() => void)[] = [];
  const narrow = branch({ exec: () => new Promise<void>((resolve) => doors.push(resolve)), concurrency: 2 });
  const workflow = splitOf({ a: narrow, b: narrow, c: narrow });
  const runs = [1, 2].map(() => engine.start(workflow, newStore()));
  await clock.flush();
  for (let left = 6; left > 0; left -= 1) {
    assert.equal(doors.length, Math.min(2, left));
    doors.shift()?.();
    await clock.flush();
  }
  await clock.until(Promise.all(runs.map(({ result }) => result)));
});

/** A split on threads whose losers do not stop when asked; the test lets them go. */
function stubborn(rule: JoinRule): {
  readonly bench: Bench;
  readonly dispatcher: FakeDispatcher;
  readonly store: TestStore;
  readonly events: RunEvent[];
  readonly run: ReturnType<Bench['start']>;
} {
  const dispatcher = new FakeDispatcher(4);
  dispatcher.settlesAtCancel = false;
  const bench = new Bench(dispatcher);
  const store = newStore();
  const events: RunEvent[] = [];
  const branches = Object.fromEntries(
    ['a', 'b', 'c'].map((name) => [name, branch({ prep: () => 1, exec: onThread, retry: retry.none() })]),
  );
  const workflow = splitOf(branches, { join: rule });
  const run = bench.start(workflow, store, { onEvent: (event) => events.push(event) });
  return { bench, dispatcher, store, events, run };
}

for (const [name, rule, isWon] of [
  ['won', join.any(), true],
  ['lost', join.all(), false],
] as const) {
  test(`a ${name} join waits for no loser, but the run ends after them`, async () => {
    const { bench, dispatcher, store, events, run } = stubborn(rule);
    const [first, second, third] = dispatcher.open.slice() as [
      (typeof dispatcher.open)[0],
      (typeof dispatcher.open)[0],
      (typeof dispatcher.open)[0],
    ];
    dispatcher.settle(second, isWon ? dispatcher.ok(7) : dispatcher.failed(new Error('no')));
    await bench.clock.flush();
    // The run has gone through post, or the failure route, into its exit state.
    assert.ok(store.has('out'));
    assert.equal(events.at(-1)?.type, 'transition');
    assert.equal(run.status, 'running');
    assert.deepEqual(
      dispatcher.cancelled.map(({ execution }) => execution),
      [first, third],
    );
    dispatcher.settle(first, dispatcher.ok('too late'));
    await bench.clock.flush();
    assert.equal(run.status, 'running');
    dispatcher.settle(third, dispatcher.end('cancelled', 'stopped'));
    await bench.clock.until(run.result);
    assertOrder(events);
    // What the loser returned after all is nobody's.
    const results = isWon ? store.get('out') : (store.get('out') as JoinFailedError).results;
    assert.equal((results as Record<string, Settled<unknown>>)['a']?.status, 'cancelled');
    // Late or not, what it did is in the report.
    const rows = run.report().nodes.map(({ branch: of, attempts }) => [of, attempts]);
    assert.deepEqual(rows.slice(0, 4), [
      [undefined, 0],
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ]);
  });
}

test('a run that is cancelled while a loser is held still ends once, in the exit state it has reached', async () => {
  const { bench, dispatcher, run, events } = stubborn(join.any());
  const [first, second, third] = dispatcher.open.slice();
  dispatcher.settle(first ?? assert.fail(), dispatcher.ok(1));
  await bench.clock.flush();
  run.cancel();
  for (const loser of [second, third])
    dispatcher.settle(loser ?? assert.fail(), dispatcher.end('cancelled', 'stopped'));
  assert.equal((await bench.clock.until(run.result)).state, 'Done');
  assert.equal(ofType(events, 'run.finished').length, 1);
});

for (const [how, kind] of [
  ['cancelled', RunCancelledError],
  ['timed out', RunTimedOutError],
] as const) {
  test(`a run that is ${how} stops its branches, and none starts afterwards`, async () => {
    const { engine, clock } = inlineEngine();
    const signals: AbortSignal[] = [];
    const waits = branch({
      exec: (_input, ctx) => {
        signals.push(ctx.signal);
        return never();
      },
    });
    const backsOff = branch({
      exec: async () => {
        throw new Error('x');
      },
      retry: retry.fixed({ retries: 1, delay: '1h' }),
    });
    const preps = branch({ prep: never, exec: () => assert.fail() });
    const queued = branch({ exec: () => assert.fail() });
    const workflow = splitOf({ waits, backsOff, preps, queued }, { concurrency: 2, state: {} });
    const { run, events } = startAndListen(engine, workflow, newStore(), { timeout: '1m' });
    await clock.flush();
    if (kind === RunCancelledError) run.cancel();
    const error = await rejection(clock.until(run.result), kind);
    assert.equal(error.state, 'Work');
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true],
    );
    assert.deepEqual(ofType(events, 'join.decided'), []);
    assertStream(events);
    assert.deepEqual(clock.pending, []);
  });
}

for (const type of ['branch.finished', 'join.decided', 'exec.finished'] as const) {
  test(`a listener that cancels the run at ${type} is obeyed`, async () => {
    const { engine, clock } = inlineEngine();
    const workflow = splitOf({ a: ok(1), b: ok(2), c: branch({ exec: never }) }, { join: join.atLeast(2) });
    const run = engine.start(workflow, newStore(), {
      onEvent: (event) => {
        if (event.type === type) run.cancel();
      },
    });
    await assert.rejects(clock.until(run.result), RunCancelledError);
    assert.deepEqual(clock.pending, []);
  });
}

test('what an abandoned prep of a loser does later has no effect', async () => {
  const { engine, clock } = inlineEngine();
  let go: () => void = assert.fail;
  const late = branch({
    prep: async (_store, ctx) => {
      await new Promise<void>((resolve) => (go = resolve));
      assert.ok(ctx.signal.aborted);
      throw new Error('nobody listens');
    },
    exec: () => assert.fail(),
  });
  const { run, events } = startAndListen(engine, splitOf({ late, fast: ok(1) }, { join: join.any() }), newStore());
  await clock.until(run.result);
  const count = events.length;
  go();
  await clock.flush();
  assert.equal(events.length, count);
});

test('events and the report name the branch, its node and its visit', async () => {
  const { engine, clock } = inlineEngine();
  let rounds = 0;
  const named = branch({
    name: 'measure',
    prep: (_store, ctx) => ctx.log.info('before', { visit: ctx.visit }),
    exec: async (_input, ctx) => {
      ctx.progress(1, 2);
      ctx.counter('calls').add();
      if (ctx.attempt === 1) throw new Error('once');
    },
    retry: retry.fixed({ retries: 1 }),
  });
  const workflow = new Workflow<'Work' | 'Done', TestStore>('test', 'Work')
    .registerSplit(
      'Work',
      {
        branches: { geo: named, price: branch({ exec: () => 1 }) },
        join: join.all(),
        outcomes: ['Done', 'again'],
        post: () => ((rounds += 1) < 2 ? 'again' : 'Done'),
      },
      { again: 'Work' },
    )
    .addExitStates('Done');
  const { run, events } = startAndListen(engine, workflow, newStore());
  const { report } = await clock.until(run.result);
  assertStream(events);
  const told = events
    .filter(({ type }) => ['log', 'progress', 'counter', 'retry.scheduled', 'exec.finished'].includes(type))
    .filter((event) => 'branch' in event && event.branch === 'geo')
    .map((event) => ('node' in event ? `${event.type} ${event.state}/${event.visit} ${event.node}` : ''));
  const once = (visit: number): string[] =>
    ['log', 'progress', 'counter', 'exec.finished', 'retry.scheduled', 'progress', 'counter', 'exec.finished'].map(
      (type) => `${type} Work/${visit} measure`,
    );
  assert.deepEqual(told, [...once(1), ...once(2)]);
  assert.deepEqual(
    ofType(events, 'state.entered').map(({ kind, node: of }) => [kind, of]),
    [
      ['split', 'Work'],
      ['split', 'Work'],
    ],
  );
  assert.deepEqual(
    report().nodes.map(({ state, branch: of, node: name, visits, executions, attempts, retries }) => [
      state,
      of,
      name,
      visits,
      executions,
      attempts,
      retries,
    ]),
    [
      ['Work', undefined, 'Work', 2, 0, 0, 0],
      ['Work', 'geo', 'measure', 2, 2, 4, 2],
      ['Work', 'price', 'price', 2, 2, 2, 0],
    ],
  );
});

test('post of a split writes into a view, as any post', async () => {
  const store = new MemoryStore<{ n: number }>({ n: 1 });
  const { engine, clock } = inlineEngine();
  const workflow = new Workflow<'Work' | 'Done', typeof store>('view', 'Work')
    .registerSplit('Work', {
      branches: { only: branchFor<typeof store>()({ exec: () => 1 }) },
      join: join.all(),
      outcomes: 'Done',
      post: (view) => {
        view.put('n', 2);
        assert.equal(store.get('n'), 1);
        return 'Done';
      },
    })
    .addExitStates('Done');
  await clock.until(engine.start(workflow, store).result);
  assert.equal(store.get('n'), 2);
});
