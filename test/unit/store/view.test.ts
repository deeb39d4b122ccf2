import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginView, commitView, MemoryStore } from '../../../src/store/memory-store.ts';

interface Schema {
  count: number;
  name: string;
  words: string[];
  other: number;
}

test('a view is a MemoryStore that reads through and keeps its writes to itself', () => {
  const base = new MemoryStore<Schema>({ count: 1, name: 'a', words: ['x'] });
  const view = beginView(base);
  assert.ok(view instanceof MemoryStore);
  assert.equal(view.get('count'), 1);
  view.put('count', 9);
  view.put('count', 2);
  view.update('name', (name) => `${name}b`);
  view.append('words', 'y');
  view.put('other', 3);
  assert.deepEqual(
    [view.get('count'), view.get('name'), view.get('words'), view.get('other')],
    [2, 'ab', ['x', 'y'], 3],
  );
  assert.deepEqual(
    [base.get('count'), base.get('name'), base.get('words'), base.keys()],
    [1, 'a', ['x'], ['count', 'name', 'words']],
  );
});

test('commit applies all writes', () => {
  const base = new MemoryStore<Schema>({ count: 1, name: 'a', words: ['x'] });
  const view = beginView(base);
  view.put('count', 2);
  view.delete('name');
  view.append('words', 'y');
  view.put('other', 3);
  commitView(view);
  assert.deepEqual(
    [base.get('count'), base.find('name'), base.get('words'), base.get('other')],
    [2, undefined, ['x', 'y'], 3],
  );
  assert.deepEqual(base.keys(), ['count', 'words', 'other']);
});

test('a dropped view leaves no trace', () => {
  const base = new MemoryStore<Schema>({ count: 1, words: ['x'] });
  const view = beginView(base);
  view.append('words', 'y');
  view.clear();
  view.put('name', 'b');
  assert.deepEqual(base.keys(), ['count', 'words']);
  assert.deepEqual(base.get('words'), ['x']);
});

test('deletions hide what the base has', () => {
  const base = new MemoryStore<Schema>({ count: 1, name: 'a' });
  const view = beginView(base);
  assert.equal(view.delete('count'), true);
  assert.equal(view.delete('count'), false);
  assert.equal(view.delete('other'), false);
  assert.deepEqual([view.has('count'), view.find('count'), view.keys(), view.size], [false, undefined, ['name'], 1]);
  assert.throws(() => view.get('count'), { code: 'CANO_MISSING_KEY', message: /it holds 'name'\)/ });
  assert.equal(view.remove('name'), 'a');
  assert.ok(view.isEmpty());
  assert.equal(base.size, 2);
});

test('clear hides the base and empties it at the commit', () => {
  const base = new MemoryStore<Schema>({ count: 1, words: ['x'] });
  const view = beginView(base);
  view.put('name', 'a');
  view.clear();
  assert.deepEqual(
    [view.keys(), view.size, view.has('count'), view.find('count'), view.delete('count')],
    [[], 0, false, undefined, false],
  );
  view.append('words', 'y');
  view.append('words', 'z');
  view.put('other', 1);
  assert.equal(view.delete('other'), true);
  assert.deepEqual([view.keys(), view.size, view.get('words')], [['words'], 1, ['y', 'z']]);
  base.put('other', 7);
  commitView(view);
  assert.deepEqual([base.keys(), base.get('words')], [['words'], ['y', 'z']]);
});

test('clear alone is a change', () => {
  const base = new MemoryStore<Schema>({ count: 1 });
  const view = beginView(base);
  view.clear();
  commitView(view);
  assert.ok(base.isEmpty());
  base.put('count', 2);
  assert.deepEqual([view.find('count'), view.keys()], [2, ['count']]);
});

test('two views over one base lose no appended item', () => {
  const base = new MemoryStore<Schema>();
  const [one, two] = [beginView(base), beginView(base)];
  one.append('words', 'a');
  two.append('words', 'b');
  one.append('words', 'c');
  assert.deepEqual([one.get('words'), two.get('words')], [['a', 'c'], ['b']]);
  commitView(two);
  assert.deepEqual(one.get('words'), ['b', 'a', 'c']);
  commitView(one);
  assert.deepEqual(base.get('words'), ['b', 'a', 'c']);
});

test('of two puts the last to be committed wins', () => {
  const base = new MemoryStore<Schema>({ count: 0 });
  const [one, two] = [beginView(base), beginView(base)];
  one.put('count', 1);
  two.put('count', 2);
  commitView(two);
  assert.equal(one.get('count'), 1);
  commitView(one);
  assert.equal(base.get('count'), 1);
});

test('an append after put or delete belongs to the new value', () => {
  const base = new MemoryStore<Schema>({ words: ['x'] });
  const given = ['a'];
  const [put, deleted] = [beginView(base), beginView(base)];
  put.put('words', given);
  put.append('words', 'b');
  deleted.delete('words');
  deleted.append('words', 'c');
  assert.deepEqual([put.get('words'), deleted.get('words'), given], [['a', 'b'], ['c'], ['a']]);
  commitView(put);
  assert.deepEqual(base.get('words'), ['a', 'b']);
  commitView(deleted);
  assert.deepEqual(base.get('words'), ['c']);
});

test('lists read from a view do not change', () => {
  const base = new MemoryStore<Schema>({ words: ['x'] });
  const view = beginView(base);
  view.append('words', 'a');
  const first = view.get('words');
  assert.equal(view.get('words'), first);
  view.append('words', 'b');
  const second = view.get('words');
  base.append('words', 'y');
  const third = view.get('words');
  view.put('words', ['c']);
  view.append('words', 'd');
  const fourth = view.get('words');
  view.append('words', 'e');
  assert.deepEqual(
    [first, second, third, fourth, view.get('words')],
    [
      ['x', 'a'],
      ['x', 'a', 'b'],
      ['x', 'y', 'a', 'b'],
      ['c', 'd'],
      ['c', 'd', 'e'],
    ],
  );
});

test('append to what is no list is an error at once', () => {
  const base = new MemoryStore<Record<string, unknown>>({ count: 1 });
  const view = beginView(base);
  assert.throws(() => view.append('count', 2), { code: 'CANO_NOT_A_LIST' });
  view.put('name', 'a');
  assert.throws(() => view.append('name', 2), { code: 'CANO_NOT_A_LIST' });
  view.clear();
  view.append('count', 2);
  assert.deepEqual(view.get('count'), [2]);
});

test('a list that has become something else meanwhile fails the commit, and nothing is applied', () => {
  const base = new MemoryStore<Record<string, unknown>>({ words: ['x'] });
  const view = beginView(base);
  view.put('name', 'a');
  view.append('words', 'y');
  base.put('words', 12);
  assert.deepEqual(view.get('words'), ['y']);
  assert.throws(() => commitView(view), { code: 'CANO_NOT_A_LIST', key: 'words', message: /it holds 12/ });
  assert.deepEqual([base.keys(), base.get('words')], [['words'], 12]);
  base.put('words', []);
  commitView(view);
  assert.deepEqual([base.get('name'), base.get('words')], ['a', ['y']]);
});

test('a key deleted and put again comes last', () => {
  const base = new MemoryStore<Schema>({ count: 1, name: 'a' });
  const view = beginView(base);
  view.put('other', 1);
  view.delete('count');
  view.put('count', 2);
  assert.deepEqual([view.keys(), view.size], [['name', 'other', 'count'], 3]);
  commitView(view);
  assert.deepEqual(base.keys(), ['name', 'other', 'count']);
});

test('a key deleted before others are put comes after them', () => {
  const base = new MemoryStore<Schema>({ count: 1, words: [] });
  const view = beginView(base);
  view.delete('words');
  view.delete('count');
  view.put('other', 1);
  view.put('count', 2);
  view.append('words', 'a');
  assert.deepEqual(view.keys(), ['other', 'count', 'words']);
  commitView(view);
  assert.deepEqual(base.keys(), ['other', 'count', 'words']);
});

test('an array put over a list of the view is not changed by the next append', () => {
  const view = beginView(new MemoryStore<Schema>());
  const given = ['x'];
  view.put('words', []);
  view.append('words', 'a');
  view.put('words', given);
  view.append('words', 'y');
  assert.deepEqual([given, view.get('words')], [['x'], ['x', 'y']]);
});

test('views of views: each commit goes one level down', () => {
  const base = new MemoryStore<Schema>({ count: 1, words: ['x'] });
  const outer = beginView(base);
  outer.append('words', 'y');
  const inner = beginView(outer);
  inner.append('words', 'z');
  inner.put('count', 2);
  inner.delete('words');
  inner.append('words', 'new');
  assert.deepEqual([inner.get('words'), outer.get('words')], [['new'], ['x', 'y']]);
  commitView(inner);
  assert.deepEqual(
    [outer.get('count'), outer.get('words'), base.get('count'), base.get('words')],
    [2, ['new'], 1, ['x']],
  );
  commitView(outer);
  assert.deepEqual([base.get('count'), base.get('words')], [2, ['new']]);
});

test('a committed view refuses writes and reads the base', () => {
  const base = new MemoryStore<Schema>({ count: 1, words: [] });
  const view = beginView(base);
  view.put('count', 2);
  commitView(view);
  base.put('count', 3);
  assert.equal(view.get('count'), 3);
  const writes: readonly [string, () => void][] = [
    ['put', () => view.put('count', 4)],
    ['put', () => view.update('count', () => 4)],
    ['append', () => view.append('words', 'a')],
    ['delete', () => view.delete('count')],
    ['delete', () => view.delete('other')],
    ['delete', () => view.remove('count')],
    ['clear', () => view.clear()],
  ];
  for (const [operation, write] of writes) {
    assert.throws(write, { code: 'CANO_STORE_CLOSED', message: new RegExp(`^${operation} came after`) });
  }
  commitView(view);
  assert.deepEqual([base.get('count'), base.get('words')], [3, []]);
});

test('a view begun on a committed view cannot be committed unless it is unused', () => {
  const base = new MemoryStore<Schema>({ count: 1 });
  const outer = beginView(base);
  const [used, unused] = [beginView(outer), beginView(outer)];
  used.put('count', 2);
  commitView(outer);
  assert.throws(() => commitView(used), { code: 'CANO_STORE_CLOSED' });
  commitView(unused);
  assert.equal(base.get('count'), 1);
});

test('a store that is no view cannot be committed', () => {
  assert.throws(() => commitView(new MemoryStore()), {
    code: 'CANO_INVALID_OPTION',
    message: 'commitView: this store was not made by beginView',
  });
});

test('values of a view are those of the base, not copies', () => {
  const value = { a: 1 };
  const base = new MemoryStore({ value });
  const view = beginView(base);
  assert.equal(view.get('value'), value);
  const other = { a: 2 };
  view.put('value', other);
  commitView(view);
  assert.equal(base.get('value'), other);
});

test('appends of many views copy no list', () => {
  const base = new MemoryStore<{ numbers: number[] }>();
  for (let i = 0; i < 50_000; i++) {
    const view = beginView(base);
    view.append('numbers', i);
    commitView(view);
  }
  const view = beginView(base);
  view.put('numbers', []);
  for (let i = 0; i < 100_000; i++) view.append('numbers', i);
  assert.deepEqual([base.get('numbers').length, view.get('numbers').length], [50_000, 100_000]);
  const many = beginView(base);
  for (let i = 0; i < 200_000; i++) many.append('numbers', i);
  commitView(many);
  assert.equal(base.get('numbers').length, 250_000);
});
