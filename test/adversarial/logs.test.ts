/** What nodes log on real threads: live, bounded, with its place, whatever becomes of the thread. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunEvent } from '../../src/core/events.ts';
import {
  batchNodeFor,
  branchFor,
  join,
  MemoryStore,
  retry,
  Workflow,
  type BoundExec,
  type EngineOptions,
  type LogFields,
  type Logger,
} from '../../src/index.ts';
import logging, { type Act, type End } from '../fixtures/execs/logging.ts';
import { failure, launch, unhandled, watchedEngine, within, type Launched, type Watched } from '../support/faults.ts';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines, and tells of each. */
function keeping(onLine: (line: Line) => void = () => {}): Logger & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const method =
    (level: string) =>
    (fields: LogFields, message: string): void => {
      const line = { level, fields, message };
      lines.push(line);
      onLine(line);
    };
  return { lines, debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}

const exec = logging as unknown as BoundExec<Act, unknown, never, never>;
const newFlags = (): Int32Array<SharedArrayBuffer> => new Int32Array(new SharedArrayBuffer(8));
const start = (watched: Watched, act: Act, options?: Parameters<typeof launch>[3]): Launched =>
  launch(watched.engine, exec, act, options);

describe('lines of a thread that computes', () => {
  it('are there before its exec goes on, the last of them too', async () => {
    const flags = newFlags();
    // The exec computes until its last line has come here: without live lines this would never end.
    const logger = keeping(({ message }) => void (message === 'three' && Atomics.store(flags, 0, 1)));
    await using watched = watchedEngine({ threads: 1, logger });
    const { value } = start(watched, { kind: 'spinUntilSeen', lines: ['one', 'two', 'three'], flags });
    assert.equal(await within(value, 'the exec that waits for its lines to be seen'), 'seen');
    assert.deepEqual(
      logger.lines.map(({ message }) => message),
      ['one', 'two', 'three'],
    );
  });

  it('come within the 50 ms also where more of them came than leave at once, when exec waits', async () => {
    const flags = newFlags();
    const logger = keeping(({ message }) => void (message === 'last' && Atomics.store(flags, 0, 1)));
    await using watched = watchedEngine({ threads: 1, logger });
    const { value } = start(watched, { kind: 'waitUntilSeen', lines: ['last'], flags });
    assert.equal(await within(value, 'the exec that waits'), 'seen');
    assert.equal(logger.lines.length, 101);
  });

  it('come from the moment on at which their level is enabled', async () => {
    const logger = keeping(({ level }) => void (level === 'error' && (watched.engine.logLevel = 'debug')));
    await using watched = watchedEngine({ threads: 1, logger, logLevel: 'warn' });
    assert.equal(watched.engine.logLevel, 'warn');
    const { value } = start(watched, { kind: 'spinUntilDebug' });
    assert.equal(await within(value, 'the exec that waits for its level'), 'enabled');
    assert.deepEqual(
      logger.lines.map(({ level, message }) => [level, message]),
      [
        ['error', 'computing'],
        ['debug', 'now'],
      ],
    );
    assert.equal(watched.engine.logLevel, 'debug');
  });
});

describe('levels', () => {
  const all = ['debug', 'info', 'warn', 'error'];
  for (const logLevel of ['debug', 'info', 'warn', 'error', 'none'] as const) {
    it(`${logLevel}: what lies below is not even announced`, async () => {
      const logger = keeping();
      await using watched = watchedEngine({ threads: 1, logger, logLevel });
      const { value, events } = start(watched, { kind: 'levels' });
      const expected = logLevel === 'none' ? [] : all.slice(all.indexOf(logLevel));
      assert.deepEqual(await within(value, 'the exec'), expected);
      assert.deepEqual(
        logger.lines.map(({ level }) => level),
        expected,
      );
      assert.deepEqual(
        events.flatMap((event) => (event.type === 'log' ? [event.level] : [])),
        expected,
      );
    });
  }
});

describe('a flood', () => {
  /** Lines and dropped lines, as events tell them. */
  const accountOf = (events: readonly RunEvent[]): { lines: number; dropped: number } => ({
    lines: events.filter(({ type }) => type === 'log').length,
    dropped: events.reduce((sum, event) => sum + (event.type === 'warning' ? (event.dropped ?? 0) : 0), 0),
  });

  it('of two threads is bounded, and each line is either there or counted as dropped', async () => {
    const LINES = 300_000;
    let most = 0;
    const logger = keeping(() => {
      const until = performance.now() + 0.02;
      while (performance.now() < until);
    });
    await using watched = watchedEngine({ threads: 2, logger });
    const floods = [1, 2].map(() => start(watched, { kind: 'flood', lines: LINES }));
    await within(Promise.all(floods.map(({ value }) => value)), 'the floods');
    for (const { events, run } of floods) {
      const { lines, dropped } = accountOf(events);
      assert.equal(lines + dropped, LINES);
      assert.ok(lines < LINES / 2, `${lines} lines of ${LINES} came through`);
      most += lines;
      const warnings = logger.lines.filter(({ level, fields }) => level === 'warn' && fields.cano.runId === run.id);
      assert.equal(
        warnings.reduce((sum, { fields }) => sum + (fields.cano.dropped ?? 0), 0),
        dropped,
      );
      for (const { fields, message } of warnings) {
        const { dropped: some, ...where } = fields.cano;
        const place = { workflow: 'one', state: 'Work', node: 'work', visit: 1 };
        assert.deepEqual(where, { runId: run.id, ...place, code: 'logs_dropped' });
        assert.equal(message, `${some} log lines of 'work' were dropped: they came faster than they could be handled`);
      }
      // What came is in order, the first lines among it.
      const numbers = events.flatMap((event) => (event.type === 'log' ? [event.fields?.['n'] as number] : []));
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
      assert.equal(numbers[0], 0);
    }
    assert.equal(logger.lines.filter(({ level }) => level === 'info').length, most);
  });

  it('of a batch of short items is bounded and counted too, with few warnings', async () => {
    const ITEMS = 20_000;
    const logger = keeping();
    await using watched = watchedEngine({ threads: 2, logger });
    const node = batchNodeFor<MemoryStore<object>>()({
      name: 'items',
      outcomes: ['Done'],
      prep: () => Array.from({ length: ITEMS }, (): Act => ({ kind: 'flood', lines: 1 })),
      exec: logging,
    });
    const workflow = new Workflow<'Items' | 'Done', MemoryStore<object>>('short', 'Items')
      .registerNode('Items', node)
      .addExitStates('Done');
    const events: RunEvent[] = [];
    const run = watched.engine.start(workflow, new MemoryStore(), { onEvent: (event) => events.push(event) });
    await within(run.result, 'the batch');
    const { lines, dropped } = accountOf(events);
    assert.equal(lines + dropped, ITEMS);
    const warnings = logger.lines.filter(({ level }) => level === 'warn').length;
    const seconds = run.report().wallMs / 1_000;
    assert.ok(warnings <= seconds + 2, `${warnings} warnings in ${seconds} s`);
  });

  it('does not take warnings and errors of the next execution along, and leaves nothing of its own', async () => {
    const logger = keeping();
    await using watched = watchedEngine({ threads: 1, logger });
    await within(start(watched, { kind: 'flood', lines: 100_000 }).value, 'the flood');
    logger.lines.length = 0;
    const next = start(watched, { kind: 'levels' });
    await within(next.value, 'the next');
    // The info line may have come too soon after the flood.
    const { lines, dropped } = accountOf(next.events);
    assert.equal(lines + dropped, 3);
    assert.ok(
      logger.lines.every(({ fields }) => fields.cano.runId === next.run.id),
      'a line of the flood',
    );
    const messages = logger.lines.map(({ message }) => message);
    assert.ok(messages.includes('w') && messages.includes('e'), messages.join(', '));
  });
});

describe('notes of an execution come before its end', () => {
  const LINES = 20;
  const ends: readonly (readonly [end: End, outcome: string, code: string | undefined])[] = [
    ['return', 'ok', undefined],
    ['throw', 'error', 'E_CODED'],
    ['exit', 'crash', 'CANO_THREAD_DIED'],
    ['lateThrow', 'crash', 'CANO_THREAD_DIED'],
    ['spin', 'timeout', 'CANO_TIMEOUT'],
    ['obey', 'timeout', 'CANO_TIMEOUT'],
    ['heap', 'crash', 'CANO_THREAD_DIED'],
  ];
  for (const [end, outcome, code] of ends) {
    it(`and none of the lines is lost: ${end}`, async () => {
      const logger = keeping();
      const resourceLimits = end === 'heap' ? { maxOldGenerationSizeMb: 32 } : {};
      await using watched = watchedEngine({ threads: 1, logger, resourceLimits });
      const timeout = outcome === 'timeout' ? '300ms' : '20s';
      const ended = start(watched, { kind: 'logAndEnd', lines: LINES, end }, { timeout });
      if (code === undefined) assert.equal(await within(ended.value, end), 'returned');
      else assert.equal((await failure(ended)).code, code);
      const types = ended.events.map(({ type }) => type);
      const finished = ended.events.find((event) => event.type === 'exec.finished');
      assert.equal(finished?.outcome, outcome);
      assert.ok(types.lastIndexOf('log') < types.indexOf('exec.finished'), types.join(' '));
      assert.deepEqual(
        logger.lines.filter(({ level }) => level === 'info').map(({ message }) => message),
        Array.from({ length: LINES }, (_value, n) => `line ${n}`),
      );
      // A thread that is terminated has no last words: progress and counters of its last 50 ms go with it.
      if (end === 'spin' || end === 'heap') return;
      assert.ok(
        types.includes('progress') && types.lastIndexOf('progress') < types.indexOf('exec.finished'),
        'progress',
      );
      const sum = ended.events.reduce((all, event) => all + (event.type === 'counter' ? event.add : 0), 0);
      assert.equal(sum, LINES);
      assert.ok(types.lastIndexOf('counter') < types.indexOf('exec.finished'), 'counter');
    });
  }
});

describe('fields', () => {
  it('that cannot be cloned are described, errors keep name, code and cause', async () => {
    const logger = keeping();
    await using watched = watchedEngine({ threads: 1, logger });
    assert.equal(await within(start(watched, { kind: 'strange' }).value, 'the exec'), 'logged');
    const said = logger.lines.map(({ message, fields }): { message: string; own: Record<string, unknown> } => {
      const { cano, ...own } = fields;
      assert.equal(cano.node, 'work');
      return { message, own };
    });
    const [functions, errors, bare, symbol, getter, nested] = said;
    assert.deepEqual(functions, {
      message: 'functions',
      own: { fn: 'the function fn', fine: 2, weak: 'an instance of WeakMap' },
    });
    const err = errors?.own['err'] as Error & { code: string };
    assert.ok(err instanceof Error, 'the field is no error');
    assert.deepEqual([err.name, err.message, err.code, errors?.own['n']], ['CodedError', 'no', 'E_CODED', 1]);
    assert.ok(err.cause instanceof RangeError, 'the cause is lost');
    assert.match(err.stack ?? '', /logging\.ts/);
    const bareError = bare?.own['err'] as Error & { code: string };
    assert.deepEqual([bareError.message, bareError.code], ['bare', 'E_CODED']);
    assert.deepEqual(symbol, { message: 'Symbol(said)', own: { value: [1, 2] } });
    assert.deepEqual(getter, { message: 'getter', own: { boom: undefined } });
    const { error } = (nested?.own ?? {})['result'] as { error: Error & { code: string } };
    assert.deepEqual([error.name, error.message, error.code], ['CodedError', 'inside', 'E_CODED']);
    assert.ok(error.cause instanceof RangeError, 'the cause is lost');
    assert.deepEqual(nested?.own['opts'], { retries: 3, onDone: 'the function onDone' });
  });

  it('say where the line comes from: item, attempt, branch, thread', async () => {
    const logger = keeping();
    await using watched = watchedEngine({ threads: 2, logger });
    type S = MemoryStore<object>;
    const typed = logging as unknown as BoundExec<Act, unknown>;
    const again = retry.fixed({ retries: 1, delay: 0 });
    const once = (): Act => ({ kind: 'once' });
    const workflow = new Workflow<'Items' | 'Split' | 'Done', S>('places', 'Items')
      .registerNode(
        'Items',
        batchNodeFor<S>()({
          name: 'items',
          outcomes: ['Split'],
          prep: (_store, ctx) => (ctx.log.info('prep'), [once(), once()]),
          exec: typed,
          post: (_store, _results, ctx) => (ctx.log.warn('post'), 'Split'),
          retry: again,
        }),
      )
      .registerSplit('Split', {
        branches: { left: branchFor<S>()({ prep: once, exec: typed, retry: again }) },
        join: join.all(),
        outcomes: 'Done',
        post: () => 'Done',
      })
      .addExitStates('Done');
    const { runId } = await within(watched.engine.start(workflow, new MemoryStore()).result, 'the run');
    const tries = (state: string, node: string, visit: number, more: object) =>
      [1, 2].map((attempt) => Object.assign({ runId, workflow: 'places', state, node, visit, attempt }, more));
    /** Where the lines of a phase say they come from, and the attempt that the node itself saw. */
    const placesOf = (wanted: string, state: string, item?: number) =>
      logger.lines
        .filter(({ message, fields: { cano } }) => message === wanted && cano.state === state && cano.item === item)
        .map(({ fields: { cano, mine } }) => ({ cano, mine }));
    const onMain = tries('Items', 'items', 1, {})[0];
    assert.deepEqual(placesOf('prep', 'Items'), [{ cano: onMain, mine: undefined }]);
    assert.deepEqual(placesOf('post', 'Items'), [{ cano: onMain, mine: undefined }]);
    const onThreads = [
      { places: placesOf('trying', 'Items', 0), expected: tries('Items', 'items', 1, { item: 0 }) },
      { places: placesOf('trying', 'Items', 1), expected: tries('Items', 'items', 1, { item: 1 }) },
      { places: placesOf('trying', 'Split'), expected: tries('Split', 'left', 2, { branch: 'left' }) },
    ];
    for (const { places, expected } of onThreads) {
      const [first, second] = places.map(({ cano: { thread, ...rest } }) => {
        assert.ok(thread === 0 || thread === 1, `thread ${thread}`);
        return rest;
      });
      assert.deepEqual([first, second], expected);
      assert.deepEqual(
        places.map(({ mine }) => mine),
        [1, 2],
      );
    }
  });
});

describe('what the engine has to say itself', () => {
  const lines = async (act: Act, options: EngineOptions = {}): Promise<Line[]> => {
    const logger = keeping();
    await using watched = watchedEngine({ threads: 1, logger, ...options });
    await failure(start(watched, act, { timeout: '100ms' }));
    return logger.lines;
  };

  it('is that a thread died of its exec, and that the run failed', async () => {
    const [died, failed, ...more] = await lines({ kind: 'logAndEnd', lines: 0, end: 'exit' });
    assert.deepEqual([died?.level, died?.fields], ['warn', { reason: 'exit', cano: { engine: 'default', thread: 0 } }]);
    assert.match(died?.message ?? '', /^thread 0 died \(exit\): /);
    assert.equal(failed?.level, 'error');
    assert.match(
      failed?.message ?? '',
      /^run failed: workflow 'one' failed in state 'Work': exec of node 'work' failed: /,
    );
    assert.deepEqual(Object.keys(failed?.fields.cano ?? {}), ['runId', 'workflow', 'state']);
    assert.equal((failed?.fields['error'] as { code?: string } | undefined)?.code, 'CANO_RUN_FAILED');
    assert.deepEqual(more, []);
  });

  it('is not that a thread was terminated on purpose', async () => {
    const said = await lines({ kind: 'logAndEnd', lines: 0, end: 'spin' });
    assert.deepEqual(
      said.map(({ level }) => level),
      ['error'],
    );
  });

  it('is bound to the level too', async () => {
    assert.deepEqual(await lines({ kind: 'logAndEnd', lines: 1, end: 'exit' }, { logLevel: 'none' }), []);
  });
});

it('nothing went unhandled', () => {
  assert.deepEqual(unhandled, []);
});
