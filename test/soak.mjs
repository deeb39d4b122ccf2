// A soak, not a test: `npm run build && node --expose-gc test/soak.mjs [executions] [crash every] [threads] [in flight]`.
//
// A million no-op executions, one run each, of which every thousandth kills its thread. It fails when an execution settles
// twice or not at all, when an innocent one is started twice or charged an attempt, or when memory or handles grow.
// Measured: RSS and heap after a collection, handles of the main thread, at 20 points. Not measured: time as such.
import { fileURLToPath } from 'node:url';

process.env.CANO_SOAK_DIST ??= fileURLToPath(new URL('../dist', import.meta.url));
const { createEngine, MemoryStore, nodeFor, retry, Workflow } = await import(
  `${process.env.CANO_SOAK_DIST}/src/index.js`
);
const { default: soak } = await import('./fixtures/execs/soak-exec.mjs');

const [executions = 1_000_000, every = 1_000, threads = 2, window = 200] = process.argv.slice(2).map(Number);
const starts = new SharedArrayBuffer(executions);
const settled = new Uint8Array(executions);
const deaths = new Map();
let [submitted, failed, wrong, extraAttempts, unhandled] = [0, 0, 0, 0, 0];
process.on('unhandledRejection', () => (unhandled += 1));

const engine = createEngine({
  threads,
  onEvent: (event) => {
    if (event.type === 'thread.exited') deaths.set(event.reason, (deaths.get(event.reason) ?? 0) + 1);
  },
});
const exec = soak.with({ starts, every });
const node = nodeFor();
const workflow = new Workflow('soak', 'Work')
  .registerNode(
    'Work',
    node({
      name: 'soak',
      outcomes: ['Done'],
      retry: retry.none(),
      prep: (s) => s.get('n'),
      exec,
      post: (s, n) => (s.put('n', n), 'Done'),
    }),
  )
  .addExitStates('Done');

async function one(n) {
  const store = new MemoryStore({ n });
  const run = engine.start(workflow, store);
  const isGuilty = every > 0 && n % every === every - 1;
  try {
    await run.result;
    if (isGuilty || store.get('n') !== n) wrong += 1;
  } catch (error) {
    failed += 1;
    if (!isGuilty || error.cause?.code !== 'CANO_THREAD_DIED') wrong += 1;
  }
  extraAttempts += run.report().nodes[0].attempts - 1;
  settled[n] += 1;
}

const points = [];
function measure() {
  globalThis.gc?.();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const handles = {};
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1;
  points.push({ at: submitted, rss, heapUsed });
  const mb = (bytes) => (bytes / 2 ** 20).toFixed(1).padStart(7);
  console.log(
    `${String(submitted).padStart(8)}  ${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  rss ${mb(rss)}  heap ${mb(heapUsed)}  external ${mb(external)}  buffers ${mb(arrayBuffers)} MiB  ` +
      `deaths ${[...deaths.values()].reduce((a, b) => a + b, 0)}  ${JSON.stringify(handles)}`,
  );
}

const began = performance.now();
let next = 0;
const step = Math.ceil(executions / 20);
async function lane() {
  while (next < executions) {
    const n = next++;
    submitted += 1;
    await one(n);
    if (submitted % step === 0 && submitted > points.length * step) measure();
  }
}
await Promise.all(Array.from({ length: window }, lane));
const stats = engine.stats();
await engine.close();
measure();

// Least squares over the second half, when everything has been warmed up.
function slope(key) {
  const half = points.slice(points.length >> 1);
  const meanX = half.reduce((sum, p) => sum + p.at, 0) / half.length;
  const meanY = half.reduce((sum, p) => sum + p[key], 0) / half.length;
  return (
    half.reduce((sum, p) => sum + (p.at - meanX) * (p[key] - meanY), 0) /
    half.reduce((sum, p) => sum + (p.at - meanX) ** 2, 0)
  );
}
const counts = new Uint8Array(starts);
const result = {
  node: process.version,
  executions,
  seconds: Math.round((performance.now() - began) / 100) / 10,
  settledOnce: settled.every((times) => times === 1),
  engineSettled: stats.settled,
  leftQueued: stats.queued,
  leftInFlight: stats.inFlight,
  failed,
  wrong,
  extraAttempts,
  startedTwice: counts.reduce((sum, times) => sum + Math.max(0, times - 1), 0),
  neverStarted: counts.reduce((sum, times) => sum + (times === 0 ? 1 : 0), 0),
  deaths: Object.fromEntries(deaths),
  unhandled,
  rssBytesPerExecution: Number(slope('rss').toFixed(2)),
  heapBytesPerExecution: Number(slope('heapUsed').toFixed(2)),
  activeAtEnd: process.getActiveResourcesInfo(),
};
console.log(JSON.stringify(result, null, 2));
const expected = every > 0 ? Math.floor(executions / every) : 0;
const isGood =
  result.settledOnce &&
  stats.settled === executions &&
  failed === expected &&
  wrong + extraAttempts + unhandled + result.startedTwice + result.neverStarted === 0;
process.exitCode = isGood ? 0 : 1;
