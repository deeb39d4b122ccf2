import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { InvalidWorkflowError } from '../../../src/core/errors.ts';
import { nodeFor, type AnyNode } from '../../../src/definition/node.ts';
import { findProblems } from '../../../src/definition/validate.ts';
import {
  Workflow,
  type AnyWorkflow,
  type StateDefinition,
  type WorkflowDefinition,
} from '../../../src/definition/workflow.ts';

interface Entry {
  readonly outcomes: readonly string[];
  readonly routes?: Readonly<Record<string, string>>;
  readonly onFailure?: string;
}

/** A definition as a user without a type check could make it. */
function definition(start: string, states: Iterable<readonly [string, Entry]>, exits: string[]): WorkflowDefinition {
  const node = nodeFor<object>();
  const entries = [...states].map(([state, { outcomes, routes = {}, onFailure }]): [string, StateDefinition] => [
    state,
    {
      node: node({ name: `node of ${state}`, outcomes, exec: () => 1, post: () => '' } as never) as unknown as AnyNode,
      routes,
      onFailure,
    },
  ]);
  return { name: 'w', version: 1, start, states: new Map(entries), exits: new Set(exits) };
}

const problems = (start: string, states: Record<string, Entry>, exits: string[]): string[] =>
  findProblems(definition(start, Object.entries(states), exits));

test('a definition that holds together has no problems', () => {
  assert.deepEqual(
    problems(
      'Start',
      {
        Start: { outcomes: ['Work'], onFailure: 'Failed' },
        Work: { outcomes: ['ok', 'again'], routes: { ok: 'Done', again: 'Work' } },
      },
      ['Done', 'Failed'],
    ),
    [],
  );
});

test('an empty workflow lacks nodes, exits and a node for its start', () => {
  assert.deepEqual(problems('Start', {}, []), [
    'it has no node: call registerNode',
    'it has no exit state, so no run could complete: call addExitStates',
    "no node is registered for its start state 'Start'",
  ]);
});

test('each problem is told with the names in it', () => {
  assert.deepEqual(problems('Start', { Start: { outcomes: ['Lost', 'Done'] } }, ['Done']), [
    "outcome 'Lost' of node 'node of Start' in state 'Start' is neither a state nor mapped to one",
  ]);
  assert.deepEqual(problems('Start', { Start: { outcomes: ['ok', 'Done'], routes: { ok: 'Lost' } } }, ['Done']), [
    "state 'Start' routes outcome 'ok' to 'Lost', which is not a state",
  ]);
  assert.deepEqual(problems('Start', { Start: { outcomes: ['Done'], routes: { oops: 'Done' } } }, ['Done']), [
    "state 'Start' routes 'oops', which is not an outcome of node 'node of Start' (Done)",
  ]);
  assert.deepEqual(problems('Start', { Start: { outcomes: ['Done'], onFailure: 'Lost' } }, ['Done']), [
    "onFailure of state 'Start' leads to 'Lost', which is not a state",
  ]);
  assert.deepEqual(
    problems('Start', { Start: { outcomes: ['Done'] }, Alone: { outcomes: ['Done'] } }, ['Done', 'Never']),
    ["state 'Alone' cannot be reached from 'Start'", "state 'Never' cannot be reached from 'Start'"],
  );
  assert.deepEqual(problems('Done', { Start: { outcomes: ['Done'] } }, ['Done']), [
    "its start state 'Done' is an exit state",
    "state 'Start' cannot be reached from 'Done'",
  ]);
});

test('all problems are told at once', () => {
  const found = problems(
    'Start',
    {
      Start: { outcomes: ['Lost', 'ok'], routes: { ok: 'Nowhere', oops: 'Start' }, onFailure: 'Gone' },
      Alone: { outcomes: ['Alone'] },
    },
    [],
  );
  assert.equal(found.length, 6, found.join('\n'));
});

test('a state is reached by an outcome, a route, a failure route, and through a chain of them', () => {
  assert.deepEqual(
    problems(
      'A',
      {
        A: { outcomes: ['B'] },
        B: { outcomes: ['next'], routes: { next: 'C' } },
        C: { outcomes: ['Done'], onFailure: 'D' },
        D: { outcomes: ['A'] },
      },
      ['Done'],
    ),
    [],
  );
});

test('a route wins over the state of the same name', () => {
  assert.deepEqual(
    problems('A', { A: { outcomes: ['B'], routes: { B: 'Done' } }, B: { outcomes: ['Done'] } }, ['Done']),
    ["state 'B' cannot be reached from 'A'"],
  );
});

test('names of Object.prototype are names like others', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const whole = definition(
      name,
      [
        [name, { outcomes: ['Next'] }],
        ['Next', { outcomes: [name, 'Done'] }],
      ],
      ['Done'],
    );
    assert.deepEqual(findProblems(whole), []);
    // As an outcome without a route it must not be found in the prototype of the routes.
    assert.deepEqual(findProblems(definition('A', [['A', { outcomes: [name, 'Done'] }]], ['Done'])), [
      `outcome '${name}' of node 'node of A' in state 'A' is neither a state nor mapped to one`,
    ]);
    assert.deepEqual(
      findProblems(definition('A', [['A', { outcomes: [name], routes: { [name]: 'Done' } }]], ['Done'])),
      [],
    );
  }
});

test('a workflow can have a state __proto__ with a route __proto__', () => {
  const leave = nodeFor<object>()({ name: 'leave', outcomes: ['__proto__'], exec: () => 1 });
  const workflow = new Workflow<'__proto__' | 'Done', object>('w', '__proto__')
    .registerNode('__proto__', leave, { ['__proto__']: 'Done' })
    .addExitStates('Done');
  assert.equal(workflow.validate(), workflow);
  assert.deepEqual([...workflow.definition.states.keys()], ['__proto__']);
  assert.deepEqual(Object.entries(workflow.definition.states.get('__proto__')?.routes ?? {}), [['__proto__', 'Done']]);
});

test('validate returns the workflow, or throws all problems', () => {
  const step = nodeFor<object>()({ name: 'step', outcomes: ['Done'], exec: () => 1 });
  const workflow = new Workflow<'A' | 'B' | 'Done', object>('orders', 'A').registerNode('B', step);
  assert.throws(
    () => workflow.validate(),
    (error: unknown) => {
      assert.ok(error instanceof InvalidWorkflowError);
      assert.deepEqual(error.problems, findProblems((workflow as unknown as AnyWorkflow).definition));
      assert.equal(error.problems.length, 3);
      assert.match(error.message, /^workflow 'orders' is not valid:\n {2}- it has no exit state/);
      return true;
    },
  );
});

test('a definition without problems never leaves its states, whatever its nodes return', () => {
  const names = ['A', 'B', 'C', 'x', 'y'];
  const name = fc.constantFrom(...names);
  const entry = fc.record(
    { outcomes: fc.uniqueArray(name, { minLength: 1 }), routes: fc.dictionary(name, name), onFailure: name },
    { requiredKeys: ['outcomes'] },
  );
  let sound = 0;
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('A', 'B', 'C'), entry, { minKeys: 1 }), name, (states, start) => {
      const made = definition(
        start,
        Object.entries(states),
        ['x', 'y'].filter((exit) => !(exit in states)),
      );
      if (findProblems(made).length > 0) return;
      sound += 1;
      const reached = new Set([start]);
      for (const state of reached) {
        const at = made.states.get(state);
        if (at === undefined) {
          assert.ok(made.exits.has(state), `${state} is neither a state nor an exit`);
          continue;
        }
        for (const outcome of at.node.outcomes) {
          reached.add(Object.hasOwn(at.routes, outcome) ? (at.routes[outcome] as string) : outcome);
        }
        if (at.onFailure !== undefined) reached.add(at.onFailure);
      }
      assert.deepEqual([...reached].toSorted(), [...made.states.keys(), ...made.exits].toSorted());
    }),
    { seed: 20_261_123, numRuns: 3_000 },
  );
  assert.ok(sound > 20, `only ${sound} of the definitions were sound`);
});
