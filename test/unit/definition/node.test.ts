import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidOptionError } from '../../../src/core/errors.ts';
import { DEFAULT_RETRY, retry } from '../../../src/core/retry.ts';
import { batchNodeFor } from '../../../src/definition/batch-node.ts';
import { nodeFor, type AnyNode } from '../../../src/definition/node.ts';
import { defineExec } from '../../../src/node.ts';

interface Data {
  n: number;
}
const erased = (made: unknown): AnyNode => made as AnyNode;
const node = nodeFor<Data>();
const batchNode = batchNodeFor<Data>();
const exec = (): number => 1;
const prep = (): number[] => [1];
const post = (): 'Done' => 'Done';

/** Expects both kinds of node to refuse an option, naming the node, the option's rule and the value. */
function refuses(options: object, rule: string): void {
  const spec = { name: 'count', outcomes: ['Done'], prep, exec, ...options };
  for (const [make, what] of [
    [node, 'node'],
    [batchNode, 'batch node'],
  ] as const) {
    assert.throws(
      () => (make as (spec: unknown) => unknown)(spec),
      (error: unknown) => {
        assert.ok(error instanceof InvalidOptionError);
        assert.equal(error.code, 'CANO_INVALID_OPTION');
        assert.equal(error.message, ('name' in options ? `${what}: ` : `${what} 'count': `) + rule);
        return true;
      },
    );
  }
}

test('a node keeps what it was given and has defaults for the rest', () => {
  const made = erased(node({ name: 'count', outcomes: ['Done'], exec }));
  assert.deepEqual(
    { ...made },
    {
      kind: 'node',
      name: 'count',
      outcomes: ['Done'],
      prep: undefined,
      exec,
      post: undefined,
      retry: DEFAULT_RETRY,
      retryIf: undefined,
      timeoutMs: undefined,
      concurrency: undefined,
      reads: undefined,
      batch: undefined,
    },
  );
});

test('all options reach the orchestrator, the timeout in milliseconds', () => {
  const retryIf = (): boolean => false;
  const policy = retry.fixed({ retries: 2 });
  const thread = defineExec('file:///node.test/thread.ts', { name: 'thread', exec: (n: number) => n });
  const made = erased(
    node({
      name: 'count',
      outcomes: ['Done', 'Failed'],
      prep: () => 1,
      exec: thread,
      post,
      retry: policy,
      retryIf,
      timeout: '1.5s',
      concurrency: 3,
    }),
  );
  assert.equal(made.exec, thread);
  assert.equal(made.post, post);
  assert.equal(made.retry, policy);
  assert.equal(made.retryIf, retryIf);
  assert.equal(made.timeoutMs, 1500);
  assert.equal(made.concurrency, 3);
  assert.deepEqual(made.outcomes, ['Done', 'Failed']);
});

test('a node cannot be changed, nor through the list of outcomes that it was given', () => {
  const outcomes: ['Done'] = ['Done'];
  const made = erased(node({ name: 'count', outcomes, exec }));
  (outcomes as string[]).push('Lost');
  assert.deepEqual(made.outcomes, ['Done']);
  assert.throws(() => Object.assign(made, { name: 'other' }), TypeError);
  assert.throws(() => (made.outcomes as string[]).push('Lost'), TypeError);
});

test('a batch node has its rules', () => {
  const plain = erased(batchNode({ name: 'b', outcomes: ['Done'], prep, exec }));
  assert.equal(plain.kind, 'batch');
  assert.deepEqual(plain.batch, { onItemError: 'fail', reduce: undefined });
  const reduce = { initial: () => 0, step: (sum: number) => sum + 1 };
  const full = erased(batchNode({ name: 'b', outcomes: ['Done'], prep, exec, onItemError: 'collect', reduce }));
  assert.deepEqual(full.batch, { onItemError: 'collect', reduce });
});

test('a bad option is refused with the value and the rule', () => {
  refuses({ name: '' }, "name must be a string that is not empty, got ''");
  refuses({ name: 3 }, 'name must be a string that is not empty, got 3');
  refuses({ name: undefined }, 'name must be a string that is not empty, got undefined');
  refuses({ outcomes: undefined }, 'outcomes must be a list of at least one name, got undefined');
  refuses({ outcomes: 'Done' }, "outcomes must be a list of at least one name, got 'Done'");
  refuses({ outcomes: [] }, 'outcomes must be a list of at least one name, got an array of 0');
  refuses({ outcomes: ['Done', 3] }, 'outcomes must be names, strings that are not empty, got 3 at index 1');
  refuses({ outcomes: [''] }, "outcomes must be names, strings that are not empty, got '' at index 0");
  refuses({ outcomes: ['A', 'B', 'A'], post }, 'an outcome is listed twice in (A, B, A)');
  refuses({ exec: undefined }, 'exec must be a function or the result of defineExec, got undefined');
  refuses({ exec: { kind: 'tread' } }, 'exec must be a function or the result of defineExec, got an object');
  refuses({ exec: null }, 'exec must be a function or the result of defineExec, got null');
  refuses({ post: 'Done' }, "post must be a function, got 'Done'");
  refuses({ retryIf: true }, 'retryIf must be a function, got true');
  refuses({ outcomes: ['A', 'B'] }, 'post is missing; only a node with exactly one outcome may leave it out');
  for (const bad of [3, null, { retries: 3 }]) {
    const got = bad === null ? 'null' : typeof bad === 'number' ? '3' : 'an object';
    refuses({ retry: bad }, `retry must be made by retry.none(), retry.fixed() or retry.exponential(), got ${got}`);
  }
  for (const bad of [0, -1, 1.5, Number.NaN, Infinity, '2']) {
    const got = typeof bad === 'string' ? `'${bad}'` : String(bad);
    refuses({ concurrency: bad }, `concurrency must be an integer >= 1, got ${got}`);
  }
  const rule = "timeout must be milliseconds >= 0 or a duration such as '500ms', '30s', '5m' or '2h', got";
  refuses({ timeout: '5 minutes' }, `${rule} '5 minutes'`);
  refuses({ timeout: -1 }, `${rule} -1`);
  refuses({ timeout: null }, `${rule} null`);
  refuses({ timeout: 0 }, 'timeout must be above 0, got 0');
  refuses({ timeout: '0s' }, "timeout must be above 0, got '0s'");
});

test('prep must be a function; a batch node cannot do without', () => {
  const make = (spec: object) => () => node({ name: 'count', outcomes: ['Done'], exec, ...spec });
  const makeBatch = (spec: object) => () => batchNode({ name: 'count', outcomes: ['Done'], exec, ...spec } as never);
  assert.throws(make({ prep: [1] }), { message: "node 'count': prep must be a function, got an array of 1" });
  assert.throws(makeBatch({ prep: [1] }), {
    message: "batch node 'count': prep must be a function that returns the items, got an array of 1",
  });
  assert.throws(makeBatch({}), {
    message: "batch node 'count': prep must be a function that returns the items, got undefined",
  });
});

test('the rules of a batch node are checked', () => {
  const make = (spec: object) => () =>
    batchNode({ name: 'b', outcomes: ['Done'], prep, exec, ...spec } as never) as unknown;
  assert.throws(make({ onItemError: 'ignore' }), {
    name: 'InvalidOptionError',
    message: "batch node 'b': onItemError must be 'fail' or 'collect', got 'ignore'",
  });
  for (const reduce of [{}, { initial: () => 0 }, { initial: 0, step: () => 0 }]) {
    assert.throws(make({ reduce }), {
      name: 'InvalidOptionError',
      message: "batch node 'b': reduce must be { initial: () => value, step: (value, output, index) => value }",
    });
  }
});
