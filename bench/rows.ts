/** The table: what is measured, of whom, and what cano promises of it (ARCHITECTURE.md names the budgets). */
import { workflowEngines } from './contenders/index.ts';
import { batched, load, looped, ONE, times, TWO, withPool } from './measuring.ts';
import type { Measurement, Row } from './row.ts';
import { observing } from './rows-observe.ts';
import { schedules } from './rows-schedules.ts';
import { sharing } from './rows-sharing.ts';
import { asking, byteArrays, desk, mixedSpins, noops, objects, spins } from './works.ts';
import { cancels } from './workloads/cancel.ts';
import { second, tail } from './workloads/fair.ts';
import { faults } from './workloads/faults.ts';
import { closedLoop, openLoop } from './workloads/loop.ts';
import { loopDelay, loopDelayOfBatch } from './workloads/saturated.ts';
import { soak } from './workloads/soak.ts';
import { cold, emptyWorkerReady, idleMemory, importing, threadReady } from './workloads/start.ts';

const POOLS = ['piscina', 'tinypool', 'poolifier', 'workerpool'];
/** Also with several executions per thread at a time: more throughput, and a longer wait behind a long one. */
const PIPELINED = ['piscina', 'piscinaBest', 'tinypool', 'tinypoolBest', 'poolifier', 'workerpool'];

const noopOne = looped('noop-1', 'No-ops, one at a time', {
  contenders: [...POOLS, 'raw', 'cano', 'canoDispatcher', 'canoInline'],
  budgets: ['cano', 'canoDispatcher'].map((contender) => ({
    contender,
    atLeast: { ratio: 1 / 1.1, against: 'piscina' },
  })),
  threads: ONE,
  task: 'noop',
  work: () => noops,
  inFlight: 1,
});

const noopHundred = looped('noop-100', 'No-ops, 100 in flight', {
  contenders: [...PIPELINED, 'raw', 'cano', 'canoDispatcher'],
  budgets: ['cano', 'canoDispatcher'].map((contender) => ({ contender, atLeast: { ratio: 10, against: 'piscina' } })),
  threads: ONE,
  task: 'noop',
  work: () => noops,
  inFlight: 100,
});

const spinRows = [10, 100, 1_000, 10_000].map((micros) =>
  looped(`spin-${micros}us`, `Spins of ${micros < 1_000 ? `${micros} µs` : `${micros / 1_000} ms`} on 2 threads`, {
    contenders: [...(micros <= 100 ? PIPELINED : POOLS), 'raw', 'cano'],
    threads: TWO,
    task: 'spin',
    work: () => spins(micros),
    inFlight: 64 * TWO,
  }),
);

const payloadRows = [
  { task: 'echoObject', label: '1 KB', work: () => objects(1_000) },
  { task: 'echoObject', label: '64 KB', work: () => objects(64_000) },
  { task: 'echoBytes', label: '64 KB', work: () => byteArrays(64_000) },
  { task: 'echoBytes', label: '1 MB', work: () => byteArrays(1_000_000) },
] as const;

const shipping = payloadRows.map(({ task, label, work }) => {
  const what = task === 'echoBytes' ? 'bytes' : 'objects';
  return looped(`${what}-${label.replace(' ', '').toLowerCase()}`, `${label} of ${what}, there and back`, {
    contenders: [...POOLS, 'raw', 'cano'],
    threads: TWO,
    task,
    work,
    inFlight: 4 * TWO,
  });
});

const batches = [
  batched('batch-10us', 'A batch of 100,000 items of 10 µs', {
    contenders: ['bare', ...POOLS, 'cano'],
    budgets: [{ contender: 'cano', atLeast: { ratio: 0.9, against: 'bare' } }],
    task: 'spin',
    items: 100_000,
    work: () => spins(10),
  }),
  batched('batch-10ms', 'A batch of 300 items of 10 ms', {
    contenders: ['bare', ...POOLS, 'cano'],
    budgets: [{ contender: 'cano', atLeast: { ratio: 0.95, against: 'bare' } }],
    task: 'spin',
    items: 300,
    work: () => spins(10_000),
  }),
  batched('fan-out', 'A batch of 10,000 no-ops', {
    contenders: [...POOLS, 'bare', 'cano'],
    task: 'noop',
    items: 10_000,
    work: () => noops,
  }),
];

const calls = looped('calls', 'No-ops of which one in 10 asks the main thread, 32 in flight', {
  contenders: ['piscina', 'tinypool', 'cano'],
  threads: ONE,
  task: 'ask',
  services: { desk },
  work: () => asking(10),
  inFlight: 32,
});

const heavyTail: Row = {
  id: 'heavy-tail',
  title: '99 % spins of 100 µs, 1 % of 20 ms: latency of the short ones',
  unit: 'ms, p99',
  contenders: [...PIPELINED, 'raw', 'cano'],
  measure: (contender, options) =>
    withPool(contender, { threads: TWO, task: 'spin' }, async (pool) => {
      const work = mixedSpins(100, 20_000, 0.01);
      const measured = await closedLoop(pool, { work, inFlight: 8 * TWO, isCounted: work.isShort, ...times(options) });
      return { ...measured, value: measured.latency?.p99 ?? Number.NaN, also: { 'µs per execution': measured.value } };
    }),
};

const LONG_TIMES = 50;
const heavyBatch = (items: number) => ({
  work: mixedSpins(1_000, LONG_TIMES * 1_000, 0.01),
  items,
  inFlight: 64 * TWO,
  longTimes: LONG_TIMES,
});

const fairTail: Row = {
  id: 'fair-tail',
  title: 'A batch of 5,000 items, 99 % of 1 ms and 1 % of 50 ms: its time over that of its work alone on 2 threads',
  unit: '× work / threads',
  // Each measures the bare loop as well, before and after.
  contenders: ['bare', 'piscina', 'tinypool', 'cano'],
  budgets: [{ contender: 'cano', atMost: 1.1 }],
  rounds: 2,
  timeLimit: 120,
  measure: (contender, { quick }) => {
    const open = { threads: TWO, task: 'spin' } as const;
    return withPool(contender, open, (pool) => tail(pool, heavyBatch(quick ? 1_000 : 5_000), spins(1_000), open));
  },
};

const fairSecond: Row = {
  id: 'fair-second',
  title:
    'A batch of 300 items of 1 ms that comes while that of fair-tail is under way: p99 over twice its time alone + 50 ms',
  unit: '× 2 × alone + longest',
  // With poolifier the second batch waits for the whole of the first, so 200 of them take half an hour.
  contenders: ['piscina', 'cano'],
  budgets: [{ contender: 'cano', atMost: 1 }],
  rounds: 1,
  fullOnly: true,
  timeLimit: 300,
  measure: (contender) =>
    withPool(contender, { threads: TWO, task: 'spin' }, (pool) =>
      second(pool, {
        first: heavyBatch(5_000),
        second: { work: spins(1_000), items: 300, inFlight: 64 * TWO },
        longest: spins(LONG_TIMES * 1_000),
        repeats: 200,
      }),
    ),
};

const openLoops = [50, 80].map((percent): Row => {
  const SERVICE_MICROS = 5_000;
  return {
    id: `open-${percent}`,
    title: `Arrivals at ${percent} % load, spins of 5 ms: latency from the intended start`,
    unit: 'ms, p99',
    contenders: [...POOLS, 'raw', 'cano'],
    measure: (contender, options) =>
      withPool(contender, { threads: TWO, task: 'spin' }, (pool) =>
        openLoop(pool, {
          work: spins(SERVICE_MICROS),
          rate: (TWO * 1e6 * percent) / 100 / SERVICE_MICROS,
          warmUpMs: times(options).warmUpMs,
          measureMs: times(options).measureMs * 3,
          seed: options.seed,
        }),
      ),
  };
});

const faultsRow: Row = {
  id: 'faults',
  title: '1 % throw, 0.1 % end their thread: time per execution that came back',
  unit: 'µs per execution',
  contenders: [...POOLS, 'cano'],
  measure: (contender, { quick, seed }) =>
    withPool(contender, { threads: TWO, task: 'faulty', faults: true }, (pool) =>
      faults(pool, {
        executions: quick ? 3_000 : 10_000,
        inFlight: 64 * TWO,
        throws: 0.01,
        exits: 0.001,
        iterations: 90_000,
        patienceMs: 3_000,
        seed,
      }),
    ),
};

const cancelsRow: Row = {
  id: 'cancels',
  title: '10 % cancelled while queued or running, spins of 1 ms',
  unit: 'µs per other execution',
  contenders: ['piscina', 'tinypool', 'workerpool', 'cano'],
  measure: (contender, { quick, seed }) =>
    withPool(contender, { threads: TWO, task: 'spin' }, (pool) =>
      cancels(pool, {
        work: spins(1_000),
        executions: quick ? 500 : 2_000,
        inFlight: 8 * TWO,
        share: 0.1,
        withinMs: 10,
        seed,
      }),
    ),
};

const transition: Row = {
  id: 'transition',
  title: 'A transition of an inline node, chain of 10',
  unit: 'µs per transition',
  contenders: ['pocketflow', 'handWritten', 'xstate', 'langgraph', 'canoChain'],
  budgets: [{ contender: 'canoChain', atMost: 1 }],
  measure: async (id, options) => {
    const loader = workflowEngines[id as keyof typeof workflowEngines];
    if (loader === undefined) throw new Error(`no workflow engine is called '${id}'`);
    const { transitions } = await import('./workloads/transitions.ts');
    return transitions(await loader(), 10, times(options).measureMs);
  },
};

const imports: Row = {
  id: 'import',
  title: 'Importing the package',
  unit: 'ms of CPU',
  contenders: [...POOLS, 'cano'],
  budgets: [{ contender: 'cano', atMost: 40 }],
  measure: (contender) => importing(contender),
};

const ready: Row = {
  id: 'ready',
  title: 'A thread ready: opening an engine of one thread to its first result',
  unit: 'ms',
  contenders: ['emptyWorker', ...POOLS, 'canoDispatcher', 'cano'],
  budgets: [{ contender: 'cano', atLeast: { ratio: 1 / 1.3, against: 'emptyWorker' } }],
  measure: async (contender, { quick }): Promise<Measurement> => {
    const repeats = quick ? 5 : 15;
    return contender === 'emptyWorker' ? emptyWorkerReady(repeats) : threadReady(await load(contender), repeats);
  },
};

const coldRow: Row = {
  id: 'cold',
  title: 'Cold: from nothing loaded to 2 warm threads and a result',
  unit: 'ms',
  contenders: [...POOLS, 'bree', 'raw', 'cano'],
  measure: (contender) => cold(() => load(contender), TWO),
};

const memory: Row = {
  id: 'memory',
  title: 'Memory of an idle thread that has executed something',
  unit: 'MB',
  contenders: [...POOLS, 'raw', 'cano'],
  measure: async (contender) => idleMemory(await load(contender), 6),
};

const delay: Row = {
  id: 'loop-delay',
  title: "Delay of the main thread's loop while 2 threads are saturated with spins of 1 ms",
  unit: 'ms, p99 above idle',
  contenders: [...POOLS, 'cano'],
  budgets: [{ contender: 'cano', atMost: 10 }],
  measure: (contender, options) =>
    withPool(contender, { threads: TWO, task: 'spin' }, (pool) =>
      loopDelay(pool, { work: spins(1_000), inFlight: 64 * TWO, ...times(options) }),
    ),
};

const delayOfBatch: Row = {
  id: 'loop-delay-batch',
  title: "Delay of the main thread's loop during batches of 100,000 items of 10 µs on 2 threads",
  unit: 'ms, p99 above idle',
  contenders: [...POOLS, 'cano'],
  budgets: [{ contender: 'cano', atMost: 10 }],
  measure: (contender, options) =>
    withPool(contender, { threads: TWO, task: 'spin' }, (pool) =>
      loopDelayOfBatch(pool, { work: spins(10), items: 100_000, inFlight: 64 * TWO }, times(options).measureMs * 2),
    ),
};

const million: Row = {
  id: 'soak',
  title: 'A million no-ops, 100 in flight: memory early and late',
  unit: 'µs per execution',
  contenders: ['piscina', 'tinypool', 'cano'],
  rounds: 1,
  fullOnly: true,
  timeLimit: 300,
  measure: (contender) =>
    withPool(contender, { threads: ONE, task: 'noop' }, (pool) => soak(pool, noops, 1_000_000, 100)),
};

export const rows: readonly Row[] = [
  transition,
  noopOne,
  noopHundred,
  ...spinRows,
  ...batches,
  ...shipping,
  ...sharing,
  calls,
  heavyTail,
  fairTail,
  fairSecond,
  ...openLoops,
  delay,
  delayOfBatch,
  faultsRow,
  cancelsRow,
  imports,
  ready,
  coldRow,
  memory,
  ...schedules,
  ...observing,
  million,
];
