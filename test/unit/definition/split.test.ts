/** Splits and sub-workflows as definitions: what is refused, the outline, the graph, the hash. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCanoError } from '../../../src/core/errors.ts';
import { join } from '../../../src/core/join.ts';
import { retry } from '../../../src/core/retry.ts';
import { branchFor } from '../../../src/definition/branch.ts';
import { nodeFor } from '../../../src/definition/node.ts';
import { outlineOf, threadExecsOf } from '../../../src/definition/outline.ts';
import { Workflow, type WorkflowDefinition } from '../../../src/definition/workflow.ts';
import { defineExec } from '../../../src/node.ts';

const node = nodeFor<object>();
const branch = branchFor<object>();
const one = branch({ exec: () => 1 });
const named = branch({ name: 'measure', exec: () => 2 });

type State = 'A' | 'B' | 'Done' | 'Failed';
const start = (name = 'w'): Workflow<State, object> => new Workflow<State, object>(name, 'A');
const spec = { branches: { geo: one, price: named }, join: join.atLeast(1), outcomes: 'Done', post: () => 'Done' };
const split = (changes: object = {}): { readonly definition: WorkflowDefinition } => {
  const workflow = start() as unknown as { registerSplit(state: string, spec: object): Workflow<State, object> };
  return workflow.registerSplit('A', { ...spec, ...changes }).addExitStates('Done');
};

function refused(act: () => unknown, message: string): void {
  assert.throws(act, (error) => {
    assert.ok(isCanoError(error), String(error));
    assert.equal(error.message, message);
    return true;
  });
}

test('options of a branch that cannot be used are refused by name', () => {
  refused(() => branch({ name: '', exec: () => 1 }), "branch: name must be a string that is not empty, got ''");
  refused(() => branch({ exec: 1 as never }), 'branch: exec must be a function or the result of defineExec, got 1');
  refused(() => branch({ name: 'x', exec: () => 1, timeout: 0 }), "branch 'x': timeout must be above 0, got 0");
  refused(
    () => branch({ name: 'x', exec: () => 1, concurrency: 0 }),
    "branch 'x': concurrency must be an integer >= 1, got 0",
  );
  refused(() => branch({ name: 'x', exec: () => 1, prep: 1 as never }), "branch 'x': prep must be a function, got 1");
});

test('options of a split that cannot be used are refused by name', () => {
  const at = "split 'A':";
  for (const [changes, message] of [
    [{ branches: {} }, 'branches must be an object of at least one branch, got an object'],
    [{ branches: undefined }, 'branches must be an object of at least one branch, got undefined'],
    [
      { branches: { geo: node({ name: 'n', outcomes: ['B'], exec: () => 1 }) } },
      "branch 'geo' must be made by branchFor, got an object",
    ],
    [{ branches: { geo: undefined } }, "branch 'geo' must be made by branchFor, got undefined"],
    [{ branches: { '': one } }, "branch '' must be made by branchFor, got an object"],
    [{ join: 'all' }, "join must be made by join.all(), join.any() or join.atLeast(), got 'all'"],
    [{ join: undefined }, 'join must be made by join.all(), join.any() or join.atLeast(), got undefined'],
    [{ join: join.atLeast(3) }, 'join.atLeast(3) can never be won by 2 branches'],
    [{ outcomes: [] }, 'outcomes must be a list of at least one name, got an array of 0'],
    [{ outcomes: '' }, "outcomes must be names, strings that are not empty, got '' at index 0"],
    [{ outcomes: ['B', 'B'] }, 'an outcome is listed twice in (B, B)'],
    [
      { outcomes: ['B', 'Done'], post: undefined },
      'post is missing; only a node with exactly one outcome may leave it out',
    ],
    [{ post: 1 }, 'post must be a function, got 1'],
    [{ retryIf: 1 }, 'retryIf must be a function, got 1'],
    [{ retry: 3 }, 'retry must be made by retry.none(), retry.fixed() or retry.exponential(), got 3'],
    [{ retry: null }, 'retry must be made by retry.none(), retry.fixed() or retry.exponential(), got null'],
    [{ concurrency: 1.5 }, 'concurrency must be an integer >= 1, got 1.5'],
    [{ timeout: 0 }, 'timeout must be above 0, got 0'],
  ] as const) {
    refused(() => split(changes), `${at} ${message}`);
  }
  assert.ok(split({ join: join.atLeast(2), retry: retry.none() }));
  assert.ok(split({ join: join.atLeast('100%') }));
});

const child = new Workflow<'Load' | 'Good' | 'Bad', object>('child', 'Load')
  .registerNode('Load', node({ name: 'load', outcomes: ['Good', 'Bad'], exec: () => 1, post: () => 'Good' }))
  .addExitStates('Good', 'Bad');
const store = (): object => ({});
const parent = (): Workflow<State, object, 'B' | 'Done' | 'Failed'> =>
  start('parent').registerWorkflow('A', child, { store, routes: { Good: 'Done', Bad: 'Failed' } });

test('options of a sub-workflow that cannot be used are refused by name', () => {
  const register = (of: unknown, options: unknown): unknown =>
    start().registerWorkflow('A', of as never, options as never);
  const at = "sub-workflow in state 'A':";
  for (const [of, options, message] of [
    [{}, { store }, 'it must be a Workflow, got an object'],
    [undefined, { store }, 'it must be a Workflow, got undefined'],
    [child, {}, "store must be a function that gives the store of 'child', got undefined"],
    [child, { store: {} }, "store must be a function that gives the store of 'child', got an object"],
    [child, { store, post: 1 }, 'post must be a function, got 1'],
    [child, { store, retry: 1 }, 'retry must be made by retry.none(), retry.fixed() or retry.exponential(), got 1'],
  ] as const) {
    refused(() => register(of, options), `${at} ${message}`);
  }
});

test('a state is registered once, whatever works in it', () => {
  const twice = "workflow 'parent' is not valid:\n  - state 'A' is registered twice";
  refused(() => parent().registerSplit('A' as never, spec as never), twice);
  refused(() => parent().registerWorkflow('A' as never, child, { store } as never), twice);
  refused(() => parent().registerNode('A' as never, node({ name: 'n', outcomes: ['B'], exec: () => 1 })), twice);
});

test('what is wrong inside a sub-workflow is told with its place', () => {
  const broken = new Workflow<'Load' | 'Good' | 'Lost', object>('broken', 'Load')
    .registerNode('Load', node({ name: 'load', outcomes: ['Good'], exec: () => 1 }))
    .registerNode('Lost', node({ name: 'lost', outcomes: ['Good'], exec: () => 1 }))
    .addExitStates('Good');
  const workflow = new Workflow<'A' | 'Good', object>('outer', 'A')
    .registerWorkflow('A', broken, { store })
    .addExitStates('Good');
  refused(
    () => workflow.validate(),
    "workflow 'outer' is not valid:\n  - sub-workflow 'broken' in state 'A': state 'Lost' cannot be reached from 'Load'",
  );
});

test('a state may not have the name that one of a sub-workflow goes by', () => {
  const workflow = new Workflow<'A' | 'A/Load' | 'Good' | 'Bad', object>('outer', 'A')
    .registerWorkflow('A', child, { store, routes: { Good: 'A/Load' } })
    .registerNode('A/Load', node({ name: 'n', outcomes: ['Good'], exec: () => 1 }))
    .addExitStates('Good', 'Bad');
  refused(
    () => workflow.validate(),
    "workflow 'outer' is not valid:\n  - state 'A/Load' has the name that state 'Load' of sub-workflow 'child' goes by in events and reports",
  );
});

const deep = (): Workflow<State, object, never, 'Done' | 'Failed', never> =>
  parent()
    .registerSplit('B', { ...spec, outcomes: ['Done'], post: () => 'Done' as const })
    .addExitStates('Done', 'Failed');

test('the outline lists states, branches and inner states in order', () => {
  const outer = new Workflow<'X' | 'Done' | 'Failed', object>('outer', 'X')
    .registerWorkflow('X', deep(), { store })
    .addExitStates('Done', 'Failed');
  const rows = [
    { state: 'A', node: 'child' },
    { state: 'A/Load', node: 'load' },
    { state: 'B', node: 'B' },
    { state: 'B', node: 'geo', branch: 'geo' },
    { state: 'B', node: 'measure', branch: 'price' },
  ];
  const shown = (definition: WorkflowDefinition): unknown[] =>
    outlineOf(definition).map(({ state, node: name, branch: of }) =>
      of === undefined ? { state, node: name } : { state, node: name, branch: of },
    );
  assert.deepEqual(shown(deep().definition), rows);
  assert.deepEqual(deep().outline(), outlineOf(deep().definition));
  assert.deepEqual(
    outlineOf(deep().definition).map(({ outcomes }) => outcomes),
    [['Good', 'Bad'], ['Good', 'Bad'], ['Done'], [], []],
  );
  assert.deepEqual(shown(outer.definition), [
    { state: 'X', node: 'parent' },
    ...rows.map((row) => Object.assign({}, row, { state: `X/${row.state}` })),
  ]);
});

test('thread execs are found at every level, each once', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => defineExec(import.meta.url, { name, exec: (n: number) => n }));
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  const prep = (): number => 1;
  const inner = new Workflow<'S' | 'Done', object>('inner', 'S')
    .registerSplit('S', {
      branches: { a: branch({ prep, exec: a }), b: branch({ prep, exec: b }), inline: one },
      join: join.all(),
      outcomes: 'Done',
    })
    .addExitStates('Done');
  const outer = new Workflow<'W' | 'N' | 'Done', object>('outer', 'W')
    .registerWorkflow('W', inner, { store, routes: { Done: 'N' } })
    .registerNode('N', node({ name: 'n', outcomes: ['Done'], prep, exec: c }))
    .addExitStates('Done');
  assert.deepEqual(threadExecsOf(outer.definition), [a, b, c]);
  const twice = new Workflow<'N' | 'M' | 'Done', object>('twice', 'N')
    .registerNode('N', node({ name: 'n', outcomes: ['M'], prep, exec: c }))
    .registerNode('M', node({ name: 'm', outcomes: ['Done'], prep, exec: c }))
    .addExitStates('Done');
  assert.deepEqual(threadExecsOf(twice.definition), [c]);
});

test('a diagram shows branches and sub-workflows inside their states', () => {
  const workflow = start()
    .registerWorkflow('A', child, { store, routes: { Good: 'B', Bad: 'Failed' } }, { onFailure: 'Failed' })
    .registerSplit(
      'B',
      { ...spec, join: join.atLeast('60%'), outcomes: ['ok'], post: () => 'ok' as const },
      { ok: 'Done' },
    )
    .addExitStates('Done', 'Failed');
  assert.equal(
    workflow.toMermaid(),
    [
      '---',
      'title: "w (version 1)"',
      '---',
      'stateDiagram-v2',
      '  state "A (child)" as s0 {',
      '    state "Load" as s0_0',
      '    state "Good" as s0_1',
      '    state "Bad" as s0_2',
      '    [*] --> s0_0',
      '    s0_0 --> s0_1',
      '    s0_0 --> s0_2',
      '    s0_1 --> [*]',
      '    s0_2 --> [*]',
      '  }',
      '  state "B, join at least 60#37;" as s1 {',
      '    state "geo" as s1_0',
      '    state "price (measure)" as s1_1',
      '  }',
      '  state "Done" as s2',
      '  state "Failed" as s3',
      '  [*] --> s0',
      '  s0 --> s1: Good',
      '  s0 --> s3: Bad',
      '  s0 --> s3: on failure',
      '  s1 --> s2: ok',
      '  s2 --> [*]',
      '  s3 --> [*]',
      '',
    ]
      .join('\n')
      .replace('"Load"', '"Load (load)"'),
  );
});

test('the hash changes with the branches, the join, and all that is inside a sub-workflow', () => {
  const hashOf = ({ definition }: { readonly definition: WorkflowDefinition }): string =>
    new Workflow<string, object>(definition).definitionHash;
  const withChild = (of: unknown): string =>
    hashOf(
      start()
        .registerWorkflow('A', of as never, { store, routes: {} } as never)
        .addExitStates('Done'),
    );
  const otherChild = new Workflow<'Load' | 'Good' | 'Bad', object>('child', 'Load')
    .registerNode('Load', node({ name: 'other', outcomes: ['Good', 'Bad'], exec: () => 1, post: () => 'Good' }))
    .addExitStates('Good', 'Bad');
  const hashes = {
    base: hashOf(split()),
    fewer: hashOf(split({ branches: { geo: one } })),
    renamed: hashOf(split({ branches: { geo: one, cost: named } })),
    another: hashOf(split({ branches: { geo: one, price: one } })),
    join: hashOf(split({ join: join.all() })),
    settled: hashOf(split({ join: join.all({ settle: true }) })),
    outcomes: hashOf(split({ outcomes: ['Done', 'A'] })),
    child: withChild(child),
    otherChild: withChild(otherChild),
  };
  assert.equal(new Set(Object.values(hashes)).size, Object.keys(hashes).length, JSON.stringify(hashes, undefined, 1));
  // Neither the order of branches nor code and its options count.
  const same = split({
    branches: { price: branch({ name: 'measure', exec: () => 3, timeout: 5 }), geo: one },
    join: join.atLeast(1, { deadline: '1s' }),
    timeout: '5s',
    concurrency: 1,
  });
  assert.equal(hashOf(same), hashes.base);
});
