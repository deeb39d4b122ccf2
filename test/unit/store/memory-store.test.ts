import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { MemoryStore } from '../../../src/store/memory-store.ts';

interface Schema {
  count: number;
  name: string;
  words: string[];
  note?: string | undefined;
}

test('put, get, find and has', () => {
  const store = new MemoryStore<Schema>();
  assert.equal(store.find('count'), undefined);
  assert.equal(store.has('count'), false);
  store.put('count', 1);
  store.put('count', 2);
  assert.equal(store.get('count'), 2);
  assert.equal(store.find('count'), 2);
  assert.equal(store.has('count'), true);
});

test('get of a missing key says what the store holds', () => {
  const store = new MemoryStore<Schema>();
  assert.throws(() => store.get('name'), { code: 'CANO_MISSING_KEY', key: 'name', message: /the store is empty/ });
  store.put('count', 1);
  assert.throws(() => store.get('name'), { name: 'MissingKeyError', message: /it holds 'count'/ });
});

test('undefined is a value', () => {
  const store = new MemoryStore<Schema>({ note: undefined });
  assert.equal(store.has('note'), true);
  assert.equal(store.get('note'), undefined);
  store.update('note', (note) => `${note}`);
  assert.equal(store.remove('note'), 'undefined');
});

test('update replaces a value by what the function makes of it', () => {
  const store = new MemoryStore<Schema>({ count: 1 });
  store.update('count', (count) => count + 1);
  assert.equal(store.get('count'), 2);
});

test('update of a missing key does not call the function', () => {
  const store = new MemoryStore<Schema>();
  assert.throws(() => store.update('count', () => assert.fail('called')), { code: 'CANO_MISSING_KEY' });
  assert.equal(store.has('count'), false);
});

test('a value stays when the function of update throws', () => {
  const store = new MemoryStore<Schema>({ count: 1 });
  const failure = new Error('change');
  assert.throws(
    () =>
      store.update('count', () => {
        throw failure;
      }),
    failure,
  );
  assert.equal(store.get('count'), 1);
});

test('append makes a list and adds to it', () => {
  const store = new MemoryStore<Schema>();
  store.append('words');
  assert.deepEqual(store.get('words'), []);
  store.append('words', 'a');
  store.append('words', 'b', 'c');
  assert.deepEqual(store.get('words'), ['a', 'b', 'c']);
});

test('append to what is no list is an error and changes nothing', () => {
  const store = new MemoryStore<Record<string, unknown>>({ words: 'a' });
  assert.throws(() => store.append('words', 'b'), { code: 'CANO_NOT_A_LIST', key: 'words', message: /holds 'a'/ });
  assert.equal(store.get('words'), 'a');
  store.put('words', undefined);
  assert.throws(() => store.append('words', 'b'), { code: 'CANO_NOT_A_LIST' });
});

test('append changes no array that somebody has in hand', () => {
  const given = ['a'];
  const store = new MemoryStore<Schema>({ words: given });
  store.append('words', 'b');
  const first = store.get('words');
  store.append('words', 'c');
  const second = store.find('words');
  store.append('words', 'd');
  let third: readonly string[] = [];
  store.update('words', (words) => [...(third = words)]);
  store.append('words', 'e');
  const fourth = store.remove('words');
  store.append('words', 'f');
  assert.deepEqual(
    [given, first, second, third, fourth, store.get('words')],
    [['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'd', 'e'], ['f']],
  );
});

test('an array put over an appended list is not changed by the next append', () => {
  const store = new MemoryStore<Schema>();
  store.append('words', 'a');
  const given = ['x'];
  store.put('words', given);
  store.append('words', 'y');
  assert.deepEqual([given, store.get('words')], [['x'], ['x', 'y']]);
});

test('append does not keep the array of items that it was called with', () => {
  const store = new MemoryStore<{ lists: string[][] }>();
  const item = ['a'];
  store.append('lists', item);
  assert.equal(store.get('lists')[0], item);
});

test('a hundred thousand appends copy no list', () => {
  const store = new MemoryStore<{ numbers: number[] }>();
  // With a copy each, this writes 5 * 10^9 items and takes seconds.
  for (let i = 0; i < 100_000; i++) store.append('numbers', i);
  assert.equal(store.get('numbers').length, 100_000);
});

test('remove takes a key out and returns its value', () => {
  const store = new MemoryStore<Schema>({ count: 1, name: 'a' });
  assert.equal(store.remove('count'), 1);
  assert.equal(store.has('count'), false);
  assert.throws(() => store.remove('count'), { code: 'CANO_MISSING_KEY', message: /it holds 'name'/ });
});

test('delete says whether there was something to delete', () => {
  const store = new MemoryStore<Schema>({ count: 1 });
  assert.equal(store.delete('count'), true);
  assert.equal(store.delete('count'), false);
  assert.equal(store.has('count'), false);
});

test('keys, size, isEmpty and clear', () => {
  const store = new MemoryStore<Schema>();
  assert.deepEqual([store.keys(), store.size, store.isEmpty()], [[], 0, true]);
  store.put('name', 'a');
  store.put('count', 1);
  store.append('words', 'a');
  assert.deepEqual([store.keys(), store.size, store.isEmpty()], [['name', 'count', 'words'], 3, false]);
  store.put('name', 'b');
  assert.deepEqual(store.keys(), ['name', 'count', 'words']);
  store.delete('name');
  store.put('name', 'c');
  assert.deepEqual(store.keys(), ['count', 'words', 'name']);
  store.clear();
  assert.deepEqual([store.keys(), store.size, store.isEmpty(), store.find('name')], [[], 0, true, undefined]);
});

test('keys gives a copy', () => {
  const store = new MemoryStore<Schema>({ count: 1 });
  store.keys().push('other');
  assert.deepEqual(store.keys(), ['count']);
});

test('values are kept by reference', () => {
  const value = { socket: Symbol('live'), fn: () => 1 };
  const store = new MemoryStore({ value });
  assert.equal(store.get('value'), value);
});

test('initial values keep their order, and the store is a copy of the object', () => {
  const initial: Partial<Schema> = { name: 'a', count: 1 };
  const store = new MemoryStore<Schema>(initial);
  initial.count = 2;
  assert.deepEqual(store.keys(), ['name', 'count']);
  assert.equal(store.get('count'), 1);
});

test('names of Object.prototype are ordinary keys', () => {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', ''];
  const store = new MemoryStore<Record<string, unknown>>(JSON.parse('{"__proto__": 1}') as Record<string, unknown>);
  assert.deepEqual(store.keys(), ['__proto__']);
  store.clear();
  for (const name of names) {
    assert.equal(store.has(name), false);
    assert.throws(() => store.get(name), { code: 'CANO_MISSING_KEY' });
    store.append(name, name);
    assert.deepEqual(store.get(name), [name]);
  }
  assert.deepEqual(store.keys(), names);
});

for (const initial of [null, 'text', 12, [1], new Map([['a', 1]]), new Set()]) {
  test(`initial values given as ${inspect(initial)} are refused`, () => {
    assert.throws(() => new MemoryStore(initial as unknown as Record<string, unknown>), {
      code: 'CANO_INVALID_OPTION',
      message: /^MemoryStore: initial must be an object of values by key, got /,
    });
  });
}

test('a subclass is refused', () => {
  class Corpus extends MemoryStore<Schema> {
    longest(): string {
      return '';
    }
  }
  assert.throws(() => new Corpus(), {
    code: 'CANO_INVALID_OPTION',
    message: /^MemoryStore cannot be extended \(by Corpus\).*Wrap it instead, or use a class of your own as store$/,
  });
});

test('console.log shows the values', () => {
  const store = new MemoryStore<Schema>({ count: 1, words: ['a'] });
  assert.equal(inspect(store), `MemoryStore { count: 1, words: [ 'a' ] }`);
  assert.equal(
    inspect({ store }, { depth: 0 }),
    '{ store: [Object] }'.replace('[Object]', 'MemoryStore { count: 1, words: [Array] }'),
  );
});

test('users see no methods but those of the port', () => {
  const methods = Object.getOwnPropertyNames(MemoryStore.prototype).toSorted();
  const port = 'append clear constructor delete find get has isEmpty keys put remove size update';
  assert.equal(methods.join(' '), port);
  assert.deepEqual(Object.keys(new MemoryStore<Schema>({ count: 1 })), []);
});
