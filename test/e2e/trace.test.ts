/** Recordings of real engines: whatever happens in them, the trace keeps the rules of its format and tells the truth. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  batchNodeFor,
  branchFor,
  createEngine,
  join,
  MemoryStore,
  nodeFor,
  retry,
  RunCancelledError,
  RunFailedError,
  Workflow,
  type Engine,
  type RunEvent,
  type Trace,
} from '../../src/index.ts';
import { obedient, spin } from '../fixtures/engine/execs.ts';
import { act, type Act } from '../fixtures/execs/acts.ts';
import { parseTrace, violationsOf, type AnyTraceEvent, type TraceDocument } from '../support/trace-format.ts';
import { rejection } from '../unit/orchestrator/harness.ts';

interface Schema {
  items: { n: number; ms?: number; fails?: number }[];
  out: unknown;
}
type Store = MemoryStore<Schema>;
const node = nodeFor<Store>();
const batchNode = batchNodeFor<Store>();
const branch = branchFor<Store>();

const folder = mkdtempSync(joinPath(tmpdir(), 'cano-trace-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The document, sound as a trace. */
function soundOf(trace: Trace): TraceDocument {
  const document = parseTrace([...trace.text()].join(''));
  assert.deepEqual(violationsOf(document).slice(0, 5), []);
  assert.equal(document.otherData['overlappingExecutions'], undefined);
  return document;
}

const slices = ({ traceEvents }: TraceDocument): AnyTraceEvent[] =>
  traceEvents.filter(({ ph, cat }) => ph === 'X' && cat === 'exec');
const named = ({ traceEvents }: TraceDocument, ph: string, name: string): AnyTraceEvent[] =>
  traceEvents.filter((event) => event.ph === ph && event.name === name);

const many = batchNode({
  name: 'many',
  outcomes: ['Enrich'],
  prep: (store) => store.get('items'),
  exec: spin,
  post: () => 'Enrich',
  retry: retry.fixed({ retries: 2, delay: 2 }),
});

/** A batch with retries, a sub-workflow, a split with losers, a node that fails and is routed, one on the main thread. */
const mixed = new Workflow<'Many' | 'Enrich' | 'Race' | 'Stumble' | 'Wait' | 'Done' | 'Never', Store>('mixed', 'Many')
  .registerNode('Many', many)
  .registerWorkflow(
    'Enrich',
    new Workflow<'Load' | 'Sum' | 'Out', Store>('child', 'Load')
      .registerNode(
        'Load',
        node({
          name: 'load',
          outcomes: ['Sum'],
          prep: () => ({ n: 1, ms: 2, fails: 1 }),
          exec: spin,
          retry: retry.fixed({ retries: 1, delay: 3 }),
        }),
      )
      .registerNode('Sum', node({ name: 'sum', outcomes: ['Out'], exec: () => 1 }))
      .addExitStates('Out'),
    { store: (store) => store, routes: { Out: 'Race' } },
  )
  .registerSplit('Race', {
    branches: {
      quick: branch({ prep: () => ({ n: 1, ms: 1 }), exec: spin }),
      slow: branch({ prep: () => 1, exec: obedient }),
      main: branch({ exec: async () => new Promise((resolve) => setTimeout(resolve, 50)) }),
    },
    join: join.any(),
    outcomes: 'Stumble',
    post: () => 'Stumble',
  })
  .registerNode(
    'Stumble',
    node({
      name: 'stumble',
      outcomes: ['Never'],
      exec: () => {
        throw new RangeError('no');
      },
      retry: retry.fixed({ retries: 1, delay: 1 }),
    }),
    undefined,
    { onFailure: 'Wait' },
  )
  .registerNode(
    'Wait',
    node({ name: 'wait', outcomes: ['Done'], exec: async () => new Promise((resolve) => setImmediate(resolve)) }),
  )
  .addExitStates('Done', 'Never');

const newStore = (count: number, fails = 0): Store =>
  new MemoryStore<Schema>({
    items: Array.from({ length: count }, (_value, n) => ({ n, ms: 0.2, fails: n % 10 === 9 ? fails : 0 })),
  });

describe('engine.trace()', () => {
  it('draws batches, retries, splits, sub-workflows and failures', async () => {
    await using engine = createEngine({ threads: 2, grace: 100, name: 'bakery' });
    using trace = engine.trace();
    const events: RunEvent[] = [];
    const runs = [1, 2, 3].map(() => engine.start(mixed, newStore(60, 1), { onEvent: (event) => events.push(event) }));
    for (const { result } of runs) assert.equal((await result).state, 'Done');
    const document = soundOf(trace);

    // Every execution that started on a thread has its slice there, and no other.
    const onThreads = events.filter(
      (event) => event.type === 'exec.finished' && event.thread !== undefined && event.endedAt > event.startedAt,
    );
    assert.equal(slices(document).length, onThreads.length);
    const failed = slices(document).filter(({ args }) => args?.['outcome'] === 'error');
    assert.equal(failed.length, 3 * 7);
    assert.ok(
      failed.every(({ args }) => args?.['error'] === 'Error'),
      'failed ones name the class of their error',
    );

    const begun = document.traceEvents.filter(({ ph, cat }) => ph === 'b' && cat === 'run');
    assert.deepEqual(
      begun.filter(({ name }) => name === 'run mixed').map(({ args }) => [args?.['run'], args?.['status']]),
      runs.map(({ id }) => [id, 'completed']),
    );
    // The states of the sub-workflow lie in the state that holds it.
    const ofOne = document.traceEvents.filter(
      ({ id2, cat, name }) => id2?.local === runs[0]?.id && cat === 'run' && /^[A-Z]/.test(name),
    );
    assert.equal(
      ofOne.map(({ ph, name }) => `${ph} ${name}`).join(', '),
      'b Many, e Many, b Enrich, b Enrich/Load, e Enrich/Load, b Enrich/Sum, e Enrich/Sum, e Enrich, ' +
        'b Race, e Race, b Stumble, e Stumble, b Wait, e Wait',
    );
    const stumble = begun.find(({ name }) => name === 'Stumble');
    assert.deepEqual([stumble?.args?.['failed'], stumble?.args?.['to']], [true, 'Wait']);
    // 6 items, load and stumble, each once.
    assert.equal(named(document, 'n', 'retry').length, 3 * 8);
    assert.equal(named(document, 'b', 'back-off').length, 3 * 8);
    assert.equal(named(document, 'n', 'join won').length, 3);
    assert.equal(named(document, 'n', 'branch slow cancelled').length, 3);
    assert.ok(named(document, 's', 'dispatch').length > 6, 'executions are sent off');
    assert.equal(named(document, 'i', 'thread started').length, 2);
    const most = Math.max(...named(document, 'C', 'busy').map(({ args }) => Number(args?.['threads'])));
    assert.equal(most, 2);
    assert.ok(
      named(document, 'C', 'queue').some(({ args }) => Number(args?.['executions']) > 0),
      'some waited',
    );
    assert.deepEqual(
      named(document, 'M', 'process_name').map(({ args }) => args?.['name']),
      ['cano bakery'],
    );
    assert.deepEqual(
      named(document, 'M', 'thread_name').map(({ args }) => args?.['name']),
      ['main thread', 'thread 0', 'thread 1'],
    );
  });

  it('takes its times from the events', async () => {
    await using engine = createEngine({ threads: 1 });
    using trace = engine.trace();
    const from = performance.now();
    const events: RunEvent[] = [];
    const work = new Workflow<'Load' | 'Done', Store>('timed', 'Load')
      .registerNode('Load', node({ name: 'load', outcomes: ['Done'], prep: () => ({ n: 1, ms: 5 }), exec: spin }))
      .addExitStates('Done');
    await engine.start(work, newStore(0), { onEvent: (event) => events.push(event) }).result;
    const document = soundOf(trace);
    const event = events.find((each) => each.type === 'exec.finished');
    const [slice] = slices(document);
    assert.ok(event?.type === 'exec.finished' && slice !== undefined, 'there is one execution');
    // The recording began before `from`, by less than all else took.
    const offset = slice.ts - (event.startedAt - from) * 1_000;
    assert.ok(offset >= 0, `${offset}`);
    assert.ok(Math.abs(slice.dur - (event.endedAt - event.startedAt) * 1_000) <= 0.25, `${slice.dur}`);
    const arrow = named(document, 'f', 'dispatch')[0];
    assert.equal(arrow?.ts, slice.ts);
    const start = named(document, 's', 'dispatch')[0];
    assert.ok(Math.abs((start?.ts ?? 0) - offset - (event.postedAt - from) * 1_000) <= 0.25, `${start?.ts}`);
    const entered = events.find((each) => each.type === 'state.entered');
    const visit = named(document, 'b', 'Load')[0];
    assert.ok(Math.abs((visit?.ts ?? 0) - offset - ((entered?.at ?? 0) - from) * 1_000) <= 0.25, `${visit?.ts}`);
    assert.equal(slice.args?.['bytesIn'], event.bytesIn);
    // In the visit: the way to the thread, and exec.
    const names = document.traceEvents.filter(({ ph, cat }) => ph === 'b' && cat === 'run').map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => name !== 'queue' && name !== 'prep' && name !== 'post'),
      ['run timed', 'Load', 'to thread', 'exec'],
    );
  });

  it('draws a run that fails, one that is cancelled, and what they had waiting', async () => {
    await using engine = createEngine({ threads: 1, grace: 100 });
    using trace = engine.trace();
    const spins = (name: string): Workflow<'Work' | 'Done', Store, never, 'Done'> =>
      new Workflow<'Work' | 'Done', Store>(name, 'Work')
        .registerNode('Work', node({ name: 'obey', outcomes: ['Done'], prep: () => 1, exec: obedient }))
        .addExitStates('Done');
    let tell = (): void => {};
    const isBusy = new Promise<void>((resolve) => (tell = resolve));
    const busy = engine.start(spins('busy'), newStore(0), {
      onEvent: ({ type }) => {
        if (type === 'progress') tell();
      },
    });
    await isBusy;
    // The only thread is taken: this one waits in the queue.
    const waiting = engine.start(spins('waiting'), newStore(0));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(engine.stats().queued, 1);
    const open = soundOf(trace);
    const [live] = slices(open);
    assert.deepEqual([live?.args?.['open'], live?.args?.['run']], [true, busy.id]);
    assert.equal(
      open.traceEvents.filter(({ args }) => args?.['open'] === true && args['workflow'] !== undefined).length,
      2,
    );

    waiting.cancel();
    await rejection(waiting.result, RunCancelledError);
    busy.cancel();
    await rejection(busy.result, RunCancelledError);
    const failing = new Workflow<'Work' | 'Done', Store>('failing', 'Work')
      .registerNode(
        'Work',
        node({ name: 'fail', outcomes: ['Done'], prep: () => ({ n: 0, fails: 9 }), exec: spin, retry: retry.none() }),
      )
      .addExitStates('Done');
    await rejection(engine.start(failing, newStore(0)).result, RunFailedError);

    const document = soundOf(trace);
    const runs = document.traceEvents.filter(({ ph, name }) => ph === 'b' && name.startsWith('run '));
    assert.deepEqual(
      runs.map(({ name, args }) => [name, args?.['status'], args?.['open']]),
      [
        ['run busy', 'cancelled', undefined],
        ['run waiting', 'cancelled', undefined],
        ['run failing', 'failed', undefined],
      ],
    );
    assert.equal(runs.at(-1)?.args?.['error'], 'RunFailedError');
    // The one that waited never got to the thread.
    assert.deepEqual(
      slices(document).map(({ name, args }) => [name, args?.['outcome']]),
      [
        ['obey', 'cancelled'],
        ['fail', 'error'],
      ],
    );
    const wait = named(document, 'b', 'queue').find(({ id2 }) => id2?.local === waiting.id);
    assert.ok(wait !== undefined, 'the wait of the cancelled run is drawn in it');
  });

  it('draws threads that die, and what is repeated elsewhere', async () => {
    await using engine = createEngine({ threads: 2 });
    using trace = engine.trace();
    const acts = batchNode({
      name: 'acts',
      outcomes: ['Done'],
      prep: (): Act[] =>
        Array.from({ length: 40 }, (_value, id): Act =>
          id % 20 === 10 ? { kind: 'exit' } : { kind: 'value', value: id },
        ),
      exec: act as never,
      onItemError: 'collect',
      retry: retry.none(),
      post: () => 'Done',
    });
    const workflow = new Workflow<'Work' | 'Done', Store>('deaths', 'Work')
      .registerNode('Work', acts as never)
      .addExitStates('Done');
    await engine.start(workflow as never, newStore(0) as never).result;
    const document = soundOf(trace);
    assert.equal(slices(document).filter(({ args }) => args?.['outcome'] === 'crash').length, 2);
    assert.equal(named(document, 'i', 'thread exited').filter(({ args }) => args?.['reason'] === 'exit').length, 2);
  });

  it('keeps the last events in a memory that is full, without loose ends', async () => {
    await using engine = createEngine({ threads: 2, grace: 100 });
    const all = engine.trace();
    const traces = [1, 2, 3, 7, 20, 50, 100, 150, 200, 400].map((capacity) => engine.trace({ capacity }));
    await Promise.all([1, 2].map(async () => engine.start(mixed, newStore(100, 1)).result));
    const whole = soundOf(all);
    const known = new Set(
      slices(whole).map((event) => `${event.name} ${String(event.args?.['run'])} ${String(event.args?.['item'])}`),
    );
    let droppedBefore = Infinity;
    for (const trace of traces) {
      const document = soundOf(trace);
      const { recordedEvents, droppedEvents } = document.otherData;
      assert.equal(Number(recordedEvents) + Number(droppedEvents), Number(whole.otherData['recordedEvents']));
      assert.ok(Number(droppedEvents) <= droppedBefore, 'a larger memory keeps as much');
      droppedBefore = Number(droppedEvents);
      for (const event of slices(document))
        assert.ok(
          known.has(`${event.name} ${String(event.args?.['run'])} ${String(event.args?.['item'])}`),
          event.name,
        );
    }
  });

  it('begins in the middle of a run, and ends there', async () => {
    await using engine = createEngine({ threads: 2, grace: 100 });
    let early: TraceDocument | undefined;
    let trace: Trace | undefined;
    const run = engine.start(mixed, newStore(60, 1), {
      onEvent: ({ type }) => {
        if (type === 'batch.sized') trace = engine.trace();
        if (type === 'join.decided' && trace !== undefined) {
          early = soundOf(trace);
          trace.stop();
        }
      },
    });
    await run.result;
    assert.ok(trace !== undefined && early !== undefined, 'it was traced');
    const document = soundOf(trace);
    assert.equal(named(document, 'b', 'run mixed')[0]?.args?.['clipped'], true);
    assert.equal(named(document, 'b', 'run mixed')[0]?.args?.['open'], true);
    assert.equal(named(document, 'b', 'Many')[0]?.args?.['clipped'], true);
    assert.equal(named(document, 'b', 'Many')[0]?.ts, 0);
    assert.equal(named(document, 'b', 'Wait').length, 0);
    // Stopped: nothing changes any more.
    assert.deepEqual([...trace.text()], [...trace.text()]);
  });

  it('shows a run in which nothing happens meanwhile, and runs that have one id after each other', async () => {
    await using engine = createEngine({ threads: 1 });
    let end = (): void => {};
    const waiting = node({
      name: 'waiting',
      outcomes: ['Done'],
      exec: async () => new Promise<void>((resolve) => (end = resolve)),
    });
    const workflow = new Workflow<'Work' | 'Done', Store>('quiet', 'Work')
      .registerNode('Work', waiting)
      .addExitStates('Done');
    const first = engine.start(workflow, newStore(0), { runId: 'order-17' });
    await new Promise((resolve) => setImmediate(resolve));
    using all = engine.trace();
    const part = engine.trace();
    part.stop();
    end();
    await first.result;
    const second = engine.start(workflow, newStore(0), { runId: 'order-17' });
    await new Promise((resolve) => setImmediate(resolve));
    second.cancel();
    await rejection(second.result, RunCancelledError);
    const runs = (trace: Trace): unknown[] =>
      named(soundOf(trace), 'b', 'run quiet').map(({ args }) => [args?.['run'], args?.['status'], args?.['clipped']]);
    assert.deepEqual(runs(part), [['order-17', undefined, true]]);
    assert.equal(named(soundOf(part), 'b', 'Work').length, 1);
    assert.deepEqual(runs(all), [
      ['order-17', 'completed', true],
      ['order-17', 'cancelled', undefined],
    ]);
  });

  it('is of its engine only', async () => {
    await using first = createEngine({ threads: 1, name: 'first' });
    await using second = createEngine({ threads: 1, name: 'second', inline: true });
    const [one, two] = [first.trace(), second.trace()];
    const runs = [first.start(mixed, newStore(5)), second.start(mixed, newStore(5))];
    await Promise.all(runs.map(async ({ result }) => result));
    for (const [at, trace] of [one, two].entries()) {
      const document = soundOf(trace);
      assert.deepEqual(
        named(document, 'b', 'run mixed').map(({ id2 }) => id2?.local),
        [runs[at]?.id],
      );
    }
    // Without threads everything is asynchronous: nothing of it has a lane.
    assert.equal(slices(soundOf(two)).length, 0);
    assert.equal(named(soundOf(two), 'b', 'many').length, 5);
  });

  it('refuses a capacity that it cannot have', () => {
    const engine: Engine = createEngine({ inline: true });
    for (const capacity of [0, -1, 1.5, Number.NaN, 1e9, '5' as never]) {
      assert.throws(() => engine.trace({ capacity }), {
        code: 'CANO_INVALID_OPTION',
        message: /capacity must be an integer from 1 to 10000000, got/,
      });
    }
  });
});

describe('trace.write()', () => {
  it('writes a file, compressed when its name says so', async () => {
    await using engine = createEngine({ threads: 1, grace: 100 });
    using trace = engine.trace();
    await engine.start(mixed, newStore(20)).result;
    trace.stop();
    const [plain, packed] = [joinPath(folder, 'plain.json'), joinPath(folder, 'packed.json.gz')];
    // An older one is replaced.
    writeFileSync(plain, 'old');
    const written = await trace.write(plain);
    const alsoWritten = await trace.write(packed);
    const [text, bytes] = [readFileSync(plain), readFileSync(packed)];
    assert.deepEqual(parseTrace(bytes), parseTrace(text));
    assert.deepEqual([bytes[0], bytes[1]], [0x1f, 0x8b]);
    assert.deepEqual(written, {
      path: plain,
      bytes: text.length,
      events: parseTrace(text).traceEvents.length,
      dropped: 0,
    });
    assert.ok(alsoWritten.bytes < written.bytes / 3, `${alsoWritten.bytes} of ${written.bytes}`);
    assert.equal([...trace.text()].join(''), text.toString());
    assert.deepEqual(readdirSync(folder).toSorted(), ['packed.json.gz', 'plain.json']);
  });

  it('replaces no pipe and no device', { skip: process.platform === 'win32' }, async () => {
    const trace = createEngine({ inline: true }).trace();
    const pipe = joinPath(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    await assert.rejects(trace.write(pipe), {
      code: 'CANO_TRACE_NOT_WRITTEN',
      message: `the trace cannot be written to '${pipe}': it is no regular file`,
    });
    assert.ok(statSync(pipe).isFIFO(), 'the pipe is there still');
    rmSync(pipe);
  });

  it('leaves nothing behind when it cannot', async () => {
    const trace = createEngine({ inline: true }).trace();
    const taken = joinPath(folder, 'taken');
    mkdirSync(taken);
    for (const path of [joinPath(folder, 'nowhere', 'a.json'), taken]) {
      await assert.rejects(trace.write(path), {
        code: 'CANO_TRACE_NOT_WRITTEN',
        message: new RegExp(`written to '${path}': E`),
      });
    }
    await assert.rejects(trace.write(''), { code: 'CANO_INVALID_OPTION' });
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });
});
