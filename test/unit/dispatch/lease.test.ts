/** The main thread's end of a lease against a thread that the test plays: also one that does not keep to the protocol. */
import assert from 'node:assert/strict';
import { after, describe, it, mock } from 'node:test';
import type { Death } from '../../../src/dispatch/deaths.ts';
import type { Execution } from '../../../src/dispatch/execution.ts';
import { Lease, type LeaseOwner } from '../../../src/dispatch/lease.ts';
import { TEARDOWN_MS } from '../../../src/dispatch/teardown.ts';
import type { Execute, FromThread, Hello } from '../../../src/wire/messages.ts';
import { share, type SharedHandle } from '../../../src/wire/share.ts';
import { SlotState } from '../../../src/wire/slots.ts';
import { bookkeeping, FakeThread, record, type Recorded } from './helpers.ts';

// A lease with nothing in flight keeps no process alive, and here there is nothing else.
const alive = setInterval(() => {}, 1_000);
after(() => clearInterval(alive));

interface Heard {
  readonly ended: Execution[];
  readonly returned: Execution[];
  readonly closed: (Death | undefined)[];
  retired: number;
  bursts: number;
}

class Table {
  readonly thread = new FakeThread();
  readonly heard: Heard = { ended: [], returned: [], closed: [], retired: 0, bursts: 0 };
  readonly lease: Lease;
  #waiting: (() => void)[] = [];

  constructor() {
    const wake = (): void => {
      for (const one of this.#waiting.splice(0)) one();
    };
    const owner: LeaseOwner = {
      onHello: (_lease: Lease, _hello: Hello) => {},
      onEnded: (_lease, execution) => this.heard.ended.push(execution),
      onReturned: (_lease, execution) => this.heard.returned.push(execution),
      onBurst: () => {
        this.heard.bursts += 1;
        wake();
      },
      onRetired: () => (this.heard.retired += 1),
      onClosed: (_lease, death) => {
        this.heard.closed.push(death);
        wake();
      },
    };
    this.lease = new Lease({
      pool: this.thread.pool,
      thread: 0,
      services: undefined,
      owner,
      ...bookkeeping(),
    });
  }

  /** Has the thread say something and waits until it has been heard. */
  async say(...batch: FromThread[]): Promise<void> {
    const before = this.heard.bursts;
    this.thread.say(...batch);
    await this.until(() => this.heard.bursts > before);
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.heard.closed.length > 0) return;
    this.lease.end();
    this.thread.finish();
    await this.until(() => this.heard.closed.length > 0);
  }

  posted(request: Parameters<typeof record>[0] = {}): Recorded {
    const recorded = record(request);
    this.lease.post(recorded.execution);
    return recorded;
  }
}

const hello: FromThread = ['hello', 1, 0];

function results(
  of: { readonly slot: number; readonly generation: number },
  values: unknown[],
  from = 0,
  last = true,
): FromThread {
  return ['results', of.slot, of.generation, from, 1, values.map((_value, index) => 2 + index), values, null, 8, last];
}

describe('a lease', () => {
  it('posts a burst as one message, the exec before its first execution and only then', async () => {
    await using table = new Table();
    table.posted();
    table.posted();
    await table.thread.messages('execute', 2);
    assert.deepEqual(
      table.thread.received.map(([type]) => type),
      ['define', 'execute', 'execute'],
    );
    table.posted();
    await table.thread.messages('execute', 3);
    assert.equal((await table.thread.messages('define')).length, 1);
    assert.deepEqual(
      table.lease.inFlight.map((execution) => table.lease.slots.state(execution.slot, execution.generation)),
      [SlotState.QUEUED, SlotState.QUEUED, SlotState.QUEUED],
    );
  });

  it('ships an execution of one item and its value without lists', async () => {
    await using table = new Table();
    const raw: unknown[][] = [];
    const { execution, settled } = table.posted({ items: ['a'], visit: 3, attempt: 2 });
    table.thread.port.on('message', (batch: unknown[][]) => raw.push(...batch));
    const { slot, generation } = await table.thread.start();
    assert.deepEqual(raw.at(-1), ['call', slot, generation, 1, 'run', 3, 0, -1, 2, 'a', 0]);
    await table.say(hello);
    await table.say(['value', slot, generation + 1, 5, 9, 'of another generation', 8]);
    assert.equal(settled.length, 0);
    await table.say(['value', slot, generation, 5, 9, 'A', 8]);
    // A second one finds another generation.
    await table.say(['value', slot, generation, 5, 9, 'B', 8]);
    assert.deepEqual(
      settled.map(({ end }) => [end.outcome, end.value, end.startedAt, end.endedAt]),
      [['ok', 'A', 5, 9]],
    );
    assert.deepEqual([execution.bytesOut, table.lease.busyMs, table.lease.executed], [8, 4, 1]);
    assert.deepEqual(table.heard.ended, [execution]);
    assert.equal(table.lease.inFlight.length, 0);
  });

  it('takes results, in parts too', async () => {
    await using table = new Table();
    const { execution, settled } = table.posted({ items: ['a', 'b', 'c'], index: 0 });
    await table.say(hello);
    const at = await table.thread.start();
    await table.say(results(at, ['A', 'B'], 0, false));
    assert.deepEqual([settled.length, table.heard.ended.length], [2, 0]);
    await table.say([
      'results',
      at.slot,
      at.generation,
      2,
      4,
      [9],
      [undefined],
      [[0, false, { kind: 'value', value: 'no' }]],
      8,
      true,
    ]);
    assert.deepEqual(
      settled.map(({ index, end }) => [index, end.outcome, end.value, end.error, end.startedAt, end.endedAt]),
      [
        [0, 'ok', 'A', undefined, 1, 2],
        [1, 'ok', 'B', undefined, 2, 3],
        [2, 'error', undefined, 'no', 4, 9],
      ],
    );
    assert.deepEqual(table.heard.ended, [execution]);
    assert.deepEqual(
      [table.lease.inFlight.length, table.lease.executed, execution.ranMs, table.lease.busyMs],
      [0, 1, 7, 7],
    );
  });

  it('ignores results twice, of another generation, out of turn and for slots that nobody has', async () => {
    await using table = new Table();
    const first = table.posted({ items: ['a', 'b'], index: 0 });
    const at = await table.thread.start();
    await table.say(
      results(at, ['out of turn'], 1, false),
      results({ ...at, generation: at.generation + 1 }, ['early', 'x']),
      results({ slot: 63, generation: 0 }, ['nobody']),
    );
    assert.equal(first.settled.length, 0);
    await table.say(results(at, ['A', 'B']), results(at, ['again', 'B']), results(at, ['again'], 1));
    assert.deepEqual(
      first.settled.map(({ end }) => end.value),
      ['A', 'B'],
    );
    assert.equal(table.heard.ended.length, 1);
    // The slot goes to the next execution; what names the old generation is ignored there too.
    const second = table.posted();
    assert.equal(second.execution.slot, at.slot);
    const next = await table.thread.start(1);
    await table.say(
      results(at, ['of the first'], 0),
      ['notes', at.slot, at.generation, 0, [['progress', 1, 2]], 0],
      ['need', at.slot, at.generation],
    );
    assert.deepEqual([second.settled.length, second.notes.length], [0, 0]);
    await table.say(results(next, ['B']));
    assert.deepEqual(
      second.settled.map(({ end }) => end.value),
      ['B'],
    );
  });

  it('hands on notes of items that have not settled, and gives back the credit of all log lines', async () => {
    await using table = new Table();
    const { notes } = table.posted({ items: ['a', 'b'], index: 4, attempt: 2 });
    const at = await table.thread.start();
    await table.say(
      ['notes', at.slot, at.generation, 0, [['log', 'info', 'x', undefined]], 1],
      results(at, ['A'], 0, false),
    );
    await table.say(
      ['notes', at.slot, at.generation, 0, [['log', 'info', 'late', undefined]], 3],
      ['notes', at.slot, at.generation, 1, [['counter', 'c', 1]], 0],
    );
    assert.deepEqual(
      notes.map(({ index, attempt, note }) => [index, attempt, note[0]]),
      [
        [4, 2, 'log'],
        [5, 2, 'counter'],
      ],
    );
    assert.equal(table.lease.slots.logsSeen(), 4);
  });

  it('takes back what has not started, and nothing else', async () => {
    await using table = new Table();
    const [first, second] = [table.posted().execution, table.posted().execution];
    await table.thread.start(0);
    assert.deepEqual([table.lease.steal(first), table.lease.steal(second)], [false, true]);
    assert.equal(table.lease.running(), first);
    assert.deepEqual(table.lease.inFlight, [first]);
  });

  it('tells the thread again what it says it needs', async () => {
    await using table = new Table();
    const { execution } = table.posted({ common: { value: 5, snapshot: undefined } });
    const [message] = await table.thread.messages('execute');
    const [, slot, generation] = message as Execute;
    await table.say(['need', slot, generation]);
    assert.deepEqual(table.heard.returned, [execution]);
    assert.equal(table.lease.inFlight.length, 0);
    table.lease.post(execution);
    await table.thread.messages('execute', 2);
    assert.equal((await table.thread.messages('define')).length, 2);
    assert.equal((await table.thread.messages('common')).length, 2);
  });

  it('sends a common value once, and again after it was dropped', async () => {
    await using table = new Table();
    const common = { value: { big: 1 }, snapshot: undefined };
    table.posted({ common });
    table.posted({ common });
    await table.thread.messages('execute', 2);
    assert.deepEqual(await table.thread.messages('common'), [['common', 2, { big: 1 }, undefined, 0]]);
    table.lease.drop(2);
    table.lease.drop(2);
    table.posted({ common });
    await table.thread.messages('execute', 3);
    assert.equal((await table.thread.messages('drop')).length, 1);
    assert.equal((await table.thread.messages('common')).length, 2);
  });

  it('sends a shared value once, what it holds first, and names it with each execution', async () => {
    await using table = new Table();
    const inner = share([1]) as unknown as SharedHandle;
    const outer = share({ inner }) as unknown as SharedHandle;
    table.posted({ items: [outer] });
    table.posted({ items: [{ inner }, { outer }] });
    table.posted({ items: ['none'] });
    const sent = await table.thread.messages('execute', 3);
    assert.deepEqual(
      sent.map((message) => message[10]),
      [[outer.id, inner.id], [inner.id, outer.id], 0],
    );
    assert.deepEqual(
      table.thread.received.filter(([type]) => type === 'share' || type === 'execute').map((message) => message[1]),
      [outer.id, inner.id, ...sent.map((message) => message[1])],
    );
  });

  it('tells the thread of a shared value again when it needs it, and when it is gone', async () => {
    await using table = new Table();
    const shared = share([1]) as unknown as SharedHandle;
    const common = { value: { shared }, snapshot: { key: shared } };
    const { execution } = table.posted({ common });
    const [[, slot, generation]] = (await table.thread.messages('execute')) as unknown as [Execute];
    const [told] = await table.thread.messages('common');
    assert.deepEqual(told?.slice(3), [{ key: shared.id }, shared.id]);
    await table.say(['need', slot, generation]);
    table.lease.post(execution);
    await table.thread.messages('execute', 2);
    assert.equal((await table.thread.messages('share')).length, 2);
    table.lease.unshare([shared.id, 1e9]);
    table.lease.unshare([shared.id]);
    assert.deepEqual(await table.thread.messages('unshare'), [['unshare', [shared.id]]]);
  });

  it('books what copying took on the executions of the burst', async () => {
    await using table = new Table();
    const light = table.posted({ items: [1] }).execution;
    const heavy = table.posted({ items: ['x'.repeat(10_000)] }).execution;
    await table.thread.messages('execute', 2);
    assert.ok(light.cloneMs > 0 && heavy.cloneMs > light.cloneMs * 100, `${light.cloneMs} and ${heavy.cloneMs} ms`);
    assert.ok(light.cloneMs + heavy.cloneMs < 100, `${heavy.cloneMs} ms`);
  });

  it('sends large inputs alone', async () => {
    await using table = new Table();
    const batches: number[] = [];
    table.thread.port.on('message', (batch: unknown[]) => batches.push(batch.length));
    table.posted();
    table.posted({ items: ['x'.repeat(100_000)] });
    table.posted();
    await table.thread.messages('execute', 3);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(batches, [2, 1, 1]);
  });

  it('fails the culprit of a burst that cannot be cloned, and posts the others', async () => {
    await using table = new Table();
    const [first, bad, last] = [table.posted(), table.posted({ items: [() => 1] }), table.posted()];
    assert.equal((await table.thread.messages('execute', 2)).length, 2);
    assert.deepEqual(table.heard.ended, [bad.execution]);
    assert.deepEqual(
      bad.settled.map(({ end }) => (end.error as { code?: string }).code),
      ['CANO_NOT_CLONEABLE'],
    );
    assert.deepEqual(table.lease.inFlight, [first.execution, last.execution]);
    // Of a chunk, the items that can be cloned go round again.
    const chunk = table.posted({ items: [1, () => 1, 3], index: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(table.heard.returned, [chunk.execution]);
    assert.deepEqual(chunk.execution.items, [1, 3]);
  });

  it('posts nothing after its end message, and closes in order', async () => {
    await using table = new Table();
    await table.say(hello);
    table.lease.end();
    table.lease.drop(2);
    table.lease.retire();
    table.lease.end();
    await table.thread.messages('end');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(table.thread.received, [['end']]);
    assert.equal(table.lease.isTaking, false);
    table.thread.finish();
    await table.until(() => table.heard.closed.length > 0);
    assert.deepEqual(table.heard.closed, [undefined]);
  });
});

describe('the death of a lease', () => {
  async function closing(table: Table): Promise<Death> {
    await table.until(() => table.heard.closed.length > 0);
    const [death] = table.heard.closed;
    assert.ok(death !== undefined);
    return death;
  }

  it('comes after the last results and the last words, even when the pool knows of it first', async () => {
    const table = new Table();
    const { settled } = table.posted();
    const at = await table.thread.start();
    table.thread.say(results(at, ['posted before the end']), [
      'dying',
      'uncaught_error',
      false,
      { kind: 'value', value: 'why' },
    ]);
    table.thread.die(new Error('from the pool'));
    const death = await closing(table);
    assert.deepEqual(
      settled.map(({ end }) => end.value),
      ['posted before the end'],
    );
    assert.deepEqual(death, { reason: 'uncaught_error', certain: false, error: 'why' });
  });

  const deaths: readonly [title: string, dying: FromThread | undefined, rejection: unknown, death: Partial<Death>][] = [
    ['exit without last words', undefined, new Error('worker exited with code: 1'), { reason: 'exit', certain: true }],
    [
      'heap limit',
      undefined,
      Object.assign(new Error('x'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }),
      { reason: 'out_of_memory', certain: true },
    ],
    [
      'last words outrank the pool',
      ['dying', 'exit', false, undefined],
      new Error('late'),
      { reason: 'exit', certain: false },
    ],
    ['a user’s AbortError', undefined, new DOMException('x', 'AbortError'), { reason: 'uncaught_error' }],
  ];
  for (const [title, dying, rejection, expected] of deaths) {
    it(title, async () => {
      const table = new Table();
      table.posted();
      if (dying !== undefined) await table.say(dying);
      table.thread.die(rejection);
      const { reason, certain } = await closing(table);
      assert.equal(reason, expected.reason);
      assert.equal(certain, expected.certain ?? true);
    });
  }

  it('is a termination when the lease asked for it', async () => {
    const table = new Table();
    table.lease.terminate();
    assert.equal((await closing(table)).reason, 'terminated');
  });

  for (const [title, garbage] of [
    ['a message of no known type', [['nonsense', 1]]],
    ['something that is no list', 'garbage'],
    ['nothing', undefined],
  ] as const) {
    it(`is a breach of the protocol when the thread says ${title}`, async () => {
      const table = new Table();
      table.posted();
      table.thread.port.postMessage(garbage);
      assert.equal((await closing(table)).reason, 'protocol');
      assert.ok(table.thread.signal?.aborted);
    });
  }

  it('is a breach when the channel closes and the thread lives on', async () => {
    const table = new Table();
    table.posted();
    await table.say(hello);
    table.thread.port.close();
    assert.equal((await closing(table)).reason, 'protocol');
    assert.ok(table.thread.signal?.aborted, 'the thread is terminated');
  });

  it('comes by termination when a teardown does not end', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const table = new Table();
      await table.say(hello);
      table.lease.retire();
      table.lease.retire();
      assert.equal((await table.thread.messages('retire')).length, 1);
      mock.timers.tick(TEARDOWN_MS - 1);
      assert.equal(table.thread.signal?.aborted, false);
      mock.timers.tick(1);
      assert.equal((await closing(table)).reason, 'terminated');
    } finally {
      mock.timers.reset();
    }
  });
});
