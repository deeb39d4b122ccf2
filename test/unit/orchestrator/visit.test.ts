/** One visit: its phases, its retry budget, its buffered writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MemoryStore,
  nodeFor,
  retry,
  RunFailedError,
  Workflow,
  type Node,
  type PostContext,
  type PrepContext,
} from '../../../src/index.ts';
import {
  inlineEngine,
  newStore,
  node,
  ofType,
  PHASES,
  rejection,
  startAndListen,
  watched,
  workflowOf,
  type TestStore,
} from './harness.ts';

test('prep, exec and post run in this order, and each hands on what it made', async () => {
  const { engine, clock } = inlineEngine();
  const store = newStore({ n: 20 });
  const double = node({
    name: 'double',
    outcomes: ['Done'],
    prep: (s) => s.get('n') + 1,
    exec: (n) => n * 2,
    post: (s, doubled, ctx) => {
      s.put('out', [ctx.input, doubled]);
      return 'Done';
    },
  });
  const { state } = await clock.until(engine.start(workflowOf(double), store).result);
  assert.equal(state, 'Done');
  assert.deepEqual(store.get('out'), [21, 42]);
});

test('prep and post may be left out; the only outcome is taken', async () => {
  const { engine, clock } = inlineEngine();
  let input: unknown = 'untouched';
  const bare = node({
    name: 'bare',
    outcomes: ['Done'],
    exec: (given) => {
      input = given;
    },
  });
  assert.equal((await clock.until(engine.start(workflowOf(bare), newStore()).result)).state, 'Done');
  assert.equal(input, undefined);
});

// The least that can be awaited: its `then` returns nothing.
function leastThenable(error: Error): object {
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
  return { then: (_: unknown, reject: (e: Error) => void) => reject(error) };
}

for (const failing of PHASES) {
  for (const manner of ['throws', 'rejects', 'has a thenable that rejects'] as const) {
    test(`when ${failing} ${manner}, the retry resumes there and what came before is kept`, async () => {
      const { engine, clock } = inlineEngine();
      const { calls, work } = watched((phase, call) => {
        if (phase !== failing || call > 2) return phase;
        const error = new Error(`${phase} ${call}`);
        if (manner === 'throws') throw error;
        if (manner === 'rejects') return Promise.reject(error);
        return phase === 'post' ? Promise.reject(error) : leastThenable(error);
      });
      const { run, events } = startAndListen(engine, workflowOf(work), newStore());
      const { report } = await clock.until(run.result);
      assert.deepEqual(calls.count, { prep: 1, exec: 1, post: 1, [failing]: 3 });
      assert.deepEqual(
        calls.order,
        PHASES.flatMap((phase) => (phase === failing ? [phase, phase, phase] : [phase])),
      );
      const [cells] = report().nodes;
      assert.equal(cells?.retries, 2);
      assert.equal(cells.failures, 0);
      assert.equal(cells.executions, 1);
      assert.deepEqual(
        ofType(events, 'retry.scheduled').map(({ phase, attempt, error }) => [phase, attempt, error.message]),
        [
          [failing, 1, `${failing} 1`],
          [failing, 2, `${failing} 2`],
        ],
      );
    });
  }
}

test('the phases share one budget', async () => {
  const { engine, clock } = inlineEngine();
  const { calls, work } = watched(
    (phase, call) => {
      if (call === 1) throw new Error(`${phase} fails once`);
    },
    { retries: 2 },
  );
  const error = await rejection(clock.until(engine.start(workflowOf(work), newStore()).result), RunFailedError);
  assert.deepEqual(calls.count, { prep: 2, exec: 2, post: 1 });
  assert.equal(
    error.message,
    "workflow 'test' failed in state 'Work': post of node 'watched' failed after 3 attempts: post fails once",
  );
  assert.equal(error.report.nodes[0]?.failures, 1);
  assert.equal(error.report.nodes[0]?.retries, 2);
});

test('a budget of 3 is enough when each phase fails once, and ctx.attempt counts through', async () => {
  const { engine, clock } = inlineEngine();
  const attempts: [string, number][] = [];
  const once = new Set<string>();
  const failOnce = (phase: string, attempt: number): void => {
    attempts.push([phase, attempt]);
    if (once.has(phase)) return;
    once.add(phase);
    throw new Error(phase);
  };
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: (_store, ctx) => failOnce('prep', ctx.attempt),
    exec: (_input, ctx) => failOnce('exec', ctx.attempt),
    post: (_store, _output, ctx) => {
      failOnce('post', ctx.attempt);
      return 'Done';
    },
    retry: retry.fixed({ retries: 3 }),
  });
  await clock.until(engine.start(workflowOf(work), newStore()).result);
  assert.deepEqual(attempts, [
    ['prep', 1],
    ['prep', 2],
    ['exec', 2],
    ['exec', 3],
    ['post', 3],
    ['post', 4],
  ]);
});

for (const phase of ['prep', 'post'] as const) {
  for (const manner of ['sync', 'async'] as const) {
    test(`writes of an ${manner} ${phase} that fails are dropped; those of one that returns come at once`, async () => {
      const { engine, clock } = inlineEngine();
      const store = newStore({ log: ['before'] });
      const seen: unknown[] = [];
      const { work } = watched((at, call, view) => {
        if (at !== phase || view === undefined) return undefined;
        view.append('log', `${phase} ${call}`);
        view.put('n', call);
        // Its own view shows them, the store does not.
        seen.push([view.get('n'), store.find('n')]);
        const end = (): undefined => {
          if (call === 1) throw new Error('after the writes');
        };
        return manner === 'sync' ? end() : Promise.resolve().then(end);
      });
      await clock.until(engine.start(workflowOf(work), store).result);
      assert.deepEqual(store.get('log'), ['before', `${phase} 2`]);
      assert.equal(store.get('n'), 2);
      assert.deepEqual(seen, [
        [1, undefined],
        [2, undefined],
      ]);
    });
  }
}

test('writes of a post that returns an undeclared outcome are dropped, and it is not retried', async () => {
  const { engine, clock } = inlineEngine();
  const store = newStore();
  let posts = 0;
  const work = node({
    name: 'sign',
    outcomes: ['Done'],
    exec: () => 1,
    post: (s) => {
      posts += 1;
      s.put('n', 1);
      return 'Elsewhere' as 'Done';
    },
  });
  const error = await rejection(clock.until(engine.start(workflowOf(work), store).result), RunFailedError);
  assert.match(error.message, /post of node 'sign' returned 'Elsewhere', which is not one of its outcomes \(Done\)/);
  assert.equal((error.cause as { code?: string }).code, 'CANO_UNDECLARED_OUTCOME');
  assert.equal(posts, 1);
  assert.ok(store.isEmpty());
});

test('a write that cannot be applied fails the phase that made it', async () => {
  const { engine, clock } = inlineEngine();
  const store = newStore();
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    exec: () => 1,
    post: (s) => {
      s.append('log', 'x');
      store.put('log', 'no list any more' as never);
      return 'Done';
    },
  });
  const error = await rejection(clock.until(engine.start(workflowOf(work), store).result), RunFailedError);
  assert.match(error.message, /post of node 'work' failed: cannot append to store key 'log'/);
});

test('a store of a type of its own is passed as it is', async () => {
  class Ledger {
    readonly lines: string[] = [];
  }
  const ledger = new Ledger();
  const stores: unknown[] = [];
  let fails = true;
  const work = nodeFor<Ledger>()({
    name: 'work',
    outcomes: ['Done'],
    prep: (store) => {
      stores.push(store);
      store.lines.push('prep');
    },
    exec: () => 1,
    post: (store) => {
      stores.push(store);
      store.lines.push('post');
      if (!fails) return 'Done';
      fails = false;
      throw new Error('once');
    },
  });
  const { engine, clock } = inlineEngine();
  const workflow = new Workflow<'Work' | 'Done', Ledger>('own', 'Work')
    .registerNode('Work', work)
    .addExitStates('Done');
  await clock.until(engine.start(workflow, ledger).result);
  assert.ok(stores.every((store) => store === ledger));
  assert.deepEqual(ledger.lines, ['prep', 'post', 'post']);
});

test('undefined, null and plain values are stores too', async () => {
  const { engine, clock } = inlineEngine();
  for (const store of [undefined, null, 5, Object.freeze({})]) {
    let got: unknown = 'untouched';
    const work = nodeFor<unknown>()({
      name: 'work',
      outcomes: ['Done'],
      prep: (given) => {
        got = given;
      },
      exec: () => 1,
    });
    const workflow = new Workflow<'Work' | 'Done', unknown>('any', 'Work').registerNode('Work', work as never);
    await clock.until(engine.start(workflow.addExitStates('Done') as never, store as never).result);
    assert.equal(got, store);
  }
});

test('onFailure leads on with ctx.lastError, which is gone after the next state', async () => {
  const { engine, clock } = inlineEngine();
  const boom = new Error('boom');
  const lastErrors: Record<string, unknown[]> = {};
  const look = (at: string, ctx: PrepContext): void => {
    (lastErrors[at] ??= []).push(ctx.lastError);
  };
  const failing = node({
    name: 'failing',
    outcomes: ['Next'],
    prep: (_s, ctx) => look('failing', ctx),
    exec: () => {
      throw boom;
    },
    retry: retry.fixed({ retries: 1 }),
  });
  let repairs = 0;
  const repair = node({
    name: 'repair',
    outcomes: ['Next'],
    prep: (_s, ctx) => look('repair.prep', ctx),
    exec: () => {
      repairs += 1;
      if (repairs === 1) throw new Error('also through a retry');
    },
    post: (_s, _o, ctx) => {
      look('repair.post', ctx);
      return 'Next';
    },
  });
  const next = node({ name: 'next', outcomes: ['Done'], prep: (_s, ctx) => look('next', ctx), exec: () => 1 });
  const workflow = new Workflow<'Work' | 'Repair' | 'Next' | 'Done', TestStore>('test', 'Work')
    .registerNode('Work', failing, undefined, { onFailure: 'Repair' })
    .registerNode('Repair', repair)
    .registerNode('Next', next)
    .addExitStates('Done');
  const { run, events } = startAndListen(engine, workflow, newStore());
  await clock.until(run.result);
  assert.deepEqual(lastErrors, {
    failing: [undefined],
    'repair.prep': [boom],
    'repair.post': [boom],
    next: [undefined],
  });
  assert.deepEqual(
    ofType(events, 'transition').map(({ state, outcome, to, failed }) => [state, outcome, to, failed]),
    [
      ['Work', 'failed', 'Repair', true],
      ['Repair', 'Next', 'Next', false],
      ['Next', 'Done', 'Done', false],
    ],
  );
});

function explode(): never {
  throw new Error('boom');
}

test('onFailure may lead to an exit state or back to the same state', async () => {
  const { engine, clock } = inlineEngine();
  let tries = 0;
  const failing = node({
    name: 'failing',
    outcomes: ['Done'],
    prep: (_s, ctx) => ctx.lastError,
    exec: (last) => {
      tries += 1;
      if (tries < 3) throw new Error(`try ${tries} after ${last instanceof Error ? last.message : 'nothing'}`);
      return last;
    },
    post: (s, last) => {
      s.put('out', (last as Error).message);
      return 'Done';
    },
    retry: retry.none(),
  });
  const store = newStore();
  const again = new Workflow<'Work' | 'Done', TestStore>('test', 'Work')
    .registerNode('Work', failing, undefined, { onFailure: 'Work' })
    .addExitStates('Done');
  await clock.until(engine.start(again, store).result);
  assert.equal(store.get('out'), 'try 2 after try 1 after nothing');

  const toExit = new Workflow<'Work' | 'Done' | 'Broken', TestStore>('test', 'Work')
    .registerNode(
      'Work',
      node({ name: 'failing', outcomes: ['Done'], exec: explode, retry: retry.none() }),
      undefined,
      {
        onFailure: 'Broken',
      },
    )
    .addExitStates('Done', 'Broken');
  assert.equal((await clock.until(engine.start(toExit, newStore()).result)).state, 'Broken');
});

test('prep and post find services, ids, signal and the engine-wide context', async () => {
  const services = { mailer: { send: (): string => 'sent' } };
  const { engine, clock } = inlineEngine({ services });
  const seen: Record<string, unknown>[] = [];
  const look = (ctx: PrepContext | PostContext): void => {
    const { services: given, runId, visit, attempt: attemptNumber, signal, lastError } = ctx;
    assert.equal(given, services);
    assert.ok(signal instanceof AbortSignal && !signal.aborted);
    seen.push({ runId, visit, attempt: attemptNumber, lastError });
  };
  const make = (name: string, to: 'Next' | 'Done'): Node<TestStore, 'Next' | 'Done', unknown> =>
    node({
      name,
      outcomes: [to],
      prep: (_s, ctx) => {
        look(ctx);
        return name;
      },
      exec: (input, ctx) => {
        assert.equal(ctx.services, services);
        assert.deepEqual([ctx.runId, ctx.attempt, ctx.item, ctx.common], ['mine', 1, undefined, undefined]);
        assert.equal(ctx.signal.aborted, false);
        ctx.throwIfAborted();
        return input;
      },
      post: (_s, _o, ctx) => {
        look(ctx);
        assert.equal(ctx.input, name);
        return to;
      },
    });
  const workflow = new Workflow<'Work' | 'Next' | 'Done', TestStore>('test', 'Work')
    .registerNode('Work', make('one', 'Next'))
    .registerNode('Next', make('two', 'Done'))
    .addExitStates('Done');
  await clock.until(engine.start(workflow, newStore(), { runId: 'mine' }).result);
  const at = (visit: number): object => ({ runId: 'mine', visit, attempt: 1, lastError: undefined });
  assert.deepEqual(seen, [at(1), at(1), at(2), at(2)]);
});

test('time of prep, post and back-off is booked where it belongs, failed attempts included', async () => {
  const { engine, clock } = inlineEngine();
  const { work } = watched(
    (phase, call) => {
      clock.pass(phase === 'prep' ? 3 : phase === 'exec' ? 50 : 7);
      if (call === 1) throw new Error('once');
    },
    { retries: 3, delay: 1_000 },
  );
  const { run, events } = startAndListen(engine, workflowOf(work), newStore());
  const { report } = await clock.until(run.result);
  const [cells] = report().nodes;
  assert.deepEqual(
    [cells?.prepMs, cells?.execMs, cells?.postMs, cells?.backoffMs, cells?.queueMs, cells?.attempts, cells?.visits],
    [6, 100, 14, 3_000, 0, 2, 1],
  );
  assert.equal(report().wallMs, 3_120);
  const [transition] = ofType(events, 'transition');
  assert.deepEqual([transition?.prepMs, transition?.postMs], [6, 14]);
});

test('a MemoryStore is recognised by its class, not by its shape', async () => {
  const { engine, clock } = inlineEngine();
  const plain = { get: () => 1, put: () => {} };
  let given: unknown;
  const work = nodeFor<typeof plain>()({
    name: 'work',
    outcomes: ['Done'],
    prep: (store) => {
      given = store;
    },
    exec: () => 1,
  });
  const workflow = new Workflow<'Work' | 'Done', typeof plain>('own', 'Work')
    .registerNode('Work', work)
    .addExitStates('Done');
  await clock.until(engine.start(workflow, plain).result);
  assert.equal(given, plain);
  assert.ok(!(given instanceof MemoryStore));
});
