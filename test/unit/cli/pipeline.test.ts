import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expectTypeOf } from 'expect-type';
import { definePipeline } from '../../../src/definition/pipeline.ts';
import { nodeFor } from '../../../src/definition/node.ts';
import type { InputDeclarations } from '../../../src/definition/inputs.ts';
import { Workflow } from '../../../src/definition/workflow.ts';

interface Numbers {
  readonly numbers: readonly number[];
  sum?: number;
}

const node = nodeFor<Numbers>();
const add = node({
  name: 'add',
  outcomes: ['Done'],
  prep: (store) => store.numbers,
  exec: (numbers) => numbers.reduce((sum, n) => sum + n, 0),
  post: (store, sum) => {
    store.sum = sum;
    return 'Done';
  },
});
const open = new Workflow<'Add' | 'Done', Numbers>('sums', 'Add').registerNode('Add', add);
const sums = open.addExitStates('Done');
const store = (): Numbers => ({ numbers: [] });

const invalid = (message: RegExp) => ({ code: 'CANO_INVALID_OPTION', message });

describe('definePipeline', () => {
  it('infers the values of the inputs in store and summary', async () => {
    const pipeline = definePipeline({
      workflow: sums,
      description: 'adds numbers',
      inputs: {
        limit: { type: 'integer', default: 3, min: 1, description: 'how many' },
        mode: { type: 'string', choices: ['fast', 'exact'], default: 'fast', description: 'how' },
        scale: { type: 'number', description: 'factor' },
        label: { type: 'string', required: true, description: 'name' },
        dryRun: { type: 'boolean', description: 'write nothing' },
        out: { type: 'path', default: './out', description: 'where to' },
      },
      store: (inputs) => {
        expectTypeOf(inputs).toEqualTypeOf<{
          readonly limit: number;
          readonly mode: 'fast' | 'exact';
          readonly scale: number | undefined;
          readonly label: string;
          readonly dryRun: boolean | undefined;
          readonly out: string;
        }>();
        return { numbers: Array.from({ length: inputs.limit }, (_, i) => i) };
      },
      summary: (filled, result, { out }) => {
        expectTypeOf(filled).toEqualTypeOf<Numbers>();
        expectTypeOf(result.state).toEqualTypeOf<'Done'>();
        return `${filled.sum} → ${out}`;
      },
    });
    assert.equal(pipeline.kind, 'pipeline');
    assert.equal(pipeline.workflow, sums);
    assert.ok(Object.isFrozen(pipeline));
    assert.deepEqual(pipeline.store({ limit: 2, mode: 'fast', scale: 1, label: 'x', dryRun: false, out: '' }), {
      numbers: [0, 1],
    });
    const result = { state: 'Done', runId: 'r', report: {} as never };
    const inputs = { limit: 2, mode: 'fast' as const, scale: 1, label: 'x', dryRun: false, out: 'o' };
    assert.deepEqual(await pipeline.summary({ numbers: [], sum: 1 }, result, inputs), ['1 → o']);
  });

  it('needs neither inputs nor a summary', async () => {
    const pipeline = definePipeline({ workflow: sums, store });
    assert.deepEqual(pipeline.inputs, {});
    assert.equal(pipeline.services({}), undefined);
    assert.deepEqual(await pipeline.summary({}, { state: 'Done', runId: 'r', report: {} as never }, {}), []);
  });

  it('takes complete workflows only', () => {
    // @ts-expect-error "Error: no node is registered for state 'Done'"
    definePipeline({ workflow: open, store });
  });

  it('asks for the services that the nodes need', () => {
    interface Clocks {
      readonly clock: { now(): number };
    }
    const serviceNode = nodeFor<Numbers, Clocks>();
    const needy = new Workflow<'Add' | 'Done', Numbers>('needy', 'Add')
      .registerNode('Add', serviceNode({ name: 'add', outcomes: ['Done'], exec: (_, ctx) => ctx.services.clock.now() }))
      .addExitStates('Done');
    const services = (): Clocks => ({ clock: { now: () => 1 } });
    const pipeline = definePipeline({ workflow: needy, store, services });
    assert.deepEqual(Object.keys(pipeline.services({}) as object), ['clock']);
    // @ts-expect-error "Error: the engine does not offer all services that the nodes of this workflow need"
    definePipeline({ workflow: needy, store });
    // @ts-expect-error the same for services that lack something
    definePipeline({ workflow: needy, store, services: () => ({ cloc: 1 }) });
  });

  it('wants the store of its workflow', () => {
    // @ts-expect-error numbers is missing
    definePipeline({ workflow: sums, store: () => ({ sum: 1 }) });
  });

  it('refuses options that cannot be used', () => {
    const define = (spec: object) => () => definePipeline(spec as never);
    assert.throws(define({ workflow: 'x', store }), invalid(/workflow must be a Workflow, got 'x'/));
    assert.throws(
      define({ workflow: sums }),
      invalid(/pipeline 'sums': store must be a function of the inputs, got undefined/),
    );
    assert.throws(define({ workflow: sums, store, summary: 'x' }), invalid(/summary must be a function/));
    assert.throws(define({ workflow: sums, store, services: {} }), invalid(/services must be a function/));
    assert.throws(define({ workflow: sums, store, description: 1 }), invalid(/description must be a string, got 1/));
    assert.throws(define({ workflow: sums, store, inputs: [] }), invalid(/inputs must be an object of declarations/));
  });

  const description = 'text';
  const refused: readonly (readonly [string, InputDeclarations, RegExp])[] = [
    [
      'a reserved name',
      { threads: { type: 'integer', description } },
      /input 'threads' has a name that the command line keeps for itself \(--threads\)/,
    ],
    ['a reserved name in camelCase', { runId: { type: 'string', description } }, /--run-id/],
    ['a name that reads as a negation', { noCache: { type: 'boolean', description } }, /--no-cache/],
    [
      'a name with an underscore',
      { max_bytes: { type: 'integer', description } },
      /'max_bytes' has a name that cannot become a flag.*maxBytes/,
    ],
    ['a capital name', { Max: { type: 'integer', description } }, /cannot become a flag/],
    ['an empty name', { '': { type: 'integer', description } }, /cannot become a flag/],
    [
      'two names of one flag',
      { maxBytes: { type: 'integer', description }, 'max-bytes': { type: 'integer', description } },
      /inputs 'maxBytes' and 'max-bytes' have the same flag --max-bytes/,
    ],
    ['an unknown type', { a: { type: 'date', description } as never }, /'boolean' or 'path', got 'date'/],
    ['no declaration', { a: undefined as never }, /must have the type/],
    ['no description', { a: { type: 'string' } as never }, /must have a description, which --help shows/],
    [
      'a default of another type',
      { a: { type: 'integer', default: 1.5, description } },
      /has the default 1\.5, which is not an integer/,
    ],
    [
      'a default out of bounds',
      { a: { type: 'number', min: 1, max: 2, default: 3, description } },
      /default 3, which is not a number >= 1 and <= 2/,
    ],
    [
      'a default that is no choice',
      { a: { type: 'string', choices: ['x', 'y'], default: 'z', description } },
      /default 'z', which is not one of x, y/,
    ],
    ['an empty default path', { a: { type: 'path', default: '', description } }, /default '', which is not a path/],
    ['no choices', { a: { type: 'string', choices: [], description } }, /a list of at least one value as choices/],
    [
      'a required input with a default',
      { a: { type: 'string', required: true, default: 'x', description } },
      /has a default and is required/,
    ],
    [
      'an unknown mustBe',
      { a: { type: 'path', mustBe: 'socket' as never, description } },
      /'file' or 'folder' as mustBe, got 'socket'/,
    ],
  ];
  for (const [what, inputs, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => definePipeline({ workflow: sums, inputs, store }), invalid(message));
    });
  }
});
