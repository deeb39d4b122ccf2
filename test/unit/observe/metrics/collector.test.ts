/** Single events, and what each adds; an engine in the test's hands. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as client from 'prom-client';
import type { EngineEvent, ExecFinished, RunEvent, RunFinished } from '../../../../src/core/events.ts';
import type { Engine, EngineStats, NodeLoad } from '../../../../src/index.ts';
import { prometheusExporterWith, type PrometheusExporter } from '../../../../src/prometheus.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { readExposition, type Exposition } from '../../../support/exposition.ts';

class FakeEngine {
  readonly name = 'fake';
  readonly threads = 2;
  loadNow: NodeLoad[] = [];
  threadsNow: EngineStats['threads'] = [];
  more: Partial<EngineStats> = {};
  isHeard = false;
  #listener: (event: RunEvent | EngineEvent) => void = () => {};

  listen(listener: (event: RunEvent | EngineEvent) => void): () => void {
    this.#listener = listener;
    this.isHeard = true;
    return () => {
      this.#listener = () => {};
      this.isHeard = false;
    };
  }

  send(event: Partial<RunEvent | EngineEvent>): void {
    this.#listener(
      Object.assign({ v: 1, seq: 1, at: 1_000, runId: 'r', workflow: 'w', version: 1 }, event) as unknown as RunEvent,
    );
  }

  exec(fields: Partial<ExecFinished>): void {
    const times = { queuedAt: 0, postedAt: 0, startedAt: 1_000, endedAt: 1_000, receivedAt: 1_000 };
    const rest = { waitMs: 0, together: 1, cloneMs: 0, bytesIn: 0, bytesOut: 0, attempt: 1, visit: 1, state: 'N' };
    this.send(Object.assign({ type: 'exec.finished', node: 'n', outcome: 'ok', thread: 0 }, times, rest, fields));
  }

  runs(): [] {
    return [];
  }

  load(): NodeLoad[] {
    return this.loadNow;
  }

  stats(): Partial<EngineStats> {
    const none = { alive: 0, queued: 0, inFlight: 0, runs: 0, pending: 0, maxRuns: undefined, rejected: 0 };
    return { threads: this.threadsNow, ...none, isClosed: false, ...this.more };
  }
}

interface Observed {
  readonly engine: FakeEngine;
  readonly clock: FakeClock;
  readonly exporter: PrometheusExporter;
  readonly read: () => Promise<Exposition>;
}

function observed(): Observed {
  const engine = new FakeEngine();
  const clock = new FakeClock();
  const exporter = prometheusExporterWith({ client, engine: engine as unknown as Engine<never> }, clock);
  return { engine, clock, exporter, read: async () => readExposition(await exporter.render()) };
}

const seconds = (read: Exposition, phase: string): number =>
  read.value('cano_node_phase_seconds_total', { workflow: 'w', node: 'n', phase }) as number;

describe('an attempt', () => {
  it('has its share of what it waited with others, and its whole wait in the histogram', async () => {
    const { engine, read } = observed();
    for (let item = 0; item < 4; item += 1) {
      engine.exec({
        item,
        waitMs: 2_000,
        together: 4,
        cloneMs: 100,
        startedAt: 3_000,
        endedAt: 3_500,
        receivedAt: 4_300,
        bytesIn: 300,
        bytesOut: 5_000,
      });
    }
    const told = await read();
    assert.equal(seconds(told, 'queue'), 1.6, 'but for the copies');
    assert.equal(seconds(told, 'clone'), 0.4);
    assert.equal(seconds(told, 'exec'), 2);
    assert.equal(seconds(told, 'return'), 0.8);
    assert.equal(told.value('cano_pool_queue_seconds_sum', { pool: 'fake' }), 8);
    assert.equal(told.value('cano_pool_queue_seconds_bucket', { pool: 'fake', le: '1' }), 0);
    assert.equal(told.value('cano_pool_queue_seconds_bucket', { pool: 'fake', le: '2.5' }), 4);
    assert.equal(told.value('cano_pool_exec_seconds_sum', { pool: 'fake' }), 2);
    assert.ok(Math.abs((told.value('cano_pool_overhead_seconds_sum', { pool: 'fake' }) as number) - 1.2) < 1e-9);
    assert.equal(told.value('cano_pool_payload_bytes_sum', { pool: 'fake', direction: 'in' }), 1_200);
    assert.equal(told.value('cano_pool_payload_bytes_bucket', { direction: 'out', le: '4096' }), 0);
    assert.equal(told.value('cano_pool_payload_bytes_bucket', { direction: 'out', le: '16384' }), 4);
  });

  it('on the main thread is none of the pool', async () => {
    const { engine, read } = observed();
    engine.exec({ thread: undefined as never });
    const told = await read();
    assert.equal(told.sum('cano_node_attempts_total'), 1);
    assert.equal(told.sum('cano_pool_executions_total'), 0);
    assert.equal(told.value('cano_pool_exec_seconds_count', { pool: 'fake' }), 0);
  });

  it('that was cancelled while it waited has no running time', async () => {
    const { engine, read } = observed();
    engine.exec({ outcome: 'cancelled', waitMs: 5_000 });
    engine.exec({ outcome: 'cancelled', startedAt: 1_000, endedAt: 3_000, receivedAt: 3_000 });
    const told = await read();
    assert.equal(told.value('cano_node_attempts_total', { node: 'n', outcome: 'cancelled' }), 2);
    assert.equal(told.value('cano_node_exec_duration_seconds_count', { node: 'n' }), 1);
    assert.equal(told.value('cano_pool_exec_seconds_count', { pool: 'fake' }), 1);
    assert.equal(told.sum('cano_node_failures_total'), 0, 'it has not failed');
  });

  const failures = [
    ['timeout', { outcome: 'timeout', error: { name: 'AttemptTimeoutError', message: '', code: 'CANO_TIMEOUT' } }],
    ['crash', { outcome: 'crash', error: { name: '', message: '', code: 'CANO_THREAD_DIED', reason: 'exit' } }],
    [
      'out_of_memory',
      { outcome: 'crash', error: { name: '', message: '', code: 'CANO_THREAD_DIED', reason: 'out_of_memory' } },
    ],
    ['not_cloneable', { outcome: 'error', error: { name: '', message: '', code: 'CANO_NOT_CLONEABLE' } }],
    ['load', { outcome: 'error', error: { name: '', message: '', code: 'CANO_LOAD_FAILED' } }],
    ['setup', { outcome: 'error', error: { name: '', message: '', code: 'CANO_SETUP_FAILED' } }],
    ['error', { outcome: 'error', error: { name: 'TypeError', message: 'x' } }],
  ] as const;
  for (const [reason, fields] of failures) {
    it(`that failed is counted by its reason: ${reason}`, async () => {
      const { engine, read } = observed();
      engine.exec(fields);
      const told = await read();
      assert.equal(told.value('cano_node_failures_total', { node: 'n', reason }), 1);
      assert.equal(told.sum('cano_node_failures_total'), 1);
    });
  }
});

describe('what is of the moment', () => {
  it('adds to the seconds what waits and runs, anew at each scrape', async () => {
    const { engine, read } = observed();
    const load = {
      workflow: 'w',
      node: 'n',
      queued: 2,
      queuedMs: 2_000,
      running: 1,
      runningMs: 4_000,
      waitedMs: 1_000,
    };
    engine.loadNow = [load];
    const first = await read();
    assert.deepEqual([seconds(first, 'queue'), seconds(first, 'exec')], [3, 4]);
    engine.loadNow = [{ ...load, queuedMs: 2_500, runningMs: 6_000 }];
    const second = await read();
    assert.deepEqual([seconds(second, 'queue'), seconds(second, 'exec')], [3.5, 6]);
    engine.loadNow = [];
    engine.exec({ waitMs: 3_600, endedAt: 8_000 });
    const third = await read();
    assert.deepEqual([seconds(third, 'queue'), seconds(third, 'exec')], [3.6, 7]);
  });

  it('tells each thread, and what it does not know is not there', async () => {
    const { engine, read } = observed();
    const known = { heapUsedBytes: 5e6, heapLimitBytes: 6e7, cpuMs: 8_500 };
    engine.threadsNow = [
      { thread: 0, threadId: 7, status: 'busy', busyMs: 9_000, inFlight: 1, ...known },
      { thread: 1, status: 'starting', busyMs: 0, inFlight: 0 },
    ];
    engine.more = { alive: 2 };
    const told = await read();
    assert.equal(told.value('cano_pool_threads', { pool: 'fake' }), 2);
    assert.equal(told.value('cano_pool_threads_busy', { pool: 'fake' }), 1);
    assert.equal(told.value('cano_pool_busy_seconds_total', { pool: 'fake' }), 9);
    assert.equal(told.value('cano_thread_cpu_seconds_total', { thread: '0' }), 8.5);
    assert.equal(told.value('cano_thread_heap_used_bytes', { thread: '0' }), 5e6);
    assert.equal(told.value('cano_thread_heap_used_bytes', { thread: '1' }), undefined);
    assert.equal(told.value('cano_thread_cpu_seconds_total', { thread: '1' }), undefined);
    assert.equal(told.value('cano_pool_runs_limit', { pool: 'fake' }), undefined);
  });

  it('adds up the CPU time of the threads that had a number one after the other, each what it took under that number', async () => {
    const { engine, read } = observed();
    const idle = { status: 'idle', busyMs: 0, inFlight: 0 } as const;
    const cpu: (number | undefined)[][] = [];
    for (const [first, second] of [
      [{ threadId: 1, cpuMs: 2_000 }, {}],
      [
        { threadId: 1, cpuMs: 5_000 },
        { threadId: 2, cpuMs: 100 },
      ],
      [{}, {}],
      // The threads have changed places.
      [
        { threadId: 2, cpuMs: 300 },
        { threadId: 1, cpuMs: 5_000 },
      ],
      // One has been replaced.
      [
        { threadId: 3, cpuMs: 40 },
        { threadId: 1, cpuMs: 5_500 },
      ],
    ] as const) {
      engine.threadsNow = [
        { thread: 0, ...idle, ...first },
        { thread: 1, ...idle, ...second },
      ];
      const told = await read();
      cpu.push(['0', '1'].map((thread) => told.value('cano_thread_cpu_seconds_total', { thread })));
    }
    assert.deepEqual(cpu, [
      [2, undefined],
      [5, 0.1],
      [5, 0.1],
      [5.2, 0.1],
      [5.24, 0.6],
    ]);
  });

  it('tells no heap of a thread that has gone', async () => {
    const { engine, read } = observed();
    const known = { status: 'idle', busyMs: 0, inFlight: 0, heapUsedBytes: 5e6, heapLimitBytes: 6e7 } as const;
    engine.threadsNow = [
      { thread: 0, ...known },
      { thread: 1, ...known },
    ];
    const heaps = async (): Promise<(number | undefined)[]> => {
      const told = await read();
      return ['0', '1'].flatMap((thread) =>
        (['cano_thread_heap_used_bytes', 'cano_thread_heap_limit_bytes'] as const).map((name) =>
          told.value(name, { thread }),
        ),
      );
    };
    assert.deepEqual(await heaps(), [5e6, 6e7, 5e6, 6e7]);
    engine.threadsNow = [0, 1].map((thread) => ({ thread, status: 'off', busyMs: 0, inFlight: 0 }));
    assert.deepEqual(await heaps(), [5e6, 6e7, 5e6, 6e7], 'they have nothing to do');
    engine.send({ type: 'thread.exited', thread: 1, reason: 'out_of_memory' });
    assert.deepEqual(await heaps(), [5e6, 6e7, undefined, undefined]);
    engine.send({ type: 'thread.exited', thread: -1, reason: 'uncaught_error' });
    assert.deepEqual(await heaps(), [undefined, undefined, undefined, undefined], 'which one it was is not known');
  });

  it('counts threads that start and end, by reason', async () => {
    const { engine, read } = observed();
    engine.send({ type: 'thread.started', thread: 0, threadId: 1, readyMs: 3 });
    engine.send({ type: 'thread.exited', thread: 0, reason: 'out_of_memory' });
    const told = await read();
    assert.equal(told.value('cano_thread_starts_total', { pool: 'fake' }), 1);
    assert.equal(told.value('cano_thread_exits_total', { pool: 'fake', reason: 'out_of_memory' }), 1);
    assert.equal(told.value('cano_thread_exits_total', { pool: 'fake', reason: 'recycled' }), 0);
  });
});

describe('a visit', () => {
  it('has the time of its own phases', async () => {
    const { engine, read } = observed();
    const visit = {
      type: 'transition',
      state: 'N',
      node: 'n',
      visit: 1,
      outcome: 'X',
      to: 'X',
      failed: false,
    } as const;
    engine.send({ ...visit, prepMs: 1_500, postMs: 250 });
    const told = await read();
    assert.deepEqual([seconds(told, 'prep'), seconds(told, 'post')], [1.5, 0.25]);
    assert.equal(told.value('cano_node_transitions_total', { node: 'n', outcome: 'X' }), 1);
  });

  it('that nothing follows has it too, and so has a branch', async () => {
    const { engine, read } = observed();
    const left = { type: 'state.left', state: 'N', node: 'n', visit: 1 } as const;
    engine.send({ ...left, status: 'failed', prepMs: 1_000, postMs: 500 });
    engine.send({ ...left, status: 'cancelled', prepMs: 200, postMs: 0 });
    const branch = { type: 'branch.finished', state: 'N', node: 'n', visit: 1, branch: 'b' } as const;
    engine.send({ ...branch, status: 'completed', prepMs: 30 });
    engine.send({ ...branch, status: 'cancelled', prepMs: 4 });
    const told = await read();
    assert.deepEqual([seconds(told, 'prep'), seconds(told, 'post')], [1.234, 0.5]);
    const visits = (status: string): unknown => told.value('cano_node_visits_total', { node: 'n', status });
    assert.deepEqual(['completed', 'failed', 'cancelled'].map(visits), [1, 1, 2]);
  });
});

describe('a back-off', () => {
  const retry = { type: 'retry.scheduled', state: 'N', node: 'n', visit: 1, phase: 'exec', attempt: 1 } as const;
  const error = { name: 'Error', message: 'no' };

  it('ends with its run, or with its branch, at the latest', async () => {
    const { engine, clock, read } = observed();
    engine.send({ ...retry, delayMs: 60_000, error });
    engine.send({ ...retry, delayMs: 60_000, error, runId: 'other', branch: 'b' });
    engine.send({ ...retry, delayMs: 60_000, error, runId: 'other', branch: 'c' });
    clock.pass(2_000);
    assert.equal(seconds(await read(), 'backoff'), 6);
    const branch = { state: 'N', node: 'n', visit: 1, branch: 'b', status: 'cancelled', prepMs: 0 } as const;
    engine.send({ type: 'branch.finished', ...branch, at: 3_000, runId: 'other' });
    clock.pass(2_000);
    assert.equal(seconds(await read(), 'backoff'), 4 + 2 + 4);
    const report = { startedAt: 0, wallMs: 4_000, nodes: [] } as unknown as RunFinished['report'];
    for (const runId of ['r', 'other'])
      engine.send({ type: 'run.finished', status: 'timed_out', state: 'N', report, at: 5_000, runId });
    clock.pass(30_000);
    assert.equal(seconds(await read(), 'backoff'), 10);
  });
});

describe('engines of one name', () => {
  it('are one pool, which lets go of those that are closed and keeps what they have counted', async () => {
    const engines = [new FakeEngine(), new FakeEngine()] as const;
    const [first, second] = engines;
    const exporter = prometheusExporterWith({ client, engine: first as unknown as Engine<never> }, new FakeClock());
    exporter.observe({ engine: second as unknown as Engine<never> });
    const read = async (): Promise<Exposition> => readExposition(await exporter.render());
    const busy = { thread: 0, status: 'busy', inFlight: 1 } as const;
    const execution = { runId: 'r', state: 'N', node: 'n' };
    first.threadsNow = [
      { ...busy, busyMs: 3_000, execution: { ...execution, runningMs: 900 }, heapUsedBytes: 8e6, heapLimitBytes: 9e6 },
    ];
    second.threadsNow = [
      { ...busy, busyMs: 1_000, execution: { ...execution, runningMs: 100 }, heapUsedBytes: 2e6, heapLimitBytes: 7e7 },
    ];
    first.more = { alive: 2, queued: 5, inFlight: 1, runs: 3, pending: 1, maxRuns: 2, rejected: 4 };
    second.more = { alive: 1, queued: 1, inFlight: 2, runs: 9, pending: 0, rejected: 0 };
    const names = {
      cano_pool_threads: 3,
      cano_pool_threads_max: 4,
      cano_pool_threads_busy: 2,
      cano_pool_queue_size: 6,
      cano_pool_in_flight: 3,
      cano_pool_runs_limit: 2,
      cano_pool_runs_under_way: 2,
      cano_pool_runs_rejected_total: 4,
      cano_pool_busy_seconds_total: 4,
      cano_thread_busy_seconds_total: 4,
      cano_thread_execution_age_seconds: 0.9,
      cano_thread_heap_used_bytes: 8e6,
      cano_thread_heap_limit_bytes: 9e6,
    } as const;
    const told = await read();
    for (const [name, value] of Object.entries(names)) assert.equal(told.sum(name as keyof typeof names), value, name);

    const off = { thread: 0, status: 'off', inFlight: 0, busyMs: 3_500 } as const;
    first.threadsNow = [off];
    first.more = { ...first.more, alive: 0, queued: 0, inFlight: 0, runs: 0, pending: 0, isClosed: true };
    for (const scrape of [1, 2]) {
      const after = await read();
      assert.equal(after.sum('cano_pool_busy_seconds_total'), 4.5, `scrape ${scrape}`);
      assert.equal(after.sum('cano_pool_runs_rejected_total'), 4);
      assert.equal(after.sum('cano_pool_threads_max'), 2);
      assert.equal(after.sum('cano_thread_heap_used_bytes'), 2e6);
    }
    assert.deepEqual([first.isHeard, second.isHeard], [false, true], 'nobody listens to the closed one');
    second.more = { ...second.more, isClosed: true };
    await read();
    const end = await read();
    assert.equal(end.sum('cano_pool_threads_max'), 0);
    assert.equal(end.sum('cano_pool_busy_seconds_total'), 4.5);
    assert.equal(end.value('cano_thread_heap_used_bytes', { thread: '0' }), undefined);
  });

  it('that are closed stay as they were for an exporter that is closed', async () => {
    const { engine, clock, exporter, read } = observed();
    engine.send({ type: 'run.started', state: 'N', wallTime: 0, at: 1_000 });
    engine.more = { alive: 2, queued: 3 };
    clock.pass(1_000);
    exporter.close();
    engine.more = { alive: 0 };
    clock.pass(9_000);
    engine.send({ type: 'run.started', state: 'N', wallTime: 0, at: 9_000 });
    const told = await read();
    assert.equal(told.value('cano_workflow_runs_started_total', { workflow: 'w' }), 1);
    assert.equal(told.value('cano_workflow_run_active_seconds_total', { workflow: 'w' }), 1);
    assert.equal(told.sum('cano_pool_queue_size'), 3);
  });
});
