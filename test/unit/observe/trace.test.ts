/** Traces of events that no engine has sent: what falls out of the memory, what never ends, and what a bad exporter would do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EngineEvent, RunEvent, RunEventBody, RunStatus } from '../../../src/core/events.ts';
import { startTrace, type Trace, type TraceOptions } from '../../../src/observe/trace/trace.ts';
import { summaryOf } from '../../../src/observe/trace/summary.ts';
import { parseTrace, violationsOf, type AnyTraceEvent, type TraceDocument } from '../../support/trace-format.ts';
import { seededRandom } from '../../support/fake-clock.ts';

/** An engine that says what it is told to say, at times that the test sets. */
class Speaker {
  at = 1_000;
  readonly trace: Trace;
  /** What is under way, where a test says so. */
  runs: { id: string; definition: { name: string }; status: RunStatus; state: string }[] = [];
  #listener: (event: RunEvent | EngineEvent) => void = () => {};

  constructor(options: TraceOptions = {}, live: readonly { thread: number; execution: never }[] = []) {
    this.trace = startTrace(
      {
        name: 'default',
        threads: 2,
        clock: { now: () => this.at, wallNow: () => 0 },
        listen: (listener) => {
          this.#listener = listener;
          return () => (this.#listener = () => {});
        },
        stats: () => ({ threads: live }),
        runs: () => this.runs,
      },
      options,
    );
  }

  say(body: RunEventBody, runId = '018f0000-0000-7000-8000-000000000001', workflow = 'corpus'): void {
    this.#listener({ v: 1, seq: 1, at: this.at, runId, workflow, version: 1, ...body });
  }

  start(runId?: string): void {
    this.say({ type: 'run.started', state: 'A', wallTime: 0 }, runId);
  }

  enter(state: string, visit: number, runId?: string, kind: 'node' | 'batch' | 'split' | 'workflow' = 'node'): void {
    this.say({ type: 'state.entered', state, node: state.toLowerCase(), visit, kind }, runId);
  }

  leave(state: string, visit: number, to: string, runId?: string): void {
    const place = { state, node: state.toLowerCase(), visit };
    this.say({ type: 'transition', ...place, outcome: to, to, failed: false, prepMs: 0, postMs: 0 }, runId);
  }

  /** An execution that ended now. */
  exec(
    state: string,
    visit: number,
    ms: number,
    more: Partial<Extract<RunEventBody, { type: 'exec.finished' }>> = {},
    runId?: string,
  ): void {
    const startedAt = this.at - ms;
    this.say(
      {
        type: 'exec.finished',
        state,
        node: state.toLowerCase(),
        visit,
        attempt: 1,
        outcome: 'ok',
        queuedAt: startedAt,
        postedAt: startedAt,
        startedAt,
        endedAt: this.at,
        receivedAt: this.at,
        waitMs: 0,
        together: 1,
        cloneMs: 0,
        bytesIn: 0,
        bytesOut: 0,
        ...more,
      },
      runId,
    );
  }

  finish(runId?: string): void {
    this.say({ type: 'run.finished', status: 'completed', state: 'Done', report: {} as never }, runId);
  }

  /** The trace, which must be sound. */
  sound(): TraceDocument {
    const document = parseTrace([...this.trace.text()].join(''));
    assert.deepEqual(violationsOf(document).slice(0, 3), []);
    return document;
  }
}

const brief = ({ traceEvents }: TraceDocument, cat = 'run'): string[] =>
  traceEvents
    .filter((event) => event.cat === cat)
    .map(({ ph, name, ts, dur }) => `${ph} ${name} ${ts}${dur === undefined ? '' : `+${dur}`}`);

describe('a trace', () => {
  it('keeps what it is told, number by number', () => {
    const speaker = new Speaker();
    speaker.start('not-a-uuid');
    speaker.at += 1;
    speaker.enter('A', 7, 'not-a-uuid');
    speaker.at += 9;
    speaker.exec(
      'A',
      7,
      2.5,
      {
        thread: 1,
        attempt: 3,
        outcome: 'error',
        error: { name: 'RangeError', message: 'secret' },
        queuedAt: 1_002,
        postedAt: 1_004,
        receivedAt: 1_010.25,
        cloneMs: 0.125,
        bytesIn: 5e9,
        bytesOut: 123_456_789_012,
      },
      'not-a-uuid',
    );
    speaker.at += 1;
    speaker.leave('A', 7, 'Done', 'not-a-uuid');
    speaker.finish('not-a-uuid');
    const document = speaker.sound();
    assert.deepEqual(brief(document), [
      'b run corpus 0',
      'b A 1000',
      'b queue 2000',
      'e queue 4000',
      'b to thread 4000',
      'e to thread 7500',
      'b exec 7500',
      'e exec 10000',
      'e A 11000',
      'e run corpus 11000',
    ]);
    assert.deepEqual(brief(document, 'dispatch'), ['X dispatch 4000+126', 's dispatch 4000', 'f dispatch 7500']);
    assert.deepEqual(brief(document, 'exec'), ['X a 7500+2500']);
    assert.deepEqual(document.traceEvents.find(({ cat }) => cat === 'exec')?.args, {
      run: 'not-a-uuid',
      state: 'A',
      node: 'a',
      attempt: 3,
      outcome: 'error',
      error: 'RangeError',
      queuedMs: 5.5,
      cloneMs: 0.125,
      returnMs: 0.25,
      bytesIn: 5e9,
      bytesOut: 123_456_789_012,
    });
    // Messages may tell anything.
    assert.ok(!JSON.stringify(document).includes('secret'), 'no message of an error');
  });

  it('counts who waits and who is busy', () => {
    const speaker = new Speaker();
    speaker.start();
    speaker.enter('A', 1, undefined, 'batch');
    speaker.at = 1_010;
    for (const [item, queued, posted, started, ended] of [
      [0, 0, 1, 2, 5],
      [1, 0, 3, 4, 6],
      [2, 0, 3, 5, 8],
    ] as const) {
      const times = {
        queuedAt: 1_000 + queued,
        postedAt: 1_000 + posted,
        startedAt: 1_000 + started,
        endedAt: 1_000 + ended,
      };
      speaker.exec('A', 1, 0, { ...times, item, thread: item % 2 });
    }
    const of = (name: string): unknown[] =>
      speaker
        .sound()
        .traceEvents.filter((event) => event.ph === 'C' && event.name === name)
        .map(({ ts, args }) => [ts, Object.values(args ?? {})[0]]);
    // Items 1 and 2 went to different threads: two executions, though posted at once.
    assert.deepEqual(of('queue'), [
      [0, 3],
      [1_000, 2],
      [3_000, 0],
    ]);
    assert.deepEqual(of('busy'), [
      [0, 0],
      [2_000, 1],
      [4_000, 2],
      [6_000, 1],
      [8_000, 0],
    ]);
  });

  it('draws very many steps of a counter as means', () => {
    const speaker = new Speaker();
    speaker.start();
    speaker.enter('A', 1, undefined, 'batch');
    // Busy for half of the time, 10,000 times.
    for (let item = 0; item < 10_000; item += 1) {
      speaker.at += 1;
      speaker.exec('A', 1, 0.5, { item, thread: 0 });
    }
    const busy = speaker.sound().traceEvents.filter(({ ph, name }) => ph === 'C' && name === 'busy');
    assert.equal(busy.length, 4_000);
    const mean = busy.reduce((sum, { args }) => sum + Number(args?.['threads']), 0) / busy.length;
    assert.ok(Math.abs(mean - 0.5) < 0.01, `${mean}`);
  });

  it('lets a visit that the memory has lost begin with it', () => {
    // One cell for each event but the executions, which take two.
    const speaker = new Speaker({ capacity: 4 });
    speaker.start();
    speaker.enter('A', 1);
    speaker.leave('A', 1, 'B');
    speaker.at = 1_010;
    speaker.enter('B', 2, undefined, 'batch');
    for (const item of [0, 1, 2]) {
      speaker.at += 10;
      speaker.exec('B', 2, 5, { item, thread: 0 });
    }
    const document = speaker.sound();
    assert.equal(document.otherData['droppedEvents'], 5);
    assert.deepEqual(brief(document), ['b run corpus 30000', 'b B 30000', 'e B 40000', 'e run corpus 40000']);
    assert.deepEqual(brief(document, 'exec'), ['X b 25000+5000', 'X b 35000+5000']);
    // It is in B still; had it entered another state since, nothing would be known of B's end.
    speaker.at += 10;
    speaker.enter('C', 3);
    assert.deepEqual(brief(speaker.sound()), ['b run corpus 40000', 'b C 50000', 'e C 50000', 'e run corpus 50000']);
  });

  it('shows what a thread executes while it is written', () => {
    const execution = { runId: 'r', state: 'A', node: 'a', item: 4, runningMs: 3 } as never;
    const speaker = new Speaker({}, [{ thread: 1, execution }]);
    speaker.at += 10;
    const slice = speaker.sound().traceEvents.find(({ ph }) => ph === 'X');
    assert.deepEqual(
      [slice?.name, slice?.tid, slice?.ts, slice?.dur, slice?.args?.['open']],
      ['a', 3, 7_000, 3_000, true],
    );
  });

  it('draws runs of one id one by one: an id is free again when its run is over', () => {
    const speaker = new Speaker();
    // The id that another run has of its own, and the second run of 'job' would have.
    const other = 'job (2)';
    speaker.start(other);
    for (const workflow of ['import', 'import', 'export']) {
      speaker.say({ type: 'run.started', state: 'A', wallTime: 0 }, 'job', workflow);
      speaker.at += 1;
      speaker.enter('A', 1, 'job');
      speaker.at += 2;
      const isFirst = speaker.at === 1_003;
      const end = isFirst
        ? { status: 'failed' as const, error: { name: 'E', message: '' } }
        : { status: 'completed' as const };
      speaker.say({ type: 'run.finished', ...end, state: 'A', report: {} as never }, 'job', workflow);
      speaker.at += 7;
    }
    speaker.finish(other);
    const document = speaker.sound();
    assert.deepEqual(brief(document), [
      'b run corpus 0',
      'e run corpus 30000',
      'b run import 0',
      'b A 1000',
      'e A 3000',
      'e run import 3000',
      'b run import 10000',
      'b A 11000',
      'e A 13000',
      'e run import 13000',
      'b run export 20000',
      'b A 21000',
      'e A 23000',
      'e run export 23000',
    ]);
    const begun = document.traceEvents.filter(({ ph, name }) => ph === 'b' && name.startsWith('run '));
    assert.deepEqual(
      begun.map(({ args }) => [args?.['run'], args?.['status'], args?.['error']]),
      [
        [other, 'completed', undefined],
        ['job', 'failed', 'E'],
        ['job', 'completed', undefined],
        ['job', 'completed', undefined],
      ],
    );
    assert.equal(new Set(begun.map(({ id2 }) => id2?.local)).size, 4);
    assert.equal(summaryOf(document)?.runs, 4);
  });

  it('draws a run that was under way all the time and has said nothing', () => {
    const speaker = new Speaker();
    const run = (id: string, status: RunStatus): Speaker['runs'][number] => ({
      id,
      status,
      definition: { name: 'nightly' },
      state: 'Load/Fetch',
    });
    speaker.runs = [run('quiet', 'running'), run('heard', 'running'), run('not yet', 'pending')];
    speaker.at += 4;
    speaker.say({ type: 'warning', code: 'costly_input', message: '' }, 'quiet', 'nightly');
    speaker.say({ type: 'run.started', state: 'A', wallTime: 0 }, 'heard', 'nightly');
    speaker.at += 6;
    const document = speaker.sound();
    assert.deepEqual(brief(document), [
      'b run nightly 4000',
      'e run nightly 10000',
      'b run nightly 0',
      'b Load/Fetch 0',
      'e Load/Fetch 10000',
      'e run nightly 10000',
    ]);
    const quiet = document.traceEvents.find(({ ph, id2 }) => ph === 'b' && id2?.local === 'quiet');
    assert.deepEqual(quiet?.args, { run: 'quiet', workflow: 'nightly', clipped: true, open: true });
    const { name, runs, spanMs } = summaryOf(document) ?? {};
    assert.deepEqual([name, runs, spanMs], ['cano nightly', 2, 10]);
  });

  it('keeps apart what overlaps on a thread, which cannot be, and says so', () => {
    const speaker = new Speaker();
    speaker.start();
    speaker.at += 10;
    speaker.exec('A', 1, 5, { thread: 0 });
    speaker.at += 2;
    speaker.exec('A', 1, 5, { thread: 0 });
    const document = speaker.sound();
    assert.equal(document.otherData['overlappingExecutions'], 1);
  });

  it('is sound whatever part of what happens it keeps', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = seededRandom(seed);
      const speaker = new Speaker({ capacity: 1 + Math.floor(random() * 120) });
      ramble(speaker, random);
      const document = speaker.sound();
      const { recordedEvents, droppedEvents } = document.otherData;
      assert.ok(Number(recordedEvents) + Number(droppedEvents) > 0, `seed ${seed}`);
    }
  });

  it('keeps names that a program makes up within bounds', () => {
    const speaker = new Speaker({ capacity: 100_000 });
    for (let index = 0; index < 70_000; index += 1) {
      speaker.say({ type: 'state.entered', state: `S${index}`, node: 'n', visit: 1, kind: 'node' });
    }
    const names = new Set(speaker.sound().traceEvents.map(({ name }) => name));
    assert.ok(
      names.has('S1') && names.has('(more names)') && !names.has('S69999'),
      'the last ones have no name of their own',
    );
  });
});

/** Some runs at once, with batches, sub-workflows, retries and ends of all kinds, on two threads. */
function ramble(speaker: Speaker, random: () => number): void {
  const freeAt = [1_000, 1_000];
  for (const turn of Array.from({ length: 12 }, (_value, index) => index)) {
    const runId = random() < 0.5 ? `run-${turn}` : `018f0000-0000-7000-8000-${String(turn).padStart(12, '0')}`;
    const step = (): void => void (speaker.at += random());
    speaker.start(runId);
    let visit = 0;
    for (const state of ['A', 'B', 'C', 'D'].slice(0, 1 + Math.floor(random() * 4))) {
      step();
      const kind = random() < 0.5 ? 'batch' : random() < 0.5 ? 'workflow' : 'node';
      const own = (visit += 1);
      speaker.enter(state, own, runId, kind);
      if (kind === 'workflow') {
        const inner = (visit += 1);
        speaker.enter(`${state}/X`, inner, runId);
        speaker.exec(`${state}/X`, inner, random() * 0.1, {}, runId);
        if (random() < 0.8) speaker.leave(`${state}/X`, inner, `${state}/Out`, runId);
      }
      for (let item = 0; item < (kind === 'batch' ? 5 : 1); item += 1) {
        const thread = Math.floor(random() * 2);
        const queuedAt = speaker.at;
        const postedAt = queuedAt + random();
        const startedAt = Math.max(freeAt[thread] as number, postedAt + random() * 0.2);
        speaker.at = startedAt + random();
        freeAt[thread] = speaker.at;
        const isBad = random() < 0.2;
        const end = isBad
          ? ({ outcome: 'error', error: { name: 'E', message: '' } } as const)
          : ({ outcome: 'ok' } as const);
        const which = kind === 'batch' ? { item } : {};
        speaker.exec(
          state,
          own,
          0,
          { thread, queuedAt, postedAt, startedAt, cloneMs: random() * 0.1, ...which, ...end },
          runId,
        );
        const error = { name: 'E', message: '' };
        const place = { state, node: state.toLowerCase(), visit: own, ...which };
        if (isBad)
          speaker.say(
            { type: 'retry.scheduled', ...place, phase: 'exec', attempt: 1, delayMs: random() * 3, error },
            runId,
          );
      }
      step();
      if (random() < 0.9) speaker.leave(state, own, 'Next', runId);
    }
    if (random() < 0.8) speaker.finish(runId);
  }
}

describe('the rules of the format', () => {
  const speaker = new Speaker();
  ramble(speaker, seededRandom(3));
  const { traceEvents, otherData } = speaker.sound();
  const broken = (change: (events: AnyTraceEvent[]) => unknown): string[] => {
    const events = structuredClone(traceEvents) as AnyTraceEvent[];
    const changed = change(events);
    return violationsOf({ otherData, traceEvents: Array.isArray(changed) ? (changed as AnyTraceEvent[]) : events });
  };
  const first = (
    events: AnyTraceEvent[],
    ph: string,
    cat?: string,
  ): { -readonly [K in keyof AnyTraceEvent]: AnyTraceEvent[K] } =>
    events.find((event) => event.ph === ph && (cat === undefined || event.cat === cat)) as AnyTraceEvent;
  const without = (events: AnyTraceEvent[], ph: string, cat?: string): AnyTraceEvent[] =>
    events.filter((event) => event !== first(events, ph, cat));

  const mutations: readonly (readonly [string, RegExp, (events: AnyTraceEvent[]) => unknown])[] = [
    ['a negative time', /^T1 bad ts/, (events) => (first(events, 'X').ts = -1)],
    ['a time between nanoseconds', /^T1 bad ts/, (events) => (first(events, 'b').ts += 0.001)],
    ['a slice without a length', /^T1 bad dur/, (events) => (first(events, 'X').dur = Number.NaN)],
    ['an unknown phase', /^T1 unknown phase/, (events) => (first(events, 'X').ph = 'Q')],
    [
      'a lane without a name',
      /^T2 thread 1\/2 has no name/,
      (events) => events.filter(({ name, tid }) => name !== 'thread_name' || tid !== 2),
    ],
    [
      'a process without a name',
      /^T2 process 1 has no name/,
      (events) => events.filter(({ name }) => name !== 'process_name'),
    ],
    ['slices that overlap', /^T3 overlaps/, (events) => (first(events, 'X', 'exec').dur += 5_000)],
    ['an end that is missing', /^T4 never ends|^T4 ends another/, (events) => without(events, 'e')],
    ['a beginning that is missing', /^T4/, (events) => without(events, 'b', 'wait')],
    ['an end before its beginning', /^T4/, (events) => (first(events, 'e', 'wait').ts = 0)],
    ['an end of another name', /^T4 ends another/, (events) => (first(events, 'e').name = 'other')],
    [
      'a parent that ends before its child',
      /^T4/,
      (events) => {
        const run = events.findIndex(({ ph, name }) => ph === 'e' && name.startsWith('run '));
        [events[run], events[run - 1]] = [events[run - 1] as AnyTraceEvent, events[run] as AnyTraceEvent];
      },
    ],
    [
      'an arrow from nowhere',
      /^T5 is in no slice/,
      (events) => events.filter(({ ph, cat }) => ph !== 'X' || cat !== 'dispatch'),
    ],
    ['an arrow to nowhere', /^T5 is in no slice/, (events) => (first(events, 'f').ts += 100_000)],
    ['an arrow that does not bind', /^T5 does not bind/, (events) => delete (first(events, 'f') as { bp?: string }).bp],
    ['an arrow without an end', /^T5 never ends/, (events) => without(events, 'f')],
    ['an arrow without a start', /^T5 has not started/, (events) => without(events, 's')],
    ['an arrow of an id that is taken', /^T5 starts twice/, (events) => events.push({ ...first(events, 's') })],
    [
      'an arrow before its slice in the file',
      /^T5 is in no slice/,
      (events) => events.toSorted((a, b) => Number(b.ph === 'f') - Number(a.ph === 'f')),
    ],
    ['a counter below 0', /^T6 bad value/, (events) => ((first(events, 'C') as { args: unknown }).args = { n: -1 })],
  ];
  for (const [what, expected, mutate] of mutations) {
    it(`see ${what}`, () => assert.match(broken(mutate).join('\n'), expected));
  }
});

describe('the summary of a trace', () => {
  it('says what is in it', () => {
    const speaker = new Speaker();
    speaker.start();
    speaker.enter('A', 1);
    speaker.at += 10;
    speaker.exec('A', 1, 4, { thread: 0 });
    speaker.exec('A', 1, 0, { thread: 1, startedAt: 1_008, outcome: 'timeout' });
    speaker.leave('A', 1, 'Done');
    speaker.finish();
    assert.deepEqual(summaryOf(speaker.sound()), {
      name: 'cano corpus',
      startedAt: '1970-01-01T00:00:00.000Z',
      spanMs: 10,
      events: speaker.sound().traceEvents.length,
      runs: 1,
      executions: 2,
      failed: 1,
      threads: 2,
      busyMs: 6,
      dropped: 0,
    });
  });

  it('knows a trace from other files', () => {
    const others: readonly unknown[] = [
      null,
      1,
      'text',
      [],
      {},
      { traceEvents: [] },
      { otherData: { producer: 'cano' } },
      { traceEvents: [], otherData: { producer: 'x' } },
    ];
    for (const other of others) assert.equal(summaryOf(other), undefined);
  });

  it('is of a sound trace only', () => {
    const name = { ph: 'M', name: 'process_name', args: { name: 'cano x' } };
    const slice = { ph: 'X', cat: 'exec', name: 'a', ts: 1, dur: 2 };
    const facts = { producer: 'cano', startedAt: '2026-01-01T00:00:00.000Z', droppedEvents: 0 };
    const of = (traceEvents: readonly unknown[], otherData: object = facts): unknown =>
      summaryOf({ traceEvents, otherData });
    assert.notEqual(of([name, slice]), undefined);
    const bad: readonly unknown[] = [
      null,
      7,
      { ...slice, ts: 'zz' },
      { ...slice, ts: -5 },
      { ...slice, ts: undefined },
      { ...slice, dur: null },
      { ...slice, dur: 1e300 },
      { ...slice, name: undefined },
      { ...slice, ph: 7 },
      { ...slice, args: null },
    ];
    for (const event of bad) assert.equal(of([name, event]), undefined, JSON.stringify(event));
    assert.equal(of([slice]), undefined, 'without a name');
    for (const odd of [
      { startedAt: 5 },
      { startedAt: '\u001b]0;x\u0007' },
      { droppedEvents: 'x' },
      { droppedEvents: -1 },
    ])
      assert.equal(of([name, slice], { ...facts, ...odd }), undefined, JSON.stringify(odd));
  });
});
