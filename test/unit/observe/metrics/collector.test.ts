/** Single events, and what each adds; an engine in the test's hands. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as client from 'prom-client';
import type { EngineEvent, ExecFinished, RunEvent } from '../../../../src/core/events.ts';
import type { Engine, EngineStats, NodeLoad } from '../../../../src/index.ts';
import { prometheusExporterWith } from '../../../../src/prometheus.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { readExposition, type Exposition } from '../../../support/exposition.ts';

class FakeEngine {
  readonly name = 'fake';
  readonly threads = 2;
  loadNow: NodeLoad[] = [];
  threadsNow: EngineStats['threads'] = [];
  #listener: (event: RunEvent | EngineEvent) => void = () => {};

  listen(listener: (event: RunEvent | EngineEvent) => void): () => void {
    this.#listener = listener;
    return () => {};
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
    return { threads: this.threadsNow, queued: 0, inFlight: 0, runs: 0, pending: 0, maxRuns: undefined, rejected: 0 };
  }
}

function observed(): { engine: FakeEngine; read: () => Promise<Exposition> } {
  const engine = new FakeEngine();
  const exporter = prometheusExporterWith({ client, engine: engine as unknown as Engine<never> }, new FakeClock());
  return { engine, read: async () => readExposition(await exporter.render()) };
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
    assert.equal(seconds(told, 'queue'), 2);
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
    const load = { workflow: 'w', node: 'n', queued: 2, queuedMs: 3_000, running: 1, runningMs: 4_000 };
    engine.loadNow = [load];
    const first = await read();
    assert.deepEqual([seconds(first, 'queue'), seconds(first, 'exec')], [3, 4]);
    engine.loadNow = [{ ...load, queuedMs: 3_500, runningMs: 6_000 }];
    const second = await read();
    assert.deepEqual([seconds(second, 'queue'), seconds(second, 'exec')], [3.5, 6]);
    engine.loadNow = [];
    engine.exec({ waitMs: 3_600, endedAt: 8_000 });
    const third = await read();
    assert.deepEqual([seconds(third, 'queue'), seconds(third, 'exec')], [3.6, 7]);
  });

  it('tells each thread, and what it does not know is not there', async () => {
    const { engine, read } = observed();
    engine.threadsNow = [
      { thread: 0, status: 'busy', busyMs: 9_000, inFlight: 1, heapUsedBytes: 5e6, heapLimitBytes: 6e7, cpuMs: 8_500 },
      { thread: 1, status: 'starting', busyMs: 0, inFlight: 0 },
    ];
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

  it('adds up the CPU time of the threads that had a number one after the other', async () => {
    const { engine, read } = observed();
    const cpu: (number | undefined)[] = [];
    for (const cpuMs of [2_000, 5_000, undefined, 500, 700]) {
      const known = cpuMs === undefined ? {} : { cpuMs };
      engine.threadsNow = [{ thread: 0, status: 'idle', busyMs: 0, inFlight: 0, ...known }];
      cpu.push((await read()).value('cano_thread_cpu_seconds_total', { thread: '0' }));
    }
    assert.deepEqual(cpu, [2, 5, 5, 5.5, 5.7]);
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
});
