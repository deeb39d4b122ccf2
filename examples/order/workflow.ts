/** The order workflow of the Rust original: a state machine with branches, a loop, a split, and a route for failure. */
import { branchFor, join, nodeFor, retry, Workflow, type MemoryStore } from '../../src/index.ts';
import assess from './assess.ts';
import { judge, parseOrder, sanitize, type Catalogue, type Line, type RawOrder } from './order.ts';

export type State =
  | 'LoadData'
  | 'Validate'
  | 'Process'
  | 'Sanitize'
  | 'Error'
  | 'QualityCheck'
  | 'Enrich'
  | 'BasicProcess'
  | 'Retry'
  | 'Cleanup'
  | 'Complete'
  | 'Rejected'
  | 'Failed';

export interface OrderSchema {
  text: string;
  order: RawOrder;
  lines: Line[];
  rounds: number;
  /** In cents. */
  total: number;
  remarks: string[];
  problem: string;
}

export type OrderStore = MemoryStore<OrderSchema>;

const MAX_ROUNDS = 3;
const WELL_PRICED = 0.6;
const RISKY = 0.05;
const DISCOUNT = 0.05;

const node = nodeFor<OrderStore, { readonly catalogue: Catalogue }>();

const loadData = node({
  name: 'load',
  outcomes: ['Validate'],
  prep: (store) => store.get('text'),
  exec: (text) => parseOrder(text),
  post: (store, order) => {
    store.put('order', order);
    return 'Validate';
  },
});

const validate = node({
  name: 'validate',
  outcomes: ['valid', 'dirty', 'hopeless'],
  prep: (store) => store.get('order'),
  exec: (order) => judge(order),
  post: (_store, verdict) => verdict,
});

const clean = node({
  name: 'sanitize',
  outcomes: ['Process'],
  prep: (store) => store.get('order'),
  exec: (order) => sanitize(order),
  post: (store, order) => {
    store.put('order', order);
    store.append('remarks', 'sanitized');
    return 'Process';
  },
});

const processOrder = node({
  name: 'process',
  outcomes: ['QualityCheck'],
  prep: (store, { services }) => {
    const round = (store.find('rounds') ?? 0) + 1;
    const lines = store.get('order').lines.map(({ article, quantity }) => {
      const { price, cost } = services.catalogue.find(article, round);
      return { article, quantity, price, cost };
    });
    return { round, lines };
  },
  exec: (input) => input,
  post: (store, { round, lines }) => {
    store.put('rounds', round);
    store.put('lines', lines);
    return 'QualityCheck';
  },
});

const qualityCheck = node({
  name: 'quality',
  outcomes: ['high', 'fair', 'low', 'hopeless'],
  prep: (store) => store.get('lines'),
  exec: assess,
  post: (store, { priced, risk }) => {
    if (priced < WELL_PRICED) return store.get('rounds') < MAX_ROUNDS ? 'low' : 'hopeless';
    return priced < 1 || risk > RISKY ? 'fair' : 'high';
  },
  timeout: '10s',
  retry: retry.fixed({ retries: 1 }),
});

const tryAgain = node({
  name: 'retry',
  outcomes: ['Process'],
  exec: () => undefined,
  post: (store) => {
    store.append('remarks', `round ${store.get('rounds')} left articles without a price`);
    return 'Process';
  },
});

const totalOf = (lines: readonly Line[], discount: number): number =>
  Math.round(lines.reduce((sum, { quantity, price = 0 }) => sum + quantity * price, 0) * (1 - discount));

const basic = node({
  name: 'basic',
  outcomes: ['Cleanup'],
  prep: (store) => store.get('lines'),
  exec: (lines) => totalOf(lines, 0),
  post: (store, total) => {
    store.put('total', total);
    store.append('remarks', 'basic');
    return 'Cleanup';
  },
});

const branch = branchFor<OrderStore>();
const discounted = branch({ prep: (store) => store.get('lines'), exec: (lines) => totalOf(lines, DISCOUNT) });
/** Whether the discount holds when prices move three times as much as usual. */
const stressed = branch({
  name: 'stress',
  prep: (store) =>
    store.get('lines').map(({ quantity, price, cost }) => ({
      quantity,
      price: price === undefined ? undefined : price * (1 - DISCOUNT),
      cost,
    })),
  exec: assess.with({ noise: 0.3 }),
  timeout: '10s',
});

const reject = node({
  name: 'reject',
  outcomes: ['Cleanup'],
  exec: () => undefined,
  post: (store, _nothing, { lastError }) => {
    store.put('problem', lastError instanceof Error ? lastError.message : 'nothing in the order can be delivered');
    return 'Cleanup';
  },
});

const cleanup = node({
  name: 'cleanup',
  outcomes: ['Complete', 'Rejected'],
  exec: () => undefined,
  post: (store) => {
    store.delete('text');
    return store.has('problem') ? 'Rejected' : 'Complete';
  },
});

export const orders = new Workflow<State, OrderStore>('orders', 'LoadData', { version: 1 })
  .registerNode('LoadData', loadData, undefined, { onFailure: 'Error' })
  .registerNode('Validate', validate, { valid: 'Process', dirty: 'Sanitize', hopeless: 'Error' })
  .registerNode('Sanitize', clean)
  .registerNode('Process', processOrder)
  .registerNode('QualityCheck', qualityCheck, {
    high: 'Enrich',
    fair: 'BasicProcess',
    low: 'Retry',
    hopeless: 'Failed',
  })
  .registerNode('Retry', tryAgain)
  .registerSplit('Enrich', {
    branches: { total: discounted, stress: stressed },
    join: join.all(),
    outcomes: 'Cleanup',
    post: (store, { total, stress }) => {
      store.put('total', total);
      store.append('remarks', stress.risk > RISKY ? 'enriched, at a risk' : 'enriched');
      return 'Cleanup';
    },
  })
  .registerNode('BasicProcess', basic)
  .registerNode('Error', reject)
  .registerNode('Cleanup', cleanup)
  .addExitStates('Complete', 'Rejected', 'Failed');
