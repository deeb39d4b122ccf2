/** Rows on schedulers: what ten thousand of them cost, and how late a thousand a minute start. */
import type { Measurement, MeasureOptions, Row } from './row.ts';
import type { SchedulerContender } from './schedulers.ts';

const CONTENDERS = ['croner', 'nodeCron', 'toad', 'canoScheduler'];

async function scheduler(id: string): Promise<SchedulerContender> {
  const { schedulers } = await import('./schedulers.ts');
  const found = schedulers[id];
  if (found === undefined) throw new Error(`no scheduler is called '${id}'`);
  return found;
}

const row = (
  given: Omit<Row, 'contenders' | 'measure'>,
  measure: (contender: SchedulerContender, options: MeasureOptions) => Promise<Measurement>,
): Row => ({ ...given, contenders: CONTENDERS, measure: async (id, options) => measure(await scheduler(id), options) });

export const schedules: readonly Row[] = [
  row(
    {
      id: 'schedules-idle',
      title: '10,000 schedules, half cron and half intervals, none due: CPU of the process',
      unit: '% of a core',
      budgets: [{ contender: 'canoScheduler', atMost: 1 }],
      rounds: 1,
    },
    async (contender, { quick }) => {
      const { idleSchedules } = await import('./workloads/schedules.ts');
      // Longer than the longest sleep of any timer in them, which is 30 s.
      return idleSchedules(contender, 10_000, quick ? 1_000 : 31_000);
    },
  ),
  row(
    {
      id: 'schedules-late',
      title: '1,000 cron schedules, 16 or 17 due each second: time from the second to the start',
      unit: 'ms, p99',
      budgets: [{ contender: 'canoScheduler', atMost: 5 }],
      rounds: 1,
      timeLimit: 90,
    },
    async (contender, { quick }) => {
      const { lateness } = await import('./workloads/schedules.ts');
      return lateness(contender, 1_000, quick ? 1 : 60);
    },
  ),
  row(
    { id: 'schedules-add', title: 'A schedule added and removed, of 10,000', unit: 'µs per schedule' },
    async (contender, { quick }) => {
      const { addAndRemove } = await import('./workloads/schedules.ts');
      return addAndRemove(contender, quick ? 2_000 : 10_000);
    },
  ),
];
