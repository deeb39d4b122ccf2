/** What the fields of a log line become on their way from a thread. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { copyFields } from '../../../src/worker/log-fields.ts';
import type { Note } from '../../../src/wire/messages.ts';
import { announceNote } from '../../../src/orchestrator/attempt.ts';
import type { LiveRun } from '../../../src/orchestrator/live-run.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The fields as the main thread announces them, after the copy and the message. */
function arrived(fields: Fields): Record<string, unknown> {
  const { plain, errors } = copyFields(fields);
  const note = structuredClone(['log', 'info', 'x', plain, errors]) as Extract<Note, readonly ['log', ...unknown[]]>;
  let event: unknown;
  const run = { announce: (body: () => unknown) => (event = body()) } as unknown as LiveRun;
  announceNote(run, { state: 'A', node: 'a', visit: 1 }, 0, -1, 1, note);
  return (event as { fields: Record<string, unknown> }).fields;
}

class StoreError extends Error {
  override readonly name: string = 'StoreError';
  readonly code: string = 'E_FULL';
}
const shown = (error: unknown): unknown[] => {
  assert.ok(error instanceof Error, 'it is an error');
  return [error.name, error.message, (error as StoreError).code];
};
const FULL = ['StoreError', 'full', 'E_FULL'];
const full = (): StoreError => new StoreError('full', { cause: new RangeError('deep') });

describe('fields of a line from a thread', () => {
  it('keep errors with name, code and cause wherever they are', () => {
    const { result, list, map, set, nobody } = arrived({
      result: { error: full(), ok: false },
      list: [1, full(), { again: full() }],
      map: new Map<unknown, unknown>([
        ['a', full()],
        [{ id: 1 }, { error: full() }],
      ]),
      set: new Set<unknown>([full(), 'b']),
      nobody: null,
    }) as { result: Fields; list: unknown[]; map: Map<unknown, unknown>; set: Set<unknown>; nobody: null };
    const [, second, third] = list as [number, unknown, { again: unknown }];
    const inMap = [...map.values()] as [unknown, { error: unknown }];
    for (const error of [result['error'], second, third.again, inMap[0], inMap[1].error, [...set].at(-1)])
      assert.deepEqual(shown(error), FULL);
    assert.ok((result['error'] as Error).cause instanceof RangeError, 'the cause is there');
    assert.deepEqual(
      [Object.keys(result), list.length, [...map.keys()], set.size, nobody],
      [['error', 'ok'], 3, ['a', { id: 1 }], 2, null],
    );
  });

  it('lose only the value that cannot be sent', () => {
    const { opts, map, set, deep, proxy, socket } = arrived({
      opts: { retries: 3, url: 'a', onDone() {}, tag: Symbol('t') },
      map: new Map<unknown, unknown>([
        ['fn', () => 1],
        ['n', 1],
      ]),
      set: new Set([1, () => 1]),
      deep: [
        {
          get boom(): never {
            throw new Error('no');
          },
          weak: new WeakMap(),
          fine: true,
        },
      ],
      proxy: new Proxy({ a: 1 }, {}),
      // What a class keeps is its own affair: taken as a whole or not at all.
      socket: new (class Socket {
        readonly #fd = 3;
        readonly close = (): number => this.#fd;
      })(),
    });
    assert.deepEqual(
      { opts, map, set, deep, proxy, socket },
      {
        opts: { retries: 3, url: 'a', onDone: 'the function onDone', tag: 'a symbol' },
        map: new Map<unknown, unknown>([
          ['fn', 'a function'],
          ['n', 1],
        ]),
        set: new Set([1, 'a function']),
        deep: [{ boom: undefined, weak: 'an instance of WeakMap', fine: true }],
        proxy: { a: 1 },
        socket: 'an instance of Socket',
      },
    );
  });

  it('arrive as structured clone gives them where it takes them', () => {
    const sparse = Object.assign([1], { 2: 3, named: 'x' });
    const shared = { id: 1 };
    const fields = {
      date: new Date(0),
      pattern: /x/g,
      view: new Uint8Array([1, 2, 3]).subarray(1),
      sparse,
      big: 1n,
      nothing: undefined,
      pair: [shared, shared],
      foreign: runInNewContext('({ a: [1] })') as unknown,
      bare: Object.assign(Object.create(null) as object, { a: 1 }),
      ['__proto__']: { polluted: true },
    };
    const got = arrived(fields);
    assert.deepEqual(got, structuredClone(fields));
    assert.ok(Object.hasOwn(got, '__proto__'), 'a field is a field');
    const [one, other] = got['pair'] as unknown[];
    assert.equal(one, other);
  });

  it('may hold themselves, and errors that do', () => {
    const loop: Record<string, unknown> = { error: full() };
    loop['self'] = loop;
    const fields: Record<string, unknown> = { loop };
    fields['all'] = fields;
    const got = arrived(fields);
    const inner = got['loop'] as Record<string, unknown>;
    assert.equal(got['all'], got);
    assert.equal(inner['self'], inner);
    assert.deepEqual(shown(inner['error']), FULL);
  });

  it('are taken as a whole where they are too deep or too large', () => {
    let deep: unknown = { end: 1 };
    let deeper: unknown = { fn: () => 1 };
    for (let level = 0; level < 100; level += 1) [deep, deeper] = [[deep], [deeper]];
    const large = Array.from({ length: 20_000 }, (_value, n) => n);
    const got = arrived({ deep, deeper, large, broken: [...large, () => 1], after: { n: 1 } });
    assert.deepEqual(got['deep'], deep);
    assert.match(JSON.stringify(got['deeper']), /^\[+"an array of 1"\]+$/);
    assert.deepEqual(got['large'], large);
    assert.deepEqual([got['broken'], got['after']], ['an array of 20001', { n: 1 }]);
    const errors = Array.from({ length: 1_000 }, () => full());
    const { errors: encoded } = copyFields({ errors });
    assert.ok(encoded !== undefined && encoded.length > 50 && encoded.length < 200, `${encoded?.length}`);
    assert.equal((arrived({ errors })['errors'] as Error[]).at(-1)?.message, 'full');
  });

  it('weigh what they are, their errors too', () => {
    const text = 'x'.repeat(10_000);
    const bytes = (fields: Fields): number => copyFields(fields).bytes;
    assert.ok(bytes({ text }) > 10_000 && bytes({ text }) < 10_100, `${bytes({ text })}`);
    const inside = bytes({ a: { error: new Error(text) } });
    assert.ok(inside > 10_000 && inside < 40_000, `${inside}`);
  });

  it('cannot hurt who logs them', () => {
    const refuse = (): never => {
      throw new Error('no');
    };
    const { proxy: revoked, revoke } = Proxy.revocable([], {});
    revoke();
    class Odd extends Map<string, number> {
      override forEach(): never {
        return refuse();
      }
    }
    const got = arrived({
      revoked,
      keys: new Proxy({}, { ownKeys: refuse }),
      proto: new Proxy({}, { getPrototypeOf: refuse }),
      map: new Proxy(new Map(), {}),
      odd: new Odd([['a', 1]]),
      error: new Proxy(full(), { get: refuse }),
    });
    assert.deepEqual(got['odd'], new Map([['a', 1]]));
    assert.ok(got['error'] instanceof Error, 'it is an error still');
    for (const name of ['revoked', 'keys', 'proto', 'map']) assert.equal(typeof got[name], 'string', name);
  });
});
