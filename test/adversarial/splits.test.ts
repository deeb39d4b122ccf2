/** Splits on real threads: losers that spin, exit or never look up, and what comes after them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  branchFor,
  join,
  JoinFailedError,
  MemoryStore,
  retry,
  RunCancelledError,
  RunFailedError,
  Workflow,
  type BoundExec,
  type Branch,
  type CanoError,
  type Engine,
  type JoinRule,
  type Run,
  type RunEvent,
  type Settled,
} from '../../src/index.ts';
import { act, type Act } from '../fixtures/execs/acts.ts';
import { perform, watchedEngine, within } from '../support/faults.ts';

type Store = MemoryStore<{ results: unknown }>;
const branch = branchFor<Store>();

function acting(what: Act, options: { readonly timeout?: number } = {}): Branch<Store, unknown, unknown> {
  return branch({
    ...options,
    prep: () => what,
    exec: act as unknown as BoundExec<Act, unknown>,
    retry: retry.none(),
  });
}

interface Launched {
  readonly run: Run;
  readonly store: Store;
  readonly events: RunEvent[];
  /** Resolves when the run has left the split, whatever of it still executes. */
  readonly moved: Promise<RunEvent>;
}

function launch(
  engine: Engine,
  acts: Readonly<Record<string, Act | (() => Promise<unknown>)>>,
  rule: JoinRule,
  options: { readonly timeout?: number; readonly concurrency?: number } = {},
): Launched {
  const store: Store = new MemoryStore<{ results: unknown }>();
  const events: RunEvent[] = [];
  const workflow = new Workflow<'Split' | 'Done' | 'Lost', Store>('splits', 'Split')
    .registerSplit(
      'Split',
      {
        branches: Object.fromEntries(
          Object.entries(acts).map(([name, what]) => [
            name,
            typeof what === 'function' ? branch({ exec: what, retry: retry.none() }) : acting(what),
          ]),
        ),
        join: rule,
        ...options,
        outcomes: 'Done',
        post: (into, results) => {
          into.put('results', results);
          return 'Done';
        },
      },
      {},
      { onFailure: 'Lost' },
    )
    .addExitStates('Done', 'Lost');
  let tell: (event: RunEvent) => void = () => {};
  const moved = new Promise<RunEvent>((resolve) => (tell = resolve));
  const run = engine.start(workflow as never, store as never, {
    onEvent: (event) => {
      events.push(event);
      if (event.type === 'transition') tell(event);
    },
  });
  return { run, store, events, moved };
}

const calls = (counts: SharedArrayBuffer): number[] => Array.from(new Int32Array(counts));

/** Resolves when an act counts itself. */
async function begun(counts: SharedArrayBuffer, id: number): Promise<void> {
  const wait = async (): Promise<void> => {
    while (calls(counts)[id] === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  await within(wait(), `the start of act ${id}`);
}

async function assertGoesOn(engine: Engine): Promise<void> {
  const next = Array.from({ length: 4 }, (_value, id) => perform(engine, { kind: 'value', value: id }));
  const values = await within(Promise.all(next.map(({ value }) => value)), 'the next runs');
  assert.deepEqual(values, [0, 1, 2, 3]);
  const { queued, inFlight } = engine.stats();
  assert.deepEqual({ queued, inFlight }, { queued: 0, inFlight: 0 });
}

describe('a loser that spins', () => {
  it('holds up neither post nor the next state, and is gone with its thread when the run ends', async () => {
    await using watched = watchedEngine({ threads: 2, grace: '300ms' });
    const counts = new SharedArrayBuffer(8);
    const { run, store, events, moved } = launch(
      watched.engine,
      { spins: { kind: 'spin', id: 0, counts }, wins: () => begun(counts, 0) },
      join.any(),
    );
    const event = await within(moved, 'the transition');
    assert.ok(event.type === 'transition' && event.to === 'Done');
    // The spinning one has its grace yet.
    assert.deepEqual(watched.deaths(), []);
    assert.equal(run.status, 'running');
    await within(run.result, 'the run');
    assert.deepEqual(watched.deaths(), ['terminated']);
    const last = events.findLast((other) => other.type === 'exec.finished');
    assert.ok(last?.type === 'exec.finished' && last.branch === 'spins' && last.outcome === 'cancelled');
    const results = store.get('results') as Record<string, Settled<unknown>>;
    assert.deepEqual([results['spins']?.status, results['wins']?.status], ['cancelled', 'completed']);
    assert.equal(calls(counts)[0], 1);
    await assertGoesOn(watched.engine);
  });

  it('does not keep an impossible join from ending at once', async () => {
    await using watched = watchedEngine({ threads: 2, grace: '300ms' });
    const counts = new SharedArrayBuffer(8);
    const { run, store, events, moved } = launch(
      watched.engine,
      {
        spins: { kind: 'spin', id: 0, counts },
        fails: async () => {
          await begun(counts, 0);
          throw new Error('no');
        },
        queued: { kind: 'value', id: 1, counts },
      },
      join.all(),
      { concurrency: 2 },
    );
    const event = await within(moved, 'the transition');
    assert.ok(event.type === 'transition' && event.to === 'Lost' && event.failed);
    assert.deepEqual(watched.deaths(), []);
    await within(run.result, 'the run');
    assert.deepEqual(watched.deaths(), ['terminated']);
    assert.ok(!store.has('results'));
    const decided = events.find((other) => other.type === 'join.decided');
    assert.ok(decided?.type === 'join.decided' && decided.outcome === 'impossible' && decided.failed === 1);
    assert.equal(calls(counts)[1], 0);
    await assertGoesOn(watched.engine);
  });

  it('is stopped by the timeout of the split, and by its deadline', async () => {
    await using watched = watchedEngine({ threads: 2, grace: '50ms' });
    const spin: Act = { kind: 'spin' };
    // Threads that are ready: the deadline counts from the start of the split.
    await assertGoesOn(watched.engine);
    const due = launch(
      watched.engine,
      { spin, quick: { kind: 'value', value: 1 } },
      join.all({ settle: true, deadline: '2s' }),
    );
    assert.equal((await within(due.run.result, 'the one with a deadline')).state, 'Done');
    const results = due.store.get('results') as Record<string, Settled<unknown>>;
    assert.deepEqual([results['spin']?.status, results['quick']?.status], ['cancelled', 'completed']);
    const timed = launch(watched.engine, { spin }, join.all(), { timeout: 200 });
    assert.equal((await within(timed.run.result, 'the timed one')).state, 'Lost');
    await assertGoesOn(watched.engine);
  });

  it('is stopped with its run', async () => {
    await using watched = watchedEngine({ threads: 2, grace: '50ms' });
    const counts = new SharedArrayBuffer(8);
    const { run, events } = launch(
      watched.engine,
      { a: { kind: 'spin', id: 0, counts }, b: { kind: 'pollFlag', id: 1, counts } },
      join.all(),
    );
    await begun(counts, 0);
    await begun(counts, 1);
    const { threads } = watched.engine.stats();
    assert.deepEqual(new Set(threads.map(({ execution }) => execution?.branch)), new Set(['a', 'b']));
    run.cancel();
    await assert.rejects(within(run.result, 'the run'), (error) => error instanceof RunCancelledError);
    assert.equal(events.at(-1)?.type, 'run.finished');
    await assertGoesOn(watched.engine);
  });
});

describe('branches on threads', () => {
  it('that wait behind others when the join is decided never start', async () => {
    await using watched = watchedEngine({ threads: 1, grace: '10s' });
    const counts = new SharedArrayBuffer(4 * 20);
    const acts = Object.fromEntries(
      Array.from({ length: 20 }, (_value, id) => [
        `b${id}`,
        { kind: 'busy', ms: id === 0 ? 1 : 50, id, counts } satisfies Act,
      ]),
    );
    const { run, store } = launch(watched.engine, acts, join.any());
    await within(run.result, 'the run');
    const results = Object.values(store.get('results') as Record<string, Settled<unknown>>);
    assert.equal(results.filter(({ status }) => status === 'completed').length, 1);
    // One may have started before the result of the first had arrived.
    assert.ok(calls(counts).reduce((sum, count) => sum + count, 0) <= 2, calls(counts).join());
    await assertGoesOn(watched.engine);
  });

  it('fail alone when their thread dies, and each has the attempts of its own budget', async () => {
    await using watched = watchedEngine({ threads: 2 });
    const store: Store = new MemoryStore<{ results: unknown }>();
    const exits = branch({
      prep: (): Act => ({ kind: 'exit' }),
      exec: act as unknown as BoundExec<Act, unknown>,
      retry: retry.fixed({ retries: 1 }),
    });
    const workflow = new Workflow<'Split' | 'Done', Store>('deaths', 'Split')
      .registerSplit('Split', {
        branches: { exits, lives: acting({ kind: 'busy', ms: 20, value: 'fine' }) },
        join: join.all({ settle: true }),
        outcomes: 'Done',
        post: (into, results) => {
          into.put('results', results);
          return 'Done';
        },
      })
      .addExitStates('Done');
    const { report } = await within(watched.engine.start(workflow, store).result, 'the run');
    const results = store.get('results') as Record<string, Settled<unknown>>;
    const { error } = results['exits'] as { readonly error: CanoError };
    assert.deepEqual([error.code, error.where.branch], ['CANO_THREAD_DIED', 'exits']);
    assert.deepEqual(results['lives'], { status: 'completed', value: 'fine' });
    assert.deepEqual(
      report().nodes.map(({ branch: of, attempts }) => [of, attempts]),
      [
        [undefined, 0],
        ['exits', 2],
        ['lives', 1],
      ],
    );
    await assertGoesOn(watched.engine);
  });

  it('are stopped when a run fails at once, and the error has the end of each', async () => {
    await using watched = watchedEngine({ threads: 2, grace: '50ms' });
    const workflow = new Workflow<'Split' | 'Done', Store>('fails', 'Split')
      .registerSplit('Split', {
        branches: { spins: acting({ kind: 'spin' }), fails: acting({ kind: 'throw', value: 'subclass' }) },
        join: join.all(),
        outcomes: 'Done',
      })
      .addExitStates('Done');
    const run = watched.engine.start(workflow, new MemoryStore<{ results: unknown }>());
    await assert.rejects(within(run.result, 'the run'), (error) => {
      assert.ok(error instanceof RunFailedError && error.cause instanceof JoinFailedError);
      assert.equal(error.cause.results['spins']?.status, 'cancelled');
      assert.ok(error.cause.errors[0] instanceof RangeError);
      return true;
    });
    // U3: its thread has been stopped by now.
    assert.equal(watched.engine.stats().inFlight, 0);
    await assertGoesOn(watched.engine);
  });

  it('are warmed up', async () => {
    await using watched = watchedEngine({ threads: 1 });
    const inner = new Workflow<'Split' | 'Done', Store>('inner', 'Split')
      .registerSplit('Split', { branches: { one: acting({ kind: 'value' }) }, join: join.all(), outcomes: 'Done' })
      .addExitStates('Done');
    const outer = new Workflow<'Inner' | 'Done', Store>('outer', 'Inner')
      .registerWorkflow('Inner', inner, { store: (store) => store })
      .addExitStates('Done');
    await within(watched.engine.warmUp(outer), 'warming up');
    assert.deepEqual(
      watched.threadEvents.map(({ type }) => type),
      ['thread.started'],
    );
    await within(watched.engine.start(outer, new MemoryStore<{ results: unknown }>()).result, 'the run');
  });
});
