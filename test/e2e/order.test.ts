/** The order example: every sample takes its own way through the state machine. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Catalogue, SAMPLES, type Sample } from '../../examples/order/order.ts';
import { orders, type OrderSchema, type State } from '../../examples/order/workflow.ts';
import { createEngine, MemoryStore } from '../../src/index.ts';

const engine = createEngine({ threads: 1, services: { catalogue: new Catalogue() } });
after(() => engine.close());

const WAYS: Record<Sample, readonly State[]> = {
  clean: ['LoadData', 'Validate', 'Process', 'QualityCheck', 'Enrich', 'Cleanup', 'Complete'],
  dirty: ['LoadData', 'Validate', 'Sanitize', 'Process', 'QualityCheck', 'BasicProcess', 'Cleanup', 'Complete'],
  hopeless: ['LoadData', 'Validate', 'Error', 'Cleanup', 'Rejected'],
  late: [
    'LoadData',
    'Validate',
    'Process',
    'QualityCheck',
    'Retry',
    'Process',
    'QualityCheck',
    'Enrich',
    'Cleanup',
    'Complete',
  ],
  unknown: [
    'LoadData',
    'Validate',
    'Process',
    'QualityCheck',
    'Retry',
    'Process',
    'QualityCheck',
    'Retry',
    'Process',
    'QualityCheck',
    'Failed',
  ],
  broken: ['LoadData', 'Error', 'Cleanup', 'Rejected'],
};

async function follow(
  sample: Sample,
): Promise<{ readonly way: string[]; readonly store: MemoryStore<OrderSchema>; readonly attempts: number }> {
  const store = new MemoryStore<OrderSchema>({ text: SAMPLES[sample] });
  const way: string[] = [];
  const run = engine.start(orders, store, {
    onEvent: (event) => {
      if (event.type === 'state.entered') way.push(event.state);
    },
  });
  const { state, report } = await run.result;
  return { way: [...way, state], store, attempts: report().nodes[0]?.attempts ?? 0 };
}

for (const [sample, way] of Object.entries(WAYS) as [Sample, readonly State[]][]) {
  test(`sample '${sample}' ends as ${way.at(-1)}`, async () => {
    assert.deepEqual((await follow(sample)).way, way);
  });
}

test('every state of the workflow is on one of the ways', () => {
  const { states, exits } = orders.definition;
  assert.deepEqual(new Set(Object.values(WAYS).flat()), new Set([...states.keys(), ...exits]));
});

test('a load that fails for good takes its onFailure route after one attempt, and the next node finds the error', async () => {
  const { store, attempts } = await follow('broken');
  assert.equal(attempts, 1);
  assert.match(store.get('problem'), /^the order is not JSON/);
});

test('the total has its discount only when the quality is high', async () => {
  assert.equal((await follow('clean')).store.get('total'), Math.round((2 * 4_900 + 4 * 12_900) * 0.95));
  assert.equal((await follow('dirty')).store.get('total'), 4_900 + 3 * 900);
});

test('a good order is priced and put under stress side by side', async () => {
  const store = new MemoryStore<OrderSchema>({ text: SAMPLES.clean });
  const { report } = await engine.start(orders, store).result;
  const rows = report().nodes.filter(({ state }) => state === 'Enrich');
  assert.deepEqual(
    rows.map(({ branch, executions }) => [branch, executions]),
    [
      [undefined, 0],
      ['total', 1],
      ['stress', 1],
    ],
  );
  assert.deepEqual(store.get('remarks'), ['enriched']);
});
