/** Rows in which every execution needs something large. */
import { looped, ONE, times, TWO, withPool } from './measuring.ts';
import type { Row } from './row.ts';
import { closedLoop } from './workloads/loop.ts';
import { lookUps, ones, picks } from './works.ts';

/** Megabytes of the value that all executions look into. */
const LARGE = 100;

/** The form in which a contender passes a large value on; undefined where executions have none. */
async function largeValue(contender: string): Promise<unknown> {
  if (contender === 'cano') return undefined;
  if (contender === 'piscinaByHand') return ones(LARGE, (bytes) => new SharedArrayBuffer(bytes));
  const value = ones(LARGE, (bytes) => new ArrayBuffer(bytes));
  return contender === 'canoShared' ? (await import('cano')).share(value) : value;
}

const looks = [1, 100].map((inFlight): Row => ({
  id: `share-${inFlight}`,
  title: `One look into ${LARGE} MB (cano: into nothing), ${inFlight} in flight`,
  unit: 'µs per execution',
  // A clone of 100 MB per execution says the same at 100 in flight, and takes a minute to say it.
  contenders: ['cano', 'canoShared', 'piscinaByHand', ...(inFlight === 1 ? ['piscina'] : [])],
  budgets: [{ contender: 'canoShared', atLeast: { ratio: 1 / 1.1, against: 'cano' } }],
  measure: async (contender, options) => {
    const work = lookUps(await largeValue(contender));
    return withPool(contender, { threads: ONE, task: 'lookUp' }, (pool) =>
      closedLoop(pool, { work, inFlight, ...times(options) }),
    );
  },
}));

const storeReads = looped('store-64kb', 'One look into a table of 64 KB in the store; one in 100 replaces it', {
  contenders: ['piscina', 'tinypool', 'poolifier', 'workerpool', 'canoReads'],
  threads: TWO,
  task: 'pick',
  work: () => picks(64_000),
  inFlight: 4 * TWO,
});

export const sharing: readonly Row[] = [...looks, storeReads];
