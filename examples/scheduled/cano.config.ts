/** `npm run serve`: five schedules and two pipelines in one process, with an HTTP API. */
import { MemoryStore } from '../../src/index.ts';
import { defineConfig } from '../../src/server/index.ts';
import corpus from '../corpus/pipeline.ts';
import { health } from './health.ts';
import prices from './prices.ts';
import { report, type ReportSchema, type ReportServices } from './report.ts';
import { upstream } from './upstream.ts';

const OUT = './out-scheduled';

/** How many runs of each workflow ended how; told by the engine's events below. */
const counts = new Map<string, number>();
const services: ReportServices = {
  tally: { lines: () => [...counts].map(([what, count]) => `${what}: ${count}`) },
};

export default defineConfig({
  workflows: [corpus, prices],
  engine: {
    services,
    // Further runs wait for room: what is asked for over HTTP is not refused, and does not pile up on the threads.
    maxRuns: 8,
    whenFull: 'wait',
    onEvent: (event) => {
      if (event.type !== 'run.finished') return;
      const what = `${event.workflow} ${event.status}`;
      counts.set(what, (counts.get(what) ?? 0) + 1);
    },
  },
  schedules: (scheduler) => {
    scheduler.everySeconds('health', health, 10);

    scheduler.cron('report', report, '0 9 * * MON-FRI', {
      timezone: 'Europe/Madrid',
      // A laptop that wakes at ten still gets its report of nine.
      catchUp: '12h',
      store: ({ scheduledAt }) => new MemoryStore<ReportSchema>({ scheduledAt, folder: OUT }),
    });

    scheduler.manual('corpus', corpus.workflow, {
      store: () => corpus.store(corpus.withDefaults({ limit: 500, out: `${OUT}/corpus` })),
    });

    scheduler.everySeconds('prices', prices.workflow, 5, {
      store: () => prices.store(prices.withDefaults({ paths: 100_000 })),
    });

    scheduler.everySeconds('upstream', upstream, 15, {
      timeout: '5s',
      backoff: { initial: '20s', max: '2m' },
      tripAfter: 5,
    });
  },
  server: { drainTimeout: '10s' },
});
