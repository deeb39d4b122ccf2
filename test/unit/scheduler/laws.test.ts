/** What holds for schedules whatever happens: no fire is lost or doubled. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import type { MemoryStore, OverlapPolicy, ScheduleOptions } from '../../../src/index.ts';
import { Harness, workflow, type FakeRun } from './harness.ts';

type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'block'; readonly ms: number }
  | { readonly kind: 'end'; readonly which: number; readonly fails: boolean }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('block' as const), ms: fc.integer({ min: 1, max: 90_000 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(), fails: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'pause' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'resume' as const }) },
);

const everyMs = fc.constantFrom(1_000, 700, 2_500.5);

const options = fc.record<ScheduleOptions<MemoryStore>>({
  overlap: fc.constantFrom<OverlapPolicy>('skip', 'queue', 'allow', 'replace'),
  queueLimit: fc.integer({ min: 1, max: 3 }),
  catchUp: fc.constantFrom(0, 5_000, 100_000),
  jitter: fc.constantFrom(0, 500),
});

it('hands every fire of an interval to exactly one of: a run, a skip, a miss, the queue', async () => {
  await fc.assert(
    fc.asyncProperty(everyMs, options, fc.array(step, { maxLength: 40 }), async (interval, given, steps) => {
      const h = new Harness();
      const a = h.scheduler.every('a', workflow, interval, given);
      await h.scheduler.start();
      const t0 = h.clock.now();
      /** Times during which it fires. */
      const open: [number, number][] = [[t0, Infinity]];
      for (const each of steps) {
        const isPaused = (open.at(-1) as [number, number])[1] < Infinity;
        if (each.kind === 'wait') await h.clock.advance(each.ms);
        else if (each.kind === 'block') h.clock.pass(each.ms);
        else if (each.kind === 'end') await endOne(h, each.which, each.fails);
        else if (each.kind === 'pause' && !isPaused) {
          (open.at(-1) as [number, number])[1] = h.clock.now();
          a.pause();
        } else if (each.kind === 'resume' && isPaused) {
          open.push([h.clock.now(), Infinity]);
          a.resume();
        }
        if (given.overlap !== 'allow') assert.ok(a.status().running <= 1, 'two runs at once');
      }
      // What is due by now but put off by jitter is handed out, and nothing more is.
      a.pause();
      const now = h.clock.now();
      const due = (jitterMs: number): number =>
        open.reduce((sum, [from, to]) => sum + points(from - t0, Math.min(to, now) - t0 - jitterMs, interval), 0);
      const { runs, skips, misses, queued } = a.status();
      const handedOut = runs + skips + misses + queued;
      const jitterMs = Number(given.jitter);
      assert.ok(handedOut <= due(0), `${handedOut} handed out, ${due(0)} due`);
      if (jitterMs === 0) assert.equal(handedOut, due(0));
      const times = [...h.ofType('schedule.started'), ...h.ofType('schedule.skipped')].map(
        ({ scheduledAt }) => scheduledAt,
      );
      assert.equal(new Set(times).size, times.length, 'a fire was made twice');
      for (const { latenessMs } of h.ofType('schedule.started'))
        assert.ok(latenessMs >= 0, 'a run started before its time');
    }),
    { numRuns: 150 },
  );
});

async function endOne({ runs, clock }: Harness, which: number, fails: boolean): Promise<void> {
  const live = runs.filter(({ status }) => status === 'running');
  if (live.length === 0) return;
  const run = live[which % live.length] as FakeRun;
  if (fails) run.fail();
  else run.complete();
  await clock.flush();
}

/** Points of the grid in (from, to], counted from its start. */
function points(from: number, to: number, interval: number): number {
  return Math.max(0, Math.floor(to / interval + 1e-9) - Math.floor(from / interval + 1e-9));
}
