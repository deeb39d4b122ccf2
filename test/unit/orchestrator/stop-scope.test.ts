import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoppedError } from '../../../src/index.ts';
import { StopScope } from '../../../src/orchestrator/stop-scope.ts';

const error = new StoppedError('first');
const tick = (): Promise<void> => Promise.resolve();

test('it is asked once, and tells everybody who waits', () => {
  const scope = new StopScope();
  const heard: unknown[] = [];
  const { signal } = scope;
  scope.onStop((stopped) => heard.push(stopped));
  scope.onStop(() => assert.fail('taken back'))();
  scope.stop(error);
  scope.stop(new StoppedError('second'));
  assert.deepEqual([heard, scope.error, signal.aborted, signal.reason], [[error], error, true, error]);
});

test('who comes later is told in a later turn, with what takes it back in hand', async () => {
  const scope = new StopScope();
  scope.stop(error);
  assert.equal(scope.signal.reason, error);
  const heard: unknown[] = [];
  scope.onStop((stopped) => heard.push(stopped));
  scope.onStop(() => assert.fail('taken back'))();
  assert.deepEqual(heard, []);
  await tick();
  assert.deepEqual(heard, [error]);
});

test('a part stops with the whole, not the other way round', () => {
  const [whole, heard] = [new StopScope(), [] as string[]];
  const [one, two] = [new StopScope(whole), new StopScope(whole)];
  for (const [name, scope] of Object.entries({ whole, one, two })) scope.onStop(() => heard.push(name));
  one.stop(error);
  assert.deepEqual([heard, whole.error, two.error], [['one'], undefined, undefined]);
  whole.stop(error);
  assert.deepEqual(heard, ['one', 'two', 'whole']);
  assert.equal(new StopScope(whole).error, error);
});

test('after its end nobody is told any more', () => {
  const [whole, heard] = [new StopScope(), [] as unknown[]];
  const part = new StopScope(whole);
  part.onStop((stopped) => heard.push(stopped));
  part.close();
  part.stop(error);
  whole.stop(error);
  assert.deepEqual([heard, part.error], [[], undefined]);
});
