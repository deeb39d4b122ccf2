/** Metrics while threads are busy and while they die: every scrape answers, and what it says is what happened. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import * as client from 'prom-client';
import type { RunEvent } from '../../src/core/events.ts';
import { retry, type Engine } from '../../src/index.ts';
import { prometheusExporter } from '../../src/prometheus.ts';
import { readExposition, type Exposition } from '../support/exposition.ts';
import { gated } from '../fixtures/execs/resources.ts';
import {
  failure,
  launch,
  perform,
  performAll,
  unhandled,
  watchedEngine,
  within,
  type Launched,
} from '../support/faults.ts';

after(() => assert.deepEqual(unhandled, []));

/** Serves an exporter; what `scrape` returns came over HTTP. */
async function scraped(engines: readonly Engine[]): Promise<AsyncDisposable & { scrape(): Promise<Exposition> }> {
  const exporter = prometheusExporter({ client });
  for (const engine of engines) exporter.observe({ engine });
  const server = createServer(exporter.handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    scrape: async () => {
      const response = await within(fetch(`http://127.0.0.1:${port}/metrics`), 'a scrape');
      assert.equal(response.status, 200);
      return readExposition(await response.text());
    },
    [Symbol.asyncDispose]: async () => {
      exporter.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Resolves when all threads of an engine execute something. */
async function allBusy(engine: Engine): Promise<void> {
  const isBusy = (): boolean => engine.stats().threads.every(({ status }) => status === 'busy');
  await within(
    (async () => {
      while (!isBusy()) await new Promise((resolve) => setImmediate(resolve));
    })(),
    'busy threads',
  );
}

describe('metrics', () => {
  it('answer while all threads of two engines compute, with what runs included', async () => {
    await using one = watchedEngine({ name: 'one' });
    await using two = watchedEngine({ name: 'two', threads: 1 });
    await using served = await scraped([one.engine, two.engine]);
    const spins = [
      ...[1, 2, 3, 4].map(() => perform(one.engine, { kind: 'spin' })),
      perform(two.engine, { kind: 'spin' }),
    ];
    await Promise.all([allBusy(one.engine), allBusy(two.engine)]);
    const first = await served.scrape();
    const second = await served.scrape();
    for (const [pool, threads, waiting] of [
      ['one', 2, 2],
      ['two', 1, 0],
    ] as const) {
      assert.equal(first.value('cano_pool_threads_busy', { pool }), threads, pool);
      assert.equal(first.value('cano_pool_queue_size', { pool }) ?? 0, waiting, pool);
      const ages = first.samples.filter(
        ({ name, labels }) => name === 'cano_thread_execution_age_seconds' && labels['pool'] === pool,
      );
      assert.equal(ages.length, threads);
      for (const { value } of ages) assert.ok(value > 0, `an age of ${value}`);
      const busy = (read: Exposition): number => read.value('cano_pool_busy_seconds_total', { pool }) as number;
      assert.ok(busy(second) > busy(first) && busy(first) > 0, `${busy(first)} s, then ${busy(second)} s`);
    }
    const running = (read: Exposition): number =>
      read.value('cano_node_phase_seconds_total', { node: 'work', phase: 'exec' }) as number;
    assert.ok(running(second) > running(first), 'none has ended, and the seconds go on');
    assert.equal(first.value('cano_workflow_runs_active', { workflow: 'one' }), 5);
    for (const { run } of spins) run.cancel();
    await within(Promise.allSettled(spins.map(({ value }) => value)), 'the spins');
  });

  it('count right when threads die, also during a scrape', async () => {
    await using watched = watchedEngine({ name: 'dying' });
    await using served = await scraped([watched.engine]);
    const events: RunEvent[] = [];
    watched.engine.listen((event) => events.push(event as RunEvent));
    const acts = Array.from({ length: 60 }, (_value, n) =>
      n % 10 === 3 ? { kind: 'exit' } : { kind: 'busy', ms: 1, value: n },
    );
    const batch = performAll(watched.engine, acts, { retry: retry.fixed({ retries: 1, delay: 1 }) });
    const reads: Exposition[] = [];
    while (batch.run.status === 'pending' || batch.run.status === 'running') reads.push(await served.scrape());
    await batch.ends;
    const read = await served.scrape();

    const attempts = events.flatMap((event) => (event.type === 'exec.finished' ? [event] : []));
    for (const outcome of ['ok', 'error', 'timeout', 'cancelled', 'crash'] as const) {
      const expected = attempts.filter((event) => event.outcome === outcome).length;
      assert.equal(read.sum('cano_node_attempts_total', { outcome }), expected, outcome);
      assert.equal(read.value('cano_pool_executions_total', { pool: 'dying', outcome }), expected, outcome);
    }
    assert.equal(read.sum('cano_node_attempts_total', { outcome: 'crash' }), 12, 'six acts, two attempts each');
    assert.equal(read.sum('cano_node_failures_total', { reason: 'crash' }), 12);
    assert.equal(read.sum('cano_node_retries_total'), 6);
    assert.equal(
      read.sum('cano_thread_exits_total', { pool: 'dying' }),
      watched.threadEvents.filter(({ type }) => type === 'thread.exited').length,
    );
    assert.equal(
      read.sum('cano_thread_starts_total'),
      watched.threadEvents.filter(({ type }) => type === 'thread.started').length,
    );
    // Nothing that is called a counter has ever gone back.
    const latest = new Map<string, number>();
    for (const { name, labels, value } of reads.flatMap(({ samples }) => samples)) {
      if (!/_(total|count|bucket|sum)$/.test(name)) continue;
      const key = `${name} ${JSON.stringify(labels)}`;
      const before = latest.get(key) ?? 0;
      assert.ok(value >= before, `${key} went back from ${before} to ${value}`);
      latest.set(key, value);
    }
  });

  it('tell the heap of each thread, within its limit', async () => {
    await using watched = watchedEngine({ name: 'heap', resourceLimits: { maxOldGenerationSizeMb: 64 } });
    await using served = await scraped([watched.engine]);
    await within(
      performAll(
        watched.engine,
        [1, 2, 3, 4].map((value) => ({ kind: 'busy', ms: 5, value })),
      ).ends,
      'acts',
    );
    const read = await served.scrape();
    const heaps = read.samples.filter(({ name }) => name === 'cano_thread_heap_used_bytes');
    assert.ok(heaps.length > 0, 'no thread has told its heap');
    for (const { labels, value } of heaps) {
      assert.ok(value > 2 ** 20, `${value} bytes`);
      assert.equal(read.value('cano_thread_heap_limit_bytes', labels), 64 * 2 ** 20);
    }
  });

  it('have the payloads of executions', async () => {
    await using watched = watchedEngine({ name: 'bytes' });
    await using served = await scraped([watched.engine]);
    await within(perform(watched.engine, { kind: 'value', value: new Uint8Array(100_000) }).value, 'the echo');
    const read = await served.scrape();
    for (const direction of ['in', 'out']) {
      const bytes = read.value('cano_pool_payload_bytes_sum', { pool: 'bytes', direction }) as number;
      assert.ok(bytes > 100_000 && bytes < 110_000, `${direction}: ${bytes} bytes`);
      assert.equal(read.value('cano_pool_payload_bytes_count', { pool: 'bytes', direction }), 1);
    }
  });

  it('count what an execution has taken that is killed, or whose thread dies', async () => {
    await using watched = watchedEngine({ name: 'killed', threads: 1 });
    await using served = await scraped([watched.engine]);
    const busy = (read: Exposition): number => read.value('cano_pool_busy_seconds_total', { pool: 'killed' }) as number;
    const exec = (read: Exposition): number => read.sum('cano_node_phase_seconds_total', { phase: 'exec' });

    await failure(perform(watched.engine, { kind: 'spin' }, { timeout: '200ms' }));
    const killed = await served.scrape();
    assert.ok(busy(killed) > 0.29, `${busy(killed)} s of 200 ms and the grace of 100`);
    await failure(perform(watched.engine, { kind: 'exitLater' }));
    const died = await served.scrape();
    assert.ok(busy(died) > busy(killed), 'what had run on the thread that died');
    await within(perform(watched.engine, { kind: 'busy', ms: 100 }).value, 'an execution');
    const last = await served.scrape();
    assert.ok(busy(last) - busy(died) > 0.09, `${busy(died)} s, then ${busy(last)}`);
    assert.ok(Math.abs(busy(last) - exec(last)) < 0.05, `${busy(last)} s busy, ${exec(last)} s of exec`);
  });

  it('take a setup for a part of the wait, from its beginning on', async () => {
    await using watched = watchedEngine({ name: 'setup', threads: 1 });
    await using served = await scraped([watched.engine]);
    const flags = new SharedArrayBuffer(8);
    const raise = (flag: number): void => {
      Atomics.store(new Int32Array(flags), flag, 1);
      Atomics.notify(new Int32Array(flags), flag);
    };
    const phases = (read: Exposition): number[] =>
      ['queue', 'exec'].map((phase) => read.sum('cano_node_phase_seconds_total', { phase }));
    const busy = (read: Exposition): number => read.value('cano_pool_busy_seconds_total', { pool: 'setup' }) as number;

    const { value } = launch(watched.engine, gated.with({ flags }), 7);
    await allBusy(watched.engine);
    const first = await served.scrape();
    const second = await served.scrape();
    assert.deepEqual([busy(second), phases(second)[1]], [0, 0], 'nothing executes yet');
    assert.ok((phases(second)[0] as number) > (phases(first)[0] as number), 'it waits');

    raise(0);
    const isExecuting = (): boolean => watched.engine.load().some(({ running }) => running === 1);
    while (!isExecuting()) await new Promise((resolve) => setImmediate(resolve));
    const third = await served.scrape();
    const fourth = await served.scrape();
    assert.ok((phases(fourth)[1] as number) > (phases(third)[1] as number), 'it executes');
    assert.ok(busy(fourth) > busy(third));
    assert.deepEqual(phases(fourth)[0], phases(third)[0], 'its wait is over');
    assert.ok((phases(third)[0] as number) >= (phases(second)[0] as number), 'and still counts');

    raise(1);
    assert.equal(await within(value, 'the execution'), 7);
    const [waited = 0, executed = 0] = phases(await served.scrape());
    assert.ok(Math.abs(waited - (phases(fourth)[0] as number)) < 0.02, `${waited} s waited`);
    assert.ok(executed >= (phases(fourth)[1] as number));
  });

  it('count what waits while that which waited before it executes', async () => {
    await using watched = watchedEngine({ name: 'waits', threads: 1 });
    await using served = await scraped([watched.engine]);
    const { engine } = watched;
    const queued = async (): Promise<number> =>
      (await served.scrape()).sum('cano_node_phase_seconds_total', { phase: 'queue' });
    const [first, second, third] = [1, 2, 3].map(() => perform(engine, { kind: 'spin' })) as [
      Launched,
      Launched,
      Launched,
    ];
    await allBusy(engine);
    // The second has waited for much longer by then than the scrapes below take.
    while ((await queued()) < 1);
    first.run.cancel();
    await failure(first);
    await allBusy(engine);
    const one = await queued();
    const two = await queued();
    assert.ok(two > one, `the third one waits: ${one} s, then ${two}`);
    for (const { run } of [second, third]) run.cancel();
    await Promise.all([failure(second), failure(third)]);
    assert.ok((await queued()) >= two);
  });

  it('know the threads that live, busy or not, and tell no end of those that their engine ends', async () => {
    const watched = watchedEngine({ name: 'idle' });
    const { engine } = watched;
    await using served = await scraped([engine]);
    const alive = async (): Promise<unknown> => (await served.scrape()).value('cano_pool_threads', { pool: 'idle' });
    assert.equal(await alive(), 0, 'none has been needed');
    await within(perform(engine, { kind: 'value', value: 1 }).value, 'an execution');
    assert.equal(await alive(), 2);
    while (engine.stats().threads.some(({ status }) => status !== 'off'))
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await alive(), 2, 'with nothing to do');
    await within(perform(engine, { kind: 'value', value: 1 }).value, 'another execution');
    await within(engine.close(), 'closing');
    assert.deepEqual([engine.stats().alive, engine.stats().isClosed], [0, true]);
    assert.equal(await alive(), 0);
    assert.deepEqual(watched.deaths(), []);
  });
});
