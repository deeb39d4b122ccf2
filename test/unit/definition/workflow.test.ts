import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidWorkflowError } from '../../../src/core/errors.ts';
import { nodeFor } from '../../../src/definition/node.ts';
import { Workflow } from '../../../src/definition/workflow.ts';

type State = 'Start' | 'Work' | 'Done' | 'Failed';

const node = nodeFor<object>();
const toWork = node({ name: 'toWork', outcomes: ['Work'], exec: () => 1 });
const work = node({ name: 'work', outcomes: ['ok', 'broken'], exec: () => 1, post: () => 'ok' });
const empty = (): Workflow<State, object> => new Workflow<State, object>('w', 'Start');
const problemsOf = (act: () => unknown): readonly string[] => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof InvalidWorkflowError, String(error));
    assert.equal(error.code, 'CANO_INVALID_WORKFLOW');
    return error.problems;
  }
  return assert.fail('nothing was thrown');
};

test('a workflow has a name, a version and a start', () => {
  const workflow = empty();
  assert.equal(workflow.name, 'w');
  assert.equal(workflow.version, 1);
  assert.equal(workflow.definition.start, 'Start');
  assert.equal(new Workflow<State, object>('w', 'Start', { version: 0 }).version, 0);
});

test('every method returns a new workflow and leaves the old one as it is', () => {
  const start = empty();
  const one = start.registerNode('Start', toWork);
  const two = one.registerNode('Work', work, { ok: 'Done', broken: 'Failed' }, { onFailure: 'Failed' });
  const three = two.addExitStates('Done', 'Failed');
  assert.equal(new Set<object>([start, one, two, three]).size, 4);
  assert.deepEqual(
    [start, one, two, three].map(({ definition }) => [[...definition.states.keys()], [...definition.exits]]),
    [
      [[], []],
      [['Start'], []],
      [['Start', 'Work'], []],
      [
        ['Start', 'Work'],
        ['Done', 'Failed'],
      ],
    ],
  );
  // Two workflows made from one do not share what is added later.
  const other = one.registerNode('Work', toWork);
  assert.equal(two.definition.states.get('Work')?.node.name, 'work');
  assert.equal(other.definition.states.get('Work')?.node.name, 'toWork');
});

test('a state keeps its node, routes and failure route, and not the object that the routes came in', () => {
  const routes = { ok: 'Done', broken: 'Failed' } as const;
  const workflow = empty().registerNode('Work', work, routes, { onFailure: 'Failed' });
  Object.assign(routes, { ok: 'Failed' });
  assert.deepEqual(workflow.definition.states.get('Work'), {
    node: work,
    routes: { ok: 'Done', broken: 'Failed' },
    onFailure: 'Failed',
  });
  assert.deepEqual(empty().registerNode('Start', toWork).definition.states.get('Start'), {
    node: toWork,
    routes: {},
    onFailure: undefined,
  });
});

test('a state registered twice is refused by name, whichever way', () => {
  const twice = ["state 'Start' is registered twice"];
  const one = empty().registerNode('Start', toWork);
  assert.deepEqual(
    problemsOf(() => one.registerNode('Start' as never, toWork)),
    twice,
  );
  assert.deepEqual(
    problemsOf(() => one.addExitStates('Start' as never)),
    twice,
  );
  assert.deepEqual(
    problemsOf(() =>
      empty()
        .addExitStates('Start')
        .registerNode('Start' as never, toWork),
    ),
    twice,
  );
  assert.deepEqual(
    problemsOf(() =>
      empty()
        .addExitStates('Start')
        .addExitStates('Start' as never),
    ),
    twice,
  );
});

test('what is not a node is refused', () => {
  for (const [bad, got] of [
    [undefined, 'undefined'],
    [null, 'null'],
    [() => 1, 'a function'],
    [{ kind: 'thread' }, 'an object'],
  ] as const) {
    assert.deepEqual(
      problemsOf(() => empty().registerNode('Start', bad as never)),
      [`state 'Start' needs a node made by nodeFor or batchNodeFor, got ${got}`],
    );
  }
});

test('name, start and version are checked together', () => {
  const make = Workflow as unknown as new (...args: unknown[]) => unknown;
  const name = 'its name must be a string that is not empty, got';
  const start = 'its start state must be a string that is not empty, got';
  const version = 'its version must be an integer >= 0, got';
  assert.deepEqual(
    problemsOf(() => new make('', '', { version: -1 })),
    [`${name} ''`, `${start} ''`, `${version} -1`],
  );
  assert.deepEqual(
    problemsOf(() => new make()),
    [`${name} undefined`, `${start} undefined`],
  );
  assert.deepEqual(
    problemsOf(() => new make(null, 3)),
    [`${name} null`, `${start} 3`],
  );
  assert.deepEqual(
    problemsOf(() => new make('w', 'Start', { version: 1.5 })),
    [`${version} 1.5`],
  );
  assert.deepEqual(
    problemsOf(() => new make('w', 'Start', { version: '2' })),
    [`${version} '2'`],
  );
});

test('the error of an invalid workflow names it and lists every problem on a line of its own', () => {
  const error = new InvalidWorkflowError('w', ['first', 'second']);
  assert.equal(error.message, "workflow 'w' is not valid:\n  - first\n  - second");
  assert.equal(error.where.workflow, 'w');
});

test('orchestrate starts on the engine that it is given, without passing the engine on', async () => {
  const calls: unknown[] = [];
  const result = { state: 'Done', runId: 'r' };
  const engine = {
    start(...args: unknown[]) {
      calls.push(this === engine, ...args);
      return { result: Promise.resolve(result) };
    },
  };
  const workflow = new Workflow<'Start' | 'Work', object>('w', 'Start')
    .registerNode('Start', toWork)
    .addExitStates('Work');
  const store = {};
  const got = await workflow.orchestrate(store, { engine: engine as never, runId: 'r', timeout: '5s' });
  assert.equal(got, result);
  assert.deepEqual(calls, [true, workflow, store, { runId: 'r', timeout: '5s' }]);
});

test('a failure to start is a rejection, not an exception', async () => {
  const engine = {
    start() {
      throw new InvalidWorkflowError('w', ['broken']);
    },
  };
  const workflow = new Workflow<'Start' | 'Work', object>('w', 'Start')
    .registerNode('Start', toWork)
    .addExitStates('Work');
  await assert.rejects(workflow.orchestrate({}, { engine }), { code: 'CANO_INVALID_WORKFLOW' });
});

test('without the engine of the index, orchestrate says what to import', async () => {
  // This file imports the definition alone, so nothing has bound the process-wide engine.
  const workflow = new Workflow<'Start' | 'Work', object>('w', 'Start')
    .registerNode('Start', toWork)
    .addExitStates('Work');
  await assert.rejects(workflow.orchestrate({}), {
    code: 'CANO_INVALID_WORKFLOW',
    message: /import it through 'cano', which brings the engine/,
  });
});
