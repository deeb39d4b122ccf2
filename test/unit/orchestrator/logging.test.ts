/** What an engine tells its logger. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  branchFor,
  createEngine,
  InvalidOptionError,
  join,
  messageFirst,
  retry,
  RunCancelledError,
  RunFailedError,
  RunTimedOutError,
  Workflow,
  type Log,
  type LogFields,
  type Logger,
  type MemoryStore,
} from '../../../src/index.ts';
import { noteLines } from '../../../src/observe/notes.ts';
import { paintPlain } from '../../../src/observe/text.ts';
import {
  batchNode,
  inlineEngine,
  newStore,
  node,
  rejection,
  startAndListen,
  workflowOf,
  type Schema,
} from './harness.ts';

type Line = [level: string, message: string, fields: LogFields];

function keeping(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const method = (level: string) => (fields: LogFields, message: string) => lines.push([level, message, fields]);
  return { lines, debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}

/** Uncaught errors of the process, until the test is over. */
function catchUncaught(context: TestContext): readonly unknown[] {
  const uncaught: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error));
  context.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  return uncaught;
}

type State = 'Items' | 'Child' | 'Split' | 'Done';

function everywhere(): Workflow<State, MemoryStore<Schema>, never, 'Done'> {
  const inside = new Workflow<'In' | 'Out', MemoryStore<Schema>>('inside', 'In')
    .registerNode('In', node({ name: 'inner', outcomes: ['Out'], exec: (_input, ctx) => ctx.log.info('in the child') }))
    .addExitStates('Out');
  return new Workflow<State, MemoryStore<Schema>>('everywhere', 'Items')
    .registerNode(
      'Items',
      batchNode({
        name: 'items',
        outcomes: ['Child'],
        prep: (_store, ctx) => (ctx.log.debug('prep', { a: 1 }), [7, 8]),
        exec: (n, ctx) => {
          ctx.log.info('item', { n });
          if (n === 8 && ctx.attempt === 1) throw new Error('once');
        },
        post: (_store, _results, ctx) => (ctx.log.error('post'), 'Child'),
      }),
    )
    .registerWorkflow('Child', inside, { store: (store) => store, routes: { Out: 'Split' } })
    .registerSplit('Split', {
      branches: {
        left: branchFor<MemoryStore<Schema>>()({
          prep: (_store, ctx) => ctx.log.warn('prep of a branch'),
          exec: (_input, ctx) => ctx.log.info('branch'),
        }),
      },
      join: join.all(),
      outcomes: 'Done',
      post: (_store, _results, ctx) => (ctx.log.info('joined'), 'Done'),
    })
    .addExitStates('Done');
}

test('each line says where it comes from, in one field beside those of the node', async () => {
  const logger = keeping();
  const { engine, clock } = inlineEngine({ logger, logLevel: 'debug' });
  const { run } = startAndListen(engine, everywhere(), newStore());
  await clock.until(run.result);
  const of = (state: string, name: string, visit: number, more: object = {}) => ({
    runId: run.id,
    workflow: 'everywhere',
    state,
    node: name,
    visit,
    ...more,
    attempt: 1,
  });
  const items = (more: object) => of('Items', 'items', 1, more);
  const split = { branch: 'left' };
  assert.deepEqual(logger.lines, [
    ['debug', 'prep', { a: 1, cano: items({}) }],
    ['info', 'item', { n: 7, cano: items({ item: 0 }) }],
    ['info', 'item', { n: 8, cano: items({ item: 1 }) }],
    ['info', 'item', { n: 8, cano: { ...items({ item: 1 }), attempt: 2 } }],
    ['error', 'post', { cano: items({}) }],
    ['info', 'in the child', { cano: of('Child/In', 'inner', 3) }],
    ['warn', 'prep of a branch', { cano: of('Split', 'left', 4, split) }],
    ['info', 'branch', { cano: of('Split', 'left', 4, split) }],
    ['info', 'joined', { cano: of('Split', 'Split', 4) }],
  ]);
});

test('a node cannot overwrite where its line comes from, nor lose what it wrote there', async () => {
  const logger = keeping();
  const { engine, clock } = inlineEngine({ logger });
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    exec: (_input, ctx) => ctx.log.info('mine', { runId: 'mine', node: 'mine', item: 5, cano: 'mine' }),
  });
  const { run } = startAndListen(engine, workflowOf(work), newStore());
  await clock.until(run.result);
  const [[, , fields] = []] = logger.lines;
  assert.deepEqual(fields, {
    runId: 'mine',
    node: 'mine',
    item: 5,
    cano_: 'mine',
    cano: { runId: run.id, workflow: 'test', state: 'Work', node: 'work', visit: 1, attempt: 1 },
  });
});

test('fields and messages that throw when they are read end neither the run nor the process', async (context) => {
  const uncaught = catchUncaught(context);
  const logger = keeping();
  const { engine, clock } = inlineEngine({ logger });
  const loaded = {
    id: 7,
    get total(): never {
      throw new Error('not loaded');
    },
  };
  const refuse = (): never => {
    throw new Error('no');
  };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const say = (log: Log): void => {
    const odd = log as unknown as Record<'info', (message: unknown, fields?: unknown) => void>;
    odd.info('row', loaded);
    odd.info('trap', new Proxy({ a: 1 }, { ownKeys: refuse }));
    odd.info('revoked', revoked);
    odd.info({ toString: refuse });
    odd.info(Object.create(null));
  };
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: (_store, ctx) => say(ctx.log),
    exec: (_input, ctx) => say(ctx.log),
  });
  const { run, events } = startAndListen(engine, workflowOf(work), newStore());
  assert.equal((await clock.until(run.result)).state, 'Done');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(uncaught, []);
  const once = [
    ['row', { id: 7, total: undefined }],
    ['trap', {}],
    ['revoked', {}],
    ['an object', {}],
    ['an object', {}],
  ];
  assert.deepEqual(
    logger.lines.map(([, message, { cano: _cano, ...fields }]) => [message, fields]),
    [...once, ...once],
  );
  // The reporters read the same events.
  const [row] = events.flatMap((event) => noteLines(event, 'info'));
  assert.equal(paintPlain(row ?? []), ' info  work  row id=7 total=null');
});

test('the level is info unless it is set, is seen by nodes, and can be changed while they run', async () => {
  const logger = keeping();
  const { engine, clock } = inlineEngine({ logger });
  assert.equal(engine.logLevel, 'info');
  const enabled: boolean[] = [];
  const work = node({
    name: 'work',
    outcomes: ['Done'],
    prep: (_store, ctx) => {
      enabled.push(ctx.log.isEnabled('debug'));
      ctx.log.debug('no');
      engine.logLevel = 'debug';
      ctx.log.debug('yes');
    },
    exec: (_input, ctx) => {
      enabled.push(ctx.log.isEnabled('debug'));
      ctx.log.debug('yes');
      engine.logLevel = 'none';
      ctx.log.error('no');
    },
    timeout: '1s',
  });
  const { run, events } = startAndListen(engine, workflowOf(work), newStore());
  await clock.until(run.result);
  assert.deepEqual(
    logger.lines.map(([level, message]) => [level, message]),
    [
      ['debug', 'yes'],
      ['debug', 'yes'],
    ],
  );
  assert.deepEqual(enabled, [false, true]);
  assert.equal(events.filter(({ type }) => type === 'log').length, 2);
  assert.throws(() => (engine.logLevel = 'loud' as never), {
    message: "logLevel must be one of debug, info, warn, error, none, got 'loud'",
  });
  assert.equal(engine.logLevel, 'none');
});

test('a run that fails or times out is an error, one that is cancelled or completes is nothing', async () => {
  const logger = keeping();
  const { engine, clock } = inlineEngine({ logger });
  const failing = node({
    name: 'failing',
    outcomes: ['Done'],
    retry: retry.none(),
    exec: (): void => {
      throw new TypeError('no');
    },
  });
  const waiting = node({ name: 'waiting', outcomes: ['Done'], exec: () => new Promise<void>(() => {}) });
  const { run: failed } = startAndListen(engine, workflowOf(failing), newStore());
  await clock.until(rejection(failed.result, RunFailedError));
  const { run: late } = startAndListen(engine, workflowOf(waiting), newStore(), { timeout: '1s' });
  await clock.until(rejection(late.result, RunTimedOutError));
  const { run: cancelled } = startAndListen(engine, workflowOf(waiting), newStore());
  await clock.flush();
  cancelled.cancel();
  await clock.until(rejection(cancelled.result, RunCancelledError));
  const where = { workflow: 'test', state: 'Work' };
  assert.deepEqual(
    logger.lines.map(([level, message, { cano, error }]) => [level, message, cano, (error as { code: string }).code]),
    [
      [
        'error',
        "run failed: workflow 'test' failed in state 'Work': exec of node 'failing' failed: no",
        { runId: failed.id, ...where },
        'CANO_RUN_FAILED',
      ],
      [
        'error',
        `run timed out: ${logger.lines[1]?.[1].slice('run timed out: '.length) ?? ''}`,
        { runId: late.id, ...where },
        'CANO_RUN_TIMED_OUT',
      ],
    ],
  );
  assert.match(logger.lines[1]?.[1] ?? '', /took longer than 1000 ms/);
});

test('a warning is a line with its code', async () => {
  const logger = keeping();
  const { engine, clock } = inlineEngine({ logger });
  let left = 100_001;
  const loop = node({
    name: 'loop',
    outcomes: ['Work', 'Done'],
    exec: () => (left -= 1),
    post: () => (left > 0 ? 'Work' : 'Done'),
  });
  const { run } = startAndListen(engine, workflowOf(loop), newStore());
  await clock.until(run.result);
  assert.deepEqual(
    logger.lines.map(([level, , { cano }]) => [level, cano]),
    [['warn', { runId: run.id, workflow: 'test', code: 'many_transitions' }]],
  );
});

test('what a logger throws surfaces as an uncaught error and does not touch the run', async (context) => {
  const uncaught = catchUncaught(context);
  const full = new Error('the disk is full');
  const logger: Logger = {
    ...keeping(),
    info: () => {
      throw full;
    },
  };
  const { engine, clock } = inlineEngine({ logger });
  const work = node({ name: 'work', outcomes: ['Done'], exec: (_input, ctx) => ctx.log.info('x') });
  const { run, events } = startAndListen(engine, workflowOf(work), newStore());
  assert.equal((await clock.until(run.result)).state, 'Done');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(uncaught, [full]);
  assert.equal(events.filter(({ type }) => type === 'log').length, 1);
});

test('the methods of a logger are called on it', async () => {
  class Own {
    readonly #lines: string[] = [];
    get lines(): readonly string[] {
      return this.#lines;
    }
    debug(_fields: LogFields, message: string): void {
      this.#lines.push(message);
    }
    info(fields: LogFields, message: string): void {
      this.debug(fields, message);
    }
    warn(fields: LogFields, message: string): void {
      this.debug(fields, message);
    }
    error(fields: LogFields, message: string): void {
      this.debug(fields, message);
    }
  }
  const work = node({ name: 'work', outcomes: ['Done'], exec: (_input, ctx) => ctx.log.info('x') });
  const logger = new Own();
  const { engine, clock } = inlineEngine({ logger });
  await clock.until(startAndListen(engine, workflowOf(work), newStore()).run.result);
  assert.deepEqual(logger.lines, ['x']);
});

test('messageFirst turns a logger around, and calls its methods on it', () => {
  const calls: unknown[] = [];
  const method = (level: string) =>
    function (this: unknown, message: string, fields: LogFields): void {
      assert.equal(this, winston);
      calls.push([level, message, fields]);
    };
  const winston = { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
  const logger = messageFirst(winston);
  const fields = { cano: { runId: 'r' } };
  for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level](fields, 'm');
  assert.deepEqual(
    calls,
    ['debug', 'info', 'warn', 'error'].map((level) => [level, 'm', fields]),
  );
  assert.throws(() => messageFirst({ ...winston, warn: 1 } as never), {
    message: 'messageFirst: the logger must have the methods debug, info, warn, error, and warn of it is no function',
  });
});

const bad: readonly (readonly [given: object, message: string])[] = [
  [{ logger: 'console' }, "createEngine: logger must have the methods debug, info, warn, error, and got 'console'"],
  [{ logger: null }, 'createEngine: logger must have the methods debug, info, warn, error, and got null'],
  [
    { logger: { info: () => {}, error: () => {} } },
    'createEngine: logger must have the methods debug, info, warn, error, and debug, warn of it are no functions',
  ],
  [{ logLevel: 'verbose' }, "createEngine: logLevel must be one of debug, info, warn, error, none, got 'verbose'"],
  [{ logLevel: 30 }, 'createEngine: logLevel must be one of debug, info, warn, error, none, got 30'],
];
for (const [options, message] of bad) {
  test(`createEngine refuses ${JSON.stringify(options)}`, () =>
    assert.throws(
      () => createEngine(options),
      (error: Error) => error instanceof InvalidOptionError && error.message === message,
    ));
}
