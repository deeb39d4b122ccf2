import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuplicateExecError, InvalidOptionError } from '../../../src/core/errors.ts';
import { defineExec, execFor, keyOf, registry } from '../../../src/node.ts';

let files = 0;
/** A URL of its own for each exec: the registry is one per process. */
const freshUrl = (): string => `file:///define-exec/${(files += 1)}.ts`;
const invalid = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InvalidOptionError);
  assert.equal(error.code, 'CANO_INVALID_OPTION');
  assert.match(error.message, message);
  return true;
};

test('an exec knows its key, file, params and setup timeout', () => {
  const url = freshUrl();
  const exec = defineExec(url, { name: 'sign', params: { size: 128 }, exec: (text: string) => text.length });
  assert.equal(exec.kind, 'thread');
  assert.equal(exec.key, `${url}#sign`);
  assert.equal(exec.url, url);
  assert.equal(exec.name, 'sign');
  assert.deepEqual(exec.params, { size: 128 });
  assert.equal(exec.setupTimeoutMs, 120_000);
});

test('setupTimeout is read as a duration', () => {
  assert.equal(defineExec(freshUrl(), { name: 'a', setupTimeout: '2m', exec: () => 1 }).setupTimeoutMs, 120_000);
  assert.equal(defineExec(freshUrl(), { name: 'a', setupTimeout: 50, exec: () => 1 }).setupTimeoutMs, 50);
});

test('the key has no query and no fragment: reloads of a file define the same exec', () => {
  assert.equal(keyOf('file:///a.ts?t=1#x', 'n'), 'file:///a.ts#n');
  assert.equal(keyOf('file:///a.ts#x?t=1', 'n'), 'file:///a.ts#n');
  const url = freshUrl();
  const exec = defineExec(`${url}?t=1`, { name: 'a', exec: () => 1 });
  assert.equal(exec.url, url);
  assert.throws(() => defineExec(`${url}?t=2`, { name: 'a', exec: () => 2 }), DuplicateExecError);
});

test('two execs with one key are an error that names the key; another name or file is not', () => {
  const url = freshUrl();
  defineExec(url, { name: 'a', exec: () => 1 });
  assert.throws(
    () => defineExec(url, { name: 'a', exec: () => 2 }),
    (error: unknown) => {
      assert.ok(error instanceof DuplicateExecError);
      assert.equal(error.code, 'CANO_DUPLICATE_EXEC');
      assert.match(error.message, /two execs are defined with the key '.*#a': give one of them another name/);
      assert.ok(error.message.includes(`${url}#a`));
      return true;
    },
  );
  defineExec(url, { name: 'b', exec: () => 1 });
  defineExec(freshUrl(), { name: 'a', exec: () => 1 });
});

test('the registry of the thread holds what was defined, by key', () => {
  const exec = (): number => 1;
  const setup = (): number => 2;
  const { key } = execFor<unknown, number>()(freshUrl(), { name: 'a', setup, exec });
  assert.equal(registry().get(key)?.exec, exec);
  assert.equal(registry().get(key)?.setup, setup);
  assert.equal(registry().get(key)?.teardown, undefined);
  assert.equal(registry(), registry());
});

test('with() makes another exec of the same identity with some params replaced', () => {
  const exec = defineExec(freshUrl(), { name: 'a', params: { size: 128, seed: 1 }, exec: () => 1 });
  const smaller = exec.with({ size: 64 });
  const both = smaller.with({ seed: 2 });
  assert.deepEqual(exec.params, { size: 128, seed: 1 }, 'the receiver stays as it is');
  assert.deepEqual(smaller.params, { size: 64, seed: 1 });
  assert.deepEqual(both.params, { size: 64, seed: 2 });
  for (const made of [smaller, both]) {
    assert.equal(made.key, exec.key);
    assert.equal(made.url, exec.url);
    assert.equal(made.setupTimeoutMs, exec.setupTimeoutMs);
    assert.equal(made.kind, 'thread');
  }
});

test('with() defines nothing new', () => {
  const exec = defineExec(freshUrl(), { name: 'a', params: { size: 128 }, exec: () => 1 });
  const before = registry().size;
  exec.with({ size: 1 });
  assert.equal(registry().size, before);
});

test('with() refuses a param that the exec does not have, and names it', () => {
  const exec = defineExec(freshUrl(), { name: 'sign', params: { size: 128 }, exec: () => 1 });
  assert.throws(() => exec.with({ sise: 1 } as never), invalid(/exec 'sign' has no param 'sise'/));
  const bare = defineExec(freshUrl(), { name: 'bare', exec: () => 1 });
  assert.throws(() => bare.with({ size: 1 } as never), invalid(/exec 'bare' has no param 'size'/));
});

test('what cannot be used is refused with its value', () => {
  const exec = (): number => 1;
  const cases: [unknown, unknown, RegExp][] = [
    [undefined, { name: 'a', exec }, /the first argument must be import\.meta\.url, got undefined/],
    ['./a.ts', { name: 'a', exec }, /must be import\.meta\.url, got '\.\/a\.ts'.*pathToFileURL\(__filename\)\.href/],
    [freshUrl(), { name: '', exec }, /name must be a string that is not empty, got ''/],
    [freshUrl(), { exec }, /name must be a string that is not empty, got undefined/],
    [freshUrl(), undefined, /name must be a string that is not empty, got undefined/],
    [freshUrl(), { name: 'a' }, /defineExec 'a': exec must be a function, got undefined/],
    [
      freshUrl(),
      { name: 'a', exec, setupTimeout: '5 minutes' },
      /defineExec 'a': setupTimeout must be .* got '5 minutes'/,
    ],
    [freshUrl(), { name: 'a', exec, setupTimeout: -1 }, /setupTimeout must be milliseconds >= 0 .* got -1/],
  ];
  const before = registry().size;
  for (const [url, spec, message] of cases) {
    assert.throws(() => defineExec(url as string, spec as never), invalid(message));
  }
  assert.equal(registry().size, before, 'nothing was registered');
});
