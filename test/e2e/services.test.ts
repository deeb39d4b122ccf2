/** Services: `ctx.services` on the main thread, `ctx.rpc` on threads. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, describe, test } from 'node:test';
import {
  createEngine,
  MemoryStore,
  nodeFor,
  NonRetryableError,
  retry,
  RetryAfterError,
  RunFailedError,
  Workflow,
  type Engine,
  type Run,
} from '../../src/index.ts';
import { Lease, type LeaseOwner } from '../../src/dispatch/lease.ts';
import { ThreadPool } from '../../src/dispatch/pool.ts';
import type { BoundExec } from '../../src/node.ts';
import * as calls from '../fixtures/loading/calls.ts';
import type { Caught, Desk } from '../fixtures/loading/calls.ts';
import { bookkeeping } from '../unit/dispatch/helpers.ts';

class QuotaError extends RangeError {
  readonly limit = 12;
  override readonly name = 'QuotaError';
}

/** Methods on a prototype, state in private fields: what a live object is made of. */
class LiveDesk implements Desk {
  askedLate = 0;
  lateMs = 100;
  #added = 0;
  readonly label = 'desk';

  add(a: number, b: number): number {
    this.#added += 1;
    return a + b;
  }

  added(): number {
    return this.#added;
  }

  async addSlowly(n: number): Promise<number> {
    await sleep(5);
    return this.add(n, 1);
  }

  echo(value: unknown): unknown {
    return value;
  }

  memoryBehind(bytes: Uint8Array): number {
    return bytes.buffer.byteLength;
  }

  async never(): Promise<never> {
    return new Promise(() => {});
  }

  async answerLate(): Promise<string> {
    this.askedLate += 1;
    await sleep(this.lateMs);
    return 'late';
  }

  throwsAtOnce(): never {
    throw Object.assign(new RangeError('too much', { cause: new Error('of it') }), { code: 'E_MUCH' });
  }

  async rejects(): Promise<never> {
    throw new QuotaError('over quota');
  }

  async refuses(): Promise<never> {
    throw new NonRetryableError('never again');
  }

  async postpones(): Promise<never> {
    throw new RetryAfterError('later', 5);
  }

  throwsText(): never {
    // oxlint-disable-next-line typescript/only-throw-error -- what careless services do
    throw 'just text';
  }

  givesFunction(): unknown {
    return { rows: [{ format: () => 'x' }] };
  }

  givesSymbol(): unknown {
    return Symbol('s');
  }
}

const desk = new LiveDesk();
const services = { desk };
type Services = typeof services;

const onThread = createEngine({ threads: 1, grace: '50ms', services });
const inline = createEngine({ inline: true, services });
after(async () => {
  await onThread.close();
  await inline.close();
});

interface Ended<Output> {
  readonly output: Output;
  readonly attempts: number;
}

function start<Input, Output>(
  engine: Engine<Services>,
  exec: BoundExec<Input, Output, Services>,
  input: Input,
  options: object = {},
): { readonly run: Run; readonly ended: Promise<Ended<Output>> } {
  const store = new MemoryStore<{ output: unknown }>();
  const node = nodeFor<typeof store, Services>()({
    name: exec.name,
    outcomes: ['Done'],
    prep: (): never => input as never,
    exec: exec as BoundExec<never, string>,
    retry: retry.none(),
    ...options,
    post: (kept, output) => {
      kept.put('output', output);
      return 'Done';
    },
  });
  const workflow = new Workflow<'Work' | 'Done', typeof store>('calls', 'Work')
    .registerNode('Work', node)
    .addExitStates('Done');
  const run = engine.start(workflow as never, store);
  const ended = run.result.then(({ report }) => ({
    output: store.get('output') as Output,
    attempts: report().nodes[0]?.attempts ?? 0,
  }));
  return { run, ended };
}

async function outputOf<Input, Output>(
  engine: Engine<Services>,
  exec: BoundExec<Input, Output, Services>,
  input: Input,
  options?: object,
): Promise<Output> {
  return (await start(engine, exec, input, options).ended).output;
}

async function failureOf(
  ended: Promise<unknown>,
): Promise<{ readonly error: RunFailedError; readonly attempts: number }> {
  const error: unknown = await ended.catch((reason: unknown) => reason);
  assert.ok(error instanceof Error && 'report' in error, String(error));
  const failed = error as RunFailedError;
  return { error: failed, attempts: failed.report.nodes[0]?.attempts ?? 0 };
}

test('prep and post have the services themselves', async () => {
  const seen: unknown[] = [];
  const node = nodeFor<MemoryStore<object>, Services>()({
    name: 'n',
    outcomes: ['Done'],
    prep: (_store, ctx) => {
      seen.push(ctx.services.desk);
    },
    exec: () => {},
    post: (_store, _output, ctx) => {
      seen.push(ctx.services.desk);
      return 'Done';
    },
  });
  const workflow = new Workflow<'Work' | 'Done', MemoryStore<object>>('w', 'Work')
    .registerNode('Work', node)
    .addExitStates('Done');
  await onThread.start(workflow, new MemoryStore<object>()).result;
  assert.deepEqual([seen.length, seen[0] === desk, seen[1] === desk], [2, true, true]);
});

const failing: Record<string, Partial<Caught>> = {
  'desk.throwsAtOnce': {
    classes: ['RangeError', 'Error'],
    name: 'RangeError',
    message: 'too much',
    code: 'E_MUCH',
    cause: 'of it',
  },
  'desk.refuses': {
    classes: ['NonRetryableError', 'CanoError', 'Error'],
    name: 'NonRetryableError',
    message: 'never again',
    code: 'CANO_NON_RETRYABLE',
  },
  'desk.postpones': {
    classes: ['RetryAfterError', 'CanoError', 'Error'],
    name: 'RetryAfterError',
    message: 'later',
    code: 'CANO_RETRY_AFTER',
    extra: 5,
  },
  'desk.answer': {
    classes: ['ServiceError', 'CanoError', 'Error'],
    name: 'ServiceError',
    code: 'CANO_SERVICE_FAILED',
    message: 'ctx.rpc.desk.answer: that is undefined, not a method',
  },
  'desk.label': { code: 'CANO_SERVICE_FAILED', message: "ctx.rpc.desk.label: that is 'desk', not a method" },
  'disk.add': {
    code: 'CANO_SERVICE_FAILED',
    message: 'ctx.rpc.disk: the engine has no service of that name (it has desk)',
  },
  'constructor.keys': {
    code: 'CANO_SERVICE_FAILED',
    message: 'ctx.rpc.constructor: the engine has no service of that name (it has desk)',
  },
};

for (const [where, engine] of [
  ['a thread', onThread],
  ['the main thread, inline', inline],
] as const) {
  describe(`ctx.rpc on ${where}`, () => {
    test('answers with what the method returns or resolves to', async () => {
      assert.equal(await outputOf(engine, calls.call, ['desk', 'addSlowly', 4]), 5);
    });

    test('calls methods of a class on their object', async () => {
      const before = desk.added();
      await outputOf(engine, calls.call, ['desk', 'addSlowly', 1]);
      assert.equal(await outputOf(engine, calls.call, ['desk', 'added']), before + 1);
    });

    test('gives undefined for a method that returns nothing', async () => {
      assert.equal(await outputOf(engine, calls.call, ['desk', 'echo']), undefined);
    });

    test('takes and gives all that structured clone does', async () => {
      const sent = [undefined, null, 7n, 'ü', new Map([[1, new Set(['a'])]]), new Float32Array([1.5, -0])];
      assert.deepEqual(await outputOf(engine, calls.echo, undefined), [sent, true]);
    });

    test('a service may be awaited by mistake', async () => {
      assert.equal(await outputOf(engine, calls.awaitService, undefined), 3);
    });

    test('1,000 calls at once get their own answers', async () => {
      assert.equal(await outputOf(engine, calls.many, 1_000), true);
    });

    for (const [method, expected] of Object.entries(failing)) {
      test(`${method} throws in exec what it throws here`, async () => {
        const seen = await outputOf(engine, calls.caught, method.split('.') as [string, string]);
        assert.deepEqual({ ...seen, ...expected }, seen);
      });
    }

    test('an error that exec lets pass fails the run with its class and code', async () => {
      const { error } = await failureOf(start(engine, calls.call, ['desk', 'throwsAtOnce']).ended);
      assert.ok(error instanceof RunFailedError);
      assert.ok(error.cause instanceof RangeError);
      assert.equal((error.cause as RangeError & { code?: string }).code, 'E_MUCH');
    });

    test('a thrown value that is no error stays what it is', async () => {
      const { error } = await failureOf(start(engine, calls.call, ['desk', 'throwsText']).ended);
      assert.equal(error.cause, 'just text');
    });

    test('a service refuses and postpones retries', async () => {
      const options = { retry: retry.fixed({ retries: 2, delay: '20s' }) };
      assert.equal((await failureOf(start(engine, calls.call, ['desk', 'refuses'], options).ended)).attempts, 1);
      assert.equal((await failureOf(start(engine, calls.call, ['desk', 'postpones'], options).ended)).attempts, 3);
    });
  });
}

describe('what crosses threads', () => {
  test('a class that cano does not know keeps its name, its nearest known class and its data', async () => {
    const seen = await outputOf(onThread, calls.caught, ['desk', 'rejects']);
    assert.deepEqual(
      [seen.classes, seen.name, seen.message, seen.extra],
      [['RangeError', 'Error'], 'QuotaError', 'over quota', 12],
    );
  });

  test('an argument that cannot be cloned is named', async () => {
    const { name, code, message, extra } = await outputOf(onThread, calls.sendFunction, undefined);
    assert.deepEqual([name, code, extra], ['NotCloneableError', 'CANO_NOT_CLONEABLE', '[0].list[1].cb']);
    assert.match(
      message,
      /^arguments of service desk\.echo \[0\]\.list\[1\]\.cb is the function cb, which cannot cross threads/,
    );
  });

  test('a result that cannot be cloned is named, and not asked for again', async () => {
    const { error, attempts } = await failureOf(
      start(onThread, calls.call, ['desk', 'givesFunction'], { retry: retry.fixed({ retries: 2 }) }).ended,
    );
    assert.equal(attempts, 1);
    assert.match(
      (error.cause as Error).message,
      /^result of service desk\.givesFunction \.rows\[0\]\.format is the function format, which cannot/,
    );
    const symbol = await outputOf(onThread, calls.caught, ['desk', 'givesSymbol']);
    assert.match(symbol.message, /^result of service desk\.givesSymbol is a symbol, which cannot cross threads/);
  });

  test('of a Buffer only its own bytes', async () => {
    assert.equal(await outputOf(onThread, calls.sendBuffer, undefined), 3);
  });
});

describe('a service that does not answer', () => {
  const works = async (): Promise<void> =>
    assert.equal(await outputOf(onThread, calls.call, ['desk', 'addSlowly', 1]), 2);

  test('holds no run that is cancelled', async () => {
    const { run, ended } = start(onThread, calls.deaf, undefined);
    await sleep(50);
    run.cancel(new Error('enough'));
    const { error } = await failureOf(ended);
    assert.equal(error.code, 'CANO_RUN_CANCELLED');
    await works();
  });

  test('holds no attempt beyond its timeout: the thread is terminated', async () => {
    const { error } = await failureOf(start(onThread, calls.deaf, undefined, { timeout: '50ms' }).ended);
    const { code, rung } = error.cause as { code?: string; rung?: string };
    assert.deepEqual([code, rung], ['CANO_TIMEOUT', 'hard']);
    await works();
  });

  test('costs no thread when exec waits for the signal too', async () => {
    const patient = createEngine({ threads: 1, grace: '30s', services });
    const { error } = await failureOf(start(patient, calls.attentive, undefined, { timeout: '50ms' }).ended);
    const { code, rung } = error.cause as { code?: string; rung?: string };
    assert.deepEqual([code, rung], ['CANO_TIMEOUT', 'soft']);
    await patient.close();
  });

  test('holds no engine that is closed', async () => {
    const engine = createEngine({ threads: 1, grace: '50ms', services });
    const { ended } = start(engine, calls.deaf, undefined);
    const failed = failureOf(ended);
    await sleep(50);
    await engine.close({ timeout: '50ms' });
    assert.equal((await failed).error.code, 'CANO_RUN_CANCELLED');
  });

  test('costs no thread when exec did not wait for it either', async () => {
    const exits: unknown[] = [];
    const engine = createEngine({
      threads: 1,
      services,
      onEvent: (event) => {
        if (event.type === 'thread.exited') exits.push(event);
      },
    });
    for (let n = 0; n < 3; n += 1) {
      assert.deepEqual(await start(engine, calls.floats, n).ended, { output: n, attempts: 1 });
      // Long enough for the idle lease to end, with the call under way.
      await sleep(150);
    }
    assert.deepEqual(exits, []);
    await engine.close();
  });

  test('may answer a thread that has died', async () => {
    const ended = start(onThread, calls.dies, undefined, { retry: retry.fixed({ retries: 1 }) }).ended;
    assert.deepEqual(await ended, { output: 'late', attempts: 2 });
    assert.ok(desk.askedLate >= 2, 'the dead thread had asked, and was answered late');
    await works();
  });
});

describe('channels', () => {
  // A native port is an async handle of libuv; process.getActiveResourcesInfo() leaves those out that are unref'd.
  const portsHere = (): number =>
    (process.report.getReport() as { libuv: { type: string }[] }).libuv.filter(({ type }) => type === 'async').length;

  test('200 leases leave no port behind on the main thread', async () => {
    const pool = new ThreadPool({ threads: 1, resourceLimits: undefined, onIdleDeath: (error) => assert.fail(error) });
    // A lease without work keeps no process alive.
    const alive = setInterval(() => {}, 1_000);
    let open = 0;
    for (let count = 0; count < 200; count += 1) {
      if (count === 10) open = portsHere();
      await new Promise<void>((resolve, reject) => {
        const nothing = (): void => {};
        const owner: LeaseOwner = {
          onHello: (lease) => lease.end(),
          onClosed: (_lease, death) =>
            death === undefined ? resolve() : reject(new Error(`the lease died: ${death.reason}`)),
          onEnded: nothing,
          onReturned: nothing,
          onBurst: nothing,
          onRetired: nothing,
        };
        void new Lease({ pool, thread: 0, services, owner, ...bookkeeping() });
      });
    }
    await sleep(20);
    assert.ok(portsHere() <= open + 3, `${open} ports after 10 leases, ${portsHere()} after 200`);
    clearInterval(alive);
    await pool.destroy();
  });

  test('leases leave no port behind on their thread', async () => {
    const engine = createEngine({ threads: 1, services });
    const counts: number[] = [];
    for (let count = 0; count < 8; count += 1) {
      counts.push(await outputOf(engine, calls.ports, undefined));
      await sleep(150);
    }
    assert.equal(counts.at(-1), counts[1], counts.join(', '));
    await engine.close();
  });
});

test('a call that exec did not wait for is answered after its lease has ended', async () => {
  const engine = createEngine({ threads: 1, services });
  desk.lateMs = 250;
  await outputOf(engine, calls.floatsLate, undefined);
  // The lease ends after 100 ms without work.
  await sleep(400);
  assert.equal(await outputOf(engine, calls.lateAnswer, undefined), 'late');
  await engine.close();
});

test('an engine without services says so', async () => {
  const engine = createEngine({ threads: 1 }) as unknown as Engine<Services>;
  const { code, message } = (await outputOf(engine, calls.withoutServices as never, undefined)) as Caught;
  assert.deepEqual(
    [code, message],
    ['CANO_SERVICE_FAILED', 'ctx.rpc.desk: this engine has no services; pass them to createEngine({ services })'],
  );
  await engine.close();
});
