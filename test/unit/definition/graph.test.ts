import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retry } from '../../../src/core/retry.ts';
import { batchNodeFor } from '../../../src/definition/batch-node.ts';
import { nodeFor } from '../../../src/definition/node.ts';
import { Workflow } from '../../../src/definition/workflow.ts';

const node = nodeFor<object>();
const one = node({ name: 'A', outcomes: ['B'], exec: () => 1 });
const two = node({ name: 'two', outcomes: ['ok', 'B', 'Done'], exec: () => 1, post: () => 'ok' });
const items = batchNodeFor<object>()({ name: 'items', outcomes: ['Done'], prep: () => [1], exec: (n) => n });

test('a diagram has states, exits, the start, outcomes and failure routes', () => {
  const workflow = new Workflow<'A' | 'B' | 'C' | 'Done' | 'Failed', object>('orders', 'A', { version: 3 })
    .registerNode('A', one, undefined, { onFailure: 'Failed' })
    .registerNode('B', two, { ok: 'C' })
    .registerNode('C', items)
    .addExitStates('Done', 'Failed');
  assert.equal(
    workflow.toMermaid(),
    [
      '---',
      'title: "orders (version 3)"',
      '---',
      'stateDiagram-v2',
      '  state "A" as s0',
      '  state "B (two)" as s1',
      '  state "C (items), per item" as s2',
      '  state "Done" as s3',
      '  state "Failed" as s4',
      '  [*] --> s0',
      '  s0 --> s1',
      '  s0 --> s4: on failure',
      '  s1 --> s2: ok',
      '  s1 --> s1',
      '  s1 --> s3',
      '  s2 --> s3',
      '  s3 --> [*]',
      '  s4 --> [*]',
      '',
    ].join('\n'),
  );
});

test('no name can break out of its place in the diagram', () => {
  const nasty = 'a"b;c:d\n  s9 --> s8 <b>#35; %% [*] 漢';
  const escaped = 'a#34;b#59;c#58;d#10;  s9 --#62; s8 #60;b#62;#35;35#59; #37;#37; #91;#42;#93; 漢';
  const step = node({ name: nasty, outcomes: [nasty], exec: () => 1 });
  const workflow = new Workflow<string, object>(nasty, nasty).registerNode(nasty, step, { [nasty]: '__proto__' });
  const lines = workflow.addExitStates('__proto__').toMermaid().split('\n');
  assert.deepEqual(lines, [
    '---',
    `title: ${JSON.stringify(`${nasty} (version 1)`)}`,
    '---',
    'stateDiagram-v2',
    `  state "${escaped}" as s0`,
    '  state "__proto__" as s1',
    '  [*] --> s0',
    `  s0 --> s1: ${escaped}`,
    '  s1 --> [*]',
    '',
  ]);
});

test('common punctuation stays readable', () => {
  const step = node({ name: "it's 1/2 (a-b), c+d_e.f", outcomes: ['Done'], exec: () => 1 });
  const diagram = new Workflow<'A' | 'Done', object>('w', 'A')
    .registerNode('A', step)
    .addExitStates('Done')
    .toMermaid();
  assert.match(diagram, /state "A \(it's 1\/2 \(a-b\), c\+d_e\.f\)" as s0/);
});

type State = 'A' | 'B' | 'C' | 'Done' | 'Failed';
const fresh = (name = 'w', start: State = 'A', version = 1): Workflow<State, object> =>
  new Workflow<State, object>(name, start, { version });
const base = (): string =>
  fresh().registerNode('A', one).registerNode('B', two, { ok: 'C' }).addExitStates('Done').definitionHash;

test('the hash is a SHA-256 in hex and stays the same from release to release', () => {
  assert.match(base(), /^[0-9a-f]{64}$/);
  assert.equal(base(), base());
  // Checkpoints will keep it: a change here makes every stored run look like one of another definition.
  assert.equal(base(), 'be19ed876c66323a60a4f031095f397fa2762148486a5577a2d12068434ae7a3');
});

test('the hash does not depend on any order', () => {
  const twoReordered = node({ name: 'two', outcomes: ['Done', 'B', 'ok'], exec: () => 1, post: () => 'ok' });
  const hash = fresh()
    .registerNode('B', two, { ok: 'C', B: 'A' })
    .registerNode('A', one)
    .addExitStates('Done', 'Failed').definitionHash;
  const reordered = fresh()
    .addExitStates('Failed')
    .registerNode('A', one)
    .addExitStates('Done')
    .registerNode('B', twoReordered, { B: 'A', ok: 'C' }).definitionHash;
  assert.equal(reordered, hash);
});

test('the hash does not depend on code and its options', () => {
  const same = node({
    name: 'two',
    outcomes: ['ok', 'B', 'Done'],
    prep: () => 2,
    exec: (n) => n,
    post: () => 'Done',
    retry: retry.none(),
    timeout: '1s',
    concurrency: 2,
  });
  const hash = fresh().registerNode('A', one).registerNode('B', same, { ok: 'C' }).addExitStates('Done').definitionHash;
  assert.equal(hash, base());
});

test('the hash changes with everything that decides where a run can go', () => {
  const renamed = node({ name: 'three', outcomes: ['ok', 'B', 'Done'], exec: () => 1, post: () => 'ok' });
  const fewer = node({ name: 'two', outcomes: ['ok', 'B'], exec: () => 1, post: () => 'ok' });
  const batch = batchNodeFor<object>()({
    name: 'two',
    outcomes: ['ok', 'B', 'Done'],
    prep: () => [1],
    exec: (n) => n,
    post: () => 'ok',
  });
  const a = (workflow: Workflow<State, object>) => workflow.registerNode('A', one);
  const hashes = {
    base: base(),
    name: a(fresh('v')).registerNode('B', two, { ok: 'C' }).addExitStates('Done').definitionHash,
    version: a(fresh('w', 'A', 2))
      .registerNode('B', two, { ok: 'C' })
      .addExitStates('Done').definitionHash,
    start: a(fresh('w', 'B')).registerNode('B', two, { ok: 'C' }).addExitStates('Done').definitionHash,
    route: a(fresh()).registerNode('B', two, { ok: 'A' }).addExitStates('Done').definitionHash,
    moreRoutes: a(fresh()).registerNode('B', two, { ok: 'C', B: 'B' }).addExitStates('Done').definitionHash,
    node: a(fresh()).registerNode('B', renamed, { ok: 'C' }).addExitStates('Done').definitionHash,
    outcomes: a(fresh()).registerNode('B', fewer, { ok: 'C' }).addExitStates('Done').definitionHash,
    kind: a(fresh()).registerNode('B', batch, { ok: 'C' }).addExitStates('Done').definitionHash,
    onFailure: a(fresh()).registerNode('B', two, { ok: 'C' }, { onFailure: 'A' }).addExitStates('Done').definitionHash,
    exits: a(fresh()).registerNode('B', two, { ok: 'C' }).addExitStates('Done', 'Failed').definitionHash,
    states: fresh().registerNode('B', two, { ok: 'C' }).addExitStates('Done').definitionHash,
  };
  const byHash = Object.entries(hashes).map(([what, hash]) => [hash, what] as const);
  assert.equal(new Map(byHash).size, byHash.length, JSON.stringify(hashes, undefined, 1));
});
