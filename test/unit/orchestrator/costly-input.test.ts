/** The word to a user who ships more than it is worth. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createEngine, MemoryStore, nodeFor, batchNodeFor, share, Workflow, type Node } from '../../../src/index.ts';
import { heaviestPart, isCostly } from '../../../src/orchestrator/costly-input.ts';
import { cheap, cheapWithCommon, type Points } from '../../fixtures/execs/cheap.ts';

describe('the heaviest part', () => {
  const points = new Float64Array(1_000);
  const cases: readonly (readonly [whole: unknown, path: string])[] = [
    [{ input: { points, n: 1 } }, '.input.points'],
    [{ input: points }, '.input'],
    [{ item: 3, common: { model: new Map([['w', { points }]]) } }, ".common.model.get('w').points"],
    [{ input: [1, points, 2] }, '.input[1]'],
    [{ input: [points.slice(), points.slice(), points.slice()] }, '.input'],
    [5, ''],
    [undefined, ''],
  ];
  for (const [whole, path] of cases) {
    test(`of ${path === '' ? String(whole) : path}`, () => assert.equal(heaviestPart(whole).path, path));
  }

  test('is found in what refers to itself', () => {
    const knot: Record<string, unknown> = { points };
    knot['self'] = knot;
    assert.match(heaviestPart(knot).path, /^(\.self)*\.points$|^(\.self){8}$/);
  });
});

test('an input is costly from a megabyte on, when copying it takes longer than the work', () => {
  const travel = { queuedAt: 0, postedAt: 0, startedAt: 0, receivedAt: 0, thread: 0, bytesOut: 0 };
  const costly = (bytesIn: number, cloneMs: number, items: number, ms: number): boolean =>
    isCostly({ ...travel, bytesIn, cloneMs, items: { length: items } }, ms);
  assert.deepEqual(
    [
      costly(2e6, 3, 1, 5),
      costly(2e6, 3, 1, 7),
      costly(1e6, 3, 1, 5),
      costly(2e6, 3, 10, 0.5),
      costly(2e6, 3, 10, 0.7),
    ],
    [true, false, false, true, false],
  );
});

describe('a run', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.close());
  type Store = MemoryStore<{ points: Points; out: unknown }>;
  const points = { xy: new Float64Array(4_000_000), name: 'p' };

  async function warningsOf(work: Node<Store, 'Done', unknown>): Promise<string[]> {
    const workflow = new Workflow<'Work' | 'Done', Store>('test', 'Work')
      .registerNode('Work', work)
      .addExitStates('Done');
    const warnings: string[] = [];
    await engine.start(workflow, new MemoryStore<{ points: Points; out: unknown }>({ points }), {
      onEvent: (event) => {
        if (event.type === 'warning') warnings.push(`${event.code}: ${event.message}`);
      },
    }).result;
    return warnings;
  }

  test('says so once, with the way to what weighs most', async () => {
    const node = nodeFor<Store>()({
      name: 'assign',
      outcomes: ['Done'],
      prep: (store) => store.get('points'),
      exec: cheap,
    });
    const [warning, ...others] = await warningsOf(node);
    assert.match(
      warning ?? '',
      /^costly_input: prep of 'assign' ships 32 MB \(input\.xy: 32 MB\) for [\d.]+ ms of work: share\(\) it once/,
    );
    assert.deepEqual(others, []);
  });

  test('says so of a common value', async () => {
    const node = batchNodeFor<Store>()({
      name: 'each',
      outcomes: ['Done'],
      prep: (store) => ({ items: [1, 2, 3], common: store.get('points') }),
      exec: cheapWithCommon,
    });
    const [warning, ...others] = await warningsOf(node);
    assert.match(warning ?? '', /^costly_input: prep of 'each' ships 32 MB \(common\.xy: 32 MB\)/);
    assert.deepEqual(others, []);
  });

  test('has nothing to say of what is shared', async () => {
    const shared = share(points);
    const node = batchNodeFor<Store>()({
      name: 'each',
      outcomes: ['Done'],
      prep: () => ({ items: [1, 2, 3], common: { shared } as unknown as Points }),
      exec: cheapWithCommon,
    });
    assert.deepEqual(await warningsOf(node), []);
  });
});
