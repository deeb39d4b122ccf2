/** Sub-workflows: a part of the same run, with states of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  branchFor,
  join,
  MemoryStore,
  nodeFor,
  retry,
  RunCancelledError,
  RunFailedError,
  RunTimedOutError,
  Workflow,
  type ChildSpec,
  type RunEvent,
  type StateOptions,
} from '../../../src/index.ts';
import { assertStream } from './event-shape.ts';
import { inlineEngine, newStore, node, ofType, rejection, startAndListen, type TestStore } from './harness.ts';

interface ChildSchema {
  input: number;
  result: string;
}
type ChildStore = MemoryStore<ChildSchema>;
type Child = Workflow<'Load' | 'Check' | 'Good' | 'Bad', ChildStore, never, 'Good' | 'Bad'>;
type ParentState = 'Before' | 'Enrich' | 'Repair' | 'Done' | 'Rejected';
type Parent = Workflow<ParentState, TestStore, never, 'Done' | 'Rejected'>;

const never = (): Promise<never> => new Promise(() => {});
const childNode = nodeFor<ChildStore>();

/** Doubles its input in state 'Load'; 'Check' finds it good when it is above 10. */
function childOf(
  load: (n: number, attempt: number) => unknown = (n) => n * 2,
  options: StateOptions<'Bad'> = {},
): Child {
  return new Workflow<'Load' | 'Check' | 'Good' | 'Bad', ChildStore>('child', 'Load')
    .registerNode(
      'Load',
      childNode({
        name: 'load',
        outcomes: ['Check'],
        prep: (store) => store.get('input'),
        exec: (n, ctx) => load(n, ctx.attempt),
        post: (store, n) => {
          store.put('input', Number(n));
          return 'Check';
        },
        retry: retry.fixed({ retries: 1, delay: '1s' }),
      }),
      undefined,
      options,
    )
    .registerNode(
      'Check',
      childNode({
        name: 'check',
        outcomes: ['Good', 'Bad'],
        prep: (store) => store.get('input'),
        exec: (n) => n > 10,
        post: (store, isGood) => {
          store.put('result', isGood ? 'good' : 'bad');
          return isGood ? 'Good' : 'Bad';
        },
      }),
    )
    .addExitStates('Good', 'Bad');
}

type Spec = ChildSpec<TestStore, ChildStore, 'Good' | 'Bad', unknown>;

function parentOf(child: Child, spec: Partial<Spec> = {}, options: StateOptions<'Repair'> = {}): Parent {
  return new Workflow<ParentState, TestStore>('parent', 'Before')
    .registerNode('Before', node({ name: 'before', outcomes: ['Enrich'], exec: () => 1 }))
    .registerWorkflow(
      'Enrich',
      child,
      {
        store: (store) => new MemoryStore<ChildSchema>({ input: store.get('n') }),
        routes: { Good: 'Done', Bad: 'Rejected' },
        post: (store, { state, store: inner }) => {
          store.put('out', [state, inner.find('result')]);
        },
        ...spec,
      },
      options,
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
    .addExitStates('Done', 'Rejected');
}

/** The same parent whose 'Repair' is reachable in every case. */
const withRoute = { onFailure: 'Repair' } as const;

async function follow(
  parent: Parent,
  store: TestStore,
): Promise<{ readonly state: string; readonly events: RunEvent[]; readonly report: ReturnType<TestRun['report']> }> {
  const { engine, clock } = inlineEngine();
  const { run, events } = startAndListen(engine, parent, store);
  const { state, report } = await clock.until(run.result);
  assertStream(events);
  assert.deepEqual(clock.pending, []);
  return { state, events, report: report() };
}
type TestRun = ReturnType<typeof startAndListen>['run'];

test('its exit states are the outcomes of the state, and post copies results back', async () => {
  const parent = parentOf(childOf(), {}, withRoute);
  for (const [n, exit, out] of [
    [20, 'Done', ['Good', 'good']],
    [1, 'Rejected', ['Bad', 'bad']],
  ] as const) {
    const store = newStore({ n });
    assert.equal((await follow(parent, store)).state, exit);
    assert.deepEqual(store.get('out'), out);
    assert.deepEqual(store.keys(), ['n', 'out']);
  }
});

test('its states are visits of the same run, by the way to them', async () => {
  const { events, report } = await follow(parentOf(childOf(), {}, withRoute), newStore({ n: 20 }));
  const steps = events.flatMap((event) => {
    if (event.type === 'state.entered') return [`${event.visit} ${event.kind} ${event.state} (${event.node})`];
    return event.type === 'transition' ? [`${event.visit} ${event.outcome} → ${event.to}`] : [];
  });
  assert.deepEqual(steps, [
    '1 node Before (before)',
    '1 Enrich → Enrich',
    '2 workflow Enrich (child)',
    '3 node Enrich/Load (load)',
    '3 Check → Enrich/Check',
    '4 node Enrich/Check (check)',
    '4 Good → Enrich/Good',
    '2 Good → Done',
  ]);
  assert.deepEqual(
    report.nodes.map(({ state, node: name, visits, executions }) => [state, name, visits, executions]),
    [
      ['Before', 'before', 1, 1],
      ['Enrich', 'child', 1, 0],
      ['Enrich/Load', 'load', 1, 1],
      ['Enrich/Check', 'check', 1, 1],
    ],
  );
  assert.equal(report.transitions, 4);
});

test("the parent's own store may be its store: what it writes is there at once", async () => {
  const { engine, clock } = inlineEngine();
  const store = newStore({ n: 1 });
  const add = node({
    name: 'add',
    outcomes: ['More', 'Out'],
    prep: (s) => s.get('n'),
    exec: (n) => n + 1,
    post: (s, n) => {
      s.put('n', n);
      return n < 5 ? 'More' : 'Out';
    },
  });
  const child = new Workflow<'More' | 'Out', TestStore>('child', 'More').registerNode('More', add).addExitStates('Out');
  const seen: unknown[] = [];
  const workflow = new Workflow<'Work' | 'Done', TestStore>('parent', 'Work')
    .registerWorkflow('Work', child, {
      store: (s) => {
        s.put('out', 'written before');
        return s;
      },
      routes: { Out: 'Done' },
      post: (s, end) => {
        seen.push(s.get('n'), end.store === store, end.state);
      },
    })
    .addExitStates('Done');
  await clock.until(engine.start(workflow, store).result);
  assert.deepEqual([store.get('n'), store.get('out'), seen], [5, 'written before', [5, true, 'Out']]);
});

test('store and post may wait', async () => {
  const store = newStore({ n: 20 });
  const parent = parentOf(
    childOf(),
    {
      store: async (s) => new MemoryStore<ChildSchema>({ input: s.get('n') }),
      post: async (s, { store: inner }) => {
        await Promise.resolve();
        s.put('out', inner.get('result'));
      },
    },
    withRoute,
  );
  assert.equal((await follow(parent, store)).state, 'Done');
  assert.equal(store.get('out'), 'good');
});

test('without post, and with outcomes that are states, only the exit counts', async () => {
  const { engine, clock } = inlineEngine();
  const workflow = new Workflow<'Work' | 'Good' | 'Bad', TestStore>('parent', 'Work')
    .registerWorkflow('Work', childOf(), { store: () => new MemoryStore<ChildSchema>({ input: 1 }) })
    .addExitStates('Good', 'Bad');
  assert.equal((await clock.until(engine.start(workflow, newStore()).result)).state, 'Bad');
});

const failing = childOf(() => {
  throw new Error('no');
});

test('a failure that it does not route fails the state that holds it: onFailure is taken, nothing is repeated', async () => {
  let stores = 0;
  const store = newStore({ n: 1 });
  const parent = parentOf(
    failing,
    {
      store: () => {
        stores += 1;
        return new MemoryStore<ChildSchema>({ input: 1 });
      },
    },
    withRoute,
  );
  const { state, report, events } = await follow(parent, store);
  assert.equal(state, 'Done');
  assert.equal((store.get('out') as Error).message, 'no');
  assert.equal(stores, 1);
  assert.deepEqual(
    report.nodes.map(({ state: of, attempts, failures }) => [of, attempts, failures]),
    [
      ['Before', 1, 0],
      ['Enrich', 0, 0],
      ['Enrich/Load', 2, 1],
      ['Repair', 1, 0],
    ],
  );
  assert.deepEqual(
    ofType(events, 'transition').map(({ visit, to, failed }) => [visit, to, failed]),
    [
      [1, 'Enrich', false],
      [2, 'Repair', true],
      [4, 'Done', false],
    ],
  );
});

test('a failure that nobody routes fails the run, which tells where inside it was', async () => {
  const { engine, clock } = inlineEngine();
  const workflow = new Workflow<'Enrich' | 'Done' | 'Bad', TestStore>('parent', 'Enrich')
    .registerWorkflow('Enrich', failing, {
      store: () => new MemoryStore<ChildSchema>({ input: 1 }),
      routes: { Good: 'Done' },
    })
    .addExitStates('Done', 'Bad');
  const { run, events } = startAndListen(engine, workflow, newStore());
  const error = await rejection(clock.until(run.result), RunFailedError);
  assertStream(events);
  assert.equal(
    error.message,
    "workflow 'parent' failed in state 'Enrich/Load': exec of node 'load' failed after 2 attempts: no",
  );
  const { workflow: name, state, node: of, visit, attempt } = error.where;
  assert.deepEqual([name, state, of, visit, attempt], ['parent', 'Enrich/Load', 'load', 2, 2]);
  assert.equal(error.state, 'Enrich/Load');
});

test('a failure that it routes itself is its own affair', async () => {
  const store = newStore({ n: 1 });
  const child = childOf(
    () => {
      throw new Error('no');
    },
    { onFailure: 'Bad' },
  );
  assert.equal((await follow(parentOf(child, {}, withRoute), store)).state, 'Rejected');
  assert.deepEqual(store.get('out'), ['Bad', undefined]);
});

test('store and post are tried again, the sub-workflow is not', async () => {
  const calls = { store: 0, load: 0, post: 0 };
  const store = newStore({ n: 20 });
  const child = childOf((n) => {
    calls.load += 1;
    return n;
  });
  const parent = parentOf(
    child,
    {
      store: (s) => {
        calls.store += 1;
        if (calls.store < 2) throw new Error('not yet');
        return new MemoryStore<ChildSchema>({ input: s.get('n') });
      },
      post: (s, end, ctx) => {
        calls.post += 1;
        assert.equal(ctx.input, end.store);
        s.append('log', `post ${calls.post}`);
        if (calls.post < 3) throw new Error('not yet');
      },
      retry: retry.fixed({ retries: 3 }),
    },
    withRoute,
  );
  await follow(parent, store);
  assert.deepEqual([calls, store.get('log')], [{ store: 2, load: 1, post: 3 }, ['post 3']]);
});

test('a post that fails for good is a failure in the state that holds the sub-workflow', async () => {
  const { engine, clock } = inlineEngine();
  const workflow = new Workflow<'Enrich' | 'Good' | 'Bad', TestStore>('parent', 'Enrich')
    .registerWorkflow('Enrich', childOf(), {
      store: () => new MemoryStore<ChildSchema>({ input: 20 }),
      post: () => {
        throw new Error('no');
      },
      retry: retry.none(),
    })
    .addExitStates('Good', 'Bad');
  const error = await rejection(clock.until(engine.start(workflow, newStore()).result), RunFailedError);
  assert.equal(error.message, "workflow 'parent' failed in state 'Enrich': post of node 'child' failed: no");
  assert.deepEqual([error.where.visit, error.state], [1, 'Enrich']);
});

for (const [how, kind] of [
  ['cancelled', RunCancelledError],
  ['timed out', RunTimedOutError],
] as const) {
  test(`a run that is ${how} inside stops there, and no failure route is taken`, async () => {
    const { engine, clock } = inlineEngine();
    const parent = parentOf(childOf(never, { onFailure: 'Bad' }), {}, withRoute);
    const { run, events } = startAndListen(engine, parent, newStore({ n: 1 }), { timeout: '1m' });
    await clock.flush();
    assert.equal(run.state, 'Enrich/Load');
    if (kind === RunCancelledError) run.cancel();
    const error = await rejection(clock.until(run.result), kind);
    assert.equal(error.state, 'Enrich/Load');
    assert.deepEqual(
      ofType(events, 'transition').map(({ to }) => to),
      ['Enrich'],
    );
    assertStream(events);
    assert.deepEqual(clock.pending, []);
  });
}

test('maxTransitions counts through, and no failure route is taken', async () => {
  const spin = childNode({ name: 'spin', outcomes: ['Load', 'Good'], exec: () => 1, post: () => 'Load' });
  const child = new Workflow<'Load' | 'Good', ChildStore>('child', 'Load')
    .registerNode('Load', spin)
    .addExitStates('Good');
  const workflow = new Workflow<'Before' | 'Enrich' | 'Repair' | 'Done', TestStore>('parent', 'Before')
    .registerNode('Before', node({ name: 'before', outcomes: ['Enrich'], exec: () => 1 }))
    .registerWorkflow(
      'Enrich',
      child,
      { store: () => new MemoryStore<ChildSchema>(), routes: { Good: 'Done' } },
      { onFailure: 'Repair' },
    )
    .registerNode('Repair', node({ name: 'repair', outcomes: ['Done'], exec: () => assert.fail('it was routed') }))
    .addExitStates('Done');
  const { engine, clock } = inlineEngine();
  const run = engine.start(workflow, newStore(), { maxTransitions: 10 });
  const error = await rejection(clock.until(run.result), RunFailedError);
  assert.equal((error.cause as { code?: string }).code, 'CANO_MAX_TRANSITIONS');
  assert.deepEqual([error.state, error.report.transitions], ['Enrich/Load', 10]);
});

test('lastError reaches the first state inside, and is again what it was for post', async () => {
  const seen: unknown[] = [];
  const note = (lastError: unknown): void => void seen.push((lastError as Error | undefined)?.message);
  const fail = childNode({
    name: 'fail',
    outcomes: ['End'],
    prep: (_store, { lastError }) => note(lastError),
    exec: () => {
      throw new Error('inner');
    },
    retry: retry.none(),
  });
  const mend = childNode({
    name: 'mend',
    outcomes: ['End'],
    prep: (_store, ctx) => note(ctx.lastError),
    exec: () => 1,
  });
  const child = new Workflow<'First' | 'Mend' | 'End', ChildStore>('child', 'First')
    .registerNode('First', fail, undefined, { onFailure: 'Mend' })
    .registerNode('Mend', mend)
    .addExitStates('End');
  const workflow = new Workflow<'Work' | 'Recover' | 'Done', TestStore>('parent', 'Work')
    .registerNode(
      'Work',
      node({
        name: 'work',
        outcomes: ['Done'],
        exec: () => {
          throw new Error('outer');
        },
        retry: retry.none(),
      }),
      undefined,
      { onFailure: 'Recover' },
    )
    .registerWorkflow('Recover', child, {
      store: (_store, { lastError }) => {
        note(lastError);
        return new MemoryStore<ChildSchema>();
      },
      routes: { End: 'Done' },
      post: (_store, _end, { lastError }) => note(lastError),
    })
    .addExitStates('Done');
  const { engine, clock } = inlineEngine();
  await clock.until(engine.start(workflow, newStore()).result);
  assert.deepEqual(seen, ['outer', 'outer', 'inner', 'outer']);
});

/** A workflow that does its work `depth` levels down, with a split at the bottom. */
function nested(depth: number): Workflow<'Work' | 'Done', TestStore, never, 'Done'> {
  const branch = branchFor<TestStore>();
  const start = new Workflow<'Work' | 'Done', TestStore>(`level ${depth}`, 'Work');
  const made =
    depth === 0
      ? start.registerSplit('Work', {
          branches: { a: branch({ exec: async () => 1 }), b: branch({ exec: async () => 2 }) },
          join: join.all(),
          outcomes: 'Done',
          post: (store, { a, b }) => {
            store.put('n', a + b);
            return 'Done';
          },
        })
      : start.registerWorkflow('Work', nested(depth - 1), { store: (store) => store });
  return made.addExitStates('Done');
}

test('they nest to any depth, splits included', async () => {
  const { engine, clock } = inlineEngine();
  const store = newStore();
  const { run, events } = startAndListen(engine, nested(5), store);
  const { report } = await clock.until(run.result);
  assertStream(events);
  assert.equal(store.get('n'), 3);
  const path = 'Work/Work/Work/Work/Work/Work';
  assert.deepEqual(report().nodes.at(-1)?.state, path);
  assert.deepEqual(
    ofType(events, 'branch.finished').map(({ state, branch }) => [state, branch]),
    [
      [path, 'a'],
      [path, 'b'],
    ],
  );
});

test('a sub-workflow that runs without waiting lets the loop turn', async () => {
  const { engine, clock } = inlineEngine();
  let turns = 0;
  const spin = childNode({
    name: 'spin',
    outcomes: ['Load', 'Good'],
    exec: () => (turns += 1),
    post: (_store, n) => (n < 2_000 ? 'Load' : 'Good'),
  });
  const child = new Workflow<'Load' | 'Good', ChildStore>('child', 'Load')
    .registerNode('Load', spin)
    .addExitStates('Good');
  const workflow = new Workflow<'Work' | 'Good', TestStore>('parent', 'Work')
    .registerWorkflow('Work', child, { store: () => new MemoryStore<ChildSchema>() })
    .addExitStates('Good');
  const run = engine.start(workflow, newStore());
  setImmediate(() => run.cancel());
  await assert.rejects(clock.until(run.result), RunCancelledError);
  assert.ok(turns < 2_000);
});
